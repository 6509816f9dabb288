"""What follows from the merchant's choices at every moment: who is told and promised nothing, and what has to stay."""

import json
from collections.abc import Collection
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

from sqlalchemy import Connection

from tests.simulation import rules
from tests.simulation.box import Box, Violation
from tests.simulation.rules import SCALE, Chosen, Owed
from tests.simulation.shopify_site import ShopifySite
from tests.simulation.within import within

LINES = "SELECT store_id, order_id, line_id, unaccepted, ordered - cancelled FROM order_lines WHERE answer IS NOT NULL"
DATED = (
    "SELECT p.store_id, p.order_id, p.line_id, p.item, p.location, p.promise_late FROM parts p "
    "JOIN order_lines l USING (store_id, order_id, line_id) "
    "WHERE l.answer IN ('hold', 'refuse') AND p.promise_late IS NOT NULL"
)
PROMISED = "SELECT store_id, order_id, line_id, item, location, promise_late FROM parts WHERE promise_late IS NOT NULL"
TOLD = (
    "SELECT order_id FROM notices n WHERE id > :last AND kind = 'backordered' AND NOT EXISTS ("
    "SELECT 1 FROM parts p JOIN order_lines l USING (store_id, order_id, line_id) "
    "WHERE p.store_id = n.store_id AND p.order_id = n.order_id AND p.allocated < p.outstanding "
    "AND p.decided AND (l.answer IS NULL OR l.answer = 'accept'))"
)
DESIRED = "SELECT order_id, desired FROM orders WHERE store_id = :s AND status = 'open' AND desired IS NOT NULL"
# A store that is switched on starts from what it has of ours: nothing was planned there yet.
PLANNED = f"{DESIRED} AND (wrote IS NULL OR wrote <> desired)"


class Choices:
    """The checks of one run."""

    def __init__(self, box: Box) -> None:
        self._box = box

    def committing(self, conn: Connection, written: Collection[str]) -> None:
        """Before a transaction is committed."""
        if not {"parts", "order_lines"}.isdisjoint(written):
            self._taken_on(conn)
        if "notices" in written:
            self._told_what_was_taken_on(conn)
        if "orders" in written:
            self._stays_what_must(conn)

    def _taken_on(self, conn: Connection) -> None:
        """Who is not accepted is promised nothing but the date it had; units that were once accepted stay so."""
        had = {tuple(row[:5]): row[5] for row in self._box.ask(PROMISED, ())}
        for *part, late in within(conn, DATED):
            if had.get(tuple(part)) != late:
                raise Violation(f"Line {part[2]} of order {part[1]} is not accepted and promised for {late}.")
        lines = {tuple(row[:3]): row[3:] for row in within(conn, LINES)}
        for *line, unaccepted, ordered in self._box.ask(LINES, ()):
            now, asked = lines.get(tuple(line), (unaccepted, ordered))
            if now - unaccepted > max(0, asked - ordered):
                raise Violation(f"Units of line {line} were accepted, and are not any more.")

    def _told_what_was_taken_on(self, conn: Connection) -> None:
        """Nobody is told of waiting that is not accepted."""
        last = self._box.ask("SELECT COALESCE(MAX(id), 0) FROM notices", ())[0][0]
        told = within(conn, TOLD, {"last": last})
        if told:
            raise Violation(f"The customer of order {told[0][0]} is told of waiting, and none of it was accepted.")

    def _stays_what_must(self, conn: Connection) -> None:
        """Where we say anew what a store is to keep from shipping, it is all that has to stay, and nothing else."""
        now = partial(within, conn)
        for site in self._box.sites:
            store_id = self._box.ids.get(site.name)
            if store_id is None or not isinstance(site, ShopifySite):
                continue
            before = dict(self._box.ask(DESIRED, {"s": store_id}))
            anew = {order: told for order, told in now(PLANNED, {"s": store_id}) if before.get(order) != told}
            on = now("SELECT mode FROM stores WHERE id = :s", {"s": store_id})[0][0] == "on"
            if not anew or not on:
                # Who is only watched is left as it was written to.
                continue
            policy = rules.policy_of(now, store_id)
            chosen, owed = rules.chosen_of(now, store_id), rules.owed_of(now, store_id)
            today = rules.day_of(policy, self._box.now)
            for order, told in anew.items():
                hold_as_they_must(site.name, policy, chosen[order], owed.get(order, []), told, today)


def hold_as_they_must(
    name: str, policy: dict[str, Any], order: Chosen, parts: list[Owed], desired: str, today: date
) -> None:
    """Raises Violation where what we want held of an order is not what its rules say."""
    held = {(line, place): int(Decimal(units) * SCALE) for line, place, units in json.loads(desired)["held"]}
    due = rules.must_stay(policy, order, parts, today)
    waits = any(part.backordered_at is not None or part.allocated < part.outstanding for part in parts if part.decided)
    # Of an order that was there when it came in nothing is held.
    if held != due and (held or waits):
        raise Violation(f"{name}: of order {order.order_id} {due} have to stay, and {held} are to be held.")
