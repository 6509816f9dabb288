"""What a shop tells its shoppers of items, and whether it sells what is not there: at rest as the book says."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from backorder.domain.store import Health, Mode, Store
from backorder.domain.supply import Units
from tests.simulation import rules
from tests.simulation.box import Box, Violation
from tests.simulation.dates import FEWEST, OVER, ships
from tests.simulation.rules import DAY, SCALE
from tests.simulation.site import Shelf, Site

AN_ITEM = timedelta(seconds=35)
"""An item is written to at most every thirty seconds."""
COUNTED = (
    "SELECT i.item, i.accepting, i.accepts, i.released_on, COUNT(*), MIN(p.location), "
    "SUM(CASE WHEN p.available > 0 THEN p.available ELSE 0 END) FROM items i JOIN pools p USING (store_id, item) "
    "WHERE i.store_id = :s AND i.tracked AND NOT i.gone AND i.accepting IS NOT NULL AND NOT EXISTS ("
    " SELECT 1 FROM item_writes w WHERE w.store_id = i.store_id AND w.item = i.item AND w.state = 'failed') "
    "GROUP BY i.item ORDER BY i.item"
)
COMING = (
    "SELECT location, expected_on, LOWER(TRIM(source)), "
    "CASE WHEN ended_at IS NULL THEN quantity - received + awaited ELSE awaited END FROM inbound "
    "WHERE store_id = :s AND item = :i AND ((ended_at IS NULL AND received < quantity) OR awaited > 0)"
)
WAITING = (
    "SELECT COALESCE(SUM(p.outstanding - p.allocated), 0) FROM parts p "
    "JOIN order_lines l USING (store_id, order_id, line_id) "
    "WHERE p.store_id = :s AND p.item = :i AND l.ignored IS NULL AND p.outstanding > p.allocated"
)


def shelves_follow(box: Box, store: Store, site: Site) -> None:
    """Shoppers are told of what may be ordered although it is not there, and the switch stands by it; where that is not
    ours to say, nothing of ours is there and the switch stands as it did before us. Raises Violation.
    """
    if store.mode is not Mode.ON or store.policy.paused or store.health is not Health.GOOD:
        return
    policy = rules.policy_of(box.ask, store.id)
    shelves = site.shelves()
    known = {source for source, count in box.ask(OVER.replace("?", ":s"), {"s": store.id}) if count >= FEWEST}
    for item, accepting, accepts, released, places, place, free in box.ask(COUNTED, {"s": store.id}):
        found = shelves.get(item)
        if found is None:
            continue
        coming = box.ask(COMING, {"s": store.id, "i": item})
        due = Units(sum(units for *_, units in coming)) / SCALE
        told = None if found.told is None else (found.told[0], found.told[2])
        wants = (bool(accepting), due) if policy["tell_shoppers"] and free <= 0 else None
        if told != wants:
            raise Violation(f"{site.name}: shoppers of item {item} are told {told}, and it is {wants}.")
        sells = bool(accepting) if policy["turn_selling"] and accepts != 0 else site.sells_by_itself
        if found.sells != sells:
            raise Violation(f"{site.name}: item {item} is {'' if found.sells else 'not '}sold where it is not there.")
        if places == 1 and not known & {source for _, _, source, _ in coming}:
            waits = box.ask(WAITING, {"s": store.id, "i": item})[0][0]
            here = [(date.fromisoformat(day), units) for where, day, _, units in coming if where == place]
            _on_its_day(box, site, policy, item, found, waits + SCALE, here, released)


def _on_its_day(
    box: Box,
    site: Site,
    policy: Mapping[str, Any],
    item: int,
    found: Shelf,
    needed: int,
    coming: list[tuple[date, int]],
    released: str | None,
) -> None:
    """Who orders one unit now stands behind all that wait. Items are asked about once an hour: yesterday counts too."""
    if found.told is None:
        return
    days = set()
    now = rules.day_of(policy, box.now)
    for today in (now - DAY, now):
        there = sorted((max(day, today) + DAY * policy["inbound_buffer_days"], units) for day, units in coming)
        covered = [day for day, _ in there if sum(units for other, units in there if other <= day) >= needed]
        if not covered:
            if policy["lead_time_days"] is None and found.told[1]:
                raise Violation(f"{site.name}: shoppers of item {item} are told {found.told[1]}, and nothing comes.")
            return
        begins = max(covered[0], date.fromisoformat(released)) if released else covered[0]
        days |= {ships(dict(policy), max(begins, first), today).isoformat() for first in (today, today + DAY)}
    if found.told[1] not in days:
        raise Violation(f"{site.name}: shoppers of item {item} are told {found.told[1]}, and it is {sorted(days)}.")
