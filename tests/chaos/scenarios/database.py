"""F-04 and F-07: the database is away, locked, or its disk is full."""

import time
from collections import Counter
from collections.abc import Iterator

from tests.chaos.arena import Arena, arena
from tests.chaos.databases import Postgres, Sqlite
from tests.chaos.driver import Driver
from tests.chaos.load import Load
from tests.chaos.scenarios.expectation import Expectation, at_most, nothing_lost
from tests.processes.running import until

LOCK_SECONDS = 10.0
STORE_WAITS_SECONDS = 5.0
"""How long Shopify waits for an answer."""
FULL_SECONDS = 6.0
REFUSED_SECONDS = 1.0
BACK_SECONDS = 10.0
CRASHES = 3


def _statuses(driver: Driver) -> Counter[int]:
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
        answers = _statuses(driver)
        yield at_most(took, BACK_SECONDS, "ready after the server's return")
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
    answers = _statuses(driver)
    yield at_most(took, BACK_SECONDS, "acknowledging again after the lock")
    yield Expectation(0 not in answers, f"answers: {dict(answers)} (none without one: a store waits 5 s)")
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


def f07(engine: str) -> Iterator[Expectation]:
    """The disk of an SQLite file is full."""
    if engine != "sqlite":
        yield Expectation(True, "not tried: the disk of a server is its own matter")
        return
    with arena(engine) as here:
        database = here.database
        assert isinstance(database, Sqlite)
        if not database.small:
            yield Expectation(True, "not tried: this machine lets us mount no disk of our own")
            return
        load = Load(here, 7)
        with load.running() as driver:
            time.sleep(1.0)
            with database.full():
                time.sleep(1.0)
                before = _statuses(driver)
                first = len(driver.seconds)
                time.sleep(FULL_SECONDS)
                meanwhile = _statuses(driver) - before
                slowest = max(driver.seconds[first:])
            back = time.monotonic()
            already = driver.acknowledged
            until(lambda: driver.acknowledged > already + 20, "webhooks are acknowledged", 30, every=0.02)
            took = time.monotonic() - back
        # SQLite writes over what its log no longer needs: a few still fit in, and those are kept as well.
        few = meanwhile[200] * 10 < meanwhile[503]
        yield Expectation(few and not meanwhile[0], f"answers while the disk was full: {dict(meanwhile)}")
        yield at_most(slowest, REFUSED_SECONDS, "the slowest refusal")
        yield at_most(took, BACK_SECONDS, "acknowledging again after there was space")
        yield from nothing_lost(here, load, 0)
        yield Expectation(database.sound(), "SQLite finds its file sound")
