"""A stand-in WooCommerce shop: its shoppers, its merchant, and what is true there."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from backorder.domain.orders import NEED_BY
from backorder.domain.supply import ZERO, Pool, Units
from connectors.woocommerce.shelf import OFFER_KEY
from connectors.woocommerce.shipping import MARK
from demo.stores.journal import Effect
from demo.stores.woocommerce import WooShop
from demo.stores.woocommerce.things import Meta, parcel_items
from tests.simulation.rules import SCALE
from tests.simulation.site import SKUS, Act, Book, Deliver, Sent, Shelf, TrueLine, TrueOrder, owed_by, placed


class WooSite:
    """A stand-in WooCommerce shop."""

    platform = "woocommerce"
    sells_by_itself = True
    credentials: Mapping[str, str]
    acts: Mapping[str, tuple[int, Act]]

    def __init__(self, name: str, zone: str, clock: Callable[[], datetime], deliver: Deliver, die: Random) -> None:
        self.name = name
        self.rich = False
        self.address = f"https://{name}.example"
        self.credentials = {
            "key": f"ck_{name}",
            "secret": f"cs_{name}",
            "webhook_secret": f"secret of {name} & more",
        }
        self.app = WooShop(
            address=self.address,
            name=f"{name} goods",
            key=f"ck_{name}",
            secret=f"cs_{name}",
            clock=clock,
            deliver=deliver,
            zone=zone,
        )
        self.about: int | None = None
        self._clock = clock
        self.entered: dict[int, datetime] = {}
        self._shop = self.app.shop
        self._deleted: list[TrueOrder] = []
        self.owing: tuple[str, ...] = ("processing", "on-hold")
        """Statuses in which an order is owed what is left of it."""
        self.silent = False
        """Whether something happened of which the shop tells nobody."""
        self.only_by_id: set[int] = set()
        self.taken_off: set[str] = set()
        self.touched: dict[int, datetime] = {}
        self._sending = False
        for sku in SKUS:
            self._shop.add_product(f"{name} {sku}", sku, Decimal(die.randrange(0, 6)), backorders="notify")
        acts: dict[str, tuple[int, Act]] = {
            "order": (30, self._order),
            "receive": (14, self._receive),
            "count": (4, self._count),
            "edit": (8, self._edit),
            "refund": (3, self._refund),
            "cancel": (6, self._cancel),
            "ship": (8, self._ship),
            "complete": (4, self._complete),
            "pay": (4, self._pay),
            "trash": (2, self._trash),
            "restore": (3, self._restore),
            "delete": (1, self._delete),
            "touch": (2, self._touch),
            "webhook off": (1, self._webhook_off),
        }
        self.acts = {name: (weight, self._noticing(act)) for name, (weight, act) in acts.items()}

    def _noticing(self, act: Act) -> Act:
        """What happens to an object while a webhook of it is on its way, the shop tells nobody."""

        def done(die: Random) -> str | None:
            self.silent = self.silent or self._sending
            return act(die)

        return done

    def _order(self, die: Random) -> str:
        wanted = die.sample(SKUS, 2 if die.random() < (0.5 if self.rich else 0.25) else 1)
        lines = [(sku, Decimal(die.randrange(1, 5))) for sku in wanted]
        order = self._shop.place_order(
            lines,
            name=f"Ada {self.name}",
            email=f"ada@{self.name}.example",
            status=die.choices(["processing", "on-hold", "pending"], [8, 2, 1])[0],
            via=die.choice(["store-api", "rest-api"]),
            placed_at=placed(die, self._clock()),
        )
        self.entered[order.id] = self._clock()
        if self.rich and die.random() < 0.4:
            day = order.created.date() + timedelta(days=die.randrange(-1, 6))
            order.meta.append(Meta(self._shop.next_part(), NEED_BY, day.isoformat()))
        return f"order {order.id} {order.status} of {[(sku, int(units)) for sku, units in lines]}"

    def _some(self, die: Random, *statuses: str) -> Any:
        wanted = statuses or ("processing", "on-hold")
        open_ones = [
            order for order in self._shop.orders.values() if order.status in wanted and self.about in (None, order.id)
        ]
        return die.choice(open_ones) if open_ones else None

    def _receive(self, die: Random) -> str:
        sku, units = die.choice(SKUS), die.randrange(*((3, 12) if self.rich else (1, 6)))
        self._shop.set_stock(sku, self._shop.by_sku(sku).stock + units)
        return f"{units} {sku}"

    def _count(self, die: Random) -> str:
        """Fewer are found on the shelf than the shop thinks; what is net of all orders goes down as much."""
        sku, units = die.choice(SKUS), die.randrange(1, 4)
        self._shop.set_stock(sku, self._shop.by_sku(sku).stock - units)
        return f"{sku} less {units}"

    def _edit(self, die: Random) -> str | None:
        order = self._some(die)
        if order is None or not order.lines:
            return None
        line = die.choice(order.lines)
        units = Decimal(die.randrange(0, 5))
        if units == line.quantity:
            return None
        self._shop.edit_line(order, line.id, units)
        self.touched[order.id] = self._clock()
        return f"{order.id} line {line.id} to {units}"

    def _refund(self, die: Random) -> str | None:
        order = self._some(die)
        if order is None or not order.lines:
            return None
        line = die.choice(order.lines)
        left = line.quantity - order.refunded(line.id) - order.shipped(line.id)
        if left <= 0:
            return None
        restock = die.random() < 0.6
        self._shop.refund_line(order, line.id, Decimal(1), restock=restock)
        return f"{order.id} line {line.id} restock {restock}"

    def _cancel(self, die: Random) -> str | None:
        order = self._some(die)
        if order is None:
            return None
        self._shop.set_status(order, "cancelled")
        return str(order.id)

    def _ship(self, die: Random) -> str | None:
        order = self._some(die, "processing")
        if order is None or not order.lines:
            return None
        line = die.choice(order.lines)
        left = line.quantity - order.refunded(line.id) - order.shipped(line.id)
        if left <= 0:
            return None
        units = Decimal(die.randrange(1, int(left) + 1))
        self._shop.fulfil_line(order, line.id, units)
        return f"{order.id} line {line.id}: {units}"

    def _complete(self, die: Random) -> str | None:
        order = self._some(die, "processing")
        if order is None:
            return None
        self._shop.set_status(order, "completed")
        return str(order.id)

    def _pay(self, die: Random) -> str | None:
        order = self._some(die, "on-hold", "pending")
        if order is None:
            return None
        self._shop.set_status(order, "processing")
        return str(order.id)

    def _trash(self, die: Random) -> str | None:
        order = self._some(die)
        if order is None:
            return None
        self._shop.trash_order(order)
        self.only_by_id.add(order.id)
        return str(order.id)

    def _restore(self, die: Random) -> str | None:
        order = self._some(die, "trash")
        if order is None:
            return None
        self._shop.restore_order(order)
        return str(order.id)

    def _delete(self, die: Random) -> str | None:
        order = self._some(die, "trash", "cancelled", "processing")
        if order is None:
            return None
        self._deleted += [was for was in self._orders("processing", "on-hold", "trash") if was.id == order.id]
        self._shop.delete_order(order)
        self.only_by_id.add(order.id)
        self.silent = True
        return str(order.id)

    def _touch(self, die: Random) -> str | None:
        order = self._some(die)
        if order is None:
            return None
        self._shop.touch(order)
        return str(order.id)

    def _webhook_off(self, die: Random) -> str | None:
        active = [webhook for webhook in self._shop.hooks.webhooks.values() if webhook.status == "active"]
        if not active:
            return None
        webhook = die.choice(active)
        webhook.status = "disabled"
        self.silent = True
        self.taken_off.add(webhook.topic)
        return webhook.topic

    def told_of(self) -> set[str]:
        """Topics of which the shop sends webhooks."""
        return {webhook.topic for webhook in self._shop.hooks.webhooks.values() if webhook.status == "active"}

    def pending(self) -> int:
        return self._shop.hooks.waiting

    def pending_now(self) -> int:
        return self.pending()

    def becomes(self, number: int, status: str) -> None:
        """Somebody gives an order another status."""
        self.silent = self.silent or self._sending
        self._shop.set_status(self._shop.orders[number], status)

    def send(self, die: Random) -> str:
        """The shop's queue is one, in order."""
        self._sending = True
        sent = self._shop.hooks.step()
        self._sending = False
        return "nothing" if sent is None else f"{sent.topic} {sent.status}"

    def orders(self) -> Iterator[TrueOrder]:
        return self._orders(*self.owing)

    def _orders(self, *owing: str) -> Iterator[TrueOrder]:
        for order in self._shop.orders.values():
            lines = []
            for line in order.lines:
                left = line.quantity - order.refunded(line.id) - order.shipped(line.id)
                taken = order.status in owing and line.reduced > 0 and left > 0
                lines.append(TrueLine(line.id, {Pool(line.sold): left} if taken else {}))
            yield TrueOrder(order.id, order.created, tuple(lines))

    def supply(self, book: Book) -> dict[Pool, Units]:
        """The net figure and what our open lines have taken from it. The stock does not move when a parcel leaves or
        units are refunded without going back: until the order is read, what it took and our book still owes stands.
        """
        ours = owed_by(self.orders(), book.orders)
        true = {(order.id, line.id): sum(line.owed.values(), ZERO) for order in self.orders() for line in order.lines}
        for (order_id, line_id, pool), units in book.owed.items():
            taken = min(units, self._taken(order_id, line_id))
            ours[pool] = ours.get(pool, ZERO) + max(ZERO, taken - true.get((order_id, line_id), ZERO))
        return {
            Pool(product.id): product.stock + ours.get(Pool(product.id), Decimal(0))
            for product in self._shop.products.values()
        }

    def net(self, pool: Pool) -> Units | None:
        """The one figure that the shop shows, less what all orders took; none for items it has no longer."""
        product = self._shop.products.get(pool.item)
        return None if product is None else product.stock

    def at_most(self, order_id: int, line_id: int, pool: Pool, book: Book) -> Units:
        """How much of what a line is given counts: as much as the shop still has taken from the stock for it."""
        return min(book.owed.get((order_id, line_id, pool), Units("Infinity")), self._taken(order_id, line_id))

    def _taken(self, order_id: int, line_id: int) -> Units:
        """Units that the shop took from the stock for a line and has not given back."""
        order = self._shop.orders.get(order_id)
        lines = order.lines if order is not None else ()
        return next((line.reduced for line in lines if line.id == line_id), ZERO)

    def stuck(self) -> dict[Pool, Units]:
        """Units that orders took which are deleted or in the trash: the shop gives none back, and none has left."""
        lost = [*self._orders("trash"), *self._deleted]
        return owed_by(lost, {order.id for order in lost})

    def effects(self) -> list[Effect]:
        return self._shop.journal.effects

    def order_of(self, target: str) -> int:
        """The order that an effect was on."""
        return int(target)

    def ships_now(self, number: int) -> str:
        """All that an order is owed leaves in parcels, if it may."""
        order = self._shop.orders.get(number)
        if order is None or order.status != "processing":
            return ""
        self.silent = self.silent or self._sending
        for line in order.lines:
            left = line.quantity - order.refunded(line.id) - order.shipped(line.id)
            if left > 0:
                self._shop.fulfil_line(order, line.id, left)
        return "and shipped"

    def shipped_and_gone(self, number: int) -> dict[int, tuple[Units, Units]]:
        """Lines of an order of which more was shipped than is left of them: (shipped, left). The shop's people may edit
        a line as they like: then nobody knows.
        """
        order = self._shop.orders.get(number)
        if order is None or number in self.touched:
            return {}
        found = {line.id: (order.shipped(line.id), line.quantity - order.refunded(line.id)) for line in order.lines}
        return {line: pair for line, pair in found.items() if pair[0] > pair[1]}

    def cancelled_by(self, number: int, key: str) -> tuple[dict[int, Units], Decimal] | None:
        """Units by line and money of the refunds that bear this key; `None` where the order is gone."""
        order = self._shop.orders.get(number)
        if order is None:
            return None
        made = [refund for refund in order.refunds if key in refund["reason"]]
        units: dict[int, Units] = {}
        for item in [item for refund in made for item in refund["line_items"]]:
            line = int(item["meta_data"][0]["value"])
            units[line] = units.get(line, ZERO) - Decimal(str(item["quantity"]))
        return units, sum((Decimal(refund["amount"]) for refund in made), Decimal(0))

    def parcels_of(self, number: int) -> list[Sent] | None:
        """The parcels of an order; `None` where it is gone."""
        order = self._shop.orders.get(number)
        if order is None:
            return None
        found = []
        for parcel in order.fulfilments:
            metas = {meta["key"]: meta["value"] for meta in parcel["meta_data"]}
            units = {(each["item_id"], 0): int(Units(str(each["qty"])) * SCALE) for each in parcel_items(parcel)}
            found.append(Sent(str(metas.get("_tracking_number", "")), MARK in metas, units))
        return found

    def left(self, number: int) -> dict[int, Units] | None:
        """Units of each line of an open order that are still to leave; `None` where people changed it as they liked."""
        order = self._shop.orders.get(number)
        if order is None or order.status not in self.owing or number in self.touched:
            return None
        return {line.id: line.quantity - order.refunded(line.id) - order.shipped(line.id) for line in order.lines}

    def shipped(self, number: int) -> dict[int, Units] | None:
        """Units of each line that have left, of those that are still sold; `None` where the order is gone."""
        order = self._shop.orders.get(number)
        if order is None:
            return None
        # A line may be edited down to less than was refunded of it.
        sold = {line.id: max(0, line.quantity - order.refunded(line.id)) for line in order.lines}
        return {line: min(order.shipped(line), units) for line, units in sold.items()}

    def ended(self, number: int) -> int:
        """How often all that was left of an order counted as shipped without a parcel: whoever completes it says so."""
        order = self._shop.orders.get(number)
        return sum("to Completed" in note.text for note in order.notes) if order is not None else 0

    def shelves(self) -> dict[int, Shelf]:
        """What its products have of ours."""
        found = {}
        for number, product in self._shop.products.items():
            has = next((meta.value for meta in product.meta if meta.key == OFFER_KEY), None)
            told = (has["accepting"], has["expected"] or "", Units(has["due"])) if has else None
            found[number] = Shelf(told, product.backorders != "no")
        return found
