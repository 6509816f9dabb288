"""What readings found of the parts of an order that the store's webhooks name instead of the order."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKeyConstraint, Index, String, Table, text

from backorder.db.tables.base import metadata, store_key

traces = Table(
    "traces",
    metadata,
    store_key(),
    Column("trace", String(80), primary_key=True),
    Column("order_id", BigInteger, nullable=False),
    Column("ended", Boolean, nullable=False, server_default=text("false")),
    ForeignKeyConstraint(["store_id", "order_id"], ["orders.store_id", "orders.order_id"], ondelete="CASCADE"),
    Index("ix_traces_order", "store_id", "order_id"),
)
