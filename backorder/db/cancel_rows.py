"""Cancellations to be made in stores: units by line, and what becomes of stock and money."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection, insert, select

from backorder.db.bites import among
from backorder.db.errands import Errand, standing
from backorder.db.tables import cancellations
from backorder.domain.lifecycle import WorkState
from backorder.domain.supply import Units


@dataclass(frozen=True, slots=True)
class CancelRow(Errand):
    """One cancellation: units by line, what becomes of stock and money, and where it stands."""

    units: Mapping[int, Units]
    restock: bool
    refund: bool
    key: str


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
    return of_orders(conn, store_id, [order_id])


def of_orders(conn: Connection, store_id: int, ids: Iterable[int]) -> list[CancelRow]:
    """Every cancellation of these orders, oldest first."""
    rows = conn.execute(
        select(cancellations)
        .where(cancellations.c.store_id == store_id, among(cancellations.c.order_id, ids))
        .order_by(cancellations.c.id)
    )
    return [
        CancelRow(
            **standing(row),
            units={line: Decimal(count) for line, count in row.units},
            restock=row.restock,
            refund=row.refund,
            key=row.key,
        )
        for row in rows
    ]
