"""Who is to be forgotten, and what merchants are told once

Revision: 0007, after 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("stores", sa.Column("installed_at", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("stores", sa.Column("whole_at", sa.BigInteger(), nullable=True))
    op.execute("UPDATE stores SET installed_at = connected_at")
    op.create_table(
        "privacy_tasks",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("place", sa.String(64), nullable=False),
        sa.Column("dedupe_key", sa.String(200), nullable=False),
        sa.Column("platform", sa.String(40), nullable=False),
        sa.Column("address", sa.String(255), nullable=False),
        sa.Column("of_store", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("person", sa.JSON(), nullable=True),
        sa.Column("left_by", sa.BigInteger(), nullable=True),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("try_at", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False, server_default=""),
        sa.Column("orders", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_privacy_tasks"),
        sa.UniqueConstraint("place", "dedupe_key", name="uq_privacy_tasks_place_dedupe_key"),
    )
    op.create_index(
        "ix_privacy_tasks_open",
        "privacy_tasks",
        ["try_at"],
        sqlite_where=sa.text("state = 'due'"),
        postgresql_where=sa.text("state = 'due'"),
    )
    op.create_table(
        "erased_orders",
        sa.Column("store_id", ROW_ID, nullable=False),
        sa.Column("order_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name="fk_erased_orders_store_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("store_id", "order_id", name="pk_erased_orders"),
    )
    op.create_table(
        "news",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("store_id", ROW_ID, nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name="fk_news_store_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_news"),
    )
    op.create_index(
        "ix_news_unseen",
        "news",
        ["store_id"],
        sqlite_where=sa.text("seen_at IS NULL"),
        postgresql_where=sa.text("seen_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("news")
    op.drop_table("erased_orders")
    op.drop_table("privacy_tasks")
    op.drop_column("stores", "whole_at")
    op.drop_column("stores", "installed_at")
