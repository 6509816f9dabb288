"""F-07: the disk under an SQLite file is full, may not be written to, or does not keep what it was given."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.chaos.arena import Arena, arena
from tests.chaos.databases import Sqlite
from tests.chaos.driver import Driver
from tests.chaos.load import Load
from tests.chaos.scenarios.database import BACK_SECONDS, statuses
from tests.chaos.scenarios.expectation import Expectation, at_most, nothing_lost, skipped
from tests.processes.running import until

FULL_SECONDS = 6.0
READ_ONLY_SECONDS = 6.0
BROKEN_SECONDS = 4.0
REFUSED_SECONDS = 1.0
FSYNCS = 5
"""The 1st, 2nd, ... of these fails by itself, then all of them do."""
INJECTED = "(INJECTED)"


def full(here: Arena, database: Sqlite, load: Load) -> Iterator[Expectation]:
    """Not a byte is left."""
    with load.running() as driver:
        time.sleep(1.0)
        with database.full():
            time.sleep(1.0)
            before = statuses(driver)
            first = len(driver.seconds)
            time.sleep(FULL_SECONDS)
            meanwhile = statuses(driver) - before
            slowest = max(driver.seconds[first:])
        took = _back(driver)
    # SQLite writes over what its log no longer needs: a few still fit in, and those are kept as well.
    few = meanwhile[200] < meanwhile[503]
    yield Expectation(few and not meanwhile[0], f"answers while the disk was full: {dict(meanwhile)}")
    yield at_most(slowest, REFUSED_SECONDS, "the slowest refusal")
    yield at_most(took, BACK_SECONDS, "acknowledging again after there was space")
    yield from _whole(here, database, load)


def read_only(here: Arena, database: Sqlite, load: Load) -> Iterator[Expectation]:
    """All processes are started anew over a disk that may only be read: those at work would keep it from being so."""
    house = here.house
    for name in house.residents:
        house.hold(name)
    house.kill_everything()
    until(lambda: not house.pids(), "everybody is gone", 10)
    house.world.database.close()
    with database.read_only():
        for name in house.residents:
            house.free(name)
        until(lambda: len(house.pids()) == len(house.residents), "everybody is started", 30)
        with load.running(people=False) as driver:
            until(lambda: statuses(driver)[503], "a webhook is refused", 30)
            before = statuses(driver)
            time.sleep(READ_ONLY_SECONDS)
            meanwhile = statuses(driver) - before
    with load.running() as driver:
        took = _back(driver)
    yield Expectation(set(meanwhile) == {503}, f"answers while nothing could be written: {dict(meanwhile)}")
    yield at_most(took, BACK_SECONDS, "acknowledging again after it could")
    yield from _whole(here, database, load)


def broken(here: Arena, database: Sqlite, load: Load) -> Iterator[Expectation]:
    """Under the web process the k-th order to keep on disk what was written fails, for each k; then every one does."""
    one_by_one = []
    with load.running() as driver:
        for number in range(1, FSYNCS + 1):
            with _fsync_fails(here, str(number)) as told:
                time.sleep(1.0)
            one_by_one.append(told.read_text().count(INJECTED))
        alone = statuses(driver)
        with _fsync_fails(here, "1+") as told:
            time.sleep(1.0)
            before, kept = statuses(driver), driver.acknowledged
            time.sleep(BROKEN_SECONDS)
            meanwhile, new = statuses(driver) - before, driver.acknowledged - kept
        took = _back(driver)
    yield Expectation(
        all(one_by_one) and set(alone) <= {200, 503},
        f"the k-th failed, for k to {FSYNCS}: {one_by_one} times, answers {dict(alone)}",
    )
    # One that comes once more, and was kept before, is acknowledged without a write.
    yield Expectation(
        meanwhile[503] > 0 and not meanwhile[0] and not new,
        f"answers while every one failed: {dict(meanwhile)}, {new} of them the first 200 of a delivery",
    )
    yield at_most(took, BACK_SECONDS, "acknowledging again after none did")
    yield from _whole(here, database, load)


@contextmanager
def _fsync_fails(here: Arena, when: str) -> Iterator[Path]:
    """From entering to leaving, fsync and fdatasync of the web process answer EIO: "3" the third one of each thread,
    "1+" all. What strace tells.
    """
    told = here.folder / f"strace {when}.log"
    calls = "fsync,fdatasync"
    (pid,) = here.house.web_workers()
    command = ["strace", "-f", "-q", "-p", str(pid), "-o", str(told), "-e", f"trace={calls}"]
    watching = subprocess.Popen([*command, "-e", f"inject={calls}:error=EIO:when={when}"], stderr=subprocess.DEVNULL)
    try:
        until(lambda: INJECTED in told.read_text() if told.exists() else False, f"the {when}th fails", 20)
        yield told
    finally:
        watching.terminate()
        watching.wait()


def _back(driver: Driver) -> float:
    """The seconds until webhooks are acknowledged again."""
    already = driver.acknowledged
    return until(lambda: driver.acknowledged > already + 20, "webhooks are acknowledged", 30, every=0.02)


def _whole(here: Arena, database: Sqlite, load: Load) -> Iterator[Expectation]:
    yield from nothing_lost(here, load, 0)
    yield Expectation(database.sound(), "SQLite finds its file sound")


def f07(engine: str) -> Iterator[Expectation]:
    """The disk of an SQLite file is full, read-only, or fails to keep."""
    if engine != "sqlite":
        yield skipped("the disk of a server is its own matter")
        return
    with arena(engine) as here:
        database = here.database
        assert isinstance(database, Sqlite)
        load = Load(here, 7)
        if database.small:
            yield from full(here, database, load)
            yield from read_only(here, database, load)
        else:
            yield skipped("no full and no read-only disk: this machine lets us mount none of our own")
        if why := _may_not_watch():
            yield skipped(f"no fsync that fails: {why}")
        else:
            yield from broken(here, database, load)


def _may_not_watch() -> str:
    """Why nothing can be done to the calls of a process on this machine; empty where it can."""
    if shutil.which("strace") is None:
        return "there is no strace"
    with subprocess.Popen(["sleep", "0.3"]) as other:
        watch = ["strace", "-q", "-o", "/dev/null", "-p", str(other.pid)]
        watched = subprocess.run(watch, capture_output=True, text=True, timeout=30, check=False)
    return f"strace may not watch other processes ({watched.stderr.strip()})" if watched.returncode else ""
