"""Who asks for units, in which order they are served, and what there is to give."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from backorder.domain.priority import PIN
from backorder.domain.supply import ZERO, Pool, Units


class Binding(StrEnum):
    """When given units become firm."""

    NEVER = "never"
    """The store is only watched."""
    AT_GRANT = "at_grant"
    """The platform cannot keep units from shipping."""
    AT_RELEASE = "at_release"
    """The store keeps waiting units from shipping until our release is confirmed."""


class Turn(NamedTuple):
    """A line's place: smaller is served first. Strict, and the same however often it is asked.

    `queue_time` is the moment from which the line waits, less the head start of its order.
    """

    queue_time: datetime
    order_id: int
    line_id: int


@dataclass(frozen=True, slots=True)
class Demand:
    """Units of one order line that one pool owes, and what the line has been given so far."""

    turn: Turn
    pool: Pool
    outstanding: Units
    allocated: Units = ZERO
    firm: Units = ZERO
    first_pass: bool = False
    """No decision was ever taken about it."""
    takes_no_more: bool = False
    """The customer wants it cancelled."""
    queued_at: datetime | None = None
    """From when it waits; `None` where no head start moved its turn."""
    together: bool = False
    """Its order takes all or nothing: while it is not whole, others may pass."""
    priority: str = ""
    """The class that gave the head start, for people to read."""

    @property
    def key(self) -> tuple[int, int, Pool]:
        """Which part of which line."""
        return (self.turn.order_id, self.turn.line_id, self.pool)

    @property
    def age(self) -> Turn:
        """The place that it would have if nobody had a head start."""
        return self.turn if self.queued_at is None else Turn(self.queued_at, self.turn.order_id, self.turn.line_id)

    def with_units(self, allocated: Units, firm: Units) -> "Demand":
        """The same part with so many units."""
        return Demand(
            self.turn,
            self.pool,
            self.outstanding,
            allocated,
            firm,
            self.first_pass,
            self.takes_no_more,
            self.queued_at,
            self.together,
            self.priority,
        )

    @property
    def pinned(self) -> bool:
        """The merchant put it before everybody."""
        return self.queued_at is not None and self.queued_at - self.turn.queue_time >= PIN


@dataclass(frozen=True, slots=True)
class Supply:
    """What one pool may give. Without `may_take_back` nothing given is taken away for want of units."""

    units: Units
    keep_back: Units = ZERO
    may_take_back: bool = True
