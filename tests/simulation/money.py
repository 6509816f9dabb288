"""Accepted cancellations: one outcome each, money back once or not at all, and never for what was shipped."""

import re
from random import Random

from backorder.domain.errors import Rejected
from jobs import steer
from jobs.accept_cancel import accept_cancel
from jobs.world import World
from tests.simulation.box import Box, Violation
from tests.simulation.shopify_site import ShopifySite

BACK = ("orderCancel", "refundCreate")
KEY = re.compile(r"waitline-[0-9a-f]{32}")
OPEN = ("due", "running", "unknown")
WAITING = "SELECT DISTINCT order_id FROM parts WHERE store_id = ? AND allocated < outstanding ORDER BY order_id"
ROWS = "SELECT store_id, order_id, state, reason FROM cancellations WHERE key = ?"


def accepts(box: Box, die: Random) -> str | None:
    """A customer wishes to cancel and the merchant accepts it; at times the warehouse ships at that moment."""
    sites = [site for site in box.sites if isinstance(site, ShopifySite)]
    if not sites:
        return None
    site = die.choice(sites)
    store_id = box.ids[site.name]
    ids = [row[0] for row in box.sql.execute(WAITING, (store_id,))]
    if not ids:
        return None
    order = die.choice(ids)
    restock, refund = die.random() < 0.6, die.random() < 0.8
    said: list[str] = []

    def act(world: World) -> None:
        try:
            steer.save_policy(world, store_id, cancel_in_store=True)
            steer.wish_cancel(world, store_id, order, line_ids=None, reason="too slow")
            accept_cancel(world, store_id, order, restock=restock, refund=refund)
        except Rejected as rejected:
            said.append(f"refused: {rejected}")

    ended = box.as_actor("merchant", die, act)
    shipped = site.ships_now(order) if die.random() < 0.4 else ""
    return f"{site.name} {order}: restock {restock}, refund {refund} {shipped}{' '.join(said)}, {ended}"


class Money:
    """What was cancelled in the shops, and by whose word."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._looked: dict[str, int] = {}
        self._made: dict[str, str] = {}
        """Every cancellation that a shop has made, by its key: what it was."""

    def look(self) -> None:
        """After each step."""
        for site in self._box.sites:
            if isinstance(site, ShopifySite):
                effects = site.effects()
                for effect in effects[self._looked.get(site.name, 0) :]:
                    if effect.kind in BACK:
                        self._one(site, effect.operation, effect.kind, site.order_of(effect.target))
                self._looked[site.name] = len(effects)

    def _one(self, site: ShopifySite, said: str, kind: str, order: int) -> None:
        key = KEY.search(said)
        row = self._box.sql.execute(ROWS, (key.group(),)).fetchone() if key else None
        if key is None or row is None or tuple(row[:2]) != (self._box.ids[site.name], order):
            raise Violation(f"{site.name}: {kind} on order {order}, and no merchant accepted that ({said}).")
        if key.group() in self._made:
            raise Violation(f"{site.name}: order {order} was cancelled twice for one word of its merchant.")
        self._made[key.group()] = kind
        too_much = site.shipped_and_gone(order)
        if too_much:
            raise Violation(f"{site.name}: {kind} took out of order {order} what was shipped: {too_much}.")

    def waits_until(self) -> int:
        """When the last cancellation that is still open is due, in microseconds; 0 where none is."""
        found = self._box.sql.execute(
            f"SELECT COALESCE(MAX(due_at), 0) FROM cancellations WHERE state IN {OPEN} "
            "AND store_id IN (SELECT id FROM stores WHERE mode = 'on' AND health = 'good' "
            "AND NOT json_extract(policy, '$.paused'))"
        )
        return int(found.fetchone()[0])

    def ended(self) -> None:
        """At rest: what counts as done was done, and what counts as failed was not."""
        self.look()
        for key, order, state in self._box.sql.execute("SELECT key, order_id, state FROM cancellations"):
            if state == "done" and key not in self._made:
                raise Violation(f"Order {order} counts as cancelled, and its shop has not done it.")
            if state == "failed" and key in self._made:
                raise Violation(f"Order {order} counts as not cancelled, and its shop has done it.")
