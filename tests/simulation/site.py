"""A shop as the simulation meets it: what happens there by itself, and what is true there.

Each act is a method that takes a die and returns what it did in a few words, or nothing where it did nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any, Protocol

from backorder.domain.supply import ZERO, Pool, Units
from demo.stores.journal import Effect
from tests.simulation.rules import SCALE

Deliver = Callable[[str, Mapping[str, str], bytes], int]
Act = Callable[[Random], str | None]
SKUS = ("MUG", "TENT", "LAMP")


@dataclass(frozen=True, slots=True)
class TrueLine:
    """A line as the shop has it. `owed` is by pool; a line that no pool owes has none."""

    id: int
    owed: Mapping[Pool, Units]


@dataclass(frozen=True, slots=True)
class TrueOrder:
    """An order as the shop has it."""

    id: int
    placed_at: datetime
    lines: tuple[TrueLine, ...]
    visible: bool = True
    """Whether the app's key may see it."""


@dataclass(frozen=True, slots=True)
class Book:
    """What our book has of a shop: its open orders, and what each line is owed from each pool."""

    orders: set[int]
    owed: Mapping[tuple[int, int, Pool], Units]

    def by_pool(self) -> dict[Pool, Units]:
        """What each pool owes."""
        total: dict[Pool, Units] = {}
        for (_order, _line, pool), units in self.owed.items():
            total[pool] = total.get(pool, ZERO) + units
        return total


@dataclass(frozen=True, slots=True)
class Shelf:
    """What a shop has of ours at an item: whether shoppers are told that it is accepted, the day and the units on their
    way (`None`: they are told nothing). And whether it sells what is not there.
    """

    told: tuple[bool, str, Units] | None
    sells: bool


@dataclass(frozen=True, slots=True)
class Sent:
    """A parcel that a shop has: its number, whether the app recorded it, its units by line and location."""

    number: str
    ours: bool
    units: Mapping[tuple[int, int], int]
    """In ten-thousandths, as tables keep units."""


class Site(Protocol):
    """One shop."""

    platform: str
    name: str
    address: str
    credentials: Mapping[str, str]
    app: Any
    rich: bool
    """Whether its orders tell all that a rule may ask for, and have more lines."""
    acts: Mapping[str, tuple[int, Act]]
    """What happens there by itself, each with its weight."""
    silent: bool
    entered: dict[int, datetime]
    """When each order came in, whatever its own date says."""
    only_by_id: set[int]
    """Orders of which no list of changes need tell what became of them: deleted, in the trash, given a place late."""
    taken_off: set[str]
    """Topics whose webhook the shop once took away."""
    sells_by_itself: bool
    """Whether its own switch sells what is not there, as long as nobody turned it."""
    about: int | None
    """The only order with which people do anything for now; `None`: with any."""
    touched: dict[int, datetime]
    """When somebody last changed an order in a way that moves its units."""

    def told_of(self) -> set[str]: ...
    def pending(self) -> int: ...
    def pending_now(self) -> int: ...
    def send(self, die: Random) -> str: ...
    def orders(self) -> Iterator[TrueOrder]: ...
    def supply(self, book: Book) -> dict[Pool, Units]: ...
    def net(self, pool: Pool) -> Units | None: ...
    def at_most(self, order_id: int, line_id: int, pool: Pool, book: Book) -> Units: ...
    def stuck(self) -> dict[Pool, Units]: ...
    def effects(self) -> list[Effect]: ...
    def order_of(self, target: str) -> int: ...
    def ships_now(self, number: int) -> str: ...
    def shipped_and_gone(self, number: int) -> dict[int, tuple[Units, Units]]: ...
    def cancelled_by(self, number: int, key: str) -> tuple[dict[int, Units], Decimal] | None: ...
    def parcels_of(self, number: int) -> list[Sent] | None: ...
    def left(self, number: int) -> dict[int, Units] | None: ...
    def shipped(self, number: int) -> dict[int, Units] | None: ...
    def ended(self, number: int) -> int: ...
    def shelves(self) -> dict[int, Shelf]: ...


def placed(die: Random, now: datetime) -> datetime:
    """Mostly now; some orders were placed days before they are seen, a few of them at one moment."""
    if die.random() >= 0.3:
        return now
    day = now.replace(hour=die.choice([9, 17]), minute=0, second=0, microsecond=0)
    return day - timedelta(days=die.randrange(1, 5))


def owed_by(orders: Iterable[TrueOrder], known: set[int]) -> dict[Pool, Units]:
    found: dict[Pool, Units] = {}
    for order in orders:
        if order.id in known:
            for line in order.lines:
                for pool, units in line.owed.items():
                    found[pool] = found.get(pool, ZERO) + units
    return found


def shipped_in(parcels: Iterable[Sent]) -> dict[int, Units]:
    """Units of each line that have left in these."""
    found: dict[int, Units] = {}
    for sent in parcels:
        for (line, _), units in sent.units.items():
            found[line] = found.get(line, ZERO) + Units(units) / SCALE
    return found
