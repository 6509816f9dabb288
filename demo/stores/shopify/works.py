"""Fulfillment orders and what Shopify does with them: hold (and split), release (and merge), move, ship, close."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import count

from demo.stores.shopify.state import Hold, Line, Order, Shipment, Units, Work, WorkLine

HOLDS_AT_MOST = 10


FIRST_ORDER = 6_100_000_000_001


class Ids:
    """Numbers for new things, each kind in its own thousands so that they are told apart when read."""

    def __init__(self) -> None:
        self._counters = {
            "product": count(7_700_000_000_001),
            "variant": count(49_000_000_000_001),
            "item": count(51_000_000_000_001),
            "location": count(88_110_000_001),
            "order": count(FIRST_ORDER),
            "line": count(9001),
            "work": count(9_900_000_000_001),
            "work_line": count(20_000_000_000_001),
            "hold": count(260_000_000_001),
            "shipment": count(7_100_000_001),
            "units": count(17_000_000_001),
            "refund": count(8_100_000_001),
            "customer": count(5_000_000_000_001),
            "subscription": count(1_900_000_000_001),
            "metafield": count(45_000_000_000_001),
            "definition": count(46_000_000_000_001),
            "adjustment": count(3_300_000_001),
            "bulk": count(8_000_000_000_001),
            "transfer": count(2_900_001),
            "inbound": count(3_900_001),
            "parcel": count(82_001),
        }

    def next(self, kind: str) -> int:
        """The next free number."""
        return next(self._counters[kind])


class Refused(Exception):
    """Shopify does not do it. `code` is that of the user error, `field` what it is about."""

    def __init__(self, message: str, code: str | None = None, field: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.field = field


def put(order: Order, line: Line, location: int, units: int, ids: Ids) -> Work:
    """Give units of a line to an open fulfillment order at the location that nobody holds, or to a new one."""
    for work in order.works:
        if work.status == "OPEN" and not work.holds and work.location == location:
            break
    else:
        work = Work(ids.next("work"), location, [])
        order.works.append(work)
    _add(work, line, units, ids)
    return work


def hold(order: Order, work: Work, new: Hold, chosen: Mapping[int, int] | None, ids: Ids) -> Work | None:
    """Hold all of it, or (`chosen`: units by fulfillment order line) a part; the rest is split off and returned."""
    _check_hold(work, new, chosen)
    rest = None
    if chosen is not None and any(chosen.get(line.id, 0) < line.remaining for line in work.lines):
        rest = _part(order, work, {line.id: line.remaining - chosen.get(line.id, 0) for line in work.lines}, ids)
    work.holds.append(new)
    work.status = "ON_HOLD"
    return rest


def _check_hold(work: Work, new: Hold, chosen: Mapping[int, int] | None) -> None:
    if "HOLD" not in work.actions:
        raise Refused("The fulfillment order is not in a state that can be held.", None, ("id",))
    taken = [old.handle for old in work.holds if old.by_app == new.by_app]
    if new.handle in taken and (new.by_app or new.handle):
        # An app that gives no handle has given the empty one.
        raise Refused(
            "The handle provided for the fulfillment hold is already in use by this app for another hold on this "
            "fulfillment order.",
            "DUPLICATE_FULFILLMENT_HOLD_HANDLE",
            ("fulfillmentHold", "handle"),
        )
    if len(taken) >= HOLDS_AT_MOST:
        raise Refused(
            "The maximum number of fulfillment holds for this fulfillment order has been reached for this app. An app "
            f"can only have up to {HOLDS_AT_MOST} holds on a single fulfillment order at any one time.",
            "FULFILLMENT_ORDER_HOLD_LIMIT_REACHED",
            ("id",),
        )
    if chosen is None:
        return
    where = ("fulfillmentHold", "fulfillmentOrderLineItems")
    if work.holds:
        raise Refused("The fulfillment order is not in a splittable state.", "FULFILLMENT_ORDER_NOT_SPLITTABLE", where)
    there = {line.id: line.remaining for line in work.lines}
    if not chosen or any(units <= 0 for units in chosen.values()):
        first = next((at for at, units in enumerate(chosen.values()) if units <= 0), 0)
        raise Refused(
            "You must select at least one item to place on partial hold.",
            "GREATER_THAN_ZERO",
            (*where, str(first), "quantity"),
        )
    if any(units > there.get(line, 0) for line, units in chosen.items()):
        raise Refused("Invalid fulfillment order line item quantity requested.", "INVALID_LINE_ITEM_QUANTITY", where)


def release(order: Order, work: Work, holds: Iterable[int] | None, ids: Ids) -> tuple[list[Hold], list[Work]]:
    """Take holds off (all of them where none are named). What nobody holds any more merges with its siblings.

    Returns the holds that were taken off and the fulfillment orders that were merged into this one and closed.
    """
    named = None if holds is None else set(holds)
    taken = [old for old in work.holds if named is None or old.id in named]
    work.holds = [old for old in work.holds if old not in taken]
    merged: list[Work] = []
    if taken and not work.holds:
        work.status = "OPEN"
        merged = [
            other
            for other in order.works
            if other is not work and other.status == "OPEN" and not other.holds and other.location == work.location
        ]
        merge(work, merged, ids)
    return taken, merged


def merge(work: Work, others: Iterable[Work], ids: Ids) -> None:
    """Put all that is left in the others into this one; the others are closed."""
    for other in others:
        for line in other.lines:
            _add(work, line.line, line.remaining, ids)
            line.total = line.remaining = 0
        other.status = "CLOSED"
        work.parted = False


def split(order: Order, work: Work, chosen: Mapping[int, int], ids: Ids) -> Work:
    """Keep the chosen units (by fulfillment order line); the rest becomes a fulfillment order of its own."""
    there = {line.id: line.remaining for line in work.lines}
    if "SPLIT" not in work.actions or any(not 0 < units <= there.get(line, 0) for line, units in chosen.items()):
        raise Refused("Invalid fulfillment order line item quantity requested.")
    if sum(chosen.values()) == sum(there.values()):
        raise Refused("Invalid fulfillment order line item quantity requested.")
    rest = _part(order, work, {line: units - chosen.get(line, 0) for line, units in there.items()}, ids)
    work.parted = rest.parted = True
    return rest


def move(order: Order, work: Work, location: int, chosen: Mapping[int, int] | None, ids: Ids) -> Work:
    """Let another location ship it, or these units of it (by fulfillment order line): the one that is there now.

    All of it keeps its number; a part becomes a fulfillment order of its own.
    """
    if work.status == "IN_PROGRESS":
        raise Refused(
            "Cannot move a fulfillment order that has had progress reported. To move a fulfillment order that has had "
            "progress reported, the fulfillment order must first be marked as open resolving the ongoing progress "
            "state.",
            "CANNOT_MOVE_FULFILLMENT_ORDER_WITH_REPORTED_PROGRESS",
            ("id",),
        )
    if "MOVE" not in work.actions or location == work.location:
        raise Refused("Cannot change location.")
    there = {line.id: line.remaining for line in work.lines}
    if chosen is None or dict(chosen) == there:
        work.location = location
        return work
    if work.holds or not chosen or any(not 0 < units <= there.get(line, 0) for line, units in chosen.items()):
        raise Refused("Invalid fulfillment order line item quantity requested.")
    moved = _part(order, work, chosen, ids)
    moved.location = location
    return moved


def ship(order: Order, parts: Sequence[tuple[Work, Mapping[int, int]]], now: datetime, ids: Ids) -> Shipment:
    """Ship units by fulfillment order line, of fulfillment orders at one location: all of them or none. The shelf loses
    them; what is available stays as it was.
    """
    for work, units in parts:
        there = {line.id: line.remaining for line in work.lines}
        if work.holds or "CREATE_FULFILLMENT" not in work.actions:
            raise Refused("The fulfillment order is on hold or done: it cannot be shipped.")
        if not units or any(not 0 < quantity <= there.get(line, 0) for line, quantity in units.items()):
            raise Refused("Invalid fulfillment order line item quantity requested.")
    if len({work.location for work, _ in parts}) != 1:
        raise Refused("All fulfillment orders must be assigned to the same location.")
    shipped = []
    for work, units in parts:
        for line in work.lines:
            quantity = units.get(line.id, 0)
            if quantity:
                line.remaining -= quantity
                shipped.append(Units(ids.next("units"), line.line, quantity))
                product = line.line.product
                if product is not None and product.tracked:
                    product.shelf[work.location] = product.shelf.get(work.location, 0) - quantity
        work.status = "IN_PROGRESS" if any(line.remaining for line in work.lines) else "CLOSED"
    shipment = Shipment(ids.next("shipment"), now, parts[0][0].location, shipped)
    order.shipments.append(shipment)
    return shipment


def take_out(order: Order, line: Line, units: int) -> None:
    """Remove unshipped units of a line, those that nobody holds first; what is empty then is closed."""
    for work in sorted((work for work in order.works if work.open), key=lambda work: bool(work.holds)):
        for part in work.lines:
            if part.line is line and units:
                gone = min(units, part.remaining)
                part.remaining -= gone
                part.total -= gone
                units -= gone
        if not any(part.remaining for part in work.lines):
            work.holds = []
            work.status = "CLOSED"
    if units:
        raise Refused("So many units are not left to remove.")


def _part(order: Order, work: Work, chosen: Mapping[int, int], ids: Ids) -> Work:
    """Take units (by fulfillment order line) out into a new fulfillment order of the order."""
    rest = Work(ids.next("work"), work.location, [])
    kept = []
    for line in work.lines:
        units = chosen.get(line.id, 0)
        if units:
            _add(rest, line.line, units, ids)
            line.total -= units
            line.remaining -= units
        if line.total:
            kept.append(line)
    work.lines = kept
    order.works.append(rest)
    return rest


def _add(work: Work, line: Line, units: int, ids: Ids) -> None:
    for part in work.lines:
        if part.line is line:
            part.total += units
            part.remaining += units
            return
    work.lines.append(WorkLine(ids.next("work_line"), line, units, units))
