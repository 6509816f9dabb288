"""What a scenario expects, and whether it was so."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tests.chaos.arena import Arena
from tests.chaos.load import Load, rest_and_look_twice
from tests.chaos.orphans import percentile

REST_SECONDS = 150.0
OK, SKIPPED, FAULT = "ok", "SKIPPED", "FAULT"


@dataclass(frozen=True, slots=True)
class Expectation:
    """One sentence with what was measured, and whether it is as it should be."""

    holds: bool
    sentence: str
    timing: bool = False
    """Whether it is about how long something took: on a machine that others use as well it says little."""
    names: Sequence[str] = ()
    """What it counted, each by name."""
    skipped: bool = False
    """Whether this could not be tried here; the sentence says why."""

    @property
    def word(self) -> str:
        """In one word."""
        return FAULT if not self.holds else SKIPPED if self.skipped else OK


@dataclass(frozen=True, slots=True)
class Scenario:
    """A fault of the matrix. `play` takes the database's engine and yields each expectation as soon as it is known."""

    about: str
    play: Callable[[str], Iterator[Expectation]]


def skipped(why: str) -> Expectation:
    """Something that cannot be tried here."""
    return Expectation(True, why, skipped=True)


def at_most(seconds: float | None, most: float, what: str) -> Expectation:
    """That something took at most so long; never is too long."""
    if seconds is None:
        return Expectation(False, f"{what}: never (at most {most:g} s)")
    return Expectation(seconds <= most, f"{what}: {seconds:.2f} s (at most {most:g} s)", timing=True)


def slowest_answers(load_seconds: list[float], most: float, what: str) -> Expectation:
    """That the 99th percentile of the answers took at most so long."""
    return at_most(percentile(load_seconds, 0.99), most, f"{what}, 99th percentile of {len(load_seconds)}")


def nothing_lost(arena: Arena, load: Load, unknown: int, *, aside: int = 0) -> Iterator[Expectation]:
    """Rest, then everything that must be true at the end of every scenario; at most so many unknown outcomes, and
    so many put aside.
    """
    took, changes = rest_and_look_twice(arena, REST_SECONDS)
    yield at_most(took, REST_SECONDS, "at rest after the last fault")
    found = load.check()
    yield Expectation(not found.lost, f"lost: {len(found.lost)} of {found.acknowledged} acknowledged", names=found.lost)
    yield Expectation(True, f"recovered: {len(found.recovered)} (a try failed)", names=found.recovered)
    for word, names, most in (
        ("doubled", found.doubled, 0),
        ("mails and notes that came otherwise than Waitline says", found.unexpected, 0),
        ("orders unlike what Waitline wants", found.unlike, 0),
        ("work left", found.left, 0),
        ("put aside or given up", found.aside, aside),
        ("unknown", found.unknown, unknown),
    ):
        allowed = f" (at most {most})" if most else ""
        yield Expectation(len(names) <= most, f"{word}: {len(names)}{allowed}", names=names)
    yield Expectation(changes == 0, f"changes by a second look at rest: {changes}")
