"""The merchant says what a number was that the store's stock jumped to: added to, or counted on the shelf."""

from backorder.db import items, pool_rows, stores
from backorder.domain.supply import Pool
from jobs.world import World


def recount(world: World, store_id: int, pool: Pool, *, counted: bool) -> bool:
    """Read the number as it was meant and plan anew; whether there was one to be answered for."""
    with world.database.write() as conn:
        stores.to_change(conn, store_id)
        jump = pool_rows.jump_of(conn, store_id, pool)
        if jump is None:
            return False
        pool_rows.settle_jump(conn, store_id, pool, counted=jump.owed if counted else None)
        items.touch(conn, store_id, [pool.item])
    world.bell.ring("allocate", "allocate", store_id)
    return True
