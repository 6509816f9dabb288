"""Moves of orders between a store's locations: a row before anything is sent, one at a time for an order."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection, func, insert, select

from backorder.db.bites import among
from backorder.db.errands import OPEN, Errand, standing
from backorder.db.outbox import live
from backorder.db.tables import moves, parts, pools
from backorder.domain.lifecycle import WorkState
from backorder.domain.locations import Relocation
from backorder.domain.supply import ZERO, Pool, Units


@dataclass(frozen=True, slots=True)
class MoveRow(Errand):
    """One move: what was to go where, how much of each item lay there then, and where it stands."""

    relocation: Relocation
    there: Mapping[int, Units]


def add(
    conn: Connection, store_id: int, order_id: int, found: Relocation, there: Mapping[int, Units], now: datetime
) -> None:
    """Make a move due. The caller holds the store's turn and knows that none is open for the order."""
    conn.execute(
        insert(moves).values(
            store_id=store_id,
            order_id=order_id,
            source=found.source,
            target=found.target,
            units=[[line, str(units)] for line, units in sorted(found.units.items())],
            there=[[item, str(units)] for item, units in sorted(there.items())],
            state=WorkState.DUE,
            due_at=now,
            at=now,
        )
    )


def of_order(conn: Connection, store_id: int, order_id: int) -> list[MoveRow]:
    """Every move of an order, oldest first."""
    return of_orders(conn, store_id, [order_id]).get(order_id, [])


def of_orders(conn: Connection, store_id: int, ids: Iterable[int]) -> dict[int, list[MoveRow]]:
    """Every move of these orders, oldest first."""
    found: dict[int, list[MoveRow]] = {}
    rows = conn.execute(
        select(moves).where(moves.c.store_id == store_id, among(moves.c.order_id, ids)).order_by(moves.c.id)
    )
    for row in rows:
        told = Relocation(row.source, row.target, {line: Decimal(units) for line, units in row.units})
        there = {item: Decimal(units) for item, units in row.there}
        found.setdefault(row.order_id, []).append(MoveRow(**standing(row), relocation=told, there=there))
    return found


def next_due(conn: Connection, after: datetime) -> datetime | None:
    """When the next move that waits for its time is due."""
    return conn.execute(
        select(func.min(moves.c.due_at)).where(moves.c.state.in_(OPEN), moves.c.due_at > after, live(moves))
    ).scalar_one_or_none()


def waiting_for(conn: Connection, store_id: int, items: Collection[int], limit: int) -> list[int]:
    """The first orders in turn that have nothing of one of these items and are owed some of it."""
    turn = func.min(parts.c.queue_time)
    rows = conn.execute(
        select(parts.c.order_id)
        .where(
            parts.c.store_id == store_id,
            among(parts.c.item, items),
            parts.c.outstanding > ZERO,
            parts.c.allocated == ZERO,
            parts.c.decided,
        )
        .group_by(parts.c.order_id)
        .order_by(turn, parts.c.order_id)
        .limit(limit)
    )
    return list(rows.scalars())


def on_hand(conn: Connection, store_id: int, items: Collection[int]) -> dict[Pool, Units]:
    """Units of these items that are believed to lie in each pool."""
    rows = conn.execute(
        select(pools.c.item, pools.c.location, pools.c.on_hand).where(
            pools.c.store_id == store_id, among(pools.c.item, items)
        )
    )
    return {Pool(row.item, row.location): row.on_hand for row in rows}
