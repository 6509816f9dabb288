"""A stand-in Shopify shop: its shoppers, its merchant, and what is true there."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from random import Random
from typing import Any

from backorder.domain.supply import ZERO, Pool, Units
from demo.stores.journal import Effect
from demo.stores.shopify import ShopifyShop
from demo.stores.shopify.state import APP_NAMESPACE
from tests.simulation.rules import SCALE
from tests.simulation.site import (
    SKUS,
    Act,
    Book,
    Deliver,
    Sent,
    Shelf,
    TrueLine,
    TrueOrder,
    owed_by,
    placed,
    shipped_in,
)


class ShopifySite:
    """A stand-in Shopify shop."""

    platform = "shopify"
    sells_by_itself = False
    credentials: Mapping[str, str]
    acts: Mapping[str, tuple[int, Act]]

    def __init__(self, name: str, zone: str, clock: Callable[[], datetime], deliver: Deliver, die: Random) -> None:
        self.name = name
        self.rich = False
        self.tokens_end = False
        """Whether its tokens live for an hour, as those of an app that merchants install."""
        self.given: set[str] = set()
        """Tokens that a merchant's consent gave: they are tried before they are kept."""
        self.revoked_at: datetime | None = None
        """Since when our access is ended."""
        numbers = count(1)
        self.address = f"{name}.myshopify.com"
        self.credentials = {
            "access_token": f"shpat_{name}",
            "client_secret": f"secret of {name} 0123456789",
        }
        self.app = ShopifyShop(
            domain=self.address,
            name=f"{name} goods",
            token=f"shpat_{name}",
            secret=f"secret of {name} 0123456789",
            clock=clock,
            deliver=deliver,
            zone=zone,
            locations=("Main", "Back") if die.random() < 0.3 else ("Main",),
            read_all_orders=False,
            new_id=lambda: f"{name}-{next(numbers)}",
        )
        self.about: int | None = None
        self._clock = clock
        self.entered: dict[int, datetime] = {}
        self.silent = False
        """Whether something happened of which the shop tells nobody."""
        self.only_by_id: set[int] = set()
        self.taken_off: set[str] = set()
        self._trade = self.app.trade
        self._shop = self.app.shop
        # Two shops on one platform may number their things alike; their bodies still differ by the shop's name.
        for sku in SKUS:
            item = self._trade.add_product(sku, f"{name} {sku}", "10.00", die.randrange(0, 6))
            for place in list(self._shop.locations)[1:]:
                self._shop.products[item].shelf[place] = die.randrange(0, 3)
        self._hidden = [self._long_ago(die) for _ in range(die.choice([0, 0, 1, 2]))]
        self.touched: dict[int, datetime] = {}
        """When somebody last changed an order in a way that moves units or holds."""
        self.let_go: dict[int, datetime] = {}
        """When somebody took our hold off an order."""
        self.let_go_lines: dict[int, set[int]] = {}
        """The lines of which units were under that hold."""
        self.untagged: dict[tuple[int, str], datetime] = {}
        """When somebody took a tag off an order."""
        self.acts = {
            "order": (30, self._order),
            "receive": (14, self._receive),
            "count": (4, self._count),
            "edit": (8, self._edit),
            "cancel": (6, self._cancel),
            "ship": (10, self._ship),
            "pay": (4, self._pay),
            "route": (4, self._route),
            "release by hand": (3, self._release),
            "hold by hand": (2, self._hold),
            "tag off": (2, self._untag),
            "tag on": (2, self._tag),
            "delete": (1, self._delete),
            "webhook off": (1, self._webhook_off),
        }

    def _long_ago(self, die: Random) -> int:
        """An order from before the sixty days that an app may look back. Its units are committed all the same."""
        lines = [{"sku": die.choice(SKUS), "quantity": die.randrange(1, 4)}]
        return self._trade.place_order(lines, placed_at=self._clock() - timedelta(days=70))

    def _order(self, die: Random) -> str:
        wanted = die.sample(SKUS, 2 if die.random() < (0.5 if self.rich else 0.25) else 1)
        places = list(self._shop.locations)
        lines = [{"sku": sku, "quantity": die.randrange(1, 5), "location": die.choice(places)} for sku in wanted]
        number = self._trade.place_order(
            lines,
            email=f"ada@{self.name}.example",
            name=f"Ada {self.name}",
            placed_at=placed(die, self._clock()),
            financial="PENDING" if die.random() < 0.15 else "PAID",
            route=die.random() < 0.9,
            tags=die.choice([(), (), ("gift",), ("GIFT ", "fragile")]) if self.rich else (),
        )
        self.entered[number] = self._clock()
        return f"order {number} of {[(line['sku'], line['quantity']) for line in lines]}"

    def _some(self, die: Random) -> Any:
        seen = [order for order in self._shop.orders.values() if order.id not in self._hidden]
        open_ones = [order for order in seen if order.cancelled is None and self.about in (None, order.id)]
        return die.choice(open_ones) if open_ones else None

    def _receive(self, die: Random) -> str:
        sku, units = die.choice(SKUS), die.randrange(*((3, 12) if self.rich else (1, 6)))
        self._trade.receive_stock(sku, units, die.choice(list(self._shop.locations)))
        return f"{units} {sku}"

    def _count(self, die: Random) -> str:
        sku, units = die.choice(SKUS), die.randrange(0, 5)
        self._trade.set_stock(sku, units, die.choice(list(self._shop.locations)))
        return f"{sku} is {units}"

    def _edit(self, die: Random) -> str | None:
        order = self._some(die)
        if order is None or not any(work.open for work in order.works):
            return None
        line = die.choice(order.lines)
        units = die.randrange(0, 5)
        if units == line.current:
            return None
        self._trade.edit_line(order.id, line.id, units)
        self.touched[order.id] = self._clock()
        return f"{order.id} line {line.id} to {units}"

    def _cancel(self, die: Random) -> str | None:
        order = self._some(die)
        if order is None or not any(work.open for work in order.works):
            return None
        self._trade.cancel_order(order.id)
        self.touched[order.id] = self._clock()
        return str(order.id)

    def _ship(self, die: Random) -> str | None:
        order = self._some(die)
        if order is None or not any(work.open and not work.holds for work in order.works):
            return None
        self._trade.fulfil(order.id)
        self.touched[order.id] = self._clock()
        return str(order.id)

    def _pay(self, die: Random) -> str | None:
        waiting = [
            order for order in self._shop.orders.values() if order.financial == "PENDING" and not order.cancelled
        ]
        if not waiting:
            return None
        order = die.choice(waiting)
        self._trade.pay(order.id)
        return str(order.id)

    def _route(self, die: Random) -> str | None:
        unrouted = [order for order in self._shop.orders.values() if not order.works and not order.cancelled]
        if not unrouted:
            return None
        order = die.choice(unrouted)
        self._trade.route_order(order.id)
        self.only_by_id.add(order.id)
        self.touched[order.id] = self._clock()
        return str(order.id)

    def _release(self, die: Random) -> str | None:
        held = [order for order in self._shop.orders.values() if any(work.holds for work in order.works)]
        if not held:
            return None
        order = die.choice(held)
        ours = [work for work in order.works if any(hold.by_app for hold in work.holds)]
        lines = {units.line.id for work in ours for units in work.lines if units.remaining}
        self._trade.release_hold_by_hand(order.id)
        self.touched[order.id] = self._clock()
        if ours:
            self.let_go[order.id] = self.touched[order.id]
            self.let_go_lines[order.id] = lines
        return str(order.id)

    def _hold(self, die: Random) -> str | None:
        order = self._some(die)
        if order is None or not any(work.open for work in order.works):
            return None
        self._trade.hold_by_hand(order.id)
        self.touched[order.id] = self._clock()
        return str(order.id)

    def _untag(self, die: Random) -> str | None:
        tagged = [order for order in self._shop.orders.values() if order.tags]
        if not tagged:
            return None
        order = die.choice(tagged)
        tag = die.choice(order.tags)
        self._trade.remove_tag(order.id, tag)
        self.untagged[order.id, tag] = self._clock()
        return f"{order.id} {tag}"

    def _tag(self, die: Random) -> str | None:
        order = self._some(die)
        if order is None:
            return None
        self._trade.add_tag(order.id, die.choice(["gift", "fragile"]))
        return str(order.id)

    def _delete(self, die: Random) -> str | None:
        order = self._some(die)
        if order is None:
            return None
        self._trade.delete_order(order.id)
        self.only_by_id.add(order.id)
        # Before the first subscription nobody is told, and no list of changes names it.
        self.silent = self.silent or "orders/delete" not in self.told_of()
        return str(order.id)

    def _webhook_off(self, die: Random) -> str | None:
        subscriptions = self._shop.subscriptions
        if not subscriptions:
            return None
        gone = subscriptions.pop(die.choice(list(subscriptions)))
        self.silent = True
        self.taken_off.add(gone.topic)
        return gone.topic

    def told_of(self) -> set[str]:
        """Topics of which the shop sends webhooks."""
        return {each.topic for each in self._shop.subscriptions.values()}

    def pending(self) -> int:
        return len(self.app.outbox.queue)

    def pending_now(self) -> int:
        return self.pending()

    def order_of(self, target: str) -> int:
        """The order that an effect was on: a fulfillment order's, or the order itself."""
        number = int(target.rpartition("/")[2])
        found = self._shop.work(number)
        return found[0].id if found is not None else number

    def ships_now(self, number: int) -> str:
        """The warehouse ships what nobody holds of an order, if there is anything."""
        order = self._shop.orders.get(number)
        if order is None or order.cancelled or not any(work.open and not work.holds for work in order.works):
            return ""
        self._trade.fulfil(number)
        self.touched[number] = self._clock()
        return "and shipped"

    def shipped_and_gone(self, number: int) -> dict[int, tuple[Units, Units]]:
        """Lines of an order of which more was shipped than is left of them: (shipped, left)."""
        order = self._shop.orders.get(number)
        if order is None:
            return {}
        shipped: dict[int, int] = {}
        for shipment in order.shipments:
            for units in shipment.lines:
                shipped[units.line.id] = shipped.get(units.line.id, 0) + units.quantity
        found = {line.id: (Units(shipped.get(line.id, 0)), Units(line.current)) for line in order.lines}
        return {line: pair for line, pair in found.items() if pair[0] > pair[1]}

    def cancelled_by(self, number: int, key: str) -> tuple[dict[int, Units], Decimal] | None:
        """Units by line and money of the cancellation that bears this key; `None` where the order is gone."""
        order = self._shop.orders.get(number)
        if order is None:
            return None
        whole = key in order.staff_note
        made = [each for each in order.refunds if key in each.note or (whole and each.created == order.cancelled)]
        units: dict[int, Units] = {}
        for each in [units for refund in made for units in refund.lines]:
            units[each.line.id] = units.get(each.line.id, ZERO) + each.quantity
        return units, sum((refund.paid_back for refund in made), Decimal(0))

    def parcels_of(self, number: int) -> list[Sent] | None:
        """The parcels of an order; `None` where it is gone."""
        order = self._shop.orders.get(number)
        if order is None:
            return None
        found = []
        for shipment in order.shipments:
            units: Counter[tuple[int, int]] = Counter()
            for each in shipment.lines:
                units[each.line.id, shipment.location] += each.quantity * SCALE
            numbers = "".join(str(each["number"]) for each in shipment.tracking)
            found.append(Sent(numbers, bool(numbers), units))
        return found

    def left(self, number: int) -> dict[int, Units] | None:
        """Nothing that needs to be known: the shop refuses to ship what is not left."""
        return None

    def shipped(self, number: int) -> dict[int, Units] | None:
        """Units of each line that have left; `None` where the order is gone."""
        sent = self.parcels_of(number)
        return None if sent is None else shipped_in(sent)

    def ended(self, number: int) -> int:
        """How often all that was left of an order counted as shipped without a parcel: never."""
        return 0

    def shelves(self) -> dict[int, Shelf]:
        """What its variants have of ours, by inventory item."""
        found = {}
        for item, product in self._shop.products.items():
            has = {key: field.value for (space, key), field in product.metafields.items() if space == APP_NAMESPACE}
            told = (has["accepting"] == "true", has.get("expected", ""), Units(has["due"])) if has else None
            found[item] = Shelf(told, product.policy == "CONTINUE")
        return found

    def all_held(self, name: str) -> bool:
        """Whether every unit that the order of this name is still owed lies in a hold of ours."""
        order = next((order for order in self._shop.orders.values() if order.name == name), None)
        works = (
            [work for work in order.works if work.open and any(line.remaining for line in work.lines)] if order else []
        )
        return bool(works) and all(any(hold.by_app for hold in work.holds) for work in works)

    def touched_at(self, name: str) -> datetime | None:
        """When somebody last changed the order of this name, or shipped of it."""
        order = next((order for order in self._shop.orders.values() if order.name == name), None)
        if order is None:
            return None
        shipped = [
            e.at for e in self.effects() if e.kind == "fulfillmentCreate" and self.order_of(e.target) == order.id
        ]
        return max([*shipped, *(at for at in [self.touched.get(order.id)] if at)], default=None)

    def send(self, die: Random) -> str:
        """Shopify promises no order: mostly the oldest goes first, sometimes another."""
        queue = self.app.outbox.queue
        message = queue[0] if die.random() < 0.8 else die.choice(queue)
        status = self.app.outbox.send(message)
        return f"{message.headers['X-Shopify-Topic']} {status}"

    def orders(self) -> Iterator[TrueOrder]:
        for order in self._shop.orders.values():
            lines = []
            for line in order.lines:
                owed: dict[Pool, Units] = {}
                for work in order.works:
                    for part in work.lines:
                        if work.open and part.line is line and part.remaining and line.product is not None:
                            pool = Pool(line.product.item, work.location)
                            owed[pool] = owed.get(pool, ZERO) + part.remaining
                lines.append(TrueLine(line.id, owed))
            yield TrueOrder(order.id, order.created, tuple(lines), visible=order.id not in self._hidden)

    def supply(self, book: Book) -> dict[Pool, Units]:
        """available + the smaller of what is committed and what orders that we know of are owed, truly or by our book:
        until an order is read again, what it was owed last stands for it.
        """
        ours = owed_by(self.orders(), book.orders)
        believed = book.by_pool()
        ours = {pool: max(ours.get(pool, ZERO), believed.get(pool, ZERO)) for pool in {*ours, *believed}}
        return {
            Pool(item, place): figures.available + min(Decimal(figures.committed), ours.get(Pool(item, place), ZERO))
            for item in self._shop.products
            for place, figures in self._shop.levels(item).items()
        }

    def net(self, pool: Pool) -> Units | None:
        """None: what is there and what orders took of it are told apart here."""
        return None

    def at_most(self, order_id: int, line_id: int, pool: Pool, book: Book) -> Units:
        """How much of what a line is given counts: all of it, a reading tells of orders and stock at one moment."""
        return Units("Infinity")

    def stuck(self) -> dict[Pool, Units]:
        """Nothing: what is committed to an order that is gone is free again."""
        return {}

    def effects(self) -> list[Effect]:
        return self.app.journal.effects
