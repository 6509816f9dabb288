"""Plans one pass: puts what the book owes beside what is there, and asks the domain who gets it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from backorder.db.queue import QueuedPart
from backorder.domain.allocation import Demand, Plan, Supply, allocate
from backorder.domain.choices import ItemChoices, kept_back, lets_pass, may_yield, terms_of
from backorder.domain.policy import BackorderPolicy
from backorder.domain.split import Split
from backorder.domain.store import Store
from backorder.domain.supply import ZERO, Assessment, Pool, Units
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

    def given(self) -> dict[Pool, tuple[Units, Units]]:
        """Units that each pool has given after the pass, and the most that it may have."""
        change: dict[Pool, Units] = {}
        for decision in self.plan.decisions:
            pool = decision.demand.pool
            change[pool] = change.get(pool, ZERO) + decision.change
        found = {}
        for pool, said in self.assessed.items():
            before = sum((part.demand.allocated for part in self.queues.get(pool, [])), ZERO)
            found[pool] = before + change.get(pool, ZERO), max(before, said.give or ZERO)
        return found

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
            return replace(
                part,
                demand=replace(part.demand, allocated=decision.allocated, firm=decision.firm),
                backordered_at=part.backordered_at or (now if short else None),
            )

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
    policy = store.policy
    supply = {pool: Supply(ZERO) for pool in dropped}
    supply |= {
        pool: Supply(said.give, kept_back(policy, chosen.get(pool.item)), said.may_take_back)
        for pool, said in assessed.items()
        if said.give is not None
    }
    parts = [part for found in queues.values() for part in found]
    parts += beside
    demand = together(policy, parts, chosen, today) if may_pass else [part.demand for part in parts]
    made = allocate(demand, supply, binding_of(store), whole_orders_first=policy.whole_orders_first)
    waits = {part.demand.turn.order_id for part in parts if _waits_for_a_day(policy, part)}
    return Planned(queues, assessed, made, frozenset(waits))


def _waits_for_a_day(policy: BackorderPolicy, part: QueuedPart) -> bool:
    chosen = part.choices.split or part.choices.split_of_customer or policy.split
    return chosen is Split.WAIT_UNTIL


def together(
    policy: BackorderPolicy, parts: Sequence[QueuedPart], chosen: Mapping[int, ItemChoices], today: date
) -> list[Demand]:
    """What the parts ask for; those of orders that let others pass ask for all or nothing."""
    if not may_yield(policy):
        return [part.demand for part in parts]
    splits = {item: choices.split for item, choices in chosen.items() if choices.split is not None}
    yielding = _yielding(policy, parts, splits, today)
    return [
        replace(part.demand, together=True) if part.demand.turn.order_id in yielding else part.demand for part in parts
    ]


def _yielding(
    policy: BackorderPolicy, parts: Iterable[QueuedPart], splits: Mapping[int, Split], today: date
) -> set[int]:
    """Orders that let others pass while they are not whole."""
    found = set()
    for part in parts:
        split = terms_of(policy, part.choices, splits, today).split_of(part.demand.pool.item, part.placed)
        since = None if part.backordered_at is None else part.backordered_at.date()
        if lets_pass(policy, part.choices, split, since=since, today=today):
            found.add(part.demand.turn.order_id)
    return found
