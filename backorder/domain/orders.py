"""Orders as the store tells them, and how what it tells changes what we know. Nothing here is ours to decide.

Only a reading (fetched with the store's own key) says how many units are owed, and where. A webhook's body
introduces an order that was not known and marks a known one as unread; so no body can set the book back.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from backorder.domain.supply import ZERO, Pool, Units


class OrderStatus(StrEnum):
    """Whether the store still means to ship the order."""

    OPEN = "open"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    GONE = "gone"
    """Deleted or in the store's trash."""


class Ignored(StrEnum):
    """Why a line never waits. Such lines are shown apart."""

    GIFT_CARD = "gift_card"
    NO_SHIPPING = "no_shipping"
    CUSTOM = "custom"
    UNTRACKED = "untracked"
    REMOVED = "removed"
    PRODUCT_GONE = "product_gone"
    VARIANT_GONE = "variant_gone"
    NOT_TAKEN = "not_taken"
    """The store has not taken stock for it (yet)."""


@dataclass(frozen=True, slots=True)
class Customer:
    """Who ordered. Every field may be missing: stores withhold them."""

    id: int | None = None
    name: str = ""
    email: str = ""
    tags: tuple[str, ...] | None = None
    """What the merchant tagged the customer with; `None` where the store does not tell."""

    @property
    def mailbox(self) -> str:
        """The address as one that is the same however it was typed. What stands behind a plus is another mailbox."""
        return self.email.strip().casefold()


@dataclass(frozen=True, slots=True)
class Shipping:
    """A way of shipping that the customer chose, and what was paid for it in the order's currency."""

    method: str
    paid: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Part:
    """Units of a line that are owed from one pool; `pool` is `None` before the store has said where from."""

    pool: Pool | None
    outstanding: Units


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One line. ordered = shipped + cancelled + outstanding, unless the line is ignored."""

    id: int
    item: int | None
    ordered: Units
    shipped: Units = ZERO
    cancelled: Units = ZERO
    parts: tuple[Part, ...] = ()
    ignored: Ignored | None = None
    title: str = ""
    sku: str = ""
    unit_price: Decimal = Decimal(0)
    """In the order's currency, after discounts, without tax."""
    added_at: datetime | None = None
    """When the line joined the order, where that is later than the order itself."""
    kit: int | None = None
    """Lines of one order with the same number are the pieces of one kit: they ship together."""
    unreturned: Units = ZERO
    """Units that the store took for it and keeps, although they are neither owed nor sent: what it was closed without
    giving back. They are missing from the store's figure for good.
    """

    @property
    def outstanding(self) -> Units:
        """Units still owed to the customer."""
        return sum((part.outstanding for part in self.parts), ZERO)


@dataclass(frozen=True, slots=True)
class Order:
    """An order as the store tells it at `changed_at` (the store's clock)."""

    id: int
    number: str
    placed_at: datetime
    changed_at: datetime
    status: OrderStatus = OrderStatus.OPEN
    store_status: str = ""
    """The platform's own word for the status, shown to the merchant."""
    paid: bool = True
    currency: str = ""
    customer: Customer = Customer()
    lines: tuple[OrderLine, ...] = ()
    tags: tuple[str, ...] = ()
    shipping: tuple[Shipping, ...] | None = None
    """`None` where the store does not tell."""
    need_by: date | None = None
    """The day by which the customer needs it, where one was told."""


@dataclass(frozen=True, slots=True)
class KnownOrder:
    """An order in the book: what was told last, and whether it must be read before anything rests on it."""

    order: Order
    unread: bool = True
    unread_at: datetime | None = None
    """When it was last marked unread (our clock): a reading that had begun by then does not take the mark away."""
    read_began: datetime | None = None
    """When the reading that told it began (our clock); `None` while only bodies have told it."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The truth fetched about one order, and when the fetching began (our clock)."""

    order: Order
    began: datetime
    parcels_told: bool = True
    """Whether the store told which units have left; where it did not, those that we knew of still have."""


def hinted(known: KnownOrder | None, told: Order, *, whole: bool = False, worded: bool = False) -> KnownOrder:
    """Take in a webhook's body. It never lowers or moves units: it introduces the order, or asks for a reading.

    A body older than what is known changes nothing. On a tie of `changed_at` the order is read again: the stamp's
    grain is a second, so equal stamps are not equal states. Only where the body is `whole` (see OrderSeen for this and
    for `worded`) and says just what a reading said is there nothing to read: such are the echoes of what we wrote.
    """
    if known is None:
        lines = tuple(replace(line, parts=_nowhere(line)) for line in map(without_negative, told.lines))
        return KnownOrder(replace(told, lines=lines), unread=True)
    if told.changed_at < known.order.changed_at:
        return known
    if whole and known.read_began is not None and _says_the_same(known.order, told, worded=worded):
        return known
    return replace(known, unread=True)


def answered(known: KnownOrder, told: Order) -> KnownOrder | None:
    """Take in what the answer to a write of ours tells of the order. Where that is what a reading said, the write moved
    the store's stamp and nothing else, and its echo will find the stamp known. `None` where it tells anything else:
    somebody changed the order meanwhile, and it is to be read.
    """
    if known.read_began is None or told.changed_at < known.order.changed_at:
        return None
    stamped = replace(known.order, changed_at=told.changed_at)
    return replace(known, order=stamped) if _says_the_same(stamped, told, worded=True) else None


def _says_the_same(known: Order, told: Order, *, worded: bool) -> bool:
    """Whether a body tells of an order just what is known of it."""
    return _told(known) == _told(told) and (not worded or known.store_status == told.store_status)


def _told(order: Order) -> tuple[object, ...]:
    """What a body and a reading both tell. Where units lie is not in a body."""
    lines = {
        (line.id, line.ordered, line.shipped, line.cancelled, line.outstanding, line.ignored)
        for line in order.lines
        if line.ignored is not Ignored.REMOVED
    }
    tags = frozenset(tag.casefold() for tag in order.tags)
    return order.changed_at, order.status, order.paid, order.customer.id, order.customer.mailbox, tags, lines


def read(known: KnownOrder | None, reading: Reading) -> KnownOrder:
    """Take in a reading. Of two readings of one order the one that began later wins."""
    if known is not None and known.read_began is not None and known.read_began > reading.began:
        return known
    order = replace(reading.order, lines=tuple(map(without_negative, reading.order.lines)))
    if known is not None and not reading.parcels_told:
        order = _with_parcels_of(known.order, order)
    if known is not None:
        order = _with_history(known.order, order)
    return KnownOrder(order, *_still_unread(known, reading.began), read_began=reading.began)


def gone(known: KnownOrder, began: datetime) -> KnownOrder:
    """The store, asked at `began`, no longer has the order: everything that was owed is off. What was read later is
    kept.
    """
    if known.read_began is not None and known.read_began > began:
        return known
    lines = tuple(
        replace(
            line,
            parts=(),
            cancelled=line.cancelled + line.outstanding,
            unreturned=line.unreturned + sum((part.outstanding for part in line.parts if part.pool is not None), ZERO),
        )
        for line in known.order.lines
    )
    order = replace(known.order, status=OrderStatus.GONE, lines=lines)
    return KnownOrder(order, *_still_unread(known, began), read_began=began)


def _still_unread(known: KnownOrder | None, began: datetime) -> tuple[bool, datetime | None]:
    """Whether, and since when, the order has to be read once more after a reading that began at `began`."""
    marked = known.unread_at if known is not None and known.unread else None
    return (True, marked) if marked is not None and marked > began else (False, None)


def without_negative(line: OrderLine) -> OrderLine:
    """The line without units below nothing, which some plugins sell as a discount: nobody can be owed such."""
    parts = tuple(part for part in line.parts if part.outstanding >= 0)
    least = min(line.ordered, line.shipped, line.cancelled)
    if least >= 0 and len(parts) == len(line.parts):
        return line
    ordered, shipped, cancelled = (max(ZERO, units) for units in (line.ordered, line.shipped, line.cancelled))
    return replace(line, ordered=ordered, shipped=shipped, cancelled=cancelled, parts=parts)


def _nowhere(line: OrderLine) -> tuple[Part, ...]:
    owed = line.outstanding
    return (Part(None, owed),) if owed and line.ignored is None else ()


def _with_parcels_of(before: Order, now: Order) -> Order:
    """The order with the units that had left by the last telling, of an order that was and is open."""
    if before.status is not OrderStatus.OPEN or now.status is not OrderStatus.OPEN:
        return now
    left = {line.id: line.shipped for line in before.lines}
    return replace(now, lines=tuple(_with_left(line, left.get(line.id, ZERO)) for line in now.lines))


def _with_left(line: OrderLine, left: Units) -> OrderLine:
    parts = []
    shipped = line.shipped
    for part in line.parts:
        gone = min(part.outstanding, max(ZERO, left - shipped))
        shipped += gone
        if part.outstanding > gone:
            parts.append(replace(part, outstanding=part.outstanding - gone))
    return replace(line, shipped=shipped, parts=tuple(parts))


def _with_history(before: Order, now: Order) -> Order:
    """What a reading alone does not tell: since when a line is there, and which lines the order once had.

    A line that joins a known order queues from the change that brought it, not from the order's first day.
    """
    known = {line.id: line for line in before.lines}
    there = {line.id for line in now.lines}
    lines = [
        replace(line, added_at=known[line.id].added_at if line.id in known else line.added_at or now.changed_at)
        for line in now.lines
    ]
    for line in before.lines:
        if line.id not in there:
            off = line.cancelled + line.outstanding
            lines.append(replace(line, parts=(), cancelled=off, ignored=Ignored.REMOVED))
    return replace(now, lines=tuple(lines))


def left_since(before: Order, now: Order) -> dict[tuple[int, Pool | None], Units]:
    """Units that left from each part of a line between two tellings: by so many more were shipped, and fewer are owed
    there.
    """
    was = {line.id: line for line in before.lines}
    left: dict[tuple[int, Pool | None], Units] = {}
    for line in now.lines:
        old = was.get(line.id)
        if old is None or line.shipped <= old.shipped:
            continue
        gone = line.shipped - old.shipped
        owed = {part.pool: part.outstanding for part in line.parts}
        for part in old.parts:
            units = min(gone, part.outstanding - owed.get(part.pool, ZERO))
            if units > 0:
                left[line.id, part.pool] = units
                gone -= units
    return left


NEED_BY = "need_by"
"""The name under which a shop's theme or a plugin notes the day on which the customer needs the order."""


def needed_by(notes: Mapping[str, object]) -> date | None:
    """The day by which the order is needed, where somebody noted one that can be read (2026-03-31)."""
    text = str(notes.get(NEED_BY, "")).strip()
    try:
        return date.fromisoformat(text[:10]) if text else None
    except ValueError:
        return None


def pools_of(order: Order) -> frozenset[Pool]:
    """Every pool that one of the order's lines is owed from."""
    return frozenset(part.pool for line in order.lines for part in line.parts if part.pool is not None)
