"""What was decided, and what is to be written to stores and told to customers."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text, UniqueConstraint, text

from backorder.db.columns import Exact, Instant, Word
from backorder.db.tables.base import metadata, of_store, row_id
from backorder.domain.actions import ActionKind
from backorder.domain.allocation import Rule
from backorder.domain.lifecycle import WorkState
from backorder.domain.policy import NoticeKind

decisions = Table(
    "decisions",
    metadata,
    row_id(),
    of_store(),
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
    Index(
        "ix_decisions_overtook",
        "store_id",
        "item",
        "location",
        sqlite_where=text("overtook IS NOT NULL"),
        postgresql_where=text("overtook IS NOT NULL"),
    ),
)

actions = Table(
    "actions",
    metadata,
    row_id(),
    of_store(),
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
    row_id(),
    of_store(),
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
