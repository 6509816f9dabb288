"""What a pass leaves of pools: what was read, what we believe of it, what was given of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, select, update

from backorder.db.many import update_many
from backorder.db.tables import pools
from backorder.db.upsert import put
from backorder.domain.supply import ZERO, Assessment, Balance, Believed, Jump, Pool, Stock, Units


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
            "counted": said.believed.counted,
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


def save_jumps(conn: Connection, store_id: int, jumps: Mapping[Pool, Jump]) -> None:
    """Remember figures that may have been counted, until the merchant says which it was."""
    update_many(
        conn,
        pools,
        ("jump_before", "jump_after", "jump_owed"),
        ("store_id", "item", "location"),
        [(jump.before, jump.after, jump.owed, store_id, *pool) for pool, jump in jumps.items()],
    )


def jump_of(conn: Connection, store_id: int, pool: Pool) -> Jump | None:
    """The figure of a pool that is not answered for yet."""
    row = conn.execute(
        select(pools.c.jump_before, pools.c.jump_after, pools.c.jump_owed).where(_is(store_id, pool))
    ).first()
    return None if row is None or row.jump_after is None else Jump(*row)


def settle_jump(conn: Connection, store_id: int, pool: Pool, *, counted: Units | None) -> None:
    """The merchant said what it was: a net figure (`None`), or counted with so many units of open orders in it. What
    is believed is then as if it had been read so.
    """
    values: dict[str, Any] = {"jump_before": None, "jump_after": None, "jump_owed": None}
    if counted is not None:
        more = counted - pools.c.counted
        left = pools.c.on_hand - more
        values |= {
            "counted": counted,
            "on_hand": case((left > ZERO, left), else_=ZERO),
            "believed_available": pools.c.believed_available - more,
            "doubted_available": pools.c.doubted_available - more,
        }
    conn.execute(update(pools).where(_is(store_id, pool)).values(**values))


def _is(store_id: int, pool: Pool) -> ColumnElement[bool]:
    return and_(pools.c.store_id == store_id, pools.c.item == pool.item, pools.c.location == pool.location)


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
