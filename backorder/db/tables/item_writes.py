"""What stores should have of ours at items, what they have, and how writing it stands: one row per item."""

from sqlalchemy import JSON, BigInteger, Boolean, Column, Index, Integer, Table, Text

from backorder.db.columns import Instant, Word
from backorder.db.tables.base import metadata, store_key
from backorder.domain.lifecycle import WorkState

item_writes = Table(
    "item_writes",
    metadata,
    store_key(),
    Column("item", BigInteger, primary_key=True, autoincrement=False),
    Column("desired", JSON, nullable=False),
    Column("sold_before", Boolean),
    Column("sells_wanted", Boolean),
    Column("state", Word(WorkState), nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("due_at", Instant, nullable=False),
    Column("at", Instant, nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    Index("ix_item_writes_due", "state", "due_at"),
)
