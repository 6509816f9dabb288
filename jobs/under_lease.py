"""Calls to a store that keep the right to make them."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from backorder.db import leases
from backorder.db.leases import Lease
from backorder.db.session import Database
from connectors.http import Reply, Transport


class UnderLease(Transport):
    """Calls of work under a lease, which is held for its full length again before each of them: however many there are
    and however slow the store is, nobody takes over while somebody is at it.
    """

    def __init__(self, inner: Transport, database: Database, lease: Lease, clock: Callable[[], datetime]) -> None:
        super().__init__(inner.outgoing, inner.purses)
        self._inner = inner
        self._database = database
        self._lease = lease
        self._clock = clock

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        data: bytes | str | None = None,
        auth: Any = None,
        write: bool | None = None,
    ) -> Reply:
        """As promised by `Transport.request`. Raises LeaseLost where somebody took over all the same."""
        with self._database.write(durable=False) as conn:
            leases.renew(conn, self._lease, self._clock())
        return self._inner.request(method, url, headers=headers, data=data, auth=auth, write=write)
