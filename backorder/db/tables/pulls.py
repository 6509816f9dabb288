"""Pulls of what changed that were broken off: one of a store at a time."""

from sqlalchemy import Column, String, Table

from backorder.db.columns import Instant
from backorder.db.tables.base import metadata, store_key

pulls = Table(
    "pulls",
    metadata,
    store_key(),
    Column("began", Instant, nullable=False),
    Column("since", Instant, nullable=False),
    Column("place", String(500), nullable=False),
)
