"""F-01: the web process is killed under load."""

import signal
import time
from collections.abc import Iterator
from functools import partial

from tests.chaos.arena import Arena, arena
from tests.chaos.house import House
from tests.chaos.load import Load
from tests.chaos.scenarios.expectation import Expectation, at_most, nothing_lost
from tests.processes.running import until

KILLS = 20
UP_SECONDS = 3.0


def kill_web(here: Arena, load: Load, kills: int) -> Iterator[Expectation]:
    """Kill workers and master in turn; each time the web serves again soon and what it acknowledged is kept."""
    house = here.house
    downs = []
    with load.running():
        for number in range(kills):
            time.sleep(0.4)
            master = house.residents["web"].pid
            victim = master if number % 2 else house.web_workers()[0]
            house.signal(victim, signal.SIGKILL)
            killed = time.monotonic()
            if number % 2:
                until(partial(_another, house, master), "the web is started again", 10)
            until(house.ready, "it serves again", 10, every=0.02)
            downs.append(time.monotonic() - killed)
        time.sleep(0.5)
    yield at_most(max(downs), UP_SECONDS, f"serving again after each of {kills} kills, the slowest")


def _another(house: House, gone: int) -> bool:
    return house.residents["web"].pid not in (0, gone)


def f01(engine: str) -> Iterator[Expectation]:
    """SIGKILL of web workers and master at 100 deliveries a second."""
    with arena(engine) as here:
        load = Load(here, 1)
        yield from kill_web(here, load, KILLS)
        yield from nothing_lost(here, load, 0)
