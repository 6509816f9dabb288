"""Who was served before somebody that came earlier, by which rule, and how long each class waits. Pure figures over
decisions and queues that others have read.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from backorder.domain.allocation import Rule
from backorder.domain.policy import BackorderPolicy
from backorder.domain.priority import largest_head_start
from backorder.domain.split import Share, yields
from backorder.domain.spoken import counted_days, spoken_day
from backorder.domain.supply import Units


@dataclass(frozen=True, slots=True)
class Overtaking:
    """Units that an order was given before one that came earlier and still waited. `passed` is `None` where an order
    was made larger and its new units keep its place: it passed whoever came in between.
    """

    order_id: int
    number: str
    passed: int | None
    passed_number: str
    title: str
    rule: Rule
    priority: str
    units: Units
    later: timedelta
    """How much later the order was placed than the one that it passed."""
    at: datetime


@dataclass(frozen=True, slots=True)
class Passings:
    """All overtakings by one rule and one class."""

    rule: Rule
    priority: str
    times: int
    orders: int
    """Orders that went before others."""
    passed: int
    """Orders that were passed."""
    units: Units
    most_later: timedelta
    """The most by which anybody was placed later than the order that it passed."""


@dataclass(frozen=True, slots=True)
class ClassWait:
    """How long one class waits; no name is every order without a class."""

    priority: str
    waiting: int = 0
    """Lines that wait now."""
    longest_now: timedelta | None = None
    longest_served: timedelta | None = None
    """The longest time between placing and units, of the units given in the time that the report covers."""


def waits(
    now: Iterable[tuple[str, int, datetime]], served: Iterable[tuple[str, timedelta]], moment: datetime
) -> list[ClassWait]:
    """The waits of each class, the longest first. `now`: class, lines that wait and since when the oldest does."""
    lines = {priority: (count, moment - since) for priority, count, since in now}
    done = dict(served)
    found = []
    for priority in sorted({*lines, *done}):
        count, longest = lines.get(priority, (0, None))
        found.append(ClassWait(priority, count, longest, done.get(priority)))
    return sorted(found, key=_longest, reverse=True)


def _longest(wait: ClassWait) -> timedelta:
    return max(wait.longest_now or timedelta(), wait.longest_served or timedelta())


@dataclass(frozen=True, slots=True)
class LetPass:
    """An order that waits to be whole and let others pass."""

    order_id: int
    number: str
    times: int
    since: date | None = None
    """When it was first passed."""

    def keeps_now(self, policy: BackorderPolicy, today: date) -> bool:
        """Whether its budget is used up, so that it keeps its share from now on."""
        return not yields(
            policy.patience,
            # Whatever it once waited for, it has let others pass: only the budget of being passed can end that.
            since=date.min,
            passed_over=self.times,
            passed_since=self.since,
            today=today,
        )

    def left(self, policy: BackorderPolicy, today: date) -> str:
        """What is left of its budget, in one sentence."""
        if self.keeps_now(policy, today):
            return "It keeps its goods from now on."
        days = policy.leapfrog_days
        said = []
        if policy.leapfrog_times:
            more = policy.leapfrog_times - self.times
            said.append(f"{more} time{'' if more == 1 else 's'} more")
        if days and self.since is not None:
            said.append(f"until {spoken_day(self.since + timedelta(days=days))}")
        return f"It lets others pass {' or '.join(said)}." if said else "It lets others pass without end."


def bound(policy: BackorderPolicy) -> str:
    """The promise of fairness that holds for everybody, with all that it does not hold for."""
    days = largest_head_start(policy.priority).days + policy.whole_orders_first
    # Among the orders of one queue day those that can be made whole go first, so that day counts with the head start.
    said = "Nobody is passed by an order that came later"
    if days:
        said = f"Nobody is passed by an order that was placed more than {counted_days(days)} later"
    if policy.order_share is Share.YIELD or policy.share_days is not None:
        said += ", but for orders that ship whole and let others pass"
    added = "Units" if policy.late_lines_wait else "Units and lines"
    return (
        f"{said}, unless you pin an order, give by hand or keep units back for new orders. "
        f"{added} that are added to an order have its place."
    )
