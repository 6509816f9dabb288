"""Access that ends and is renewed, merchants on their way through their store's consent

Revision: 0006, after 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("stores", sa.Column("renew_at", sa.BigInteger(), nullable=True))
    op.add_column("stores", sa.Column("lacks", sa.JSON(), nullable=False, server_default="[]"))
    connected = sa.text("health <> 'gone'")
    op.create_index(
        "uq_stores_connected",
        "stores",
        ["platform", "address"],
        unique=True,
        sqlite_where=connected,
        postgresql_where=connected,
    )
    op.create_table(
        "consents",
        sa.Column("state_hash", sa.String(64), primary_key=True),
        sa.Column("platform", sa.String(40), nullable=False),
        sa.Column("address", sa.String(255), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("consents")
    op.drop_index("uq_stores_connected", "stores")
    op.drop_column("stores", "lacks")
    op.drop_column("stores", "renew_at")
