"""The dates that customers are promised, counted once more by hand."""

from datetime import date, timedelta
from typing import Any

import holidays

from backorder.domain.store import Store
from tests.simulation import rules
from tests.simulation.box import Box, Violation
from tests.simulation.rules import DAY, SCALE

QUEUE = (
    "SELECT p.item, p.location, p.order_id, p.line_id, p.outstanding - p.allocated, "
    "CASE WHEN l.answer IN ('hold', 'refuse') THEN NULL ELSE p.promise_late END "
    "FROM parts p JOIN order_lines l USING (store_id, order_id, line_id) WHERE p.store_id = ? AND p.item > 0 "
    "AND p.outstanding > 0 AND l.ignored IS NULL ORDER BY p.queue_time, p.order_id, p.line_id"
)
COMING = (
    "SELECT item, location, expected_on, "
    "CASE WHEN ended_at IS NULL THEN quantity - received + awaited ELSE awaited END, LOWER(TRIM(source)) "
    "FROM inbound WHERE store_id = ?"
)
OVER = (
    "SELECT LOWER(TRIM(source)), COUNT(*) FROM inbound WHERE store_id = ? AND source <> '' "
    "AND (received >= quantity OR ended_at IS NOT NULL) GROUP BY 1"
)
RELEASED = "SELECT item, released_on FROM items WHERE store_id = ? AND released_on IS NOT NULL"
FEWEST = 5
"""With so many lines that are over a supplier has a record of its own, and its days are another matter."""


def dates_follow_from_supply(box: Box, store: Store) -> None:
    """Each date is that on which enough has come for all before it and itself. Raises Violation."""
    policy = rules.policy_of(box.ask, store.id)
    today = rules.day_of(policy, box.now)
    known = {source for source, count in box.sql.execute(OVER, (store.id,)) if count >= FEWEST}
    arrivals: dict[tuple[int, int], list[tuple[date, int]]] = {}
    learned = set()
    for item, location, expected_on, units, source in box.sql.execute(COMING, (store.id,)):
        day = max(date.fromisoformat(expected_on), today) + DAY * policy["inbound_buffer_days"]
        if units > 0:
            arrivals.setdefault((item, location), []).append((day, units))
        if units > 0 and source in known:
            learned.add((item, location))
    released = {item: date.fromisoformat(day) for item, day in box.sql.execute(RELEASED, (store.id,))}
    needed: dict[tuple[int, int], int] = {}
    for item, location, order, line, short, late in box.sql.execute(QUEUE, (store.id,)):
        pool = (item, location)
        needed[pool] = needed.get(pool, 0) + short
        if late is None or not short or pool in learned:
            continue
        coming = sorted(arrivals.get(pool, []))
        there = [day for day, _ in coming if sum(n for d, n in coming if d <= day) >= needed[pool]]
        if not there:
            continue
        begins = max(there[0], released.get(item, there[0]))
        due = {ships(policy, max(begins, first), today) for first in (today, today + DAY)[: _days(policy)]}
        least = timedelta(days=policy["least_move_days"])
        told = date.fromisoformat(late)
        if not any(day == told or abs(day - told) < least for day in due):
            raise Violation(
                f"Line {line} of order {order} is promised for {late}; its {needed[pool] / SCALE:g} units come "
                f"{there[0]} and ship {sorted(due)}."
            )


def _days(policy: dict[str, Any]) -> int:
    """Whether today's parcels may have gone already."""
    return 1 if policy["cut_off_hour"] is None else 2


def ships(policy: dict[str, Any], there: date, today: date) -> date:
    """The day on which goods ship that are there on a day: so many days of work later."""
    closed: Any = ()
    if policy["holidays_of"]:
        country, _, region = policy["holidays_of"].partition("-")
        closed = holidays.country_holidays(country, subdiv=region or None, years=range(today.year, today.year + 3))
    day, left = there, policy["handling_days"]
    while True:
        if day.weekday() in policy["workdays"] and day not in closed:
            if not left:
                return day
            left -= 1
        day += DAY
