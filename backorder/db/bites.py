"""Long lists of keys: as one parameter of a statement, or cut so that each piece fits into one."""

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from sqlalchemy import BigInteger, BindParameter, Boolean, ColumnElement, Dialect, bindparam
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import JSON, TypeDecorator, TypeEngine

BITE = 500

Key = TypeVar("Key", int, tuple[int, ...])


def bites(keys: Iterable[Key], size: int = BITE) -> Iterator[list[Key]]:
    """The keys in order, each once, so many at a time."""
    wanted = sorted(set(keys))
    for start in range(0, len(wanted), size):
        yield wanted[start : start + size]


class _Keys(TypeDecorator[list[int]]):
    """A list of keys: an array, or JSON where there are no arrays."""

    impl = JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(JSON() if dialect.name == "sqlite" else ARRAY(BigInteger))


KEYS = _Keys()


def among(of: Any, keys: Iterable[int] | BindParameter[list[int]]) -> ColumnElement[bool]:
    """Whether a column is one of these keys, however many they are: they travel as one parameter. `keys` may be a
    parameter of type `KEYS`.
    """
    return _Among(of, keys if isinstance(keys, BindParameter) else bindparam(None, sorted(set(keys)), KEYS))


class _Among(FunctionElement[bool]):
    """A column and a list of keys."""

    type = Boolean()
    inherit_cache = True

    def self_group(self, against: Any = None) -> Any:
        return self


@compiles(_Among)
def _in_array(element: _Among, compiler: SQLCompiler, **how: Any) -> str:
    of, keys = (compiler.process(clause, **how) for clause in element.clauses)
    return f"{of} = ANY ({keys})"


@compiles(_Among, "sqlite")
def _in_json(element: _Among, compiler: SQLCompiler, **how: Any) -> str:
    of, keys = (compiler.process(clause, **how) for clause in element.clauses)
    return f"{of} IN (SELECT value FROM json_each({keys}))"
