"""What every test may lean on: a database of its own on the engine under test, real and empty."""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from backorder.db.session import migrate

SERVER = os.environ.get("WAITLINE_TEST_DATABASE_URL", "")
"""A PostgreSQL server to run on instead of SQLite (`make test-postgres` sets it)."""


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A migrated, empty database that others are copied from: a file, or the name of a database on the server."""
    if not SERVER:
        path = tmp_path_factory.mktemp("template") / "waitline.db"
        migrate(f"sqlite:///{path}")
        yield str(path)
        return
    name = f"template_{secrets.token_hex(6)}"
    with psycopg.connect(_server(), autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}".encode())
        migrate(_named(name))
        yield name
        server.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture
def database_url(migrated: str, tmp_path: Path) -> Iterator[str]:
    """A database of this test's own."""
    if not SERVER:
        path = tmp_path / "waitline.db"
        path.write_bytes(Path(migrated).read_bytes())
        yield f"sqlite:///{path}"
        return
    name = f"test_{secrets.token_hex(6)}"
    with psycopg.connect(_server(), autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name} TEMPLATE {migrated}".encode())
        yield _named(name)
        server.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def _server() -> str:
    return make_url(SERVER).set(drivername="postgresql").render_as_string(hide_password=False)


def _named(name: str) -> str:
    return make_url(SERVER).set(database=name).render_as_string(hide_password=False)
