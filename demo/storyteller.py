"""Waits for each step of the story to come true, tells it, and writes it down."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import Any

from demo.report import Facts, Report, Step
from demo.telling import difference, of_order
from demo.witness import Sight, Witness

STEP_SECONDS = 30.0
LOOK_SECONDS = 0.15

Say = Callable[[str], None]


class Ended(Exception):
    """A step did not come true in time; the story cannot go on from there."""


class Storyteller:
    """`heading` and `fact` print; `check` raises where Waitline is gone, so that nobody waits for it."""

    def __init__(self, report: Report, heading: Say, fact: Say, check: Callable[[], None]) -> None:
        self.report = report
        self.heading = heading
        self._fact = fact
        self._check = check
        self.witnesses: list[Witness] = []
        self.told: dict[str, Sight] = {}
        """Every order as it was told last, by its number."""

    def step(self, title: str, look: Callable[[], Facts], expected: Facts, tell: Callable[[Any], list[str]]) -> None:
        """Wait until what is looked at is as expected, then tell it. Raises Ended when it is not in time."""
        self.heading(title)
        deadline = time.monotonic() + STEP_SECONDS
        while (found := look()) != expected and time.monotonic() < deadline:
            self._check()
            time.sleep(LOOK_SECONDS)
        told = tell(found) if found == expected else difference(expected, found)
        self.report.steps.append(Step(title, told, expected, found))
        for sentence in told:
            self._fact(sentence)
        if found != expected:
            raise Ended

    def orders(self, title: str, expected: Mapping[str, Sight]) -> None:
        """A step about orders, whichever store they are in."""

        def tell(found: Facts) -> list[str]:
            return [of_order(number, self.told.get(number), Sight(**found[number])) for number in expected]

        wanted = {number: asdict(sight) for number, sight in expected.items()}
        self.step(title, lambda: self.sights(expected), wanted, tell)
        self.told.update(expected)

    def sights(self, numbers: Iterable[str]) -> Facts:
        """These orders as they show now; `None` for one that does not show everywhere yet."""
        found: dict[str, Any] = dict.fromkeys(numbers)
        for witness in self.witnesses:
            found |= {number: sight and asdict(sight) for number, sight in witness.sights(list(found)).items()}
        return found
