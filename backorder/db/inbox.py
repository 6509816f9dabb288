"""Webhooks as received, on their way into the book: worked off in order, quarantined when they raise."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, select, update

from backorder.db.tables import deliveries
from backorder.domain.lifecycle import WorkState
from backorder.domain.privacy import Mentions

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
    waits: bool = True
    """Whether it was not taken in yet."""


def due(conn: Connection, store_id: int, limit: int) -> list[Received]:
    """The oldest deliveries that wait."""
    rows = conn.execute(
        select(deliveries)
        .where(deliveries.c.store_id == store_id, deliveries.c.state == WorkState.DUE)
        .order_by(deliveries.c.id)
        .limit(limit)
    ).mappings()
    return [_received(row) for row in rows]


def _received(row: Any) -> Received:
    headers, body = json.loads(row["headers"]), bytes(row["body"])
    return Received(
        row["id"], headers, body, row["received_at"], row["path_topic"], row["tries"], row["state"] is WorkState.DUE
    )


def blank(conn: Connection, ids: Sequence[int]) -> None:
    """Forget what these said; that they came is kept, so that a repeat is known."""
    conn.execute(update(deliveries).where(deliveries.c.id.in_(ids)).values(headers="{}", body=b"", reason=""))


def naming(
    conn: Connection, store_id: int, mentions: Mentions, after: int, limit: int
) -> tuple[int | None, list[int], bool]:
    """Of the next deliveries behind one: the last that was looked at (`None`: there are no more), those that name
    somebody, and whether one of them still waits to be taken in. Those that wait are not among the named.
    """
    rows = conn.execute(
        select(deliveries.c.id, deliveries.c.state, deliveries.c.headers, deliveries.c.body)
        .where(deliveries.c.store_id == store_id, deliveries.c.id > after)
        .order_by(deliveries.c.id)
        .limit(limit)
    ).all()
    found = [row for row in rows if mentions.within(bytes(row.body)) or mentions.within(row.headers.encode())]
    taken_in = [row.id for row in found if row.state is not WorkState.DUE]
    return (rows[-1].id if rows else None), taken_in, len(taken_in) < len(found)


def remove(conn: Connection, ids: Sequence[int]) -> None:
    """These are not kept."""
    conn.execute(delete(deliveries).where(deliveries.c.id.in_(ids)))


def oldest(conn: Connection, store_id: int, limit: int) -> list[Received]:
    """The oldest deliveries in whatever state."""
    rows = conn.execute(
        select(deliveries).where(deliveries.c.store_id == store_id).order_by(deliveries.c.id).limit(limit)
    ).mappings()
    return [_received(row) for row in rows]


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
