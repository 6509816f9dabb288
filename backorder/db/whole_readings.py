"""Readings of every open order that are under way: one of a store at a time, gone when it has ended."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update

from backorder.db.tables import orders, whole_readings


@dataclass(frozen=True, slots=True)
class WholeReading:
    """One of them. `place` is the connector's own word for how far it is."""

    began: datetime
    stock: bool
    """Whether every stocked item is asked for too."""
    place: str
    again_at: datetime
    """When to go on with it."""
    gathered: int
    """What the store has put together, in entries of its own."""
    said: str
    """Why it goes another way than it began; empty where it does not."""


def under_way(conn: Connection, store_id: int) -> WholeReading | None:
    """The store's, if there is one."""
    row = conn.execute(_CHOSEN.where(whole_readings.c.store_id == store_id)).first()
    return None if row is None else WholeReading(*row)


def begin(conn: Connection, store_id: int, now: datetime, *, stock: bool) -> WholeReading:
    """A new one, of a store that has none under way."""
    conn.execute(insert(whole_readings).values(store_id=store_id, began=now, stock=stock, again_at=now))
    return WholeReading(now, stock, "", now, 0, "")


def moved(conn: Connection, store_id: int, *, place: str | None, again_at: datetime, gathered: int, said: str) -> None:
    """It has come so far. What is not told stays as it was."""
    told = {"place": place, "gathered": gathered or None, "said": said or None}
    conn.execute(
        update(whole_readings)
        .where(whole_readings.c.store_id == store_id)
        .values(
            again_at=again_at,
            **{name: value for name, value in told.items() if value is not None},
        )
    )


def end(conn: Connection, store_id: int) -> None:
    """It has ended, or is not wanted any more."""
    conn.execute(delete(whole_readings).where(whole_readings.c.store_id == store_id))


def orders_read(conn: Connection, store_id: int, whole: WholeReading) -> int:
    """How many orders have been read since it began."""
    found = select(func.count()).where(orders.c.store_id == store_id, orders.c.read_began >= whole.began)
    return int(conn.execute(found).scalar_one())


def due(conn: Connection, now: datetime) -> set[int]:
    """The stores with one to go on with now."""
    return set(conn.execute(select(whole_readings.c.store_id).where(whole_readings.c.again_at <= now)).scalars())


def next_due(conn: Connection, after: datetime, stores: Collection[int]) -> datetime | None:
    """When the next one is to go on, of these stores."""
    found = select(func.min(whole_readings.c.again_at)).where(
        whole_readings.c.again_at > after, whole_readings.c.store_id.in_(stores)
    )
    return conn.execute(found).scalar_one_or_none()


_CHOSEN = select(
    whole_readings.c.began,
    whole_readings.c.stock,
    whole_readings.c.place,
    whole_readings.c.again_at,
    whole_readings.c.gathered,
    whole_readings.c.said,
)
