"""Parcels that the merchant recorded here

Revision: 0014, after 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("order_lines", sa.Column("told_elsewhere", sa.BigInteger(), server_default="0", nullable=False))
    op.create_table(
        "parcels",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("store_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("units", sa.JSON(), nullable=False),
        sa.Column("company", sa.String(length=60), nullable=False),
        sa.Column("number", sa.String(length=100), nullable=False),
        sa.Column("url", sa.String(length=500), nullable=False),
        sa.Column("teller", sa.String(length=40), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_parcels_store_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parcels")),
        sa.UniqueConstraint("store_id", "key", name=op.f("uq_parcels_store_id_key")),
    )
    op.create_index("ix_parcels_order", "parcels", ["store_id", "order_id"])
    op.create_index("ix_parcels_due", "parcels", ["state", "due_at"])
    still_open = sa.text("state IN ('due', 'running', 'unknown')")
    op.create_index(
        "uq_parcels_open",
        "parcels",
        ["store_id", "order_id"],
        unique=True,
        sqlite_where=still_open,
        postgresql_where=still_open,
    )


def downgrade() -> None:
    op.drop_index("uq_parcels_open", "parcels")
    op.drop_index("ix_parcels_due", "parcels")
    op.drop_index("ix_parcels_order", "parcels")
    op.drop_table("parcels")
    op.drop_column("order_lines", "told_elsewhere")
