"""F-23: processes whose clocks differ, and a clock that is set back."""

import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.chaos.arena import Arena, arena
from tests.chaos.load import Load
from tests.chaos.scenarios.expectation import Expectation, at_most, nothing_lost
from tests.processes.running import NotInTime, until

AHEAD_SECONDS = 600
WORK_SECONDS = 20.0
ON_SECONDS = 45.0
"""After whatever happens to a clock, an order is in the book and its customer told within this."""


def _skewed(file: Path, *names: str) -> Mapping[str, Sequence[str]]:
    return {name: [sys.executable, "-m", "tests.chaos.skewed", str(file), name.partition(" ")[0]] for name in names}


def f23(engine: str) -> Iterator[Expectation]:
    """Two of everything, one of each ten minutes ahead; then all ten minutes ahead and set back."""
    with tempfile.TemporaryDirectory(prefix="waitline-skew-") as folder:
        skew = Path(folder) / "skew"
        if engine != "sqlite":
            # SQLite lives on one machine, and so do all who use it: they have one clock.
            skew.write_text(str(AHEAD_SECONDS))
            yield from _apart(engine, skew)
        skew.write_text(str(AHEAD_SECONDS))
        yield from _set_back(engine, skew)


def _apart(engine: str, skew: Path) -> Iterator[Expectation]:
    with arena(engine, workers=2, instead=_skewed(skew, "front 2", "back 2")) as here:
        load = Load(here, 23)
        with load.running(rate=40):
            time.sleep(WORK_SECONDS)
            yield at_most(
                _story(here), ON_SECONDS, "half of the workers ten minutes ahead: a new order's customer told"
            )
        yield from nothing_lost(here, load, 0)


def _set_back(engine: str, skew: Path) -> Iterator[Expectation]:
    everyone = _skewed(skew, "front 1", "back 1", "clock")
    with arena(engine, instead=everyone) as here:
        load = Load(here, 24)
        with load.running(rate=40):
            time.sleep(WORK_SECONDS / 2)
            skew.write_text("0")
            yield at_most(_story(here), ON_SECONDS, "every clock set back ten minutes: a new order's customer told")
        yield from nothing_lost(here, load, 0)


def _story(here: Arena) -> float | None:
    """An order that has to wait, in each store: the seconds until both customers are told; `None` if they are not."""
    placed = [(store, store.shop.order("BOOT", 1, f"late{store.platform} Example")) for store in here.stores]

    def told() -> bool:
        return all(any(n["state"] == "done" for n in store.told(order)["notices"]) for store, order in placed)

    began = time.monotonic()
    try:
        until(told, "both customers are told", 2 * ON_SECONDS)
    except NotInTime:
        return None
    return time.monotonic() - began
