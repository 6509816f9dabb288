"""F-02 and F-05: workers that are killed, or stopped for longer than their lease."""

import signal
import time
from collections.abc import Iterator
from functools import partial

from tests.chaos.arena import arena
from tests.chaos.load import Load
from tests.chaos.nemesis import Nemesis
from tests.chaos.orphans import Orphans, percentile
from tests.chaos.proxy import Trouble
from tests.chaos.scenarios.expectation import Expectation, at_most, nothing_lost
from tests.processes.running import until

KILLS = 24
RESUMED_SECONDS = 30.0
SLOWEST_SECONDS = 45.0
STOPPED_SECONDS = 75.0
"""Three leases."""
BETWEEN_SECONDS = 4.0


def f02(engine: str) -> Iterator[Expectation]:
    """SIGKILL of workers in the middle of each kind of work. RQ's SimpleWorker works in its own process: worker and
    work-horse are one.
    """
    with arena(engine) as here, Orphans(here.house.world) as orphans:
        nemesis = Nemesis(here, orphans, 2)
        load = Load(here, 2)
        victims = [("front 1", "ingest"), ("front 1", "allocate"), ("back 1", "write"), ("back 1", "")]
        with load.running():
            for number in range(KILLS):
                nemesis.kill_worker(*victims[number % len(victims)])()
                time.sleep(BETWEEN_SECONDS)
        yield from nothing_lost(here, load, nemesis.kills.total())
        seconds = [orphan.seconds for orphan in orphans.found if orphan.seconds is not None]
        lying = [orphan.name for orphan in orphans.found if orphan.seconds is None and not orphan.ended]
        yield Expectation(not lying, f"never taken up again: {lying}")
        yield at_most(percentile(seconds, 0.99), RESUMED_SECONDS, f"{len(seconds)} orphans taken up, 99th percentile")
        yield at_most(percentile(seconds, 1), SLOWEST_SECONDS, "the slowest of them")


def f05(engine: str) -> Iterator[Expectation]:
    """SIGSTOP of a planner and of a writer in the middle of a call, for three leases; then SIGCONT."""
    with arena(engine, workers=2) as here, Orphans(here.house.world) as orphans:
        house = here.house
        load = Load(here, 5)
        here.rest(60)
        taken = 0
        with load.running(rate=20):
            for half, kind in (("front", "allocate"), ("back", "write")):
                with (
                    here.stand_ins["shopify"].proxy.troubled(Trouble.SLOW),
                    here.stand_ins["woocommerce"].proxy.troubled(Trouble.SLOW),
                ):
                    name, held = _at_work(here.house.pids(), orphans, half, kind)
                    pid = house.residents[name].pid
                    house.signal(pid, signal.SIGSTOP)
                began = time.monotonic()
                until(partial(_moved_on, orphans, held), f"{held[0]} is taken over", STOPPED_SECONDS)
                took = time.monotonic() - began
                yield at_most(took, SLOWEST_SECONDS, f"{held[0]} of the stopped {name} is taken over")
                time.sleep(max(STOPPED_SECONDS - took, 0))
                house.signal(pid, signal.SIGCONT)
                taken += 1
        # Its call may have run out of time while it was stopped: then there is nothing left that it could commit.
        refused = house.printed.read_text().count("was taken over.")
        yield Expectation(True, f"commits refused by the fence: {refused} of {taken}; the others had nothing to commit")
        yield from nothing_lost(here, load, taken)


def _at_work(pids: dict[str, int], orphans: Orphans, half: str, kind: str) -> tuple[str, tuple[str, int]]:
    """A worker of that half in the middle of that kind of work, and its lease."""
    found: list[tuple[str, tuple[str, int]]] = []

    def look() -> bool:
        for name, pid in pids.items():
            if name.startswith(half):
                found.extend((name, lease) for lease in orphans.owned(pid) if lease[0].startswith(kind))
        return bool(found)

    until(look, f"{half} is at work on {kind}", 60, every=0.01)
    return found[0]


def _moved_on(orphans: Orphans, held: tuple[str, int]) -> bool:
    return orphans.fence(held[0]) > held[1]
