"""Long lists of keys: as one parameter of a statement, or cut so that each piece fits into one."""

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from sqlalchemy import BigInteger, Connection, any_, bindparam, column, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import JSON

BITE = 500

Key = TypeVar("Key", int, tuple[int, ...])


def bites(keys: Iterable[Key], size: int = BITE) -> Iterator[list[Key]]:
    """The keys in order, each once, so many at a time."""
    wanted = sorted(set(keys))
    for start in range(0, len(wanted), size):
        yield wanted[start : start + size]


def among(conn: Connection, of: Any, keys: Iterable[int]) -> Any:
    """Whether a column is one of these keys, however many they are: they travel as one parameter."""
    wanted = sorted(set(keys))
    if conn.dialect.name == "sqlite":
        listed = func.json_each(bindparam(None, wanted, JSON)).table_valued(column("value", BigInteger))
        return of.in_(select(listed.c.value))
    return of == any_(bindparam(None, wanted, ARRAY(BigInteger)))
