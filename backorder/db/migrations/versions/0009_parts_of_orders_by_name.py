"""Parts of orders by the names that webhooks give them

Revision: 0009, after 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "traces",
        sa.Column("store_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("trace", sa.String(80), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("ended", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id", "order_id"],
            ["orders.store_id", "orders.order_id"],
            ondelete="CASCADE",
            name="fk_traces_store_id_orders",
        ),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name="fk_traces_store_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("store_id", "trace", name="pk_traces"),
    )
    op.create_index("ix_traces_order", "traces", ["store_id", "order_id"])


def downgrade() -> None:
    op.drop_table("traces")
