"""How much of the book a pass has to look at: nothing of an item that is as its last pass left it, and of one with
nothing but other stock only the head of its queue.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from backorder.db import goods, items, queue
from backorder.db.items import Basis
from backorder.db.queue import QueuedPart
from backorder.db.session import Connection
from backorder.domain.choices import ItemChoices
from backorder.domain.promise import Outlook
from backorder.domain.store import Store
from backorder.domain.supply import Assessment, Inbound, Item, Pool, Units
from jobs.basis import bases
from jobs.outlook import outlook
from jobs.plan import Planned, needs_whole_orders, plan, supplies

LONG = 500
"""Units: where less is owed, many queues are read whole at once rather than the head of each by itself."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The items of a pass, and what it has to know of them."""

    assessed: Mapping[Pool, Assessment]
    dropped: Sequence[Pool]
    ahead: Outlook
    coming: Mapping[Pool, list[Inbound]]
    chosen: Mapping[int, ItemChoices]
    to_plan: Mapping[int, Basis]
    """Items that are to be planned, with what their pass rests on."""
    short_read: frozenset[int]
    """Those of which only the stock is another, nothing is on the way and no lead time is promised: nobody behind the
    head of their queues is given anything or gets another date.
    """

    @classmethod
    def of(
        cls,
        conn: Connection,
        store: Store,
        told: Sequence[Item],
        assessed: Mapping[Pool, Assessment],
        dropped: Sequence[Pool],
        planned: Mapping[int, Basis],
        owing: Mapping[Pool, Units],
        now: datetime,
    ) -> "Scope":
        """What these readings ask for. `planned`: what the last pass rested on, of items whose part of the book is as
        it left it. `owing`: what each pool owes.
        """
        ids = {pool.item for pool in [*assessed, *dropped]}
        coming, chosen = goods.coming(conn, store.id, ids), items.choices(conn, store.id, ids)
        ahead = outlook(conn, store, now, chosen)
        found = bases(store, ahead, told, chosen, coming, assessed, dropped)
        # Where orders take all or nothing, the plan of one item rests on others.
        before: Mapping[int, Basis] = {} if needs_whole_orders(store.policy) else planned
        arrived = {pool.item for pool, said in assessed.items() if said.arrived > 0}
        to_plan = {item: basis for item, basis in found.items() if item in arrived or before.get(item) != basis}
        awaited = {pool.item for pool in coming} | {pool.item for pool in dropped}
        undated = store.policy.lead_time_days is None
        long = {pool.item for pool, units in owing.items() if undated and units >= LONG}
        return cls(
            {pool: said for pool, said in assessed.items() if pool.item in to_plan},
            [pool for pool in dropped if pool.item in to_plan],
            ahead,
            coming,
            chosen,
            to_plan,
            frozenset(
                item
                for item, basis in to_plan.items()
                if item in long and item not in awaited and item in before and before[item].terms == basis.terms
            ),
        )

    def plan(self, conn: Connection, store: Store, *, may_pass: bool) -> Planned:
        """The plan of the pass."""
        supply = supplies(store.policy, self.assessed, self.chosen)
        heads = {
            pool: queue.head(conn, store.id, pool, supply[pool])
            for pool in sorted(supply)
            if pool.item in self.short_read
        }
        queues = heads | self._whole(conn, store, set(self.to_plan) - self.short_read)
        planned = self._planned(conn, store, queues, may_pass=may_pass)
        if planned.begins_to_wait(heads):
            # Whether that is accepted depends on everybody who waits.
            queues |= self._whole(conn, store, self.short_read)
            planned = self._planned(conn, store, queues, may_pass=may_pass)
        return planned

    def settled(self, refused: Collection[int]) -> dict[int, Basis]:
        """What the pass rested on, of the items that need no other pass while nothing changes: in all their pools it
        was decided, and nobody waits there who was not accepted.
        """
        undecided = {pool.item for pool, said in self.assessed.items() if said.give is None}
        return {item: basis for item, basis in self.to_plan.items() if item not in refused and item not in undecided}

    def _whole(self, conn: Connection, store: Store, ids: Iterable[int]) -> dict[Pool, list[QueuedPart]]:
        wanted = set(ids)
        return queue.queues(conn, store.id, wanted) if wanted else {}

    def _planned(
        self, conn: Connection, store: Store, queues: Mapping[Pool, list[QueuedPart]], *, may_pass: bool
    ) -> Planned:
        beside = queue.beside(conn, store.id, self.to_plan) if needs_whole_orders(store.policy) else []
        chosen = {**self.chosen, **items.choices(conn, store.id, {part.demand.pool.item for part in beside})}
        return plan(store, queues, beside, self.assessed, self.dropped, chosen, self.ahead.today, may_pass=may_pass)
