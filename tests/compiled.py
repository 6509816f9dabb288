"""Templates and statements are compiled once in a process of tests, not once in each test.

Waitline has one application and one database; its tests make some thousands of each. What is compiled depends on the
sources alone.
"""

from typing import Any

from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from sqlalchemy import Engine

from backorder.db import session


class _InMemory(BytecodeCache):
    """Compiled templates by their names and sources."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        kept = self._kept.get(bucket.key + bucket.checksum)
        if kept is not None:
            bucket.bytecode_from_string(kept)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key + bucket.checksum] = bucket.bytecode_to_string()


def keep() -> None:
    """From now on what was compiled once is kept to the end of the process."""
    Flask.jinja_options = {**Flask.jinja_options, "bytecode_cache": _InMemory()}
    first: dict[str, Engine] = {}
    statements: dict[Any, Any] = {}
    create = session.create_engine

    def of_one_kind(url: str, **how: Any) -> Engine:
        engine = create(url, **how)
        # Statements are kept by dialect, and each engine would have one of its own.
        engine.dialect = first.setdefault(engine.dialect.name, engine).dialect
        engine.update_execution_options(compiled_cache=statements)
        return engine

    session.create_engine = of_one_kind
