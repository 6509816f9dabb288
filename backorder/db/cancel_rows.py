"""Cancellations to be made in stores: a row with its key before anything is sent, one at a time for an order."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection, insert, select, update

from backorder.db.outbox import live
from backorder.db.tables import cancellations
from backorder.domain.lifecycle import WorkState
from backorder.domain.supply import Units

_OPEN = cancellations.c.state.in_([WorkState.DUE, WorkState.RUNNING, WorkState.UNKNOWN])


@dataclass(frozen=True, slots=True)
class CancelRow:
    """One cancellation: units by line, what becomes of stock and money, and where it stands."""

    id: int
    order_id: int
    units: Mapping[int, Units]
    restock: bool
    refund: bool
    key: str
    state: WorkState
    tries: int
    at: datetime
    reason: str


def add(
    conn: Connection,
    store_id: int,
    order_id: int,
    units: Mapping[int, Units],
    *,
    restock: bool,
    refund: bool,
    key: str,
    now: datetime,
) -> None:
    """Make a cancellation due. The caller holds the store's turn and knows that none is open for the order."""
    conn.execute(
        insert(cancellations).values(
            store_id=store_id,
            order_id=order_id,
            units=[[line, str(count)] for line, count in sorted(units.items())],
            restock=restock,
            refund=refund,
            key=key,
            state=WorkState.DUE,
            due_at=now,
            at=now,
        )
    )


def of_order(conn: Connection, store_id: int, order_id: int) -> list[CancelRow]:
    """Every cancellation of an order, oldest first."""
    rows = conn.execute(
        select(cancellations)
        .where(cancellations.c.store_id == store_id, cancellations.c.order_id == order_id)
        .order_by(cancellations.c.id)
    )
    return [
        CancelRow(
            row.id,
            row.order_id,
            {line: Decimal(count) for line, count in row.units},
            row.restock,
            row.refund,
            row.key,
            row.state,
            row.tries,
            row.at,
            row.reason,
        )
        for row in rows
    ]


def is_open(row: CancelRow) -> bool:
    """Whether it still needs somebody."""
    return row.state in (WorkState.DUE, WorkState.RUNNING, WorkState.UNKNOWN)


def due(conn: Connection, now: datetime) -> list[tuple[int, int]]:
    """(store, order) with a cancellation that is to be made or looked up now."""
    rows = conn.execute(
        select(cancellations.c.store_id, cancellations.c.order_id)
        .where(_OPEN, cancellations.c.due_at <= now, live(cancellations))
        .order_by(cancellations.c.id)
    )
    return [(row.store_id, row.order_id) for row in rows]


def set_state(
    conn: Connection,
    row_id: int,
    state: WorkState,
    now: datetime,
    *,
    due_at: datetime,
    reason: str = "",
    tried: bool = False,
) -> None:
    """Where it stands now."""
    tries = cancellations.c.tries + int(tried)
    conn.execute(
        update(cancellations)
        .where(cancellations.c.id == row_id)
        .values(state=state, at=now, due_at=due_at, reason=reason[:500], tries=tries)
    )
