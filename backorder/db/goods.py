"""Goods on the way and what arrived of them."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, and_, func, insert, or_, select, update

from backorder.db.tables import inbound, receipts
from backorder.domain.lateness import Arrived
from backorder.domain.promise import supplier
from backorder.domain.supply import Inbound, Pool, Units


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


def move(conn: Connection, store_id: int, inbound_id: int, expected_on: date) -> int | None:
    """The goods are expected on another day; returns their item, `None` where none of that id are on the way."""
    return _item(
        conn.execute(
            update(inbound).where(_open(store_id, inbound_id)).values(expected_on=expected_on).returning(inbound.c.item)
        )
    )


def delay(conn: Connection, store_id: int, inbound_id: int, days: int) -> int | None:
    """The goods are expected so many days later; returns their item."""
    expected = conn.execute(select(inbound.c.expected_on).where(_open(store_id, inbound_id))).scalar_one_or_none()
    return None if expected is None else move(conn, store_id, inbound_id, expected + timedelta(days=days))


def lessen(conn: Connection, store_id: int, inbound_id: int, units: Units) -> int | None:
    """So many fewer units are on the way than announced; returns their item."""
    return _item(
        conn.execute(
            update(inbound)
            .where(_open(store_id, inbound_id), inbound.c.quantity - inbound.c.received > units)
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
