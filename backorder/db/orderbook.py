"""The order book: what stores told of their orders, and what we gave to each line.

Everything is loaded and saved for many orders at once, so that a pass costs a constant number of statements.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, tzinfo
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, bindparam, delete, insert, select, text, tuple_, update

from backorder.db import erasing
from backorder.db.bites import KEYS, among, bites
from backorder.db.items import changed, touch
from backorder.db.order_rows import (
    HEAD,
    LINE,
    PART,
    BookOrder,
    book_order,
    head,
    line_row,
    owed_anew,
    piece,
    queueing,
    still_given,
    where,
)
from backorder.db.stores import take_turn
from backorder.db.tables import NOWHERE, decisions, items, order_lines, orders, parts, stores
from backorder.db.upsert import put
from backorder.domain.allocation import Rule
from backorder.domain.choices import NO_CHOICES
from backorder.domain.claims import unaccepted
from backorder.domain.lifecycle import Given
from backorder.domain.orders import KnownOrder, Order, OrderLine, left_since, pools_of
from backorder.domain.policy import BackorderPolicy
from backorder.domain.privacy import without_person
from backorder.domain.split import Split
from backorder.domain.supply import ZERO, Pool, Units

__all__ = [
    "BookOrder",
    "ask_for_review",
    "load",
    "mark_unread",
    "nowhere",
    "of_customer",
    "owing",
    "owing_unread_since",
    "save",
    "to_review",
    "unread",
    "using_items",
]


def load(conn: Connection, store_id: int, ids: Iterable[int], *, lock: bool = False) -> dict[int, BookOrder]:
    """The orders of these ids that the book has. `lock` keeps others from changing the book, and from adding these
    orders to it, until the transaction ends.
    """
    if lock:
        take_turn(conn, store_id)
    wanted = set(ids)
    return _load(conn, store_id, wanted, item_splits(conn, store_id)) if wanted else {}


def item_splits(conn: Connection, store_id: int) -> dict[int, Split]:
    """Items for which the merchant chose when parts may leave."""
    return {row.item: row.split for row in conn.execute(_SPLITS, {"store": store_id})}


# Every pass loads orders, again and again: built once.
def _of_those(table: Table) -> ColumnElement[bool]:
    """Rows of a few orders of a store."""
    return (table.c.store_id == bindparam("store")) & among(table.c.order_id, bindparam("orders", type_=KEYS))


_SPLITS = select(items.c.item, items.c.split).where(items.c.store_id == bindparam("store"), items.c.split.is_not(None))
_LINES = select(*LINE).where(_of_those(order_lines)).order_by(order_lines.c.order_id, order_lines.c.line_id)
_PARTS = select(*PART).where(_of_those(parts)).order_by(parts.c.item)
_ZONE = select(stores.c.timezone).where(stores.c.id == bindparam("store")).scalar_subquery()
_HEADS = select(*HEAD, _ZONE).where(_of_those(orders)).order_by(orders.c.order_id)


def _load(conn: Connection, store_id: int, ids: set[int], splits: dict[int, Split]) -> dict[int, BookOrder]:
    those = {"store": store_id, "orders": sorted(ids)}
    lines_of: dict[int, list[Any]] = {}
    for row in conn.execute(_LINES, those).all():
        lines_of.setdefault(row[0], []).append(row)
    parts_of: dict[tuple[int, int], list[Any]] = {}
    for row in conn.execute(_PARTS, those).all():
        parts_of.setdefault((row[0], row[1]), []).append(row)
    return {
        row[0]: book_order(row, lines_of.get(row[0], ()), parts_of, splits) for row in conn.execute(_HEADS, those).all()
    }


def save(
    conn: Connection,
    store_id: int,
    changes: Sequence[tuple[BookOrder | None, KnownOrder]],
    *,
    policy: BackorderPolicy,
    zone: tzinfo,
    now: datetime,
) -> set[int]:
    """Save what stores told; returns the items that it touches, which are marked dirty in the same transaction.

    Units that left, or are no longer owed, are taken from what a line was given; the taking is a decision of its own.
    """
    heads, lines, pieces, vanished, anew = [], [], [], [], []
    touched: set[int] = set()
    moved: set[int] = set()
    nameless = erasing.marked(conn, store_id, [known.order.id for _, known in changes])
    for before, told in changes:
        # Whoever was erased is not brought back by what the store still tells of the order.
        known = replace(told, order=without_person(told.order)) if told.order.id in nameless else told
        order, old = known.order, before.order if before is not None else None
        choices = before.choices if before is not None else NO_CHOICES
        placed = queueing(order, policy, choices, zone)
        review = _differs(old, order) or (before is not None and before.review)
        heads.append(head(store_id, known, placed.priority, review=review))
        lines += [line_row(store_id, order.id, line, _unaccepted(before, line)) for line in order.lines]
        kept = {(line.id, part.pool) for line in order.lines for part in line.parts}
        given = before.given if before is not None else {}
        has = {(line_id, g.pool): g for line_id, gs in given.items() for g in gs}
        owed_before = _owed(old)
        left = left_since(old, order) if old is not None else {}
        for line in order.lines:
            for part in line.parts:
                key = (line.id, part.pool)
                had = has.get(key, Given(part.pool))
                g = still_given(had, part.outstanding, left.get(key, ZERO))
                if g.allocated < had.allocated:
                    anew.append(owed_anew(store_id, order.id, line.id, had, g, Rule.LESS_OWED))
                elif key in has and part.outstanding > owed_before.get(key, part.outstanding):
                    anew.append(owed_anew(store_id, order.id, line.id, had, g, Rule.MORE_OWED))
                pieces.append(piece(store_id, order, line, part, g, placed))
        for (line_id, pool), g in has.items():
            if (line_id, pool) not in kept:
                vanished.append((order.id, line_id, *where(pool)))
                if g.allocated > 0:
                    anew.append(owed_anew(store_id, order.id, line_id, g, Given(pool), Rule.LESS_OWED))
        if old is not None:
            for line in old.lines:
                gone = [part.pool for part in line.parts if (line.id, part.pool) not in kept]
                vanished += [(order.id, line.id, *where(pool)) for pool in gone]
            if queueing(old, policy, choices, zone) != placed:
                touched |= {pool.item for pool in pools_of(order)}
        touched |= _touched(old, order)
        if old is None or (old.lines, old.placed_at, old.status) != (order.lines, order.placed_at, order.status):
            moved |= {pool.item for known in (old, order) if known is not None for pool in pools_of(known)}
    put(conn, orders, heads, [name for name in heads[0] if name not in ("store_id", "order_id")] if heads else [])
    put(
        conn,
        order_lines,
        lines,
        [name for name in lines[0] if name not in ("store_id", "order_id", "line_id")] if lines else [],
    )
    part_key = tuple_(parts.c.order_id, parts.c.line_id, parts.c.item, parts.c.location)
    for bite in bites(vanished):
        conn.execute(delete(parts).where(parts.c.store_id == store_id, part_key.in_(bite)))
    put(conn, parts, pieces, ("outstanding", "allocated", "firm", "queue_time", "queued_at"))
    if anew:
        conn.execute(insert(decisions), [{**row, "policy_version": policy.version, "at": now} for row in anew])
    touch(conn, store_id, touched)
    changed(conn, store_id, moved - touched)
    return touched


def _unaccepted(before: BookOrder | None, line: OrderLine) -> Units:
    """Units of a line as it is told now that are not accepted. A line that never waited is not judged yet."""
    if before is None or line.id not in before.backordered_at:
        return ZERO
    was = next(was for was in before.order.lines if was.id == line.id)
    return unaccepted(was, line, before.unaccepted.get(line.id, ZERO))


def _differs(old: Order | None, new: Order) -> bool:
    """Whether anything changed that an order's standing rests on."""
    if old is None:
        return True

    def figures(order: Order) -> Any:
        return (
            order.status,
            order.paid,
            [(x.id, x.ordered, x.shipped, x.cancelled, x.parts, x.ignored) for x in order.lines],
        )

    return bool(figures(old) != figures(new))


def _owed(order: Order | None) -> dict[tuple[int, Pool | None], Any]:
    """What each part of the order owes."""
    if order is None:
        return {}
    return {(line.id, part.pool): part.outstanding for line in order.lines for part in line.parts}


def _touched(old: Order | None, new: Order) -> set[int]:
    """Items whose pools owe something else than before."""

    changed = set(_owed(old).items()) ^ set(_owed(new).items())
    return {pool.item for (_, pool), _ in changed if pool is not None}


def mark_unread(conn: Connection, store_id: int, ids: Iterable[int], now: datetime) -> None:
    """These orders must be read before anything rests on them, by a reading that begins after `now`."""
    wanted = set(ids)
    if wanted:
        conn.execute(
            update(orders)
            .where(orders.c.store_id == store_id, among(orders.c.order_id, wanted))
            .values(unread=True, unread_at=now)
        )


# As text: SQLite sees only so that its index of just these rows will do.
_UNREAD = text("orders.unread")
_REVIEW = text("orders.review")


def unread(conn: Connection, store_id: int, limit: int) -> list[int]:
    """Orders that must be read, oldest first."""
    found = (
        select(orders.c.order_id).where(orders.c.store_id == store_id, _UNREAD).order_by(orders.c.order_id).limit(limit)
    )
    return list(conn.execute(found).scalars())


def to_review(conn: Connection, store_id: int) -> list[int]:
    """Orders whose standing may have changed since it was last looked at."""
    return list(conn.execute(select(orders.c.order_id).where(orders.c.store_id == store_id, _REVIEW)).scalars())


def ask_for_review(conn: Connection, store_id: int, order_id: int) -> None:
    """The order's standing may have changed."""
    conn.execute(update(orders).where(orders.c.store_id == store_id, orders.c.order_id == order_id).values(review=True))


def owing(conn: Connection, store_id: int) -> list[int]:
    """Every order that still owes a unit, and every one that was never read."""
    found = select(parts.c.order_id).where(parts.c.store_id == store_id, parts.c.outstanding > ZERO).distinct()
    return list(conn.execute(found).scalars())


def owing_unread_since(conn: Connection, store_id: int, moment: datetime) -> list[int]:
    """Orders that owe a unit, and no reading of which began at that moment or later."""
    found = (
        select(orders.c.order_id)
        .join(parts, (parts.c.store_id == orders.c.store_id) & (parts.c.order_id == orders.c.order_id))
        .where(
            orders.c.store_id == store_id,
            parts.c.outstanding > ZERO,
            orders.c.read_began.is_(None) | (orders.c.read_began < moment),
        )
        .distinct()
    )
    return list(conn.execute(found).scalars())


def nowhere(conn: Connection, store_id: int) -> list[int]:
    """Orders with units that are in no pool yet."""
    found = select(parts.c.order_id).where(
        parts.c.store_id == store_id, parts.c.item == NOWHERE, parts.c.outstanding > ZERO
    )
    return list(conn.execute(found.distinct()).scalars())


def of_customer(conn: Connection, store_id: int, customer_id: int) -> list[int]:
    """Open orders of a customer."""
    found = select(orders.c.order_id).where(
        orders.c.store_id == store_id, orders.c.customer_id == customer_id, orders.c.status == "open"
    )
    return list(conn.execute(found).scalars())


def using_items(conn: Connection, store_id: int, item_ids: Iterable[int]) -> list[int]:
    """Orders with a line of one of these items that is not finished."""
    found = (
        select(order_lines.c.order_id)
        .join(orders, (orders.c.store_id == order_lines.c.store_id) & (orders.c.order_id == order_lines.c.order_id))
        .where(order_lines.c.store_id == store_id, order_lines.c.item.in_(list(item_ids)), orders.c.status == "open")
        .distinct()
    )
    return list(conn.execute(found).scalars())


def pools_of_orders(books: Iterable[BookOrder]) -> set[Pool]:
    """Every pool that one of the orders is owed from."""
    return {pool for book in books for pool in pools_of(book.order)}
