"""Opening the database: one engine per process, short transactions, writers that queue instead of failing."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config as AlembicConfig
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import OperationalError, SQLAlchemyError

__all__ = ["Connection", "Database", "StorageBusy", "StorageError", "migrate", "writable"]

StorageError = SQLAlchemyError
"""What a database that cannot answer raises, for floors that know no SQL."""

StorageBusy = OperationalError
"""The database was away, locked or in a deadlock: the same transaction may work later."""

BUSY_TIMEOUT = 10_000
"""Milliseconds that SQLite waits for other processes."""

MIGRATIONS = Path(__file__).parent / "migrations"


class Database:
    """Transactions on one database. `write()` takes the writer's place at once; `read()` never waits for writers."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.is_sqlite = make_url(url).get_backend_name() == "sqlite"
        self.engine = _engine(url)
        # SQLite's own waiting is unfair and slow: threads of one process queue here instead.
        self.turn = threading.Lock() if self.is_sqlite else None
        self.driver_error: type[Exception] = self.engine.dialect.loaded_dbapi.Error

    @contextmanager
    def write(self, *, durable: bool = True) -> Iterator[Connection]:
        """A transaction that may write; committed on leaving, rolled back on an exception.

        One that is not `durable` outlives a killed process and need not outlive a power cut: it does not wait for the
        disk.
        """
        if self.turn is None:
            with self.engine.begin() as conn:
                yield conn
            return
        with self.turn, self.engine.connect() as conn:
            if not durable:
                conn.exec_driver_sql("PRAGMA synchronous=NORMAL")
            conn.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                yield conn
            except BaseException:
                conn.exec_driver_sql("ROLLBACK")
                raise
            else:
                conn.exec_driver_sql("COMMIT")
            finally:
                if not durable:
                    conn.exec_driver_sql("PRAGMA synchronous=FULL")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads, over one state of the database."""
        with self.engine.connect() as conn:
            if self.is_sqlite:
                conn.exec_driver_sql("BEGIN")
            yield conn
            if self.is_sqlite:
                conn.exec_driver_sql("COMMIT")

    def close(self) -> None:
        """Give back every connection."""
        self.engine.dispose()


def _engine(url: str) -> Engine:
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(url, pool_size=5, max_overflow=10, pool_pre_ping=True, hide_parameters=True)
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT / 1000}, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _configure(raw: Any, _record: Any) -> None:
        raw.isolation_level = None
        raw.execute("PRAGMA journal_mode=WAL")
        raw.execute("PRAGMA synchronous=FULL")
        raw.execute("PRAGMA foreign_keys=ON")
        raw.execute("PRAGMA secure_delete=ON")

    return engine


def migrate(url: str) -> None:
    """Create the database, or bring it up to this version. To be called by one process before the others start."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    config = AlembicConfig()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = url
    command.upgrade(config, "head")


def writable(database: Database) -> bool:
    """Whether the database can be written to at the moment."""
    with database.write() as conn:
        conn.execute(text("UPDATE leases SET until = until WHERE 1 = 0"))
    return True
