"""What shoppers and the merchant do with orders. Each act changes the state and says so by webhook."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from demo.stores.shopify import works
from demo.stores.shopify.goods import Goods
from demo.stores.shopify.names import gid
from demo.stores.shopify.state import Customer, Hold, Line, Metafield, Order, Refund, Shipment, Units, Work


class Trade(Goods):
    """The acts on orders, beside those on goods. Orders, lines and fulfillment orders are named by their numbers."""

    def place_order(
        self,
        lines: Sequence[Mapping[str, Any]],
        email: str = "",
        name: str = "",
        placed_at: datetime | None = None,
        financial: str = "PAID",
        route: bool = True,
        tags: Sequence[str] = (),
        source: str = "web",
        test: bool = False,
    ) -> int:
        """A shopper orders. A line has `sku` and `quantity`; or `title` and `price`, typed in by hand; and may have
        `location`, `gift_card` and `requires_shipping`. Without `route` no fulfillment orders exist yet.
        """
        self._outbox.begin()
        now = self.now()
        number = self.ids.next("order")
        customer = Customer(self.ids.next("customer"), name or email, email) if name or email else None
        order = Order(
            number,
            f"#{self.shop.first_number + number - works.FIRST_ORDER}",
            placed_at or now,
            now,
            email,
            [self._line(given) for given in lines],
            customer,
            financial=financial,
            currency=self.shop.currency,
            tags=list(tags),
            source=source,
            test=test,
        )
        self.shop.index(order)
        self._tell_order("orders/create", order)
        if route:
            self.route_order(number, [given.get("location") for given in lines])
        return number

    def route_order(self, order: int, locations: Sequence[int | None] = ()) -> None:
        """Shopify decides where each line ships from; once, some time after the order was placed."""
        known = self.shop.orders[order]
        if known.routed or known.cancelled is not None:
            return
        self._outbox.begin()
        known.routed = True
        for at, line in enumerate(known.lines):
            if not line.gift_card and line.current:
                self._put(known, line, self._place(locations[at] if at < len(locations) else None), line.current)
        self.shop.index(known)
        for work in known.works:
            self._outbox.tell("fulfillment_orders/order_routing_complete", self._bodies.work(work))
        self.tell_stock(known.lines)

    def edit_line(self, order: int, line: int, quantity: int) -> None:
        """The merchant edits the order: the line is to have this quantity."""
        known, edited = self._named(order, line)
        delta = quantity - edited.current
        if -delta > self._owed(known, edited):
            raise works.Refused("Shipped units cannot be edited away.")
        self._outbox.begin()
        change = [Units(0, edited, abs(delta))]
        if delta > 0:
            edited.quantity += delta
        if known.routed and delta > 0:
            place = next((work.location for work in known.works), self._place(None))
            self._put(known, edited, place, delta)
        elif known.routed and delta < 0:
            works.take_out(known, edited, -delta)
        edited.current = quantity
        self._edited(known, *((change, []) if delta > 0 else ([], change)))

    def add_line(self, order: int, sku: str, quantity: int, location: int | None = None) -> int:
        """The merchant edits the order: one line more; its number. It is a new line even for goods that are there."""
        known = self.shop.orders[order]
        if known.cancelled is not None:
            raise works.Refused("The order cannot be edited.")
        self._outbox.begin()
        added = self._line({"sku": sku, "quantity": quantity})
        known.lines.append(added)
        if known.routed:
            self._put(known, added, self._place(location), quantity)
        self._edited(known, [Units(0, added, quantity)], [])
        return added.id

    def refund(
        self, order: int, units: Mapping[int, int], restock: str = "CANCEL", location: int | None = None
    ) -> Refund:
        """Units by order line are refunded, all in the same way."""
        return self.refund_lines(order, [(line, count, restock, location) for line, count in units.items()])

    def refund_lines(self, order: int, lines: Sequence[tuple[int, int, str, int | None]]) -> Refund:
        """Units of lines are refunded: (line, units, restock type, location). CANCEL takes unshipped ones back, RETURN
        shipped ones; NO_RESTOCK takes shipped ones first, and what it takes of the others is gone from the shelf.
        """
        known = self.shop.orders[order]
        for number, count, restock, _ in lines:
            line = self._named(order, number)[1]
            owed = self._owed(known, line)
            most = {"CANCEL": owed, "RETURN": line.current - owed}.get(restock, line.current)
            if not 0 < count <= most:
                raise works.Refused("The quantity is greater than what can be refunded.", None, ("refundLineItems",))
        self._outbox.begin()
        refund = Refund(self.ids.next("refund"), self.now(), [])
        for number, count, restock, location in lines:
            line = self._named(order, number)[1]
            shipped = line.current - self._owed(known, line)
            unshipped = {"CANCEL": count, "RETURN": 0}.get(restock, max(0, count - shipped))
            if unshipped and known.routed:
                works.take_out(known, line, unshipped)
            place = location or self._at(known)
            if line.product is not None and line.product.tracked and restock != "CANCEL":
                self._stocked(line.product, place)
                line.product.shelf[place] += count if restock == "RETURN" else -unshipped
            line.current -= count
            refund.lines.append(Units(self.ids.next("units"), line, count, restock, place))
        known.refunds.append(refund)
        if known.financial in ("PAID", "PARTIALLY_REFUNDED"):
            known.financial = "PARTIALLY_REFUNDED" if any(line.current for line in known.lines) else "REFUNDED"
        self._outbox.tell("refunds/create", self._bodies.refund(known, refund))
        self.changed(known)
        self.tell_stock([units.line for units in refund.lines])
        return refund

    def cancel_order(self, order: int, restock: bool = True) -> None:
        """Unshipped units go back to the shelf. The closed fulfillment orders go on telling their remaining units."""
        known = self.shop.orders[order]
        self._outbox.begin()
        known.cancelled = known.updated = self.now()
        back = []
        for line in known.lines:
            left = self._owed(known, line)
            if left:
                back.append(Units(self.ids.next("units"), line, left, "CANCEL" if restock else "NO_RESTOCK"))
                line.current -= left
                if not restock and line.product is not None and line.product.tracked:
                    place = self._at(known)
                    line.product.shelf[place] = line.product.shelf.get(place, 0) - left
        for work in known.works:
            if work.open:
                work.holds = []
                work.status = "CLOSED"
        known.financial = "REFUNDED" if known.financial == "PAID" else "VOIDED"
        if back:
            known.refunds.append(Refund(self.ids.next("refund"), known.updated, back))
            self._outbox.tell("refunds/create", self._bodies.refund(known, known.refunds[-1]))
        self._tell_order("orders/cancelled", known)
        self._tell_order("orders/updated", known)
        self.tell_stock(known.lines)

    def delete_order(self, order: int) -> None:
        """The order is deleted for good."""
        known = self.shop.orders[order]
        self._outbox.begin()
        self.shop.forget(known)
        self._outbox.tell("orders/delete", {"id": order})
        self.tell_stock(known.lines)

    def pay(self, order: int) -> None:
        """The order's payment arrives."""
        known = self.shop.orders[order]
        self._outbox.begin()
        known.financial = "PAID"
        known.updated = self.now()
        self._tell_order("orders/paid", known)
        self._tell_order("orders/updated", known)

    def fulfil(self, order: int, units: Mapping[int, int] | None = None) -> None:
        """The merchant ships: all that nobody holds, or these units by order line."""
        known = self.shop.orders[order]
        free = [work for work in known.works if work.open and not work.holds]
        left = dict(units) if units is not None else None
        parts: list[tuple[Work, dict[int, int]]] = []
        for work in free:
            chosen = {}
            for part in work.lines:
                quantity = part.remaining if left is None else min(part.remaining, left.get(part.line.id, 0))
                if quantity:
                    chosen[part.id] = quantity
                    if left is not None:
                        left[part.line.id] -= quantity
            if chosen:
                parts.append((work, chosen))
        if left is not None and any(left.values()):
            raise works.Refused("Some of these units are held or already gone.")
        self._outbox.begin()
        self._shipped(known, [works.ship(known, [part], self.now(), self.ids) for part in parts])

    def ship_parcel(
        self, order: Order, parts: Sequence[tuple[Work, Mapping[int, int]]], tracking: Mapping[str, str], *, tell: bool
    ) -> Shipment:
        """One parcel with units (by fulfillment order line) of fulfillment orders at one location."""
        shipment = works.ship(order, parts, self.now(), self.ids)
        shipment.tracking = [{name: tracking.get(name) for name in ("company", "number", "url")}] if tracking else []
        shipment.told = tell
        self._outbox.begin()
        self._shipped(order, [shipment])
        return shipment

    def _shipped(self, order: Order, shipments: Sequence[Shipment]) -> None:
        for shipment in shipments:
            self._outbox.tell("fulfillments/create", self._bodies.fulfillment(order, shipment))
        whole = order.fulfillment == "FULFILLED"
        order.updated = self.now()
        self._tell_order("orders/fulfilled" if whole else "orders/partially_fulfilled", order)
        self._tell_order("orders/updated", order)

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
        self.retag(order, add=[tag])

    def remove_tag(self, order: int, tag: str) -> None:
        """The merchant takes a tag off."""
        self.retag(order, remove=[tag])

    def retag(self, order: int, add: Sequence[str] = (), remove: Sequence[str] = ()) -> list[str]:
        """Put tags on and take tags off, whatever their letter case; those that were really put on or taken off."""
        known = self.shop.orders[order]
        there = {tag.casefold() for tag in known.tags}
        off = {tag.strip().casefold() for tag in remove} & there
        new = {tag.strip().casefold(): tag.strip() for tag in add if tag.strip().casefold() not in there}
        if off or new:
            self._outbox.begin()
            known.tags = [tag for tag in known.tags if tag.casefold() not in off] + list(new.values())
            self.changed(known)
        return [*sorted(off), *new.values()]

    def write_note(self, order: int, text: str) -> bool:
        """Somebody writes the order's note, whole; whether it is another one now."""
        known = self.shop.orders[order]
        if known.note == text:
            return False
        self._outbox.begin()
        known.note = text
        self.changed(known)
        return True

    def tag_customer(self, order: int, tag: str) -> None:
        """The merchant tags the customer of an order; the order itself does not change."""
        customer = self.shop.orders[order].customer
        if customer is None or tag in customer.tags:
            return
        customer.tags.append(tag)
        self._outbox.begin()
        told = {"customerId": gid("Customer", customer.id), "tags": [tag], "occurredAt": self.now().isoformat()}
        self._outbox.tell("customer.tags_added", told)

    def note_at(self, order: int, namespace: str, key: str, value: str, type_: str = "json") -> Metafield:
        """An app keeps a value at the order. That is no change of the order: no webhook tells of it."""
        known = self.shop.orders[order]
        old = known.metafields.get((namespace, key))
        number = old.id if old else self.ids.next("metafield")
        known.metafields[namespace, key] = Metafield(number, namespace, key, value, type_)
        return known.metafields[namespace, key]

    def hold_work(self, order: Order, work: Work, new: Hold, chosen: Mapping[int, int] | None) -> Work | None:
        """Put a hold on (a part of) a fulfillment order; what was split off from it."""
        first = not work.holds
        rest = works.hold(order, work, new, chosen, self.ids)
        self._outbox.begin()
        if rest is not None:
            self._outbox.tell("fulfillment_orders/split", self._bodies.split(work, rest))
        if first:
            self._outbox.tell("fulfillment_orders/placed_on_hold", self._bodies.placed_on_hold(work, rest, new))
        self._outbox.tell("fulfillment_holds/added", self._bodies.hold(work, new))
        self.changed(order)
        return rest

    def release_work(self, order: Order, work: Work, holds: Iterable[int] | None) -> list[Hold]:
        """Take holds off a fulfillment order, all of them where none are named; those that were taken off."""
        taken, merged = works.release(order, work, holds, self.ids)
        if not taken:
            return []
        self._outbox.begin()
        for hold in taken:
            self._outbox.tell("fulfillment_holds/released", self._bodies.hold(work, hold))
        if not work.holds:
            self._outbox.tell("fulfillment_orders/hold_released", self._bodies.work(work))
        if merged:
            self._outbox.tell("fulfillment_orders/merged", self._bodies.merged(work, merged))
        self.changed(order)
        return taken

    def move_work(self, order: Order, work: Work, location: int, chosen: Mapping[int, int] | None = None) -> Work:
        """Another location is to ship it, or a part of it (units by fulfillment order line): the one that is there."""
        source = work.location
        moved = works.move(order, work, location, chosen, self.ids)
        self._outbox.begin()
        for part in moved.lines:
            if part.line.product is not None:
                self._stocked(part.line.product, location)
        self._outbox.tell("fulfillment_orders/moved", self._bodies.moved(work, moved, source))
        self.changed(order)
        self.tell_stock([part.line for part in moved.lines], [source, location])
        return moved

    def split_work(self, order: Order, work: Work, chosen: Mapping[int, int]) -> Work:
        """Somebody splits a fulfillment order by hand; the part with what was not chosen."""
        rest = works.split(order, work, chosen, self.ids)
        self._outbox.begin()
        self._outbox.tell("fulfillment_orders/split", self._bodies.split(work, rest))
        self.changed(order)
        return rest

    def changed(self, order: Order) -> None:
        """The order changed in a way that has no topic of its own."""
        order.updated = self.now()
        self.shop.index(order)
        self._tell_order("orders/updated", order)

    def _edited(self, order: Order, added: list[Units], removed: list[Units]) -> None:
        order.updated = self.now()
        self._outbox.tell("orders/edited", self._bodies.edit(order, added, removed))
        self.changed(order)
        self.tell_stock([units.line for units in [*added, *removed]])

    def _put(self, order: Order, line: Line, place: int, units: int) -> None:
        if line.product is not None and line.product.tracked:
            self._stocked(line.product, place)
        works.put(order, line, place, units, self.ids)

    def _owed(self, order: Order, line: Line) -> int:
        """Units of the line that are still to ship."""
        if not order.routed and not order.works:
            return line.current
        return sum(part.remaining for work in order.works if work.open for part in work.lines if part.line is line)

    def _at(self, order: Order) -> int:
        return next((work.location for work in order.works), self._place(None))

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

    def _tell_order(self, topic: str, order: Order) -> None:
        self._outbox.tell(topic, self._bodies.order(order))
