"""The busiest way into the database: whose webhook is this, and keep it. By the driver itself, on one connection.

Building statements and opening transactions cost most of a webhook's time: here the statements are text, and the row
is one statement that is durable when it returns.
"""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from backorder.db.columns import EPOCH
from backorder.db.session import BUSY_TIMEOUT, Database, StorageError
from backorder.domain.store import Health

WAIT_SECONDS = 2.0
"""How long a webhook waits for all other writers together. Stores give up after five, and count it as a failure."""


LOOK_SECONDS = 0.001
"""How soon it is seen that no other process writes any more."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """Whose webhooks arrive at an address or with a token: what is needed to check a signature."""

    store_id: int
    sealed: str
    gone: bool


_FIND = (
    "SELECT id, credentials, health FROM stores WHERE platform = {0} AND {1} = {0} "
    "ORDER BY CASE health WHEN 'gone' THEN 1 ELSE 0 END, id DESC LIMIT 1"
)
_KEEP = (
    "INSERT INTO deliveries (store_id, dedupe_key, topic, path_topic, headers, body, received_at, state) "
    "VALUES ({0}, {0}, {0}, {0}, {0}, {0}, {0}, 'due') ON CONFLICT DO NOTHING"
)


class Intake:
    """One webhook's connection."""

    def __init__(self, database: Database, driver: Any) -> None:
        self._database = database
        self._driver = driver
        self._mark = "?" if database.is_sqlite else "%s"

    def receiver(self, platform: str, *, address: str = "", token: str = "") -> Receiver | None:
        """The store that a delivery claims to be from; the one that is still connected, if there are several."""
        named = "webhook_token" if token else "address"
        cursor = self._driver.cursor()
        cursor.execute(_FIND.format(self._mark, named), (platform, token or address))
        row = cursor.fetchone()
        cursor.close()
        return None if row is None else Receiver(row[0], row[1], row[2] == Health.GONE)

    def keep(
        self,
        store_id: int,
        *,
        dedupe_key: str,
        topic: str,
        path_topic: str,
        headers: Mapping[str, str],
        body: bytes,
        received_at: datetime,
    ) -> bool:
        """Keep a delivery, durable on return; False for a repeat."""
        at = (received_at - EPOCH) // timedelta(microseconds=1)
        row = (store_id, dedupe_key, topic[:100], path_topic[:100], json.dumps(dict(headers)), body, at)
        cursor = self._driver.cursor()
        with self._turn() as until:
            self._insert(cursor, row, until)
            new = cursor.rowcount == 1
            self._driver.commit()
        cursor.close()
        return bool(new)

    def _insert(self, cursor: Any, row: tuple[object, ...], until: float) -> None:
        """One statement, which is a transaction of its own. While another process writes it is tried again: SQLite
        itself soon looks only every tenth of a second, and a worker that writes one transaction after the other leaves
        no gap as long as that.
        """
        while True:
            try:
                cursor.execute(_KEEP.format(self._mark), row)
            except self._database.driver_error as error:
                busy = getattr(error, "sqlite_errorname", "").startswith("SQLITE_BUSY")
                if not busy or time.monotonic() > until:
                    raise
                time.sleep(LOOK_SECONDS)
            else:
                return

    @contextmanager
    def _turn(self) -> Iterator[float]:
        """The writer's place in this process, and until when to wait for other processes: what the wait for the other
        threads took is not there for that. Raises StorageError in time for the store to hear that it must come again.
        """
        turn = self._database.turn
        until = time.monotonic() + WAIT_SECONDS
        if turn is None:
            yield until
            return
        if not turn.acquire(timeout=WAIT_SECONDS):
            raise StorageError("The database is busy.")
        connection = self._driver.driver_connection
        try:
            connection.execute("PRAGMA busy_timeout=0")
            try:
                yield until
            finally:
                connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT}")
        finally:
            turn.release()


@contextmanager
def intake(database: Database) -> Iterator[Intake]:
    """A connection for one webhook. Raises StorageError when the database does not answer."""
    try:
        driver = database.engine.raw_connection()
        try:
            yield Intake(database, driver)
        finally:
            driver.close()
    except database.driver_error as error:
        raise StorageError(str(type(error).__name__)) from error
