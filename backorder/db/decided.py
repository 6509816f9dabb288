"""What a pass decided, on its way into the tables: units with a row that says why, and promises."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from backorder.db.items import changed
from backorder.db.many import insert_many, update_many
from backorder.db.queue import QueuedPart
from backorder.db.tables import decisions, order_lines, parts
from backorder.domain.allocation import Decision, Demand, Rule
from backorder.domain.promise import Promise
from backorder.domain.supply import Pool, Units

_PART = ("store_id", "order_id", "line_id", "item", "location")


def _key(store_id: int, demand: Demand) -> tuple[int, int, int, int, int]:
    return store_id, demand.turn.order_id, demand.turn.line_id, demand.pool.item, demand.pool.location


_DECISION = (
    *_PART,
    "before",
    "allocated",
    "firm",
    "rule",
    "priority",
    "overtook",
    "on_hand",
    "policy_version",
    "at",
)


def decide(
    conn: Connection,
    store_id: int,
    made: Sequence[Decision],
    on_hand: Mapping[Pool, Units],
    *,
    policy_version: int,
    now: datetime,
) -> None:
    """Save decisions: what each line has now, and a row for each that says why."""
    if not made:
        return
    update_many(
        conn,
        parts,
        ("allocated", "firm", "decided"),
        _PART,
        [(d.allocated, d.firm, True, *_key(store_id, d.demand)) for d in made],
    )
    changed(conn, store_id, {d.demand.pool.item for d in made})
    insert_many(
        conn,
        decisions,
        _DECISION,
        [
            (
                *_key(store_id, d.demand),
                d.demand.allocated,
                d.allocated,
                d.firm,
                d.rule,
                d.demand.priority,
                d.overtook,
                on_hand.get(d.demand.pool),
                policy_version,
                now,
            )
            for d in made
        ],
    )
    waiting = [
        (now, store_id, d.demand.turn.order_id, d.demand.turn.line_id)
        for d in made
        if d.allocated < d.demand.outstanding and d.rule is not Rule.CUSTOMER_CANCELS
    ]
    update_many(conn, order_lines, ("backordered_at",), ("store_id", "order_id", "line_id"), waiting, only_empty=True)


def promise(conn: Connection, store_id: int, moved: Sequence[tuple[QueuedPart, Promise | None]]) -> None:
    """Save promises that moved; the first one ever given is kept beside the present one."""
    update_many(
        conn,
        parts,
        ("promise_early", "promise_late", "promise_first"),
        _PART,
        [
            (
                None if new is None else new.early,
                None if new is None else new.late,
                part.first_promise or (None if new is None else new.late),
                *_key(store_id, part.demand),
            )
            for part, new in moved
        ],
    )
