"""One-time marks that a merchant carries to their store and back, so that nobody else can finish what they began."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, update

from backorder.db.tables import consents

LIVES = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Begun:
    """Where the merchant was sent, and what their store handed over meanwhile, sealed; empty where it did not."""

    address: str
    handed: str


def begin(conn: Connection, state_hash: str, platform: str, address: str, until: datetime) -> None:
    """Remember who was sent where, until then. What ran out works no more, and the sweep forgets it."""
    conn.execute(insert(consents).values(state_hash=state_hash, platform=platform, address=address, until=until))


def forget_old(conn: Connection, now: datetime) -> None:
    """Forget whoever did not come back in time, with the key that their store handed over."""
    conn.execute(delete(consents).where(consents.c.until <= now))


def hand_over(conn: Connection, state_hash: str, platform: str, sealed: str, now: datetime) -> bool:
    """Keep what a store handed over for a mark, once; whether the mark was one that waits for it."""
    waits = (
        consents.c.state_hash == state_hash,
        consents.c.platform == platform,
        consents.c.until > now,
        consents.c.handed.is_(None),
    )
    return conn.execute(update(consents).where(*waits).values(handed=sealed)).rowcount == 1


def use(conn: Connection, state_hash: str, platform: str, now: datetime) -> Begun | None:
    """Use a mark up; what it was made for, `None` where there is no such mark (any more)."""
    found = conn.execute(
        delete(consents)
        .where(consents.c.state_hash == state_hash, consents.c.platform == platform)
        .returning(consents.c.address, consents.c.until, consents.c.handed)
    ).first()
    return Begun(found.address, found.handed or "") if found is not None and found.until > now else None
