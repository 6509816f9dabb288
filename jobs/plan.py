"""Plans one pass: puts what the book owes beside what is there, and asks the domain who gets it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, tzinfo

from backorder.db.pool_rows import PoolAfter
from backorder.db.queue import QueuedPart
from backorder.domain.allocation import Demand, Plan, Supply, allocate
from backorder.domain.choices import ItemChoices, kept_back, lets_pass, may_yield, terms_of
from backorder.domain.policy import BackorderPolicy
from backorder.domain.split import Split
from backorder.domain.store import Store
from backorder.domain.supply import ZERO, Assessment, Pool, Units
from jobs.outlook import zone_of
from jobs.review import binding_of

CHAIN = 500
"""At most so many items are planned together because of orders that let others pass; beyond, all keep their share."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What a pass found out, on its way into the tables."""

    queues: Mapping[Pool, list[QueuedPart]]
    assessed: Mapping[Pool, Assessment]
    plan: Plan
    dated: frozenset[int]
    """Orders of which a part may leave by the calendar alone."""

    def left(self, owing: Mapping[Pool, Units]) -> dict[Pool, PoolAfter]:
        """What the pass leaves of each pool. `owing`: what each owes in all."""
        change: dict[Pool, Units] = {}
        for decision in self.plan.decisions:
            pool = decision.demand.pool
            change[pool] = change.get(pool, ZERO) + decision.change
        found = {}
        for pool, said in self.assessed.items():
            before = sum((part.demand.allocated for part in self.queues.get(pool, [])), ZERO)
            found[pool] = PoolAfter(
                shortfall=self.plan.shortfall.get(pool, ZERO),
                given=before + change.get(pool, ZERO),
                given_of=max(before, said.give or ZERO),
                owes=owing.get(pool, ZERO),
            )
        return found

    def begins_to_wait(self, among: Collection[Pool]) -> bool:
        """Whether a line of these pools waits for the first time."""
        short = {d.demand.key for d in self.plan.decisions if d.allocated < d.demand.outstanding}
        return any(
            part.backordered_at is None and part.demand.key in short
            for pool in among
            for part in self.queues.get(pool, [])
        )

    def after(self, now: datetime) -> dict[Pool, list[QueuedPart]]:
        """The queues as the decisions leave them."""
        made = {decision.demand.key: decision for decision in self.plan.decisions}
        if not made:
            return dict(self.queues)

        def moved(part: QueuedPart) -> QueuedPart:
            decision = made.get(part.demand.key)
            if decision is None:
                return part
            short = decision.allocated < part.demand.outstanding
            return part.with_units(decision.allocated, decision.firm, waits_since=now if short else None)

        return {pool: [moved(part) for part in parts] for pool, parts in self.queues.items()}


def needs_whole_orders(policy: BackorderPolicy) -> bool:
    """Whether a plan has to know of an order's units in other pools."""
    return may_yield(policy) or policy.whole_orders_first


def plan(
    store: Store,
    queues: Mapping[Pool, list[QueuedPart]],
    beside: Sequence[QueuedPart],
    assessed: Mapping[Pool, Assessment],
    dropped: Iterable[Pool],
    chosen: Mapping[int, ItemChoices],
    today: date,
    *,
    may_pass: bool,
) -> Planned:
    """The plan of a pass. `beside` is what the orders in the queues are owed from pools that are not planned; without
    `may_pass` every order keeps its share.
    """
    policy, zone = store.policy, zone_of(store)
    supply = {pool: Supply(ZERO) for pool in dropped} | supplies(policy, assessed, chosen)
    parts = [part for found in queues.values() for part in found]
    parts += beside
    demand = together(policy, parts, chosen, today, zone) if may_pass else [part.demand for part in parts]
    made = allocate(demand, supply, binding_of(store), whole_orders_first=policy.whole_orders_first, zone=zone)
    waits = {part.demand.turn.order_id for part in parts if _waits_for_a_day(policy, part)}
    return Planned(queues, assessed, made, frozenset(waits))


def supplies(
    policy: BackorderPolicy, assessed: Mapping[Pool, Assessment], chosen: Mapping[int, ItemChoices]
) -> dict[Pool, Supply]:
    """What each pool has to give, as far as its figures say."""
    return {
        pool: Supply(said.give, kept_back(policy, chosen.get(pool.item)), said.may_take_back)
        for pool, said in assessed.items()
        if said.give is not None
    }


def _waits_for_a_day(policy: BackorderPolicy, part: QueuedPart) -> bool:
    chosen = part.choices.split or part.choices.split_of_customer or policy.split
    return chosen is Split.WAIT_UNTIL


def together(
    policy: BackorderPolicy,
    parts: Sequence[QueuedPart],
    chosen: Mapping[int, ItemChoices],
    today: date,
    zone: tzinfo,
) -> list[Demand]:
    """What the parts ask for; those of orders that let others pass ask for all or nothing."""
    if not may_yield(policy):
        return [part.demand for part in parts]
    splits = {item: choices.split for item, choices in chosen.items() if choices.split is not None}
    yielding = _yielding(policy, parts, splits, today, zone)
    return [
        replace(part.demand, together=True) if part.demand.turn.order_id in yielding else part.demand for part in parts
    ]


def _yielding(
    policy: BackorderPolicy, parts: Iterable[QueuedPart], splits: Mapping[int, Split], today: date, zone: tzinfo
) -> set[int]:
    """Orders that let others pass while they are not whole."""
    found = set()
    for part in parts:
        terms = terms_of(policy, part.choices, splits, today, zone)
        split = terms.split_of(part.demand.pool.item, part.placed_at)
        if lets_pass(policy, part.choices, split, since=part.backordered_at, today=today, zone=zone):
            found.add(part.demand.turn.order_id)
    return found
