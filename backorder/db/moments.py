"""One clock for all processes, and what becomes of our own marks when it is set back.

The tables hold moments of two kinds: what the store tells (when an order was placed) and what we noted ourselves (when
a reading began, when something is due). Only the second are compared with our clock.
"""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import BigInteger, Connection, func, select, text, type_coerce, update

from backorder.db.session import Database, StorageError
from backorder.db.tables import (
    actions,
    cancellations,
    item_writes,
    leases,
    moves,
    notices,
    orders,
    parcels,
    pools,
    privacy_tasks,
    pulls,
    stores,
    whole_readings,
)

AGAIN_SECONDS = 60.0
"""How long a process goes by its own clock's pace before it asks the server again."""

OURS = (
    stores.c.calm_until, stores.c.pulled_at, stores.c.pulled_until, stores.c.catch_up_at, stores.c.swept_at,
    stores.c.audited_at, stores.c.renew_at, stores.c.installed_at, stores.c.whole_at, privacy_tasks.c.try_at,
    orders.c.unread_at, orders.c.read_began, pools.c.read_began, pools.c.doubted_at, pools.c.again_at,
    actions.c.due_at, actions.c.at, notices.c.due_at, notices.c.at, leases.c.until,
    item_writes.c.due_at, item_writes.c.at, cancellations.c.due_at, cancellations.c.at,
    moves.c.due_at, moves.c.at,
    parcels.c.due_at, parcels.c.at,
    whole_readings.c.began, whole_readings.c.again_at, pulls.c.began, pulls.c.since,
)  # fmt: skip


def clock(database: Database, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Callable[[], datetime]:
    """The clock that processes on several machines share: the database server's. SQLite lives on one machine, whose
    own clock is everybody's.
    """
    return now if database.is_sqlite else _ServerClock(database, now)


class _ServerClock:
    """The server's time as of the last asking, and what has passed since."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now
        self._lock = threading.Lock()
        self._asked: float | None = None
        self._told = datetime.min.replace(tzinfo=UTC)

    def __call__(self) -> datetime:
        with self._lock:
            at = time.monotonic()
            if self._asked is None or at - self._asked > AGAIN_SECONDS:
                try:
                    with self._database.read() as conn:
                        told = conn.execute(text("SELECT clock_timestamp()")).scalar_one()
                except StorageError:
                    # Nothing can be saved either: whatever is decided by this moment will not last.
                    return self._now() if self._asked is None else self._told + timedelta(seconds=at - self._asked)
                self._asked, self._told = time.monotonic(), told.astimezone(UTC)
            return self._told + timedelta(seconds=time.monotonic() - self._asked)


def ahead(conn: Connection, now: datetime) -> timedelta:
    """How far the latest reading lies in the future: by so much the clock was set back since. Not above zero
    where none does.
    """
    told = [conn.execute(select(func.max(table.c.read_began))).scalar_one_or_none() for table in (orders, pools)]
    return max((moment - now for moment in told if moment is not None), default=timedelta())


def set_back(conn: Connection, by: timedelta, now: datetime) -> None:
    """The clock was set back and is `now`: our own marks that lie in the future go back with it."""
    micros = by // timedelta(microseconds=1)
    for column in OURS:
        conn.execute(
            update(column.table).where(column > now).values({column: type_coerce(column, BigInteger) - micros})
        )
