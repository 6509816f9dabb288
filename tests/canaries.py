"""Looks for words that must be nowhere any more: in the bytes of a database's files, or in every row of a server."""

from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import make_url, select

from backorder.db.session import Database
from backorder.db.tables import metadata


def found(database: Database, words: Iterable[str]) -> list[str]:
    """Where any of the words still is, in any letter case: table or file, and the word."""
    wanted = sorted({word.casefold() for word in words})
    places = {**_rows(database), **_files(database.url)}
    return [f"{place}: {word}" for place, text in sorted(places.items()) for word in wanted if word in text]


def _rows(database: Database) -> dict[str, str]:
    with database.read() as conn:
        return {
            name: "\n".join(str(tuple(row)) for row in conn.execute(select(table))).casefold()
            for name, table in metadata.tables.items()
        }


def _files(url: str) -> dict[str, str]:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        return {}
    beside = [Path(f"{parsed.database}{end}") for end in ("", "-wal", "-shm", "-journal")]
    return {path.name: path.read_bytes().decode("latin-1").casefold() for path in beside if path.exists()}
