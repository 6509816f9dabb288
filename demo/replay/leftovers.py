"""Looks for words that must be nowhere any more: in every row of the database, and in the bytes of its files and of the
queue server's.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from backorder.db import whole_book
from backorder.db.session import Database

BESIDE = ("", "-wal", "-shm", "-journal")
"""What lies beside an SQLite file belongs to it."""


def found(database: Database, words: Iterable[str]) -> list[str]:
    """Where any of the words still is, in any letter case: "table or file: word"."""
    with database.read() as conn:
        rows = whole_book.every_row(conn)
    return _with({**rows, **_files(database)}, words)


def found_in(folder: Path, words: Iterable[str]) -> list[str]:
    """Which files of a folder have any of the words: those of the queue server keep what was ever told to it."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return _with({path.name: _letters(path) for path in files}, words)


def _with(places: Mapping[str, str], words: Iterable[str]) -> list[str]:
    wanted = sorted({word.casefold() for word in words})
    return [f"{place}: {word}" for place, text in sorted(places.items()) for word in wanted if word in text.casefold()]


def _letters(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "replace")


def _files(database: Database) -> dict[str, str]:
    """The files' bytes as letters; a word beyond ASCII is found as the database wrote it, too."""
    if not database.is_sqlite:
        return {}
    main = unquote(urlsplit(database.url).path)[1:]
    paths = [Path(main + end) for end in BESIDE]
    return {path.name: _letters(path) for path in paths if path.exists()}
