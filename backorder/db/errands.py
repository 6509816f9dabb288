"""What a merchant has done in their store once: a row with its key before anything is sent, one at a time for an order.

Each kind has a table of its own for what is asked; how it stands is in the same columns everywhere.
"""

from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, bindparam, func, select, update

from backorder.db.outbox import live
from backorder.db.tables import cancellations, moves, parcels
from backorder.domain.lifecycle import WorkState

OPEN = (WorkState.DUE, WorkState.RUNNING, WorkState.UNKNOWN)


class Kind(StrEnum):
    """What is asked for."""

    CANCELLATION = "cancellation"
    PARCEL = "parcel"
    MOVE = "move"


_TABLES = {Kind.CANCELLATION: cancellations, Kind.PARCEL: parcels, Kind.MOVE: moves}
_DUE = {
    kind: select(table.c.store_id, table.c.order_id)
    .where(table.c.state.in_(OPEN), table.c.due_at <= bindparam("now"), live(table))
    .order_by(table.c.id)
    for kind, table in _TABLES.items()
}


@dataclass(frozen=True, slots=True)
class Errand:
    """How one of them stands."""

    id: int
    order_id: int
    state: WorkState
    tries: int
    """How often it was tried, or looked for."""
    due_at: datetime
    """When it is to be tried, or looked for, next."""
    at: datetime
    reason: str


def standing(row: Any) -> dict[str, Any]:
    """How the one of a row stands, by the names of an errand's fields."""
    return {field.name: getattr(row, field.name) for field in fields(Errand)}


def is_open(row: Errand) -> bool:
    """Whether it still needs somebody."""
    return row.state in OPEN


def due(conn: Connection, kind: Kind, now: datetime) -> list[tuple[int, int]]:
    """(store, order) where one is to be made or looked up now."""
    return [(row.store_id, row.order_id) for row in conn.execute(_DUE[kind], {"now": now})]


def end_not_begun(conn: Connection, store_id: int, reason: str, now: datetime) -> None:
    """What was asked for at the store and not begun is not done any more, and says why."""
    for table in _TABLES.values():
        conn.execute(
            update(table)
            .where(table.c.store_id == store_id, table.c.state == WorkState.DUE)
            .values(state=WorkState.DROPPED, reason=reason, at=now)
        )


def under_way(conn: Connection, store_id: int) -> int:
    """How many of the store need somebody."""
    counts = [
        select(func.count()).where(table.c.store_id == store_id, table.c.state.in_(OPEN)) for table in _TABLES.values()
    ]
    return sum(conn.execute(count).scalar_one() for count in counts)


def set_state(
    conn: Connection,
    kind: Kind,
    row_id: int,
    state: WorkState,
    now: datetime,
    *,
    due_at: datetime,
    tries: int,
    reason: str = "",
) -> None:
    """Where it stands now."""
    table = _TABLES[kind]
    conn.execute(
        update(table)
        .where(table.c.id == row_id)
        .values(state=state, at=now, due_at=due_at, reason=reason[:500], tries=tries)
    )
