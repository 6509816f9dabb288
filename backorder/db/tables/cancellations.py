"""Cancellations that the merchant accepted: what is cancelled and refunded in the store, and how that stands."""

from sqlalchemy import JSON, Boolean, Column, String, Table, UniqueConstraint

from backorder.db.tables.base import metadata
from backorder.db.tables.errands import of_order, one_open, standing

cancellations = Table(
    "cancellations",
    metadata,
    *of_order(),
    Column("units", JSON, nullable=False),
    Column("restock", Boolean, nullable=False),
    Column("refund", Boolean, nullable=False),
    Column("key", String(64), nullable=False),
    *standing(),
    UniqueConstraint("store_id", "key"),
    one_open("uq_cancellations_open"),
)
