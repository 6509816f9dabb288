"""Goods on the way and what arrived of them."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, and_, case, func, insert, or_, select, update

from backorder.db.tables import inbound, receipts
from backorder.domain.lateness import Arrived
from backorder.domain.promise import expected, supplier
from backorder.domain.supply import ZERO, Inbound, Pool, Units


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
            first_expected_on=expected_on,
            source=source,
            created_at=now,
        )
        .returning(inbound.c.id)
    )
    return int(made.scalar_one())


def book_arrival(conn: Connection, store_id: int, lines: Sequence[Inbound], units: Units, now: datetime) -> None:
    """Book units that came in unannounced: first against what was entered as received and only now is counted, the rest
    against the oldest goods on the way, which is a guess, shown and undoable.
    """
    left = units
    for line in lines:
        seen = min(left, line.awaited)
        if seen > 0:
            left -= seen
            conn.execute(update(inbound).where(inbound.c.id == line.id).values(awaited=inbound.c.awaited - seen))
    for line in lines:
        booked = min(left, line.open - line.awaited)
        if booked <= 0:
            continue
        left -= booked
        conn.execute(update(inbound).where(inbound.c.id == line.id).values(received=inbound.c.received + booked))
        conn.execute(insert(receipts).values(store_id=store_id, inbound_id=line.id, units=booked, guessed=True, at=now))


def receive(
    conn: Connection, store_id: int, inbound_id: int, units: Units, now: datetime, *, counted: bool
) -> int | None:
    """So many units came, as a person says; `counted` where the store's stock has them already. Returns their item,
    `None` where fewer are on the way.
    """
    awaited = {} if counted else {"awaited": inbound.c.awaited + units, "awaited_since": now}
    item = _item(
        conn.execute(
            update(inbound)
            .where(_open(store_id, inbound_id), inbound.c.received + units <= inbound.c.quantity)
            .values(received=inbound.c.received + units, **awaited)
            .returning(inbound.c.item)
        )
    )
    if item is not None:
        conn.execute(
            insert(receipts).values(store_id=store_id, inbound_id=inbound_id, units=units, guessed=False, at=now)
        )
    return item


def forget_awaited(conn: Connection, store_id: int, before: datetime) -> list[int]:
    """What was entered as received before then and was never counted by the store is waited for no more; its items."""
    found = conn.execute(
        update(inbound)
        .where(inbound.c.store_id == store_id, inbound.c.awaited > ZERO, inbound.c.awaited_since < before)
        .values(awaited=ZERO)
        .returning(inbound.c.item)
    )
    return sorted(set(found.scalars()))


def undo_receipt(conn: Connection, store_id: int, receipt_id: int, now: datetime) -> int | None:
    """The goods are still on the way after all; returns their item, `None` where there is nothing to undo."""
    undone = conn.execute(
        update(receipts)
        .where(receipts.c.store_id == store_id, receipts.c.id == receipt_id, receipts.c.undone_at.is_(None))
        .values(undone_at=now)
        .returning(receipts.c.inbound_id, receipts.c.units, receipts.c.guessed)
    ).first()
    if undone is None:
        return None
    # What was guessed had been counted; what a person entered may still be waited for.
    awaited = inbound.c.awaited - (ZERO if undone.guessed else undone.units)
    item = conn.execute(
        update(inbound)
        .where(inbound.c.id == undone.inbound_id)
        .values(received=inbound.c.received - undone.units, awaited=case((awaited > ZERO, awaited), else_=ZERO))
        .returning(inbound.c.item)
    ).scalar_one()
    return int(item)


def move(conn: Connection, store_id: int, inbound_id: int, expected_on: date) -> int | None:
    """The goods are expected on another day; returns their item, `None` where none of that id are on the way."""
    return _item(
        conn.execute(
            update(inbound).where(_open(store_id, inbound_id)).values(expected_on=expected_on).returning(inbound.c.item)
        )
    )


def delay(conn: Connection, store_id: int, inbound_id: int, days: int, today: date) -> int | None:
    """The goods are expected so many days later; returns their item. Raises TooFar."""
    told = conn.execute(select(inbound.c.expected_on).where(_open(store_id, inbound_id))).scalar_one_or_none()
    return None if told is None else move(conn, store_id, inbound_id, expected(told, today, later=days))


def lessen(conn: Connection, store_id: int, inbound_id: int, units: Units) -> int | None:
    """So many fewer units are on the way than announced; returns their item."""
    return _item(
        conn.execute(
            update(inbound)
            .where(_open(store_id, inbound_id), inbound.c.received + units <= inbound.c.quantity)
            .values(quantity=inbound.c.quantity - units)
            .returning(inbound.c.item)
        )
    )


def end(conn: Connection, store_id: int, inbound_id: int, now: datetime) -> int | None:
    """The rest of the goods will not come; returns their item."""
    return _item(
        conn.execute(update(inbound).where(_open(store_id, inbound_id)).values(ended_at=now).returning(inbound.c.item))
    )


def _open(store_id: int, inbound_id: int) -> Any:
    return and_(
        inbound.c.store_id == store_id,
        inbound.c.id == inbound_id,
        inbound.c.received < inbound.c.quantity,
        inbound.c.ended_at.is_(None),
    )


def _item(changed: Any) -> int | None:
    found = changed.scalar_one_or_none()
    return None if found is None else int(found)


HISTORY = 50
"""The newest arrivals of a supplier that its record rests on."""


def history(conn: Connection, store_id: int, timezone: str) -> dict[str, list[Arrived]]:
    """What came of goods that are over, by supplier, the newest first."""
    came = (
        select(func.max(receipts.c.at, type_=receipts.c.at.type))
        .where(receipts.c.inbound_id == inbound.c.id, receipts.c.undone_at.is_(None))
        .scalar_subquery()
    )
    rows = conn.execute(
        select(
            inbound.c.source,
            inbound.c.first_expected_on,
            inbound.c.quantity,
            inbound.c.received,
            func.coalesce(came, inbound.c.ended_at, type_=receipts.c.at.type).label("over_at"),
        )
        .where(
            inbound.c.store_id == store_id,
            inbound.c.source != "",
            or_(inbound.c.received >= inbound.c.quantity, inbound.c.ended_at.is_not(None)),
        )
        .order_by(inbound.c.id.desc())
    )
    found: dict[str, list[Arrived]] = {}
    for row in rows:
        known = found.setdefault(supplier(row.source), [])
        if row.over_at is not None and len(known) < HISTORY:
            day = row.over_at.astimezone(ZoneInfo(timezone)).date()
            known.append(Arrived(row.first_expected_on, day, row.quantity, row.received))
    return found


def coming(conn: Connection, store_id: int, items: Iterable[int]) -> dict[Pool, list[Inbound]]:
    """Goods on the way to the pools of these items, soonest first."""
    rows = conn.execute(
        select(inbound)
        .where(
            inbound.c.store_id == store_id,
            inbound.c.item.in_(sorted(set(items))),
            or_(and_(inbound.c.received < inbound.c.quantity, inbound.c.ended_at.is_(None)), inbound.c.awaited > ZERO),
        )
        .order_by(inbound.c.expected_on, inbound.c.id)
    ).mappings()
    found: dict[Pool, list[Inbound]] = {}
    for row in rows:
        pool = Pool(row["item"], row["location"])
        # What was entered as received is on the way until the store counts it.
        quantity = row["quantity"] if row["ended_at"] is None else row["received"]
        received = row["received"] - row["awaited"]
        found.setdefault(pool, []).append(
            Inbound(
                row["id"],
                pool,
                quantity,
                received,
                row["expected_on"],
                row["source"],
                row["awaited"],
                row["first_expected_on"],
                row["external"] is not None,
            )
        )
    return found
