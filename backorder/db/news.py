"""What merchants are told once, on their first page, until they have seen it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from backorder.db.tables import news
from backorder.domain.store import NewsKind


@dataclass(frozen=True, slots=True)
class News:
    """One thing to tell."""

    id: int
    kind: NewsKind
    text: str
    at: datetime


def tell(conn: Connection, store_id: int, kind: NewsKind, text: str, now: datetime) -> None:
    """Tell the merchant. What was not seen yet of the same kind is told anew instead of twice."""
    of_kind = (news.c.store_id == store_id) & (news.c.kind == kind) & news.c.seen_at.is_(None)
    told = conn.execute(update(news).where(of_kind).values(text=text, at=now))
    if told.rowcount == 0:
        conn.execute(insert(news).values(store_id=store_id, kind=kind, text=text, at=now))


def unseen(conn: Connection, store_id: int) -> list[News]:
    """What was not seen yet, newest first."""
    found = select(news.c.id, news.c.kind, news.c.text, news.c.at).where(
        news.c.store_id == store_id, news.c.seen_at.is_(None)
    )
    return [News(*row) for row in conn.execute(found.order_by(news.c.at.desc()))]


def saw(conn: Connection, store_id: int, news_id: int, now: datetime) -> None:
    """The merchant has seen it."""
    conn.execute(
        update(news)
        .where(news.c.store_id == store_id, news.c.id == news_id, news.c.seen_at.is_(None))
        .values(seen_at=now)
    )
