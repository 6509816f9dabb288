"""What a store should show and keep from shipping for us, and which changes lead there from what it has now.

The desired side is a pure function of where an order stands; a connector writes the difference to what it finds.
What a person undid in the store is respected while our reason for it is the same.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum

from backorder.domain.lifecycle import OrderStanding
from backorder.domain.orders import Order, OrderStatus
from backorder.domain.policy import LINE_LABEL, BackorderPolicy
from backorder.domain.spoken import spoken, spoken_days
from backorder.domain.supply import ZERO, Units


class Capability(StrEnum):
    """What a platform can do for us on an order or an item."""

    HOLD = "hold"
    """Keep units of a line from shipping."""
    TAG = "tag"
    SHOW = "show"
    """Keep one private record of the promise at the order."""
    LINE_DATE = "line_date"
    """Show the expected date at the line."""
    NOTE = "note"
    """Add a private note. Cannot be repeated safely."""
    ORDER_NOTE = "order_note"
    """Keep one line of ours in the order's own note, beside what people write there."""
    SHOPPERS = "shoppers"
    """Show at an item what shoppers may know of it."""
    STATUS = "status"
    """Give waiting orders a status that the merchant chose."""
    CANCEL = "cancel"
    """Cancel units of an order and refund them."""
    MOVE = "move"
    """Let another location ship what is still to ship."""
    SHIP = "ship"
    """Record a parcel that has left."""
    SELLING = "selling"
    """Turn the store's switch for selling an item that is not there."""
    PARTS = "parts"
    """Count parts of a unit: goods by the metre."""


class ActionKind(StrEnum):
    """One kind of change to a store."""

    HOLD = "hold"
    RELEASE = "release"
    TAG = "tag"
    SHOW = "show"
    LINE_DATE = "line_date"
    STATUS = "status"
    NOTE = "note"
    ORDER_NOTE = "order_note"


@dataclass(frozen=True, slots=True, order=True)
class Held:
    """Units of a line that our hold keeps from shipping at one location."""

    line_id: int
    location: int
    units: Units


@dataclass(frozen=True, slots=True)
class Shown:
    """The promise as the store keeps it for staff: the order's state in one word, what waits, and until when."""

    state: str
    waiting: Units
    early: date | None = None
    late: date | None = None
    position: int | None = field(default=None, compare=False)
    """The order's place in the queue when it was last written to: it moves with every order before it, so a place that
    moved alone is no difference.
    """


@dataclass(frozen=True, slots=True)
class LineDate:
    """The day by which a waiting line is expected to ship; `None` is said as "not known yet"."""

    line_id: int
    late: date | None
    label: str = LINE_LABEL
    """What it is called there."""


@dataclass(frozen=True, slots=True)
class StoreSide:
    """What a store has of ours on one order, or should have."""

    held: tuple[Held, ...] = ()
    tags: tuple[str, ...] = ()
    shown: Shown | None = None
    line_dates: tuple[LineDate, ...] = ()
    noted: str = ""
    """Our line in the order's own note; empty where there is none."""
    status: str = ""
    """The status of the merchant's choice that we gave a waiting order, in the store's word; empty: none of ours."""


def tags_of_ours(prefix: str) -> frozenset[str]:
    """Every tag that we may set, and therefore remove."""
    return frozenset({prefix, f"{prefix}-partial", f"{prefix}-ready"})


def desired(order: OrderStanding, policy: BackorderPolicy, can: frozenset[Capability]) -> StoreSide:
    """What the store should have of ours, as far as it can."""
    if order.status is not OrderStatus.OPEN or not order.waited or order.outstanding == 0:
        return StoreSide()
    waits = order.short > 0
    ready = not waits and all(line.free_to_ship == line.outstanding for line in order.lines if line.waited)
    dates = [
        LineDate(line.line_id, line.promised[1] if line.promised else None, policy.line_label)
        for line in order.lines
        if line.short > 0
    ]
    shown = _shown(order, waits, ready)
    return StoreSide(
        held=_held(order) if Capability.HOLD in can else (),
        tags=_tags(order, policy.tag_prefix, waits, ready) if Capability.TAG in can else (),
        shown=shown if Capability.SHOW in can else None,
        line_dates=tuple(dates) if Capability.LINE_DATE in can else (),
        noted=_noted(shown, order.outstanding) if policy.order_note and Capability.ORDER_NOTE in can else "",
        # Whoever has not paid is asked to by the status that the order has: it stays.
        status=policy.waiting_status if Capability.STATUS in can and waits and order.paid else "",
    )


def _noted(shown: Shown, outstanding: Units) -> str:
    """What staff reads in the order's note; nothing where nothing waits."""
    if shown.waiting == 0:
        return ""
    verb = "waits" if shown.waiting == 1 else "wait"
    early, late = shown.early, shown.late
    when = f"expected {spoken_days(early, late)}" if early and late else "the date is not known yet"
    return f"Backorder: {spoken(shown.waiting)} of {spoken(outstanding)} {verb}, {when}"


def _held(order: OrderStanding) -> tuple[Held, ...]:
    held = [
        Held(line.line_id, part.pool.location, part.outstanding - part.free_to_ship)
        for line in order.lines
        for part in line.parts
        if part.decided and part.pool is not None and part.outstanding > part.free_to_ship
    ]
    return tuple(sorted(held))


def _tags(order: OrderStanding, prefix: str, waits: bool, ready: bool) -> tuple[str, ...]:
    tags = []
    if waits:
        tags.append(prefix)
        if any(line.allocated > 0 for line in order.lines if line.waited):
            tags.append(f"{prefix}-partial")
    elif ready:
        tags.append(f"{prefix}-ready")
    return tuple(sorted(tags))


def _shown(order: OrderStanding, waits: bool, ready: bool) -> Shown:
    dates = [line.promised for line in order.lines if line.short > 0]
    known = [d for d in dates if d is not None]
    all_known = bool(known) and len(known) == len(dates)
    return Shown(
        state="waiting" if waits else ("ready" if ready else "planned"),
        waiting=order.short,
        early=max(d[0] for d in known) if all_known else None,
        late=max(d[1] for d in known) if all_known else None,
    )


def plan_actions(before: StoreSide, after: StoreSide, can: frozenset[Capability]) -> list[ActionKind]:
    """The kinds of change that lead from one side to the other."""
    kinds = []
    had = {(h.line_id, h.location): h.units for h in before.held}
    has = {(h.line_id, h.location): h.units for h in after.held}
    if any(units > had.get(key, ZERO) for key, units in has.items()):
        kinds.append(ActionKind.HOLD)
    if any(units > has.get(key, ZERO) for key, units in had.items()):
        kinds.append(ActionKind.RELEASE)
    if before.tags != after.tags:
        kinds.append(ActionKind.TAG)
    if before.shown != after.shown:
        kinds.append(ActionKind.SHOW)
    if before.line_dates != after.line_dates:
        kinds.append(ActionKind.LINE_DATE)
    if before.noted != after.noted:
        kinds.append(ActionKind.ORDER_NOTE)
    if before.status != after.status:
        kinds.append(ActionKind.STATUS)
    if Capability.NOTE in can and _worth_a_note(before.shown, after.shown):
        kinds.append(ActionKind.NOTE)
    return kinds


def _worth_a_note(before: Shown | None, after: Shown | None) -> bool:
    """A note per change of what waits; a date that moves alone is no news for the order's history."""
    if after is None:
        return False
    return before is None or (before.state, before.waiting) != (after.state, after.waiting)


def line_still_refused(before: StoreSide, after: StoreSide) -> bool:
    """Whether a person who deleted our line from the order's note is still to be respected: what waits is the same."""
    return after.shown is not None and not _worth_a_note(before.shown, after.shown)


def exchanged(before: Order, now: Order) -> dict[int, Units]:
    """Units of each line that an edit took away and another one put back between two readings: the hold went with the
    former, and the latter came without.
    """
    was = {line.id: line for line in before.lines}
    both = [(line, was[line.id]) for line in now.lines if line.id in was]
    return {line.id: max(ZERO, min(line.ordered - old.ordered, line.cancelled - old.cancelled)) for line, old in both}


def released_by_hand(
    wrote: StoreSide, found: StoreSide, order: OrderStanding, exchanged: Mapping[int, Units] | None = None
) -> list[Held]:
    """Units whose hold of ours a person took off: held when we last wrote, free now, not free by our decision, and
    neither among those of each line that were exchanged since nor moved to another location with their hold.
    """
    now_held = {(h.line_id, h.location): h.units for h in found.held}
    was_held = {(h.line_id, h.location): h.units for h in wrote.held}
    moved: dict[int, Units] = {}
    for (line_id, location), units in now_held.items():
        more = units - was_held.get((line_id, location), ZERO)
        moved[line_id] = moved.get(line_id, ZERO) + max(ZERO, more)
    parts = {
        (line.line_id, part.pool.location): part for line in order.lines for part in line.parts if part.pool is not None
    }
    taken_off = []
    for held in wrote.held:
        part = parts.get((held.line_id, held.location))
        if part is None:
            continue
        still = now_held.get((held.line_id, held.location), ZERO)
        free_now = part.outstanding - still
        new = exchanged.get(held.line_id, ZERO) if exchanged else ZERO
        units = min(held.units - still, free_now - part.free_to_ship) - new - moved.get(held.line_id, ZERO)
        if units > 0:
            taken_off.append(Held(held.line_id, held.location, units))
    return taken_off


def lacks_holds(wanted: StoreSide, found: StoreSide, kept: Iterable[Held]) -> bool:
    """Whether units could ship that should not: in no hold of ours, and kept from shipping by nobody else either."""
    stays = {(h.line_id, h.location): h.units for h in found.held}
    for other in kept:
        key = (other.line_id, other.location)
        stays[key] = stays.get(key, ZERO) + other.units
    return any(h.units > stays.get((h.line_id, h.location), ZERO) for h in wanted.held)


def tags_taken_off(wrote: StoreSide, found: StoreSide) -> tuple[str, ...]:
    """Tags of ours that a person removed since we wrote them."""
    return tuple(tag for tag in wrote.tags if tag not in found.tags)


def line_deleted(wrote: StoreSide, found: StoreSide) -> bool:
    """Whether a person deleted our line from the order's note since we wrote it."""
    return bool(wrote.noted) and not found.noted


def line_left_out(desired: StoreSide | None, wrote: StoreSide | None) -> bool:
    """Whether the order's note, once written to, has none of our line although it should: it has no room for it."""
    return bool(desired and desired.noted and wrote is not None and not wrote.noted)


def without_refused(side: StoreSide, tags: Iterable[str], *, line: bool) -> StoreSide:
    """The side without what a person does not want: tags, and with `line` our line in the order's note."""
    side = without_tags(side, tags)
    return replace(side, noted="") if line and side.noted else side


def status_left(wanted: StoreSide, found: StoreSide) -> str:
    """The status that a waiting order would have and does not: somebody gave it another one, which is theirs. Empty
    where nothing is left alone.
    """
    return wanted.status if wanted.status != found.status else ""


def without_tags(side: StoreSide, refused: Iterable[str]) -> StoreSide:
    """The side without the tags that a person does not want."""
    refused = frozenset(refused)
    if not refused:
        return side
    return replace(side, tags=tuple(tag for tag in side.tags if tag not in refused))
