"""The book keeps what it was told exactly, and refuses units that do not add up."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from backorder.db import inbox, items, orderbook, stores
from backorder.db.intake import intake
from backorder.db.session import Connection, Database
from backorder.db.stores import NewStore
from backorder.db.tables import parts
from backorder.domain.orders import KnownOrder
from backorder.domain.policy import BackorderPolicy
from tests.builders import NOON, an_order, line, units


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


def keep(conn: Connection, store_id: int, *orders, now=NOON) -> set[int]:
    known = orderbook.load(conn, store_id, [order.id for order in orders], lock=True)
    changes = [(known.get(order.id), KnownOrder(order, unread=False, read_began=now)) for order in orders]
    return orderbook.save(conn, store_id, changes, policy=BackorderPolicy(), zone=UTC, now=now)


def test_an_order_comes_back_as_it_was_told(database: Database, store_id: int) -> None:
    order = an_order(100, line(1, "2.5"), line(2, 0, ordered=3, shipped=2, cancelled=1), tags=("vip",))
    with database.write() as conn:
        keep(conn, store_id, order)
    with database.read() as conn:
        assert orderbook.load(conn, store_id, [100])[100].order == order


def test_only_items_that_owe_something_else_are_marked(database: Database, store_id: int) -> None:
    with database.write() as conn:
        assert keep(conn, store_id, an_order(100, line(1, 2))) == {11}
        assert keep(conn, store_id, an_order(100, line(1, 2), minutes=5, tags=("called",))) == set()
        assert keep(conn, store_id, an_order(100, line(1, 1), minutes=6)) == {11}


def test_a_mark_that_grows_during_a_pass_stays(database: Database, store_id: int) -> None:
    with database.write() as conn:
        items.touch(conn, store_id, [11])
        noted = items.dirty(conn, store_id, NOON, 10)
        items.touch(conn, store_id, [11])
        items.done(conn, store_id, noted)
        assert items.dirty(conn, store_id, NOON, 10) == {11: 2}


def test_units_that_a_line_no_longer_owes_are_taken_from_what_it_was_given(database: Database, store_id: int) -> None:
    with database.write() as conn:
        keep(conn, store_id, an_order(100, line(1, 3)))
        conn.execute(update(parts).values(allocated=units(3), decided=True))
        keep(conn, store_id, an_order(100, line(1, 1), minutes=1), now=NOON + timedelta(minutes=1))
        assert conn.execute(select(parts.c.outstanding, parts.c.allocated)).all() == [(1, 1)]


@pytest.mark.parametrize("wrong", [{"allocated": units(3)}, {"firm": units(1)}, {"allocated": units(-1)}])
def test_units_that_do_not_add_up_are_refused(database: Database, store_id: int, wrong) -> None:
    with database.write() as conn:
        keep(conn, store_id, an_order(100, line(1, 2)))
    with pytest.raises(IntegrityError), database.write() as conn:
        conn.execute(update(parts).values(**wrong))


def test_a_repeated_delivery_is_a_quiet_success_and_no_second_row(database: Database, store_id: int) -> None:
    def record() -> bool:
        with intake(database) as found:
            return found.keep(
                store_id,
                dedupe_key="one",
                topic="orders/create",
                path_topic="",
                headers={"x-topic": "orders/create"},
                body=b"\x00{}",
                received_at=NOON,
            )

    assert (record(), record()) == (True, False)
    with database.read() as conn:
        assert [(x.body, x.received_at) for x in inbox.due(conn, store_id, 10)] == [(b"\x00{}", NOON)]


def test_a_store_that_is_connected_again_keeps_its_id_and_one_that_was_forgotten_does_not(
    database: Database, store_id: int
) -> None:
    new = NewStore("shopify", "lamps.myshopify.com", "Lamps", "USD", "UTC", "sealed anew", "token 2")
    with database.write() as conn:
        assert stores.connect(conn, new, NOON).id == store_id
        stores.leave(conn, store_id)
        assert (
            stores.connect(conn, NewStore("shopify", "lamps.myshopify.com", "", "", "UTC", "s", "t"), NOON).id
            != store_id
        )


def test_a_store_that_is_connected_by_two_at_the_same_moment_is_one_store(database: Database) -> None:
    def connect(token: str) -> int:
        new = NewStore("shopify", "lamps.myshopify.com", "Lamps", "USD", "UTC", f"sealed {token}", token)
        with database.write() as conn:
            return stores.connect(conn, new, NOON).id

    with ThreadPoolExecutor(1) as other:
        with database.write() as conn:
            new = NewStore("shopify", "lamps.myshopify.com", "Lamps", "USD", "UTC", "sealed", "token")
            first = stores.connect(conn, new, NOON).id
            second = other.submit(connect, "token 2")
            # So that it has looked for the store before this one is there for all to see.
            wait([second], timeout=0.2)
        assert second.result() == first
    with database.read() as conn:
        assert (stores.credentials(conn, first), stores.webhook_token(conn, first)) == ("sealed token 2", "token")
