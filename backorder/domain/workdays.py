"""A store's calendar: on which days it packs and ships. A value: whoever knows countries and holidays makes it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

from backorder.domain.errors import WaitlineError

EVERY_DAY = frozenset(range(7))

LONGEST_CLOSURE = 400
"""Days after which a calendar without an open day is no calendar."""


class NeverOpen(WaitlineError):
    """The calendar has no working day within more than a year: a mistake in its making."""


@dataclass(frozen=True, slots=True)
class Workdays:
    """Days of the week (0 is Monday) on which the store works, but for its holidays."""

    days: Collection[int] = EVERY_DAY
    holidays: Collection[date] = frozenset()

    def open_on(self, day: date) -> bool:
        """Whether the store works on that day."""
        return day.weekday() in self.days and day not in self.holidays

    def first(self, day: date) -> date:
        """The day itself, or the next one on which the store works."""
        for ahead in range(LONGEST_CLOSURE):
            if self.open_on(day + timedelta(days=ahead)):
                return day + timedelta(days=ahead)
        raise NeverOpen(f"no working day in the {LONGEST_CLOSURE} days after {day}")

    def after(self, day: date, count: int) -> date:
        """So many working days later: goods that are there on `day` leave on this one. 0: the first open day."""
        found = self.first(day)
        for _ in range(count):
            found = self.first(found + timedelta(days=1))
        return found


ALWAYS_OPEN = Workdays()
