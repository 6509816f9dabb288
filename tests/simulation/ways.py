"""What merchants of some worlds have Waitline do beside all that it does in every world: ship, keep a line in the notes
of orders, move orders to other locations, set a status for orders that wait.

One world in four has such merchants, and a die of its own says so. All others are played as if this were not here.
"""

from dataclasses import dataclass
from random import Random

SHARE = 0.25
PRESSES = 0.1
"""So many of the steps of such a world are a merchant's who packs parcels."""
OTHERS = 0.06
"""And so many one of the other things that are done there."""
FEWER = 0.6
"""So many of the steps of another world such a one has."""


@dataclass(frozen=True, slots=True)
class Ways:
    """What else is done in a world."""

    parcels: bool = False
    notes: bool = False
    moves: bool = False
    status: bool = False

    def __bool__(self) -> bool:
        return self.parcels or self.notes or self.moves or self.status


NONE = Ways()
ALL = Ways(parcels=True, notes=True, moves=True, status=True)


def ways_of(seed: int, *, asked: bool | None = None) -> Ways:
    """What this world has; `asked` says whether it is one of those, whatever its seed says. Who asks for it gets one in
    which all of it is done.
    """
    if asked:
        return ALL
    die = Random(f"ways {seed}")
    chosen = die.random() < SHARE
    if not chosen or asked is False:
        return NONE
    return Ways(parcels=True, notes=die.random() < 0.5, moves=die.random() < 0.5, status=die.random() < 0.5)
