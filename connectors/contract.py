"""What a connector promises. Protocols and plain values; nothing here knows a platform."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from backorder.domain.actions import Capability, Held, StoreSide
from backorder.domain.announced import Announced
from backorder.domain.events import Event, PrivacyEvent
from backorder.domain.item_side import ItemShown
from backorder.domain.locations import Relocation
from backorder.domain.orders import Order, Reading
from backorder.domain.parcels import Parcel
from backorder.domain.supply import Item, Stock, Units
from connectors.http import Transport
from connectors.joining import (
    Clock,
    Command,
    Consent,
    Credentials,
    Embedding,
    Handover,
    Installer,
    OperatorSetting,
    Renewed,
)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One webhook call as it came in. Header names are in lower case; `path_topic` is the topic that the URL named."""

    headers: Mapping[str, str]
    body: bytes
    received_at: datetime
    path_token: str = ""
    path_topic: str = ""


@dataclass(frozen=True, slots=True)
class StoreRef:
    """How a delivery says whose it is: by the store's address or by the token in our own URL. Not yet believed."""

    address: str = ""
    token: str = ""


class Webhooks(Protocol):
    """The receiving side: pure functions over a delivery."""

    def find(self, delivery: Delivery) -> StoreRef | None:
        """Whose delivery this claims to be; `None` where it does not say."""

    def is_ping(self, delivery: Delivery) -> bool:
        """Whether this is exactly the platform's unsigned test call: answered 200, without effect or row."""

    def secrets(self, credentials: Credentials | None, environ: Mapping[str, str]) -> Sequence[bytes]:
        """The secrets that may have signed it, newest first; `credentials` is `None` for a store we do not know."""

    def verify(self, delivery: Delivery, secrets: Sequence[bytes]) -> None:
        """Return, or raise BadSignature. Compares bytes in constant time; no secret verifies nothing."""

    def dedupe_key(self, delivery: Delivery) -> str:
        """The same for a repeat of this delivery, different for anything else. At most 200 characters."""

    def topic(self, delivery: Delivery) -> str:
        """The platform's word for what it is about, for people to read. At most 100 characters."""

    def normalise(self, delivery: Delivery) -> list[Event]:
        """The same bytes give the same events; an ignored topic gives none.

        Raises UnknownTopic, or BadPayload for a body that is not what the topic promises.
        """

    def privacy_requests(self, delivery: Delivery) -> list[PrivacyEvent]:
        """What a delivery asks about somebody's data: kept also for a store that is unknown or gone. Nothing for any
        other topic. Raises BadPayload.
        """


@dataclass(frozen=True, slots=True)
class StoreFacts:
    """What a store says about itself."""

    name: str
    currency: str
    timezone: str
    """An IANA name; "UTC" where the store only knows an offset that no name fits."""
    lacks: tuple[str, ...] = ()
    """What is switched off because the merchant did not allow it: a sentence each."""
    statuses: tuple[tuple[str, str], ...] = ()
    """Statuses that are not the platform's own and may be given to a waiting order: the store's word and its name."""


@dataclass(frozen=True, slots=True)
class OrderRead:
    """A reading of one order, and what the store has of ours on it. `kept` are units that somebody else keeps from
    shipping. `traces` are the store's names of the order's parts and of what is at them: see OrderTraced.
    """

    reading: Reading
    found: StoreSide
    kept: tuple[Held, ...] = ()
    traces: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class OrdersRead:
    """Orders asked for by id: those found, and those that the store no longer has (deleted, in the trash). Of those
    `unanswered` the store could not tell now, nor when they were asked for once more.
    """

    found: Sequence[OrderRead]
    gone: Sequence[int]
    unanswered: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class StockRead:
    """Stock asked for by item. Items without a count of their own come without a stock."""

    began: datetime
    items: Sequence[Item]
    stock: Sequence[Stock]


@dataclass(frozen=True, slots=True)
class Cancellation:
    """Units of lines to be cancelled, and what becomes of the stock and of the money. `begun`: an earlier try may have
    done it.
    """

    order_id: int
    units: Mapping[int, Units]
    key: str
    restock: bool
    refund: bool
    begun: bool = False


@dataclass(frozen=True, slots=True)
class Dispatch:
    """A parcel that has left, to be recorded in the store. `begun`: an earlier try may have done it, or part of it."""

    order_id: int
    parcel: Parcel
    key: str
    begun: bool = False


@dataclass(frozen=True, slots=True)
class Intended:
    """One request that a push would send: its name and all that goes with it."""

    name: str
    variables: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ItemFound:
    """What the store has of ours at an item, and whether it sells it although nothing is there. `where` are the names
    under which the connector writes to it; nobody else reads them.
    """

    shown: ItemShown | None
    sells: bool
    where: tuple[str, ...] = ()
    mixed: bool = False
    """Something of ours is there that says no one thing: whatever is wanted has to be written."""

    def shows(self, wanted: ItemShown | None) -> bool:
        """Whether it shows just that."""
        return not self.mixed and self.shown == wanted


@dataclass(frozen=True, slots=True)
class ItemChange:
    """What is to be written to an item: what it should show (`None`: nothing), and how its switch is to be turned, if
    at all.
    """

    found: ItemFound
    shown: ItemShown | None
    sells: bool | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a pull: orders as they are now, and what else changed. `changed_until` is the store's own time of
    the newest change on it: where the next pull goes on once this page is saved.
    """

    orders: Sequence[OrderRead] = ()
    events: Sequence[Event] = ()
    changed_until: datetime | None = None
    place: str | None = None
    """Where the pull goes on once this page is saved; `None`: where it went on before it."""
    wait: float = 0.0
    """Seconds that the store needs before there is a next page: whoever keeps a bookmark comes back then."""
    gathered: int = 0
    """What the store has put together meanwhile, in entries of its own."""
    said: str = ""
    """Why it goes on in another way than it began, in a sentence."""


@dataclass(frozen=True, slots=True)
class Bookmark:
    """How far a pull has come. Whoever keeps it may stop behind any page and go on in another process."""

    began: datetime
    """When it began, by our clock: no reading of it began earlier."""
    place: str = ""
    """As the last page that was saved told it, in the connector's own words; empty at the beginning."""
    stock: bool = True
    """Whether every stocked item is wanted too."""


class StoreClient(Protocol):
    """One store, spoken to with its own key. Every method may raise TemporaryFailure or PermanentFailure."""

    def describe(self) -> StoreFacts:
        """The store's own facts; also the proof that the credentials work. Raises PermanentFailure where they allow
        too little to work at all.
        """

    def pull(self, since: datetime | None, bookmark: Bookmark | None = None) -> Iterator[Page]:
        """All that changed since then, all pages, oldest change first. `None`: every open order however old, and
        every stocked item. From the bookmark on; a store that tells no places begins anew. Only a pull of everything
        with a bookmark is told to come back later.
        """

    def reads_at_once(self, orders: int) -> bool:
        """Whether a pull of everything is cheaper than asking for so many open orders by their ids."""

    def read_orders(self, ids: Sequence[int]) -> OrdersRead:
        """The truth about these orders now, in as few calls as the platform allows."""

    def read_stock(self, items: Sequence[int]) -> StockRead:
        """The truth about the stock of these items now, at every location, in as few calls as possible."""

    def read_inbound(self, known: Collection[str]) -> Sequence[Announced] | None:
        """All goods that the store announces to be on the way, and what became of those whose names are `known`; a
        known name that is not told is of goods that will not come. `None`: this store tells of none.
        """

    def look_ahead(self, ids: Sequence[int]) -> None:
        """Look at these orders for the pushes that follow at once, in as few calls as possible. A push takes what was
        seen of its order once, and only for some seconds: after that, and where nothing was seen, it looks itself.
        """

    def push(self, order_id: int, desired: StoreSide, key: str, assumed: StoreSide | None = None) -> StoreSide:
        """Make the store have `desired` of ours on the order, writing only the difference; what it has now.

        Safe to repeat with the same key. May raise OutcomeUnknown. Never touches what we did not put there. Raises
        PlanOutdated where holds that `assumed` names were taken off since, or units to be held are elsewhere now.
        """

    def last_reading(self, order_id: int) -> OrderRead | None:
        """The newest reading that the last push or parcel of this order made, where the platform's webhooks echo our
        writes: whoever knows it learns nothing from the echo.
        """

    def last_answer(self, order_id: int) -> Order | None:
        """The order as the answer to the last push's write told it, where that is no reading (it does not tell where
        units lie) and yet all that the echo of the write will tell.
        """

    def preview(self, wanted: Mapping[int, StoreSide]) -> Mapping[int, Sequence[Intended]]:
        """What `push` would send first for each of these orders; nothing is written. Orders that the store no longer
        has are left out. What depends on the answer to the first request is not among it.
        """

    def read_items(self, items: Sequence[int]) -> Mapping[int, ItemFound]:
        """What the store has of ours at these items; those that it does not sell are left out."""

    def item_sold_as(self, number: int) -> int | None:
        """The item that shoppers buy under this number; `None` where there is none."""

    def write_items(self, changes: Mapping[int, ItemChange]) -> Mapping[int, str]:
        """Write to items what differs from what was found there, in as few calls as possible; the store's reasons for
        those that it refused. Safe to repeat. May raise OutcomeUnknown. Never touches what we did not put there.
        """

    def preview_items(self, changes: Mapping[int, ItemChange]) -> Mapping[int, Sequence[Intended]]:
        """What `write_items` would send for each of these items alone; nothing is asked or written."""

    def cancel(self, wanted: Cancellation) -> None:
        """Cancel these units and refund them, after a look at the order in the same operation; done when it returns.

        Once for a key, however often it is called. Raises PermanentFailure, with nothing changed, where any of the
        units was shipped or cancelled meanwhile, and OutcomeUnknown where nobody knows yet.
        """

    def ship(self, wanted: Dispatch) -> None:
        """Record the parcel, after a look at the order in the same operation; done when it returns.

        Once for a key: what an earlier try left behind is looked for before anything is sent. Raises PermanentFailure
        where the order has not all of its units to ship, or somebody keeps them from shipping, with nothing recorded or
        the sentence saying what was; and OutcomeUnknown where nobody knows yet, or a part is still to be recorded.
        `last_reading` may tell the order afterwards.
        """

    def preview_ship(self, wanted: Dispatch) -> Sequence[Intended]:
        """What `ship` would send once holds of ours are off its units; nothing is written. Raises as it would."""

    def move(self, order_id: int, wanted: Relocation) -> None:
        """Let another location ship these units, after a look at the order in the same operation.

        Safe to repeat: what is there already is left there. Raises PlanOutdated, with nothing changed, where the units
        lie otherwise, PermanentFailure where somebody else holds them or the store lets nobody move them, and
        OutcomeUnknown.
        """

    def post_note(self, order_id: int, text: str, marker: str, *, to_customer: bool = False) -> None:
        """Add one note that carries the marker, private or told to the customer by the store. Not safe to repeat. May
        raise OutcomeUnknown.
        """

    def has_note(self, order_id: int, marker: str) -> bool:
        """Whether a note with that marker is there. One that a network repeated is made one again."""

    def subscribe(self, url: str) -> list[str]:
        """Make the store's subscriptions to this address match the topic table; the sentences of what was changed."""

    def missing_subscriptions(self, url: str) -> list[str]:
        """Topics that the store does not send to this address at the moment."""

    def unsubscribe(self, url: str) -> None:
        """Remove the subscriptions to this address."""


Params = Sequence[tuple[str, str]]
"""The parameters of an address, decoded, in their order; a name may stand there several times."""


class Proxy(Protocol):
    """Calls of shoppers that the platform passes on to us, signed. Pure."""

    def find(self, params: Params) -> StoreRef | None:
        """Whose call this claims to be; `None` where it does not say."""

    def verify(self, params: Params, secrets: Sequence[bytes], now: datetime) -> None:
        """Return, or raise BadSignature; also for a call that was signed too long ago."""


class Opens(Protocol):
    """How a platform's client of one store is made."""

    def __call__(
        self, address: str, credentials: Credentials, transport: Transport, clock: Clock, renewed: Renewed | None = None
    ) -> StoreClient:
        """A client with these credentials. `renewed` is for platforms whose credentials end."""


@dataclass(frozen=True, slots=True)
class Platform:
    """Everything a platform is to Waitline."""

    name: str
    label: str
    capabilities: frozenset[Capability]
    webhooks: Webhooks
    installer: Installer
    client: Opens
    consent: Consent | None = None
    handover: Handover | None = None
    embedding: Embedding | None = None
    operator_settings: tuple[OperatorSetting, ...] = field(default=())
    proxy: Proxy | None = None
    commands: tuple[Command, ...] = field(default=())
