"""Two processes want the last unit at the same moment, for two orders: exactly one of them gets it, each time.

`RACE_ROUNDS=1000` for a long race. Beside it, what the database itself refuses.
"""

import multiprocessing
import os
from collections.abc import Iterator
from decimal import Decimal
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from backorder.config import KEY_LENGTH, Config
from backorder.db.secrets import Sealer
from backorder.db.session import Database
from backorder.db.tables import parts, pools
from backorder.domain.errors import Rejected
from backorder.domain.supply import Pool
from connectors.http import Transport
from jobs import steer
from jobs.mailer import NoMailer
from jobs.queues import SilentBell
from jobs.world import World
from tests.app.shop import NOW, Shop, a_line, connected

ROUNDS = int(os.environ.get("RACE_ROUNDS", "40"))
KEY = "k" * KEY_LENGTH
ITEM = Pool(7)


def a_world(url: str, folder: Path) -> World:
    return World(
        config=Config(data_dir=folder, secret_keys=(SecretStr(KEY),)),
        database=Database(url),
        clock=lambda: NOW,
        transport=Transport(),
        mailer=NoMailer(),
        bell=SilentBell(),
        sealer=Sealer([KEY]),
        chance=lambda: 1.0,
    )


def racer(url: str, folder: Path, store: int, order: int, together: Barrier, won: "multiprocessing.Queue[int]") -> None:
    """Try to get the last unit for one order in each round; the first racer makes a new last unit of it."""
    world = a_world(url, folder)
    for number in range(ROUNDS):
        together.wait(60)
        try:
            steer.give_by_hand(world, store, order, order * 10, ITEM, Decimal(1), agreed=[])
        except Rejected:
            pass
        else:
            won.put(number)
        together.wait(60)
        if order == 1:
            with world.database.write() as conn:
                conn.execute(update(parts).values(allocated=Decimal(0), firm=Decimal(0)))
        together.wait(60)
    world.database.close()


@pytest.fixture
def shop(database_url: str, tmp_path: Path) -> Iterator[Shop]:
    """Two orders want one unit each, and one is there."""
    found = connected(a_world(database_url, tmp_path), "shopify", "lamps.myshopify.com")
    found.item(7, sku="LAMP", title="Desk lamp", on_hand="1")
    for order in (1, 2):
        found.order(order, a_line(7, "1", line_id=order * 10))
    yield found
    found.world.database.close()


@pytest.mark.timeout(900)
def test_of_two_processes_that_want_the_last_unit_exactly_one_gets_it_each_time(
    shop: Shop, database_url: str, tmp_path: Path
) -> None:
    start = multiprocessing.get_context("spawn")
    together, won = start.Barrier(2), start.Queue()
    racers = [
        start.Process(target=racer, args=(database_url, tmp_path, shop.id, order, together, won)) for order in (1, 2)
    ]
    for one in racers:
        one.start()
    rounds = [won.get(timeout=60) for _ in range(ROUNDS)]
    for one in racers:
        one.join(60)
    assert [one.exitcode for one in racers] == [0, 0]
    assert (sorted(rounds), won.empty()) == (list(range(ROUNDS)), True)


def test_the_database_refuses_a_pool_that_has_given_more_than_was_there(shop: Shop) -> None:
    with pytest.raises(IntegrityError), shop.world.database.write() as conn:
        conn.execute(update(pools).values(given=Decimal(2), given_of=Decimal(1)))


@pytest.mark.parametrize("wrong", [{"allocated": Decimal(2)}, {"allocated": Decimal(-1)}, {"firm": Decimal(1)}])
def test_the_database_refuses_a_line_that_has_more_than_it_is_owed(shop: Shop, wrong: dict[str, Decimal]) -> None:
    with pytest.raises(IntegrityError), shop.world.database.write() as conn:
        conn.execute(update(parts).values(**wrong))
    with shop.world.database.read() as conn:
        assert conn.execute(select(parts.c.allocated)).scalars().all() == [0, 0]
