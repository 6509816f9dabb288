"""Accepted cancellations: one outcome each, of what was asked and no more, money back once or not at all, and never for
what was shipped.
"""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from random import Random
from typing import Any

from backorder.domain.errors import Rejected
from demo.stores.journal import Effect
from jobs import steer
from jobs.accept_cancel import accept_cancel
from jobs.world import World
from tests.simulation.box import Box, Violation
from tests.simulation.site import Site

BACK = ("orderCancel", "refundCreate", "POST refund")
"""Effects that are always a cancellation."""
UNPAID = "PUT order"
"""An effect that is one where it bears a key."""
SILENT = ("500_after", "502_after", "504_after", "timeout_after", "reset_after", "truncated", "timeout_before", "500")
CALLS: Mapping[str, tuple[Mapping[str, str], ...]] = {
    "shopify": ({"operation": "CancelOrder"}, {"operation": "RefundLines"}),
    "woocommerce": ({"method": "POST", "path": "/refunds"},),
}
KEY = re.compile(r"waitline-[0-9a-f]{32}")
SENT = re.compile(r"(?:Accepted cancellation \(|_backorder_cancelled\", \"value\": \")(waitline-[0-9a-f]{32})")
"""A key on its way. The handles of holds look like one."""
OPEN = ("due", "running", "unknown")
ALL = "SELECT key, store_id, order_id, state FROM cancellations"
WAITING = "SELECT DISTINCT order_id FROM parts WHERE store_id = ? AND allocated < outstanding ORDER BY order_id"
ROWS = "SELECT store_id, order_id, units, refund FROM cancellations WHERE key = ?"


def accepts(box: Box, die: Random) -> str | None:
    """A customer wishes to cancel and the merchant accepts it. At times the warehouse ships at that moment, at times
    the shop does not say what it did.
    """
    site = die.choice(box.sites)
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
    if die.random() < 0.5 * box.chances.trouble:
        for call in CALLS[site.platform]:
            site.app.troubles.fail(die.choice(SILENT), **call)
    return f"{site.name} {order}: restock {restock}, refund {refund} {shipped}{' '.join(said)}, {ended}"


class Money:
    """What was cancelled in the shops, and by whose word."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._looked: dict[str, int] = {}
        self._made: dict[str, str] = {}
        """Every cancellation that a shop has made, by its key: what it was."""

    def calling(self, data: bytes | str | None) -> None:
        """Before a call leaves: the key that it bears is kept, or whoever dies now never finds again what it did."""
        said = data.decode("utf-8", "replace") if isinstance(data, bytes) else data or ""
        key = SENT.search(said)
        if key is not None and self._box.sql.execute(ROWS, (key[1],)).fetchone() is None:
            raise Violation(f"{key[1]} leaves with a cancellation, and is not kept.")

    def look(self) -> None:
        """After each step."""
        for site in self._box.sites:
            effects = site.effects()
            for effect in effects[self._looked.get(site.name, 0) :]:
                key = KEY.search(effect.operation)
                if effect.kind in BACK or (effect.kind == UNPAID and key is not None):
                    self._one(site, effect, key.group() if key is not None else "")
            self._looked[site.name] = len(effects)

    def _one(self, site: Site, effect: Effect, key: str) -> None:
        order, kind = site.order_of(effect.target), effect.kind
        row = self._box.sql.execute(ROWS, (key,)).fetchone()
        if row is None or tuple(row[:2]) != (self._box.ids[site.name], order):
            raise Violation(
                f"{site.name}: {kind} on order {order}, and no merchant accepted that ({effect.operation})."
            )
        if key in self._made:
            raise Violation(f"{site.name}: order {order} was cancelled twice for one word of its merchant.")
        self._made[key] = kind
        too_much = site.shipped_and_gone(order)
        if too_much:
            raise Violation(f"{site.name}: {kind} took out of order {order} what was shipped: {too_much}.")
        self._as_asked(site, order, key, row)

    def _as_asked(self, site: Site, order: int, key: str, row: Any) -> None:
        """Units and money are those that the merchant accepted; what was ordered in this very step may go with them."""
        made = site.cancelled_by(order, key)
        touched = site.touched.get(order)
        if made is None or (touched is not None and touched >= self._box.step_began):
            return
        units, money = made
        asked = {line: Decimal(count) for line, count in json.loads(row[2])}
        more = {line: count for line, count in units.items() if count > asked.get(line, Decimal())}
        if more:
            raise Violation(f"{site.name}: of order {order} {asked} was to be cancelled, and {units} was.")
        if money and not row[3]:
            raise Violation(f"{site.name}: {money} was paid back for order {order}, and nobody wanted that.")

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
        for key, store_id, order, state in self._box.sql.execute(ALL):
            if state == "done" and key not in self._made:
                raise Violation(f"Order {order} counts as cancelled, and its shop has not done it.")
            # What became of an order that was deleted since, nobody can tell any more.
            there = self._box.site_of(store_id).cancelled_by(order, key) is not None
            if state == "failed" and key in self._made and there:
                raise Violation(f"Order {order} counts as not cancelled, and its shop has done it.")
