"""The calculated query cost limit: a bucket of points per app and shop that fills again as the shop's clock runs."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

MOST_A_CALL = 1000
"""Points. A single query above it is refused before it runs."""


@dataclass
class Bucket:
    """`size` points at most, `rate` points a second."""

    clock: Callable[[], datetime]
    size: float = 2000.0
    rate: float = 100.0

    def __post_init__(self) -> None:
        self._points = self.size
        self._at: datetime | None = None
        """When it was looked at last; a full bucket needs no time."""

    def admits(self, cost: int) -> bool:
        """Whether a call of that cost may run now. It takes nothing out."""
        self._fill()
        return cost <= self._points

    def take(self, cost: int) -> None:
        """What a call that ran did cost."""
        self._points -= cost

    def drain(self) -> None:
        """Somebody else used all of it: another process of the same app."""
        self._fill()
        self._points = 0.0

    def status(self) -> dict[str, Any]:
        """`throttleStatus`, as it is now."""
        return {
            "maximumAvailable": self.size,
            "currentlyAvailable": math.floor(self._points),
            "restoreRate": self.rate,
        }

    def _fill(self) -> None:
        now = self.clock()
        before = self._at or now
        if now > before:
            self._points = min(self.size, self._points + self.rate * (now - before).total_seconds())
        self._at = max(before, now)
