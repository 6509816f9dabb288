"""What is given, and to whom: no more than is there, in order of service, by whose hand, and what is firm stays."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

from sqlalchemy import Connection

from backorder.domain.supply import Pool
from tests.simulation import rules
from tests.simulation.box import Box, Violation
from tests.simulation.happened import Actor
from tests.simulation.replayed import Replayed
from tests.simulation.rules import DAY, PIN, SCALE, Chosen, Facts, Owed, instant
from tests.simulation.site import Book
from tests.simulation.within import within

BY_HAND = "by_hand"
TAKEN_BY_HAND = "taken_by_hand"
PACKED = "packed"
FIRM = "SELECT store_id, order_id, line_id, item, location, firm, outstanding FROM parts"
SHIPPED = "SELECT store_id, order_id, line_id, shipped FROM order_lines"
GIVEN_OF = (
    "SELECT order_id, line_id, allocated FROM parts WHERE store_id = :s AND item = :i AND location = :l "
    "AND allocated > 0"
)
PLACES = (
    "SELECT p.order_id, p.line_id, p.queue_time, p.queued_at, l.added_at "
    "FROM parts p JOIN order_lines l USING (store_id, order_id, line_id) WHERE p.store_id = :s AND p.outstanding > 0"
)
QUEUE = (
    "SELECT p.queue_time, p.order_id, p.line_id, p.queued_at, p.outstanding, p.allocated, p.decided, "
    "l.cancel_wished_at FROM parts p JOIN order_lines l USING (store_id, order_id, line_id) "
    "WHERE p.store_id = :s AND p.item = :i AND p.location = :l AND p.outstanding > 0 AND l.ignored IS NULL"
)
DECIDED = (
    "SELECT id, store_id, order_id, line_id, item, location, rule, before, allocated, firm, at FROM decisions "
    "WHERE id > :last"
)


@dataclass(frozen=True, slots=True, order=True)
class Queued:
    """A part in its pool's queue, in order of service."""

    queue_time: int
    order_id: int
    line_id: int
    queued_at: int
    outstanding: int
    allocated: int
    decided: int
    cancel_wished_at: int | None

    @property
    def waits(self) -> bool:
        """Whether a pass found it short and its customer still wants it."""
        return bool(self.decided) and self.cancel_wished_at is None and self.allocated < self.outstanding

    @property
    def pinned(self) -> bool:
        """Whether it stands before everybody."""
        return instant(self.queued_at) - instant(self.queue_time) >= PIN

    def __str__(self) -> str:
        return f"line {self.line_id} of order {self.order_id} ({instant(self.queue_time)})"


class Given:
    """The checks of what is given, with what they remember of what was there."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._sql = box.sql
        self._samples: dict[tuple[int, Pool], list[tuple[datetime, int]]] = {}
        self.by_merchant: set[int] = set()
        """Decisions by which a merchant gave units by hand."""
        self.replayed = Replayed(box)
        self.sample()

    def sample(self) -> None:
        """How many units are truly there for orders that we know."""
        box = self._box
        for site in box.sites:
            store_id = box.ids.get(site.name)
            if store_id is None:
                continue
            stuck = site.stuck()
            for pool, units in site.supply(self.book(store_id)).items():
                units += stuck.get(pool, 0)
                told = self._samples.setdefault((store_id, pool), [])
                told.append((box.now, int(units * SCALE)))
                del told[:-400]

    def book(self, store_id: int) -> Book:
        """What our book has of a store."""
        known = self._sql.execute("SELECT order_id FROM orders WHERE store_id = ? AND status = 'open'", (store_id,))
        owed = self._sql.execute(
            "SELECT order_id, line_id, item, location, outstanding FROM parts WHERE store_id = ?", (store_id,)
        )
        return Book(
            {row[0] for row in known}, {(row[0], row[1], Pool(row[2], row[3])): Decimal(row[4]) / SCALE for row in owed}
        )

    def _most(self, store_id: int, pool: Pool, since: datetime) -> int:
        """The most units that were there at any time since then."""
        told = self._samples.get((store_id, pool), [])
        most = 0
        for at, units in reversed(told):
            most = max(most, units)
            if at < since:
                break
        return most

    def before(self, statement: str, values: Any) -> list[Any]:
        """What the tables say to those outside the present transaction: what was so before it."""
        return self._sql.execute(statement, values).fetchall()

    def committing(self, conn: Connection, actor: Actor, written: Iterable[str]) -> None:
        """Before a transaction of a worker is committed."""
        if not {"parts", "orders", "stores"}.isdisjoint(written):
            self._places(conn)
        rows: list[Any] = []
        if "decisions" in written:
            last = self.before("SELECT COALESCE(MAX(id), 0) FROM decisions", ())[0][0]
            rows = within(conn, DECIDED, {"last": last})
        if "parts" in written:
            self._firm_stays(conn, rows)
        self.replayed.committing(conn, actor, len(rows))
        if not rows:
            return
        self.sample()
        if actor.name.startswith("merchant") and any(row.rule != PACKED for row in rows):
            self._as_agreed(rows)
        changed: dict[tuple[int, int, int], int] = {}
        gains: dict[tuple[int, int, int], list[Any]] = {}
        for row in rows:
            key = (row.store_id, row.item, row.location)
            if row.rule != BY_HAND:
                changed[key] = changed.get(key, 0) + row.allocated - row.before
                if row.allocated > row.before:
                    gains.setdefault(key, []).append(row)
        for key in gains:
            self._not_oversold(conn, actor, key, changed[key])
            most = self._most(key[0], Pool(key[1], key[2]), actor.began)
            # A unit that goes over from a newer line to an older one is none of those that are kept back.
            self._in_turn(conn, key, gains[key], most if changed[key] > 0 else None)

    def _places(self, conn: Connection) -> None:
        """Each line stands where its order's day and the merchant's rules put it."""
        now = partial(within, conn)
        for store_id in self._box.ids.values():
            policy = rules.policy_of(now, store_id)
            facts = {row[0]: Facts(*row) for row in now(rules.FACTS, {"s": store_id})}
            site = self._box.site_of(store_id)
            # Shops tell of moments by the second.
            placed = {order.id: order.placed_at.replace(microsecond=0) for order in site.orders()}
            for order_id, line_id, queue_time, queued_at, added_at in now(PLACES, {"s": store_id}):
                told = instant(facts[order_id].placed_at)
                if placed.get(order_id, told.replace(microsecond=0)) != told.replace(microsecond=0):
                    raise Violation(f"Order {order_id} was placed {placed[order_id]}, and not {told}.")
                late = added_at is not None and policy["late_lines_wait"]
                since = max(told, instant(added_at)) if late else told
                due = since - rules.head_start(policy, facts[order_id])
                if (instant(queued_at), instant(queue_time)) != (since, due):
                    raise Violation(
                        f"Line {line_id} of order {order_id} waits since {since} and queues from {due}; "
                        f"it stands at {instant(queued_at)} and {instant(queue_time)}."
                    )

    def _firm_stays(self, conn: Connection, made: Iterable[Any]) -> None:
        """What the store lets ship stays where it is, as long as it is owed, unless the merchant's hand takes it. What
        was is read from outside.
        """
        now = {tuple(row[:5]): (row[5], row[6]) for row in within(conn, FIRM)}
        taken = {
            (row.store_id, row.order_id, row.line_id, row.item, row.location): row.firm
            for row in made
            if row.rule == TAKEN_BY_HAND
        }
        shipped = {tuple(row[:3]): row[3] for row in within(conn, SHIPPED)}
        left = {tuple(key): shipped.get(tuple(key), 0) - was for *key, was in self.before(SHIPPED, ())}
        for *key, units, _ in self.before(FIRM, ()):
            firm, outstanding = now.get(tuple(key), (0, 0))
            # Units that left are given no more.
            stay = units - max(0, left.get(tuple(key[:3]), 0))
            if firm < min(stay, outstanding, taken.get(tuple(key), units)):
                raise Violation(f"Firm units of {key} were moved: {units / SCALE:g} became {firm / SCALE:g}.")

    def _as_agreed(self, made: Iterable[Any]) -> None:
        """Who loses units by the merchant's hand is who was named before, and all of it goes to one line."""
        agreed = self._box.agreed
        given = [row for row in made if row.rule == BY_HAND]
        taken = [row for row in made if row.rule == TAKEN_BY_HAND]
        self.by_merchant |= {row.id for row in given}
        was = {tuple(row[:5]): row[5] for row in self.before(FIRM, ())}
        lost = {
            (row.order_id, row.line_id): (
                row.before - row.allocated,
                was[row.store_id, row.order_id, row.line_id, row.item, row.location] - row.firm,
            )
            for row in taken
        }
        losses = agreed.losses if agreed else ()
        # Who only ships later by it is named too, and loses no unit.
        named = {(x.order_id, x.line_id): (x.units * SCALE, x.firm * SCALE) for x in losses if x.units}
        if lost != named:
            raise Violation(f"The merchant agreed to {named}, and {lost} were taken.")
        if len(given) > 1 or sum(units for units, _ in lost.values()) > sum(x.allocated - x.before for x in given):
            raise Violation(f"{lost} were taken by hand, and {given} were given.")

    def _not_oversold(self, conn: Connection, actor: Actor, key: tuple[int, int, int], change: int) -> None:
        if change <= 0:
            return
        store_id, item, location = key
        given = within(conn, GIVEN_OF, {"s": store_id, "i": item, "l": location})
        site, book = self._box.site_of(store_id), self.book(store_id)
        # What is given to a line that was cancelled unseen is nobody's: its units went back to the stock.
        found = sum(
            min(row.allocated, site.at_most(row.order_id, row.line_id, Pool(item, location), book) * SCALE)
            for row in given
        )
        most = self._most(store_id, Pool(item, location), actor.began)
        if found > most and not self._looks_unmoved(store_id, Pool(item, location), book):
            raise Violation(f"{found / SCALE:g} units are given of {key}, where {most / SCALE:g} are there.")

    def _looks_unmoved(self, store_id: int, pool: Pool, book: Book) -> bool:
        """Whether movements that nobody told of cancel out, such as a count that took what an unseen cancellation gave
        back. A shop that shows one net figure then looks to everybody as it did before.
        """
        net = self._box.site_of(store_id).net(pool)
        if net is None:
            return False
        owed = sum((units for (order, _, of), units in book.owed.items() if of == pool and order in book.orders), net)
        believed = self.before("SELECT on_hand FROM pools WHERE store_id = ? AND item = ?", (store_id, pool.item))
        return [(int(owed * SCALE),)] == believed

    def _in_turn(self, conn: Connection, key: tuple[int, int, int], gains: Iterable[Any], most: int | None) -> None:
        """Who gained in this transaction, who stands before them and waits, and what is left behind them?"""
        store_id, item, location = key
        where = {"s": store_id, "i": item, "l": location}
        site, pool, book = self._box.site_of(store_id), Pool(item, location), self.book(store_id)
        known = {order.id for order in site.orders()}
        queue = sorted(found for row in within(conn, QUEUE, where) if (found := Queued(*row)).order_id in known)
        # Choices are those that the plan was made under: none of them changes in its own transaction. A share of goods
        # that came is kept back from that very plan.
        old = {(row[1], row[2]) for row in self.before(QUEUE, where) if row[6]}
        policy = rules.policy_of(self.before, store_id)
        kept_back = rules.kept_back(partial(within, conn), policy, store_id, item)
        gained = {(row.order_id, row.line_id): row for row in gains}
        at = instant(max(row.at for row in gained.values()))
        passes = Passes(
            policy,
            rules.day_of(policy, at),
            rules.chosen_of(self.before, store_id),
            rules.owed_of(partial(within, conn), store_id),
        )
        waiting: list[Queued] = []
        given = 0
        for line in queue:
            gains_here = (line.order_id, line.line_id) in gained
            new = (line.order_id, line.line_id) not in old
            if gains_here and line.cancel_wished_at is not None:
                raise Violation(f"{line} is to be cancelled, and was given units.".capitalize())
            before = given + line.allocated
            # What is given to a line that was cancelled unseen is nobody's.
            gone = site.at_most(line.order_id, line.line_id, pool, book) * SCALE < line.allocated
            if gains_here and not new and not gone and most is not None and most - before < kept_back:
                raise Violation(f"{line} was given units that are kept back.".capitalize())
            # A new line may take units that are kept back from older ones.
            if gains_here and not (new and kept_back):
                passes.look(line, waiting)
            if not passes.may_be_served_later(line):
                given = before
            if line.waits:
                waiting.append(line)
        late = [line for line in queue if (line.order_id, line.line_id) in gained and not line.pinned]
        passes.fair([line for line in late if not kept_back or (line.order_id, line.line_id) in old], waiting)

    def at_rest(self, store_id: int, pool: Pool) -> None:
        """No line keeps units that may still move while an older one waits that does not let it pass."""
        now = self._box.now
        policy = rules.policy_of(self.before, store_id)
        if rules.kept_back(self.before, policy, store_id, pool.item):
            # Units kept back are closed to the older lines, and a new line may have them.
            return
        chosen, owed = rules.chosen_of(self.before, store_id), rules.owed_of(self.before, store_id)
        passes = Passes(policy, rules.day_of(policy, now), chosen, owed)
        firm = {
            (part.order_id, part.line_id, part.item, part.location): part.firm for its in owed.values() for part in its
        }
        waiting: list[Queued] = []
        for line in sorted(
            Queued(*row) for row in self.before(QUEUE, {"s": store_id, "i": pool.item, "l": pool.location})
        ):
            if line.allocated > firm.get((line.order_id, line.line_id, pool.item, pool.location), 0):
                passes.look(line, waiting)
            if line.waits:
                waiting.append(line)


@dataclass(frozen=True, slots=True)
class Passes:
    """Who may pass whom in one transaction."""

    policy: dict[str, Any]
    today: Any
    chosen: dict[int, Chosen]
    owed: dict[int, list[Owed]]

    def _lets_pass(self, line: Queued) -> bool:
        order = self.chosen.get(line.order_id)
        parts = self.owed.get(line.order_id, [])
        return order is not None and rules.may_be_passed(self.policy, order, parts, self.today)

    def may_be_served_later(self, line: Queued) -> bool:
        """Whether others behind it may have been served before it."""
        return bool(self.policy["whole_orders_first"]) or self._lets_pass(line)

    def _one_day(self, line: Queued, other: Queued) -> bool:
        days = {rules.day_of(self.policy, instant(each.queue_time)) for each in (line, other)}
        return bool(self.policy["whole_orders_first"]) and len(days) == 1

    def look(self, line: Queued, before: Iterable[Queued]) -> None:
        """Raises Violation where the line was served before one that does not let it pass."""
        for other in before:
            if not self._one_day(line, other) and not self._lets_pass(other):
                raise Violation(f"{line} was served before {other}.".capitalize())

    def fair(self, gained: Iterable[Queued], waiting: Iterable[Queued]) -> None:
        """Raises Violation where a line was passed by one that came later by more than the largest head start."""
        most = rules.largest_head_start(self.policy) + (DAY if self.policy["whole_orders_first"] else 0 * DAY)
        for line in gained:
            for other in waiting:
                later = instant(line.queued_at) - instant(other.queued_at)
                if later > most and not self._lets_pass(other):
                    raise Violation(f"{line} passed {other}, which came {later} before it.".capitalize())
