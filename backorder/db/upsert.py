"""INSERT that leaves what is there, or brings it up to date: the same words on both engines."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def _insert(engine: str, table: Table) -> Any:
    return sqlite.insert(table) if engine == "sqlite" else postgresql.insert(table)


# Many rows are put one by one: each statement is built once.
@cache
def _missing(engine: str, table: Table) -> Any:
    return _insert(engine, table).on_conflict_do_nothing()


@cache
def _put(engine: str, table: Table, changing: tuple[str, ...]) -> Any:
    statement = _insert(engine, table)
    keys = [column.name for column in table.primary_key.columns]
    return statement.on_conflict_do_update(
        index_elements=keys, set_={name: statement.excluded[name] for name in changing}
    )


def insert_missing(conn: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> int:
    """Insert the rows whose keys are not there yet; how many were new (for one row), else what the driver counts."""
    if not rows:
        return 0
    return int(conn.execute(_missing(conn.dialect.name, table), list(rows)).rowcount)


def put(conn: Connection, table: Table, rows: Sequence[Mapping[str, Any]], changing: Iterable[str]) -> None:
    """Insert the rows; where the primary key is there already, bring the `changing` columns up to date."""
    if rows:
        conn.execute(_put(conn.dialect.name, table, tuple(changing)), list(rows))
