"""What a store can tell us, as values. Connectors make them; the order book takes them in. No quantities travel
into the allocator this way: an event changes what we know, or says what must be read.
"""

from dataclasses import dataclass
from datetime import datetime

from backorder.domain.orders import Order
from backorder.domain.privacy import Person


@dataclass(frozen=True, slots=True)
class OrderSeen:
    """A webhook's body told of an order. `whole`: the body tells all that a reading would, but for what has webhooks
    of its own: a reading that told the same at the same time has nothing to learn from it. `worded`: its word for the
    order's status is one that a reading would give.
    """

    order: Order
    whole: bool = False
    worded: bool = False


@dataclass(frozen=True, slots=True)
class OrderTouched:
    """Something about an order changed that only a reading can tell (an edit, a refund, a fulfillment order)."""

    order_id: int
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OrderShipped:
    """A parcel of an order was recorded; `name` is the store's own word for it. A reading that found it has nothing to
    learn from it.
    """

    order_id: int
    name: str


@dataclass(frozen=True, slots=True)
class OrderTraced:
    """Something changed at the order in whose readings one of `names` was found: the store's own word for a part of
    an order, such as a piece of shipping work. `seen` and `ended` are what the change brought and what it took away:
    readings that found all of the one, and no longer find any of the other, have nothing to learn from it.
    """

    names: tuple[str, ...]
    seen: tuple[str, ...] = ()
    ended: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class OrderGone:
    """The store says that it no longer has the order (deleted, in the trash). A reading confirms it."""

    order_id: int


@dataclass(frozen=True, slots=True)
class StockTouched:
    """The stock of an item moved, or the way it is counted: its pools must be read."""

    item: int


@dataclass(frozen=True, slots=True)
class CustomerTouched:
    """What the merchant thinks of a customer changed (a tag): their open orders must be read."""

    customer_id: int


@dataclass(frozen=True, slots=True)
class StoreRenamed:
    """The store changed what it says about itself: its name, currency, time zone, or what we may do there."""


@dataclass(frozen=True, slots=True)
class StoreTouched:
    """Something changed that names no order and no item: a catch-up has to find it."""

    why: str


@dataclass(frozen=True, slots=True)
class InboundTouched:
    """Goods that the store announced to be on the way changed, came or will not come: they are to be read."""

    why: str


@dataclass(frozen=True, slots=True)
class SomeOrderGone:
    """An order was deleted, and nobody says which: every open one is to be asked for."""

    why: str


@dataclass(frozen=True, slots=True)
class StoreLeft:
    """The merchant removed the app: the credentials are dead."""

    at: datetime | None = None
    """When, by the store's clock, where it says: one that is connected since then has come back."""


@dataclass(frozen=True, slots=True)
class CustomerDataAsked:
    """A customer wants to know what is held about them."""

    person: Person


@dataclass(frozen=True, slots=True)
class CustomerErased:
    """A customer wants to be forgotten."""

    person: Person


@dataclass(frozen=True, slots=True)
class StoreErased:
    """All of a store that has left is to be erased."""

    left_by: datetime | None = None
    """It had left by then at the latest, where that is known: what was connected later is not meant."""


PrivacyEvent = CustomerDataAsked | CustomerErased | StoreErased
"""What is kept as a task, also for a store that is unknown or gone."""

Event = (
    OrderSeen
    | OrderTouched
    | OrderShipped
    | OrderTraced
    | OrderGone
    | StockTouched
    | CustomerTouched
    | StoreRenamed
    | StoreTouched
    | InboundTouched
    | SomeOrderGone
    | StoreLeft
    | PrivacyEvent
)
