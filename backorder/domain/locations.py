"""From which locations an order that waits could be served: ranked, as few as can be, where the merchant allows it.

The store says from where a line ships, and nothing here gives units of another place. It says what to move in the
store: units that nobody waits for at a location, for lines that wait at another. Only the plainest of these moves is
ever made without a person: a whole order, away from where there is nothing for it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from backorder.domain.policy import BackorderPolicy
from backorder.domain.spoken import counted
from backorder.domain.supply import ZERO, Pool, Units

MOST_CANDIDATES = 8
"""So many locations with free units are looked at, the first ones by rank: every choice among them is weighed."""


@dataclass(frozen=True, slots=True)
class Need:
    """Units of a line that wait where the store put them."""

    line_id: int
    pool: Pool
    units: Units


@dataclass(frozen=True, slots=True)
class Move:
    """Units of a line that could be served from another location."""

    line_id: int
    pool: Pool
    to: int
    units: Units

    @property
    def text(self) -> str:
        """What to do in the store, in one sentence."""
        return (
            f"{counted(self.units)} could be served from location {self.to}, where nobody waits for them: move the "
            f"line there from location {self.pool.location} in your store."
        )


def moves(
    needs: Sequence[Need], free: Mapping[Pool, Units], serving: Iterable[int], policy: BackorderPolicy
) -> list[Move]:
    """What to move so that most of an order's waiting units are served, from as few locations as can be; of two equal
    choices the better ranked one.

    `free` are units that nobody waits for, `serving` locations that the order has units from already: they count
    among the most that it may be served from (`most_locations`).
    """
    if not policy.cross_location:
        return []
    wanted = [need for need in needs if need.units > 0]
    items = {need.pool.item for need in wanted}
    known = {pool.location for pool, units in free.items() if units > 0 and pool.item in items}
    candidates = sorted(known, key=lambda location: _rank(location, policy.locations))[:MOST_CANDIDATES]
    serves = frozenset(serving)
    now = serves | {need.pool.location for need in wanted}
    best: list[Move] = []
    least = (ZERO, 0)
    for count in range(1, len(candidates) + 1):
        for chosen in combinations(candidates, count):
            found = _served(wanted, free, chosen)
            places = serves | {move.to for move in found} | _left(wanted, found)
            too_many = policy.most_locations is not None and len(places) > policy.most_locations
            if not found or (too_many and len(places) >= len(now)):
                continue
            # Of equal ones the first counts: it has fewer locations and better ranks.
            worth = (_sum(found), -len(places))
            if not best or worth > least:
                best, least = found, worth
    return best


def _left(needs: Iterable[Need], found: Sequence[Move]) -> set[int]:
    """Where units would still wait."""
    moved: dict[tuple[int, Pool], Units] = {}
    for move in found:
        moved[move.line_id, move.pool] = moved.get((move.line_id, move.pool), ZERO) + move.units
    return {need.pool.location for need in needs if moved.get((need.line_id, need.pool), ZERO) < need.units}


def _rank(location: int, ranked: Sequence[int]) -> tuple[int, int]:
    """Locations that nobody ranked come last, by their number."""
    return (ranked.index(location) if location in ranked else len(ranked), location)


def _served(needs: Iterable[Need], free: Mapping[Pool, Units], chosen: Sequence[int]) -> list[Move]:
    left = dict(free)
    found = []
    for need in needs:
        missing = need.units
        for location in chosen:
            there = Pool(need.pool.item, location)
            units = min(missing, left.get(there, ZERO))
            if units > 0 and there != need.pool:
                left[there] -= units
                missing -= units
                found.append(Move(need.line_id, need.pool, location, units))
    return found


def _sum(found: Iterable[Move]) -> Units:
    return sum((move.units for move in found), ZERO)


@dataclass(frozen=True, slots=True)
class Relocation:
    """All that an order is still to get from one location, by line, and another that has all of it."""

    source: int
    target: int
    units: Mapping[int, Units]

    @property
    def text(self) -> str:
        """Why it is moved, in one sentence."""
        total = sum(self.units.values(), ZERO)
        return (
            f"{'It' if total == 1 else f'All {counted(total)} of it'} lay free at location {self.target}, and location "
            f"{self.source} had none for it."
        )


def relocation(
    owed: Sequence[Need], serving: Iterable[int], free: Mapping[Pool, Units], policy: BackorderPolicy
) -> Relocation | None:
    """The one whole move that is right without a person: a ranked location has all that the order is owed from another
    one, free, and that other has nothing of it.

    `owed` is all that is still to ship, `serving` where the order has units. Locations whose figures are in doubt are
    not among the `free` ones: then nothing is moved.
    """
    if not policy.move_in_store:
        return None
    sources: dict[int, list[Need]] = {}
    for need in owed:
        sources.setdefault(need.pool.location, []).append(need)
    has = frozenset(serving)
    for source, needs in sorted(sources.items()):
        empty = all(need.pool in free and free[need.pool] <= 0 for need in needs)
        if source in has or not empty:
            continue
        for target in policy.locations:
            if target != source and _has_all(needs, free, target):
                units: dict[int, Units] = {}
                for need in needs:
                    units[need.line_id] = units.get(need.line_id, ZERO) + need.units
                return Relocation(source, target, units)
    return None


def _has_all(needs: Iterable[Need], free: Mapping[Pool, Units], location: int) -> bool:
    wanted: dict[Pool, Units] = {}
    for need in needs:
        there = Pool(need.pool.item, location)
        wanted[there] = wanted.get(there, ZERO) + need.units
    return all(free.get(pool, ZERO) >= units for pool, units in wanted.items())


def more_came(then: Mapping[int, Units], now: Mapping[int, Units]) -> bool:
    """Whether more of any item is at a location than when an order was moved there: without that it is not moved there
    again, for whoever moved it back had a reason.
    """
    return any(units > then.get(item, ZERO) for item, units in now.items())


class UnreadableLocations(ValueError):
    """What was entered is no list of locations."""


def parse_locations(text: str) -> tuple[int, ...]:
    """Locations as a merchant writes them: numbers, the best one first, with commas or spaces between them. Raises
    UnreadableLocations.
    """
    words = text.replace(",", " ").split()
    if not all(word.isascii() and word.isdigit() and len(word) <= 18 for word in words):
        raise UnreadableLocations
    return tuple(map(int, words))


def locations_written(locations: Iterable[int]) -> str:
    """Locations as a merchant writes them."""
    return ", ".join(map(str, locations))
