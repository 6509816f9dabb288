"""F-20: several processes allocate the last unit at the same moment."""

import multiprocessing
from collections.abc import Iterator
from multiprocessing.synchronize import Barrier
from pathlib import Path

from sqlalchemy import func, select

from backorder.db import items, orderbook
from backorder.db.session import migrate
from backorder.db.tables import decisions, parts
from demo.stores.shopify import ShopifyShop
from jobs import steer
from jobs.allocate import allocate
from jobs.catch_up import catch_up
from jobs.connect import connect
from jobs.world import World
from tests.chaos.scenarios.expectation import Expectation
from tests.chaos.scenarios.racing import WAIT_SECONDS, a_database, serving, world_at
from tests.processes.running import SHOPIFY_DOMAIN, SHOPIFY_SECRET

ROUNDS = 1000
PROCESSES = (2, 4, 8, 16)


def _racer(folder: Path, url: str, port: int, store_id: int, start: Barrier, end: Barrier, rounds: int) -> None:
    """One of the processes: allocates each time the barrier opens."""
    world = world_at(folder, url, port)
    for _ in range(rounds):
        start.wait(WAIT_SECONDS)
        allocate(world, store_id)
        end.wait(WAIT_SECONDS)
    world.database.close()


def race(url: str, folder: Path, processes: int, rounds: int) -> Expectation:
    """The unit comes and goes; each time it comes, the older of two orders gets it, by one decision."""
    migrate(url)
    # A shop that takes calls as fast as the racers make them: a round in which nobody may call says nothing.
    generous = {"bucket_size": 20_000.0, "restore_rate": 1000.0}
    shop = ShopifyShop(domain=SHOPIFY_DOMAIN, secret=SHOPIFY_SECRET, deliver=lambda *_: 200, **generous)
    item = shop.trade.add_product("MUG", "A MUG", "10.00", 0)
    orders = [shop.trade.place_order([{"sku": "MUG", "quantity": 1}], name="Ada Example") for _ in range(2)]
    spawn = multiprocessing.get_context("spawn")
    start, end = spawn.Barrier(processes + 1), spawn.Barrier(processes + 1)
    wrong: list[str] = []
    with serving(shop) as port:
        world = world_at(folder, url, port)
        given = {"shop": SHOPIFY_DOMAIN, "access-token": shop.token, "client-secret": SHOPIFY_SECRET}
        store_id = connect(world, "shopify", given).id
        catch_up(world, store_id)
        steer.switch_on(world, store_id, tell_waiting=False)
        allocate(world, store_id)
        arguments = (folder, url, port, store_id, start, end, 2 * rounds)
        racers = [spawn.Process(target=_racer, args=arguments, daemon=True) for _ in range(processes)]
        for racer in racers:
            racer.start()
        try:
            for number in range(rounds):
                for there in (1, 0):
                    shop.trade.set_stock("MUG", there)
                    with world.database.write() as conn:
                        items.touch(conn, store_id, [item])
                    before = _decided(world)
                    start.wait(WAIT_SECONDS)
                    end.wait(WAIT_SECONDS)
                    has = _has(world, store_id, orders)
                    if has != [there, 0] or _decided(world) != before + 1:
                        wrong.append(f"round {number}, {there} there: {has}, {_decided(world) - before} decisions")
        except BaseException:
            start.abort()
            end.abort()
            raise
        finally:
            for racer in racers:
                racer.join()
            world.database.close()
    return Expectation(
        not wrong, f"{processes} processes, {rounds} rounds: {len(wrong)} without one winner {wrong[:3]}"
    )


def _decided(world: World) -> int:
    with world.database.read() as conn:
        return int(conn.execute(select(func.count()).select_from(decisions)).scalar_one())


def _has(world: World, store_id: int, ids: list[int]) -> list[int]:
    with world.database.read() as conn:
        books = orderbook.load(conn, store_id, ids)
        total = func.sum(parts.c.allocated, type_=parts.c.allocated.type)
        given = conn.execute(select(total).where(parts.c.store_id == store_id)).scalar_one()
    found = [int(sum(g.allocated for gs in books[order].given.values() for g in gs)) for order in ids]
    return found if sum(found) == given else [*found, int(given)]


def f20(engine: str) -> Iterator[Expectation]:
    """The last unit, 2 to 16 processes, 1,000 rounds in all."""
    for processes in PROCESSES:
        with a_database(engine) as (folder, url):
            yield race(url, folder, processes, ROUNDS // len(PROCESSES))
