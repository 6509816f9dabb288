"""INSERT that leaves what is there, or brings it up to date: the same words on both engines."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def _insert(conn: Connection, table: Table) -> Any:
    return sqlite.insert(table) if conn.dialect.name == "sqlite" else postgresql.insert(table)


def insert_missing(conn: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> int:
    """Insert the rows whose keys are not there yet; how many were new (for one row), else what the driver counts."""
    if not rows:
        return 0
    return int(conn.execute(_insert(conn, table).on_conflict_do_nothing(), list(rows)).rowcount)


def put(conn: Connection, table: Table, rows: Sequence[Mapping[str, Any]], changing: Iterable[str]) -> None:
    """Insert the rows; where the primary key is there already, bring the `changing` columns up to date."""
    if not rows:
        return
    statement = _insert(conn, table)
    keys = [column.name for column in table.primary_key.columns]
    statement = statement.on_conflict_do_update(
        index_elements=keys, set_={name: statement.excluded[name] for name in changing}
    )
    conn.execute(statement, list(rows))
