"""A recorded WooCommerce shop on disk: its steps, and the state of the whole shop after any of them.

`orders_after` and `products_after` of a step are sure, and bare. What else an answer holds (dates, customers, names)
comes from the newest full body that was seen until then, in a delivery or in an answer.
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

Object = dict[str, Any]

FULFILMENT_KEY = "_fulfillment_status"

_PART = re.compile(r"/orders/(?P<order>[0-9]+)/(?P<list>refunds|fulfillments)(?:/(?P<id>[0-9]+))?$")


class Recording:
    """A folder with `steps.json`, `deliveries/`, `rest/` and, where it has one, `expected.json`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.steps: list[Object] = _json(folder / "steps.json")
        expected = folder / "expected.json"
        self.expected: list[Object] | None = _json(expected) if expected.exists() else None

    def until(self, step: int) -> list[Object]:
        """The steps up to and with this one."""
        return [one for one in self.steps if one["step"] <= step]

    def named(self, step: int, key: str) -> dict[int, Any]:
        """A map by order id of `expected.json`, as it stands after the step: the newest entry of each order."""
        merged: dict[int, Any] = {}
        for one in self.expected or []:
            if one["step"] <= step:
                merged |= {int(order_id): value for order_id, value in (one.get(key) or {}).items()}
        return merged

    def exchange(self, name: str) -> Object:
        """One REST request and its answer."""
        return dict(_json(self.folder / "rest" / name))

    def body(self, name: str) -> Object:
        """An object by the name of its file: the raw body of a delivery, or the answer of an exchange."""
        told: Object = _json(self.folder / name)
        return told["response"]["json"] if name.startswith("rest/") else told


class State:
    """The whole shop after one step; step 0 is the empty shop."""

    def __init__(self, recording: Recording, step: int) -> None:
        self._recording = recording
        self._step = step
        self._past = recording.until(step)

    @cached_property
    def currency(self) -> str:
        """The currency of the orders."""
        return next((str(order["currency"]) for order in self.orders.values() if order["currency"]), "USD")

    @cached_property
    def refunds(self) -> dict[int, list[Object]]:
        """The list of refunds of each order that has any."""
        return self._lists("refunds")

    @cached_property
    def fulfillments(self) -> dict[int, list[Object]]:
        """The list of fulfilments of each order that has any."""
        return self._lists("fulfillments")

    @cached_property
    def orders(self) -> dict[int, Object]:
        """Every order, those in the trash too."""
        bodies = {body["id"]: body for told in self._told() for body in _objects(told, "line_items")}
        for order_id, name in self._recording.named(self._step, "orders_from").items():
            bodies[order_id] = self._recording.body(name)
        return {row["id"]: self._order(bodies.get(row["id"]), row) for row in self._last("orders_after")}

    @cached_property
    def products(self) -> dict[int, Object]:
        """Every product and variation. One that has no row any more has left the lists and is in the trash."""
        bodies: dict[int, Object] = {}
        for told in self._told():
            for body in _objects(told, "manage_stock"):
                bodies[body["id"]] = {**bodies.get(body["id"], {}), **body}
        rows = {row["id"]: row for row in self._last("products_after")}
        gone = {one: {**body, "status": "trash"} for one, body in bodies.items() if one not in rows}
        return gone | {one: {**_bare_product(one), **bodies.get(one, {}), **row} for one, row in rows.items()}

    def _last(self, key: str) -> list[Object]:
        return next((one[key] for one in reversed(self._past) if key in one), [])

    def _order(self, body: Object | None, row: Object) -> Object:
        body = body or _bare_order(row["id"], self._past[-1]["at"])
        lines = {line["id"]: line for line in body["line_items"]}
        told = [_line(lines.get(line["id"], {"meta_data": []}), line) for line in row["lines"]]
        refunds = [{"id": refund["id"]} for refund in self.refunds.get(row["id"], [])]
        meta = [one for one in body["meta_data"] if one["key"] != FULFILMENT_KEY]
        if self.fulfillments.get(row["id"]):
            # The shop writes it with the first parcel; a body from before does not have it yet.
            meta.append({"id": 0, "key": FULFILMENT_KEY, "value": "partially_fulfilled"})
        return {**body, "status": row["status"], "line_items": told, "refunds": refunds, "meta_data": meta}

    def _told(self) -> Iterator[Any]:
        """Every answer and every body until the step, in the order in which they came."""
        for step in self._past:
            for name in step.get("rest", []):
                yield self._recording.exchange(name)["response"].get("json")
            for name in step.get("deliveries", []):
                if not name.endswith("-ping"):
                    yield self._recording.body(f"deliveries/{name}.body")

    def _lists(self, which: str) -> dict[int, list[Object]]:
        """Lists that the shop keeps beside its orders: put together from what was asked and answered, unless the
        recording names the whole list.
        """
        lists: dict[int, dict[int, Object]] = {}
        for step in self._past:
            for name in step.get("rest", []):
                exchange = self._recording.exchange(name)
                found = _PART.search(exchange["request"]["path"])
                if found and found["list"] == which and exchange["response"]["status"] < 300:
                    known = lists.setdefault(int(found["order"]), {})
                    _take_in(known, exchange["request"]["method"], exchange["response"].get("json"), found["id"])
        derived = {order_id: list(entries.values()) for order_id, entries in lists.items()}
        return derived | self._recording.named(self._step, f"{which}_after")


def _take_in(known: dict[int, Object], method: str, told: Any, entry: str | None) -> None:
    if method == "DELETE":
        known.pop(int(entry or 0), None)
    elif isinstance(told, list):
        known.clear()
        known.update({one["id"]: one for one in told})
    elif isinstance(told, dict) and "id" in told:
        known[told["id"]] = told


def _line(body: Object, row: Object) -> Object:
    meta = [one for one in body["meta_data"] if one["key"] != "_reduced_stock"]
    if row["reduced_stock"] is not None:
        meta.append({"id": 0, "key": "_reduced_stock", "value": row["reduced_stock"]})
    return {**body, **{key: row[key] for key in ("id", "product_id", "variation_id", "quantity")}, "meta_data": meta}


def _objects(told: Any, mark: str) -> Iterator[Object]:
    """Objects of a kind in an answer (one, a list, or the parts of a batch), known by a field that only they have."""
    if isinstance(told, list):
        for one in told:
            yield from _objects(one, mark)
    elif isinstance(told, Mapping) and mark in told and "status" in told:
        yield dict(told)
    elif isinstance(told, Mapping):
        for part in ("create", "update", "delete"):
            yield from _objects(told.get(part), mark)


def _bare_product(product_id: int) -> Object:
    return {"id": product_id, "name": "", "parent_id": 0, "date_created_gmt": "", "date_modified_gmt": None}


def _bare_order(order_id: int, at: float) -> Object:
    stamp = f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%S}"
    dates = {"date_created_gmt": stamp, "date_modified_gmt": stamp, "date_paid_gmt": None}
    return {"id": order_id, "number": str(order_id), "currency": "", "line_items": [], "meta_data": [], **dates}


def _json(path: Path) -> Any:
    return json.loads(path.read_bytes())
