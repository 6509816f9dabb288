"""What a transaction sees that is not committed yet. The checks ask some thousand times a world: the driver itself."""

from collections import namedtuple
from collections.abc import Callable
from functools import cache
from typing import Any

from sqlalchemy import Connection


def within(conn: Connection, statement: str, values: Any = ()) -> list[Any]:
    """The rows, each by the names of its columns."""
    raw: Any = conn.connection.driver_connection
    cursor = raw.execute(statement, values)
    return list(map(_row(tuple(name for name, *_ in cursor.description)), cursor))


@cache
def _row(names: tuple[str, ...]) -> Callable[[Any], Any]:
    make: Callable[[Any], Any] = namedtuple("Row", names, rename=True)._make
    return make
