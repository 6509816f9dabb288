"""One-time marks that a merchant carries to their store and back, so that nobody else can finish what they began."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert

from backorder.db.tables import consents

LIVES = timedelta(minutes=10)


def begin(conn: Connection, state_hash: str, platform: str, address: str, until: datetime, now: datetime) -> None:
    """Remember who was sent where, until then; what ran out is forgotten."""
    conn.execute(delete(consents).where(consents.c.until <= now))
    conn.execute(insert(consents).values(state_hash=state_hash, platform=platform, address=address, until=until))


def use(conn: Connection, state_hash: str, platform: str, now: datetime) -> str | None:
    """Use a mark up; the address that it was made for, `None` where there is no such mark (any more)."""
    found = conn.execute(
        delete(consents)
        .where(consents.c.state_hash == state_hash, consents.c.platform == platform)
        .returning(consents.c.address, consents.c.until)
    ).first()
    return found.address if found is not None and found.until > now else None
