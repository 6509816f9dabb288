"""A Shopify shop that answers from a scenario: at each delivery, what the Admin API would have said at that moment."""

import json
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, jsonify, request

from demo.stores.shopify.answers import Answers, named
from demo.stores.shopify.graph import Tree, answer, refused
from demo.stores.shopify.state import (
    Customer,
    Figures,
    Hold,
    Line,
    Order,
    Product,
    Refund,
    Shipment,
    Shop,
    Units,
    Work,
    WorkLine,
)

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Object = dict[str, Any]


class ReadShop(Shop):
    """A shop whose figures were read rather than counted."""

    figures: dict[int, dict[int, Figures]]

    def levels(self, item: int) -> dict[int, Figures]:
        """The figures as the reading tells them."""
        return self.figures.get(item, {})


class ScenarioShop:
    """A WSGI application. `at(n)` makes it answer as the shop did when delivery n came in; before, as at the import."""

    def __init__(self, scenario: Object) -> None:
        self._scenario = scenario
        self._bodies = _newest_bodies(scenario["deliveries"])
        self._reading: Object = scenario["store"]
        self._app = Flask(__name__)
        self._app.add_url_rule("/admin/api/<version>/graphql.json", "graphql", self._graphql, methods=["POST"])

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        return self._app(environ, start_response)

    def at(self, delivery: int) -> None:
        """Answer from the latest reading at or before this delivery."""
        told = [reading for reading in self._scenario["reads"] if reading["n"] <= delivery]
        if told:
            self._reading = max(told, key=lambda reading: int(reading["n"]))

    def _graphql(self, version: str) -> tuple[Response, int]:
        if "http" in self._reading:
            return jsonify({"errors": f"answered by the scenario, version {version}"}), int(self._reading["http"])
        root = {**Answers(self._shop()).root(), "webhookSubscriptionCreate": _read_only}
        return jsonify(answer(root, request.get_data())), 200

    def _shop(self) -> Shop:
        gone = {named(gid) for gid in self._reading.get("gone", ())}
        products = {
            variant["inventory_item_id"]: _product(variant)
            for variant in self._scenario["store"]["variants"]
            if ("InventoryItem", variant["inventory_item_id"]) not in gone
            and ("ProductVariant", variant["id"]) not in gone
            and ("Product", variant["product_id"]) not in gone
        }
        shop = ReadShop(name=self._scenario["shop_domain"], products=products)
        shop.locations = {place["id"]: place["name"] for place in self._scenario["store"]["locations"]}
        shop.figures = {}
        for name, level in self._reading["levels"].items():
            item, _, place = name.partition("@")
            shop.figures.setdefault(int(item), {})[int(place)] = Figures(
                level["available"], level["committed"], level["on_hand"], level["incoming"]
            )
        for gid, told in self._reading["orders"].items():
            kind, number = named(gid)
            if (kind, number) not in gone:
                shop.orders[number] = self._order(number, told, products)
        return shop

    def _order(self, number: int, told: Object, products: dict[int, Product]) -> Order:
        body = self._bodies.get(number, {})
        named_lines = {line["id"]: line for line in body.get("line_items", ())}
        lines = {line["id"]: _line(line, named_lines.get(line["id"], {}), products) for line in told["lines"]}
        who = told["customer"]
        order = Order(
            number,
            told["name"],
            datetime.fromisoformat(told["createdAt"]),
            datetime.fromisoformat(told["updatedAt"]),
            (who["email"] if who else None) or "",
            list(lines.values()),
            Customer(who["id"], who["displayName"] or "", who["email"] or "") if who else None,
            datetime.fromisoformat(told["cancelledAt"]) if told["cancelledAt"] else None,
            told["displayFinancialStatus"] or "",
            body.get("currency") or "USD",
            list(told["tags"]),
        )
        order.works = [_work(work, lines) for work in told["fulfillment_orders"]]
        order.shipments = [
            Shipment(
                done["id"],
                datetime.fromisoformat(done["createdAt"]),
                done["location_id"],
                [_units(units, lines) for units in done["lines"]],
                done["status"],
            )
            for done in told["fulfillments"]
        ]
        order.refunds = [
            Refund(
                done["id"],
                datetime.fromisoformat(done["createdAt"]),
                [_units(units, lines) for units in done["lines"]],
            )
            for done in told["refunds"]
        ]
        return order


def _newest_bodies(deliveries: Iterable[Object]) -> dict[int, Object]:
    """Of each order the body with the latest change: it has the titles and prices that a reading does not tell."""
    newest: dict[int, Object] = {}
    for delivery in deliveries:
        try:
            body = json.loads(delivery["raw_body"])
        except ValueError:
            # A body that is no JSON is part of some stories, and tells nothing about an order.
            continue
        if isinstance(body, dict) and "line_items" in body and "updated_at" in body and "created_at" in body:
            known = newest.get(body["id"])
            if known is None or _moment(known) <= _moment(body):
                newest[body["id"]] = body
    return newest


def _moment(body: Object) -> datetime:
    return datetime.fromisoformat(body["updated_at"])


def _product(variant: Object) -> Product:
    return Product(
        variant["product_id"],
        variant["id"],
        variant["inventory_item_id"],
        variant["sku"],
        variant["title"],
        Decimal(variant["price"]),
        variant["tracked"],
    )


def _line(told: Object, body: Object, products: dict[int, Product]) -> Line:
    product = products.get(told["inventory_item_id"])
    if product is None and told["inventory_item_id"] is not None and told["variant_id"] is not None:
        title = str(body.get("title") or "")
        product = Product(
            0, told["variant_id"], told["inventory_item_id"], str(body.get("sku") or ""), title, Decimal(0)
        )
    if product is not None and told["tracked"] is not None:
        product.tracked = told["tracked"]
    price = body.get("price")
    return Line(
        told["id"],
        product,
        body.get("title") or (product.title if product else ""),
        body.get("sku") or (product.sku if product else ""),
        Decimal(price) if price is not None else (product.price if product else Decimal(0)),
        told["quantity"],
        told["currentQuantity"],
        told["requiresShipping"],
        told["isGiftCard"],
        body.get("vendor"),
    )


def _work(told: Object, lines: dict[int, Line]) -> Work:
    return Work(
        told["id"],
        told["location_id"] or 0,
        [
            WorkLine(
                told["id"] * 1000 + at, lines[part["line_item_id"]], part["totalQuantity"], part["remainingQuantity"]
            )
            for at, part in enumerate(told["lines"])
        ],
        told["status"],
        [Hold(hold["id"], hold["handle"] or "", hold["heldByRequestingApp"], hold["reason"]) for hold in told["holds"]],
    )


def _units(told: Object, lines: dict[int, Line]) -> Units:
    return Units(told["line_item_id"], lines[told["line_item_id"]], told["quantity"], told.get("restockType") or "")


def _read_only(_info: Any, **_given: Any) -> Tree:
    raise refused("A scenario takes no writes.", "ACCESS_DENIED")
