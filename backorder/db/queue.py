"""The queues: what each pool owes to whom, and what we believe is there."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, literal, select, text, tuple_

from backorder.db.bites import among, bites
from backorder.db.order_rows import CHOICES, chosen
from backorder.db.tables import NOWHERE, items, order_lines, orders, parts, pools, stores
from backorder.domain.acceptance import Answer
from backorder.domain.allocation import Demand, Supply, Turn
from backorder.domain.choices import NO_CHOICES, OrderChoices
from backorder.domain.promise import Promise
from backorder.domain.supply import ZERO, Believed, Pool, Units

_ITS_LINE = (
    (order_lines.c.store_id == parts.c.store_id)
    & (order_lines.c.order_id == parts.c.order_id)
    & (order_lines.c.line_id == parts.c.line_id)
)


@dataclass(frozen=True, slots=True)
class KnownPool:
    """What we believe of a pool, and which reading told us last."""

    believed: Believed
    read_began: datetime
    owes: Units = ZERO
    """What its last pass found it to owe."""


@dataclass(frozen=True, slots=True)
class QueuedPart:
    """A part of a line in a pool's queue, with what was promised for it."""

    demand: Demand
    backordered_at: datetime | None
    promised: Promise | None
    first_promise: date | None
    placed_at: datetime
    choices: OrderChoices = NO_CHOICES
    answer: Answer | None = None
    answer_why: str = ""
    unaccepted: Units = ZERO
    """Units of its line that were not accepted, or not judged yet since they were added."""

    def with_units(self, allocated: Units, firm: Units, *, waits_since: datetime | None) -> "QueuedPart":
        """The part after a decision. `waits_since` counts where it never waited before."""
        return QueuedPart(
            self.demand.with_units(allocated, firm),
            self.backordered_at or waits_since,
            self.promised,
            self.first_promise,
            self.placed_at,
            self.choices,
            self.answer,
            self.answer_why,
            self.unaccepted,
        )


def known_pools(conn: Connection, store_id: int, items: Iterable[int]) -> dict[Pool, KnownPool]:
    """The pools of these items that were ever read."""
    found = {}
    for bite in bites(items):
        rows = conn.execute(
            select(pools).where(pools.c.store_id == store_id, pools.c.item.in_(bite)).with_for_update()
        ).mappings()
        for row in rows:
            found[Pool(row["item"], row["location"])] = KnownPool(_believed(row), row["read_began"], row["owes"])
    return found


def _believed(row: Any) -> Believed:
    return Believed(
        balance=row["balance"],
        on_hand=row["on_hand"],
        available=row["believed_available"],
        outstanding=row["believed_outstanding"],
        gap=row["gap"],
        doubted_available=row["doubted_available"],
        doubted_at=row["doubted_at"],
        least=row["doubted_least"],
        counted=row["counted"],
    )


def queues(conn: Connection, store_id: int, items: Iterable[int]) -> dict[Pool, list[QueuedPart]]:
    """Everything that the pools of these items owe, in order of service."""
    rows = conn.execute(
        _QUEUED.where(parts.c.store_id == store_id, among(parts.c.item, items)).order_by(
            parts.c.item, parts.c.location, parts.c.queue_time, parts.c.order_id, parts.c.line_id
        )
    )
    found: dict[Pool, list[QueuedPart]] = {}
    for part in map(_queued, rows.all()):
        found.setdefault(part.demand.pool, []).append(part)
    return found


def head(conn: Connection, store_id: int, pool: Pool, supply: Supply) -> list[QueuedPart]:
    """As much of a pool's queue, in order of service, as its supply reaches: everybody who has units, those who wait
    up to where the supply ends, and of all behind them the one that has waited longest. All of it where anybody is new:
    who is new may take what is kept back from others, from any place.
    """
    of_pool = _QUEUED.where(parts.c.store_id == store_id, parts.c.item == pool.item, parts.c.location == pool.location)
    # As text, so that the database sees that its index of just these will do.
    found = {
        p.demand.key: p
        for p in map(_queued, conn.execute(of_pool.where(text("(parts.allocated > 0 OR NOT parts.decided)"))))
    }
    if any(part.demand.first_pass for part in found.values()):
        return queues(conn, store_id, [pool.item])[pool]
    given = sum((part.demand.allocated for part in found.values()), ZERO)
    left = supply.units if supply.may_take_back else max(supply.units, given)
    left -= sum((part.demand.firm for part in found.values()), ZERO)
    waiting = of_pool.where(parts.c.outstanding > parts.c.allocated)
    behind, newest = waiting, None
    while left > 0:
        # A part usually asks for one unit at least.
        limit = math.ceil(left)
        rows = conn.execute(behind.order_by(*_TURN).limit(limit)).all()
        for part in map(_queued, rows):
            asks = part.demand
            found[asks.key] = part
            newest = max(newest or asks.age, asks.age)
            if not asks.takes_no_more:
                left -= asks.outstanding - asks.firm
        if len(rows) < limit:
            newest = None
            break
        last = [literal(value, column.type) for value, column in zip(asks.turn, _TURN, strict=True)]
        behind = waiting.where(tuple_(*_TURN) > tuple_(*last))
    if newest is not None:
        # Nobody's turn is later than its age, so whoever is older stands before the newest one's age.
        older = behind.where(parts.c.queue_time <= newest.queue_time, order_lines.c.cancel_wished_at.is_(None))
        first = older.order_by(parts.c.queued_at, parts.c.order_id, parts.c.line_id).limit(1)
        found |= {part.demand.key: part for part in map(_queued, conn.execute(first))}
    return sorted(found.values(), key=lambda part: part.demand.turn)


def chain(conn: Connection, store_id: int, items: Iterable[int], limit: int) -> set[int] | None:
    """These items with all others that their waiting orders wait for too, and so on to the end of the chain; `None`
    where that is more than `limit`.
    """
    found: set[int] = set()
    ahead = set(items)
    other = parts.alias("other")
    while ahead:
        found |= ahead
        if len(found) > limit:
            return None
        rows = conn.execute(
            select(other.c.item)
            .join(parts, (parts.c.store_id == other.c.store_id) & (parts.c.order_id == other.c.order_id))
            .where(
                parts.c.store_id == store_id,
                parts.c.item.in_(sorted(ahead)),
                parts.c.outstanding > ZERO,
                other.c.outstanding > ZERO,
                other.c.item != NOWHERE,
            )
            .distinct()
        )
        ahead = set(rows.scalars()) - found
    return found


def beside(conn: Connection, store_id: int, items: Iterable[int]) -> list[QueuedPart]:
    """What the orders that wait for these items are owed from elsewhere, and from nowhere yet."""
    wanted = sorted(set(items))
    waiting = select(parts.c.order_id).where(
        parts.c.store_id == store_id, parts.c.item.in_(wanted), parts.c.outstanding > ZERO
    )
    rows = conn.execute(
        _QUEUED.where(parts.c.store_id == store_id, parts.c.order_id.in_(waiting), parts.c.item.not_in(wanted))
    )
    return [_queued(row) for row in rows]


_QUEUED = (
    select(
        parts.c.item,
        parts.c.location,
        parts.c.queue_time,
        parts.c.order_id,
        parts.c.line_id,
        parts.c.outstanding,
        parts.c.allocated,
        parts.c.firm,
        parts.c.decided,
        parts.c.queued_at,
        parts.c.promise_early,
        parts.c.promise_late,
        parts.c.promise_first,
        order_lines.c.backordered_at,
        order_lines.c.cancel_wished_at,
        order_lines.c.answer,
        order_lines.c.answer_why,
        order_lines.c.unaccepted,
        orders.c.placed_at,
        orders.c.priority,
        *CHOICES,
    )
    .join(order_lines, _ITS_LINE)
    .join(orders, (orders.c.store_id == parts.c.store_id) & (orders.c.order_id == parts.c.order_id))
    .where(parts.c.outstanding > ZERO, order_lines.c.ignored.is_(None))
)


def _queued(row: Any) -> QueuedPart:
    # By position: a queue may be tens of thousands of rows long.
    (
        item, location, queue_time, order_id, line_id, outstanding, allocated, firm, decided, queued_at, early, late,
        first, backordered_at, cancel_wished_at, answer, answer_why, unaccepted, placed_at, priority,
        *choices,
    ) = row  # fmt: skip
    return QueuedPart(
        demand=Demand(
            turn=Turn(queue_time, order_id, line_id),
            pool=Pool(item, location),
            outstanding=outstanding,
            allocated=allocated,
            firm=firm,
            first_pass=not decided,
            takes_no_more=cancel_wished_at is not None,
            queued_at=queued_at,
            priority=priority,
        ),
        backordered_at=backordered_at,
        promised=None if early is None else Promise(early, late),
        first_promise=first,
        placed_at=placed_at,
        choices=chosen(choices),
        answer=answer,
        answer_why=answer_why,
        unaccepted=unaccepted,
    )


_TURN = (parts.c.queue_time, parts.c.order_id, parts.c.line_id)


def next_doubt(conn: Connection, after: datetime) -> datetime | None:
    """When the next pool in doubt may be looked at again."""
    found = select(pools.c.again_at).where(pools.c.again_at > after).order_by(pools.c.again_at).limit(1)
    return conn.execute(found).scalar_one_or_none()


def stores_to_plan(conn: Connection, now: datetime) -> set[int]:
    """Stores with something to read or to plan, whose first import has ended."""
    marked = select(items.c.store_id).where(items.c.dirty_seq > items.c.done_seq)
    doubted = select(pools.c.store_id).where(pools.c.again_at <= now)
    unread = select(orders.c.store_id).where(orders.c.unread | orders.c.review)
    imported = select(stores.c.id).where(
        stores.c.imported_at.is_not(None),
        stores.c.id.in_(marked) | stores.c.id.in_(doubted) | stores.c.id.in_(unread),
    )
    return set(conn.execute(imported).scalars())
