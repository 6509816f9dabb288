"""Goods on the way that the store itself announces

Revision: 0011, after 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("inbound", sa.Column("external", sa.String(120), nullable=True))
    op.add_column("inbound", sa.Column("seen_at", sa.BigInteger(), nullable=True))
    op.create_index("uq_inbound_external", "inbound", ["store_id", "external"], unique=True)


def downgrade() -> None:
    op.drop_index("uq_inbound_external", "inbound")
    op.drop_column("inbound", "seen_at")
    op.drop_column("inbound", "external")
