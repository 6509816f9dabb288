"""Orders that are moved to the location that has their units."""

from sqlalchemy import JSON, BigInteger, Column, Index, Table

from backorder.db.tables.base import metadata
from backorder.db.tables.errands import of_order, one_open, standing

moves = Table(
    "moves",
    metadata,
    *of_order(),
    Column("source", BigInteger, nullable=False),
    Column("target", BigInteger, nullable=False),
    Column("units", JSON, nullable=False),
    Column("there", JSON, nullable=False),
    *standing(),
    Index("ix_moves_order", "store_id", "order_id"),
    one_open("uq_moves_open"),
)
