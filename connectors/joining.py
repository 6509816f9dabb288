"""How a store is connected, kept connected, and shows our pages: what of the contract needs no client of a store."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

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


@dataclass(frozen=True, slots=True)
class Handed:
    """A key that some store's server handed over. `state` says for which connection; neither proves anything before the
    key has opened that connection's store.
    """

    state: str
    given: Mapping[str, str]
    """What the installer takes."""


class Handover(Protocol):
    """Connecting a store from a browser where the store's server hands the key over by itself: the merchant names the
    store here, is asked in its admin, and comes back without the key. Pure.
    """

    asked_for: str
    """What the merchant types in to name the store, in words."""

    def asks(self, named: str) -> str:
        """The canonical address of the store that is named. Raises Rejected."""

    def authorise_url(self, address: str, callback: str, state: str) -> str:
        """Where the merchant is asked. `callback` is where the server posts the key to and the merchant comes back to,
        then with `state` as a parameter.
        """

    def handed(self, body: bytes) -> Handed:
        """What the store's server posted. Raises Rejected with a sentence that names no key."""

    def denied(self, params: Mapping[str, str]) -> bool:
        """Whether the merchant comes back without having said yes."""


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
    bridge: str
    """What the platform's script is called in a page once it has loaded; the names of its events begin with it."""
    save_bar: str
    """The attribute of a form for which the admin shows its own bar to save or discard what was changed."""
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

    def menu(self, home: str, pages: Sequence[tuple[str, str]]) -> str:
        """The pages (address and name) for the admin's own navigation, as HTML; `home` is where the app begins."""

    def to_allow(self, lacking: str) -> str:
        """What the platform's script can ask the merchant to allow, for a sentence on what is off; empty where it
        cannot.
        """

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
