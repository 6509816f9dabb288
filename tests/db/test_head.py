"""What is read of a long queue is enough: a plan over the head of a queue decides what a plan over all of it does."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from random import Random

import pytest
from sqlalchemy import delete, insert, select

from backorder.db import changes, items, queue, stores
from backorder.db.session import Connection, Database
from backorder.db.stores import NewStore
from backorder.db.tables import order_lines, orders, parts
from backorder.domain.allocation import Binding, Supply, allocate
from backorder.domain.orders import OrderStatus
from backorder.domain.supply import Pool
from tests.builders import NOON

POOL = Pool(11, 1)
WORLDS = 150


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    found = Database(database_url)
    yield found
    found.close()


@pytest.fixture
def store_id(database: Database) -> int:
    new = NewStore("shopify", "lamps.myshopify.com", "Lamps", "USD", "UTC", "sealed", "token")
    with database.write() as conn:
        return stores.connect(conn, new, NOON).id


def fill(conn: Connection, store_id: int, chance: Random) -> None:
    """A queue in which units are given, firm or not, to anybody; some are new and some ask for no more."""
    conn.execute(delete(orders))
    for order in range(1, chance.randint(2, 14)):
        at = NOON + timedelta(hours=chance.randint(0, 40))
        outstanding = Decimal(chance.choice(("1", "2", "3", "0.5")))
        decided = chance.random() < 0.98
        given = chance.choice((Decimal(0), Decimal(0), outstanding, outstanding / 2)) if decided else Decimal(0)
        key = {"store_id": store_id, "order_id": order}
        head = {
            "number": str(order), "placed_at": at, "changed_at": at, "status": OrderStatus.OPEN, "store_status": "",
            "paid": True, "currency": "", "customer_name": "", "email": "", "tags": [], "unread": False,
            "review": False,
        }  # fmt: skip
        line = {
            "line_id": 1, "item": POOL.item, "title": "", "sku": "", "ordered": outstanding, "shipped": Decimal(0),
            "cancelled": Decimal(0), "unit_price": Decimal(0),
            "cancel_wished_at": NOON if chance.random() < 0.1 else None,
        }  # fmt: skip
        part = {
            "line_id": 1, "item": POOL.item, "location": POOL.location, "outstanding": outstanding, "allocated": given,
            "firm": given if chance.random() < 0.5 else Decimal(0), "decided": decided, "queued_at": at,
            "queue_time": at - timedelta(hours=chance.choice((0, 0, 0, 12))),
        }  # fmt: skip
        for table, row in ((orders, head), (order_lines, line), (parts, part)):
            conn.execute(insert(table).values(**key, **row))


@pytest.mark.parametrize("seed", range(3))
def test_the_head_of_a_queue_decides_as_all_of_it_does(database: Database, store_id: int, seed: int) -> None:
    chance = Random(seed)
    for _ in range(WORLDS):
        supply = Supply(Decimal(chance.randint(0, 12)), Decimal(chance.choice((0, 0, 2))), chance.random() < 0.8)
        binding = chance.choice(list(Binding))
        with database.write() as conn:
            fill(conn, store_id, chance)
            head = queue.head(conn, store_id, POOL, supply)
            whole = queue.queues(conn, store_id, [POOL.item]).get(POOL, [])
        assert len(head) <= len(whole)
        assert allocate([part.demand for part in head], {POOL: supply}, binding) == allocate(
            [part.demand for part in whole], {POOL: supply}, binding
        )


def test_an_item_is_as_its_last_pass_left_it_until_something_of_it_changes(database: Database, store_id: int) -> None:
    basis = items.Basis("terms", "stock")
    with database.write() as conn:
        items.touch(conn, store_id, [11, 12])
        assert items.bases(conn, store_id, [11, 12]) == {}
        items.planned(conn, store_id, {11: basis, 12: basis})
        items.read_again(conn, store_id, [11, 12])
        assert items.bases(conn, store_id, [11, 12]) == {11: basis, 12: basis}
        items.changed(conn, store_id, [11])
        assert items.bases(conn, store_id, [11, 12]) == {12: basis}
        items.touch(conn, store_id, [12])
        assert items.bases(conn, store_id, [11, 12]) == {}


def test_an_order_keeps_when_others_first_passed_it(database: Database, store_id: int) -> None:
    with database.write() as conn:
        fill(conn, store_id, Random(1))
        for hours in (0, 5):
            changes.passed(conn, store_id, [1], NOON + timedelta(hours=hours))
        kept = select(orders.c.passed_over, orders.c.passed_since).where(orders.c.order_id == 1)
        assert conn.execute(kept).one() == (2, NOON)
