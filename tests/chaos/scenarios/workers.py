"""F-02 and F-05: workers that are killed, or stopped for longer than their lease."""

import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.chaos.ailing import in_hand
from tests.chaos.arena import Arena, arena
from tests.chaos.load import Load
from tests.chaos.nemesis import Nemesis
from tests.chaos.orphans import Orphans, percentile
from tests.chaos.scenarios.expectation import Expectation, at_most, nothing_lost
from tests.processes.running import NotInTime, until

KILLS = 24
RESUMED_SECONDS = 30.0
SLOWEST_SECONDS = 45.0
AT_WORK = (("front", "allocate"), ("back", "write"))
STOPPED_SECONDS = 75.0
"""Three leases."""
IN_HAND_SECONDS = 3.0
REFUSED_SECONDS = 20.0
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
    """SIGSTOP of a planner and of a writer with an answer of a store in hand, then SIGCONT: as soon as somebody else
    has taken over, and after three leases. In the middle of a call there would be nothing to refuse, its time is over
    by then; and after three leases the time of the whole job is.
    """
    with tempfile.TemporaryDirectory(prefix="waitline-late-") as folder:
        late = Path(folder) / "late"
        late.write_text("0")
        names = ("front 1", "front 2", "back 1", "back 2")
        ailing = {
            name: [sys.executable, "-m", "tests.chaos.ailing", str(late), name.partition(" ")[0]] for name in names
        }
        with arena(engine, workers=2, instead=ailing) as here, Orphans(here.house.world) as orphans:
            load = Load(here, 5)
            here.rest(60)
            stops = [(*work, least) for work in AT_WORK for least in (0.0, STOPPED_SECONDS)]
            with load.running(rate=20):
                for half, kind, least in stops:
                    yield from _stopped(here, orphans, late, half, kind, least)
            yield from nothing_lost(here, load, len(stops))


def _stopped(here: Arena, orphans: Orphans, late: Path, half: str, kind: str, least: float) -> Iterator[Expectation]:
    """A worker of that half is stopped with an answer in hand, for so many seconds or until somebody else has taken
    over; it may not commit.
    """
    house = here.house
    late.write_text(str(IN_HAND_SECONDS))
    name, (lease, fence) = _with_an_answer(house.pids(), orphans, late, half, kind)
    pid = house.residents[name].pid
    house.signal(pid, signal.SIGSTOP)
    late.write_text("0")
    began = time.monotonic()
    until(lambda: orphans.fence(lease) > fence, f"{lease} is taken over", STOPPED_SECONDS)
    took = time.monotonic() - began
    yield at_most(took, SLOWEST_SECONDS, f"{lease} of the stopped {name} is taken over")
    time.sleep(max(least - took, 0))
    # Who is stopped between two calls sees by itself that it stood still, before anything is refused.
    words = (f"{lease} was taken over.", "It stood still for longer than its lease.", "job took too long")

    def ended() -> Counter[str]:
        printed = house.printed.read_text()
        return Counter({word: printed.count(word) for word in words[: 3 if least else 2]})

    before = ended()
    house.signal(pid, signal.SIGCONT)
    try:
        until(lambda: ended() != before, "its commit is refused", REFUSED_SECONDS)
        yield Expectation(True, f"{name} goes on after {max(took, least):.0f} s: {' '.join(ended() - before)}")
    except NotInTime:
        yield Expectation(False, f"{name} goes on: its commit for {lease} is not refused by the fence")


def _with_an_answer(
    pids: dict[str, int], orphans: Orphans, late: Path, half: str, kind: str
) -> tuple[str, tuple[str, int]]:
    """A worker of that half that has an answer in hand in the middle of that kind of work, and its lease."""
    found: list[tuple[str, tuple[str, int]]] = []

    def look() -> bool:
        for name, pid in pids.items():
            if name.startswith(half) and in_hand(late, pid).exists():
                found.extend((name, lease) for lease in orphans.owned(pid) if lease[0].startswith(kind))
        return bool(found)

    until(look, f"{half} is at work on {kind}", 60, every=0.01)
    return found[0]
