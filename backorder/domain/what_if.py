"""What would happen: the same functions over a changed world, held against the world as it is.

Nothing here decides anything. A preview names who moves, by how many units and days, and how much money that is;
`fingerprint` says whether the world is still the one that the preview was made of.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from hashlib import sha256

from backorder.domain.allocation import Binding, Demand, Supply, allocate, give
from backorder.domain.priority import PriorityRule
from backorder.domain.promise import Outlook, Promise, Waiting, due, expected, promises
from backorder.domain.supply import ZERO, Inbound, Pool, Units

Key = tuple[int, int, Pool]
"""Order, line and pool of a part."""


@dataclass(frozen=True, slots=True)
class PartNow:
    """One part as the book has it: what it asks for, since when, what it was told, what a unit of it is worth."""

    demand: Demand
    since: date
    told: Promise | None = None
    unit_price: Decimal = ZERO
    accepted: bool = True
    """Its waiting was: it has a date, and its customer is told."""


@dataclass(frozen=True, slots=True)
class World:
    """All that plans and dates of some pools rest on."""

    parts: tuple[PartNow, ...]
    supply: Mapping[Pool, Supply]
    inbound: tuple[Inbound, ...]
    outlook: Outlook
    binding: Binding
    whole_orders_first: bool = False
    doubted: Collection[Pool] = frozenset()
    """Pools whose figures are in doubt: no date that was given there moves."""
    beside: tuple[Demand, ...] = ()
    """What the orders in the queues are owed from elsewhere: it only tells whether they can be made whole."""

    def fingerprint(self) -> str:
        """The same for the same world, whatever the order in which its parts are told."""
        ahead = self.outlook
        told = (
            sorted((part.demand.key, repr(part)) for part in self.parts),
            sorted((pool, repr(supply)) for pool, supply in self.supply.items()),
            sorted((line.id, repr(line)) for line in self.inbound),
            (ahead.today, ahead.past_cut_off, ahead.policy.version, sorted(ahead.records.items(), key=_name)),
            (
                sorted(ahead.workdays.days),
                sorted(ahead.workdays.holidays),
                str(ahead.zone),
                sorted(ahead.released.items()),
            ),
            (self.binding, self.whole_orders_first, sorted(self.doubted)),
            sorted((part.key, repr(part)) for part in self.beside),
        )
        return sha256(repr(told).encode()).hexdigest()


def _name(found: tuple[str, object]) -> str:
    return found[0]


@dataclass(frozen=True, slots=True)
class LessComes:
    """So many units fewer come with one delivery."""

    inbound_id: int
    units: Units


@dataclass(frozen=True, slots=True)
class ComesLater:
    """One delivery comes so many days later (or sooner, where negative)."""

    inbound_id: int
    days: int


@dataclass(frozen=True, slots=True)
class HeadStart:
    """A class has another head start."""

    name: str
    days: int


@dataclass(frozen=True, slots=True)
class Closed:
    """Nothing is given from a location, and nothing comes there."""

    location: int


@dataclass(frozen=True, slots=True)
class Cancelled:
    """An order owes nothing any more."""

    order_id: int


@dataclass(frozen=True, slots=True)
class GivenByHand:
    """So many units more of one part are given, firm, by the merchant's hand."""

    key: Key
    units: Units
    there: Units
    """All that its pool has."""


Change = LessComes | ComesLater | HeadStart | Closed | Cancelled | GivenByHand

ONLY_LOOKED_AT = (Closed, Cancelled)
"""What is made in the store, and only looked at here."""


def changed(world: World, change: Change) -> World:
    """The world as it would be. What a change names and nobody knows changes nothing. Raises CannotGive and TooFar."""
    match change:
        case LessComes(inbound_id, units):
            return _with_inbound(world, inbound_id, lambda line: _less(line, units))
        case ComesLater(inbound_id, days):
            return _with_inbound(world, inbound_id, lambda line: _later(line, days, world.outlook.today))
        case HeadStart(name, days):
            return replace(world, parts=tuple(_ahead(part, name, days) for part in world.parts))
        case Closed(location):
            return replace(
                world,
                supply={
                    pool: replace(supply, units=ZERO) if pool.location == location else supply
                    for pool, supply in world.supply.items()
                },
                inbound=tuple(line for line in world.inbound if line.pool.location != location),
            )
        case Cancelled(order_id):
            return replace(
                world,
                parts=tuple(part for part in world.parts if part.demand.turn.order_id != order_id),
                beside=tuple(part for part in world.beside if part.turn.order_id != order_id),
            )
        case GivenByHand():
            return _given(world, change)


def _given(world: World, wanted: GivenByHand) -> World:
    queue = [part.demand for part in world.parts if part.demand.pool == wanted.key[2]]
    made = {d.demand.key: d for d in give(queue, wanted.there, wanted.key, wanted.units).decisions}

    def after(part: PartNow) -> PartNow:
        decision = made.get(part.demand.key)
        if decision is None:
            return part
        return replace(part, demand=part.demand.with_units(decision.allocated, decision.firm))

    return replace(world, parts=tuple(after(part) for part in world.parts))


def _with_inbound(world: World, inbound_id: int, change: Callable[[Inbound], Inbound]) -> World:
    lines = tuple(change(line) if line.id == inbound_id else line for line in world.inbound)
    return replace(world, inbound=lines)


def _less(line: Inbound, units: Units) -> Inbound:
    # What was entered as received came, whether the store counts it already or not.
    return replace(line, quantity=max(line.received + line.awaited, line.quantity - units))


def _later(line: Inbound, days: int, today: date) -> Inbound:
    return replace(line, expected_on=expected(line.expected_on, today, later=days))


def _ahead(part: PartNow, name: str, days: int) -> PartNow:
    demand = part.demand
    if demand.priority != name or demand.pinned or demand.queued_at is None:
        return part
    turn = demand.turn._replace(queue_time=demand.queued_at - timedelta(days=days))
    return replace(part, demand=replace(demand, turn=turn))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one part has and is promised."""

    allocated: Units
    waiting: Units
    promise: Promise | None

    def ships_by(self, ready: date) -> date | None:
        """The day by which all of it can ship; `ready` where it is all there, `None` where that is not known."""
        if self.waiting <= 0:
            return ready
        return None if self.promise is None else self.promise.late


def outcomes(world: World) -> dict[Key, Outcome]:
    """What every part would have after a pass, and when the rest of it would ship."""
    plan = allocate(
        [*(part.demand for part in world.parts), *world.beside],
        world.supply,
        world.binding,
        whole_orders_first=world.whole_orders_first,
        zone=world.outlook.zone,
    )
    given = {made.demand.key: made.allocated for made in plan.decisions}
    queues: dict[Pool, list[PartNow]] = {}
    for part in sorted(world.parts, key=lambda part: part.demand.turn):
        allocated = given.get(part.demand.key, part.demand.allocated)
        left = replace(part, demand=replace(part.demand, allocated=allocated))
        queues.setdefault(part.demand.pool, []).append(left)
    found = {}
    for pool, queue in queues.items():
        coming = [line for line in world.inbound if line.pool == pool]
        dates = promises([Waiting(part.demand, part.since) for part in queue], coming, world.outlook)
        for part, promise in zip(queue, dates, strict=True):
            waiting = part.demand.outstanding - part.demand.allocated
            dated = due(part.told, promise, world.outlook, accepted=part.accepted) if waiting > 0 else None
            if part.told is not None and pool in world.doubted:
                dated = part.told
            found[part.demand.key] = Outcome(part.demand.allocated, waiting, dated)
    return found


@dataclass(frozen=True, slots=True)
class Move:
    """What a change does to one part."""

    key: Key
    before: Outcome
    after: Outcome
    days: int | None
    """Later (positive) or sooner, counted from today's parcels where all of it is there; `None` where a date is new or
    lost.
    """
    value: Decimal
    """What the units that wait in the changed world, or would be waited for no more, are worth."""


@dataclass(frozen=True, slots=True)
class Preview:
    """Who moves, and what it comes to. `world` is the fingerprint of the world that it was made of."""

    moves: tuple[Move, ...]
    world: str
    later: int = 0
    sooner: int = 0
    value_later: Decimal = ZERO
    notices: int = 0
    """Orders whose customers would be told: filled in by who knows what they were told before."""
    gone: tuple[Key, ...] = ()
    """Parts that the changed world does not have any more."""
    can_be_made: bool = True
    """Whether all of it can be made here, and not only in the store."""
    numbers: Mapping[int, str] = field(default_factory=dict)
    """The numbers by which people know the orders: filled in like `notices`."""


def preview(world: World, changes: Iterable[Change]) -> Preview:
    """What the changes do, beside what a pass over the world as it is would do anyway."""
    wanted, after_world = list(changes), world
    for change in wanted:
        after_world = changed(after_world, change)
    before, after = outcomes(world), outcomes(after_world)
    prices = {part.demand.key: part.unit_price for part in world.parts}
    ready = world.outlook.ships(world.outlook.today)
    moves = [
        Move(
            key,
            before[key],
            after[key],
            _days(before[key], after[key], ready),
            max(before[key].waiting, after[key].waiting) * prices[key],
        )
        for key in sorted(after)
        if (before[key].allocated, before[key].promise) != (after[key].allocated, after[key].promise)
    ]
    later = [move for move in moves if _is_later(move)]
    return Preview(
        moves=tuple(moves),
        world=world.fingerprint(),
        later=len(later),
        sooner=len(moves) - len(later),
        value_later=sum((move.value for move in later), ZERO),
        gone=tuple(sorted(set(before) - set(after))),
        can_be_made=not any(isinstance(change, ONLY_LOOKED_AT) for change in wanted),
    )


def _days(before: Outcome, after: Outcome, ready: date) -> int | None:
    first, last = before.ships_by(ready), after.ships_by(ready)
    return None if first is None or last is None else (last - first).days


def _is_later(move: Move) -> bool:
    """Whether somebody has fewer units, a later date or none any more."""
    if move.after.allocated != move.before.allocated:
        return move.after.allocated < move.before.allocated
    return move.days > 0 if move.days is not None else move.after.promise is None


def rules_with(rules: Sequence[PriorityRule], change: HeadStart) -> tuple[PriorityRule, ...]:
    """The rules under which a class has the other head start."""
    return tuple(replace(rule, head_start_days=change.days) if rule.name == change.name else rule for rule in rules)
