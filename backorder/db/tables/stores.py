"""The stores, what they sent, and who may work or look."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from backorder.db.columns import Instant, Word
from backorder.db.tables.base import metadata, of_store, row_id
from backorder.domain.lifecycle import WorkState
from backorder.domain.store import Health, Mode

stores = Table(
    "stores",
    metadata,
    row_id(),
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
    Column("installed_at", Instant, nullable=False, server_default="0"),
    Column("whole_at", Instant),
    Column("imported_at", Instant),
    Column("pulled_at", Instant),
    Column("pulled_until", Instant),
    Column("catch_up_at", Instant),
    Column("swept_at", Instant),
    Column("audited_at", Instant),
    Column("judge_at", Instant),
    Column("renew_at", Instant),
    Column("lacks", JSON, nullable=False, server_default="[]"),
    Column("statuses", JSON, nullable=False, server_default="[]"),
    Index("ix_stores_platform_address", "platform", "address"),
    Index(
        "uq_stores_connected",
        "platform",
        "address",
        unique=True,
        sqlite_where=text("health <> 'gone'"),
        postgresql_where=text("health <> 'gone'"),
    ),
)

deliveries = Table(
    "deliveries",
    metadata,
    row_id(),
    of_store(),
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
    of_store(),
    Column("until", Instant, nullable=False),
)
