"""A word of one store is planted wherever a text can stand, the store is erased, and the word is looked for."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from random import Random
from typing import Any

import pytest
import redis
from pydantic import SecretStr
from sqlalchemy import JSON, Boolean, Column, Date, LargeBinary, String, Table, insert, select

from app.embedded_redis import EmbeddedRedis
from backorder.config import Config
from backorder.db import erasing, leftovers, privacy_tasks, stores
from backorder.db.columns import Exact, Instant, Word
from backorder.db.secrets import Sealer
from backorder.db.session import Database
from backorder.db.stores import NewStore
from backorder.db.tables import deliveries, metadata, orders
from backorder.domain.events import CustomerErased, StoreErased
from backorder.domain.lifecycle import WorkState
from backorder.domain.privacy import Person
from backorder.domain.store import Health, Store
from connectors.http import Transport
from demo.replay.leftovers import found
from jobs.drain import work_off
from jobs.erase import erase
from jobs.mailer import NoMailer
from jobs.queues import RedisBell, SilentBell
from jobs.sweep import due
from jobs.world import World

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
ROWS = 60
"""Of each table and store: enough for pages that are split, freed and filled again."""


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    database = Database(database_url)
    yield World(
        config=Config(data_dir=tmp_path, secret_keys=(SecretStr("k" * 40),)),
        database=database,
        clock=lambda: NOW,
        transport=Transport(),
        mailer=NoMailer(),
        bell=SilentBell(),
        sealer=Sealer(["k" * 40]),
        chance=lambda: 1.0,
    )
    database.close()


def a_store(world: World, word: str) -> Store:
    """A store that has a word in every column of its row."""
    sealed = world.sealer.seal({"access_token": word})
    with world.database.write() as conn:
        new = NewStore("shopify", f"{word}.myshopify.com", word, "USD", "UTC", sealed, f"token-{word}")
        return stores.connect(conn, new, NOW)


def value_of(column: Column[Any], word: str, number: int, chance: Random) -> Any:
    """Something that the column takes: where it takes a text, the word stands in it."""
    kind = column.type
    if isinstance(kind, Word):
        states = [WorkState.DONE] if kind.words is WorkState else list[StrEnum](kind.words)
        return chance.choice(states)
    if isinstance(kind, LargeBinary):
        return f"{word} {'x' * chance.randrange(3000)} {word}".encode()
    if isinstance(kind, JSON):
        return [word] if column.name in ("tags", "customer_tags", "refused_tags") else None
    if isinstance(kind, String):
        return f"{word}{number}"[: kind.length] if kind.length else f"{word}{number} {'y' * chance.randrange(900)}"
    if isinstance(kind, Exact):
        return Decimal(0)
    if isinstance(kind, Instant):
        return NOW
    if isinstance(kind, Date):
        return date(2026, 3, 20)
    return False if isinstance(kind, Boolean) else number


def plant(world: World, store: Store, word: str) -> int:
    """Rows of every table that belongs to stores, a word of this store in every text; how many columns hold it."""
    chance = Random(word)
    tables = list(reversed(erasing.tables_of_stores()))
    texts = 0
    with world.database.write() as conn:
        for table in tables:
            texts += sum(isinstance(c.type, String | LargeBinary) and not isinstance(c.type, Word) for c in table.c)
            alone = [column.name for column in table.primary_key.columns] == ["store_id"]
            for number in range(1, (1 if alone else ROWS) + 1):
                conn.execute(insert(table).values(row_of(table, store, word, number, chance)))
    return texts


def row_of(table: Table, store: Store, word: str, number: int, chance: Random) -> dict[str, Any]:
    own = {"store_id": store.id, "outstanding": Decimal(0), "quantity": Decimal(1), "headers": f'{{"x": "{word}"}}'}
    row = {
        column.name: value_of(column, word, number, chance)
        for column in table.c
        if not (column.name == "id" and column.autoincrement is True)
    }
    if "inbound_id" in row:
        row["inbound_id"] = number + (store.id - 1) * ROWS
    return row | {name: value for name, value in own.items() if name in row}


def rows_of(world: World, store: Store) -> dict[str, list[Any]]:
    with world.database.read() as conn:
        return {
            table.name: [
                tuple(row)
                for row in conn.execute(
                    select(table).where(table.c.store_id == store.id).order_by(*table.primary_key.columns)
                )
            ]
            for table in erasing.tables_of_stores()
        }


def ask(world: World, store: Store, event: CustomerErased | StoreErased) -> int:
    with world.database.write() as conn:
        return privacy_tasks.ask(conn, store.platform, store.address, event, key="it", at=NOW)


def test_of_an_erased_store_no_byte_is_left_and_of_another_one_no_byte_is_missing(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = a_store(world, "quuxley"), a_store(world, "zebedee")
    texts = plant(world, one, "quuxley")
    assert (plant(world, other, "zebedee"), texts > 20) == (texts, True)
    before = rows_of(world, other)
    with world.database.write() as conn:
        stores.leave(conn, one.id)
    task = ask(world, one, StoreErased(left_by=NOW - timedelta(hours=48)))
    assert found(world.database, ["quuxley"]) != []
    erase(world, task)
    with world.database.read() as conn:
        done = privacy_tasks.get(conn, task)
        left = stores.get(conn, one.id)
    assert (done.state, done.address, left.health, left.name, left.address) == (WorkState.DONE, "", Health.GONE, "", "")
    said = capsys.readouterr()
    assert (found(world.database, ["quuxley"]), "quuxley" in said.out + said.err) == ([], False)
    assert rows_of(world, other) == before
    assert {name: rows for name, rows in rows_of(world, one).items() if rows} == {}


def test_the_number_of_an_erased_store_is_never_given_again(world: World) -> None:
    one = a_store(world, "quuxley")
    with world.database.write() as conn:
        stores.leave(conn, one.id)
    erase(world, ask(world, one, StoreErased(left_by=NOW)))
    assert a_store(world, "quuxley").id > one.id


def test_a_customer_of_one_store_is_erased_there_and_the_same_person_elsewhere_is_not_touched(world: World) -> None:
    one, other = a_store(world, "quuxley"), a_store(world, "zebedee")
    plant(world, one, "quuxley")
    plant(world, other, "zebedee")
    before = rows_of(world, other)
    erase(world, ask(world, one, CustomerErased(Person(customer_id=3, email="quuxley3", order_ids=(4, 5)))))
    assert rows_of(world, other) == before
    with world.database.read() as conn:
        blank = select(orders.c.order_id).where(orders.c.store_id == one.id, orders.c.customer_name == "")
        assert sorted(conn.execute(blank).scalars()) == [3, 4, 5]


def test_erasing_that_was_broken_off_anywhere_is_ended_by_the_next_try(world: World) -> None:
    """The orders of the customer are known by name only before the first step: what names them by number alone must
    still be found after it.
    """
    one = a_store(world, "quuxley")
    plant(world, one, "quuxley")
    task = ask(world, one, CustomerErased(Person(email="quuxley3")))
    with world.database.write() as conn:
        conn.execute(deliveries.update().values(body=b'{"order_id": 3, "to": "gnarled lane"}', headers="{}"))
        found_by = erasing.orders_of(conn, one.id, Person(email="quuxley3"))
        erasing.mark(conn, one.id, found_by, NOW)
        privacy_tasks.found(conn, task, Person(email="quuxley3", order_ids=tuple(found_by)))
        erasing.blank_orders(conn, one.id, found_by, NOW)
    erase(world, task)
    assert (found_by, found(world.database, ["gnarled lane"])) == ([3], [])


def test_a_task_waits_until_nobody_reads_the_files_any_more(world: World) -> None:
    one = a_store(world, "quuxley")
    plant(world, one, "quuxley")
    task = ask(world, one, CustomerErased(Person(customer_id=3)))
    with world.database.read() as reader:
        reader.execute(select(orders.c.order_id)).first()
        erase(world, task)
        with world.database.read() as conn:
            state = privacy_tasks.get(conn, task).state
    if world.database.is_sqlite:
        assert (state, leftovers.cleared(world.database)) == (WorkState.DUE, True)
    else:
        assert state is WorkState.DONE


def test_redis_holds_numbers_only(world: World, tmp_path: Path) -> None:
    one = a_store(world, "quuxley")
    plant(world, one, "quuxley")
    ask(world, one, CustomerErased(Person(customer_id=3, email="quuxley3")))
    with EmbeddedRedis(tmp_path) as server:
        bell = RedisBell(server.url)
        for ring in due(world):
            bell.ring(*ring)
        client = redis.Redis.from_url(server.url)
        keys = client.keys("*")
        held = b" ".join(client.dump(key) or b"" for key in keys) + b" ".join(keys)
    assert (len(due(world)) > 0, b"quuxley" in held) == (True, False)


def test_every_table_says_whose_its_rows_are() -> None:
    of_stores = {table.name for table in erasing.tables_of_stores()}
    assert set(metadata.tables) - of_stores == {"stores", "leases", "privacy_tasks", "consents"}


def test_working_off_does_what_was_asked(world: World) -> None:
    one = a_store(world, "quuxley")
    with world.database.write() as conn:
        stores.leave(conn, one.id)
    ask(world, one, StoreErased(left_by=NOW))
    work_off(world)
    assert found(world.database, ["quuxley"]) == []
