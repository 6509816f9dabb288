"""What a supplier's own record says of its dates and its quantities.

Median and 80th percentile of how many days goods came later than expected, and of which share was missing, from at
least five arrivals. Fewer say nothing: then the merchant's fixed buffer counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from backorder.domain.supply import ZERO, Units

LEAST_HISTORY = 5


@dataclass(frozen=True, slots=True)
class Arrived:
    """One purchase-order line that is over: when it was expected and came, and how much of it."""

    expected_on: date
    came_on: date
    ordered: Units
    received: Units

    @property
    def days_late(self) -> int:
        """Days behind the expected one; goods that came early were in time."""
        return max(0, (self.came_on - self.expected_on).days)

    @property
    def missing(self) -> Decimal:
        """The share of the ordered units that did not come, from 0 to 1."""
        return max(ZERO, 1 - self.received / self.ordered) if self.ordered > 0 else ZERO


@dataclass(frozen=True, slots=True)
class Record:
    """What is to be expected of a supplier: usually, and to be safe in four of five cases."""

    usual_days: int
    safe_days: int
    usual_missing: Decimal = ZERO
    safe_missing: Decimal = ZERO


def learned(history: Sequence[Arrived]) -> Record | None:
    """The record of one supplier; `None` with too little history."""
    if len(history) < LEAST_HISTORY:
        return None
    # Goods of which nothing came say how much is missing, not how late they were.
    came = [arrived for arrived in history if arrived.received > 0] or history
    days = sorted(arrived.days_late for arrived in came)
    missing = sorted(arrived.missing for arrived in history)
    return Record(
        usual_days=days[_rank(days, 50)],
        safe_days=days[_rank(days, 80)],
        usual_missing=missing[_rank(missing, 50)],
        safe_missing=missing[_rank(missing, 80)],
    )


def _rank(found: Sequence[object], percent: int) -> int:
    """Where the smallest value stands that at least so many per cent do not exceed (nearest rank)."""
    return max(0, -(-len(found) * percent // 100) - 1)
