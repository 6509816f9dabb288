"""What a store should show of an item to its shoppers, and whether it should sell it although nothing is there.

Of the store's own switch for selling what is not there: how it stood before us is remembered and put back when it is no
longer ours to turn, and what a person turned back stays so while our answer is the same.
"""

from dataclasses import dataclass
from datetime import date

from backorder.domain.actions import Capability
from backorder.domain.choices import ItemChoices
from backorder.domain.policy import BackorderPolicy
from backorder.domain.supply import ZERO, Units


@dataclass(frozen=True, slots=True)
class ItemShown:
    """What shoppers are told of an item of which nothing is free."""

    accepting: bool
    expected: date | None
    """The day by which a unit ordered now would ship; `None`: not known."""
    due: Units
    """Units on the way."""


@dataclass(frozen=True, slots=True)
class ItemSide:
    """What a store has of ours at an item, or should have. `sells`: whether it sells what is not there; `None` leaves
    the store's switch as it is.
    """

    shown: ItemShown | None = None
    sells: bool | None = None


@dataclass(frozen=True, slots=True)
class Switch:
    """What we know of the store's switch: how it stood before we turned it, and what we wanted last."""

    before: bool | None = None
    wanted: bool | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """What to do with the switch: `write` (`None`: nothing), what is known while that is under way, and afterwards."""

    write: bool | None
    during: Switch
    after: Switch


def desired_of_item(
    shown: ItemShown, free: Units, choices: ItemChoices, policy: BackorderPolicy, can: frozenset[Capability]
) -> ItemSide:
    """What the store should have. Shoppers are told of items of which nothing is free; an item that the merchant
    excluded from backorders by hand keeps its switch.
    """
    tell = policy.tell_shoppers and Capability.SHOPPERS in can
    turns = policy.turn_selling and Capability.SELLING in can and choices.accepts is not False
    return ItemSide(shown if tell and free <= ZERO else None, shown.accepting if turns else None)


def turn(known: Switch, wanted: bool | None, found: bool, *, begun: bool) -> Turn:
    """How to bring the switch to what is wanted. `begun`: an earlier try may have turned it already."""
    if wanted is None:
        ours = known.before is not None and found == known.wanted and found != known.before
        return Turn(known.before if ours else None, known, Switch())
    if known.wanted == wanted and not begun:
        # It was turned for this answer before: if it stands otherwise now, a person wants it so.
        return Turn(None, known, known)
    new = Switch(found if known.before is None else known.before, wanted)
    return Turn(None if found == wanted else wanted, new, new)
