"""F-16: a flash sale in one store, whose calls are slow as well, beside a quiet store that must not feel it."""

import time
from collections.abc import Iterator
from functools import partial

from tests.chaos.arena import Arena, arena
from tests.chaos.driver import Driver
from tests.chaos.load import Load
from tests.chaos.orphans import percentile
from tests.chaos.proxy import SLOW_SECONDS, Trouble
from tests.chaos.scenarios.expectation import Expectation, at_most, nothing_lost, slowest_answers
from tests.processes.running import Store, until

SALE_A_SECOND = 100.0
ORDERS = 10
BETWEEN_SECONDS = 1.0
ACK_SECONDS = 0.5
TOLD_SECONDS = 5.0
"""From a quiet store's order until it is in the book with what it was given, whatever the other store does."""
IDLE_SECONDS = 30.0
"""How long a quiet store's order may take at all on this machine; longer is no matter of the other store."""


CALLS_OF_A_PASS = 4
"""What a pass over the busy store's dozen orders asks for: the orders, what is there of their products (two calls on
WooCommerce), and in doubt that once more.
"""
PASS_SECONDS = CALLS_OF_A_PASS * SLOW_SECONDS + 1.0
"""How long a pass over the busy store keeps its worker while its calls are slow; a second for our own work."""
INTAKE_SECONDS = 2.0
"""A turn of intake, with the last of its batches on this machine."""
TURNS = 2
"""A quiet store's order is taken in, then planned: before each of them the busy store has a turn of either kind."""


def beside(here: Arena, load: Load, busy: Store, quiet: Store) -> Iterator[Expectation]:
    """Orders of the quiet store alone; then beside the sale of the other; then the other's calls are slow as well."""
    names = f"{quiet.platform} beside {busy.platform}"
    alone = _orders(quiet, f"alone{busy.platform}")
    with load.running(rate=SALE_A_SECOND, people=False, stores=[busy]) as driver:
        sale = _orders(quiet, f"sale{busy.platform}")
        with here.stand_ins[busy.platform].proxy.troubled(Trouble.SLOW):
            slow = _orders(quiet, f"slow{busy.platform}")
    yield from _acknowledged(driver)
    yield at_most(percentile(alone, 1), IDLE_SECONDS, f"{names} at rest: the slowest of {ORDERS} orders in the book")
    yield at_most(percentile(sale, 1), TOLD_SECONDS, f"{names} in a sale: the slowest")
    # The only worker cannot do anything else within a turn: that is all that the other store may cost.
    turns = TOLD_SECONDS + TURNS * (PASS_SECONDS + INTAKE_SECONDS)
    yield at_most(percentile(slow, 1), turns, f"{names} in a sale whose calls are slow, one worker: the slowest")


def apart(here: Arena, load: Load, busy: Store, quiet: Store) -> Iterator[Expectation]:
    """One front worker more than there are slow stores: a store is planned by one at a time, so the quiet one waits
    for no call of the other.
    """
    slowed = here.stand_ins[busy.platform].proxy.troubled(Trouble.SLOW)
    with load.running(rate=SALE_A_SECOND, people=False, stores=[busy]) as driver, slowed:
        slow = _orders(quiet, f"apart{busy.platform}")
    yield from _acknowledged(driver)
    what = f"{quiet.platform} beside {busy.platform} in a sale whose calls are slow, two workers: the slowest"
    yield at_most(percentile(slow, 1), TOLD_SECONDS, what)


def _acknowledged(driver: Driver) -> Iterator[Expectation]:
    bad = sum(not 200 <= status < 300 for said in driver.said.values() for status in said.answers)
    yield Expectation(not bad, f"the sale: {bad} of {driver.acknowledged} deliveries not acknowledged")
    yield slowest_answers(driver.seconds, ACK_SECONDS, "the sale: answers")


def _orders(store: Store, name: str) -> list[float]:
    """Place orders, one at a time; the seconds until each is in the book and was looked at."""
    found = []
    for number in range(ORDERS):
        order = store.shop.order("BOOT", 1, f"{name}{number} Example")
        found.append(until(partial(_waits, store, order), f"{name}: order {number} is in the book", 120, every=0.02))
        time.sleep(BETWEEN_SECONDS)
    return found


def _waits(store: Store, order: int) -> bool:
    return store.has(order) == (0, 1)


def f16(engine: str) -> Iterator[Expectation]:
    """Each store is the quiet one once, with one worker of a kind and with two."""
    for workers, play in ((1, beside), (2, apart)):
        with arena(engine, workers=workers) as here:
            load = Load(here, 16)
            here.rest(60)
            one, other = here.stores
            for busy, quiet in ((one, other), (other, one)):
                yield from play(here, load, busy, quiet)
            yield from nothing_lost(here, load, 0)
