"""Goods on the way that the store itself announces, and what its word about their arrival means for what was booked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from backorder.domain.supply import ZERO, Inbound, Pool, Units


@dataclass(frozen=True, slots=True)
class Announced:
    """Units of an item that the store says are on their way to one of its locations."""

    name: str
    """The store's own name of them, the same in every reading."""
    pool: Pool
    quantity: Units
    """All units of it but those that were refused when they came."""
    received: Units
    arrives: datetime | None
    """`None`: the store does not say when."""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Guess:
    """Units that came in unannounced and were booked against goods on the way, which may have been the wrong ones."""

    id: int
    line: int
    pool: Pool
    units: Units
    at: datetime


@dataclass(frozen=True, slots=True)
class Settled:
    """What becomes of a line when the store says how much of it came."""

    received: Units
    awaited: Units
    """Units that came and that the store's stock has yet to show."""
    entered: Units = ZERO
    """Units that came since the last reading, by the store's word."""
    confirmed: tuple[Guess, ...] = ()
    taken_back: tuple[tuple[Guess, Units], ...] = ()
    """Guesses that were wrong, with how much of each."""
    freed: Units = ZERO
    """Units that did come, but not of this line."""


def settle(line: Inbound, told: Units, guesses: Sequence[Guess], since: datetime, began: datetime) -> Settled:
    """The store says, in a reading that began then, that so many units of the line came; its last reading was `since`.

    The rise of the stock may have been noticed first, and booked against this line or against another one.
    """
    own = sorted((guess for guess in guesses if guess.line == line.id), key=lambda guess: guess.id, reverse=True)
    if any(guess.at >= began for guess in own):
        # The units came after the reading: only the next one can tell whether they were these.
        return Settled(line.received, line.awaited)
    if told < line.received:
        wrong, rest = _take(own, line.received - told)
        freed = line.received - told - rest
        return Settled(told, max(ZERO, line.awaited - rest), taken_back=wrong, freed=freed)
    elsewhere = [guess for guess in guesses if guess.line != line.id and guess.pool == line.pool and guess.at >= since]
    wrong, rest = _take(sorted(elsewhere, key=lambda guess: guess.id, reverse=True), told - line.received)
    return Settled(told, line.awaited + rest, told - line.received, tuple(own), wrong)


def _take(guesses: Sequence[Guess], units: Units) -> tuple[tuple[tuple[Guess, Units], ...], Units]:
    """So many units out of the guesses, the first ones first; and how many they lack."""
    taken, left = [], units
    for guess in guesses:
        if left > 0:
            part = min(left, guess.units)
            taken.append((guess, part))
            left -= part
    return tuple(taken), left
