"""When a line can be promised to ship: available-to-promise, phased by time.

Running demand in queue order is merged with running supply by date (what is there now, then inbound goods by
expected date + buffer). A line's date is the first at which supply covers all that stands before it and itself.
APICS dictionary, "available-to-promise: cumulative with look-ahead"; the sums only run forward here because the
queue's order is strict, so no later line can take what an earlier one counted on.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from backorder.domain.allocation import Demand
from backorder.domain.policy import BackorderPolicy
from backorder.domain.supply import ZERO, Inbound


@dataclass(frozen=True, slots=True)
class Promise:
    """A ship date as a range of days; both equal where nothing is known of the supplier's lateness."""

    early: date
    late: date


@dataclass(frozen=True, slots=True)
class Waiting:
    """A part that still waits, with the day on which it began to (the base of a lead-time promise)."""

    demand: Demand
    since: date


def promises(
    queue: Sequence[Waiting], inbound: Iterable[Inbound], policy: BackorderPolicy, today: date
) -> list[Promise | None]:
    """The promise of each part of one pool's queue, in the queue's order. `None`: not known yet, and said so."""
    handling = timedelta(days=policy.handling_days)
    arrivals = sorted((_counts_from(line, policy, today), line.open) for line in inbound if line.open > 0)
    outcome: list[Promise | None] = []
    needed = coming = ZERO
    arrival = today
    nth = 0
    for waiting in queue:
        part = waiting.demand
        short = part.outstanding - part.allocated
        needed += short
        while coming < needed and nth < len(arrivals):
            arrival, units = arrivals[nth]
            coming += units
            nth += 1
        if short <= 0:
            outcome.append(Promise(today + handling, today + handling))
        elif coming >= needed:
            outcome.append(Promise(arrival + handling, arrival + handling))
        else:
            outcome.append(_by_lead_time(waiting.since, policy, today))
    return outcome


def _counts_from(line: Inbound, policy: BackorderPolicy, today: date) -> date:
    """An inbound past its date counts from today: late goods are not here."""
    return max(line.expected_on, today) + timedelta(days=policy.inbound_buffer_days)


def _by_lead_time(since: date, policy: BackorderPolicy, today: date) -> Promise | None:
    if policy.lead_time_days is None:
        return None
    day = since + timedelta(days=policy.lead_time_days + policy.handling_days)
    # A lead time that has run out promises nothing any more: better no date than a past one.
    return Promise(day, day) if day >= today else None
