"""F-04: the database is away or locked."""

import time
from collections import Counter
from collections.abc import Iterator

from tests.chaos.arena import Arena, arena
from tests.chaos.databases import Postgres, Sqlite
from tests.chaos.driver import Driver
from tests.chaos.load import Load
from tests.chaos.orphans import percentile
from tests.chaos.scenarios.expectation import Expectation, at_most, nothing_lost
from tests.processes.running import until

LOCK_SECONDS = 10.0
WAITED_SECONDS = 2.5
"""A webhook waits 2 s for the database at most, and is then refused."""
STORE_WAITS_SECONDS = 5.0
"""How long Shopify waits for an answer. There are more senders than the web process has threads: a delivery that comes
while all of them wait has their wait before its own.
"""
IN_TIME = 0.75
"""The share of the answers that had a thread at once."""
BACK_SECONDS = 10.0
CRASHES = 3


def statuses(driver: Driver) -> Counter[int]:
    """How often each status was answered so far."""
    return Counter(status for said in list(driver.said.values()) for status in said.answers)


def crash_database(here: Arena, load: Load, times: int) -> Iterator[Expectation]:
    """PostgreSQL crashes and comes back under load; what was acknowledged is kept."""
    database = here.database
    assert isinstance(database, Postgres)
    for _ in range(times):
        with load.running() as driver:
            time.sleep(1.0)
            database.stop()
            time.sleep(1.0)
            database.start()
            back = time.monotonic()
            until(here.house.ready, "Waitline serves again", 30, every=0.02)
            took = time.monotonic() - back
            time.sleep(1.0)
        answers = statuses(driver)
        yield at_most(took, BACK_SECONDS, "ready after the server's return")
        yield at_most(max(driver.seconds), WAITED_SECONDS, "the slowest answer")
        yield Expectation(set(answers) <= {0, 200, 503}, f"answers: {dict(answers)} (200, 503 or none)")
    yield from nothing_lost(here, load, 0)


def lock_database(here: Arena, load: Load, seconds: float) -> Iterator[Expectation]:
    """Another writer holds SQLite: each delivery is kept, or refused while its sender still listens."""
    database = here.database
    assert isinstance(database, Sqlite)
    with load.running(rate=40) as driver:
        time.sleep(1.0)
        with database.locked():
            time.sleep(seconds)
        back = time.monotonic()
        already = driver.acknowledged
        until(lambda: driver.acknowledged > already + 20, "webhooks are acknowledged", 30, every=0.02)
        took = time.monotonic() - back
        time.sleep(1.0)
    answers = statuses(driver)
    yield at_most(took, BACK_SECONDS, "acknowledging again after the lock")
    yield Expectation(0 not in answers, f"answers: {dict(answers)} (none without one: a store waits 5 s)")
    yield at_most(percentile(driver.seconds, IN_TIME), WAITED_SECONDS, "three answers of four")
    yield at_most(max(driver.seconds), STORE_WAITS_SECONDS, "the slowest answer")
    yield from nothing_lost(here, load, 0)


def f04(engine: str) -> Iterator[Expectation]:
    """A crash of PostgreSQL in the middle of transactions; a writer that holds SQLite for 10 s."""
    with arena(engine) as here:
        load = Load(here, 4)
        if isinstance(here.database, Postgres):
            yield from crash_database(here, load, CRASHES)
        else:
            yield from lock_database(here, load, LOCK_SECONDS)
