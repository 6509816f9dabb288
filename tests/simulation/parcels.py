"""Parcels that a merchant records with us: each is in the store once, or it is not and the merchant knows; never more
leaves than was given, and one of both tells the customer.
"""

import json
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection

from backorder.domain.parcels import Teller
from demo.stores.journal import Effect
from tests.simulation.box import Box, Violation
from tests.simulation.happened import Mail, Press
from tests.simulation.late_calls import MOST
from tests.simulation.rules import SCALE
from tests.simulation.site import Site
from tests.simulation.within import within

MADE = ("fulfillmentCreate", "POST fulfillment")
ROWS = "SELECT id, store_id, order_id, units, number, teller, state, reason FROM parcels"
PARTS = "SELECT line_id, location, outstanding, allocated, firm FROM parts WHERE store_id = :s AND order_id = :o"
LOOKED = re.compile(r"/orders/(\d+)(?:\?|$)")
SENT = re.compile(r"/orders/(\d+)/fulfillments(?:\?|$)")
ENDED = ("done", "failed", "dropped")
MAY_BE_THERE = ("never confirmed", "A part of the parcel was recorded")
"""What the merchant is told where the store may have some of a parcel that could not be recorded."""
Place = tuple[int, int]
"""A line and a location."""


@dataclass(frozen=True, slots=True)
class Row:
    """A parcel in the book."""

    id: int
    store_id: int
    order_id: int
    units: str
    number: str
    teller: str
    state: str
    reason: str

    @property
    def by_place(self) -> Counter[Place]:
        """Its units, as the tables keep units."""
        return Counter({(line, place): int(Decimal(units) * SCALE) for line, place, units in json.loads(self.units)})

    def is_what(self, press: Press) -> bool:
        """Whether it is what the merchant recorded."""
        packed = Counter({(each.line_id, each.location): int(each.units * SCALE) for each in press.parcel.units})
        return (self.store_id, self.order_id, self.number, self.teller, self.by_place) == (
            press.store_id,
            press.order_id,
            press.parcel.number,
            press.parcel.teller.value,
            packed,
        )


class Parcels:
    """What was recorded, and what the stores have of it."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._looked: dict[str, int] = {}
        self._seen: dict[tuple[str, int], object] = {}
        """How an order stood in its shop when a worker looked at it, by the worker."""
        self._mailed: Counter[str] = Counter()

    def _rows(self, where: str = "", *values: object) -> list[Row]:
        return [Row(*row) for row in self._box.sql.execute(f"{ROWS} {where} ORDER BY id", values)]

    # The book

    def committing(self, conn: Connection, written: Collection[str]) -> None:
        """Before a transaction is committed."""
        if "parcels" not in written:
            return
        before = {row.id: row for row in self._rows()}
        for found in within(conn, ROWS):
            row = Row(*found)
            was = before.get(row.id)
            parts = {(p.line_id, p.location): p for p in within(conn, PARTS, {"s": row.store_id, "o": row.order_id})}
            if was is None:
                self._as_pressed(row, parts)
            elif was.state in ENDED and (was.state, was.units) != (row.state, row.units):
                raise Violation(f"Parcel {row.number} of order {row.order_id} was {was.state}, and is {row.state}.")
            elif was.state == "due" and row.state == "running":
                self._within(row, parts)
            elif was.state != row.state and row.state == "failed" and not row.reason:
                raise Violation(f"Parcel {row.number} of order {row.order_id} failed, and nobody says why.")

    def _as_pressed(self, row: Row, parts: Mapping[Place, Any]) -> None:
        """Only what the merchant packed is recorded; what is in it is this order's, and stays so."""
        if not any(row.is_what(press) for press in self._box.pressed):
            raise Violation(f"Parcel {row} was recorded, and its merchant packed {self._box.pressed}.")
        self._within(row, parts)
        loose = {place: units for place, units in row.by_place.items() if parts[place].firm < units}
        if loose:
            raise Violation(f"Units of order {row.order_id} are packed and may still go to others: {loose}.")

    def _within(self, row: Row, parts: Mapping[Place, Any]) -> None:
        """Raises Violation where more is in it than the order was given."""
        for place, units in row.by_place.items():
            part = parts.get(place)
            if part is None or min(part.allocated, part.outstanding) < units:
                given = 0 if part is None else part.allocated / SCALE
                raise Violation(f"Of order {row.order_id} {units / SCALE:g} of {place} leave, {given:g} were given.")

    # What leaves for the stores

    def calling(self, url: str, data: bytes | str | None) -> None:
        """Before a call leaves: as long as nothing happened in the shop since the worker looked, it takes no more out
        of an order than is left of it. Only a shop that checks nothing itself needs that; the other refuses.
        """
        actor = self._box.actors[-1].name if self._box.actors else ""
        if not actor.startswith("ship"):
            return
        site = next(site for site in self._box.sites if site.address.removeprefix("https://") in url)
        looked, sent = LOOKED.search(url), SENT.search(url)
        if looked is not None and not data:
            self._seen[actor, int(looked[1])] = site.left(int(looked[1]))
        if sent is None or not data:
            return
        order = int(sent[1])
        left = site.left(order)
        if left is None or self._seen.get((actor, order)) != left:
            return
        items = next(meta["value"] for meta in json.loads(data)["meta_data"] if meta["key"] == "_items")
        much = {each["item_id"]: each["qty"] for each in items if each["qty"] > left.get(each["item_id"], 0)}
        if much:
            raise Violation(f"{site.name}: {much} of order {order} leave in a parcel, and {left} is left of it.")

    def look(self) -> None:
        """After each step."""
        for site in self._box.sites:
            effects = site.effects()
            for effect in effects[self._looked.get(site.name, 0) :]:
                if effect.kind in MADE:
                    self._made(site, effect)
            self._looked[site.name] = len(effects)

    def _made(self, site: Site, effect: Effect) -> None:
        """The store has a parcel of ours: the merchant recorded it, its units are there once, and it tells the customer
        where that was the merchant's choice.
        """
        order = site.order_of(effect.target)
        there = site.parcels_of(order)
        if there is None:
            return
        numbers = (
            [effect.operation] if effect.operation.startswith("Z") else [sent.number for sent in there if sent.ours]
        )
        for number in numbers:
            rows = self._rows(
                "WHERE store_id = ? AND order_id = ? AND number = ?", self._box.ids[site.name], order, number
            )
            recorded = sum((row.by_place for row in rows), Counter[Place]())
            much = self._compared(site, order, _in_store(there, number)) - self._compared(site, order, recorded)
            if not rows or much:
                raise Violation(
                    f"{site.name}: order {order} has parcel {number} with {dict(much)} more than was recorded once."
                )
        row = self._rows(
            "WHERE store_id = ? AND order_id = ? AND state NOT IN ('due', 'dropped')", self._box.ids[site.name], order
        )
        tells = effect.detail.endswith("told")
        if tells and not any(each.teller == Teller.STORE for each in row):
            raise Violation(f"{site.name} told the customer of order {order} of a parcel, and was not to.")

    # What customers read

    def taken(self, mail: Mail) -> None:
        """Our message that something is on its way is about something of which nobody else speaks."""
        message = mail.message
        if "on their way" not in message.subject:
            return
        _, store, notice = message.message_id.partition("@")[0].split("-")
        site = self._box.site_of(int(store))
        order = self._box.sql.execute("SELECT order_id FROM notices WHERE id = ?", (int(notice),)).fetchone()[0]
        there = site.parcels_of(order)
        if there is None:
            return
        made = "WHERE store_id = ? AND order_id = ? AND state IN ('running', 'unknown', 'done')"
        rows = self._rows(made, int(store), order)
        elsewhere = {row.number for row in rows} - {row.number for row in rows if row.teller == Teller.WAITLINE}
        ours = [sent for sent in there if sent.number not in elsewhere]
        self._mailed[f"{store} {order}"] += 1
        if self._mailed[f"{store} {order}"] > len(ours) + site.ended(order):
            raise Violation(f"{site.name}: the customer of order {order} was told by two of a parcel that has left.")

    # At rest

    def comes_to_rest(self) -> None:
        """What slow stores still have to do is done."""
        if self._box.ways.parcels:
            self._box.now += MOST
            self._box.transport.catch_up()

    def waits_until(self) -> int:
        """When the last parcel that is still open is due, in microseconds; 0 where none is."""
        found = self._box.sql.execute(
            "SELECT COALESCE(MAX(due_at), 0) FROM parcels WHERE state IN ('due', 'running', 'unknown') "
            "AND store_id IN (SELECT id FROM stores WHERE mode = 'on' AND health = 'good' "
            "AND NOT json_extract(policy, '$.paused'))"
        )
        return int(found.fetchone()[0])

    def ended(self) -> None:
        """What counts as recorded is in the store, and what counts as failed is not; the book knows what has left."""
        self.look()
        told: dict[tuple[int, int, str], list[Row]] = {}
        for row in self._rows("WHERE number <> ''"):
            told.setdefault((row.store_id, row.order_id, row.number), []).append(row)
        for (store_id, order, number), rows in told.items():
            site = self._box.site_of(store_id)
            there = site.parcels_of(order)
            if there is None or any(row.state not in ENDED for row in rows):
                continue
            # Who records the very same once more, with its number, has recorded it once.
            done = {row.units: row.by_place for row in rows if row.state == "done"}
            due = self._compared(site, order, sum(done.values(), Counter[Place]()))
            has = self._compared(site, order, _in_store(there, number))
            if due - has:
                raise Violation(
                    f"{site.name}: parcel {number} of order {order} counts as recorded; {due - has} is not."
                )
            unsure = any(word in row.reason for row in rows for word in MAY_BE_THERE)
            if has - due and not unsure:
                raise Violation(
                    f"{site.name}: parcel {number} of order {order} counts as failed, and {has - due} left."
                )
        if self._box.ways.parcels:
            for site in self._box.sites:
                self._knows_what_left(site)

    def _compared(self, site: Site, order: int, units: Counter[Place]) -> Counter[Any]:
        """Units by line and location; by line alone where somebody moved the order, between our look at it and the
        parcel maybe: it leaves from where it lies then.
        """
        if not any(key[:2] == (site.name, order) for key in self._box.carried):
            return units
        found: Counter[Any] = Counter()
        for (line, _), count in units.items():
            found[line] += count
        return found

    def _knows_what_left(self, site: Site) -> None:
        rows = self._box.sql.execute(
            "SELECT order_id, line_id, shipped FROM order_lines JOIN orders USING (store_id, order_id) "
            "WHERE store_id = ? AND status = 'open' AND COALESCE(ignored, '') <> 'removed'",
            (self._box.ids[site.name],),
        )
        for order, line, shipped in rows:
            true = site.shipped(order)
            if true is not None and true.get(line, 0) * SCALE != shipped:
                raise Violation(
                    f"{site.name}: of line {line} of order {order} {true.get(line, 0)} left, "
                    f"and the book says {shipped / SCALE:g}."
                )


def _in_store(there: Sequence[Any], number: str) -> Counter[Place]:
    """Units of the parcels with this number."""
    found: Counter[Place] = Counter()
    for sent in there:
        if sent.number == number:
            found.update(sent.units)
    return found
