"""What the tables of what is done once in a store share: how it stands, and that an order has one open at a time."""

from sqlalchemy import BigInteger, Column, Index, Integer, Text, text
from sqlalchemy.schema import SchemaItem

from backorder.db.columns import Instant, Word
from backorder.db.tables.base import of_store, row_id
from backorder.domain.lifecycle import WorkState


def of_order() -> list[SchemaItem]:
    """Which one it is, and of which order."""
    return [row_id(), of_store(), Column("order_id", BigInteger, nullable=False)]


def standing() -> list[SchemaItem]:
    """How it stands."""
    return [
        Column("state", Word(WorkState), nullable=False),
        Column("tries", Integer, nullable=False, server_default="0"),
        Column("due_at", Instant, nullable=False),
        Column("at", Instant, nullable=False),
        Column("reason", Text, nullable=False, server_default=""),
    ]


def one_open(name: str) -> Index:
    """One open at a time for an order."""
    is_open = text("state IN ('due', 'running', 'unknown')")
    return Index(name, "store_id", "order_id", unique=True, sqlite_where=is_open, postgresql_where=is_open)
