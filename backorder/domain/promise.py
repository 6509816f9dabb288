"""When a line can be promised to ship: available-to-promise, phased by time.

Running demand in queue order is merged with running supply by date (what is there now, then inbound goods by
expected date + buffer). A line's date is the first at which supply covers all that stands before it and itself.
APICS dictionary, "available-to-promise: cumulative with look-ahead"; the sums only run forward here because the
queue's order is strict, so no later line can take what an earlier one counted on.

Behind the last goods on the way stand those who are promised the lead time: all goods that are known come first, so
nobody of them is promised a day before those are here, or before a line that stands ahead.

A promise is a range: the early day rests on what a supplier usually does, the late one on what four of five of its
deliveries did. Where too little is known of it, the merchant's fixed buffer counts, and both days are one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import ROUND_DOWN, Decimal
from typing import NamedTuple

from backorder.domain.allocation import Demand, Turn
from backorder.domain.errors import Rejected
from backorder.domain.lateness import Record
from backorder.domain.policy import BackorderPolicy
from backorder.domain.supply import ZERO, Inbound, Pool, Units
from backorder.domain.workdays import ALWAYS_OPEN, Workdays

FURTHEST_YEARS = 5
FURTHEST = timedelta(days=365 * FURTHEST_YEARS)
"""A day further away is a slip of the pen: nothing is counted on then, and no date is said."""


class TooFar(Rejected):
    """A day on which no goods are plausibly expected."""

    status = 422


class Promise(NamedTuple):
    """A ship date as a range of days; both equal where nothing is known of the supplier's lateness."""

    early: date
    late: date


class Waiting(NamedTuple):
    """A part that still waits, with the day from which its lead time counts (`Outlook.counts_from`)."""

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
    zone: tzinfo = UTC
    """The store's: its days are counted in it."""
    released: Mapping[int, date] = field(default_factory=dict)
    """The day from which an item is out, where it has one: nothing of it is handled before."""

    @property
    def first_day(self) -> date:
        """The first day on which anything can be handled."""
        return self.today + timedelta(days=1) if self.past_cut_off else self.today

    def counts_from(self, moment: datetime) -> date:
        """The store's day from which a line's lead time counts that began to wait at a moment: from the cut-off hour
        on it is the next one.
        """
        local = moment.astimezone(self.zone)
        hour = self.policy.cut_off_hour
        too_late = hour is not None and local.hour >= hour
        return local.date() + timedelta(days=1) if too_late else local.date()

    def ships(self, there: date) -> date:
        """The day on which goods ship that are there on a day."""
        return self.workdays.after(max(there, self.first_day), self.policy.handling_days)

    def reaches(self, day: date) -> bool:
        """Whether a day is near enough to be counted on."""
        return day <= self.today + FURTHEST

    def arrival(self, line: Inbound, *, safe: bool) -> tuple[date, Units]:
        """When to count on goods, and on how many. Goods past their date count from today: they are not here."""
        from_day = max(line.expected_on, self.today)
        record = self.records.get(supplier(line.source))
        if record is None:
            return from_day + timedelta(days=self.policy.inbound_buffer_days), line.open
        missing = record.safe_missing if safe else record.usual_missing
        units = (line.open * (1 - missing)).quantize(_FOUR_PLACES, ROUND_DOWN)
        # The record counts from the day that was told first: goods that were moved to a later one are not late twice.
        first = min(line.expected_on, line.first_expected_on or line.expected_on)
        return max(from_day, first + timedelta(days=record.safe_days if safe else record.usual_days)), units


_FOUR_PLACES = Decimal("0.0001")


def supplier(source: str) -> str:
    """The name under which a supplier's record is kept."""
    return source.strip().casefold()


def promises(queue: Sequence[Waiting], inbound: Iterable[Inbound], outlook: Outlook) -> list[Promise | None]:
    """The promise of each part of one pool's queue, in the queue's order. `None`: not known yet, and said so."""
    out = outlook.released.get(queue[0].demand.pool.item, date.min) if queue else date.min
    if not outlook.reaches(out):
        return [None] * len(queue)
    lines = [line for line in inbound if line.open > 0 and outlook.reaches(line.expected_on)]
    needs = [max(ZERO, part.outstanding - part.allocated) for part, _ in queue]
    safe = sorted(outlook.arrival(line, safe=True) for line in lines)
    usual = safe
    if any(supplier(line.source) in outlook.records for line in lines):
        usual = sorted(outlook.arrival(line, safe=False) for line in lines)
    late = _days(needs, safe)
    early = late if usual is safe else _days(needs, usual)
    ready = outlook.ships(out)
    here = Promise(ready, ready)
    made: dict[tuple[date, date], Promise] = {}

    def shipped(first: date, last: date) -> Promise:
        promise = made.get((first, last))
        if promise is None:
            promise = made[first, last] = Promise(outlook.ships(max(first, out)), outlook.ships(max(last, out)))
        return promise

    # Whoever no goods cover stands behind them all, and behind those who are promised the lead time before.
    ahead = shipped(usual[-1][0], safe[-1][0]) if safe else Promise(date.min, date.min)
    found: list[Promise | None] = []
    for waiting, need, first, last in zip(queue, needs, early, late, strict=True):
        if need == 0:
            found.append(here)
        elif first is None or last is None:
            usually = by_lead_time(waiting.since, outlook, out)
            if usually is not None:
                ahead = Promise(max(ahead.early, usually.early), max(ahead.late, usually.late))
            found.append(None if usually is None else ahead)
        else:
            found.append(shipped(first, last))
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


def expected(day: date, today: date, *, later: int = 0) -> date:
    """The day on which goods are expected that were expected so many days sooner. Raises TooFar."""
    if abs(day - today + timedelta(days=later)) > FURTHEST:
        raise TooFar(f"The day on which goods are expected can be at most {FURTHEST_YEARS} years from today.")
    return day + timedelta(days=later)


def delivery_for(needed: Units, inbound: Iterable[Inbound], outlook: Outlook) -> Inbound | None:
    """The delivery that is surely counted on to bring the last of so many units; `None` where none does."""
    coming = ZERO
    near = [line for line in inbound if outlook.reaches(line.expected_on)]
    for line in sorted(near, key=lambda line: (*outlook.arrival(line, safe=True), line.id)):
        coming += outlook.arrival(line, safe=True)[1]
        if coming >= needed:
            return line
    return None


def by_lead_time(since: date, outlook: Outlook, out: date = date.min) -> Promise | None:
    """The usual lead time from the day `since`, of goods that are handled from the day `out` on."""
    if outlook.policy.lead_time_days is None:
        return None
    there = max(since + timedelta(days=outlook.policy.lead_time_days), out)
    day = outlook.workdays.after(there, outlook.policy.handling_days)
    # A lead time that has run out promises nothing any more: better no date than one that cannot be kept.
    return Promise(day, day) if day >= outlook.first_day else None


def quote(
    queue: Sequence[Waiting],
    inbound: Iterable[Inbound],
    units: Units,
    outlook: Outlook,
    *,
    free: Units,
    turn: Turn,
    pool: Pool,
) -> Promise | None:
    """When a new order of so many units would ship from a pool, were it placed now. `free` is what nobody has there,
    with what is kept back from waiting lines; `turn` is the place that it would have.
    """
    missing = max(ZERO, units - max(ZERO, free))
    before = [waiting for waiting in queue if waiting.demand.turn < turn]
    asked = Waiting(Demand(turn, pool, missing), outlook.first_day)
    return promises([*before, asked], inbound, outlook)[-1]


def settled(told: Promise | None, found: Promise | None, outlook: Outlook) -> Promise | None:
    """The promise to stand by: the one that was told, unless it moves by enough days or could not be kept in words."""
    if told is None or found is None or told.early < outlook.first_day:
        return found
    moves = max(abs((found.early - told.early).days), abs((found.late - told.late).days))
    return told if moves < outlook.policy.least_move_days else found


def due(told: Promise | None, found: Promise | None, outlook: Outlook, *, accepted: bool) -> Promise | None:
    """The date of what waits. Only what was accepted gets one: where units were added to a line and not accepted, the
    date that was told for the others stays until it is past.
    """
    if accepted:
        return settled(told, found, outlook)
    return told if told is not None and told.early >= outlook.today else None


def slip_days(first: date | None, now: Promise | None) -> int:
    """Days by which the present promise is later than the first one; negative where it is sooner."""
    return 0 if first is None or now is None else (now.late - first).days


def covered_by(inbound: Iterable[Inbound], day: date, outlook: Outlook) -> Units:
    """Units that are surely counted on to have come in by a day."""
    arrivals = [outlook.arrival(line, safe=True) for line in inbound if outlook.reaches(line.expected_on)]
    return sum((units for there, units in arrivals if there <= day), ZERO)
