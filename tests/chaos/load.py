"""The load of a run: people in both stores and a driver of webhooks, all about the same things."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from backorder.domain.store import Health
from tests.chaos.arena import Arena
from tests.chaos.check import Findings, check
from tests.chaos.driver import Driver, Said, Subjects
from tests.chaos.shoppers import Shoppers
from tests.processes.running import Store, until

DELIVERIES_A_SECOND = 150.0
ACTS_A_SECOND = 2.0
"""What people do in each store."""
CALM_SECONDS = 660.0


class Load:
    """What happens to the stores of an arena; `said` remembers every delivery of the driver."""

    def __init__(self, arena: Arena, seed: int) -> None:
        self._arena = arena
        self._seed = seed
        self._subjects = Subjects()
        self._shoppers = [Shoppers(store, self._subjects, ACTS_A_SECOND, seed) for store in arena.stores]
        for each in self._shoppers:
            each.furnish()
        self.said: dict[str, Said] = {}
        self.seconds: list[float] = []
        """How long each answered try of the driver took."""

    @property
    def acts(self) -> Counter[str]:
        """What people did so far."""
        return sum((each.acts for each in self._shoppers), Counter())

    @contextmanager
    def running(
        self, *, rate: float = DELIVERIES_A_SECOND, people: bool = True, stores: Sequence[Store] = ()
    ) -> Iterator[Driver]:
        """The load from entering to leaving; the driver of this time, of all stores or of these only."""
        driver = Driver(stores or self._arena.stores, self._subjects, rate, self._seed, first=len(self.said) + 1)
        self.said |= driver.said
        with ExitStack() as stack:
            for each in self._shoppers if people else ():
                stack.enter_context(each)
            stack.enter_context(driver)
            yield driver
        self.said |= driver.said
        self.seconds += driver.seconds

    def check(self) -> Findings:
        """Look at everything; the arena is at rest."""
        return check(self._arena, self.said, self._arena.mails())


def rest_and_look_twice(arena: Arena, seconds: float) -> tuple[float | None, int]:
    """Wait for rest, look at the stores once more and wait again: the seconds of the first, and how many changes a
    further look caused, which should be none. `None` where there was no rest in time.

    What WooCommerce sent while nobody answered is lost: it is found by the catch-up, which is asked for here and comes
    every five minutes by itself.
    """
    wait_until_called(arena)
    began = time.monotonic()
    for _ in range(2):
        if arena.at_rest_in_time(seconds) is None:
            return None, 0
        took = time.monotonic() - began
        before = _changes(arena)
        arena.sync()
    return (took if arena.at_rest_in_time(seconds) is not None else None), _changes(arena) - before


def wait_until_called(arena: Arena) -> float:
    """Wait until no store is left alone for a failure before, which may last ten minutes; the seconds it took."""
    world = arena.house.world

    def called() -> bool:
        arena.mails()
        return all(store.row(world).health is not Health.BACKING_OFF for store in arena.stores)

    return until(called, "every store is called again", CALM_SECONDS, every=0.5)


def _changes(arena: Arena) -> int:
    return sum(len(stand_in.effects()) for stand_in in arena.stand_ins.values())
