"""Who acts, and what happened in a world and is remembered: mails taken, webhooks acknowledged, what a merchant
was shown and has packed.
"""

from dataclasses import dataclass, field
from datetime import datetime
from random import Random

from backorder.domain.parcels import Parcel
from backorder.domain.supply import Pool, Units
from jobs.mailer import Message
from jobs.steer import Loss


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail that the server took."""

    at: datetime
    message: Message


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A signed webhook that was answered with 2xx: it must be kept for ever."""

    store_id: int
    body: bytes
    label: str


@dataclass(frozen=True, slots=True)
class Agreed:
    """What a merchant was shown before giving units by hand: who would lose how many."""

    store_id: int
    order_id: int
    line_id: int
    pool: Pool
    units: Units
    losses: tuple[Loss, ...]


@dataclass(frozen=True, slots=True)
class Words:
    """What a person left in an order's note, beside our line; and whether our line was deleted by that."""

    at: datetime
    words: tuple[str, ...]
    deleted: bool


@dataclass(frozen=True, slots=True)
class Press:
    """What a merchant recorded."""

    store_id: int
    order_id: int
    parcel: Parcel


@dataclass
class Actor:
    """A process for the length of one step."""

    name: str
    die: Random
    mortal: bool
    began: datetime
    leases: dict[str, int] = field(default_factory=dict)
    dead: bool = False
    calls: datetime | None = None
    """When it set out to call a shop last."""
    done: bool = False
    """Whether it came to its end by itself."""
