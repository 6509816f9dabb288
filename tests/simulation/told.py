"""Nothing that was told is forgotten: it is known, or marked to be read, however those cross who mark and who read."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection

from backorder.db.columns import EPOCH
from backorder.db.inbox import TRIES
from tests.simulation.box import Box, Violation
from tests.simulation.rules import SCALE
from tests.simulation.shopify_site import ShopifySite
from tests.simulation.within import within

SHOPIFY_ORDERS = ("orders/create", "orders/updated", "orders/cancelled", "orders/paid", "orders/fulfilled")
WOO_ORDERS = ("order.created", "order.updated", "order.restored")
NAMES_AN_ORDER = ("refunds/create", "fulfillments/update")
MARKS = "SELECT store_id, item, dirty_seq FROM items"
NO_ORDER = ("checkout-draft", "auto-draft", "trash")


@dataclass(frozen=True, slots=True)
class Hint:
    """What one delivery names. `stamp` is the order's own time of change, where its body tells the order."""

    key: int
    item: bool = False
    stamp: datetime | None = None
    introduces: bool = False
    says: frozenset[tuple[object, ...]] = frozenset()
    """What the body of an order says of its lines, and of its tags or status: an echo that says what is known needs no
    reading. Nothing where a body cannot tell all.
    """
    part: str = ""
    """What it brought to the order, by name: where a reading found that, none is needed."""


def hint_of(topic: str, body: bytes) -> Hint | None:
    """The order or item that a delivery names, read from its bytes here once more; nothing where it makes no sense."""
    try:
        told = json.loads(body)
        return _hint(topic, told) if isinstance(told, dict) else None
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None


def _hint(topic: str, told: dict[str, Any]) -> Hint | None:
    if topic in SHOPIFY_ORDERS:
        stamp = datetime.fromisoformat(told["updated_at"])
        return Hint(int(told["id"]), stamp=stamp, introduces=True, says=_said(told))
    if topic in WOO_ORDERS:
        if told["status"] in NO_ORDER:
            return Hint(int(told["id"]))
        stamp = datetime.fromisoformat(told["date_modified_gmt"] + "+00:00")
        return Hint(int(told["id"]), stamp=stamp, introduces=True, says=_said_by_woo(told))
    if topic in ("orders/delete", "order.deleted"):
        return Hint(int(told["id"]))
    if topic == "orders/edited":
        return Hint(int(told["order_edit"]["order_id"]))
    if topic == "fulfillments/create":
        return Hint(int(told["order_id"]), part=f"shipment {int(told['id'])}")
    if topic in NAMES_AN_ORDER:
        return Hint(int(told["order_id"]))
    if topic == "inventory_levels/update":
        return Hint(int(told["inventory_item_id"]), item=True)
    if topic == "product.updated":
        return Hint(int(told["id"]), item=True)
    return None


def _said(told: dict[str, Any]) -> frozenset[tuple[object, ...]]:
    said: set[tuple[object, ...]] = {("tag", tag.strip()) for tag in told["tags"].split(",") if tag.strip()}
    said.add(("cancelled", told["cancelled_at"] is not None))
    for line in told["line_items"]:
        shipped = sum(
            units["quantity"]
            for shipment in told["fulfillments"]
            for units in shipment["line_items"]
            if shipment["status"] == "success" and units["id"] == line["id"]
        )
        said.add((line["id"], line["quantity"], shipped))
    return frozenset(said)


def _said_by_woo(told: dict[str, Any]) -> frozenset[tuple[object, ...]]:
    # Units of refunds and of parcels are told elsewhere.
    if told["refunds"]:
        return frozenset()
    lines = {(line["id"], Decimal(str(line["quantity"]))) for line in told["line_items"]}
    return frozenset({("status", told["status"])} | lines)


class Told:
    """Remembers what was named or marked until a reading that began later is in the tables."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._sql = box.sql
        self._last = 0
        self._due: set[int] = set()
        self._orders: dict[tuple[int, Hint], int] = {}
        """When (by the tables' clock) each order was named that is to be read."""
        self._items: dict[tuple[Any, ...], int] = {}
        """When each item was marked whose stock is to be read."""
        self._marks: dict[tuple[Any, ...], int] = {}
        """The marks of the present step that are to be committed."""

    def marked(self, conn: Connection) -> None:
        """Before a transaction is committed: note which items it marks."""
        now = (self._box.now - EPOCH) // timedelta(microseconds=1)
        before = {tuple(row[:2]): row[2] for row in self._sql.execute(MARKS)}
        for *key, mark in within(conn, MARKS):
            if mark > before.get(tuple(key), 0):
                self._items[tuple(key)] = max(now, self._items.get(tuple(key), 0))
                self._marks[tuple(key)] = mark

    def look(self) -> None:
        """Raises Violation where a delivery was handled and nothing became of it."""
        for delivery, store_id, topic, body, received, state, tries in self._newly_handled():
            hint = hint_of(topic, body)
            if state == "failed" and tries < TRIES and hint is not None and hint.introduces:
                raise Violation(f"Delivery {delivery} ({topic}) is put aside, and it makes sense.")
            if state == "done" and hint is not None and hint.item:
                self._items[store_id, hint.key] = max(received, self._items.get((store_id, hint.key), 0))
            elif state == "done" and hint is not None:
                self._orders[store_id, hint] = max(received, self._orders.get((store_id, hint), 0))
        for (store_id, hint), since in list(self._orders.items()):
            if not self._order_waits(store_id, hint, since):
                del self._orders[store_id, hint]
        for (store_id, item), since in list(self._items.items()):
            if not self._item_waits(store_id, item, since):
                del self._items[store_id, item]

    def _newly_handled(self) -> list[tuple[int, int, str, bytes, int, str, int]]:
        due = {row[0] for row in self._sql.execute("SELECT id FROM deliveries WHERE state = 'due'")}
        last = self._sql.execute("SELECT COALESCE(MAX(id), 0) FROM deliveries").fetchone()[0]
        handled = ({*range(self._last + 1, last + 1)} | self._due) - due
        self._last, self._due = last, due
        marks = ", ".join(str(number) for number in sorted(handled))
        return self._sql.execute(
            f"SELECT id, store_id, topic, body, received_at, state, tries FROM deliveries WHERE id IN ({marks})"
        ).fetchall()

    def _order_waits(self, store_id: int, hint: Hint, since: int) -> bool:
        """Whether it is still to be read."""
        row = self._sql.execute(
            "SELECT unread, read_began, changed_at FROM orders WHERE store_id = ? AND order_id = ?",
            (store_id, hint.key),
        ).fetchone()
        if row is None:
            if hint.introduces:
                raise Violation(f"A webhook told of order {hint.key}, was handled, and the book does not know it.")
            return False
        unread, began, changed = row
        stamp = None if hint.stamp is None else (hint.stamp - EPOCH) // timedelta(microseconds=1)
        newer = stamp is not None and changed > stamp
        if stamp == changed and began is not None and hint.says and hint.says == self._known(store_id, hint.key):
            return False
        found = "SELECT 1 FROM traces WHERE store_id = ? AND order_id = ? AND trace = ?"
        if hint.part and self._sql.execute(found, (store_id, hint.key, hint.part)).fetchone():
            return False
        if not unread and not newer and (began or 0) < since:
            raise Violation(f"A webhook told of order {hint.key}, was handled, and the order is not read again.")
        return bool(unread) and not newer

    def _known(self, store_id: int, order_id: int) -> frozenset[tuple[object, ...]]:
        """What the book has of what bodies say."""
        tags, status, word = self._sql.execute(
            "SELECT tags, status, store_status FROM orders WHERE store_id = ? AND order_id = ?", (store_id, order_id)
        ).fetchone()
        if not isinstance(self._box.site_of(store_id), ShopifySite):
            lines = self._sql.execute(
                "SELECT line_id, ordered FROM order_lines WHERE store_id = ? AND order_id = ? "
                "AND COALESCE(ignored, '') <> 'removed'",
                (store_id, order_id),
            )
            return frozenset({("status", word)} | {(line, Decimal(units) / SCALE) for line, units in lines})
        lines = self._sql.execute(
            "SELECT line_id, ordered / 10000, shipped / 10000 FROM order_lines WHERE store_id = ? AND order_id = ?",
            (store_id, order_id),
        )
        return frozenset(
            {("tag", tag) for tag in json.loads(tags)} | {("cancelled", status == "cancelled")} | set(lines)
        )

    def _item_waits(self, store_id: int, item: int, since: int) -> bool:
        """Whether it is still to be read."""
        row = self._sql.execute(
            "SELECT dirty_seq, done_seq FROM items WHERE store_id = ? AND item = ?", (store_id, item)
        ).fetchone()
        mark, done = row or (0, 0)
        if mark < self._marks.pop((store_id, item), 0):
            # Whoever marked it died before the commit.
            return False
        oldest = self._sql.execute(
            "SELECT MIN(read_began) FROM pools WHERE store_id = ? AND item = ?", (store_id, item)
        ).fetchone()[0]
        if mark == done and oldest is not None and oldest < since:
            raise Violation(f"Item {item} was marked, and its stock is not read again.")
        return bool(mark > done)
