"""What merchants counted, and what stores keep of orders that they closed

Revision: 0008, after 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("pools", sa.Column("counted", sa.BigInteger(), server_default="0", nullable=False))
    for name in ("jump_before", "jump_after", "jump_owed"):
        op.add_column("pools", sa.Column(name, sa.BigInteger(), nullable=True))
    op.add_column("order_lines", sa.Column("unreturned", sa.BigInteger(), server_default="0", nullable=False))
    op.create_index(
        "ix_order_lines_unreturned",
        "order_lines",
        ["store_id", "item"],
        sqlite_where=sa.text("unreturned > 0"),
        postgresql_where=sa.text("unreturned > 0"),
    )


def downgrade() -> None:
    op.drop_index("ix_order_lines_unreturned", "order_lines")
    op.drop_column("order_lines", "unreturned")
    for name in ("jump_owed", "jump_after", "jump_before", "counted"):
        op.drop_column("pools", name)
