"""What a pass decides, and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from backorder.domain.allocation.demand import Demand
from backorder.domain.supply import Pool, Units


class Rule(StrEnum):
    """Why a decision was taken."""

    CAME_IN_COVERED = "came_in_covered"
    OLDEST_FIRST = "oldest_first"
    HEAD_START = "head_start"
    """Its class puts it before an older line that still waits."""
    PINNED = "pinned"
    """The merchant put it before everybody."""
    WHOLE_ORDER = "whole_order"
    """It makes its order whole, so it goes before others of the same day."""
    OTHER_YIELDED = "other_yielded"
    """An older order cannot be made whole yet and lets others pass."""
    NOT_ENOUGH_LEFT = "not_enough_left"
    """A new line found fewer units left than it needs: the rest waits."""
    SUPPLY_SHRANK = "supply_shrank"
    OLDER_CAME = "older_came"
    """An older order became known and stands before this one."""
    OVERTAKEN = "overtaken"
    """A line with a head start, a pin or a whole order took the units."""
    YIELDS = "yields"
    """Its order is not whole and lets others pass."""
    LESS_OWED = "less_owed"
    """The line was shipped, cancelled or made smaller."""
    MORE_OWED = "more_owed"
    """The line was made larger and keeps its place: what was added overtakes those who came between."""
    CUSTOMER_CANCELS = "customer_cancels"
    BY_HAND = "by_hand"
    TAKEN_BY_HAND = "taken_by_hand"
    """The merchant gave the units to another line."""
    PACKED = "packed"
    """The merchant recorded a parcel with these units: they leave."""
    RELEASED = "released"
    """The store lets the units ship: they are firm."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A change of what one part of a line has: from `before` to `allocated`, of which `firm` may not move again."""

    demand: Demand
    allocated: Units
    firm: Units
    rule: Rule
    overtook: int | None = None
    """The order that has waited longest of those that came earlier and are served later."""

    @property
    def change(self) -> Units:
        """Units given (positive) or taken (negative)."""
        return self.allocated - self.demand.allocated


@dataclass(frozen=True, slots=True)
class Plan:
    """The outcome of a pass: only what changes, the firm units for which nothing is there any more, and the yielding
    orders that others passed.
    """

    decisions: tuple[Decision, ...]
    shortfall: Mapping[Pool, Units]
    passed_over: tuple[int, ...] = ()
