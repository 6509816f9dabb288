"""What must hold at every moment. Each check reads the tables by SQL of its own, and the shops as they truly are."""

import hashlib
import json
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection

from backorder.db.columns import EPOCH
from demo.stores.journal import Effect
from tests.simulation.access import Access
from tests.simulation.besides import Besides
from tests.simulation.box import Box, Violation
from tests.simulation.choices import Choices
from tests.simulation.fresh import released_on_what_is
from tests.simulation.given import BY_HAND, Given
from tests.simulation.happened import Actor, Mail
from tests.simulation.money import Money
from tests.simulation.pages import Said
from tests.simulation.parcels import Parcels
from tests.simulation.rules import SCALE, in_mid_write
from tests.simulation.shopify_site import ShopifySite
from tests.simulation.site import Book
from tests.simulation.told import Told
from tests.simulation.within import within
from tests.simulation.words import told_to_wait

FRESH = timedelta(seconds=61)
FOR_EVER = ("deliveries", "actions", "notices", "decisions", "cancellations")
"""What was received, decided, tried and said is never forgotten."""
READ = {"orders": "order_id", "pools": "item, location"}
"""What was read of a store, and by what it is known."""
OURS = ("fulfillment", "order", "note", "tags", "metafields", "refund", "product")
"""Words of effects that a shop has only of one that is switched on."""


class Checks:
    """The checks of one run, with what they remember from step to step."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._sql = box.sql
        self._told = Told(box)
        self._choices = Choices(box)
        self.given = Given(box)
        self.money = Money(box)
        self.parcels = Parcels(box)
        self.besides = Besides(box)
        self.access = Access(box, box.world.sealer)
        self._said = Said(box)
        self._deliveries = self._mails = self._acknowledged = self._decisions = 0
        self._effects: dict[str, int] = {}
        self._keys: set[tuple[Any, ...]] = set()
        self._operations: set[tuple[str, ...]] = set()
        self._messages: set[str] = set()
        self._in_mid_write: set[tuple[str, int, datetime]] = set()
        self._rows: dict[str, int] = {}

    def after_step(self) -> None:
        """Everything that can be asked of a world between two steps. Raises Violation."""
        self.sample()
        self._inbox()
        self._nothing_vanishes()
        self._told.look()
        self._people()
        self._outgoing()
        self._hands()
        self._customers()
        self.money.look()
        self.parcels.look()
        self.access.look()

    # What came in

    def _inbox(self) -> None:
        box = self._box
        rows = self._sql.execute(
            "SELECT id, store_id, headers, body FROM deliveries WHERE id > ?", (self._deliveries,)
        ).fetchall()
        for row_id, store_id, headers, body in rows:
            self._deliveries = max(self._deliveries, row_id)
            told = json.loads(headers)
            key = (
                store_id,
                told.get("x-shopify-webhook-id"),
                told.get("x-wc-webhook-id"),
                told.get("x-wc-webhook-delivery-id"),
                hashlib.sha256(body).hexdigest() if "x-wc-webhook-id" in told else "",
            )
            if key in self._keys:
                raise Violation(f"Delivery {row_id} is kept twice.")
            self._keys.add(key)
            here = box.site_of(store_id).name
            for site in box.sites:
                if site.name != here and f"@{site.name}.example".encode() in body:
                    raise Violation(f"Delivery {row_id} of {site.name} was kept as one of {here}.")
        for known in box.acknowledged[self._acknowledged :]:
            if not self._kept(known.store_id, known.body):
                raise Violation(f"A webhook was answered with 200 and is not kept: {known.label}.")
        self._acknowledged = len(box.acknowledged)

    def _kept(self, store_id: int, body: bytes) -> bool:
        found = self._sql.execute("SELECT 1 FROM deliveries WHERE store_id = ? AND body = ? LIMIT 1", (store_id, body))
        return found.fetchone() is not None

    def _nothing_vanishes(self) -> None:
        for table in FOR_EVER:
            count = self._sql.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]
            if count < self._rows.get(table, 0):
                raise Violation(f"A row of {table} vanished.")
            self._rows[table] = count

    def all_kept(self) -> None:
        """Every webhook ever acknowledged is there."""
        for known in self._box.acknowledged:
            if not self._kept(known.store_id, known.body):
                raise Violation(f"A webhook was answered with 200 and was lost: {known.label}.")

    # What we know

    def _knowledge(self, conn: Connection, written: Collection[str]) -> None:
        """What was read later is never replaced by what was read earlier."""
        for table, columns in READ.items():
            if table not in written:
                continue
            read = f"SELECT store_id, {columns}, read_began FROM {table} WHERE read_began IS NOT NULL"
            before = {tuple(key): began for *key, began in self._sql.execute(read)}
            for *key, began in within(conn, read):
                if began < before.get(tuple(key), began):
                    raise Violation(f"An older reading replaced a newer one in {(table, *key)}.")

    # What we decided

    def sample(self) -> None:
        """How many units are truly there for orders that we know."""
        self.given.sample()

    def book(self, store_id: int) -> Book:
        """What our book has of a store."""
        return self.given.book(store_id)

    def committing(self, conn: Connection, actor: Actor, written: Collection[str]) -> None:
        """Before a transaction of a worker is committed."""
        self._knowledge(conn, written)
        self.given.committing(conn, actor, written)
        self._choices.committing(conn, written)
        self.parcels.committing(conn, written)
        self.besides.committing(conn, written)
        self._said.committing(conn, written)
        if "items" in written:
            self._told.marked(conn)

    # What left for the shops

    def calling(self, url: str, headers: Mapping[str, str], data: bytes | str | None) -> None:
        """Before a call leaves."""
        self.access.calling(url, headers)
        self.money.calling(data)
        released_on_what_is(self._box, data)
        self.parcels.calling(url, data)
        self.besides.calling(url, data)

    def _people(self) -> None:
        """Note which holds and tags a person took off in the middle of a write of ours."""
        for site in self._box.sites:
            if not isinstance(site, ShopifySite):
                continue
            undone = [*site.let_go.items(), *((order, when) for (order, _), when in site.untagged.items())]
            for order, when in undone:
                if when >= self._box.step_began and in_mid_write(self._box.ask, self._box.ids[site.name], order):
                    self._in_mid_write.add((site.name, order, when))

    def _outgoing(self) -> None:
        box = self._box
        for site in box.sites:
            effects = site.effects()
            new = effects[self._effects.get(site.name, 0) :]
            self._effects[site.name] = len(effects)
            for effect in new:
                if not any(word in effect.kind for word in OURS):
                    continue
                if not box.may_act.get(site.name, False):
                    raise Violation(f"{site.name} is only watched, and got {effect.kind} on {effect.target}.")
                once = effect.kind in ("fulfillmentOrderHold", "POST note") and effect.operation
                key = (site.name, effect.kind, effect.target, effect.operation)
                let_go = isinstance(site, ShopifySite) and site.order_of(effect.target) in site.let_go
                if once and key in self._operations and not let_go:
                    raise Violation(f"{effect.kind} with {effect.operation} was done twice on {effect.target}.")
                self._operations.add(key)
                if effect.kind == "fulfillmentOrderReleaseHold":
                    # Ours is off again, for one that holds too much is set anew: by the same write, maybe.
                    gone = (site.name, "fulfillmentOrderHold", effect.target)
                    self._operations -= {done for done in self._operations if done[:3] == gone}
                if isinstance(site, ShopifySite):
                    self._respects_people(site, effect)

    def _respects_people(self, site: ShopifySite, effect: Effect) -> None:
        """What a person undid is not done again for the same reason."""
        if effect.kind not in ("fulfillmentOrderHold", "tagsAdd"):
            return
        box = self._box
        order = site.order_of(effect.target)
        if effect.kind == "fulfillmentOrderHold":
            when = site.let_go.get(order)
        else:
            when = max(
                (at for (of, tag), at in site.untagged.items() if of == order and tag in effect.detail.split(",")),
                default=None,
            )
        if when is None or when >= box.step_began or site.touched.get(order, when) > when:
            return
        if (site.name, order, when) in self._in_mid_write:
            return
        since = (when - EPOCH) // timedelta(microseconds=1)
        decided = self._sql.execute(
            "SELECT COUNT(*) FROM decisions WHERE store_id = ? AND order_id = ? AND at > ? AND rule <> ?",
            (box.ids[site.name], order, since, BY_HAND),
        ).fetchone()[0]
        if not decided and not self._of_other_units(site, order, since, effect):
            raise Violation(
                f"{effect.kind} was done again on order {order}, where a person had undone it: {effect.detail}."
            )

    def _of_other_units(self, site: ShopifySite, order: int, since: int, effect: Effect) -> bool:
        """Whether what a person let go stays so, and a hold is of units that joined the order unseen before that, or of
        lines that had not been held yet.
        """
        if effect.kind != "fulfillmentOrderHold" or not effect.detail:
            return False
        held = {int(line): Decimal(units) for line, units in (each.split(":") for each in effect.detail.split(","))}
        rows = self._sql.execute(
            "SELECT line_id, SUM(outstanding - firm) FROM parts WHERE store_id = ? AND order_id = ? AND EXISTS ("
            " SELECT 1 FROM decisions d WHERE d.store_id = parts.store_id AND d.order_id = parts.order_id"
            " AND d.line_id = parts.line_id AND d.at > ? AND d.rule = ?) GROUP BY line_id",
            (self._box.ids[site.name], order, since, BY_HAND),
        )
        left = {row[0]: Decimal(row[1]) / SCALE for row in rows}
        let_go = site.let_go_lines.get(order, set())
        return all(line not in let_go or units <= left.get(line, Decimal()) for line, units in held.items())

    def _hands(self) -> None:
        """What counts as a person's doing in a shop was done by a person."""
        box = self._box
        rows = self._sql.execute("SELECT id, store_id, order_id, rule FROM decisions WHERE id > ?", (self._decisions,))
        for decision, store_id, order, rule in rows.fetchall():
            self._decisions = max(self._decisions, decision)
            site = box.site_of(store_id)
            if decision in self.given.by_merchant:
                continue
            if rule == BY_HAND and not (isinstance(site, ShopifySite) and order in site.let_go):
                raise Violation(f"Units of order {order} count as released by hand, and nobody released them.")
        refused = self._sql.execute(
            "SELECT store_id, order_id, refused_tags FROM orders WHERE refused_tags IS NOT NULL"
        )
        for store_id, order, tags in refused.fetchall():
            site = box.site_of(store_id)
            for tag in json.loads(tags):
                if not (isinstance(site, ShopifySite) and (order, tag) in site.untagged):
                    raise Violation(f"Tag {tag} of order {order} counts as taken off, and nobody took it off.")

    # What customers read

    def taken(self, mail: Mail) -> None:
        """At the moment at which a mail is taken: does it say what is so?"""
        self.parcels.taken(mail)
        told_to_wait(self._box, mail)
        self._said.taken(mail)
        box, message = self._box, mail.message
        _, store, notice = message.message_id.partition("@")[0].split("-")
        site = box.site_of(int(store))
        ahead = self._sql.execute(
            "SELECT a.order_id, a.kind FROM notices n JOIN actions a USING (store_id, order_id) "
            "WHERE n.id = ? AND a.side_seq <= n.side_seq AND a.kind <> 'note' "
            "AND a.state IN ('due', 'running', 'unknown')",
            (int(notice),),
        ).fetchone()
        if ahead is not None:
            raise Violation(f"{site.name}: a customer was told of order {ahead[0]} before its {ahead[1]} was written.")
        if "are here" not in message.subject or not isinstance(site, ShopifySite):
            return
        name = message.subject.split(":")[0].removeprefix("Your order ")
        touched = site.touched_at(name)
        if site.all_held(name) and (touched is None or touched < box.now - FRESH):
            raise Violation(f"{site.name}: a customer was told that order {name} is here, and we hold all of it.")

    def _customers(self) -> None:
        box = self._box
        for mail in box.mails[self._mails :]:
            message = mail.message
            if message.message_id in self._messages:
                raise Violation(f"{message.message_id} was sent twice: {message.subject}.")
            self._messages.add(message.message_id)
            store_id = int(message.message_id.split("-")[1])
            site = box.site_of(store_id)
            if message.recipient != f"ada@{site.name}.example":
                raise Violation(f"A mail of {site.name} went to {message.recipient}.")
            strangers = [other.name for other in box.sites if other is not site and f"{other.name} " in message.text]
            if strangers:
                raise Violation(f"A mail of {site.name} speaks of {strangers[0]}.")
            if not box.may_act.get(site.name, False):
                raise Violation(f"{site.name} is only watched, and a customer was written to: {message.subject}.")
        self._mails = len(box.mails)
