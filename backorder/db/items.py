"""Stocked items: their names, how they are counted, and which of them changed since their last pass."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, or_, select, update

from backorder.db.bites import among, bites
from backorder.db.many import update_many
from backorder.db.tables import items, parts, pools
from backorder.db.upsert import insert_missing, put
from backorder.domain.choices import ItemChoices
from backorder.domain.supply import ZERO, Item


@dataclass(frozen=True, slots=True)
class Basis:
    """What a pass of one item rests on beside the book, as fingerprints."""

    terms: str
    """Choices, goods on the way, day."""
    stock: str
    """What is there to give."""


def touch(conn: Connection, store_id: int, ids: Iterable[int]) -> None:
    """These changed: their pools are read and planned anew. A mark that is there already counts on."""
    _mark(conn, store_id, ids, {"dirty_seq": items.c.dirty_seq + 1, "changed_seq": items.c.changed_seq + 1})


def read_again(conn: Connection, store_id: int, ids: Iterable[int]) -> None:
    """The stock of these is to be read. Where that finds nothing new, nothing is planned anew."""
    _mark(conn, store_id, ids, {"dirty_seq": items.c.dirty_seq + 1})


def _mark(conn: Connection, store_id: int, ids: Iterable[int], values: Mapping[str, Any]) -> None:
    wanted = sorted(set(ids))
    if wanted:
        insert_missing(conn, items, [{"store_id": store_id, "item": item} for item in wanted])
        conn.execute(update(items).where(items.c.store_id == store_id, among(items.c.item, wanted)).values(**values))


def changed(conn: Connection, store_id: int, ids: Iterable[int]) -> None:
    """What is owed of these, or given, is not what their last pass left."""
    wanted = set(ids)
    if wanted:
        conn.execute(
            update(items)
            .where(items.c.store_id == store_id, among(items.c.item, wanted))
            .values(changed_seq=items.c.changed_seq + 1)
        )


def bases(conn: Connection, store_id: int, ids: Iterable[int]) -> dict[int, Basis]:
    """What the last pass of these items rested on; only of those whose part of the book did not change since."""
    rows = conn.execute(
        select(items.c.item, items.c.planned_under, items.c.planned_stock).where(
            items.c.store_id == store_id,
            among(items.c.item, ids),
            items.c.planned_seq == items.c.changed_seq,
        )
    )
    return {item: Basis(terms, stock) for item, terms, stock in rows}


def planned(conn: Connection, store_id: int, found: Mapping[int, Basis]) -> None:
    """A pass of these items is over, and rested on this."""
    rows = [(basis.terms, basis.stock, store_id, item) for item, basis in found.items()]
    update_many(conn, items, ("planned_under", "planned_stock"), ("store_id", "item"), rows)
    if found:
        conn.execute(
            update(items)
            .where(items.c.store_id == store_id, among(items.c.item, found))
            .values(planned_seq=items.c.changed_seq)
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
    update_many(
        conn, items, ("done_seq",), ("store_id", "item"), [(seq, store_id, item) for item, seq in marks.items()]
    )


def save(conn: Connection, store_id: int, told: Sequence[Item]) -> set[int]:
    """Save what a reading tells of items; returns those that are counted in another way than we knew."""
    if not told:
        return set()
    rows = conn.execute(
        select(items.c.item, *(items.c[name] for name in _TOLD)).where(
            items.c.store_id == store_id, among(items.c.item, [item.item for item in told])
        )
    )
    before = {row[0]: tuple(row[1:]) for row in rows}
    after = {
        item.item: (
            item.sku[:255],
            item.title[:500],
            item.vendor[:255],
            list(item.tags) or None,
            item.tracked,
            item.gone,
            item.counted_at,
        )
        for item in told
    }
    new = {item: facts for item, facts in after.items() if before.get(item) != facts}
    put(
        conn,
        items,
        [{"store_id": store_id, "item": item, **dict(zip(_TOLD, facts, strict=True))} for item, facts in new.items()],
        _TOLD,
    )
    return {item for item, facts in new.items() if item in before and before[item][-3:] != facts[-3:]}


_TOLD = ("sku", "title", "vendor", "tags", "tracked", "gone", "counted_at")
"""What a store tells of an item; how it is counted stands last."""


_CHOICES = (
    items.c.split,
    items.c.keep_back,
    items.c.keep_back_percent,
    items.c.accepts,
    items.c.discontinued,
    items.c.released_on,
    items.c.most_units,
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


def labels(conn: Connection, store_id: int, ids: Iterable[int]) -> dict[int, tuple[str, tuple[str, ...]]]:
    """Vendor and tags of these items, as far as the store tells."""
    found: dict[int, tuple[str, tuple[str, ...]]] = {}
    for bite in bites(ids):
        rows = conn.execute(
            select(items.c.item, items.c.vendor, items.c.tags).where(
                items.c.store_id == store_id, items.c.item.in_(bite)
            )
        )
        found.update({row.item: (row.vendor, tuple(row.tags or ())) for row in rows})
    return found


def owed(conn: Connection, store_id: int) -> list[int]:
    """Items with a unit that is still owed."""
    found = select(parts.c.item).where(parts.c.store_id == store_id, parts.c.outstanding > ZERO, parts.c.item > 0)
    return list(conn.execute(found.distinct()).scalars())


def titles(conn: Connection, store_id: int, ids: Iterable[int]) -> dict[int, str]:
    """What people call these items."""
    rows = conn.execute(
        select(items.c.item, items.c.title, items.c.sku).where(items.c.store_id == store_id, among(items.c.item, ids))
    )
    return {row.item: row.title or row.sku or str(row.item) for row in rows}
