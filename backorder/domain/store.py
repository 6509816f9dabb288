"""A merchant's connected store, as far as the rules and the work depend on it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from backorder.domain.policy import BackorderPolicy


class Mode(StrEnum):
    """Whether anything leaves for the store and its customers."""

    WATCH = "watch"
    """Everything is planned and shown; nothing is written or sent."""
    ON = "on"
    LEAVING = "leaving"
    """What we put into the store is taken out of it again; nothing else is written, and nothing is sent."""


class Health(StrEnum):
    """Whether the store can be spoken to."""

    GOOD = "good"
    BACKING_OFF = "backing_off"
    """Calls fail at the moment: tried again at `calm_until`."""
    ACCESS_LOST = "access_lost"
    """The store refuses our credentials: the merchant has to connect it again."""
    GONE = "gone"
    """Forgotten here or left by the merchant: nothing is called, kept or sent."""


class NewsKind(StrEnum):
    """What a merchant is told once, on the first page."""

    SUBSCRIPTIONS = "subscriptions"
    """The store had stopped telling us what changes."""


@dataclass(frozen=True, slots=True)
class Store:
    """One connected store. Times are ours, except `pulled_until`, which is the store's own."""

    id: int
    platform: str
    address: str
    name: str
    currency: str
    timezone: str
    mode: Mode
    health: Health
    policy: BackorderPolicy
    connected_at: datetime
    installed_at: datetime
    """When it was last connected, for the first time or anew: whatever it was told to do before is of the past."""
    trouble: str = ""
    failures: int = 0
    """Calls in a row that failed, or were turned away."""
    calm_until: datetime | None = None
    imported_at: datetime | None = None
    """When the first import of open orders ended; nothing is planned before."""
    pulled_at: datetime | None = None
    """When the last complete pull of changed orders began."""
    pulled_until: datetime | None = None
    """The newest change that pulls have seen, by the store's clock: where the next one goes on."""
    catch_up_at: datetime | None = None
    """When the next pull is due."""
    swept_at: datetime | None = None
    """When every open order was last asked for by its id."""
    audited_at: datetime | None = None
    """When the store's subscriptions are checked next."""
    renew_at: datetime | None = None
    """When the store's access is renewed although no call needed it; `None` where it never ends."""
    lacks: tuple[str, ...] = ()
    """What is switched off because the merchant did not allow it: a sentence each."""
    statuses: tuple[tuple[str, str], ...] = ()
    """Statuses that a waiting order may be given there: the store's word and its name."""
    whole_at: datetime | None = None
    """When it was last known that the store tells us all that we need."""
