"""The queues: what each pool owes to whom, what we believe is there, what was decided, what is promised."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from backorder.db.bites import bites
from backorder.db.tables import decisions, inbound, items, order_lines, orders, parts, pools, receipts, stores
from backorder.db.upsert import put
from backorder.domain.allocation import Decision, Demand, Rule, Turn
from backorder.domain.promise import Promise
from backorder.domain.supply import ZERO, Assessment, Balance, Believed, Inbound, Pool, Stock, Units


@dataclass(frozen=True, slots=True)
class KnownPool:
    """What we believe of a pool, and which reading told us last."""

    believed: Believed
    read_began: datetime


@dataclass(frozen=True, slots=True)
class QueuedPart:
    """A part of a line in a pool's queue, with what was promised for it."""

    demand: Demand
    backordered_at: datetime | None
    promised: Promise | None
    first_promise: date | None


def owed_orders(conn: Connection, store_id: int, of: Iterable[Pool], limit: int) -> list[int]:
    """The orders that these pools owe units to: of each pool the first ones in turn, at most `limit`."""
    found: set[int] = set()
    for pool in of:
        found.update(
            conn.execute(
                select(parts.c.order_id)
                .where(
                    parts.c.store_id == store_id,
                    parts.c.item == pool.item,
                    parts.c.location == pool.location,
                    parts.c.outstanding > ZERO,
                )
                .order_by(parts.c.queue_time, parts.c.order_id)
                .limit(limit)
            ).scalars()
        )
    return sorted(found)


def known_pools(conn: Connection, store_id: int, items: Iterable[int]) -> dict[Pool, KnownPool]:
    """The pools of these items that were ever read."""
    found = {}
    for bite in bites(items):
        rows = conn.execute(
            select(pools).where(pools.c.store_id == store_id, pools.c.item.in_(bite)).with_for_update()
        ).mappings()
        for row in rows:
            found[Pool(row["item"], row["location"])] = KnownPool(_believed(row), row["read_began"])
    return found


def _believed(row: Any) -> Believed:
    return Believed(
        balance=row["balance"],
        on_hand=row["on_hand"],
        available=row["believed_available"],
        outstanding=row["believed_outstanding"],
        gap=row["gap"],
        doubted_available=row["doubted_available"],
        doubted_at=row["doubted_at"],
        least=row["doubted_least"],
    )


def save_pools(
    conn: Connection, store_id: int, assessed: Mapping[Pool, tuple[Stock, Assessment, datetime, Units]]
) -> None:
    """Save readings with their assessment, when each began, and the firm units that are not covered any more."""
    rows = [
        {
            "store_id": store_id,
            "item": pool.item,
            "location": pool.location,
            "available": stock.available,
            "committed": stock.committed,
            "incoming": stock.incoming,
            "read_began": began,
            "balance": said.believed.balance,
            "on_hand": said.believed.on_hand,
            "believed_available": said.believed.available,
            "believed_outstanding": said.believed.outstanding,
            "gap": said.believed.gap,
            "doubted_available": said.believed.doubted_available,
            "doubted_at": said.believed.doubted_at,
            "doubted_least": said.believed.least,
            "again_at": said.again_at,
            "shortfall": shortfall,
        }
        for pool, (stock, said, began, shortfall) in assessed.items()
    ]
    put(conn, pools, rows, [name for name in rows[0] if name not in ("store_id", "item", "location")] if rows else [])


def save_doubts(conn: Connection, store_id: int, doubted: Mapping[Pool, Believed]) -> None:
    """Remember that these pools are in doubt, and nothing else of the readings that told it."""
    for pool, believed in doubted.items():
        conn.execute(
            update(pools)
            .where(pools.c.store_id == store_id, pools.c.item == pool.item, pools.c.location == pool.location)
            .values(
                doubted_available=believed.doubted_available,
                doubted_at=believed.doubted_at,
                doubted_least=believed.least,
            )
        )


def drop_pools(
    conn: Connection, store_id: int, items: Iterable[int], keep: Iterable[Pool], began: datetime
) -> list[Pool]:
    """The store no longer counts these items there; which pools that concerns. Nothing is there to give any more."""
    kept = set(keep)
    dropped = [pool for pool in known_pools(conn, store_id, items) if pool not in kept]
    for pool in dropped:
        conn.execute(
            update(pools)
            .where(pools.c.store_id == store_id, pools.c.item == pool.item, pools.c.location == pool.location)
            .values(
                again_at=None,
                available=ZERO,
                on_hand=ZERO,
                balance=Balance.NEW,
                doubted_at=None,
                doubted_least=None,
                read_began=began,
            )
        )
    return dropped


def queues(conn: Connection, store_id: int, items: Iterable[int]) -> dict[Pool, list[QueuedPart]]:
    """Everything that the pools of these items owe, in order of service."""
    found: dict[Pool, list[QueuedPart]] = {}
    for bite in bites(items):
        rows = conn.execute(
            select(parts, order_lines.c.backordered_at, order_lines.c.cancel_wished_at)
            .join(
                order_lines,
                (order_lines.c.store_id == parts.c.store_id)
                & (order_lines.c.order_id == parts.c.order_id)
                & (order_lines.c.line_id == parts.c.line_id),
            )
            .where(
                parts.c.store_id == store_id,
                parts.c.item.in_(bite),
                parts.c.outstanding > ZERO,
                order_lines.c.ignored.is_(None),
            )
            .order_by(parts.c.item, parts.c.location, parts.c.queue_time, parts.c.order_id, parts.c.line_id)
        ).mappings()
        for row in rows:
            pool = Pool(row["item"], row["location"])
            found.setdefault(pool, []).append(_queued(row, pool))
    return found


def _queued(row: Any, pool: Pool) -> QueuedPart:
    early, late = row["promise_early"], row["promise_late"]
    return QueuedPart(
        demand=Demand(
            turn=Turn(row["queue_time"], row["order_id"], row["line_id"]),
            pool=pool,
            outstanding=row["outstanding"],
            allocated=row["allocated"],
            firm=row["firm"],
            first_pass=not row["decided"],
            takes_no_more=row["cancel_wished_at"] is not None,
        ),
        backordered_at=row["backordered_at"],
        promised=None if early is None else Promise(early, late),
        first_promise=row["promise_first"],
    )


_PART = (
    (parts.c.store_id == bindparam("b_store"))
    & (parts.c.order_id == bindparam("b_order"))
    & (parts.c.line_id == bindparam("b_line"))
    & (parts.c.item == bindparam("b_item"))
    & (parts.c.location == bindparam("b_location"))
)
_DECIDE = update(parts).where(_PART).values(allocated=bindparam("b_allocated"), firm=bindparam("b_firm"), decided=True)
_PROMISE = (
    update(parts)
    .where(_PART)
    .values(promise_early=bindparam("b_early"), promise_late=bindparam("b_late"), promise_first=bindparam("b_first"))
)
_BACKORDERED = (
    update(order_lines)
    .where(
        (order_lines.c.store_id == bindparam("b_store"))
        & (order_lines.c.order_id == bindparam("b_order"))
        & (order_lines.c.line_id == bindparam("b_line"))
        & order_lines.c.backordered_at.is_(None)
    )
    .values(backordered_at=bindparam("b_at"))
)


def _key(store_id: int, demand: Demand) -> dict[str, Any]:
    return {
        "b_store": store_id,
        "b_order": demand.turn.order_id,
        "b_line": demand.turn.line_id,
        "b_item": demand.pool.item,
        "b_location": demand.pool.location,
    }


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
    conn.execute(
        _DECIDE,
        [{**_key(store_id, d.demand), "b_allocated": d.allocated, "b_firm": d.firm} for d in made],
    )
    conn.execute(
        insert(decisions),
        [
            {
                "store_id": store_id,
                "order_id": d.demand.turn.order_id,
                "line_id": d.demand.turn.line_id,
                "item": d.demand.pool.item,
                "location": d.demand.pool.location,
                "before": d.demand.allocated,
                "allocated": d.allocated,
                "firm": d.firm,
                "rule": d.rule,
                "on_hand": on_hand.get(d.demand.pool),
                "policy_version": policy_version,
                "at": now,
            }
            for d in made
        ],
    )
    waiting = [
        {"b_store": store_id, "b_order": d.demand.turn.order_id, "b_line": d.demand.turn.line_id, "b_at": now}
        for d in made
        if d.allocated < d.demand.outstanding and d.rule is not Rule.CUSTOMER_CANCELS
    ]
    if waiting:
        conn.execute(_BACKORDERED, waiting)


def promise(conn: Connection, store_id: int, moved: Sequence[tuple[QueuedPart, Promise | None]]) -> None:
    """Save promises that moved; the first one ever given is kept beside the present one."""
    if not moved:
        return
    conn.execute(
        _PROMISE,
        [
            {
                **_key(store_id, part.demand),
                "b_early": None if new is None else new.early,
                "b_late": None if new is None else new.late,
                "b_first": part.first_promise or (None if new is None else new.late),
            }
            for part, new in moved
        ],
    )


def coming(conn: Connection, store_id: int, items: Iterable[int]) -> dict[Pool, list[Inbound]]:
    """Goods on the way to the pools of these items, soonest first."""
    rows = conn.execute(
        select(inbound)
        .where(
            inbound.c.store_id == store_id,
            inbound.c.item.in_(sorted(set(items))),
            inbound.c.received < inbound.c.quantity,
        )
        .order_by(inbound.c.expected_on, inbound.c.id)
    ).mappings()
    found: dict[Pool, list[Inbound]] = {}
    for row in rows:
        pool = Pool(row["item"], row["location"])
        found.setdefault(pool, []).append(
            Inbound(row["id"], pool, row["quantity"], row["received"], row["expected_on"], row["source"])
        )
    return found


def add_inbound(
    conn: Connection,
    store_id: int,
    pool: Pool,
    *,
    quantity: Units,
    expected_on: date,
    source: str,
    now: datetime,
) -> int:
    """Goods are on the way."""
    made = conn.execute(
        insert(inbound)
        .values(
            store_id=store_id,
            item=pool.item,
            location=pool.location,
            quantity=quantity,
            expected_on=expected_on,
            source=source,
            created_at=now,
        )
        .returning(inbound.c.id)
    )
    return int(made.scalar_one())


def book_arrival(conn: Connection, store_id: int, lines: Sequence[Inbound], units: Units, now: datetime) -> None:
    """Book units that came in unannounced against the oldest goods on the way: a guess, shown and undoable."""
    left = units
    for line in lines:
        booked = min(left, line.open)
        if booked <= 0:
            continue
        left -= booked
        conn.execute(update(inbound).where(inbound.c.id == line.id).values(received=inbound.c.received + booked))
        conn.execute(insert(receipts).values(store_id=store_id, inbound_id=line.id, units=booked, guessed=True, at=now))


def undo_receipt(conn: Connection, store_id: int, receipt_id: int, now: datetime) -> int | None:
    """The goods are still on the way after all; returns their item, `None` where there is nothing to undo."""
    undone = conn.execute(
        update(receipts)
        .where(receipts.c.store_id == store_id, receipts.c.id == receipt_id, receipts.c.undone_at.is_(None))
        .values(undone_at=now)
        .returning(receipts.c.inbound_id, receipts.c.units)
    ).first()
    if undone is None:
        return None
    item = conn.execute(
        update(inbound)
        .where(inbound.c.id == undone.inbound_id)
        .values(received=inbound.c.received - undone.units)
        .returning(inbound.c.item)
    ).scalar_one()
    return int(item)


def locations(conn: Connection, store_id: int) -> list[int]:
    """Every location at which the store counts anything."""
    found = select(pools.c.location).where(pools.c.store_id == store_id).distinct()
    return list(conn.execute(found.order_by(pools.c.location)).scalars())


def locations_of(conn: Connection, store_id: int, item: int) -> list[int]:
    """Locations at which an item is counted."""
    found = select(pools.c.location).where(pools.c.store_id == store_id, pools.c.item == item)
    return list(conn.execute(found.order_by(pools.c.location)).scalars())


def next_doubt(conn: Connection, after: datetime) -> datetime | None:
    """When the next pool in doubt may be looked at again."""
    found = select(pools.c.again_at).where(pools.c.again_at > after).order_by(pools.c.again_at).limit(1)
    return conn.execute(found).scalar_one_or_none()


def stores_to_plan(conn: Connection, now: datetime) -> set[int]:
    """Stores with something to read or to plan, whose first import has ended."""
    marked = select(items.c.store_id).where(items.c.dirty_seq > items.c.done_seq)
    doubted = select(pools.c.store_id).where(pools.c.again_at <= now)
    unread = select(orders.c.store_id).where(orders.c.unread | orders.c.review)
    imported = select(stores.c.id).where(
        stores.c.imported_at.is_not(None),
        stores.c.id.in_(marked) | stores.c.id.in_(doubted) | stores.c.id.in_(unread),
    )
    return set(conn.execute(imported).scalars())
