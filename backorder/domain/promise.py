"""When a line can be promised to ship: available-to-promise, phased by time.

Running demand in queue order is merged with running supply by date (what is there now, then inbound goods by
expected date + buffer). A line's date is the first at which supply covers all that stands before it and itself.
APICS dictionary, "available-to-promise: cumulative with look-ahead"; the sums only run forward here because the
queue's order is strict, so no later line can take what an earlier one counted on.

A promise is a range: the early day rests on what a supplier usually does, the late one on what four of five of its
deliveries did. Where too little is known of it, the merchant's fixed buffer counts, and both days are one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import NamedTuple

from backorder.domain.allocation import Demand, Turn
from backorder.domain.lateness import Record
from backorder.domain.policy import BackorderPolicy
from backorder.domain.supply import ZERO, Inbound, Pool, Units
from backorder.domain.workdays import ALWAYS_OPEN, Workdays


class Promise(NamedTuple):
    """A ship date as a range of days; both equal where nothing is known of the supplier's lateness."""

    early: date
    late: date


class Waiting(NamedTuple):
    """A part that still waits, with the day on which it began to (the base of a lead-time promise)."""

    demand: Demand
    since: date


@dataclass(frozen=True, slots=True)
class Outlook:
    """What dates rest on beside queue and goods."""

    today: date
    policy: BackorderPolicy
    workdays: Workdays = ALWAYS_OPEN
    past_cut_off: bool = False
    """Today's parcels have gone: what is there now is handled from tomorrow."""
    records: Mapping[str, Record] = field(default_factory=dict)
    """What is known of suppliers, by the name in `supplier`."""

    @property
    def first_day(self) -> date:
        """The first day on which anything can be handled."""
        return self.today + timedelta(days=1) if self.past_cut_off else self.today

    def ships(self, there: date) -> date:
        """The day on which goods ship that are there on a day."""
        return self.workdays.after(max(there, self.first_day), self.policy.handling_days)

    def arrival(self, line: Inbound, *, safe: bool) -> tuple[date, Units]:
        """When to count on goods, and on how many. Goods past their date count from today: they are not here."""
        from_day = max(line.expected_on, self.today)
        record = self.records.get(supplier(line.source))
        if record is None:
            return from_day + timedelta(days=self.policy.inbound_buffer_days), line.open
        days = record.safe_days if safe else record.usual_days
        missing = record.safe_missing if safe else record.usual_missing
        units = (line.open * (1 - missing)).quantize(_FOUR_PLACES, ROUND_DOWN)
        return from_day + timedelta(days=days), units


_FOUR_PLACES = Decimal("0.0001")
_NOWHERE = Pool(0)


def supplier(source: str) -> str:
    """The name under which a supplier's record is kept."""
    return source.strip().casefold()


def promises(queue: Sequence[Waiting], inbound: Iterable[Inbound], outlook: Outlook) -> list[Promise | None]:
    """The promise of each part of one pool's queue, in the queue's order. `None`: not known yet, and said so."""
    lines = [line for line in inbound if line.open > 0]
    needs = [max(ZERO, part.outstanding - part.allocated) for part, _ in queue]
    late = _days(needs, sorted(outlook.arrival(line, safe=True) for line in lines))
    early = late
    if any(supplier(line.source) in outlook.records for line in lines):
        early = _days(needs, sorted(outlook.arrival(line, safe=False) for line in lines))
    ready = outlook.ships(outlook.today)
    here = Promise(ready, ready)
    made: dict[tuple[date, date], Promise] = {}
    found: list[Promise | None] = []
    for waiting, need, first, last in zip(queue, needs, early, late, strict=True):
        if need == 0:
            found.append(here)
        elif first is None or last is None:
            found.append(by_lead_time(waiting.since, outlook))
        else:
            promise = made.get((first, last))
            if promise is None:
                promise = made[first, last] = Promise(outlook.ships(first), outlook.ships(last))
            found.append(promise)
    return found


def _days(needs: Sequence[Units], arrivals: Sequence[tuple[date, Units]]) -> list[date | None]:
    """The day on which supply covers each need and all before it; `None` where it never does."""
    days: list[date | None] = []
    needed = coming = ZERO
    arrival: date | None = None
    coming_next = iter(arrivals)
    for need in needs:
        needed += need
        while coming < needed:
            following = next(coming_next, None)
            if following is None:
                return days + [None] * (len(needs) - len(days))
            arrival, units = following
            coming += units
        days.append(arrival)
    return days


def delivery_for(needed: Units, inbound: Iterable[Inbound], outlook: Outlook) -> Inbound | None:
    """The delivery that is surely counted on to bring the last of so many units; `None` where none does."""
    coming = ZERO
    for line in sorted(inbound, key=lambda line: (*outlook.arrival(line, safe=True), line.id)):
        coming += outlook.arrival(line, safe=True)[1]
        if coming >= needed:
            return line
    return None


def by_lead_time(since: date, outlook: Outlook) -> Promise | None:
    """The usual lead time from the day on which a line began to wait."""
    if outlook.policy.lead_time_days is None:
        return None
    there = since + timedelta(days=outlook.policy.lead_time_days)
    day = outlook.workdays.after(there, outlook.policy.handling_days)
    # A lead time that has run out promises nothing any more: better no date than a past one.
    return Promise(day, day) if day >= outlook.today else None


def quote(
    queue: Sequence[Waiting], inbound: Iterable[Inbound], units: Units, outlook: Outlook, *, free: Units, turn: Turn
) -> Promise | None:
    """When a new order of so many units would ship, were it placed now. `free` is what nobody has, with what is kept
    back from waiting lines; `turn` is the place that it would have.
    """
    missing = max(ZERO, units - max(ZERO, free))
    before = [waiting for waiting in queue if waiting.demand.turn < turn]
    asked = Waiting(Demand(turn, queue[0].demand.pool if queue else _NOWHERE, missing), outlook.today)
    return promises([*before, asked], inbound, outlook)[-1]


def settled(told: Promise | None, found: Promise | None, outlook: Outlook) -> Promise | None:
    """The promise to stand by: the one that was told, unless it moves by enough days or could not be kept in words."""
    if told is None or found is None or told.early < outlook.today:
        return found
    moves = max(abs((found.early - told.early).days), abs((found.late - told.late).days))
    return told if moves < outlook.policy.least_move_days else found


def slip_days(first: date | None, now: Promise | None) -> int:
    """Days by which the present promise is later than the first one; negative where it is sooner."""
    return 0 if first is None or now is None else (now.late - first).days


def covered_by(inbound: Iterable[Inbound], day: date, outlook: Outlook) -> Units:
    """Units that are surely counted on to have come in by a day."""
    arrivals = [outlook.arrival(line, safe=True) for line in inbound]
    return sum((units for there, units in arrivals if there <= day), ZERO)
