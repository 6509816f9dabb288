"""One-time sign-in links: only the hash of each is kept, and using it removes it."""

from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from backorder.db.tables import signins


def add(conn: Connection, store_id: int, token_hash: str, until: datetime, now: datetime) -> None:
    """Let this token in once, until then. Links that have run out are cleared away."""
    conn.execute(delete(signins).where(signins.c.until <= now))
    conn.execute(insert(signins).values(token_hash=token_hash, store_id=store_id, until=until))


def valid(conn: Connection, token_hash: str, now: datetime) -> bool:
    """Whether the token would let somebody in. Changes nothing."""
    found = select(signins.c.store_id).where(signins.c.token_hash == token_hash, signins.c.until > now)
    return conn.execute(found).first() is not None


def use(conn: Connection, token_hash: str, now: datetime) -> int | None:
    """Use the token up: the store it opens, `None` where it opens none."""
    return conn.execute(
        delete(signins).where(signins.c.token_hash == token_hash, signins.c.until > now).returning(signins.c.store_id)
    ).scalar_one_or_none()
