"""The status of orders that wait: put and put back by us, and what a person chose stays."""

import json
import re
from datetime import datetime
from random import Random

from backorder.db.columns import EPOCH
from jobs import steer
from tests.simulation.box import Box, Violation
from tests.simulation.woo_site import WooSite

WAITS, THEIRS = "parked", "packing"
ORDER = re.compile(r"/orders/(\d+)(?:\?|$)")


def open_statuses(box: Box, die: Random) -> None:
    """The shops have a status for orders that wait, and most merchants choose it."""
    for site in box.sites:
        if isinstance(site, WooSite):
            site.app.shop.statuses |= {WAITS: "Parked", THEIRS: "Packing"}
            site.owing += (WAITS, THEIRS)
            if die.random() < 0.85:
                steer.save_policy(box.world, box.ids[site.name], waiting_status=WAITS)


def regards(box: Box, die: Random) -> str | None:
    """Somebody in a shop gives an order another status; or the merchant chooses whether we do."""
    sites = [site for site in box.sites if isinstance(site, WooSite)]
    if not sites:
        return None
    site = die.choice(sites)
    if die.random() < 0.1:
        chosen = die.choice(["", WAITS])
        steer.save_policy(box.world, box.ids[site.name], waiting_status=chosen)
        box.marked_anew[site.name] = box.now
        return f"{site.name} marks what waits: {chosen!r}"
    orders = [number for number, word in statuses_of(site).items() if word in (WAITS, THEIRS, "processing", "on-hold")]
    marked = [number for number, word in statuses_of(site).items() if word == WAITS]
    if not orders:
        return None
    order = die.choice(marked if marked and die.random() < 0.8 else orders)
    word = die.choice(["processing"] * 4 + ["on-hold", "on-hold", THEIRS, THEIRS, WAITS, "cancelled", "completed"])
    if word == statuses_of(site)[order]:
        return None
    site.becomes(order, word)
    box.chosen[site.name, order] = (box.now, word)
    return f"{site.name} {order}: {word}"


def statuses_of(site: WooSite) -> dict[int, str]:
    """The status of each order."""
    return {order.id: order.status for order in site.app.shop.orders.values()}


class Statuses:
    """The checks of one run."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._ours: dict[tuple[str, int], datetime] = {}
        """When we last gave an order the status."""
        self._marked: set[tuple[str, int]] = set()
        """Orders of which our record says that we gave them the status."""
        self._seen: dict[tuple[str, int], str | None] = {}
        """Which status a worker saw."""

    def looking(self, actor: str, site: WooSite, url: str) -> None:
        """Before a worker looks at an order."""
        found = ORDER.search(url)
        if found is not None:
            self._seen[actor, int(found[1])] = statuses_of(site).get(int(found[1]))

    def writing(self, actor: str, site: WooSite, url: str, data: bytes | str, looked: datetime) -> None:
        """Before an order is written to by somebody who looked at it at that time."""
        found = ORDER.search(url)
        word = json.loads(data).get("status") if found is not None else None
        if found is None or word in (None, "cancelled"):
            return
        box, order = self._box, int(found[1])
        has = statuses_of(site).get(order)
        at, _ = box.chosen.get((site.name, order), (EPOCH, ""))
        ours = self._ours.get((site.name, order), EPOCH)
        if at >= looked or has is None or self._seen.get((actor, order), has) != has:
            return
        known = {(WAITS, "processing"): word == WAITS, ("processing", WAITS): word == "processing"}
        if not known.get((str(word), has), False):
            raise Violation(f"{site.name}: order {order} is {has}, and we make it {word}.")
        if word == "processing":
            # Who brings back the status that we gave, and that our record still names, gives the order back to us.
            if at > ours and (site.name, order) not in self._marked:
                raise Violation(f"{site.name}: a person made order {order} {has}, and we put it back.")
            self._marked.discard((site.name, order))
        if word == WAITS:
            self._marked.add((site.name, order))
            self._ours[site.name, order] = box.now
            decided = box.sql.execute(
                "SELECT COUNT(*) FROM decisions WHERE store_id = ? AND order_id = ? AND at > ?",
                (box.ids[site.name], order, int((at - EPOCH).total_seconds() * 1_000_000)),
            ).fetchone()[0]
            # Whoever chooses it once more after that wants it at every order that waits.
            if EPOCH < ours < at and not decided and box.marked_anew.get(site.name, EPOCH) < at:
                raise Violation(f"{site.name}: a person made order {order} {has}, and we make it {word} again.")

    def ended(self) -> None:
        """At rest: what waits has the status, and what does not wait has it not, but for what people chose."""
        box = self._box
        for site in box.sites:
            if not isinstance(site, WooSite) or not box.ways.status:
                continue
            rows = box.sql.execute(
                "SELECT order_id, json_extract(desired, '$.status') FROM orders o JOIN stores s ON s.id = store_id "
                "WHERE store_id = ? AND o.status = 'open' AND paid AND mode = 'on' AND health = 'good' "
                "AND NOT json_extract(s.policy, '$.paused') AND NOT EXISTS (SELECT 1 FROM actions a "
                "WHERE a.store_id = o.store_id AND a.order_id = o.order_id AND a.state = 'failed')",
                (box.ids[site.name],),
            )
            has = statuses_of(site)
            for order, wanted in rows:
                if (site.name, order) in box.chosen or has.get(order) not in ("processing", WAITS):
                    continue
                if (has[order] == WAITS) != (wanted == WAITS):
                    raise Violation(
                        f"{site.name}: order {order} is {has[order]}, and should be {wanted or 'processing'}."
                    )
