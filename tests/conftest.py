"""What every test may lean on: a database of its own on the engine under test, real and empty."""

import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from backorder.db.session import migrate
from tests import compiled
from tests.room import in_memory

SERVER = os.environ.get("WAITLINE_TEST_DATABASE_URL", "")
"""A PostgreSQL server to run on instead of SQLite (`make test-postgres` sets it)."""

if folder := in_memory():
    # Where pytest makes its temporary folders, unless somebody said otherwise.
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(folder))


compiled.keep()


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
        _drop(server, [name])


@pytest.fixture(scope="session")
def used() -> Iterator[list[str]]:
    """Databases on the server whose tests are over."""
    names: list[str] = []
    yield names
    if names:
        with psycopg.connect(_server(), autocommit=True) as server:
            _drop(server, names)


@pytest.fixture
def fresh_database(migrated: str, used: list[str], tmp_path: Path) -> Iterator[Callable[[], str]]:
    """Makes a new, empty database at each call."""
    made: list[str] = []

    def make() -> str:
        name = f"test_{secrets.token_hex(6)}"
        if not SERVER:
            path = tmp_path / f"{name}.db"
            path.write_bytes(Path(migrated).read_bytes())
            return f"sqlite:///{path}"
        made.append(name)
        with psycopg.connect(_server(), autocommit=True) as server:
            # Where a connection has only just ended the server looks again a tenth of a second later: it is given time.
            _drop(server, used)
            server.execute(f"CREATE DATABASE {name} TEMPLATE {migrated} {_copied(server)}".encode())
        return _named(name)

    yield make
    used += made


@pytest.fixture
def database_url(fresh_database: Callable[[], str]) -> str:
    """A database of this test's own."""
    return fresh_database()


def _drop(server: psycopg.Connection, names: list[str]) -> None:
    for name in names:
        server.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
    names.clear()


def _copied(server: psycopg.Connection) -> str:
    # Logging each page takes longer than copying the files, which is what older servers do.
    return "STRATEGY FILE_COPY" if server.info.server_version >= 150_000 else ""


def _server() -> str:
    return make_url(SERVER).set(drivername="postgresql").render_as_string(hide_password=False)


def _named(name: str) -> str:
    return make_url(SERVER).set(database=name).render_as_string(hide_password=False)
