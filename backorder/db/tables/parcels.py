"""Parcels that the merchant recorded here: what left by which carrier, and how telling the store of it stands."""

from sqlalchemy import JSON, BigInteger, Column, Index, Integer, String, Table, Text, UniqueConstraint, text

from backorder.db.columns import Instant, Word
from backorder.db.tables.base import metadata, of_store, row_id
from backorder.domain.lifecycle import WorkState
from backorder.domain.parcels import Teller

parcels = Table(
    "parcels",
    metadata,
    row_id(),
    of_store(),
    Column("order_id", BigInteger, nullable=False),
    Column("units", JSON, nullable=False),
    Column("company", String(60), nullable=False),
    Column("number", String(100), nullable=False),
    Column("url", String(500), nullable=False),
    Column("teller", Word(Teller), nullable=False),
    Column("key", String(64), nullable=False),
    Column("state", Word(WorkState), nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("due_at", Instant, nullable=False),
    Column("at", Instant, nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    UniqueConstraint("store_id", "key"),
    Index("ix_parcels_order", "store_id", "order_id"),
    Index("ix_parcels_due", "state", "due_at"),
    Index(
        "uq_parcels_open",
        "store_id",
        "order_id",
        unique=True,
        sqlite_where=text("state IN ('due', 'running', 'unknown')"),
        postgresql_where=text("state IN ('due', 'running', 'unknown')"),
    ),
)
