"""Orders that are moved to the location that has their units."""

from sqlalchemy import JSON, BigInteger, Column, Index, Integer, Table, Text, text

from backorder.db.columns import Instant, Word
from backorder.db.tables.base import metadata, of_store, row_id
from backorder.domain.lifecycle import WorkState

moves = Table(
    "moves",
    metadata,
    row_id(),
    of_store(),
    Column("order_id", BigInteger, nullable=False),
    Column("source", BigInteger, nullable=False),
    Column("target", BigInteger, nullable=False),
    Column("units", JSON, nullable=False),
    Column("there", JSON, nullable=False),
    Column("state", Word(WorkState), nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("due_at", Instant, nullable=False),
    Column("at", Instant, nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    Index("ix_moves_order", "store_id", "order_id"),
    Index(
        "uq_moves_open",
        "store_id",
        "order_id",
        unique=True,
        sqlite_where=text("state IN ('due', 'running', 'unknown')"),
        postgresql_where=text("state IN ('due', 'running', 'unknown')"),
    ),
)
