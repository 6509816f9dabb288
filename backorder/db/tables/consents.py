"""Merchants who were sent to their store to let us in, and have not come back yet."""

from sqlalchemy import Column, String, Table, Text

from backorder.db.columns import Instant
from backorder.db.tables.base import metadata

consents = Table(
    "consents",
    metadata,
    Column("state_hash", String(64), primary_key=True),
    Column("platform", String(40), nullable=False),
    Column("address", String(255), nullable=False),
    Column("until", Instant, nullable=False),
    # What the store's server handed over while the merchant is still on the way back, sealed.
    Column("handed", Text),
)
