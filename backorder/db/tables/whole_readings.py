"""Readings of every open order that are under way."""

from sqlalchemy import Boolean, Column, Integer, String, Table, Text

from backorder.db.columns import Instant
from backorder.db.tables.base import metadata, store_key

whole_readings = Table(
    "whole_readings",
    metadata,
    store_key(),
    Column("began", Instant, nullable=False),
    Column("stock", Boolean, nullable=False),
    Column("place", String(200), nullable=False, server_default=""),
    Column("again_at", Instant, nullable=False),
    Column("gathered", Integer, nullable=False, server_default="0"),
    Column("said", Text, nullable=False, server_default=""),
)
