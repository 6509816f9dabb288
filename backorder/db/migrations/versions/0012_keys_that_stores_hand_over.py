"""Keys that stores hand over while their merchant is on the way back

Revision: 0012, after 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("consents", sa.Column("handed", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("consents", "handed")
