"""What can be sold: items, the verdicts on them, what is there, and what is on the way."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    text,
)

from backorder.db.columns import Exact, Instant, Word
from backorder.db.tables.base import metadata, of_store, row_id, store_key
from backorder.domain.policy import Split
from backorder.domain.supply import Balance

items = Table(
    "items",
    metadata,
    store_key(),
    Column("item", BigInteger, primary_key=True, autoincrement=False),
    Column("sku", String(255), nullable=False, server_default=""),
    Column("title", String(500), nullable=False, server_default=""),
    Column("tracked", Boolean, nullable=False, server_default=text("true")),
    Column("gone", Boolean, nullable=False, server_default=text("false")),
    Column("counted_at", BigInteger),
    Column("keep_back", Exact),
    Column("keep_back_percent", Integer),
    Column("split", Word(Split)),
    Column("accepts", Boolean),
    Column("discontinued", Boolean, nullable=False, server_default=text("false")),
    Column("released_on", Date),
    Column("most_units", Integer),
    Column("vendor", String(255), nullable=False, server_default=""),
    Column("tags", JSON(none_as_null=True)),
    Column("accepting", Boolean),
    Column("accepting_why", String(300), nullable=False, server_default=""),
    Column("accepting_since", Instant),
    Column("judged_seq", BigInteger, nullable=False, server_default="-1"),
    Column("dirty_seq", BigInteger, nullable=False, server_default="0"),
    Column("done_seq", BigInteger, nullable=False, server_default="0"),
    Column("changed_seq", BigInteger, nullable=False, server_default="0"),
    Column("planned_seq", BigInteger, nullable=False, server_default="-1"),
    Column("planned_under", String(64), nullable=False, server_default=""),
    Column("planned_stock", String(64), nullable=False, server_default=""),
)

verdicts = Table(
    "verdicts",
    metadata,
    row_id(),
    of_store(),
    Column("item", BigInteger, nullable=False),
    Column("accepting", Boolean, nullable=False),
    Column("why", String(300), nullable=False),
    Column("at", Instant, nullable=False),
    Index("ix_verdicts_item", "store_id", "item", "id"),
)

pools = Table(
    "pools",
    metadata,
    store_key(),
    Column("item", BigInteger, primary_key=True, autoincrement=False),
    Column("location", BigInteger, primary_key=True, autoincrement=False),
    Column("available", Exact, nullable=False),
    Column("committed", Exact),
    Column("incoming", Exact),
    Column("read_began", Instant, nullable=False),
    Column("balance", Word(Balance), nullable=False),
    Column("on_hand", Exact, nullable=False),
    Column("believed_available", Exact, nullable=False),
    Column("believed_outstanding", Exact, nullable=False),
    Column("gap", Exact, nullable=False),
    Column("doubted_available", Exact),
    Column("doubted_at", Instant),
    Column("doubted_least", Exact),
    Column("again_at", Instant),
    Column("shortfall", Exact, nullable=False, server_default="0"),
    Column("given", Exact, nullable=False, server_default="0"),
    Column("given_of", Exact, nullable=False, server_default="0"),
    Column("owes", Exact, nullable=False, server_default="0"),
    CheckConstraint("given <= given_of", name="no_more_given_than_there"),
)

inbound = Table(
    "inbound",
    metadata,
    row_id(),
    of_store(),
    Column("item", BigInteger, nullable=False),
    Column("location", BigInteger, nullable=False),
    Column("quantity", Exact, nullable=False),
    Column("received", Exact, nullable=False, server_default="0"),
    Column("expected_on", Date, nullable=False),
    Column("first_expected_on", Date, nullable=False),
    Column("ended_at", Instant),
    Column("awaited", Exact, nullable=False, server_default="0"),
    Column("awaited_since", Instant),
    Column("source", String(200), nullable=False, server_default=""),
    Column("created_at", Instant, nullable=False),
    CheckConstraint("0 <= received AND received <= quantity", name="received_in_bounds"),
    Index("ix_inbound_pool", "store_id", "item", "location"),
)

receipts = Table(
    "receipts",
    metadata,
    row_id(),
    of_store(),
    Column("inbound_id", ForeignKey("inbound.id", ondelete="CASCADE"), nullable=False),
    Column("units", Exact, nullable=False),
    Column("guessed", Boolean, nullable=False),
    Column("at", Instant, nullable=False),
    Column("undone_at", Instant),
    Index("ix_receipts_inbound", "store_id", "inbound_id"),
)
