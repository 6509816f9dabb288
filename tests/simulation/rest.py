"""When the faults have stopped: within two minutes all is done, and everything is as it should be."""

from collections.abc import Collection
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from backorder.db import orderbook, stores
from backorder.domain.actions import StoreSide, lacks_holds, tags_of_ours
from backorder.domain.store import Health, Mode, Store
from backorder.domain.supply import ZERO, Pool
from connectors import get
from jobs import sweep
from jobs.catch_up import audit, catch_up
from jobs.drain import next_due
from jobs.promise import today_of
from tests.simulation import access, rules
from tests.simulation.box import Box, Violation
from tests.simulation.checks import Checks
from tests.simulation.dates import dates_follow_from_supply
from tests.simulation.pages import pages_agree
from tests.simulation.policies import PREFIXES
from tests.simulation.rules import SCALE, instant
from tests.simulation.shelves import AN_ITEM, shelves_follow
from tests.simulation.shopify_site import ShopifySite
from tests.simulation.weather import CALM
from tests.simulation.words import notes_are_there, told_that_it_is_here

LIMIT = timedelta(seconds=130)
"""What no order explains is waited out for up to 120 s by the policy; the rest is for the work before and after."""
LONGEST = timedelta(hours=6, minutes=1)
"""Nothing that is tried again is put off for longer."""
OF_NOBODY = (
    "state = 'due' AND tries > 0 AND EXISTS (SELECT 1 FROM orders o WHERE o.store_id = actions.store_id "
    "AND o.order_id = actions.order_id AND o.status = 'gone')"
)
"""Writes to an order that went while it was written to: the store refused them, and refuses them once more later."""
ROUNDS = 3000
REGULAR = timedelta(minutes=16)
"""By then every store was caught up with, and its subscriptions were looked at, by the clock alone."""
ROUND = timedelta(milliseconds=100)
"""What a round of work takes at least: whoever waits for a lease is not asked for ever in one moment."""


class Rest:
    """The end of a run."""

    def __init__(self, box: Box, checks: Checks) -> None:
        self._box = box
        self._checks = checks
        self._sql = box.sql

    def come(self) -> None:
        """Let the world come to rest, and look at all of it. Raises Violation."""
        box = self._box
        box.chances = CALM
        for site in box.sites:
            site.app.troubles.mend()
            if isinstance(site, ShopifySite):
                access.let_in_for_good(box, site)
        self._checks.parcels.comes_to_rest()
        self._settle("the webhooks that were under way")
        for site in box.sites:
            if site.name not in box.missed and not site.silent:
                self._knows_what_is_true(site.name, "without a catch-up")
        box.now += REGULAR
        self._settle("what a regular catch-up and audit found")
        for site in box.sites:
            self._mended_itself(site.name)
            self._reconcile(box.ids[site.name])
        self._settle("a catch-up")
        while until := max(self._checks.money.waits_until(), self._checks.parcels.waits_until()):
            box.now = max(box.now, instant(until))
            self._settle("a cancellation or a parcel that was looked for")
        self._checks.money.ended()
        self._checks.parcels.ended()
        self._checks.besides.ended()
        for site in box.sites:
            self._knows_what_is_true(site.name, "after a catch-up")
            self._gave_what_is_there(site.name)
            self._wrote_what_it_wants(site.name)
            self._told_whom_it_had_to(site.name)
            told_that_it_is_here(box, site)
            notes_are_there(box, site)
            self._says_one_date(site.name)
            shelves_follow(box, self._store(site.name), site)
        self._nothing_moves()
        self._checks.all_kept()

    def _one(self, statement: str, *values: object) -> Any:
        return self._sql.execute(statement, values).fetchone()[0]

    # Coming to rest

    def _reconcile(self, store_id: int) -> None:
        world = self._box.world
        with world.database.write() as conn:
            stores.note(conn, store_id, calm_until=None)
        audit(world, store_id)
        catch_up(world, store_id, sweep_ids=True)

    def _settle(self, what: str) -> None:
        """Deliver and work until nothing is left. Work that was put off before may take until its own time."""
        box = self._box
        deferred = self._put_off()
        if deferred > LONGEST:
            raise Violation(f"{what}: work is put off until {box.now + deferred}; it is {box.now}.")
        worked = timedelta()
        for _ in range(ROUNDS):
            self._deliver()
            sweep.give_up_abandoned(box.world)
            rings = sweep.due(box.world)
            for ring in rings:
                box.job(ring, Random(0))
            self._checks.after_step()
            box.now += ROUND
            worked += ROUND
            if rings or box.late or any(site.pending_now() for site in box.sites):
                continue
            if not self._open():
                return
            if sweep.due(box.world):
                # It became due just now.
                continue
            before = box.now
            later = [moment for moment in (next_due(box.world), self._called_again()) if moment is not None]
            box.now = max(box.now + timedelta(seconds=1), min(later, default=box.now))
            worked += box.now - before
            limit = LIMIT if self._open(items=False) else LIMIT + AN_ITEM
            if worked > limit + deferred:
                raise Violation(f"{int(worked.total_seconds())} s after {what} there is still: {self._open()}")
        raise Violation(f"After {what} the work does not come to an end: {self._open()}")

    def _deliver(self) -> None:
        box = self._box
        die = Random(0)
        for site, path, headers, body in box.late:
            box.post(site, path, headers, body)
        box.late.clear()
        for site in box.sites:
            while site.pending_now():
                site.send(die)

    def _put_off(self) -> timedelta:
        latest = max(
            self._one("SELECT COALESCE(MAX(due_at), 0) FROM actions WHERE state IN ('due', 'running', 'unknown')"),
            self._one("SELECT COALESCE(MAX(due_at), 0) FROM notices WHERE state IN ('due', 'running')"),
            self._one("SELECT COALESCE(MAX(due_at), 0) FROM item_writes WHERE state IN ('due', 'running', 'unknown')"),
            self._one("SELECT COALESCE(MAX(calm_until), 0) FROM stores"),
            self._one("SELECT COALESCE(MAX(until), 0) FROM leases"),
        )
        return max(timedelta(), instant(latest) - self._box.now)

    def _called_again(self) -> datetime | None:
        """When the next store that failed may be called again, however often it did."""
        found = self._sql.execute(
            "SELECT calm_until FROM stores WHERE health IN ('good', 'backing_off') AND calm_until > 0"
        )
        return min((at for at in (instant(row[0]) for row in found) if at > self._box.now), default=None)

    def _open(self, *, items: bool = True) -> str:
        """What is left to do, in words; empty when nothing is. `items`: what is written to items, too.

        A note of unknown outcome is none of it: it is looked for within half an hour, and nobody waits for it.
        """
        live = "store_id IN (SELECT id FROM stores WHERE mode = 'on' AND health <> 'gone')"
        counts = {
            "deliveries": "SELECT COUNT(*) FROM deliveries WHERE state = 'due'",
            "dirty items": "SELECT COUNT(*) FROM items WHERE dirty_seq > done_seq",
            "unread orders": "SELECT COUNT(*) FROM orders WHERE unread OR review",
            "pools in doubt": "SELECT COUNT(*) FROM pools WHERE again_at IS NOT NULL",
            "writes": f"SELECT COUNT(*) FROM actions WHERE {live} AND (state IN ('due', 'running') "
            f"OR (state = 'unknown' AND kind <> 'note')) AND NOT ({OF_NOBODY})",
            "writes to items": f"SELECT COUNT(*) FROM item_writes WHERE {live} "
            "AND state IN ('due', 'running', 'unknown')",
            "mails": f"SELECT COUNT(*) FROM notices WHERE {live} AND state IN ('due', 'running')",
            "stores at rest": "SELECT COUNT(*) FROM stores WHERE calm_until IS NOT NULL AND health = 'backing_off'",
        }
        paused = {site.name for site in self._box.sites if self._store(site.name).policy.paused}
        found = {name: self._one(counts[name]) for name in counts}
        told = "; ".join(row[0] for row in self._sql.execute("SELECT trouble FROM stores WHERE health <> 'good'"))
        if paused:
            found["writes"] = found["writes to items"] = found["mails"] = 0
        if not items:
            found["writes to items"] = 0
        return ", ".join([*(f"{count} {name}" for name, count in found.items() if count), *([told] if told else [])])

    # What must be so then

    def _store(self, name: str) -> Store:
        with self._box.world.database.read() as conn:
            return stores.get(conn, self._box.ids[name])

    def _site(self, name: str) -> Any:
        return next(site for site in self._box.sites if site.name == name)

    def _client(self, store: Store) -> Any:
        world = self._box.world
        site = self._box.site_of(store.id)
        return get(store.platform).client(store.address, site.credentials, self._box.transport, world.clock)

    def _knows_what_is_true(self, name: str, when: str, but: Collection[int] = ()) -> None:
        store = self._store(name)
        true = {}
        for order in self._site(name).orders():
            for line in order.lines if order.visible and order.id not in but else ():
                for pool, units in line.owed.items():
                    true[order.id, line.id, pool.item, pool.location] = units
        rows = self._sql.execute(
            "SELECT order_id, line_id, parts.item, location, outstanding FROM parts JOIN order_lines "
            "USING (store_id, order_id, line_id) "
            "WHERE store_id = ? AND outstanding > 0 AND ignored IS NULL AND parts.item > 0",
            (store.id,),
        )
        known = {tuple(row[:4]): Decimal(row[4]) / SCALE for row in rows if row[0] not in but}
        if known != true:
            wrong = {key: (known.get(key), true.get(key)) for key in known.keys() | true.keys()}
            told = {key: pair for key, pair in sorted(wrong.items()) if pair[0] != pair[1]}
            raise Violation(f"{name}, {when}: (order, line, item, location): (known, true) {told}")

    def _mended_itself(self, name: str) -> None:
        """What no webhook told is known by now, and no webhook that the shop took away is missing any more."""
        store, site = self._store(name), self._site(name)
        if store.health is not Health.GOOD:
            return
        silent = site.taken_off - site.told_of()
        if silent:
            raise Violation(f"{name}: its webhook for {sorted(silent)[0]} was taken away, and nobody put it back.")
        pulled = instant(self._one("SELECT COALESCE(pulled_at, 0) FROM stores WHERE id = ?", store.id))
        if pulled < self._box.now - REGULAR / 2:
            raise Violation(f"{name}: since {pulled} nobody looked for what no webhook told; it is {self._box.now}.")
        self._knows_what_is_true(name, "after a regular catch-up", site.only_by_id)

    def _gave_what_is_there(self, name: str) -> None:
        """No unit lies there unused while a line waits that does not let others pass, and none is given that is not
        there.
        """
        box, store = self._box, self._store(name)
        supply, stuck = self._site(name).supply(self._checks.book(store.id)), self._site(name).stuck()
        policy, chosen = rules.policy_of(self._box.ask, store.id), rules.chosen_of(self._box.ask, store.id)
        sums: dict[Pool, list[int]] = {}
        for order, parts in rules.owed_of(self._box.ask, store.id).items():
            passed = rules.may_be_passed(policy, chosen[order], parts, rules.day_of(policy, box.now))
            for part in parts:
                if part.item:
                    found = sums.setdefault(Pool(part.item, part.location), [0, 0, 0])
                    found[0] += part.allocated
                    found[1] += part.firm
                    asks = part.cancel_wished_at is None and not passed
                    found[2] += part.outstanding - part.allocated if asks else 0
        for pool, (allocated, firm, waits) in sums.items():
            self._checks.given.at_rest(store.id, pool)
            there = supply.get(pool, ZERO) * SCALE
            if allocated > max(there + stuck.get(pool, ZERO) * SCALE, firm):
                raise Violation(
                    f"{name}: {allocated / SCALE:g} units of {pool.item} are given, {there / SCALE:g} are there."
                )
            if waits and allocated + rules.kept_back(self._box.ask, policy, store.id, pool.item) < there:
                raise Violation(
                    f"{name}: {waits / SCALE:g} units of {pool.item} at {pool.location} wait, "
                    f"{allocated / SCALE:g} are given, and {there / SCALE:g} are there at {box.now}."
                )

    def _wrote_what_it_wants(self, name: str) -> None:
        """What the shop has of ours is what we want it to have."""
        store = self._store(name)
        if store.mode is not Mode.ON or store.policy.paused or store.health is not Health.GOOD:
            return
        rows = self._sql.execute(
            "SELECT order_id FROM orders WHERE store_id = ? AND status <> 'gone' AND desired IS NOT NULL "
            "AND order_id NOT IN (SELECT order_id FROM actions WHERE store_id = orders.store_id AND state = 'failed' "
            "AND side_seq = orders.side_seq) ORDER BY order_id",
            (store.id,),
        )
        ids = [row[0] for row in rows]
        there = {read.reading.order.id: read for read in self._client(store).read_orders(ids).found}
        with self._box.world.database.read() as conn:
            books = orderbook.load(conn, store.id, ids)
        for order_id, book in books.items():
            wants = book.desired or StoreSide()
            read = there.get(order_id)
            if read is None:
                continue
            has = read.found
            ours = set().union(*(tags_of_ours(prefix) for prefix in PREFIXES))
            # Nobody else gives orders a tag of ours. What somebody else holds cannot be held in part.
            tags = {tag for tag in read.reading.order.tags if tag in ours}
            too_much = lacks_holds(has, wants, ())
            same = (has.shown, has.line_dates, has.noted) == (wants.shown, wants.line_dates, wants.noted)
            if not same or too_much or lacks_holds(wants, has, read.kept) or tags != set(wants.tags):
                raise Violation(f"{name}: order {order_id} has {has} and {sorted(tags)}, and we want {wants}.")
            standing = book.standing(store.policy, today_of(store, self._box.now))
            waits = {(x.line_id, p.pool): p for x in standing.lines for p in x.parts}
            for held in wants.held:
                part = next(
                    p
                    for (line, pool), p in waits.items()
                    if line == held.line_id and pool and pool.location == held.location
                )
                if held.units > part.outstanding - part.firm:
                    raise Violation(f"{name}: order {order_id} holds firm units of line {held.line_id}.")

    def _told_whom_it_had_to(self, name: str) -> None:
        """A mail for each message that counts as sent, at most one for each of unknown outcome, none for others."""
        store = self._store(name)
        sent: dict[str, int] = {}
        for mail in self._box.mails:
            sent[mail.message.message_id] = sent.get(mail.message.message_id, 0) + 1
        rows = self._sql.execute("SELECT id, state, message_id FROM notices WHERE store_id = ?", (store.id,))
        for notice, state, message_id in rows:
            count = sent.get(message_id, 0)
            if (state == "done" and count != 1) or (state not in ("done", "unknown") and count):
                raise Violation(f"{name}: message {notice} is {state}, and {count} were sent.")
        since = self._box.telling.get((name, "backordered"))
        if since is None or store.policy.paused:
            return
        rows = self._sql.execute(
            "SELECT order_id FROM orders o WHERE store_id = ? AND status = 'open' AND EXISTS (SELECT 1 FROM parts p "
            "JOIN order_lines l USING (store_id, order_id, line_id) WHERE p.store_id = o.store_id AND "
            "p.order_id = o.order_id AND p.decided AND p.allocated < p.outstanding AND l.ignored IS NULL "
            "AND l.cancel_wished_at IS NULL AND (l.answer IS NULL OR l.answer = 'accept')) "
            "AND NOT EXISTS (SELECT 1 FROM notices n WHERE n.store_id = o.store_id "
            "AND n.order_id = o.order_id AND n.kind = 'backordered')",
            (store.id,),
        )
        entered = self._site(name).entered
        for (order_id,) in rows:
            if order_id in entered and entered[order_id] > since:
                raise Violation(f"{name}: order {order_id} waits, and its customer was never told.")

    def _says_one_date(self, name: str) -> None:
        """The date of a line follows from what comes, is the same wherever it is read, and no day of the past."""
        box, store = self._box, self._store(name)
        rows = self._sql.execute(
            "SELECT order_id, line_id, parts.item, location, promise_late FROM parts JOIN order_lines "
            "USING (store_id, order_id, line_id) WHERE store_id = ? AND promise_late IS NOT NULL AND ignored IS NULL "
            "AND allocated < outstanding ORDER BY order_id",
            (store.id,),
        ).fetchall()
        today = box.now.astimezone(ZoneInfo(store.timezone)).date()
        for order_id, line_id, _item, _location, late in rows:
            if late < today.isoformat():
                raise Violation(f"{name}: line {line_id} of order {order_id} is promised for {late}; it is {today}.")
        dates_follow_from_supply(box, store)
        pages_agree(box, store, self._site(name))

    def _nothing_moves(self) -> None:
        """A second look at an unchanged world changes nothing."""
        box = self._box

        def moved() -> tuple[int, ...]:
            return (
                sum(len(site.effects()) for site in box.sites),
                len(box.mails),
                self._one("SELECT COUNT(*) FROM decisions"),
                self._one("SELECT COUNT(*) FROM actions"),
            )

        before = moved()
        for site in box.sites:
            self._reconcile(box.ids[site.name])
        self._settle("a second catch-up")
        if moved() != before:
            raise Violation(f"A second catch-up changed something: {before} became {moved()}.")
