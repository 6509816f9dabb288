"""Readings of every open order that are under way

Revision: 0016, after 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "whole_readings",
        sa.Column("store_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("began", sa.BigInteger(), nullable=False),
        sa.Column("stock", sa.Boolean(), nullable=False),
        sa.Column("place", sa.String(200), server_default="", nullable=False),
        sa.Column("again_at", sa.BigInteger(), nullable=False),
        sa.Column("gathered", sa.Integer(), server_default="0", nullable=False),
        sa.Column("said", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name="fk_whole_readings_store_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("store_id", name="pk_whole_readings"),
    )


def downgrade() -> None:
    op.drop_table("whole_readings")
