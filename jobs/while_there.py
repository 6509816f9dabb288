"""Calls to a store that stop when the store leaves."""

from collections.abc import Mapping
from typing import Any

from backorder.db import stores
from backorder.db.session import Database
from backorder.domain.errors import AccessLost
from connectors.http import Reply, Transport


class WhileThere(Transport):
    """Calls to one store for as long as it is connected: whoever is in the middle of something when it leaves stops at
    the next call.
    """

    def __init__(self, inner: Transport, database: Database, store_id: int) -> None:
        super().__init__(inner.outgoing, inner.purses)
        self._inner = inner
        self._database = database
        self._store_id = store_id

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
        """As promised by `Transport.request`. Raises AccessLost where the store has left."""
        with self._database.read() as conn:
            gone = stores.is_gone(conn, self._store_id)
        if gone:
            raise AccessLost("The store has left.")
        return self._inner.request(method, url, headers=headers, data=data, auth=auth, write=write)
