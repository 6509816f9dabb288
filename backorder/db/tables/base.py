"""What every table shares: the names of its constraints, and the columns that tell whose a row is."""

from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, MetaData

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

RowId = BigInteger().with_variant(Integer, "sqlite")


def store_key() -> Column[Any]:
    """The store as the first part of a table's key."""
    return Column("store_id", ForeignKey("stores.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)


def row_id() -> Column[Any]:
    """A number of the row's own as its key."""
    return Column("id", RowId, primary_key=True, autoincrement=True)


def of_store() -> Column[Any]:
    """The store a row with a number of its own belongs to."""
    return Column("store_id", ForeignKey("stores.id", ondelete="CASCADE"), nullable=False)
