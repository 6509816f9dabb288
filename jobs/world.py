"""Everything through which a job touches the world, in one value that is passed in."""

import os
import secrets
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from backorder.config import Config
from backorder.db.secrets import Sealer
from backorder.db.session import Database
from backorder.domain.actions import Capability
from backorder.domain.store import Store
from connectors import get
from connectors.contract import StoreClient
from connectors.http import Transport
from connectors.joining import Wire
from jobs.keys import Keys
from jobs.mailer import Mailer


class Bell(Protocol):
    """Wakes a worker. A ring that is lost, doubled or late changes nothing."""

    def ring(self, queue: str, job: str, *ids: int) -> None:
        """Ask for the job to be run soon."""


def _new_owner() -> str:
    return f"{_machine()}-{os.getpid()}-{secrets.token_hex(4)}"


def _machine() -> str:
    return socket.gethostname()[:24]


@dataclass(frozen=True)
class World:
    """The ports of one process. `clock` answers the present moment in UTC."""

    config: Config
    database: Database
    clock: Callable[[], datetime]
    transport: Transport
    mailer: Mailer
    bell: Bell
    sealer: Sealer
    chance: Callable[[], float]
    """A number from 0 to 1, another one at each call."""
    owner: str = field(default_factory=_new_owner)
    """Who we are in leases."""
    pause: Callable[[float], None] = time.sleep
    """Stands still for so many seconds."""

    def is_dead(self, owner: str) -> bool:
        """Whether an owner of leases was a process of this machine that is no more. Of other machines nothing is known.

        A container that starts again gives its numbers anew: what has ours, and is not us, is dead.
        """
        machine, _, rest = owner.rpartition("-")[0].rpartition("-")
        if machine != _machine() or not rest.isdigit() or owner == self.owner:
            return False
        if int(rest) == os.getpid():
            return True
        try:
            os.kill(int(rest), 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            # Somebody else's process has that number: it may be the owner.
            return False
        return False

    @property
    def wire(self) -> Wire:
        """What connectors need to speak to a platform before there is a client."""
        return Wire(self.transport, self.clock, self.config.environ)

    @property
    def keys(self) -> Keys:
        """The stores' credentials."""
        return Keys(self.database, self.sealer, self.wire, self.owner, self.pause)

    def client(self, store: Store, before: Callable[[], None] = lambda: None) -> StoreClient:
        """A client of the store, with the store's own credentials. May renew them first, so it may raise as its calls
        do. It stops at its next call when the store leaves. `before` is done before each call.
        """
        return self.keys.client(store, before)


def capabilities(store: Store) -> frozenset[Capability]:
    """What the store's platform can do for us."""
    return get(store.platform).capabilities
