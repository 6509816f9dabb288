"""What a doubt found least

Revision: 0003, after 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("pools", sa.Column("doubted_least", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("pools", "doubted_least")
