"""Runs migrations on the database that `backorder.db.session.migrate` or alembic.ini names."""

from typing import Any, Literal

from alembic import context
from sqlalchemy import create_engine
from sqlalchemy.types import TypeDecorator

from backorder.db.tables import metadata


def plain_type(kind: str, thing: Any, _context: Any) -> str | Literal[False]:
    """Migrations name the columns' plain types: they must run although our own types change or go."""
    return f"sa.{thing.impl!r}" if kind == "type" and isinstance(thing, TypeDecorator) else False


url = str(context.config.attributes.get("url") or context.config.get_main_option("sqlalchemy.url"))
engine = create_engine(url)
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=True, render_item=plain_type)
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
engine.dispose()
