"""Walks the queues and writes the promises that moved.

It runs inside the allocation's transaction: the first message to a customer names the date, so there must be no
moment at which a line is known to wait and its date is not computed.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

from backorder.db import queue
from backorder.db.queue import QueuedPart
from backorder.db.session import Connection
from backorder.domain.promise import Promise, Waiting, promises
from backorder.domain.store import Store
from backorder.domain.supply import Inbound, Pool


def today_of(store: Store, now: datetime) -> date:
    """The store's calendar day."""
    return now.astimezone(ZoneInfo(store.timezone)).date()


def promise(
    conn: Connection,
    store: Store,
    queues: Mapping[Pool, list[QueuedPart]],
    coming: Mapping[Pool, list[Inbound]],
    in_doubt: Iterable[Pool],
    now: datetime,
) -> None:
    """Write what moved. In a pool whose figures are in doubt no date that was given is moved."""
    today = today_of(store, now)
    doubted = frozenset(in_doubt)
    moved: list[tuple[QueuedPart, Promise | None]] = []
    for pool, parts in queues.items():
        since = [(part.backordered_at or now).astimezone(ZoneInfo(store.timezone)).date() for part in parts]
        waiting = [Waiting(part.demand, day) for part, day in zip(parts, since, strict=True)]
        found = promises(waiting, coming.get(pool, []), store.policy, today)
        for part, new in zip(parts, found, strict=True):
            due = new if _is_promised(store, part) else None
            moves = due != part.promised
            if moves and (part.promised is None or pool not in doubted):
                moved.append((part, due))
    queue.promise(conn, store.id, moved)


def _is_promised(store: Store, part: QueuedPart) -> bool:
    """Only what waits has a date; where the merchant does not accept backorders, no new one gets any."""
    waits = part.backordered_at is not None and part.demand.allocated < part.demand.outstanding
    return waits and (store.policy.accept_backorders or part.promised is not None)
