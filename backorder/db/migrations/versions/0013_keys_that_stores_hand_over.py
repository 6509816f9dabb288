"""Keys that stores hand over while their merchant is on the way back

Revision: 0013, after 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("consents", sa.Column("handed", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("consents", "handed")
