"""Stocked items: their names, how they are counted, and which of them changed since their last pass."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, or_, select, update

from backorder.db.bites import bites
from backorder.db.tables import items, parts, pools
from backorder.db.upsert import insert_missing, put
from backorder.domain.choices import ItemChoices
from backorder.domain.supply import ZERO, Item


def touch(conn: Connection, store_id: int, ids: Iterable[int]) -> None:
    """These changed: their pools are read and planned anew. A mark that is there already counts on."""
    wanted = sorted(set(ids))
    insert_missing(conn, items, [{"store_id": store_id, "item": item} for item in wanted])
    for bite in bites(wanted):
        conn.execute(
            update(items)
            .where(items.c.store_id == store_id, items.c.item.in_(bite))
            .values(dirty_seq=items.c.dirty_seq + 1)
        )


def dirty(conn: Connection, store_id: int, now: datetime, limit: int) -> dict[int, int]:
    """Items to be planned and their marks: what changed, and what was in doubt and may be looked at again."""
    again = select(pools.c.item).where(pools.c.store_id == store_id, pools.c.again_at <= now)
    found = conn.execute(
        select(items.c.item, items.c.dirty_seq)
        .where(items.c.store_id == store_id, (items.c.dirty_seq > items.c.done_seq) | items.c.item.in_(again))
        .order_by(items.c.item)
        .limit(limit)
    )
    return {row.item: row.dirty_seq for row in found}


def marked(conn: Connection, store_id: int, ids: Iterable[int]) -> set[int]:
    """Those of these items that changed since their last pass."""
    found = select(items.c.item).where(
        items.c.store_id == store_id, items.c.item.in_(sorted(set(ids))), items.c.dirty_seq > items.c.done_seq
    )
    return set(conn.execute(found).scalars())


def done(conn: Connection, store_id: int, marks: Mapping[int, int]) -> None:
    """The pass that noted these marks is over. A mark that grew meanwhile stays."""
    for item, seq in marks.items():
        conn.execute(
            update(items)
            .where(items.c.store_id == store_id, items.c.item == item, items.c.done_seq < seq)
            .values(done_seq=seq)
        )


def save(conn: Connection, store_id: int, told: Sequence[Item]) -> set[int]:
    """Save what a reading tells of items; returns those that are counted in another way than we knew."""
    before = {}
    for bite in bites(item.item for item in told):
        rows = conn.execute(
            select(items.c.item, items.c.tracked, items.c.gone, items.c.counted_at).where(
                items.c.store_id == store_id, items.c.item.in_(bite)
            )
        )
        before.update({row.item: row for row in rows})
    rows_out = [
        {
            "store_id": store_id,
            "item": item.item,
            "sku": item.sku[:255],
            "title": item.title[:500],
            "tracked": item.tracked,
            "gone": item.gone,
            "counted_at": item.counted_at,
        }
        for item in told
    ]
    put(conn, items, rows_out, ("sku", "title", "tracked", "gone", "counted_at"))
    return {
        item.item
        for item in told
        if item.item in before
        and (before[item.item].tracked, before[item.item].gone, before[item.item].counted_at)
        != (item.tracked, item.gone, item.counted_at)
    }


_CHOICES = (
    items.c.split,
    items.c.keep_back,
    items.c.keep_back_percent,
    items.c.accepts,
    items.c.discontinued,
    items.c.released_on,
)


def choices(conn: Connection, store_id: int, ids: Iterable[int]) -> dict[int, ItemChoices]:
    """What the merchant chose for those of these items that have a choice of their own."""
    found: dict[int, ItemChoices] = {}
    for bite in bites(ids):
        rows = conn.execute(
            select(items.c.item, *_CHOICES).where(
                items.c.store_id == store_id,
                items.c.item.in_(bite),
                or_(items.c.discontinued, *(column.is_not(None) for column in _CHOICES if column.nullable)),
            )
        )
        found.update({row[0]: ItemChoices(*row[1:]) for row in rows})
    return found


def owed(conn: Connection, store_id: int) -> list[int]:
    """Items with a unit that is still owed."""
    found = select(parts.c.item).where(parts.c.store_id == store_id, parts.c.outstanding > ZERO, parts.c.item > 0)
    return list(conn.execute(found.distinct()).scalars())
