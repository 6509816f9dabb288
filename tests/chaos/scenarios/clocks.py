"""F-23: processes whose clocks differ, and a clock that is set back."""

import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.chaos.arena import Arena, arena
from tests.chaos.load import Load
from tests.chaos.scenarios.expectation import REST_SECONDS, Expectation, at_most, nothing_lost, skipped
from tests.processes.running import NotInTime, until

TEN_MINUTES, A_DAY, A_BIT = 600, 86_400, 300
APART = (TEN_MINUTES, -TEN_MINUTES, A_DAY, -A_DAY, A_BIT)
"""By how many seconds the clocks of half of the workers are wrong, in turn."""
STEPS = (TEN_MINUTES, -TEN_MINUTES, A_DAY, -A_DAY)
"""By how many seconds every clock is set wrong while all are at work, and then put right."""
RATE = 15.0
"""Deliveries a second."""
WORK_SECONDS = 8.0
ON_SECONDS = 45.0
"""After whatever happens to a clock, an order is in the book and its customer told within this, nothing before it."""


def _skewed(file: Path, *names: str) -> Mapping[str, Sequence[str]]:
    return {name: [sys.executable, "-m", "tests.chaos.skewed", str(file), name.partition(" ")[0]] for name in names}


def f23(engine: str) -> Iterator[Expectation]:
    """Half of the workers are wrong by minutes or a day; then all are, by as much, and are put right at work."""
    with tempfile.TemporaryDirectory(prefix="waitline-skew-") as folder:
        skew = Path(folder) / "skew"
        skew.write_text("0")
        if engine == "sqlite":
            yield skipped("no clocks that differ: SQLite lives on one machine, and so do all who use it")
        else:
            yield from _apart(engine, skew)
        for seconds in STEPS:
            yield from _put_right(engine, skew, seconds)


def _apart(engine: str, skew: Path) -> Iterator[Expectation]:
    with arena(engine, workers=2, instead=_skewed(skew, "front 2", "back 2")) as here:
        load = Load(here, 23)
        for seconds in APART:
            skew.write_text(str(seconds))
            with load.running(rate=RATE):
                time.sleep(WORK_SECONDS)
            yield from _goes_on(here, f"half of the workers {_said(seconds)}")
        yield from nothing_lost(here, load, 0)


def _put_right(engine: str, skew: Path, seconds: int) -> Iterator[Expectation]:
    """A world of its own for each: what was done a day ahead of the time lies in the future of everything after it."""
    skew.write_text("0")
    everyone = _skewed(skew, "front 1", "back 1", "clock")
    with arena(engine, instead=everyone) as here:
        load = Load(here, 24)
        here.rest(60)
        with load.running(rate=RATE):
            # From here on, as of somebody who sets the clock while all are at work; and again, to the right time.
            skew.write_text(str(seconds))
            time.sleep(WORK_SECONDS)
            skew.write_text("0")
            time.sleep(WORK_SECONDS)
        yield from _goes_on(here, f"every clock {_said(seconds)} and put right")
        yield from nothing_lost(here, load, 0)


def _goes_on(here: Arena, what: str) -> Iterator[Expectation]:
    """What was left to do is done, and then a new order is told of. With the backlog of a slow machine before it, the
    order would tell about the machine; what a clock holds up lies still for as long as the clock was wrong.
    """
    yield at_most(here.at_rest_in_time(REST_SECONDS), REST_SECONDS, f"{what}: all that was begun is done")
    yield at_most(_story(here), ON_SECONDS, f"{what}: a new order told")


def _said(seconds: int) -> str:
    return f"{abs(seconds) / 60:g} minutes {'ahead' if seconds > 0 else 'behind'}"


def _story(here: Arena) -> float | None:
    """An order that has to wait, in each store: the seconds until both customers are told; `None` if they are not."""
    placed = []
    for store in here.stores:
        # A product of its own: of all others people may have received some.
        sku = f"LATE{time.monotonic_ns()}"
        store.stock(sku, 0)
        placed.append((store, store.shop.order(sku, 1, f"late{store.platform} Example")))

    def told() -> bool:
        return all(any(n["state"] == "done" for n in store.told(order)["notices"]) for store, order in placed)

    began = time.monotonic()
    try:
        until(told, "both customers are told", 2 * ON_SECONDS)
    except NotInTime:
        return None
    return time.monotonic() - began
