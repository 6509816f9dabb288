"""Webhooks as received: one row each before they are answered, worked off in order, quarantined when they raise."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select, update

from backorder.db.session import Database
from backorder.db.tables import EPOCH, deliveries, stores
from backorder.domain.lifecycle import WorkState
from backorder.domain.store import Health

TRIES = 5
"""How often a delivery may raise before it is put aside."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """Whose webhooks arrive at an address or with a token: what is needed to check a signature."""

    store_id: int
    platform: str
    sealed: str
    gone: bool


@dataclass(frozen=True, slots=True)
class Received:
    """A delivery in the inbox."""

    id: int
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime
    path_topic: str
    tries: int


def receiver(conn: Connection, platform: str, *, address: str = "", token: str = "") -> Receiver | None:
    """The store that a delivery claims to be from. The one that is still connected, if there are several."""
    named = stores.c.webhook_token == token if token else stores.c.address == address
    row = conn.execute(
        select(stores.c.id, stores.c.credentials, stores.c.health)
        .where(stores.c.platform == platform, named)
        .order_by((stores.c.health == Health.GONE), stores.c.id.desc())
    ).first()
    return None if row is None else Receiver(row.id, platform, row.credentials, row.health is Health.GONE)


# The one statement of the hot path is kept as text: building it anew cost a third of the whole request.
_RECORD = (
    "INSERT INTO deliveries (store_id, dedupe_key, topic, path_topic, headers, body, received_at, state) "
    "VALUES ({0}, {0}, {0}, {0}, {0}, {0}, {0}, 'due') ON CONFLICT DO NOTHING"
)


def record(
    database: Database,
    store_id: int,
    *,
    dedupe_key: str,
    topic: str,
    path_topic: str,
    headers: Mapping[str, str],
    body: bytes,
    received_at: datetime,
) -> bool:
    """Keep a delivery, durable on return; False for a repeat. Raises when the database cannot store it."""
    micros = int((received_at - EPOCH).total_seconds() * 1_000_000)
    row = (store_id, dedupe_key, topic[:100], path_topic[:100], json.dumps(dict(headers)), body, micros)
    with database.write() as conn:
        statement = _RECORD.format("?" if database.is_sqlite else "%s")
        return conn.exec_driver_sql(statement, row).rowcount == 1


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


def raised(conn: Connection, received: Received, reason: str, now: datetime, *, for_good: bool) -> bool:
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
