"""Pulls that were broken off

Revision: 0017, after 0016
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pulls",
        sa.Column("store_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("began", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.String(500), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name="fk_pulls_store_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("store_id", name="pk_pulls"),
    )


def downgrade() -> None:
    op.drop_table("pulls")
