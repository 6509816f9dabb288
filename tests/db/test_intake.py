"""A webhook that comes while another process writes: SQLite lets one write at a time."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from backorder.db import intake as intakes
from backorder.db import stores
from backorder.db.intake import intake
from backorder.db.session import BUSY_TIMEOUT, Database, StorageError, migrate
from backorder.db.stores import NewStore
from tests.builders import NOON


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    url = f"sqlite:///{tmp_path / 'waitline.sqlite3'}"
    migrate(url)
    opened = Database(url)
    yield opened
    opened.close()


def test_a_webhook_waits_for_another_process_as_long_as_its_sender_does(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.write() as conn:
        new = NewStore("shopify", "lamps.myshopify.com", "Lamps", "USD", "UTC", "sealed", "token")
        store_id = stores.connect(conn, new, NOON).id

    def record(key: str) -> bool:
        with intake(database) as found:
            told = {"dedupe_key": key, "topic": "t", "path_topic": ""}
            return found.keep(store_id, **told, headers={}, body=b"{}", received_at=NOON)

    other = Database(database.url)
    with other.engine.connect() as writes:
        writes.exec_driver_sql("BEGIN IMMEDIATE")
        end = threading.Timer(0.1, writes.exec_driver_sql, ["COMMIT"])
        end.start()
        kept = record("1")
        end.join()
        writes.exec_driver_sql("BEGIN IMMEDIATE")
        monkeypatch.setattr(intakes, "WAIT_SECONDS", 0.02)
        with pytest.raises(StorageError):
            record("2")
        writes.exec_driver_sql("ROLLBACK")
    other.close()
    with database.read() as conn:
        assert (kept, conn.execute(text("PRAGMA busy_timeout")).scalar_one()) == (True, BUSY_TIMEOUT)
