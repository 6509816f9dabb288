"""Orders that are moved to the location that has their units: only free ones, never against a person's word, and
nothing that somebody else holds.
"""

import json
from collections import Counter
from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from functools import partial
from random import Random
from typing import Any

from sqlalchemy import Connection

from demo.stores.shopify.works import Refused
from jobs import steer
from tests.simulation import rules
from tests.simulation.box import Box, Violation
from tests.simulation.rules import SCALE
from tests.simulation.shopify_site import ShopifySite
from tests.simulation.within import within

ROWS = "SELECT id, store_id, order_id, source, target, units FROM moves WHERE id > :last ORDER BY id"
ITEMS = "SELECT line_id, item FROM order_lines WHERE store_id = :s AND order_id = :o"
LIES = "SELECT item, on_hand FROM pools WHERE store_id = :s AND location = :l"
GIVEN = "SELECT item, SUM(allocated) FROM parts WHERE store_id = :s AND location = :l GROUP BY item"
TRIED = (
    "SELECT COUNT(*) FROM moves WHERE store_id = ? AND order_id = ? AND target = ? "
    "AND (state <> 'dropped' OR tries > 0)"
)
"""Moves of an order to a location that were begun, or are to be: what was never tried nobody took back."""


def open_moves(box: Box, die: Random) -> None:
    """Shops have a second location, and most merchants have orders moved between both."""
    for site in box.sites:
        if isinstance(site, ShopifySite):
            shop = site.app.shop
            if len(shop.locations) == 1:
                place = max(shop.locations) + 1
                shop.locations[place] = "Back"
                for product in shop.products.values():
                    product.shelf[place] = die.randrange(0, 3)
            if die.random() < 0.85:
                ranked = tuple(die.sample(list(shop.locations), len(shop.locations)))
                choices = {"cross_location": True, "locations": ranked, "move_in_store": True}
                steer.save_policy(box.world, box.ids[site.name], **choices)


def carries(box: Box, die: Random) -> str | None:
    """Somebody in a shop has another location ship an order, mostly the one from which we moved it."""
    sites = [site for site in box.sites if isinstance(site, ShopifySite)]
    if not sites:
        return None
    site = die.choice(sites)
    shop, trade = site.app.shop, site.app.trade
    moved = [order for name, order in box.moved if name == site.name and order in shop.orders]
    orders = moved if moved and die.random() < 0.8 else list(shop.orders)
    works = [(shop.orders[order], work) for order in orders for work in shop.orders[order].works if work.open]
    if not works:
        return None
    order, work = die.choice(works)
    place = die.choice([each for each in shop.locations if each != work.location])
    source = work.location
    try:
        trade.move_work(order, work, place)
    except Refused as refusal:
        return f"{site.name} {order.id}: refused: {refusal}"
    site.touched[order.id] = box.now
    box.carried[site.name, order.id, source] = box.now
    return f"{site.name} {order.id}: from {source} to {place}"


class Moves:
    """The checks of one run."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._last = 0
        self._lay: dict[tuple[str, int, int], tuple[datetime, dict[int, int]]] = {}
        """What lay at a location when an order was to be moved there last, and when that was."""

    def committing(self, conn: Connection, written: Collection[str]) -> None:
        """Before a transaction is committed: what is to be moved lies free where it is to go, and was not moved back
        from there by a person, unless more came in since.
        """
        if "moves" not in written:
            return
        ask = partial(within, conn)
        last = self._box.sql.execute("SELECT COALESCE(MAX(id), 0) FROM moves").fetchone()[0]
        takes: dict[tuple[int, int], Counter[int]] = {}
        for _, store_id, order, _, target, units in ask(ROWS, {"last": last}):
            item_of = dict(tuple(row) for row in ask(ITEMS, {"s": store_id, "o": order}))
            told = Counter({item_of[line]: 0 for line, _ in json.loads(units)})
            for line, count in json.loads(units):
                told[item_of[line]] += int(Decimal(count) * SCALE)
            lies = dict(tuple(row) for row in ask(LIES, {"s": store_id, "l": target}))
            self._not_again(store_id, order, target, {item: lies[item] for item in told})
            takes.setdefault((store_id, target), Counter()).update(told)
        for (store_id, target), wanted in takes.items():
            lies = dict(tuple(row) for row in ask(LIES, {"s": store_id, "l": target}))
            given = dict(tuple(row) for row in ask(GIVEN, {"s": store_id, "l": target}))
            policy = rules.policy_of(ask, store_id)
            for item, count in wanted.items():
                free = lies.get(item, 0) - given.get(item, 0) - rules.kept_back(ask, policy, store_id, item)
                if count > free:
                    raise Violation(
                        f"{count / SCALE:g} of {item} are to move to {target}; {free / SCALE:g} are free there."
                    )

    def _not_again(self, store_id: int, order: int, target: int, lies: dict[int, int]) -> None:
        name = self._box.site_of(store_id).name
        key = (name, order, target)
        at, lay = self._lay.get(key, (None, {}))
        back = self._box.carried.get(key)
        tried = self._box.ask(TRIED, (store_id, order, target))[0][0]
        moved_back = at is not None and back is not None and back > at
        more_came = any(units > lay.get(item, 0) for item, units in lies.items())
        if tried and moved_back and not more_came:
            raise Violation(
                f"{name}: order {order} was moved back from {target} by a person, and is to go there again."
            )
        self._lay[key] = (self._box.now, lies)
        self._box.moved.add((name, order))

    def writing(self, site: ShopifySite, variables: dict[str, Any], looked: datetime) -> None:
        """Before an order is moved by somebody who looked at it at that time: nobody else holds it."""
        found = site.app.shop.work(int(variables["id"].rpartition("/")[2]))
        if found is None:
            return
        order, work = found
        if site.touched.get(order.id, looked) < looked and any(not hold.by_app for hold in work.holds):
            raise Violation(f"{site.name}: somebody else holds order {order.id}, and we move it.")
