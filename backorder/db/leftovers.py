"""What is left of erased rows beside the tables: pages that were freed, the write-ahead log, dead tuples."""

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from backorder.db.session import BUSY_TIMEOUT, Database
from backorder.db.tables import metadata

PATIENCE = 500
"""Milliseconds that are waited for readers of the log."""


def cleared(database: Database) -> bool:
    """Take the bytes of erased rows out of the database's files; False where somebody still reads them: try again.

    SQLite overwrites freed bytes at once (`secure_delete`, set on every connection), but not the copies that it left
    where it moved rows about within the file: the file is written anew. Then what lies in the write-ahead log is
    written into it, and the log is cut to nothing. Writers wait meanwhile. PostgreSQL makes dead rows' space free to
    be overwritten; when it is, is its own affair.
    """
    if database.turn is None:
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            _vacuum(conn)
        return True
    with database.turn, database.engine.connect() as conn:
        # Whoever waits here for a reader keeps all writers out, and webhooks are answered within seconds.
        conn.exec_driver_sql(f"PRAGMA busy_timeout={PATIENCE}")
        try:
            conn.exec_driver_sql("VACUUM")
            busy, _, _ = conn.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
        except OperationalError:
            return False
        finally:
            conn.exec_driver_sql(f"PRAGMA busy_timeout={BUSY_TIMEOUT}")
    return not busy


def _vacuum(conn: Connection) -> None:
    """A table that is not ours is left out by the server, with a warning."""
    for table in sorted(metadata.tables):
        conn.exec_driver_sql(f"VACUUM {table}")
