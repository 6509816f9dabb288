"""The order book: what stores told of their orders, and what we gave to each line.

Everything is loaded and saved for many orders at once, so that a pass costs a constant number of statements.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, tuple_, update

from backorder.db.bites import bites
from backorder.db.items import touch
from backorder.db.stores import take_turn
from backorder.db.tables import NOWHERE, decisions, order_lines, orders, parts
from backorder.db.upsert import put
from backorder.db.values import side_in, stood_in
from backorder.domain.actions import StoreSide
from backorder.domain.allocation import Rule, queue_time
from backorder.domain.lifecycle import Given, OrderStanding, Stood, standing
from backorder.domain.orders import Customer, KnownOrder, Order, OrderLine, Part, pools_of
from backorder.domain.policy import BackorderPolicy, Split
from backorder.domain.supply import ZERO, Pool


@dataclass(frozen=True, slots=True)
class BookOrder:
    """An order with everything that we decided, said and wrote about it."""

    known: KnownOrder
    given: Mapping[int, list[Given]] = field(default_factory=dict)
    waited: frozenset[int] = frozenset()
    cancel_wished: frozenset[int] = frozenset()
    review: bool = False
    state_seq: int = 0
    stood: Stood | None = None
    side_seq: int = 0
    desired: StoreSide | None = None
    wrote: StoreSide | None = None
    refused_tags: tuple[str, ...] = ()
    link_version: int = 1

    @property
    def order(self) -> Order:
        """The order as the store told it."""
        return self.known.order

    def standing(self, split: Split) -> OrderStanding:
        """Where the order stands under a split policy."""
        return standing(self.order, dict(self.given), self.waited, split)


def load(conn: Connection, store_id: int, ids: Iterable[int], *, lock: bool = False) -> dict[int, BookOrder]:
    """The orders of these ids that the book has. `lock` keeps others from changing the book, and from adding these
    orders to it, until the transaction ends.
    """
    if lock:
        take_turn(conn, store_id)
    found: dict[int, BookOrder] = {}
    for bite in bites(ids):
        found.update(_load(conn, store_id, bite))
    return found


def _load(conn: Connection, store_id: int, ids: list[int]) -> dict[int, BookOrder]:
    head = select(orders).where(orders.c.store_id == store_id, orders.c.order_id.in_(ids)).order_by(orders.c.order_id)
    heads = conn.execute(head).mappings().all()
    line_rows = conn.execute(
        select(order_lines)
        .where(order_lines.c.store_id == store_id, order_lines.c.order_id.in_(ids))
        .order_by(order_lines.c.order_id, order_lines.c.line_id)
    ).mappings()
    part_rows = conn.execute(
        select(parts).where(parts.c.store_id == store_id, parts.c.order_id.in_(ids)).order_by(parts.c.item)
    ).mappings()
    lines_of: dict[int, list[Any]] = {}
    for row in line_rows:
        lines_of.setdefault(row["order_id"], []).append(row)
    parts_of: dict[tuple[int, int], list[Any]] = {}
    for row in part_rows:
        parts_of.setdefault((row["order_id"], row["line_id"]), []).append(row)
    return {row["order_id"]: _book_order(row, lines_of.get(row["order_id"], []), parts_of) for row in heads}


def _book_order(head: Any, lines: list[Any], parts_of: Mapping[tuple[int, int], list[Any]]) -> BookOrder:
    order_id = head["order_id"]
    told = []
    given: dict[int, list[Given]] = {}
    for line in lines:
        rows = parts_of.get((order_id, line["line_id"]), [])
        told.append(
            OrderLine(
                id=line["line_id"],
                item=line["item"],
                ordered=line["ordered"],
                shipped=line["shipped"],
                cancelled=line["cancelled"],
                parts=tuple(Part(_pool(row), row["outstanding"]) for row in rows),
                ignored=line["ignored"],
                title=line["title"],
                sku=line["sku"],
                unit_price=line["unit_price"],
                added_at=line["added_at"],
            )
        )
        given[line["line_id"]] = [
            Given(_pool(row), row["allocated"], row["firm"], _promised(row)) for row in rows if row["decided"]
        ]
    order = Order(
        id=order_id,
        number=head["number"],
        placed_at=head["placed_at"],
        changed_at=head["changed_at"],
        status=head["status"],
        store_status=head["store_status"],
        paid=head["paid"],
        currency=head["currency"],
        customer=Customer(head["customer_id"], head["customer_name"], head["email"]),
        lines=tuple(told),
        tags=tuple(head["tags"]),
    )
    return BookOrder(
        known=KnownOrder(order, head["unread"], head["unread_at"], head["read_began"]),
        given=given,
        waited=frozenset(line["line_id"] for line in lines if line["backordered_at"] is not None),
        cancel_wished=frozenset(line["line_id"] for line in lines if line["cancel_wished_at"] is not None),
        review=head["review"],
        state_seq=head["state_seq"],
        stood=stood_in(head["stood"]),
        side_seq=head["side_seq"],
        desired=None if head["desired"] is None else side_in(head["desired"]),
        wrote=None if head["wrote"] is None else side_in(head["wrote"]),
        refused_tags=tuple(head["refused_tags"] or ()),
        link_version=head["link_version"],
    )


def _pool(row: Any) -> Pool | None:
    return None if row["item"] == NOWHERE else Pool(row["item"], row["location"])


def _promised(row: Any) -> Any:
    return None if row["promise_early"] is None else (row["promise_early"], row["promise_late"])


def save(
    conn: Connection,
    store_id: int,
    changes: Sequence[tuple[BookOrder | None, KnownOrder]],
    *,
    policy: BackorderPolicy,
    now: datetime,
) -> set[int]:
    """Save what stores told; returns the items that it touches, which are marked dirty in the same transaction.

    Units that a line no longer owes are taken from what it was given, and the taking is a decision of its own.
    """
    heads, lines, pieces, vanished, taken = [], [], [], [], []
    touched: set[int] = set()
    for before, known in changes:
        old = before.order if before is not None else None
        heads.append(
            _head(store_id, known, review=_differs(old, known.order) or (before is not None and before.review))
        )
        lines += [_line(store_id, known.order.id, line) for line in known.order.lines]
        kept = {(line.id, part.pool) for line in known.order.lines for part in line.parts}
        given = before.given if before is not None else {}
        has = {(line_id, g.pool): g for line_id, gs in given.items() for g in gs}
        for line in known.order.lines:
            for part in line.parts:
                g = has.get((line.id, part.pool), Given(part.pool))
                if g.allocated > part.outstanding:
                    taken.append(_less_owed(store_id, known.order.id, line.id, g, part.outstanding))
                pieces.append(_piece(store_id, known.order, line, part, g, policy))
        for (line_id, pool), g in has.items():
            if (line_id, pool) not in kept:
                vanished.append((known.order.id, line_id, *_where(pool)))
                if g.allocated > 0:
                    taken.append(_less_owed(store_id, known.order.id, line_id, g, ZERO))
        if old is not None:
            for line in old.lines:
                gone = [part.pool for part in line.parts if (line.id, part.pool) not in kept]
                vanished += [(known.order.id, line.id, *_where(pool)) for pool in gone]
        touched |= _touched(old, known.order)
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
    put(conn, parts, pieces, ("outstanding", "allocated", "firm", "queue_time"))
    if taken:
        conn.execute(insert(decisions), [{**row, "policy_version": policy.version, "at": now} for row in taken])
    touch(conn, store_id, touched)
    return touched


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


def _touched(old: Order | None, new: Order) -> set[int]:
    """Items whose pools owe something else than before."""

    def owed(order: Order | None) -> set[Any]:
        if order is None:
            return set()
        return {
            (part.pool, line.id, part.outstanding)
            for line in order.lines
            for part in line.parts
            if part.pool is not None
        }

    return {pool.item for pool, _, _ in owed(old) ^ owed(new)}


def _head(store_id: int, known: KnownOrder, *, review: bool) -> dict[str, Any]:
    order = known.order
    return {
        "store_id": store_id,
        "order_id": order.id,
        "number": order.number[:64],
        "placed_at": order.placed_at,
        "changed_at": order.changed_at,
        "status": order.status,
        "store_status": order.store_status[:64],
        "paid": order.paid,
        "currency": order.currency[:3],
        "customer_id": order.customer.id,
        "customer_name": order.customer.name[:255],
        "email": order.customer.email[:254],
        "tags": list(order.tags),
        "unread": known.unread,
        "unread_at": known.unread_at,
        "read_began": known.read_began,
        "review": review,
    }


def _line(store_id: int, order_id: int, line: OrderLine) -> dict[str, Any]:
    return {
        "store_id": store_id,
        "order_id": order_id,
        "line_id": line.id,
        "item": line.item,
        "title": line.title[:500],
        "sku": line.sku[:255],
        "ordered": line.ordered,
        "shipped": line.shipped,
        "cancelled": line.cancelled,
        "unit_price": line.unit_price,
        "ignored": line.ignored,
        "added_at": line.added_at,
    }


def _piece(
    store_id: int, order: Order, line: OrderLine, part: Part, given: Given, policy: BackorderPolicy
) -> dict[str, Any]:
    item, location = _where(part.pool)
    allocated = min(given.allocated, part.outstanding)
    return {
        "store_id": store_id,
        "order_id": order.id,
        "line_id": line.id,
        "item": item,
        "location": location,
        "outstanding": part.outstanding,
        "allocated": allocated,
        "firm": min(given.firm, allocated),
        "decided": False,
        "queue_time": queue_time(order, line, policy),
    }


def _less_owed(store_id: int, order_id: int, line_id: int, given: Given, outstanding: Any) -> dict[str, Any]:
    item, location = _where(given.pool)
    return {
        "store_id": store_id,
        "order_id": order_id,
        "line_id": line_id,
        "item": item,
        "location": location,
        "before": given.allocated,
        "allocated": outstanding,
        "firm": min(given.firm, outstanding),
        "rule": Rule.LESS_OWED,
        "on_hand": None,
    }


def _where(pool: Pool | None) -> tuple[int, int]:
    return (NOWHERE, 0) if pool is None else (pool.item, pool.location)


def mark_unread(conn: Connection, store_id: int, ids: Iterable[int], now: datetime) -> None:
    """These orders must be read before anything rests on them, by a reading that begins after `now`."""
    for bite in bites(ids):
        conn.execute(
            update(orders)
            .where(orders.c.store_id == store_id, orders.c.order_id.in_(bite))
            .values(unread=True, unread_at=now)
        )


def unread(conn: Connection, store_id: int, limit: int) -> list[int]:
    """Orders that must be read, oldest first."""
    found = (
        select(orders.c.order_id)
        .where(orders.c.store_id == store_id, orders.c.unread)
        .order_by(orders.c.order_id)
        .limit(limit)
    )
    return list(conn.execute(found).scalars())


def to_review(conn: Connection, store_id: int) -> list[int]:
    """Orders whose standing may have changed since it was last looked at."""
    return list(conn.execute(select(orders.c.order_id).where(orders.c.store_id == store_id, orders.c.review)).scalars())


def ask_for_review(conn: Connection, store_id: int, order_id: int) -> None:
    """The order's standing may have changed."""
    conn.execute(update(orders).where(orders.c.store_id == store_id, orders.c.order_id == order_id).values(review=True))


def owing(conn: Connection, store_id: int) -> list[int]:
    """Every order that still owes a unit, and every one that was never read."""
    found = select(parts.c.order_id).where(parts.c.store_id == store_id, parts.c.outstanding > ZERO).distinct()
    return list(conn.execute(found).scalars())


def nowhere(conn: Connection, store_id: int) -> list[int]:
    """Orders with units that are in no pool yet."""
    found = select(parts.c.order_id).where(
        parts.c.store_id == store_id, parts.c.item == NOWHERE, parts.c.outstanding > ZERO
    )
    return list(conn.execute(found.distinct()).scalars())


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
