"""Who goes before whom: head starts, choices for single orders and items, what was given of what was there

Revision: 0005, after 0004
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def new_columns() -> dict[str, list[sa.Column[Any]]]:
    return {
        "orders": [
            sa.Column("customer_tags", sa.JSON(none_as_null=True), nullable=True),
            sa.Column("shipping", sa.JSON(none_as_null=True), nullable=True),
            sa.Column("need_by", sa.Date(), nullable=True),
            sa.Column("priority", sa.String(60), server_default="", nullable=False),
            sa.Column("priority_by_hand", sa.String(60), server_default="", nullable=False),
            sa.Column("pinned", sa.Boolean(), server_default=sa.text("false"), nullable=False),
            sa.Column("split_by_hand", sa.String(40), nullable=True),
            sa.Column("split_by_customer", sa.String(40), nullable=True),
            sa.Column("wait_until", sa.Date(), nullable=True),
            sa.Column("passed_over", sa.Integer(), server_default="0", nullable=False),
            sa.Column("passed_since", sa.BigInteger(), nullable=True),
        ],
        "order_lines": [
            sa.Column("kit", sa.BigInteger(), nullable=True),
            sa.Column("answer", sa.String(40), nullable=True),
            sa.Column("answer_why", sa.String(300), server_default="", nullable=False),
            sa.Column("unaccepted", sa.BigInteger(), server_default="0", nullable=False),
            sa.Column("excess", sa.BigInteger(), server_default="0", nullable=False),
        ],
        "items": [
            sa.Column("keep_back", sa.BigInteger(), nullable=True),
            sa.Column("keep_back_percent", sa.Integer(), nullable=True),
            sa.Column("split", sa.String(40), nullable=True),
            sa.Column("accepts", sa.Boolean(), nullable=True),
            sa.Column("discontinued", sa.Boolean(), server_default=sa.text("false"), nullable=False),
            sa.Column("released_on", sa.Date(), nullable=True),
            sa.Column("most_units", sa.Integer(), nullable=True),
            sa.Column("vendor", sa.String(255), server_default="", nullable=False),
            sa.Column("tags", sa.JSON(none_as_null=True), nullable=True),
            sa.Column("accepting", sa.Boolean(), nullable=True),
            sa.Column("accepting_why", sa.String(300), server_default="", nullable=False),
            sa.Column("accepting_since", sa.BigInteger(), nullable=True),
            sa.Column("judged_seq", sa.BigInteger(), server_default="-1", nullable=False),
            sa.Column("changed_seq", sa.BigInteger(), server_default="0", nullable=False),
            sa.Column("planned_seq", sa.BigInteger(), server_default="-1", nullable=False),
            sa.Column("planned_under", sa.String(64), server_default="", nullable=False),
            sa.Column("planned_stock", sa.String(64), server_default="", nullable=False),
        ],
        "pools": [
            sa.Column("given", sa.BigInteger(), server_default="0", nullable=False),
            sa.Column("given_of", sa.BigInteger(), server_default="0", nullable=False),
            sa.Column("owes", sa.BigInteger(), server_default="0", nullable=False),
        ],
        "stores": [sa.Column("judge_at", sa.BigInteger(), nullable=True)],
        "inbound": [
            sa.Column("ended_at", sa.BigInteger(), nullable=True),
            sa.Column("awaited", sa.BigInteger(), server_default="0", nullable=False),
            sa.Column("awaited_since", sa.BigInteger(), nullable=True),
        ],
        "decisions": [
            sa.Column("priority", sa.String(60), server_default="", nullable=False),
            sa.Column("overtook", sa.BigInteger(), nullable=True),
        ],
    }


def upgrade() -> None:
    for table, columns in new_columns().items():
        for column in columns:
            op.add_column(table, column)
    op.add_column("parts", sa.Column("queued_at", sa.BigInteger(), nullable=True))
    op.execute("UPDATE parts SET queued_at = queue_time")
    with op.batch_alter_table("parts") as batch:
        batch.alter_column("queued_at", existing_type=sa.BigInteger(), nullable=False)
        batch.create_index(
            "ix_parts_moving",
            ["store_id", "item", "location"],
            sqlite_where=sa.text("allocated > 0 OR NOT decided"),
            postgresql_where=sa.text("allocated > 0 OR NOT decided"),
        )
    op.create_index(
        "ix_order_lines_unaccepted",
        "order_lines",
        ["store_id", "order_id"],
        sqlite_where=sa.text("unaccepted > 0"),
        postgresql_where=sa.text("unaccepted > 0"),
    )
    op.create_table(
        "verdicts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("store_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("item", sa.BigInteger(), nullable=False),
        sa.Column("accepting", sa.Boolean(), nullable=False),
        sa.Column("why", sa.String(300), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name="fk_verdicts_store_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_verdicts"),
    )
    op.create_index("ix_verdicts_item", "verdicts", ["store_id", "item", "id"])
    op.create_index(
        "ix_decisions_overtook",
        "decisions",
        ["store_id", "item", "location"],
        sqlite_where=sa.text("overtook IS NOT NULL"),
        postgresql_where=sa.text("overtook IS NOT NULL"),
    )
    _hold_what_was_not_accepted()
    op.add_column("inbound", sa.Column("first_expected_on", sa.Date(), nullable=True))
    op.execute("UPDATE inbound SET first_expected_on = expected_on")
    with op.batch_alter_table("inbound") as batch:
        batch.alter_column("first_expected_on", existing_type=sa.Date(), nullable=False)
    with op.batch_alter_table("pools") as batch:
        batch.create_check_constraint("no_more_given_than_there", "given <= given_of")


def _hold_what_was_not_accepted() -> None:
    """In stores that take no backorders, lines that wait without a date and without a message were not accepted."""
    connection = op.get_bind()
    stores = sa.table("stores", sa.column("id"), sa.column("policy", sa.JSON()))
    for store, policy in connection.execute(sa.select(stores.c.id, stores.c.policy)).all():
        if not policy["accept_backorders"]:
            connection.execute(
                sa.text(
                    "UPDATE order_lines SET answer = 'hold', answer_why = 'Backorders are switched off.', "
                    "unaccepted = ordered - cancelled "
                    "WHERE store_id = :store AND backordered_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM parts "
                    "WHERE parts.store_id = order_lines.store_id AND parts.order_id = order_lines.order_id "
                    "AND parts.line_id = order_lines.line_id AND parts.promise_first IS NOT NULL) "
                    "AND NOT EXISTS (SELECT 1 FROM notices WHERE notices.store_id = order_lines.store_id "
                    "AND notices.order_id = order_lines.order_id AND notices.kind = 'backordered')"
                ),
                {"store": store},
            )


def downgrade() -> None:
    op.drop_table("verdicts")
    with op.batch_alter_table("pools") as batch:
        batch.drop_constraint(op.f("ck_pools_no_more_given_than_there"), type_="check")
    op.drop_column("inbound", "first_expected_on")
    op.drop_index("ix_order_lines_unaccepted", "order_lines")
    op.drop_index("ix_parts_moving", "parts")
    op.drop_index("ix_decisions_overtook", "decisions")
    op.drop_column("parts", "queued_at")
    for table, columns in new_columns().items():
        for column in columns:
            op.drop_column(table, column.name)
