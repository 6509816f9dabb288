"""What a connector promises. Protocols and plain values; nothing here knows a platform."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from backorder.domain.actions import Capability, Held, StoreSide
from backorder.domain.events import Event, PrivacyEvent
from backorder.domain.item_side import ItemShown
from backorder.domain.orders import Reading
from backorder.domain.supply import Item, Stock, Units
from connectors.http import Transport

Credentials = Mapping[str, str]
"""What a store was connected with. Sealed in the database; never logged."""

Clock = Callable[[], datetime]

Renewed = Callable[[], Credentials | None]
"""Asked once after the store refused the credentials: newer ones to repeat the call with, or `None`."""


@dataclass(frozen=True, slots=True)
class Wire:
    """What a connector needs to speak to a platform before there is a client of a store. `environ` holds the
    operator's settings by their names.
    """

    transport: Transport
    clock: Clock
    environ: Mapping[str, str]


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
    """Orders asked for by id: those found, and those that the store no longer has (deleted, in the trash)."""

    found: Sequence[OrderRead]
    gone: Sequence[int]


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


class StoreClient(Protocol):
    """One store, spoken to with its own key. Every method may raise TemporaryFailure or PermanentFailure."""

    def describe(self) -> StoreFacts:
        """The store's own facts; also the proof that the credentials work. Raises PermanentFailure where they allow
        too little to work at all.
        """

    def pull(self, since: datetime | None) -> Iterator[Page]:
        """All that changed since then, all pages, oldest change first. `None`: every open order however old, and
        every stocked item.
        """

    def read_orders(self, ids: Sequence[int]) -> OrdersRead:
        """The truth about these orders now, in as few calls as the platform allows."""

    def read_stock(self, items: Sequence[int]) -> StockRead:
        """The truth about the stock of these items now, at every location, in as few calls as possible."""

    def push(self, order_id: int, desired: StoreSide, key: str, assumed: StoreSide | None = None) -> StoreSide:
        """Make the store have `desired` of ours on the order, writing only the difference; what it has now.

        Safe to repeat with the same key. May raise OutcomeUnknown. Never touches what we did not put there. Raises
        PlanOutdated, with nothing written, where holds that `assumed` names were taken off since.
        """

    def last_reading(self, order_id: int) -> OrderRead | None:
        """The newest reading that the last push to this order made, where the platform's webhooks echo our writes:
        whoever knows it learns nothing from the echo.
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

    def cancel(self, wanted: Cancellation) -> None:
        """Cancel these units and refund them, after a look at the order in the same operation; done when it returns.

        Once for a key, however often it is called. Raises PermanentFailure, with nothing changed, where any of the
        units was shipped or cancelled meanwhile, and OutcomeUnknown where nobody knows yet.
        """

    def post_note(self, order_id: int, text: str, marker: str) -> None:
        """Add one private note that carries the marker. Not safe to repeat. May raise OutcomeUnknown."""

    def has_note(self, order_id: int, marker: str) -> bool:
        """Whether a note with that marker is there."""

    def subscribe(self, url: str) -> list[str]:
        """Make the store's subscriptions to this address match the topic table; the sentences of what was changed."""

    def missing_subscriptions(self, url: str) -> list[str]:
        """Topics that the store does not send to this address at the moment."""

    def unsubscribe(self, url: str) -> None:
        """Remove the subscriptions to this address."""


@dataclass(frozen=True, slots=True)
class Option:
    """An option that the command line's `connect` takes for a platform."""

    name: str
    help: str
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Life:
    """How long credentials let us in. `None`: for ever."""

    until: datetime | None = None
    renewable_until: datetime | None = None
    """Until when they can be exchanged for new ones."""


class Installer(Protocol):
    """How a store of this platform is connected from the command line, and kept connected."""

    options: Sequence[Option]

    def address(self, given: Mapping[str, str]) -> str:
        """The canonical address of the store. Raises Rejected with a sentence."""

    def credentials(self, given: Mapping[str, str]) -> Credentials:
        """What to seal for the store. Raises Rejected with a sentence."""

    def proven(self, address: str, credentials: Credentials, transport: Transport) -> Credentials:
        """The credentials as this store takes them, found out by asking it. Raises AccessLost where it does not."""

    def life(self, credentials: Credentials) -> Life:
        """How long these credentials live."""

    def refresh(self, address: str, credentials: Credentials, wire: Wire) -> Credentials:
        """Exchange credentials that end for new ones. Safe to repeat with the same ones until the new ones were used:
        so a lost answer is a TemporaryFailure. Raises AccessLost where only the merchant can let us in again.
        """

    def webhook_url(self, public_url: str, token: str) -> str:
        """The address (or its common beginning) at which the store's webhooks arrive."""

    def admin_order_url(self, address: str, order_id: int) -> str:
        """Where the merchant sees the order in the store's own admin."""


Params = Sequence[tuple[str, str]]
"""The parameters of an address, decoded, in their order; a name may stand there several times."""


class Proxy(Protocol):
    """Calls of shoppers that the platform passes on to us, signed. Pure."""

    def find(self, params: Params) -> StoreRef | None:
        """Whose call this claims to be; `None` where it does not say."""

    def verify(self, params: Params, secrets: Sequence[bytes], now: datetime) -> None:
        """Return, or raise BadSignature; also for a call that was signed too long ago."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """A store that let us in: its canonical address, and what to seal for it."""

    address: str
    credentials: Credentials


class Consent(Protocol):
    """Connecting a store from a browser: the merchant is asked in the store's own admin and sent back to us."""

    def asks(self, params: Mapping[str, str], environ: Mapping[str, str]) -> str:
        """The address of the store that wants to be connected. Raises Rejected."""

    def authorise_url(self, address: str, callback: str, state: str, environ: Mapping[str, str]) -> str:
        """Where the merchant is asked. `callback` is where they come back to, `state` what they bring along."""

    def admit(self, params: Mapping[str, str], wire: Wire) -> Admitted:
        """Check what the merchant came back with, and exchange it for credentials. Raises Rejected."""


class Embedding(Protocol):
    """Our pages inside the platform's own admin, signed in by a token of the platform instead of a cookie."""

    token: str
    """The parameter that brings the token when a page is opened."""
    reload: str
    """The parameter by which the platform's script is told where to go on with a fresh token."""
    opened_with: tuple[str, ...]
    """Parameters that the platform's script needs in the address of a page."""
    retry: tuple[str, str]
    """The header of a 401 that makes the platform's script ask once more with a fresh token."""
    sources: Mapping[str, tuple[str, ...]]
    """Where the platform's scripts, and what they load, come from: sources by the directive of a content policy."""

    def identify(self, token: str, environ: Mapping[str, str]) -> str:
        """The address of the store that a token is for, all of it checked. Raises Rejected (401)."""

    def credentials(self, address: str, token: str, wire: Wire) -> Credentials:
        """Exchange a checked token for credentials. Raises Rejected (401) where the token is too old for that."""

    def named(self, params: Mapping[str, str]) -> str:
        """The address of the store that opens a page, not yet believed; empty where there is none."""

    def head(self, environ: Mapping[str, str]) -> str:
        """What comes first in the head of every page, as HTML."""

    def frame_ancestors(self, address: str) -> Sequence[str]:
        """Who may frame the pages of a store."""


@dataclass(frozen=True, slots=True)
class OperatorSetting:
    """An environment variable of the operator that only this platform reads."""

    name: str
    help: str


@dataclass(frozen=True, slots=True)
class Setup:
    """What a command of a platform may know of this Waitline."""

    public_url: str
    """Without a slash at the end."""
    environ: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Command:
    """A command of the command line that only this platform has: it makes the text of a file."""

    name: str
    help: str
    options: Sequence[Option]
    file: str
    """The name that the file usually has."""
    make: Callable[[Setup, Mapping[str, str]], str]
    """The text, from the options given. May raise Rejected with a sentence."""


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
    embedding: Embedding | None = None
    operator_settings: tuple[OperatorSetting, ...] = field(default=())
    proxy: Proxy | None = None
    commands: tuple[Command, ...] = field(default=())
