"""Webhooks as received, on their way into the book: worked off in order, quarantined when they raise."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select, update

from backorder.db.tables import deliveries
from backorder.domain.lifecycle import WorkState

TRIES = 5
"""How often a delivery may raise before it is put aside."""


@dataclass(frozen=True, slots=True)
class Received:
    """A delivery in the inbox."""

    id: int
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime
    path_topic: str
    tries: int


def due(conn: Connection, store_id: int, limit: int) -> list[Received]:
    """The oldest deliveries that wait."""
    rows = conn.execute(
        select(deliveries)
        .where(deliveries.c.store_id == store_id, deliveries.c.state == WorkState.DUE)
        .order_by(deliveries.c.id)
        .limit(limit)
    ).mappings()
    return [
        Received(
            row["id"],
            json.loads(row["headers"]),
            bytes(row["body"]),
            row["received_at"],
            row["path_topic"],
            row["tries"],
        )
        for row in rows
    ]


def handled(conn: Connection, ids: Sequence[int], now: datetime) -> None:
    """These were taken in."""
    conn.execute(
        update(deliveries).where(deliveries.c.id.in_(ids)).values(state=WorkState.DONE, handled_at=now, reason="")
    )


def raised(conn: Connection, received: Received, reason: str, now: datetime, *, for_good: bool = False) -> bool:
    """It could not be taken in: kept for another try, or put aside for good. Returns whether it was put aside."""
    tries = received.tries + 1
    aside = for_good or tries >= TRIES
    conn.execute(
        update(deliveries)
        .where(deliveries.c.id == received.id)
        .values(
            state=WorkState.FAILED if aside else WorkState.DUE,
            tries=tries,
            reason=reason[:500],
            handled_at=now if aside else None,
        )
    )
    return aside


def stores_with_due(conn: Connection) -> list[int]:
    """Stores with deliveries that wait."""
    found = select(deliveries.c.store_id).where(deliveries.c.state == WorkState.DUE).distinct()
    return list(conn.execute(found).scalars())


def counts(conn: Connection, store_id: int) -> dict[WorkState, int]:
    """How many deliveries stand where."""
    found = conn.execute(
        select(deliveries.c.state, func.count()).where(deliveries.c.store_id == store_id).group_by(deliveries.c.state)
    )
    return {row[0]: row[1] for row in found}


def quarantined(conn: Connection, store_id: int, limit: int = 50) -> list[dict[str, Any]]:
    """Deliveries put aside, newest first."""
    found = conn.execute(
        select(deliveries.c.id, deliveries.c.topic, deliveries.c.reason, deliveries.c.received_at)
        .where(deliveries.c.store_id == store_id, deliveries.c.state == WorkState.FAILED)
        .order_by(deliveries.c.id.desc())
        .limit(limit)
    ).mappings()
    return [dict(row) for row in found]
