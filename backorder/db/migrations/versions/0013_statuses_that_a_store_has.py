"""Statuses that a waiting order may be given in its store

Revision: 0013, after 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("stores", sa.Column("statuses", sa.JSON(), nullable=False, server_default="[]"))


def downgrade() -> None:
    op.drop_column("stores", "statuses")
