"""What pages and the API read about the orders of a whole store, and the state of its work. One statement each."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, String, and_, exists, func, literal, or_, select, type_coerce, union_all

from backorder.db.tables import (
    NOWHERE,
    actions,
    deliveries,
    items,
    notices,
    order_lines,
    orders,
    parts,
    pools,
    stores,
)
from backorder.domain.acceptance import NOT_ACCEPTED, Answer
from backorder.domain.actions import ActionKind
from backorder.domain.lifecycle import WorkState
from backorder.domain.metrics import WaitingUnits
from backorder.domain.orders import OrderStatus
from backorder.domain.policy import NoticeKind
from backorder.domain.supply import ZERO, Units

WAITS = and_(parts.c.outstanding > parts.c.allocated, parts.c.decided, parts.c.item != NOWHERE)
"""A part of a line that a pass found to be short."""
ITS_ORDER = and_(orders.c.store_id == parts.c.store_id, orders.c.order_id == parts.c.order_id)
ITS_LINE = and_(
    order_lines.c.store_id == parts.c.store_id,
    order_lines.c.order_id == parts.c.order_id,
    order_lines.c.line_id == parts.c.line_id,
)
TOLD = exists().where(
    notices.c.store_id == orders.c.store_id,
    notices.c.order_id == orders.c.order_id,
    notices.c.kind == NoticeKind.BACKORDERED,
)


@dataclass(frozen=True, slots=True)
class HealthCounts:
    """What is still to be done for a store, and what went wrong. All zero at rest."""

    inbox: int
    dirty: int
    outbox: int
    unknown: int
    quarantined: int


def health_counts(conn: Connection, store_id: int, now: datetime) -> HealthCounts:
    """Deliveries that wait; items, orders, doubts and the store itself to be looked at; work under way, without
    outcome, put aside.
    """

    def count(table: Any, *which: Any) -> Any:
        return select(func.count()).select_from(table).where(table.c.store_id == store_id, *which).scalar_subquery()

    under_way = (WorkState.DUE, WorkState.RUNNING)
    due_for_a_pull = (
        select(func.count())
        .select_from(stores)
        .where(stores.c.id == store_id, stores.c.catch_up_at <= now)
        .scalar_subquery()
    )
    row = conn.execute(
        select(
            count(deliveries, deliveries.c.state == WorkState.DUE),
            count(items, items.c.dirty_seq > items.c.done_seq)
            + count(orders, orders.c.unread | orders.c.review)
            + count(pools, pools.c.again_at.is_not(None))
            + due_for_a_pull,
            count(actions, actions.c.state.in_(under_way)) + count(notices, notices.c.state.in_(under_way)),
            count(actions, actions.c.state == WorkState.UNKNOWN) + count(notices, notices.c.state == WorkState.UNKNOWN),
            count(deliveries, deliveries.c.state == WorkState.FAILED),
        )
    ).one()
    return HealthCounts(*(int(value) for value in row))


def orders_known(conn: Connection, store_id: int) -> int:
    """How many orders have been read of a store, whatever became of them."""
    return int(conn.execute(select(func.count()).where(orders.c.store_id == store_id)).scalar_one())


def waiting_units(conn: Connection, store_id: int) -> list[WaitingUnits]:
    """Every part of an open order that waits."""
    rows = conn.execute(
        select(
            parts.c.order_id,
            parts.c.queued_at,
            parts.c.outstanding,
            parts.c.allocated,
            order_lines.c.unit_price,
            orders.c.currency,
            parts.c.promise_late,
        )
        .join(order_lines, ITS_LINE)
        .join(orders, ITS_ORDER)
        .where(parts.c.store_id == store_id, WAITS, orders.c.status == OrderStatus.OPEN)
    )
    return [
        WaitingUnits(r.order_id, r.queued_at, r.outstanding - r.allocated, r.unit_price, r.currency, r.promise_late)
        for r in rows
    ]


@dataclass(frozen=True, slots=True)
class OrderHead:
    """An order in a list."""

    order_id: int
    number: str
    placed_at: datetime
    status: OrderStatus
    customer_name: str


def _head(row: Any) -> OrderHead:
    return OrderHead(row.order_id, row.number, row.placed_at, row.status, row.customer_name)


_HEAD = (orders.c.order_id, orders.c.number, orders.c.placed_at, orders.c.status, orders.c.customer_name)
_WAITING_ORDER = exists().where(ITS_ORDER, WAITS)


def waiting_orders(conn: Connection, store_id: int, *, limit: int, after: int | None = None) -> list[OrderHead]:
    """Orders with a unit that waits, oldest first; `after` is the id of the last one of the page before."""
    found = select(*_HEAD).where(orders.c.store_id == store_id, orders.c.status == OrderStatus.OPEN, _WAITING_ORDER)
    if after is not None:
        last = (
            select(orders.c.placed_at).where(orders.c.store_id == store_id, orders.c.order_id == after)
        ).scalar_subquery()
        found = found.where(or_(orders.c.placed_at > last, and_(orders.c.placed_at == last, orders.c.order_id > after)))
    rows = conn.execute(found.order_by(orders.c.placed_at, orders.c.order_id).limit(limit))
    return [_head(row) for row in rows]


def unit_prices(conn: Connection, store_id: int) -> dict[tuple[int, int], Units]:
    """What a unit of each line is worth that still owes something, by order and line."""
    owing = exists().where(ITS_LINE, parts.c.outstanding > ZERO)
    rows = conn.execute(
        select(order_lines.c.order_id, order_lines.c.line_id, order_lines.c.unit_price).where(
            order_lines.c.store_id == store_id, owing
        )
    )
    return {(row.order_id, row.line_id): row.unit_price for row in rows}


@dataclass(frozen=True, slots=True)
class NotAccepted:
    """A waiting line that was not taken on: the merchant decides, or cancels it in the store."""

    order_id: int
    number: str
    title: str
    answer: Answer
    why: str
    excess: Units
    """How many of its units are above a limit."""


def not_accepted(conn: Connection, store_id: int, *, limit: int) -> list[NotAccepted]:
    """Waiting lines whose customer got neither a date nor a message, the oldest order first."""
    waits = exists().where(ITS_LINE, WAITS)
    rows = conn.execute(
        select(
            orders.c.order_id,
            orders.c.number,
            order_lines.c.title,
            order_lines.c.answer,
            order_lines.c.answer_why,
            order_lines.c.excess,
        )
        .join(orders, and_(orders.c.store_id == order_lines.c.store_id, orders.c.order_id == order_lines.c.order_id))
        .where(
            order_lines.c.store_id == store_id,
            order_lines.c.answer.in_(NOT_ACCEPTED),
            orders.c.status == OrderStatus.OPEN,
            waits,
        )
        .order_by(orders.c.placed_at, orders.c.order_id, order_lines.c.line_id)
        .limit(limit)
    )
    return [NotAccepted(*row) for row in rows]


def order_numbers(conn: Connection, store_id: int, ids: list[int]) -> dict[int, str]:
    """The numbers by which people know these orders."""
    rows = conn.execute(
        select(orders.c.order_id, orders.c.number).where(orders.c.store_id == store_id, orders.c.order_id.in_(ids))
    )
    return {row.order_id: row.number for row in rows}


def search(conn: Connection, store_id: int, text: str, *, limit: int) -> list[OrderHead]:
    """Orders by their number, the customer's address or a SKU in them, newest first."""
    bare = text.lstrip("#").lower()
    has_sku = exists().where(
        order_lines.c.store_id == orders.c.store_id,
        order_lines.c.order_id == orders.c.order_id,
        func.lower(order_lines.c.sku) == text.lower(),
    )
    rows = conn.execute(
        select(*_HEAD)
        .where(
            orders.c.store_id == store_id,
            or_(
                func.lower(orders.c.number).in_([bare, f"#{bare}"]),
                func.lower(orders.c.email) == text.lower(),
                has_sku,
            ),
        )
        .order_by(orders.c.placed_at.desc(), orders.c.order_id.desc())
        .limit(limit)
    )
    return [_head(row) for row in rows]


def order_id_of(conn: Connection, store_id: int, key: str) -> int | None:
    """The order that an id or a number names; an id comes first, of several with one number the newest."""
    as_id = int(key) if key.isascii() and key.isdigit() and len(key) <= 18 else 0
    return conn.execute(
        select(orders.c.order_id)
        .where(orders.c.store_id == store_id, or_(orders.c.order_id == as_id, orders.c.number.in_([key, f"#{key}"])))
        .order_by((orders.c.order_id == as_id).desc(), orders.c.placed_at.desc())
        .limit(1)
    ).scalar_one_or_none()


@dataclass(frozen=True, slots=True)
class CancelWish:
    """A customer who wants waiting lines cancelled, of an order that the store still has open."""

    order_id: int
    number: str
    customer_name: str
    wished_at: datetime
    reason: str
    units: Units


def cancel_wishes(conn: Connection, store_id: int) -> list[CancelWish]:
    """Oldest wish first."""
    owed = func.sum(parts.c.outstanding, type_=parts.c.outstanding.type)
    since = func.min(order_lines.c.cancel_wished_at, type_=order_lines.c.cancel_wished_at.type)
    rows = conn.execute(
        select(
            orders.c.order_id,
            orders.c.number,
            orders.c.customer_name,
            since.label("since"),
            func.max(order_lines.c.cancel_reason).label("reason"),
            owed.label("owed"),
        )
        .select_from(parts)
        .join(order_lines, ITS_LINE)
        .join(orders, ITS_ORDER)
        .where(
            parts.c.store_id == store_id,
            parts.c.outstanding > ZERO,
            order_lines.c.cancel_wished_at.is_not(None),
            orders.c.status == OrderStatus.OPEN,
        )
        .group_by(orders.c.order_id, orders.c.number, orders.c.customer_name)
        .order_by(since, orders.c.order_id)
    )
    return [CancelWish(r.order_id, r.number, r.customer_name, r.since, r.reason, r.owed) for r in rows]


@dataclass(frozen=True, slots=True)
class StuckWork:
    """What was to be written to an order in one go, or a message, that failed, or of which nobody knows whether it
    happened.
    """

    order_id: int
    number: str
    kinds: tuple[ActionKind | NoticeKind, ...]
    """One message, one note, or the changes that go together."""
    state: WorkState
    reason: str
    at: datetime

    @property
    def is_message(self) -> bool:
        """Whether it was for the customer."""
        return isinstance(self.kinds[0], NoticeKind)

    @property
    def may_be_tried(self) -> bool:
        """Whether the merchant may have it tried again: a message or a note might come twice."""
        return self.state is WorkState.FAILED and self._is_written_whole

    @property
    def _is_written_whole(self) -> bool:
        return not self.is_message and ActionKind.NOTE not in self.kinds

    def goes_with(self, other: "StuckWork") -> bool:
        """Whether both are changes to one order that were written in one go."""
        same = replace(self, kinds=other.kinds) == other
        return same and self._is_written_whole and other._is_written_whole


def stuck_work(conn: Connection, store_id: int, *, limit: int) -> list[StuckWork]:
    """Newest first, for open orders; a store write only while it belongs to the newest state of its order."""
    wrong = (WorkState.FAILED, WorkState.UNKNOWN)

    def of(table: Any, is_message: bool, *which: Any) -> Any:
        return (
            select(
                orders.c.order_id,
                orders.c.number,
                literal(is_message).label("is_message"),
                type_coerce(table.c.kind, String).label("kind"),
                table.c.state,
                table.c.reason,
                table.c.at,
            )
            .select_from(table)
            .join(orders, and_(orders.c.store_id == table.c.store_id, orders.c.order_id == table.c.order_id))
            .where(
                table.c.store_id == store_id,
                table.c.state.in_(wrong),
                orders.c.status == OrderStatus.OPEN,
                *which,
            )
        )

    both = union_all(of(actions, False, actions.c.side_seq == orders.c.side_seq), of(notices, True)).subquery()
    # What goes together stands together.
    apart = both.c.is_message, both.c.kind == ActionKind.NOTE.value
    rows = conn.execute(select(both).order_by(both.c.at.desc(), both.c.order_id, *apart, both.c.kind).limit(limit))
    found: list[StuckWork] = []
    for r in rows:
        kinds = (NoticeKind(r.kind),) if r.is_message else (ActionKind(r.kind),)
        work = StuckWork(r.order_id, r.number, kinds, r.state, r.reason, r.at)
        if found and work.goes_with(found[-1]):
            found[-1] = replace(work, kinds=(*found[-1].kinds, *kinds))
        else:
            found.append(work)
    return found
