"""The keys of the stores: where a store's client is opened, and where access that ends is exchanged for new access.

A key is renewed five minutes before it ends, or when the store refuses it, by one process at a time. The new one is in
the database before it is used; the old one stays until then, so whatever goes wrong on the way can be done again.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from backorder.db import leases, stores
from backorder.db.leases import Lease
from backorder.db.secrets import Sealer
from backorder.db.session import Database
from backorder.domain.errors import AccessLost, LeaseLost, PermanentFailure, TemporaryFailure
from backorder.domain.store import Store
from connectors import get
from connectors.contract import StoreClient
from connectors.http import Reply, Transport
from connectors.joining import Credentials, Life, Wire

log = structlog.get_logger()

EARLY = timedelta(minutes=5)
UNUSED = timedelta(days=60)
"""A store that nobody called for so long has its key renewed all the same: a key that is never renewed dies."""
LOOKS = 40
"""How often to look for what the one who is renewing the key has got; whoever waited in vain comes again later."""
LOOK_SECONDS = 0.05


class Guarded(Transport):
    """Calls to a store before each of which something is done; what that raises keeps the call from being made."""

    def __init__(self, inner: Transport, before: Callable[[], None]) -> None:
        super().__init__(inner.outgoing, inner.purses)
        self._inner = inner
        self._before = before

    def request(self, method: str, url: str, **how: Any) -> Reply:
        """As promised by `Transport.request`."""
        self._before()
        return self._inner.request(method, url, **how)


@dataclass(frozen=True)
class Keys:
    """The sealed credentials of every store, opened where they are used."""

    database: Database
    sealer: Sealer
    wire: Wire
    owner: str
    pause: Callable[[float], None] = time.sleep
    """Stands still for so many seconds."""

    def client(self, store: Store, before: Callable[[], None] = lambda: None) -> StoreClient:
        """A client of the store, with a key that works for at least five minutes; it renews the key where the store
        refuses it. `before` is done before each of its calls: what it raises keeps the call from being made.
        """
        held = self._read(store)
        if self._ends(store, held, EARLY):
            held = self._renewed_early(store, held)

        def renewed() -> Credentials | None:
            nonlocal held
            before, held = held, self._renewed(store, held, patient=True)
            return None if held == before else held

        def look() -> None:
            self._look(store)
            before()

        transport = Guarded(self.wire.transport, look)
        return get(store.platform).client(store.address, held, transport, self.wire.clock, renewed)

    def renewing(self, lease: Lease) -> Callable[[], None]:
        """Holds the lease for its full length again. Done before each call, however many there are and however slow
        the store is, nobody takes over while somebody is at it; where somebody did all the same, it raises LeaseLost.
        """

        def renew() -> None:
            with self.database.write(durable=False) as conn:
                leases.renew(conn, lease, self.wire.clock())

        return renew

    def renew(self, store: Store) -> None:
        """Renew the store's key now, if it is one that ends."""
        self._renewed(store, self._read(store), patient=True)

    def seal(self, platform: str, credentials: Credentials) -> tuple[str, datetime | None]:
        """Credentials as they are kept, and when they are to be renewed although nobody called the store."""
        ends = get(platform).installer.life(credentials).until is not None
        return self.sealer.seal(credentials), self.wire.clock() + UNUSED if ends else None

    def life(self, store: Store) -> Life:
        """How long the store's key lives."""
        return get(store.platform).installer.life(self._read(store))

    def _renewed_early(self, store: Store, held: Credentials) -> Credentials:
        """The new key; the old one where that does not work at the moment and the old one has not ended yet."""
        over = self._ends(store, held, timedelta())
        try:
            return self._renewed(store, held, patient=over)
        except AccessLost:
            raise
        except (TemporaryFailure, PermanentFailure) as error:
            if over:
                raise
            log.warning("key_not_renewed_yet", store=store.id, reason=str(error))
            return held

    def _renewed(self, store: Store, held: Credentials, *, patient: bool) -> Credentials:
        """A newer key than the one held. It is the one held where keys of this kind never end, or where somebody else
        is at it and there is no need to wait.
        """
        if get(store.platform).installer.life(held).until is None:
            return self._read(store)
        for _ in range(LOOKS):
            with leases.holding(self.database, f"keys:{store.id}", self.owner, self.wire.clock()) as lease:
                if lease is not None:
                    return self._exchanged(store, held, lease)
            if not patient:
                return held
            self.pause(LOOK_SECONDS)
            if (found := self._read(store)) != held:
                return found
        raise TemporaryFailure("Access to the store is being renewed.", LOOKS * LOOK_SECONDS)

    def _exchanged(self, store: Store, held: Credentials, lease: Lease) -> Credentials:
        """Under the lease: what somebody else has put there since, or the result of an exchange, which is saved."""
        sealed = self._sealed(store)
        found: Credentials = self.sealer.open(sealed)
        if found != held:
            return found
        try:
            # It may ask twice, the second time with the token before.
            wire = replace(self.wire, transport=Guarded(self.wire.transport, self.renewing(lease)))
            new = get(store.platform).installer.refresh(store.address, held, wire)
        except AccessLost:
            if (found := self._read(store)) != held:
                return found
            raise
        except LeaseLost:
            raise TemporaryFailure("Access to the store is being renewed.", LOOKS * LOOK_SECONDS) from None
        resealed, renew_at = self.seal(store.platform, new)
        with leases.writing(self.database, lease) as conn:
            kept = stores.renew(conn, store.id, sealed, resealed, renew_at)
        return new if kept else self._read(store)

    def _look(self, store: Store) -> None:
        """Raise AccessLost where the store has left: whoever is in the middle of something stops at the next call."""
        with self.database.read() as conn:
            if stores.is_gone(conn, store.id):
                raise AccessLost("The store has left.")

    def _ends(self, store: Store, held: Credentials, within: timedelta) -> bool:
        until = get(store.platform).installer.life(held).until
        return until is not None and until - within <= self.wire.clock()

    def _read(self, store: Store) -> Credentials:
        return self.sealer.open(self._sealed(store))

    def _sealed(self, store: Store) -> str:
        with self.database.read() as conn:
            sealed = stores.credentials(conn, store.id)
        if not sealed:
            raise PermanentFailure("The store is no longer connected.")
        return sealed
