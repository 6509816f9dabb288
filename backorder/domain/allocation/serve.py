"""One pass: each pool's units are given to its lines in turn.

Units that the store lets ship (firm) stay where they are; all others (planned) are given anew, so a pass over an
unchanged world decides nothing. An order that takes all or nothing is served at the turn of its last line.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, tzinfo
from itertools import groupby
from operator import itemgetter

from backorder.domain.allocation.decisions import Decision, Plan, Rule
from backorder.domain.allocation.demand import Binding, Demand, Supply, Turn
from backorder.domain.supply import ZERO, Pool, Units


@dataclass(slots=True)
class _Served:
    """A part after its turn."""

    part: Demand
    firm: Units
    allocated: Units
    declined: bool = False
    """Units were there for it, but not for all of its order."""
    gains: bool = field(init=False)
    short: bool = field(init=False)
    age: Turn = field(init=False)

    def __post_init__(self) -> None:
        part = self.part
        self.gains = self.allocated > part.allocated
        self.short = self.allocated < part.outstanding and not part.takes_no_more
        self.age = part.age


@dataclass(slots=True)
class _Desk:
    """One pool while its queue is served."""

    supply: Supply
    free: Units
    shortfall: Units
    served: list[_Served] = field(default_factory=list)

    def reach(self, part: Demand, taken: Units = ZERO) -> Units:
        """Units that the part may take beside its firm ones; `taken` are promised to its order already."""
        free = self.free - taken
        if part.takes_no_more or free <= 0:
            return ZERO
        firm = min(part.firm, part.outstanding)
        if not part.first_pass and self.supply.keep_back > 0:
            # Units kept back are closed to lines that already wait; a new line was sold as in stock and may take
            # them. What a line has is not taken for the keep-back.
            free = max(free - self.supply.keep_back, min(free, part.allocated - firm))
        return max(ZERO, min(part.outstanding - firm, free))

    def give(self, part: Demand, units: Units, *, declined: bool = False) -> None:
        firm = min(part.firm, part.outstanding)
        self.free -= units
        self.served.append(_Served(part, firm, firm + units, declined))


def allocate(
    demand: Iterable[Demand],
    supply: Mapping[Pool, Supply],
    binding: Binding,
    *,
    whole_orders_first: bool = False,
    zone: tzinfo = UTC,
) -> Plan:
    """Give each pool's units to its lines in turn. Pools that `supply` does not name are left as they are; their
    parts only tell whether an order can be made whole. `zone` is the store's: a queue day is one of its days.
    """
    everyone = sorted(demand, key=_own_turn)
    desks = _desks(everyone, supply)
    elsewhere = {
        part.turn.order_id for part in everyone if part.pool not in desks and part.allocated < part.outstanding
    }
    asking = _in_turn([part for part in everyone if part.pool in desks])
    if whole_orders_first:
        dated = [(turn.queue_time.astimezone(zone).date(), part) for turn, part in asking]
        days_of: dict[int, set[date]] = {}
        for day, part in dated:
            days_of.setdefault(part.turn.order_id, set()).add(day)
        scattered = elsewhere | {order for order, days in days_of.items() if len(days) > 1}
        for _, of_day in groupby(dated, key=itemgetter(0)):
            _serve_day([part for _, part in of_day], desks, elsewhere, scattered)
    else:
        _serve([part for _, part in asking], desks, elsewhere)
    decisions = [made for pool in sorted(desks) for made in _decided(desks[pool].served, binding)]
    decisions.sort(key=_place)
    shortfall = {pool: desks[pool].shortfall for pool in sorted(desks) if desks[pool].shortfall > 0}
    return Plan(tuple(decisions), shortfall, _passed_over(desks.values()))


def _own_turn(part: Demand) -> tuple[Turn, Pool]:
    return (part.turn, part.pool)


def _place(made: Decision) -> tuple[Pool, Turn]:
    return (made.demand.pool, made.demand.turn)


def _in_turn(asking: Sequence[Demand]) -> list[tuple[Turn, Demand]]:
    """Everybody with the turn at which it is served: an order that takes all or nothing at that of its last part."""
    last: dict[int, Turn] = {}
    for part in asking:
        if part.together:
            last[part.turn.order_id] = part.turn
    if not last:
        return [(part.turn, part) for part in asking]
    turns = [(last[part.turn.order_id] if part.together else part.turn, part) for part in asking]
    # The sort is stable: parts that are served at one turn stay in their own order.
    return sorted(turns, key=itemgetter(0))


def _desks(everyone: Sequence[Demand], supply: Mapping[Pool, Supply]) -> dict[Pool, _Desk]:
    firm: dict[Pool, Units] = {}
    given: dict[Pool, Units] = {}
    for part in everyone:
        pool = part.pool
        if pool in supply:
            firm[pool] = firm.get(pool, ZERO) + min(part.firm, part.outstanding)
            given[pool] = given.get(pool, ZERO) + min(part.allocated, part.outstanding)
    desks = {}
    for pool, fixed in firm.items():
        free = supply[pool].units - fixed
        if not supply[pool].may_take_back:
            free = max(free, given[pool] - fixed)
        desks[pool] = _Desk(supply[pool], max(ZERO, free), max(ZERO, -free))
    return desks


def _serve(asking: Sequence[Demand], desks: Mapping[Pool, _Desk], elsewhere: set[int]) -> None:
    """Everybody in turn; the parts of an order that takes all or nothing stand behind each other."""
    for order, found in groupby(asking, key=_together):
        if order is None:
            for part in found:
                desk = desks[part.pool]
                desk.give(part, desk.reach(part))
        else:
            _serve_together(list(found), desks, whole_elsewhere=order not in elsewhere)


def _together(part: Demand) -> int | None:
    return part.turn.order_id if part.together else None


def _serve_together(group: Sequence[Demand], desks: Mapping[Pool, _Desk], *, whole_elsewhere: bool) -> None:
    """All of them or nothing beside what is firm."""
    reached = dict(_reached(group, desks))
    whole = whole_elsewhere and _whole(group, reached)
    for part in group:
        units = reached[part.key]
        desks[part.pool].give(part, units if whole else ZERO, declined=not whole and units > 0)


def _reached(group: Sequence[Demand], desks: Mapping[Pool, _Desk]) -> Iterator[tuple[tuple[int, int, Pool], Units]]:
    taken: dict[Pool, Units] = {}
    for part in group:
        units = desks[part.pool].reach(part, taken.get(part.pool, ZERO))
        taken[part.pool] = taken.get(part.pool, ZERO) + units
        yield part.key, units


def _serve_day(day: Sequence[Demand], desks: Mapping[Pool, _Desk], elsewhere: set[int], scattered: set[int]) -> None:
    """First the orders of the day that can be made whole, then the others in turn."""
    parts_of: dict[int, list[Demand]] = {}
    for part in day:
        parts_of.setdefault(part.turn.order_id, []).append(part)
    done = set()
    for order, group in parts_of.items():
        if order in scattered:
            continue
        reached = dict(_reached(group, desks))
        if _whole(group, reached):
            for part in group:
                desks[part.pool].give(part, reached[part.key])
            done.add(order)
    _serve([part for part in day if part.turn.order_id not in done], desks, elsewhere)


def _whole(group: Iterable[Demand], reached: Mapping[tuple[int, int, Pool], Units]) -> bool:
    return all(reached[part.key] >= part.outstanding - min(part.firm, part.outstanding) for part in group)


def _decided(served: Sequence[_Served], binding: Binding) -> Iterator[Decision]:
    """What changed in one pool, in the order in which it was served."""
    oldest_behind = _oldest_behind(served)
    oldest_gainer: Turn | None = None
    yielded = False
    for now, behind in zip(served, oldest_behind, strict=True):
        part = now.part
        firm = now.allocated if binding is Binding.AT_GRANT else now.firm
        if part.first_pass or now.allocated != part.allocated or firm != part.firm:
            passed = behind.part if now.gains and behind is not None and behind.age < now.age else None
            yield Decision(
                part,
                now.allocated,
                firm,
                _rule(now, passed, oldest_gainer, yielded=yielded),
                None if passed is None else passed.turn.order_id,
            )
        if now.gains and (oldest_gainer is None or now.age < oldest_gainer):
            oldest_gainer = now.age
        yielded = yielded or now.declined


def _oldest_behind(served: Sequence[_Served]) -> list[_Served | None]:
    """Beside each the one that has waited longest of those that are served later and are still short."""
    found: list[_Served | None] = []
    oldest: _Served | None = None
    for now in reversed(served):
        found.append(oldest)
        if now.short and (oldest is None or now.age < oldest.age):
            oldest = now
    found.reverse()
    return found


def _rule(now: _Served, passed: Demand | None, oldest_gainer: Turn | None, *, yielded: bool) -> Rule:
    part = now.part
    if now.gains and passed is not None and not (part.first_pass and now.short):
        if part.pinned:
            return Rule.PINNED
        if part.turn < passed.turn:
            return Rule.HEAD_START
        return Rule.OTHER_YIELDED if passed.together else Rule.WHOLE_ORDER
    if part.first_pass:
        return Rule.CAME_IN_COVERED if now.allocated == part.outstanding else Rule.NOT_ENOUGH_LEFT
    if now.gains:
        return Rule.OTHER_YIELDED if yielded else Rule.OLDEST_FIRST
    if now.allocated == part.allocated:
        return Rule.RELEASED
    if part.allocated > part.outstanding:
        return Rule.LESS_OWED
    if part.takes_no_more:
        return Rule.CUSTOMER_CANCELS
    if now.declined:
        return Rule.YIELDS
    if oldest_gainer is None:
        return Rule.SUPPLY_SHRANK
    return Rule.OLDER_CAME if oldest_gainer < now.age else Rule.OVERTAKEN


def _passed_over(desks: Iterable[_Desk]) -> tuple[int, ...]:
    """Yielding orders for which units were there, and whose units somebody behind them took in this pass."""
    found = set()
    for desk in desks:
        taken = False
        for now in reversed(desk.served):
            if now.declined and taken:
                found.add(now.part.turn.order_id)
            taken = taken or now.gains
    return tuple(sorted(found))
