"""What a message said, so that nobody is told the same twice in a row

Revision: 0004, after 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("notices", sa.Column("digest", sa.String(64), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("notices", "digest")
