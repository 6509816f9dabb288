"""Long lists of keys, cut so that each piece fits into one statement."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

BITE = 500

Key = TypeVar("Key", int, tuple[int, ...])


def bites(keys: Iterable[Key]) -> Iterator[list[Key]]:
    """The keys in order, each once, so many at a time."""
    wanted = sorted(set(keys))
    for start in range(0, len(wanted), BITE):
        yield wanted[start : start + BITE]
