"""What shoppers and the merchant do in the shop. Each act changes the state and says so by webhook."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from demo.stores.shopify import works
from demo.stores.shopify.bodies import Bodies
from demo.stores.shopify.outbox import Outbox
from demo.stores.shopify.state import Customer, Hold, Line, Order, Product, Refund, Shop, Units, Work


class Trade:
    """The acts. Orders, lines and fulfillment orders are named by their numbers, products by their SKU."""

    def __init__(self, shop: Shop, ids: works.Ids, outbox: Outbox, clock: Callable[[], datetime]) -> None:
        self.shop = shop
        self.ids = ids
        self._outbox = outbox
        self._clock = clock
        self._bodies = Bodies(shop)

    def add_product(
        self,
        sku: str,
        title: str = "",
        price: str = "10.00",
        on_hand: int = 0,
        location: int | None = None,
        tracked: bool = True,
    ) -> int:
        """A new product with one variant; the number of its inventory item."""
        place = self._place(location)
        product = Product(
            self.ids.next("product"),
            self.ids.next("variant"),
            self.ids.next("item"),
            sku,
            title or sku,
            Decimal(price),
            tracked,
            {place: on_hand},
        )
        self.shop.products[product.item] = product
        return product.item

    def place_order(
        self,
        lines: Sequence[Mapping[str, Any]],
        email: str = "",
        name: str = "",
        placed_at: datetime | None = None,
        financial: str = "PAID",
        route: bool = True,
        tags: Sequence[str] = (),
    ) -> int:
        """A shopper orders. A line has `sku` and `quantity`; or `title` and `price`, typed in by hand; and may have
        `location`, `gift_card` and `requires_shipping`. Without `route` no fulfillment orders exist yet.
        """
        now = self._now()
        placed = placed_at or now
        number = self.ids.next("order")
        customer = Customer(self.ids.next("customer"), name or email, email) if name or email else None
        order = Order(
            number,
            f"#{self.shop.first_number + len(self.shop.orders)}",
            placed,
            now,
            email,
            [self._line(given) for given in lines],
            customer,
            financial=financial,
            currency=self.shop.currency,
            tags=list(tags),
        )
        self.shop.orders[number] = order
        self._tell_order("orders/create", order)
        if route:
            self.route_order(number, [given.get("location") for given in lines])
        return number

    def route_order(self, order: int, locations: Sequence[int | None] = ()) -> None:
        """Shopify decides where each line ships from."""
        known = self.shop.orders[order]
        for at, line in enumerate(known.lines):
            if not line.gift_card:
                place = self._place(locations[at] if at < len(locations) else None)
                works.put(known, line, place, line.current, self.ids)
        for work in known.works:
            self._outbox.tell("fulfillment_orders/order_routing_complete", self._bodies.work(work))
        self._tell_stock(known.lines)

    def edit_line(self, order: int, line: int, quantity: int) -> None:
        """The merchant edits the order: the line is to have this quantity."""
        known, edited = self._named(order, line)
        delta = quantity - edited.current
        shipped = sum(units.quantity for done in known.shipments for units in done.lines if units.line is edited)
        if quantity < shipped:
            raise works.Refused("Shipped units cannot be edited away.")
        change = [Units(0, edited, abs(delta))]
        if delta > 0:
            edited.quantity += delta
            place = next((work.location for work in known.works), self._place(None))
            works.put(known, edited, place, delta, self.ids)
        elif delta < 0:
            works.take_out(known, edited, -delta)
        edited.current = quantity
        known.updated = self._now()
        added, removed = (change, []) if delta > 0 else ([], change)
        self._outbox.tell("orders/edited", self._bodies.edit(known, added, removed))
        self._tell_order("orders/updated", known)
        self._tell_stock([edited])

    def cancel_order(self, order: int) -> None:
        """Unshipped units go back to the shelf. The closed fulfillment orders go on telling their remaining units."""
        known = self.shop.orders[order]
        known.cancelled = known.updated = self._now()
        back = []
        for line in known.lines:
            left = sum(part.remaining for work in known.works if work.open for part in work.lines if part.line is line)
            if left:
                back.append(Units(self.ids.next("units"), line, left, "CANCEL"))
                line.current -= left
        for work in known.works:
            if work.open:
                work.holds = []
                work.status = "CLOSED"
        if back:
            known.refunds.append(Refund(self.ids.next("refund"), known.updated, back))
        known.financial = "REFUNDED" if known.financial == "PAID" else "VOIDED"
        self._tell_order("orders/cancelled", known)
        self._tell_stock(known.lines)

    def delete_order(self, order: int) -> None:
        """The order is deleted for good."""
        known = self.shop.orders.pop(order)
        self._outbox.tell("orders/delete", {"id": order})
        self._tell_stock(known.lines)

    def pay(self, order: int) -> None:
        """The order's payment arrives."""
        known = self.shop.orders[order]
        known.financial = "PAID"
        known.updated = self._now()
        self._tell_order("orders/paid", known)

    def receive_stock(self, sku: str, quantity: int, location: int | None = None) -> None:
        """Goods arrive."""
        product = self._product(sku)
        place = self._place(location)
        product.shelf[place] = product.shelf.get(place, 0) + quantity
        self._tell_level(product, place)

    def set_stock(self, sku: str, on_hand: int, location: int | None = None) -> None:
        """The merchant counts what is on the shelf."""
        product = self._product(sku)
        product.shelf[self._place(location)] = on_hand
        self._tell_level(product, self._place(location))

    def fulfil(self, order: int, units: Mapping[int, int] | None = None) -> None:
        """The merchant ships: all that nobody holds, or these units by order line."""
        known = self.shop.orders[order]
        left = dict(units) if units is not None else None
        for work in [work for work in known.works if work.open and not work.holds]:
            chosen = {}
            for part in work.lines:
                quantity = part.remaining if left is None else min(part.remaining, left.get(part.line.id, 0))
                if quantity:
                    chosen[part.id] = quantity
                    if left is not None:
                        left[part.line.id] -= quantity
            if chosen:
                shipment = works.ship(known, work, chosen, self._now(), self.ids)
                self._outbox.tell("fulfillments/create", self._bodies.fulfillment(known, shipment))
        if left is not None and any(left.values()):
            raise works.Refused("Some of these units are held or already gone.")
        known.updated = self._now()
        whole = known.fulfillment == "FULFILLED"
        self._tell_order("orders/fulfilled" if whole else "orders/partially_fulfilled", known)

    def release_hold_by_hand(self, order: int) -> None:
        """The merchant takes every hold off the order, whoever put it there."""
        known = self.shop.orders[order]
        for work in list(known.works):
            if work.holds:
                self.release_work(known, work, None)

    def hold_by_hand(self, order: int) -> None:
        """Somebody else than the app (a person, another app) holds everything that is still to ship."""
        known = self.shop.orders[order]
        for work in [work for work in known.works if work.open]:
            self.hold_work(known, work, Hold(self.ids.next("hold"), "", False, "OTHER"), None)

    def add_tag(self, order: int, tag: str) -> None:
        """The merchant tags the order."""
        known = self.shop.orders[order]
        if tag.casefold() not in {old.casefold() for old in known.tags}:
            known.tags.append(tag)
            self.changed(known)

    def remove_tag(self, order: int, tag: str) -> None:
        """The merchant takes a tag off."""
        known = self.shop.orders[order]
        kept = [old for old in known.tags if old.casefold() != tag.strip().casefold()]
        if kept != known.tags:
            known.tags = kept
            self.changed(known)

    def hold_work(self, order: Order, work: Work, new: Hold, chosen: Mapping[int, int] | None) -> None:
        """Put a hold on (a part of) a fulfillment order."""
        first = not work.holds
        rest = works.hold(order, work, new, chosen, self.ids)
        if rest is not None:
            self._outbox.tell("fulfillment_orders/split", self._bodies.work(work))
        if first:
            self._outbox.tell("fulfillment_orders/placed_on_hold", self._bodies.work(work))
        self._outbox.tell("fulfillment_holds/added", self._bodies.hold(work, new))
        self.changed(order)

    def release_work(self, order: Order, work: Work, holds: Iterable[int] | None) -> None:
        """Take holds off a fulfillment order, all of them where none are named."""
        for hold in works.release(order, work, holds, self.ids):
            self._outbox.tell("fulfillment_holds/released", self._bodies.hold(work, hold))
        if not work.holds:
            self._outbox.tell("fulfillment_orders/hold_released", self._bodies.work(work))
        self.changed(order)

    def changed(self, order: Order) -> None:
        """The order changed in a way that has no topic of its own."""
        order.updated = self._now()
        self._tell_order("orders/updated", order)

    def _line(self, given: Mapping[str, Any]) -> Line:
        product = self._product(str(given["sku"])) if "sku" in given else None
        quantity = int(given["quantity"])
        return Line(
            self.ids.next("line"),
            product,
            product.title if product else str(given["title"]),
            product.sku if product else "",
            product.price if product else Decimal(str(given.get("price", "1.00"))),
            quantity,
            quantity,
            requires_shipping=bool(given.get("requires_shipping", True)),
            gift_card=bool(given.get("gift_card", False)),
            vendor="Lab Goods" if product else None,
        )

    def _named(self, order: int, line: int) -> tuple[Order, Line]:
        known = self.shop.orders[order]
        return known, next(each for each in known.lines if each.id == line)

    def _product(self, sku: str) -> Product:
        return next(product for product in self.shop.products.values() if product.sku == sku)

    def _place(self, location: int | None) -> int:
        return location if location is not None else next(iter(self.shop.locations))

    def _tell_order(self, topic: str, order: Order) -> None:
        self._outbox.tell(topic, self._bodies.order(order))

    def _tell_stock(self, lines: Iterable[Line]) -> None:
        for product in {line.product.item: line.product for line in lines if line.product}.values():
            if product.tracked:
                for place in product.shelf:
                    self._tell_level(product, place)

    def _tell_level(self, product: Product, place: int) -> None:
        figures = self.shop.levels(product.item)[place]
        self._outbox.tell("inventory_levels/update", self._bodies.level(product.item, place, figures, self._now()))

    def _now(self) -> datetime:
        """Shopify's clock has a grain of a second."""
        return self._clock().replace(microsecond=0)
