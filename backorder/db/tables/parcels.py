"""Parcels that the merchant recorded here: what left by which carrier, and how telling the store of it stands."""

from sqlalchemy import JSON, Column, Index, String, Table, UniqueConstraint

from backorder.db.columns import Word
from backorder.db.tables.base import metadata
from backorder.db.tables.errands import of_order, one_open, standing
from backorder.domain.parcels import Teller

parcels = Table(
    "parcels",
    metadata,
    *of_order(),
    Column("units", JSON, nullable=False),
    Column("company", String(60), nullable=False),
    Column("number", String(100), nullable=False),
    Column("url", String(500), nullable=False),
    Column("teller", Word(Teller), nullable=False),
    Column("key", String(64), nullable=False),
    *standing(),
    UniqueConstraint("store_id", "key"),
    Index("ix_parcels_order", "store_id", "order_id"),
    Index("ix_parcels_due", "state", "due_at"),
    one_open("uq_parcels_open"),
)
