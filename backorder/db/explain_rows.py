"""What is read to tell why: queues with everybody's place, and all that happened to one order.

A page of queues takes three statements, an order's story seven beside the order itself, whatever their length.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, and_, case, func, select, tuple_

from backorder.db import items as item_rows
from backorder.db.queries import ITS_LINE, WAITS
from backorder.db.tables import actions, decisions, inbound, items, notices, order_lines, orders, parts, pools, receipts
from backorder.domain.acceptance import NOT_ACCEPTED
from backorder.domain.actions import ActionKind
from backorder.domain.allocation import Rule
from backorder.domain.choices import ItemChoices
from backorder.domain.explained import Came, Place
from backorder.domain.lifecycle import WorkState
from backorder.domain.policy import NoticeKind
from backorder.domain.reasons import PoolFacts
from backorder.domain.supply import ZERO, Balance, Pool, Units

_EXACT = parts.c.outstanding.type
_POOL = (parts.c.item, parts.c.location)
_TURN = (parts.c.queue_time, parts.c.order_id, parts.c.line_id)


@dataclass(frozen=True, slots=True)
class WaitingPool:
    """A pool that somebody waits for: how many units in how many lines, and since when."""

    pool: Pool
    sku: str
    title: str
    waiting: Units
    lines: int
    oldest: datetime


def waiting_pools(conn: Connection, store_id: int, *, limit: int, offset: int) -> list[WaitingPool]:
    """The one whose first in line has waited longest comes first."""
    oldest = func.min(parts.c.queued_at, type_=parts.c.queued_at.type)
    rows = conn.execute(
        select(
            *_POOL,
            items.c.sku,
            items.c.title,
            func.sum(parts.c.outstanding, type_=_EXACT).label("outstanding"),
            func.sum(parts.c.allocated, type_=_EXACT).label("allocated"),
            func.count().label("lines"),
            oldest.label("oldest"),
        )
        .join(items, and_(items.c.store_id == parts.c.store_id, items.c.item == parts.c.item))
        .where(parts.c.store_id == store_id, WAITS)
        .group_by(*_POOL, items.c.sku, items.c.title)
        .order_by(oldest, *_POOL)
        .limit(limit)
        .offset(offset)
    )
    return [
        WaitingPool(Pool(r.item, r.location), r.sku, r.title, r.outstanding - r.allocated, r.lines, r.oldest)
        for r in rows
    ]


@dataclass(frozen=True, slots=True)
class QueueLine:
    """One line that waits in a pool, with its place there."""

    pool: Pool
    position: int
    order_id: int
    number: str
    placed_at: datetime
    outstanding: Units
    allocated: Units
    promised: tuple[date, date] | None
    place: Place
    cancel_wished: bool
    refused: str = ""
    """Why its waiting was not accepted."""
    priority: str = ""
    pinned: bool = False


def _ahead() -> Any:
    """Units that wait before a part. Who wants to cancel is given nothing more, so stands in nobody's way."""
    waiting = case((order_lines.c.cancel_wished_at.is_(None), parts.c.outstanding - parts.c.allocated), else_=0)
    before = func.sum(waiting, type_=_EXACT).over(partition_by=_POOL, order_by=_TURN, rows=(None, -1))
    return before.label("ahead")


def _overtaken_by() -> Any:
    """Units that wait before a part although they came later."""
    other, its_line = parts.alias("other"), order_lines.alias("other_line")
    came = tuple_(other.c.queued_at, other.c.order_id, other.c.line_id)
    turn = tuple_(other.c.queue_time, other.c.order_id, other.c.line_id)
    return (
        select(func.sum(other.c.outstanding - other.c.allocated, type_=_EXACT))
        .join(
            its_line,
            and_(
                its_line.c.store_id == other.c.store_id,
                its_line.c.order_id == other.c.order_id,
                its_line.c.line_id == other.c.line_id,
            ),
        )
        .where(
            other.c.store_id == parts.c.store_id,
            other.c.item == parts.c.item,
            other.c.location == parts.c.location,
            other.c.outstanding > other.c.allocated,
            other.c.decided,
            its_line.c.cancel_wished_at.is_(None),
            turn < tuple_(*_TURN),
            came > tuple_(parts.c.queued_at, parts.c.order_id, parts.c.line_id),
        )
        .correlate(parts)
        .scalar_subquery()
        .label("overtaken_by")
    )


def queue_lines(conn: Connection, store_id: int, of: Collection[Pool], *, limit: int) -> dict[Pool, list[QueueLine]]:
    """The first `limit` waiting lines of each of these pools, in order of service."""
    position = func.row_number().over(partition_by=_POOL, order_by=_TURN).label("position")
    ranked = (
        select(
            *_POOL,
            *_TURN,
            position,
            _ahead(),
            _overtaken_by(),
            parts.c.outstanding,
            parts.c.allocated,
            parts.c.promise_early,
            parts.c.promise_late,
            parts.c.promise_first,
            order_lines.c.cancel_wished_at,
            order_lines.c.answer,
            order_lines.c.answer_why,
        )
        .join(order_lines, ITS_LINE)
        .where(parts.c.store_id == store_id, WAITS, tuple_(*_POOL).in_(list(of)))
        .subquery()
    )
    rows = conn.execute(
        select(ranked, orders.c.number, orders.c.placed_at, orders.c.priority, orders.c.pinned)
        .join(orders, and_(orders.c.store_id == store_id, orders.c.order_id == ranked.c.order_id))
        .where(ranked.c.position <= limit)
        .order_by(ranked.c.item, ranked.c.location, ranked.c.position)
    )
    found: dict[Pool, list[QueueLine]] = {}
    for r in rows:
        pool = Pool(r.item, r.location)
        found.setdefault(pool, []).append(
            QueueLine(
                pool=pool,
                position=r.position,
                order_id=r.order_id,
                number=r.number,
                placed_at=r.placed_at,
                outstanding=r.outstanding,
                allocated=r.allocated,
                promised=None if r.promise_early is None else (r.promise_early, r.promise_late),
                place=Place(r.ahead or ZERO, r.promise_first, r.overtaken_by or ZERO),
                priority=r.priority,
                pinned=r.pinned,
                cancel_wished=r.cancel_wished_at is not None,
                refused=r.answer_why if r.answer in NOT_ACCEPTED else "",
            )
        )
    return found


def pool_facts(conn: Connection, store_id: int, of: Collection[Pool]) -> dict[Pool, PoolFacts]:
    """What these pools have, as far as they were ever read."""
    given = (
        select(func.sum(parts.c.allocated, type_=_EXACT))
        .where(parts.c.store_id == store_id, parts.c.item == pools.c.item, parts.c.location == pools.c.location)
        .scalar_subquery()
    )
    arrival = (
        select(func.min(inbound.c.expected_on, type_=inbound.c.expected_on.type))
        .where(
            inbound.c.store_id == store_id,
            inbound.c.item == pools.c.item,
            inbound.c.location == pools.c.location,
            inbound.c.received < inbound.c.quantity,
            inbound.c.ended_at.is_(None),
        )
        .scalar_subquery()
    )
    rows = conn.execute(
        select(
            pools.c.item,
            pools.c.location,
            pools.c.balance,
            pools.c.on_hand,
            given.label("given"),
            arrival.label("arrival"),
        ).where(pools.c.store_id == store_id, tuple_(pools.c.item, pools.c.location).in_(list(of)))
    )
    return {
        Pool(r.item, r.location): PoolFacts(Balance(r.balance), r.on_hand, r.given or ZERO, r.arrival) for r in rows
    }


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """One change of what a line has, as it was decided."""

    line_id: int
    pool: Pool
    before: Units
    allocated: Units
    firm: Units
    rule: Rule
    on_hand: Units | None
    policy_version: int
    at: datetime
    priority: str = ""
    overtook: int | None = None
    overtook_number: str = ""
    came: tuple[Came, ...] = ()
    """The goods of which the same pass found that they had come in; empty: the units were in stock."""

    @property
    def given(self) -> Units:
        """Units that it gave."""
        return max(ZERO, self.allocated - self.before)


@dataclass(frozen=True, slots=True)
class NoticeLog:
    """One message and what became of it."""

    kind: NoticeKind
    state: WorkState
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class WriteLog:
    """One store write and what became of it."""

    kind: ActionKind
    state: WorkState
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Wish:
    """A customer's wish to cancel a line."""

    line_id: int
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Story:
    """All that happened to one order beside what the order itself says; lists are oldest first."""

    places: Mapping[tuple[int, Pool], Place]
    pools: Mapping[Pool, PoolFacts]
    wishes: Mapping[int, Wish]
    decisions: tuple[DecisionRow, ...]
    notices: tuple[NoticeLog, ...]
    writes: tuple[WriteLog, ...]
    items: Mapping[int, ItemChoices]


def story(conn: Connection, store_id: int, order_id: int, of: Collection[Pool]) -> Story:
    """The story of an order whose open lines lie in these pools."""

    def its(table: Any) -> Any:
        return and_(table.c.store_id == store_id, table.c.order_id == order_id)

    wishes = conn.execute(
        select(order_lines.c.line_id, order_lines.c.cancel_wished_at, order_lines.c.cancel_reason).where(
            its(order_lines), order_lines.c.cancel_wished_at.is_not(None)
        )
    )
    passed = orders.alias("passed")
    decided = conn.execute(
        select(decisions, passed.c.number)
        .outerjoin(passed, and_(passed.c.store_id == decisions.c.store_id, passed.c.order_id == decisions.c.overtook))
        .where(its(decisions))
        .order_by(decisions.c.id)
    )
    came = _came(conn, store_id, order_id)
    said = conn.execute(select(notices).where(its(notices)).order_by(notices.c.id))
    wrote = conn.execute(select(actions).where(its(actions)).order_by(actions.c.id))
    return Story(
        places=_places(conn, store_id, order_id, of),
        pools=pool_facts(conn, store_id, of),
        wishes={r.line_id: Wish(r.line_id, r.cancel_wished_at, r.cancel_reason) for r in wishes},
        decisions=tuple(
            DecisionRow(
                r.line_id,
                Pool(r.item, r.location),
                r.before,
                r.allocated,
                r.firm,
                r.rule,
                r.on_hand,
                r.policy_version,
                r.at,
                r.priority,
                r.overtook,
                r.number or "",
                came.get(r.id, ()),
            )
            for r in decided
        ),
        notices=tuple(NoticeLog(r.kind, r.state, r.reason, r.at) for r in said),
        writes=tuple(WriteLog(r.kind, r.state, r.reason, r.at) for r in wrote),
        items=item_rows.choices(conn, store_id, {pool.item for pool in of}),
    )


def _came(conn: Connection, store_id: int, order_id: int) -> dict[int, tuple[Came, ...]]:
    """The goods behind each decision that gave units: a pass notes what it found to have come in at one moment with
    what it gave of it.
    """
    rows = conn.execute(
        select(decisions.c.id, inbound.c.id.label("inbound_id"), inbound.c.source, inbound.c.expected_on)
        .join(inbound, and_(*(inbound.c[name] == decisions.c[name] for name in ("store_id", "item", "location"))))
        .join(receipts, and_(receipts.c.inbound_id == inbound.c.id, receipts.c.at == decisions.c.at))
        .where(
            decisions.c.store_id == store_id,
            decisions.c.order_id == order_id,
            decisions.c.allocated > decisions.c.before,
            receipts.c.undone_at.is_(None),
        )
        .order_by(decisions.c.id, inbound.c.id)
    )
    found: dict[int, tuple[Came, ...]] = {}
    for row in rows:
        found[row.id] = (*found.get(row.id, ()), Came(row.inbound_id, row.source, row.expected_on))
    return found


def _places(conn: Connection, store_id: int, order_id: int, of: Collection[Pool]) -> dict[tuple[int, Pool], Place]:
    ranked = (
        select(
            *_POOL,
            parts.c.order_id,
            parts.c.line_id,
            parts.c.promise_first,
            parts.c.outstanding,
            parts.c.allocated,
            _ahead(),
            _overtaken_by(),
        )
        .join(order_lines, ITS_LINE)
        .where(parts.c.store_id == store_id, WAITS, tuple_(*_POOL).in_(list(of)))
        .subquery()
    )
    rows = conn.execute(select(ranked).where(ranked.c.order_id == order_id))
    return {
        (r.line_id, Pool(r.item, r.location)): Place(
            r.ahead or ZERO, r.promise_first, r.overtaken_by or ZERO, waiting=r.outstanding - r.allocated
        )
        for r in rows
    }
