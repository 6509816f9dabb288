"""The tables. Every key starts with the store, so a store can move to another database whole.

Units and money are integers of ten-thousandths, instants are microseconds since 1970 in UTC: exact, sortable and
the same on SQLite and PostgreSQL.
"""

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from backorder.db.columns import Exact, Instant, Word
from backorder.domain.acceptance import Answer
from backorder.domain.actions import ActionKind
from backorder.domain.allocation import Rule
from backorder.domain.lifecycle import WorkState
from backorder.domain.orders import Ignored, OrderStatus
from backorder.domain.policy import NoticeKind, Split
from backorder.domain.store import Health, Mode
from backorder.domain.supply import Balance

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

RowId = BigInteger().with_variant(Integer, "sqlite")


def _store() -> Column[Any]:
    return Column("store_id", ForeignKey("stores.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)


def _row_id() -> Column[Any]:
    return Column("id", RowId, primary_key=True, autoincrement=True)


def _of_store() -> Column[Any]:
    return Column("store_id", ForeignKey("stores.id", ondelete="CASCADE"), nullable=False)


stores = Table(
    "stores",
    metadata,
    _row_id(),
    Column("platform", String(40), nullable=False),
    Column("address", String(255), nullable=False),
    Column("name", String(200), nullable=False, server_default=""),
    Column("currency", String(3), nullable=False, server_default=""),
    Column("timezone", String(64), nullable=False, server_default="UTC"),
    Column("mode", Word(Mode), nullable=False),
    Column("health", Word(Health), nullable=False),
    Column("trouble", Text, nullable=False, server_default=""),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("calm_until", Instant),
    Column("credentials", Text, nullable=False),
    Column("webhook_token", String(64), nullable=False, unique=True),
    Column("api_token_hash", String(64), unique=True),
    Column("policy", JSON, nullable=False),
    Column("connected_at", Instant, nullable=False),
    Column("imported_at", Instant),
    Column("pulled_at", Instant),
    Column("pulled_until", Instant),
    Column("catch_up_at", Instant),
    Column("swept_at", Instant),
    Column("audited_at", Instant),
    Column("judge_at", Instant),
    Index("ix_stores_platform_address", "platform", "address"),
)

deliveries = Table(
    "deliveries",
    metadata,
    _row_id(),
    _of_store(),
    Column("dedupe_key", String(200), nullable=False),
    Column("topic", String(100), nullable=False),
    Column("path_topic", String(100), nullable=False, server_default=""),
    Column("headers", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("state", Word(WorkState), nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("reason", Text, nullable=False, server_default=""),
    Column("handled_at", Instant),
    UniqueConstraint("store_id", "dedupe_key"),
    Index(
        "ix_deliveries_open",
        "store_id",
        "id",
        sqlite_where=text("state = 'due'"),
        postgresql_where=text("state = 'due'"),
    ),
)

orders = Table(
    "orders",
    metadata,
    _store(),
    Column("order_id", BigInteger, primary_key=True, autoincrement=False),
    Column("number", String(64), nullable=False),
    Column("placed_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("status", Word(OrderStatus), nullable=False),
    Column("store_status", String(64), nullable=False),
    Column("paid", Boolean, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("customer_id", BigInteger),
    Column("customer_name", String(255), nullable=False),
    Column("email", String(254), nullable=False),
    Column("tags", JSON, nullable=False),
    Column("unread", Boolean, nullable=False),
    Column("unread_at", Instant),
    Column("read_began", Instant),
    Column("review", Boolean, nullable=False),
    Column("state_seq", Integer, nullable=False, server_default="0"),
    Column("stood", JSON(none_as_null=True)),
    Column("side_seq", Integer, nullable=False, server_default="0"),
    Column("desired", JSON(none_as_null=True)),
    Column("wrote", JSON(none_as_null=True)),
    Column("refused_tags", JSON(none_as_null=True)),
    Column("link_version", Integer, nullable=False, server_default="1"),
    Column("customer_tags", JSON(none_as_null=True)),
    Column("shipping", JSON(none_as_null=True)),
    Column("need_by", Date),
    Column("priority", String(60), nullable=False, server_default=""),
    Column("priority_by_hand", String(60), nullable=False, server_default=""),
    Column("pinned", Boolean, nullable=False, server_default=text("false")),
    Column("split_by_hand", Word(Split)),
    Column("split_by_customer", Word(Split)),
    Column("wait_until", Date),
    Column("passed_over", Integer, nullable=False, server_default="0"),
    Column("passed_since", Instant),
    Index("ix_orders_unread", "store_id", "order_id", sqlite_where=text("unread"), postgresql_where=text("unread")),
    Index("ix_orders_review", "store_id", "order_id", sqlite_where=text("review"), postgresql_where=text("review")),
    Index("ix_orders_number", "store_id", "number"),
)

order_lines = Table(
    "order_lines",
    metadata,
    _store(),
    Column("order_id", BigInteger, primary_key=True, autoincrement=False),
    Column("line_id", BigInteger, primary_key=True, autoincrement=False),
    Column("item", BigInteger),
    Column("title", String(500), nullable=False),
    Column("sku", String(255), nullable=False),
    Column("ordered", Exact, nullable=False),
    Column("shipped", Exact, nullable=False),
    Column("cancelled", Exact, nullable=False),
    Column("unit_price", Exact, nullable=False),
    Column("ignored", Word(Ignored)),
    Column("added_at", Instant),
    Column("backordered_at", Instant),
    Column("cancel_wished_at", Instant),
    Column("cancel_reason", String(500), nullable=False, server_default=""),
    Column("kit", BigInteger),
    Column("answer", Word(Answer)),
    Column("answer_why", String(300), nullable=False, server_default=""),
    ForeignKeyConstraint(["store_id", "order_id"], ["orders.store_id", "orders.order_id"], ondelete="CASCADE"),
)

NOWHERE = 0
"""The item of a part whose pool the store has not told yet."""

parts = Table(
    "parts",
    metadata,
    _store(),
    Column("order_id", BigInteger, primary_key=True, autoincrement=False),
    Column("line_id", BigInteger, primary_key=True, autoincrement=False),
    Column("item", BigInteger, primary_key=True, autoincrement=False),
    Column("location", BigInteger, primary_key=True, autoincrement=False),
    Column("outstanding", Exact, nullable=False),
    Column("allocated", Exact, nullable=False),
    Column("firm", Exact, nullable=False),
    Column("decided", Boolean, nullable=False),
    Column("queue_time", Instant, nullable=False),
    Column("queued_at", Instant, nullable=False),
    Column("promise_early", Date),
    Column("promise_late", Date),
    Column("promise_first", Date),
    CheckConstraint("0 <= firm AND firm <= allocated AND allocated <= outstanding", name="units_add_up"),
    ForeignKeyConstraint(
        ["store_id", "order_id", "line_id"],
        ["order_lines.store_id", "order_lines.order_id", "order_lines.line_id"],
        ondelete="CASCADE",
    ),
    Index("ix_parts_queue", "store_id", "item", "location", "queue_time", "order_id", "line_id"),
    Index(
        "ix_parts_moving",
        "store_id",
        "item",
        "location",
        sqlite_where=text("allocated > 0 OR NOT decided"),
        postgresql_where=text("allocated > 0 OR NOT decided"),
    ),
)

items = Table(
    "items",
    metadata,
    _store(),
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
    _row_id(),
    _of_store(),
    Column("item", BigInteger, nullable=False),
    Column("accepting", Boolean, nullable=False),
    Column("why", String(300), nullable=False),
    Column("at", Instant, nullable=False),
    Index("ix_verdicts_item", "store_id", "item", "id"),
)

pools = Table(
    "pools",
    metadata,
    _store(),
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
    _row_id(),
    _of_store(),
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
    _row_id(),
    _of_store(),
    Column("inbound_id", ForeignKey("inbound.id", ondelete="CASCADE"), nullable=False),
    Column("units", Exact, nullable=False),
    Column("guessed", Boolean, nullable=False),
    Column("at", Instant, nullable=False),
    Column("undone_at", Instant),
    Index("ix_receipts_inbound", "store_id", "inbound_id"),
)

decisions = Table(
    "decisions",
    metadata,
    _row_id(),
    _of_store(),
    Column("order_id", BigInteger, nullable=False),
    Column("line_id", BigInteger, nullable=False),
    Column("item", BigInteger, nullable=False),
    Column("location", BigInteger, nullable=False),
    Column("before", Exact, nullable=False),
    Column("allocated", Exact, nullable=False),
    Column("firm", Exact, nullable=False),
    Column("rule", Word(Rule), nullable=False),
    Column("priority", String(60), nullable=False, server_default=""),
    Column("overtook", BigInteger),
    Column("on_hand", Exact),
    Column("policy_version", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    Index("ix_decisions_order", "store_id", "order_id", "id"),
)

actions = Table(
    "actions",
    metadata,
    _row_id(),
    _of_store(),
    Column("order_id", BigInteger, nullable=False),
    Column("side_seq", Integer, nullable=False),
    Column("kind", Word(ActionKind), nullable=False),
    Column("text", Text, nullable=False, server_default=""),
    Column("state", Word(WorkState), nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("due_at", Instant, nullable=False),
    Column("at", Instant, nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    UniqueConstraint("store_id", "order_id", "side_seq", "kind"),
    Index("ix_actions_due", "state", "due_at"),
)

notices = Table(
    "notices",
    metadata,
    _row_id(),
    _of_store(),
    Column("order_id", BigInteger, nullable=False),
    Column("kind", Word(NoticeKind), nullable=False),
    Column("reason_version", Integer, nullable=False),
    Column("side_seq", Integer),
    Column("message_id", String(200), nullable=False, server_default=""),
    Column("digest", String(64), nullable=False, server_default=""),
    Column("state", Word(WorkState), nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("due_at", Instant, nullable=False),
    Column("at", Instant, nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    UniqueConstraint("store_id", "order_id", "kind", "reason_version"),
    Index("ix_notices_due", "state", "due_at"),
)

leases = Table(
    "leases",
    metadata,
    Column("name", String(120), primary_key=True),
    Column("owner", String(64), nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("until", Instant, nullable=False),
)

signins = Table(
    "signins",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    _of_store(),
    Column("until", Instant, nullable=False),
)
