"""One purse for a store, whoever calls it: kept on a real Redis, or shared out where there is none."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import redis

from app.embedded_redis import EmbeddedRedis
from connectors.purse import LocalPurses, Purse, Status, paid, told
from demo.replay.leftovers import found_in
from jobs.purses import RedisPurses

NOW = 1_800_000_000.0
FULL = Status(left=1000.0, size=1000.0, rate=50.0, price=100.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("redis")


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[EmbeddedRedis]:
    with EmbeddedRedis(folder) as running:
        yield running


@pytest.fixture
def purses(server: EmbeddedRedis) -> Iterator[list[RedisPurses]]:
    with redis.Redis.from_url(server.url) as connection:
        connection.flushall()
    made = [RedisPurses(server.url) for _ in range(4)]
    yield made
    for each in made:
        each.close()


def pay(purses: RedisPurses | LocalPurses, call: str) -> float:
    return purses.change("a-store", lambda purse: paid(purse, call, "Orders", 0.0, NOW))


def test_processes_that_pay_at_once_never_spend_more_than_there_is(purses: list[RedisPurses]) -> None:
    def tell(purse: Purse) -> tuple[Purse, None]:
        return told(purse, "", "Orders", FULL, NOW), None

    purses[0].change("a-store", tell)
    with ThreadPoolExecutor(4) as pool:
        waits = list(pool.map(lambda at: pay(purses[at % 4], f"call {at}"), range(40)))
    # Of 1,000 points 50 are never planned with: nine calls of 100 fit.
    assert sum(wait == 0 for wait in waits) == 9


def test_what_one_process_was_told_the_others_know(purses: list[RedisPurses]) -> None:
    empty = Status(left=0.0, size=2000.0, rate=100.0, price=200.0)
    purses[0].change("a-store", lambda purse: (told(purse, "", "Orders", empty, NOW), None))
    assert pay(purses[1], "a call") == 3.0


def test_the_files_of_redis_do_not_say_whose_purse_it_is(
    server: EmbeddedRedis, folder: Path, purses: list[RedisPurses]
) -> None:
    pay(purses[0], "a call")
    with redis.Redis.from_url(server.url) as connection:
        assert [key.startswith(b"waitline:purse:") for key in connection.scan_iter()] == [True]
    assert found_in(folder, ["a-store"]) == []


def test_without_redis_each_process_takes_its_share() -> None:
    alone = RedisPurses("redis://127.0.0.1:1/0")
    alone.change("a-store", lambda purse: (told(purse, "", "Orders", FULL, NOW), None))
    assert [pay(alone, f"call {at}") == 0 for at in range(3)] == [True, True, False]
    alone.close()


def test_a_process_of_its_own_takes_all() -> None:
    alone = LocalPurses()
    alone.change("a-store", lambda purse: (told(purse, "", "Orders", FULL, NOW), None))
    assert sum(pay(alone, f"call {at}") == 0 for at in range(12)) == 9
