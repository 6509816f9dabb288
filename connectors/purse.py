"""How many calls a store allows, where it counts them in points that come back with time: one purse for each store,
shared by all processes. A call that does not fit now is not sent: it is tried again when it will fit.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar

T = TypeVar("T")

LOST_AFTER = 30.0
"""Seconds after which a call that never told of itself is taken for ended: no call lasts longer."""
MARGIN = 0.05
"""Share of the whole purse that is never planned with: what the store told is a moment old."""
UNKNOWN_PRICE = 100.0
"""Points of a call that was never made before."""


@dataclass(frozen=True, slots=True)
class Purse:
    """What is known of one store's points at the moment `at`, in seconds. Before the store told, little is assumed."""

    points: float = 1000.0
    at: float = 0.0
    size: float = 1000.0
    rate: float = 50.0
    """Points that come back in a second."""
    out: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Calls on their way, by their own names: points, and when they are taken for ended."""
    prices: Mapping[str, float] = field(default_factory=dict)
    """Points that the store asked for each kind of call before it ran."""
    share: float = 1.0
    """How much of what is there may be on its way at once; the rest is for processes that cannot see these calls."""


@dataclass(frozen=True, slots=True)
class Status:
    """What a store told of its points with an answer. `price` is what it asked for before the call ran."""

    left: float
    size: float
    rate: float
    price: float | None = None


def paid(purse: Purse, call: str, kind: str, spare: float, now: float) -> tuple[Purse, float]:
    """The purse after a call has left, and 0; or as it was, and the seconds after which the call will fit.

    `spare` are points that have to be left over: work that begins leaves some for work that is under way.
    """
    purse = _filled(purse, now)
    price = purse.prices.get(kind, UNKNOWN_PRICE)
    # A call that needs more than there can ever be leaves when all is there.
    needed = min(price + spare + MARGIN * purse.size, purse.size * purse.share)
    free = purse.points * purse.share - sum(points for points, _ in purse.out.values())
    if free < needed:
        return purse, (needed - free) / (purse.rate * purse.share)
    return replace(purse, out={**purse.out, call: (price, now + LOST_AFTER)}), 0.0


def settled(purse: Purse, call: str, now: float) -> Purse:
    """A call ended, and the store told nothing of its points: all that it might have cost is gone."""
    purse = _filled(purse, now)
    price, _ = purse.out.get(call, (0.0, 0.0))
    return replace(_without(purse, call), points=purse.points - price)


def unused(purse: Purse, call: str, now: float) -> Purse:
    """A call ended that cost nothing."""
    return _without(_filled(purse, now), call)


def told(purse: Purse, call: str, kind: str, status: Status, now: float) -> Purse:
    """A call ended, and the store told what is left."""
    purse = _without(_filled(purse, now), call)
    prices = purse.prices if status.price is None else {**purse.prices, kind: status.price}
    return replace(purse, points=status.left, size=status.size, rate=status.rate, prices=prices)


def _filled(purse: Purse, now: float) -> Purse:
    elapsed = max(0.0, now - purse.at)
    lost = [points for points, until in purse.out.values() if until <= now]
    out = {call: (points, until) for call, (points, until) in purse.out.items() if until > now}
    points = min(purse.size, purse.points + purse.rate * elapsed - sum(lost))
    return replace(purse, points=points, at=now, out=out)


def _without(purse: Purse, call: str) -> Purse:
    return replace(purse, out={name: entry for name, entry in purse.out.items() if name != call})


class Purses(Protocol):
    """Where purses are kept. Whoever changes one has it alone meanwhile."""

    def change(self, store: str, change: Callable[[Purse], tuple[Purse, T]]) -> T:
        """Keep what `change` makes of a store's purse; what it answers besides. It may be called more than once."""


class LocalPurses:
    """Purses of this process alone. With a `share` below 1 it leaves the rest of each to other processes."""

    def __init__(self, share: float = 1.0) -> None:
        self._share = share
        self._lock = threading.Lock()
        self._purses: dict[str, Purse] = {}

    def change(self, store: str, change: Callable[[Purse], tuple[Purse, T]]) -> T:
        """See Purses."""
        with self._lock:
            self._purses[store], answer = change(self._purses.get(store, Purse(share=self._share)))
            return answer
