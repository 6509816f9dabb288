"""The simulation itself: it repeats, it shortens, it catches; and seeds that once failed stay mended."""

import os
from pathlib import Path

import pytest

from backorder.db.session import migrate
from jobs import catch_up, promise
from tests.conftest import SERVER
from tests.simulation.faults import FAULTS, QUICK
from tests.simulation.planting import instead
from tests.simulation.play import moves_of, play, readable, shorten

pytestmark = pytest.mark.skipif(bool(SERVER), reason="The simulated world keeps its book in a file of its own.")

ONCE_FAILED = (
    14, 1016, 1021, 1042, 2005, 2007, 2017, 2028, 3000, 3004, 3037, 3039, 3064, 4025, 20035, 20498, 20523, 20588, 30080,
    3243085, 870165802, 870165804, 870165806, 58074304016, 58074304086, 58074304110, 83730649040, 83730649191,
    223864744178, 223864744193, 880472, 12746401003, 12746401071, 234903156106,
)  # fmt: skip
"""Seeds that found something: a hold behind somebody else's, stock that moved while it was in doubt, orders that were
deleted for good, a first import of nothing, a note at an order that is gone, a rise that was no rise, a tag that was
taken off behind a plan, an order that ended while nobody wrote, a worker that wrote without its lease, figures that
came to fit within one pass, a reading that was taken in behind a write. Their merchants keep to a few choices.
"""


ONCE_FAILED_RICH = (52, 217498928069, 156268898022, 156268898048, 156268898058, 156268898096)
"""The same where merchants use every policy: a pull that placed orders under the rules of before, parts of a unit that
a check took for kept back, a head start of a customer who was erased, units that were not held yet when a person let
the others go, a write whose answer placed an order under the rules of before, an order that let others pass because of
another item's choice.
"""


ONCE_FAILED_AS_IT_IS = (62560408055, 62560408096, 206239391001, 910021)
"""The same in the worlds that their seeds say: units that left while their waiting was not accepted, a held piece of
an order that moved while another was open, and a tag that came back because the order's other tag went.
"""

ONCE_TOO_STRICT = (920051, 260016164036, 188738907087, 231529049026, 231529049076)
"""Seeds by which a check was wrong: a write to an order that was in the trash by then, a status that a person brought
back, a worker that stood still between his look at the clock and his call, a merchant who let us in while the shop took
no more calls, a token that ended while somebody stood still.
"""

ONCE_FAILED_WITH_MORE = (880007,)
"""The same where merchants have all done that may be: an order that moved while it was written to."""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("simulation") / "waitline.db"
    migrate(f"sqlite:///{path}")
    return path


all_seeds = pytest.mark.skipif(
    not os.environ.get("ALL_SEEDS"),
    reason="Its seed plays another world today, or found a fault of a check only. make simulate-all plays it.",
)


@all_seeds
@pytest.mark.parametrize("seed", ONCE_FAILED)
def test_a_seed_that_failed_long_ago_fails_no_more(seed: int, template: Path) -> None:
    assert play(seed, moves_of(seed, ways=False), template, rich=False, queues=False, ways=False).violation == ""


@pytest.mark.parametrize("seed", ONCE_FAILED_RICH)
def test_a_seed_that_once_failed_stays_mended(seed: int, template: Path) -> None:
    assert play(seed, moves_of(seed, ways=False), template, rich=True, queues=False, ways=False).violation == ""


@pytest.mark.parametrize(
    ("seed", "ways"),
    [*((seed, None) for seed in ONCE_FAILED_AS_IT_IS), *((seed, True) for seed in ONCE_FAILED_WITH_MORE)],
)
def test_a_whole_world_that_once_failed_stays_mended(seed: int, ways: bool | None, template: Path) -> None:
    assert play(seed, moves_of(seed, ways=ways), template, ways=ways).violation == ""


@all_seeds
@pytest.mark.parametrize("seed", ONCE_TOO_STRICT)
def test_a_world_that_a_check_was_too_strict_with_passes(seed: int, template: Path) -> None:
    assert play(seed, moves_of(seed), template).violation == ""


def test_a_seed_gives_the_same_trace_each_time_and_another_seed_another(template: Path) -> None:
    first, again, other = (play(seed, moves_of(seed, 120), template) for seed in (11, 11, 12))
    assert (first.trace_hash, first.trace) == (again.trace_hash, again.trace)
    assert first.trace_hash != other.trace_hash


def test_what_fails_is_found_and_shortened_to_the_steps_that_matter(template: Path) -> None:
    fault = FAULTS["a-key-for-each-arrival"].plant
    whole = play(1, moves_of(1), template, fault)
    short = shorten(whole, template, fault, seconds=20)
    assert (whole.violation != "", len(short.moves) <= 15) == (True, True)
    assert readable(short.trace)[-1].endswith("200")


def test_every_planted_fault_stands_where_the_application_comes_by() -> None:
    assert {name: lost for name, fault in FAULTS.items() if (lost := fault.plant.unread())} == {}


def test_the_quick_faults_are_planted_ones() -> None:
    assert [name for name in QUICK if name not in FAULTS] == []


def test_a_fault_where_nobody_comes_by_says_so(template: Path) -> None:
    fault = instead((promise, "today_of", lambda *_: None), (catch_up, "EVERY", catch_up.EVERY))
    met = play(1, moves_of(1, 10), template, fault).reached
    assert (fault.unread(), met) == (["jobs.promise.today_of"], frozenset({"jobs.catch_up.EVERY"}))


def test_a_fault_is_gone_with_the_run_it_was_planted_in(template: Path) -> None:
    play(1, moves_of(1, 30), template, FAULTS["answered-before-kept"].plant)
    assert play(1, moves_of(1, 30), template).violation == ""
