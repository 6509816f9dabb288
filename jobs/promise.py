"""Walks the queues and writes the promises that moved.

It runs inside the allocation's transaction: the first message to a customer names the date, so there must be no
moment at which a line is known to wait and its date is not computed.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import NamedTuple

from backorder.db import changes, decided, goods, items, queue
from backorder.db.queue import QueuedPart
from backorder.db.session import Connection
from backorder.domain.acceptance import NOT_ACCEPTED, Verdict
from backorder.domain.allocation import Turn
from backorder.domain.promise import Outlook, Promise, Waiting, due, promises, quote
from backorder.domain.store import Store
from backorder.domain.supply import ZERO, Inbound, Pool, Units
from jobs.accept import changed, verdicts
from jobs.outlook import outlook, zone_of


def today_of(store: Store, now: datetime) -> date:
    """The store's calendar day."""
    return now.astimezone(zone_of(store)).date()


class Dated(NamedTuple):
    """What the walk over the queues found."""

    orders: frozenset[int]
    """Those whose dates or answers moved."""
    refused: frozenset[int]
    """Items for which somebody waits who was not accepted: they are asked about in each pass."""


def promise(
    conn: Connection,
    store: Store,
    queues: Mapping[Pool, list[QueuedPart]],
    coming: Mapping[Pool, list[Inbound]],
    in_doubt: Iterable[Pool],
    ahead: Outlook,
    now: datetime,
) -> Dated:
    """Write what moved. In a pool whose figures are in doubt no date that was given is moved."""
    doubted = frozenset(in_doubt)
    found: dict[Pool, list[tuple[QueuedPart, Promise | None]]] = {}
    for pool, parts in queues.items():
        waiting = [Waiting(part.demand, ahead.counts_from(part.backordered_at or now)) for part in parts]
        found[pool] = list(zip(parts, promises(waiting, coming.get(pool, []), ahead), strict=True))
    said = verdicts(conn, store, found, coming, ahead, now)
    answers = changed(said, (part for parts in queues.values() for part in parts)) if said else {}
    changes.answered(conn, store.id, answers)
    moved: list[tuple[QueuedPart, Promise | None]] = []
    for pool, dated in found.items():
        for part, new in dated:
            stands = _stands(part, new, said, ahead)
            if stands != part.promised and (part.promised is None or pool not in doubted):
                moved.append((part, stands))
    decided.promise(conn, store.id, moved)
    return Dated(
        frozenset(part.demand.turn.order_id for part, _ in moved) | {order for order, _ in answers},
        frozenset(pool.item for pool, parts in queues.items() for part in parts if _is_refused(part, said)),
    )


def quotes(conn: Connection, store: Store, item: int, units: Units, now: datetime) -> dict[Pool, Promise | None]:
    """When a new order without a head start would ship from each pool of an item, were it placed now."""
    ahead = outlook(conn, store, now, items.choices(conn, store.id, [item]))
    queues, coming = queue.queues(conn, store.id, [item]), goods.coming(conn, store.id, [item])
    turn = Turn(now, _LAST, _LAST)
    found = {}
    for pool, known in queue.known_pools(conn, store.id, [item]).items():
        parts = queues.get(pool, [])
        given = sum((part.demand.allocated for part in parts), ZERO)
        waiting = [Waiting(part.demand, ahead.counts_from(part.backordered_at or now)) for part in parts]
        free = known.believed.on_hand - given
        found[pool] = quote(waiting, coming.get(pool, []), units, ahead, free=free, turn=turn, pool=pool)
    return found


_LAST = 2**63 - 1
"""The id of an order that is not there yet: behind all that were placed at the same moment."""


def _is_refused(part: QueuedPart, said: Mapping[tuple[int, int], Verdict]) -> bool:
    if part.answer is None and not said:
        return False
    verdict = said.get((part.demand.turn.order_id, part.demand.turn.line_id))
    return (part.answer if verdict is None else verdict.answer) in NOT_ACCEPTED


def _stands(
    part: QueuedPart, new: Promise | None, said: Mapping[tuple[int, int], Verdict], ahead: Outlook
) -> Promise | None:
    """The date to stand by; only what waits has one."""
    if part.backordered_at is None or part.demand.allocated >= part.demand.outstanding:
        return None
    return due(part.promised, new, ahead, accepted=not _is_refused(part, said))
