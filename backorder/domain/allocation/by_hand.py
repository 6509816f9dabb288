"""Units given by the merchant's hand: they are firm, and whoever loses them is named."""

from collections.abc import Iterable, Mapping

from backorder.domain.allocation.decisions import Decision, Plan, Rule
from backorder.domain.allocation.demand import Demand
from backorder.domain.errors import Rejected
from backorder.domain.supply import ZERO, Pool, Units


class CannotGive(Rejected):
    """What the merchant wants to give is not there or not owed; the sentence says which."""

    status = 422


def give(queue: Iterable[Demand], there: Units, key: tuple[int, int, Pool], units: Units) -> Plan:
    """Make `units` more of one part firm. `queue` is all that its pool owes, `there` all that the pool has.

    Free units are taken first, then planned ones and then firm ones, each from the end of the queue.
    """
    everyone = sorted(queue, key=lambda part: part.turn)
    found = [part for part in everyone if part.key == key]
    if not found:
        raise CannotGive("This line owes nothing there.")
    target = found[0]
    if units <= 0:
        raise CannotGive("Give more than 0 units.")
    firm = target.firm + units
    if firm > target.outstanding:
        raise CannotGive(f"This line is owed only {target.outstanding - target.firm:f} more.")
    allocated = max(target.allocated, firm)
    free = max(ZERO, there - sum((part.allocated for part in everyone), ZERO))
    missing = max(ZERO, allocated - target.allocated - free)
    others = [part for part in reversed(everyone) if part.key != key]
    lost: dict[tuple[int, int, Pool], Units] = {}
    for movable in (_planned, _firm):
        for part in others:
            taken = min(missing, movable(part))
            if taken > 0:
                lost[part.key] = lost.get(part.key, ZERO) + taken
                missing -= taken
    if missing > 0:
        raise CannotGive(f"Only {allocated - target.allocated - missing:f} can be given: nothing more is there.")
    overtook = _passed(target, others, lost) if allocated > target.allocated else None
    decisions = [Decision(target, allocated, firm, Rule.BY_HAND, overtook)]
    for part in everyone:
        if part.key in lost:
            left = part.allocated - lost[part.key]
            decisions.append(Decision(part, left, min(part.firm, left), Rule.TAKEN_BY_HAND))
    return Plan(tuple(decisions), {})


def _passed(target: Demand, others: Iterable[Demand], lost: Mapping[tuple[int, int, Pool], Units]) -> int | None:
    """The order that has waited longest of those that came earlier and still wait after it."""
    older = [
        part.age
        for part in others
        if part.age < target.age
        and part.allocated - lost.get(part.key, ZERO) < part.outstanding
        and not part.takes_no_more
    ]
    return min(older).order_id if older else None


def _planned(part: Demand) -> Units:
    return part.allocated - part.firm


def _firm(part: Demand) -> Units:
    return part.firm
