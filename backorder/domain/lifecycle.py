"""Where an order line stands: the one status enum, how it follows from the units, what changed between two looks."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from backorder.domain.orders import Order, OrderLine, OrderStatus
from backorder.domain.split import LineUnits, Stay, Terms, stays
from backorder.domain.supply import ZERO, Pool, Units

NOTHING: Mapping[int, Units] = MappingProxyType({})


class LineState(StrEnum):
    """Where a line stands. A line moves between waiting, partial and planned as units come and go."""

    COVERED = "covered"
    """It was in stock when it came in."""
    WAITING = "waiting"
    PARTIAL = "partial"
    PLANNED = "planned"
    """All units are given, and the store still keeps some of them from shipping."""
    READY = "ready"
    """The store lets all of it ship."""
    SHIPPED = "shipped"
    CANCELLED = "cancelled"


class WorkState(StrEnum):
    """Where a piece of work stands: a delivery, a store write, a notice."""

    DUE = "due"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """It was begun and no answer came. It is looked up, or shown; never done again blindly."""
    DROPPED = "dropped"
    """It was no longer true when its turn came."""


@dataclass(frozen=True, slots=True)
class PartStanding:
    """One part of a line: what it is owed and what it has."""

    pool: Pool | None
    outstanding: Units
    allocated: Units = ZERO
    firm: Units = ZERO
    free_to_ship: Units = ZERO
    """Units that may leave now under the split policy and the payment."""
    promised: tuple[date, date] | None = None
    decided: bool = True
    """Whether a pass has decided about it; before, nothing may be done or said on its behalf."""

    @property
    def waiting(self) -> Units:
        """Units without stock to cover them."""
        return self.outstanding - self.allocated

    @property
    def short(self) -> Units:
        """Units that a pass found to be missing."""
        return self.waiting if self.decided else ZERO


@dataclass(frozen=True, slots=True)
class LineStanding:
    """One line of an order as customer and merchant see it."""

    line_id: int
    title: str
    sku: str
    ordered: Units
    shipped: Units
    cancelled: Units
    parts: tuple[PartStanding, ...]
    waited: bool
    """It was found waiting at some time."""
    stay: Stay | None = None
    """Why its given units do not leave, payment apart; `None` where they may."""
    accepted: bool = True
    """Its waiting was taken on: it may have a date, and its customer be told."""
    told_elsewhere: Units = ZERO
    """Units in parcels of which somebody else tells the customer, or nobody: recorded, or about to be."""

    @property
    def shipped_to_tell(self) -> Units:
        """Units shipped of which our own message is to speak."""
        return max(ZERO, self.shipped - self.told_elsewhere)

    @property
    def outstanding(self) -> Units:
        """Units still owed."""
        return sum((part.outstanding for part in self.parts), ZERO)

    @property
    def allocated(self) -> Units:
        """Units given."""
        return sum((part.allocated for part in self.parts), ZERO)

    @property
    def firm(self) -> Units:
        """Units that the store lets ship."""
        return sum((part.firm for part in self.parts), ZERO)

    @property
    def free_to_ship(self) -> Units:
        """Units that may leave now."""
        return sum((part.free_to_ship for part in self.parts), ZERO)

    @property
    def waiting(self) -> Units:
        """Units without stock to cover them."""
        return self.outstanding - self.allocated

    @property
    def short(self) -> Units:
        """Units that a pass found to be missing."""
        return sum((part.short for part in self.parts), ZERO)

    @property
    def promised(self) -> tuple[date, date] | None:
        """The range in which all of it can ship; `None` where any waiting part has no date."""
        waiting = [part for part in self.parts if part.waiting > 0]
        dates = [part.promised for part in waiting if part.promised is not None]
        if not waiting or len(dates) < len(waiting):
            return None
        return max(early for early, _ in dates), max(late for _, late in dates)

    @property
    def state(self) -> LineState:
        """The line's one state."""
        if self.outstanding == 0:
            return LineState.SHIPPED if self.shipped > 0 else LineState.CANCELLED
        if self.allocated == 0:
            return LineState.WAITING
        if self.allocated < self.outstanding:
            return LineState.PARTIAL
        if not self.waited:
            return LineState.COVERED
        return LineState.READY if self.firm == self.outstanding else LineState.PLANNED


@dataclass(frozen=True, slots=True)
class OrderStanding:
    """A whole order as it stands."""

    order_id: int
    status: OrderStatus
    paid: bool
    lines: tuple[LineStanding, ...]

    @property
    def waited(self) -> bool:
        """Whether any of it was ever backordered."""
        return any(line.waited for line in self.lines)

    @property
    def waiting(self) -> Units:
        """Units of the order without stock to cover them."""
        return sum((line.waiting for line in self.lines), ZERO)

    @property
    def outstanding(self) -> Units:
        """Units of the order still owed."""
        return sum((line.outstanding for line in self.lines), ZERO)

    @property
    def short(self) -> Units:
        """Units of the order that a pass found to be missing."""
        return sum((line.short for line in self.lines), ZERO)

    @property
    def free_to_ship(self) -> Units:
        """Units that may leave now, of lines that ever waited."""
        return sum((line.free_to_ship for line in self.lines if line.waited), ZERO)

    @property
    def shipped(self) -> Units:
        """Units shipped, of lines that ever waited."""
        return sum((line.shipped for line in self.lines if line.waited), ZERO)

    def stood(self, before: "Stood | None" = None) -> "Stood":
        """The figures by which a later look tells what changed.

        What leaves of a line that is not accepted counts like all that leaves. Its waiting does not: its customer
        hears of that once it is accepted.
        """
        kept = {line.line_id: line for line in before.lines} if before is not None else {}
        if self.status is OrderStatus.OPEN or before is None:
            for line in self.lines:
                was = kept.get(line.line_id)
                if not line.waited or (was is None and not line.accepted):
                    continue
                short = line.short if was is None or line.accepted else min(was.short, line.short)
                told = was.told if was is not None else None
                released = line.free_to_ship + line.shipped
                kept[line.line_id] = LineStood(line.line_id, short, released, line.shipped_to_tell, told)
        return Stood(self.status, tuple(kept[line_id] for line_id in sorted(kept)))


@dataclass(frozen=True, slots=True)
class Told:
    """The date that a customer was told last for what waits; `None`: that it is not known yet."""

    late: date | None


@dataclass(frozen=True, slots=True)
class LineStood:
    """What is kept of where a line stood that ever waited."""

    line_id: int
    short: Units
    released: Units
    """Units that had left or might leave: free to ship or shipped."""
    shipped: Units
    """Units shipped of which our own message was to speak."""
    told: Told | None = None
    """`None` where the customer was told nothing."""


@dataclass(frozen=True, slots=True)
class Stood:
    """What is kept of where an order stood, to see what a change means for the customer. A line that an order does
    not show for a while (it is in the trash, or not paid yet) is kept as it stood last.
    """

    status: OrderStatus
    lines: tuple[LineStood, ...] = ()


@dataclass(frozen=True, slots=True)
class Given:
    """What a pass decided about one part of a line, as the book keeps it."""

    pool: Pool | None
    allocated: Units = ZERO
    firm: Units = ZERO
    promised: tuple[date, date] | None = None


def standing(
    order: Order,
    given: dict[int, list[Given]],
    waited: Iterable[int],
    terms: Terms,
    refused: Collection[int] = (),
    told_elsewhere: Mapping[int, Units] = NOTHING,
) -> OrderStanding:
    """Put together what the store tells and what we gave. `waited` are the ids of lines ever found waiting, `refused`
    those of them whose waiting was not accepted, `told_elsewhere` units in parcels by line: see LineStanding.
    """
    waited = frozenset(waited)
    found: list[list[tuple[Pool | None, Units, Given | None]]] = []
    for line in order.lines:
        has = {g.pool: g for g in given.get(line.id, [])}
        found.append([(p.pool, p.outstanding, has.get(p.pool)) for p in line.parts if p.outstanding])
    units = [_units(line, parts) for line, parts in zip(order.lines, found, strict=True)]
    staying = stays(order, units, terms)
    lines = []
    for line, parts in zip(order.lines, found, strict=True):
        if line.ignored is not None:
            continue
        may_leave = order.paid and line.id not in staying
        lines.append(
            LineStanding(
                line_id=line.id,
                title=line.title,
                sku=line.sku,
                ordered=line.ordered,
                shipped=line.shipped,
                cancelled=line.cancelled,
                waited=line.id in waited or any(g is not None and owed > g.allocated for _, owed, g in parts),
                parts=tuple(_part(pool, owed, g, may_leave) for pool, owed, g in parts),
                stay=staying.get(line.id),
                accepted=line.id not in refused,
                told_elsewhere=told_elsewhere.get(line.id, ZERO),
            )
        )
    return OrderStanding(order.id, order.status, order.paid, tuple(lines))


def _units(line: OrderLine, parts: list[tuple[Pool | None, Units, Given | None]]) -> LineUnits:
    return LineUnits(
        line_id=line.id,
        item=line.item,
        outstanding=sum((owed for _, owed, _ in parts), ZERO),
        allocated=sum((min(g.allocated, owed) for _, owed, g in parts if g is not None), ZERO),
        whole=all(g is not None and g.allocated >= owed for _, owed, g in parts),
        unit_price=line.unit_price,
        kit=line.kit,
    )


def _part(pool: Pool | None, owed: Units, given: Given | None, may_leave: bool) -> PartStanding:
    if given is None:
        return PartStanding(pool, owed, decided=False)
    return PartStanding(
        pool,
        owed,
        allocated=min(given.allocated, owed),
        firm=min(given.firm, owed),
        # What is firm has left our hands: the store lets it ship whatever the policy says today.
        free_to_ship=min(owed, given.allocated if may_leave else given.firm),
        promised=given.promised,
    )
