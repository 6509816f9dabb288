"""The least that a pass could cost: a sorted greedy loop, and the driver writing the rows, in one transaction.

`Floor` writes the very rows that a pass wrote, into the same tables. `bare` is a table of its own with one row for each
line and one for each decision: what the machine can do at all.
"""

import sqlite3
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Connection, Table, make_url

from backorder.db.tables import actions, decisions, notices, orders, parts
from benchmarks.long_queue import Line, Shop

CHANGED = (
    (parts, ("allocated", "firm", "decided"), ("store_id", "order_id", "line_id", "item", "location")),
    (
        orders,
        ("review", "state_seq", "stood", "side_seq", "desired", "refused_tags", "refused_line"),
        ("store_id", "order_id"),
    ),
)
ADDED = (decisions, actions, notices)
TYPES = {"INTEGER": "bigint", "DATE": "date", "BOOLEAN": "boolean", "JSON": "text"}


class Floor:
    """The rows of a pass, taken out again and written by the driver alone."""

    def __init__(self, world: Shop, store: int, made: Sequence[Line], units: Mapping[int, int]) -> None:
        self._world = world
        self._made = made
        self._units = units
        self._lite = world.database.is_sqlite
        self._work: list[tuple[str, list[Any]]] = []
        with world.database.write() as conn:
            for table, values, keys in CHANGED:
                self._take(conn, table, (*values, *keys), store, len(values))
            for table in ADDED:
                names = tuple(column.name for column in table.columns if column.name != "id")
                self._take(conn, table, names, store, 0)
                conn.execute(table.delete().where(table.c.store_id == store))

    def _take(self, conn: Connection, table: Table, names: tuple[str, ...], store: int, changed: int) -> None:
        due = " AND state = 'due'" if table in (actions, notices) else ""
        if table is parts:
            due = " AND allocated > 0"
        if table is orders:
            due = " AND EXISTS (SELECT 1 FROM decisions d WHERE d.store_id = orders.store_id" \
                " AND d.order_id = orders.order_id)"  # fmt: skip
        as_text = {name: "::text" if _kind(table, name) == "JSON" and not self._lite else "" for name in names}
        columns = ", ".join(f'"{name}"{as_text[name]}' for name in names)
        rows = conn.exec_driver_sql(f"SELECT {columns} FROM {table.name} WHERE store_id = {store}{due}").all()
        if not rows:
            return
        self._work.append((self._statement(table, names, changed), [tuple(row) for row in rows]))

    def _statement(self, table: Table, names: tuple[str, ...], changed: int) -> str:
        columns = ", ".join(f'"{name}"' for name in names)
        source = ""
        if not self._lite:
            kinds = [TYPES.get(_kind(table, name), "text") for name in names]
            source = f"FROM unnest({', '.join(f'%s::{kind}[]' for kind in kinds)}) AS new ({columns})"
        if not changed:
            if self._lite:
                return f"INSERT INTO {table.name} ({columns}) VALUES ({', '.join('?' * len(names))})"
            return f"INSERT INTO {table.name} ({columns}) SELECT {columns} {source}"
        if self._lite:
            setting = ", ".join(f'"{name}" = ?' for name in names[:changed])
            return f"UPDATE {table.name} SET {setting} WHERE " + " AND ".join(f'"{n}" = ?' for n in names[changed:])
        cast = {name: "::json" if _kind(table, name) == "JSON" else "" for name in names}
        setting = ", ".join(f'"{name}" = new."{name}"{cast[name]}' for name in names[:changed])
        which = " AND ".join(f'{table.name}."{name}" = new."{name}"' for name in names[changed:])
        return f"UPDATE {table.name} SET {setting} {source} WHERE {which}"

    def measure(self) -> float:
        """Milliseconds."""
        prepared = [(text, rows if self._lite else _columns(rows)) for text, rows in self._work]
        with self._world.database.engine.connect() as conn:
            raw: Any = conn.connection.driver_connection
            cursor = raw.cursor()
            began = time.perf_counter()
            greedy(self._made, self._units)
            if self._lite:
                cursor.execute("BEGIN IMMEDIATE")
            for text, rows in prepared:
                if self._lite:
                    cursor.executemany(text, rows)
                else:
                    cursor.execute(text, rows)
            if self._lite:
                cursor.execute("COMMIT")
            else:
                raw.commit()
            return (time.perf_counter() - began) * 1000


def _kind(table: Table, name: str) -> str:
    kind = table.c[name].type
    return "INTEGER" if kind.python_type is int or "BIGINT" in str(kind) else str(kind)


def _columns(rows: Sequence[Any]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def greedy(made: Sequence[Line], units: Mapping[int, int]) -> list[tuple[int, int]]:
    """Who gets what where nothing counts but the turn: units and line."""
    left = dict(units)
    given = []
    for line in sorted(made, key=lambda line: (line.time, line.order, line.id)):
        got = min(left[line.item], line.units)
        if got:
            left[line.item] -= got
            given.append((got, line.id))
    return given


def bare(url: str, folder: Path, made: Sequence[Line], units: Mapping[int, int]) -> float:
    """Milliseconds to read the lines, decide, update them, add a row for each decision, and commit."""
    lite = url.startswith("sqlite")
    conn: Any
    if lite:
        conn = sqlite3.connect(folder / "bare.db", isolation_level=None)
        conn.execute("PRAGMA journal_mode=WAL")
    else:
        conn = psycopg.connect(make_url(url).set(drivername="postgresql").render_as_string(hide_password=False))
    cursor = conn.cursor()
    mark = "?" if lite else "%s"
    cursor.execute("DROP TABLE IF EXISTS bare_line")
    cursor.execute("DROP TABLE IF EXISTS bare_decision")
    cursor.execute("CREATE TABLE bare_line (id BIGINT PRIMARY KEY, item BIGINT, allocated BIGINT)")
    cursor.execute("CREATE TABLE bare_decision (line BIGINT, units BIGINT, rule TEXT)")
    if lite:
        cursor.execute("BEGIN")
    cursor.executemany(f"INSERT INTO bare_line VALUES ({mark}, {mark}, 0)", [(line.id, line.item) for line in made])
    conn.commit()
    began = time.perf_counter()
    cursor.execute("BEGIN IMMEDIATE" if lite else "SELECT 1")
    cursor.execute("SELECT id, item FROM bare_line ORDER BY id")
    cursor.fetchall()
    given = greedy(made, units)
    if lite:
        cursor.executemany("UPDATE bare_line SET allocated = ? WHERE id = ?", given)
        cursor.executemany("INSERT INTO bare_decision VALUES (?, ?, 'oldest_first')", [(n, u) for u, n in given])
        cursor.execute("COMMIT")
    else:
        columns = _columns(given) or [[], []]
        cursor.execute(
            "UPDATE bare_line SET allocated = new.units FROM unnest(%s::bigint[], %s::bigint[]) AS new (units, id) "
            "WHERE bare_line.id = new.id",
            columns,
        )
        cursor.execute(
            "INSERT INTO bare_decision SELECT id, units, 'oldest_first' "
            "FROM unnest(%s::bigint[], %s::bigint[]) AS new (units, id)",
            columns,
        )
        conn.commit()
    took = (time.perf_counter() - began) * 1000
    conn.close()
    return took
