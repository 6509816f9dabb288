"""Cancellations that the merchant accepted: what is cancelled and refunded in the store, and how that stands."""

from sqlalchemy import JSON, BigInteger, Boolean, Column, Index, Integer, String, Table, Text, UniqueConstraint, text

from backorder.db.columns import Instant, Word
from backorder.db.tables.base import metadata, of_store, row_id
from backorder.domain.lifecycle import WorkState

cancellations = Table(
    "cancellations",
    metadata,
    row_id(),
    of_store(),
    Column("order_id", BigInteger, nullable=False),
    Column("units", JSON, nullable=False),
    Column("restock", Boolean, nullable=False),
    Column("refund", Boolean, nullable=False),
    Column("key", String(64), nullable=False),
    Column("state", Word(WorkState), nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("due_at", Instant, nullable=False),
    Column("at", Instant, nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    UniqueConstraint("store_id", "key"),
    Index(
        "uq_cancellations_open",
        "store_id",
        "order_id",
        unique=True,
        sqlite_where=text("state IN ('due', 'running', 'unknown')"),
        postgresql_where=text("state IN ('due', 'running', 'unknown')"),
    ),
)
