"""What was asked about somebody's data, what was erased, and what a merchant is to be told once."""

from sqlalchemy import JSON, BigInteger, Column, Index, Integer, String, Table, Text, UniqueConstraint, text

from backorder.db.columns import Instant, Word
from backorder.db.tables.base import metadata, of_store, row_id, store_key
from backorder.domain.lifecycle import WorkState
from backorder.domain.privacy import TaskKind
from backorder.domain.store import NewsKind

privacy_tasks = Table(
    "privacy_tasks",
    metadata,
    row_id(),
    # The digest of platform and address outlives both: it tells a repeat, and which store a task was about.
    Column("place", String(64), nullable=False),
    Column("dedupe_key", String(200), nullable=False),
    Column("platform", String(40), nullable=False),
    Column("address", String(255), nullable=False),
    Column("of_store", BigInteger),
    Column("kind", Word(TaskKind), nullable=False),
    Column("person", JSON(none_as_null=True)),
    Column("left_by", Instant),
    Column("asked_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("state", Word(WorkState), nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("try_at", Instant, nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    Column("orders", Integer, nullable=False, server_default="0"),
    Column("done_at", Instant),
    UniqueConstraint("place", "dedupe_key"),
    Index(
        "ix_privacy_tasks_open",
        "try_at",
        sqlite_where=text("state = 'due'"),
        postgresql_where=text("state = 'due'"),
    ),
)

erased_orders = Table(
    "erased_orders",
    metadata,
    store_key(),
    Column("order_id", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
)

news = Table(
    "news",
    metadata,
    row_id(),
    of_store(),
    Column("kind", Word(NewsKind), nullable=False),
    Column("text", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("seen_at", Instant),
    Index("ix_news_unseen", "store_id", sqlite_where=text("seen_at IS NULL"), postgresql_where=text("seen_at IS NULL")),
)
