"""How a fault is planted: something else in the place of what is ours. And whether a run ever came by that place.

A fault where nobody comes by proves nothing about the checks. So each place notes that it was reached; and of each it
can be asked beforehand whether any code of the application names it.
"""

import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache
from types import CodeType, FrameType, ModuleType
from typing import Any
from unittest.mock import patch

from tests.simulation.weather import Chances

OURS = ("app", "backorder", "connectors", "jobs")
Change = tuple[Any, str, Any]
"""A module or class, the name in it, and what stands there instead."""


@dataclass
class Reach:
    """The places of a fault by which a run came."""

    places: set[str] = field(default_factory=set)

    def noting(self, place: str, act: Callable[..., Any]) -> Callable[..., Any]:
        """The function, and a note of each time somebody calls it."""

        def noted(*args: Any, **how: Any) -> Any:
            self.places.add(place)
            return act(*args, **how)

        return noted

    @contextmanager
    def watching(self, readers: Mapping[CodeType, str]) -> Iterator[None]:
        """What is no function cannot note anything: the code that reads it is watched, until some of it was run."""
        left = {(code.co_filename, code.co_firstlineno): place for code, place in readers.items()}

        def look(frame: FrameType, event: str, _told: Any) -> None:
            place = left.get((frame.f_code.co_filename, frame.f_code.co_firstlineno))
            if event == "call" and place is not None:
                self.places.add(place)
                if self.places.issuperset(left.values()):
                    sys.setprofile(None)

        if left:
            sys.setprofile(look)
        try:
            yield
        finally:
            if left:
                sys.setprofile(None)


@dataclass(frozen=True)
class Instead:
    """A fault: others in the places of ours for the length of a run."""

    changes: tuple[Change, ...]

    @contextmanager
    def __call__(self) -> Iterator[Reach]:
        """Plant it."""
        reach = Reach()
        values: dict[CodeType, str] = {}
        with ExitStack() as stack:
            for where, name, value in self.changes:
                place = _place(where, name)
                if inspect.isfunction(value):
                    stack.enter_context(patch.object(where, name, reach.noting(place, value)))
                else:
                    stack.enter_context(patch.object(where, name, value))
                    values |= dict.fromkeys(readers(where, name), place)
            stack.enter_context(reach.watching(values))
            yield reach

    @property
    def places(self) -> set[str]:
        """Where it is planted."""
        return {_place(where, name) for where, name, _ in self.changes}

    def unread(self) -> list[str]:
        """Places that no code of the application names: nobody can come by there."""
        return sorted(_place(where, name) for where, name, _ in self.changes if not readers(where, name))


@dataclass(frozen=True, slots=True)
class PlantedFault:
    """What is wrong, how it is brought about, and in which worlds it can show (`None`: in all): those of `rich`
    merchants, those of a pair of shops, those where much goes wrong, those of one kind of weather, those where
    merchants have more done (`ways`). `more`: a kind of step that is played between the others.
    """

    sentence: str
    plant: Instead
    rich: bool | None = None
    pair: str | None = None
    stormy: bool = False
    weather: Chances | None = None
    more: str = ""
    ways: bool = False


def instead(*changes: Change) -> Instead:
    """Others in the places of ours."""
    return Instead(changes)


def _place(where: Any, name: str) -> str:
    return f"{where.__name__}.{name}"


def readers(where: Any, name: str) -> set[CodeType]:
    """The code of the application that names it: in its own module, or beside a name that this module has elsewhere. A
    method may be called on anything, so all code counts that names it.
    """
    found: set[CodeType] = set()
    for module in _modules():
        names = {alias for alias, value in vars(module).items() if value is where}
        for code in _codes(module.__name__):
            if name in code.co_names and (module is where or not inspect.ismodule(where) or names & {*code.co_names}):
                found.add(code)
    return found


def _modules() -> list[ModuleType]:
    return [module for name, module in sorted(sys.modules.items()) if name.partition(".")[0] in OURS]


@cache
def _codes(module: str) -> tuple[CodeType, ...]:
    """All code below a module, without what runs only when it is imported."""
    loader: Any = getattr(sys.modules[module].__spec__, "loader", None)
    whole = loader.get_code(module) if hasattr(loader, "get_code") else None
    return tuple(_below(whole)) if whole is not None else ()


def _below(code: CodeType) -> Iterator[CodeType]:
    for part in code.co_consts:
        if isinstance(part, CodeType):
            # The body of a class runs when it is imported, too.
            if part.co_flags & inspect.CO_OPTIMIZED:
                yield part
            yield from _below(part)
