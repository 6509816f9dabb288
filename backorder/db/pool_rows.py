"""What a pass leaves of pools: what was read, what we believe of it, what was given of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from backorder.db.many import update_many
from backorder.db.tables import pools
from backorder.db.upsert import put
from backorder.domain.supply import ZERO, Assessment, Balance, Believed, Pool, Stock, Units


def save_readings(
    conn: Connection, store_id: int, assessed: Mapping[Pool, tuple[Stock, Assessment]], *, began: datetime
) -> None:
    """Save readings that began then, with their assessment."""
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
        }
        for pool, (stock, said) in assessed.items()
    ]
    put(conn, pools, rows, [name for name in rows[0] if name not in ("store_id", "item", "location")] if rows else [])


def save_doubts(conn: Connection, store_id: int, doubted: Mapping[Pool, Believed]) -> None:
    """Remember that these pools are in doubt, and nothing else of the readings that told it."""
    update_many(
        conn,
        pools,
        ("doubted_available", "doubted_at", "doubted_least"),
        ("store_id", "item", "location"),
        [(b.doubted_available, b.doubted_at, b.least, store_id, *pool) for pool, b in doubted.items()],
    )


@dataclass(frozen=True, slots=True)
class PoolAfter:
    """What a pass leaves of a pool: the database refuses one that gave more than `given_of`."""

    shortfall: Units
    """Firm units that are not covered any more."""
    given: Units
    given_of: Units
    owes: Units


def save_given(conn: Connection, store_id: int, after: Mapping[Pool, PoolAfter]) -> None:
    """Save what a pass left of these pools."""
    update_many(
        conn,
        pools,
        ("shortfall", "given", "given_of", "owes"),
        ("store_id", "item", "location"),
        [(a.shortfall, a.given, a.given_of, a.owes, store_id, *pool) for pool, a in after.items()],
    )


def drop(conn: Connection, store_id: int, gone: Iterable[Pool], began: datetime) -> None:
    """The store no longer counts anything there: nothing is there to give any more."""
    rows = [(None, ZERO, ZERO, Balance.NEW, None, None, began, store_id, *pool) for pool in gone]
    update_many(
        conn,
        pools,
        ("again_at", "available", "on_hand", "balance", "doubted_at", "doubted_least", "read_began"),
        ("store_id", "item", "location"),
        rows,
    )


def locations(conn: Connection, store_id: int) -> list[int]:
    """Every location at which the store counts anything."""
    found = select(pools.c.location).where(pools.c.store_id == store_id).distinct()
    return list(conn.execute(found.order_by(pools.c.location)).scalars())


def locations_of(conn: Connection, store_id: int, item: int) -> list[int]:
    """Locations at which an item is counted."""
    found = select(pools.c.location).where(pools.c.store_id == store_id, pools.c.item == item)
    return list(conn.execute(found.order_by(pools.c.location)).scalars())
