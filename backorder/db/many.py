"""Many rows in one statement, by the driver itself: building a statement for each row costs more than the row.

SQLite takes the rows one by one from a prepared statement, PostgreSQL all at once as columns.
"""

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import JSON, Connection, Dialect, Table

Row = tuple[Any, ...]


def insert_many(
    conn: Connection, table: Table, names: tuple[str, ...], rows: Sequence[Row], *, skip_known: bool = False
) -> None:
    """Insert rows of the named columns; with `skip_known` what is there already by any unique key stays as it is."""
    if not rows:
        return
    columns = ", ".join(map(_quoted, names))
    end = " ON CONFLICT DO NOTHING" if skip_known else ""
    if conn.dialect.name == "sqlite":
        marks = ", ".join("?" * len(names))
        text = f"INSERT INTO {table.name} ({columns}) VALUES ({marks}){end}"
        conn.exec_driver_sql(text, list(zip(*_driven(conn, table, names, rows), strict=True)))
        return
    text = f"INSERT INTO {table.name} ({columns}) SELECT {_typed(table, names)} {_source(conn, table, names)}"
    conn.exec_driver_sql(text + end, tuple(_driven(conn, table, names, rows)))


def update_many(
    conn: Connection,
    table: Table,
    values: tuple[str, ...],
    keys: tuple[str, ...],
    rows: Sequence[Row],
    *,
    only_empty: bool = False,
) -> None:
    """Update the columns `values` of the rows named by `keys`. A row holds the values first, then the keys. With
    `only_empty` what has a first value already stays as it is.
    """
    if not rows:
        return
    names = (*values, *keys)
    end = f" AND {table.name}.{_quoted(values[0])} IS NULL" if only_empty else ""
    if conn.dialect.name == "sqlite":
        settings = ", ".join(f"{_quoted(name)} = ?" for name in values)
        which = " AND ".join(f"{_quoted(name)} = ?" for name in keys)
        text = f"UPDATE {table.name} SET {settings} WHERE {which}{end}"
        conn.exec_driver_sql(text, list(zip(*_driven(conn, table, names, rows), strict=True)))
        return
    settings = ", ".join(f"{_quoted(name)} = {_cast(table, name)}" for name in values)
    which = " AND ".join(f"{table.name}.{_quoted(name)} = new.{_quoted(name)}" for name in keys)
    text = f"UPDATE {table.name} SET {settings} {_source(conn, table, names)} WHERE {which}{end}"
    conn.exec_driver_sql(text, tuple(_driven(conn, table, names, rows)))


def _driven(conn: Connection, table: Table, names: tuple[str, ...], rows: Sequence[Row]) -> list[list[Any]]:
    """The rows as columns of what the driver takes."""
    found = []
    for name, column in zip(names, zip(*rows, strict=True), strict=True):
        convert = _converter(conn.dialect, table, name)
        found.append(list(column) if convert is None else [convert(value) for value in column])
    return found


@lru_cache(maxsize=256)
def _converter(dialect: Dialect, table: Table, name: str) -> Any:
    kind = table.c[name].type
    if isinstance(kind, JSON):
        return lambda value: None if value is None else json.dumps(value)
    return kind.dialect_impl(dialect).bind_processor(dialect)


def _source(conn: Connection, table: Table, names: tuple[str, ...]) -> str:
    arrays = ", ".join(f"%s::{_array(conn.dialect, table, name)}" for name in names)
    return f"FROM unnest({arrays}) AS new ({', '.join(map(_quoted, names))})"


def _typed(table: Table, names: tuple[str, ...]) -> str:
    return ", ".join(_cast(table, name) for name in names)


def _cast(table: Table, name: str) -> str:
    # An array of JSON travels as text.
    return f"new.{_quoted(name)}" + ("::json" if isinstance(table.c[name].type, JSON) else "")


@lru_cache(maxsize=256)
def _array(dialect: Dialect, table: Table, name: str) -> str:
    kind = table.c[name].type
    return "text[]" if isinstance(kind, JSON) else f"{kind.compile(dialect)}[]"


def _quoted(name: str) -> str:
    return f'"{name}"'
