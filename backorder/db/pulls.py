"""How far a pull of what changed has come, for whoever has to go on with it: gone when it has ended."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from backorder.db.tables import pulls


@dataclass(frozen=True, slots=True)
class Pull:
    """One of them: when it began, what it asked for, and the connector's own word for how far it is."""

    began: datetime
    since: datetime
    """The store's time from which on changes are asked for."""
    place: str


def under_way(conn: Connection, store_id: int) -> Pull | None:
    """The store's, if one was begun and has not ended."""
    row = conn.execute(select(pulls.c.began, pulls.c.since, pulls.c.place).where(pulls.c.store_id == store_id)).first()
    return None if row is None else Pull(*row)


def keep(conn: Connection, store_id: int, pull: Pull) -> None:
    """It has come so far. Of two at once the later word stays: each can be gone on with."""
    values = {"began": pull.began, "since": pull.since, "place": pull.place}
    if not conn.execute(update(pulls).where(pulls.c.store_id == store_id).values(values)).rowcount:
        conn.execute(insert(pulls).values(store_id=store_id, **values))


def end(conn: Connection, store_id: int) -> None:
    """It has ended, or is not wanted any more."""
    conn.execute(delete(pulls).where(pulls.c.store_id == store_id))
