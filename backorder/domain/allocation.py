"""Who gets the stock: one pure function, a strict total order, a rule on every decision.

Order of service: queue time, then order id, then line id. Units that the store lets ship (firm) stay where they
are; all others (planned) are given anew in each pass, so a pass over an unchanged world decides nothing.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from backorder.domain.lifecycle import LineStanding, OrderStanding, PartStanding
from backorder.domain.orders import Order, OrderLine
from backorder.domain.policy import BackorderPolicy
from backorder.domain.supply import ZERO, Pool, Units


class Binding(StrEnum):
    """When given units become firm."""

    NEVER = "never"
    """The store is only watched."""
    AT_GRANT = "at_grant"
    """The platform cannot keep units from shipping."""
    AT_RELEASE = "at_release"
    """The store keeps waiting units from shipping until our release is confirmed."""


class Rule(StrEnum):
    """Why a decision was taken."""

    CAME_IN_COVERED = "came_in_covered"
    OLDEST_FIRST = "oldest_first"
    NOT_ENOUGH_LEFT = "not_enough_left"
    """A new line found fewer units left than it needs: the rest waits."""
    SUPPLY_SHRANK = "supply_shrank"
    OLDER_CAME = "older_came"
    """An older order became known and stands before this one."""
    LESS_OWED = "less_owed"
    """The line was shipped, cancelled or made smaller."""
    CUSTOMER_CANCELS = "customer_cancels"
    BY_HAND = "by_hand"
    RELEASED = "released"
    """The store lets the units ship: they are firm."""


def queue_time(order: Order, line: OrderLine, policy: BackorderPolicy) -> datetime:
    """From when a line queues: from its order's day, or from its own where it joined the order later."""
    if line.added_at is None or not policy.late_lines_wait:
        return order.placed_at
    return max(order.placed_at, line.added_at)


@dataclass(frozen=True, slots=True, order=True)
class Turn:
    """A line's place: smaller is served first. Strict, and the same however often it is asked."""

    queue_time: datetime
    order_id: int
    line_id: int


@dataclass(frozen=True, slots=True)
class Demand:
    """Units of one order line that one pool owes, and what the line has been given so far."""

    turn: Turn
    pool: Pool
    outstanding: Units
    allocated: Units = ZERO
    firm: Units = ZERO
    first_pass: bool = False
    """No decision was ever taken about it."""
    takes_no_more: bool = False
    """The customer wants it cancelled."""

    @property
    def key(self) -> tuple[int, int, Pool]:
        """Which part of which line."""
        return (self.turn.order_id, self.turn.line_id, self.pool)


@dataclass(frozen=True, slots=True)
class Supply:
    """What one pool may give. Without `may_take_back` nothing given is taken away for want of units."""

    units: Units
    keep_back: Units = ZERO
    may_take_back: bool = True


@dataclass(frozen=True, slots=True)
class Decision:
    """A change of what one part of a line has: from `before` to `allocated`, of which `firm` may not move again."""

    demand: Demand
    allocated: Units
    firm: Units
    rule: Rule

    @property
    def change(self) -> Units:
        """Units given (positive) or taken (negative)."""
        return self.allocated - self.demand.allocated


@dataclass(frozen=True, slots=True)
class Plan:
    """The outcome of a pass: only what changes, and the firm units for which nothing is there any more."""

    decisions: tuple[Decision, ...]
    shortfall: Mapping[Pool, Units]


def allocate(demand: Iterable[Demand], supply: Mapping[Pool, Supply], binding: Binding) -> Plan:
    """Give each pool's units to its lines in turn. Pools that `supply` does not name are left as they are."""
    by_pool: dict[Pool, list[Demand]] = {}
    for part in demand:
        if part.pool in supply:
            by_pool.setdefault(part.pool, []).append(part)
    decisions: list[Decision] = []
    shortfall: dict[Pool, Units] = {}
    for pool in sorted(by_pool):
        queue = sorted(by_pool[pool], key=lambda part: part.turn)
        short = _serve(queue, supply[pool], binding, decisions)
        if short:
            shortfall[pool] = short
    return Plan(tuple(decisions), shortfall)


def _serve(queue: list[Demand], supply: Supply, binding: Binding, decisions: list[Decision]) -> Units:
    """One pool, oldest first. Appends what changes; returns the firm units that are not covered any more."""
    kept_firm = [min(part.firm, part.outstanding) for part in queue]
    free = supply.units - sum(kept_firm, ZERO)
    if not supply.may_take_back:
        given = sum((min(part.allocated, part.outstanding) for part in queue), ZERO)
        free = max(free, given - sum(kept_firm, ZERO))
    shortfall = max(ZERO, -free)
    free = max(ZERO, free)
    older_gained = False
    for part, firm in zip(queue, kept_firm, strict=True):
        wants = ZERO if part.takes_no_more else part.outstanding - firm
        # Units kept back are closed to lines that already wait; a new line was sold as in stock and may take them.
        reach = free if part.first_pass else max(free - supply.keep_back, min(free, part.allocated - firm))
        given = max(ZERO, min(wants, reach))
        free -= given
        allocated = firm + given
        if binding is Binding.AT_GRANT:
            firm = allocated
        if part.first_pass or allocated != part.allocated or firm != part.firm:
            decisions.append(Decision(part, allocated, firm, _rule(part, allocated, older_gained)))
        older_gained = older_gained or allocated > part.allocated
    return shortfall


def _rule(part: Demand, allocated: Units, older_gained: bool) -> Rule:
    if part.first_pass:
        return Rule.CAME_IN_COVERED if allocated == part.outstanding else Rule.NOT_ENOUGH_LEFT
    if allocated > part.allocated:
        return Rule.OLDEST_FIRST
    if allocated == part.allocated:
        return Rule.RELEASED
    if part.allocated > part.outstanding:
        return Rule.LESS_OWED
    if part.takes_no_more:
        return Rule.CUSTOMER_CANCELS
    return Rule.OLDER_CAME if older_gained else Rule.SUPPLY_SHRANK


def made_firm(
    order: Order, stands: OrderStanding, firm: Callable[[LineStanding, PartStanding, Pool], Units], rule: Rule
) -> list[Decision]:
    """Decisions beside a pass: in each part as many units as `firm` says are firm from now on, and so are given."""
    made = []
    for line in stands.lines:
        for part in line.parts:
            if part.pool is None:
                continue
            units = min(firm(line, part, part.pool), part.outstanding)
            if units > part.firm:
                turn = Turn(order.placed_at, order.id, line.line_id)
                demand = Demand(turn, part.pool, part.outstanding, part.allocated, part.firm)
                made.append(Decision(demand, max(part.allocated, units), units, rule))
    return made
