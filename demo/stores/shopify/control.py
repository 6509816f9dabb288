"""Buttons for a story: what a shopper or the merchant does, as `POST /_control/<action>` with JSON."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, jsonify, request

from demo.stores.shopify.bulk import Bulks
from demo.stores.shopify.leaving import Leaving
from demo.stores.shopify.outbox import Message, Outbox
from demo.stores.shopify.state import Order, Work
from demo.stores.shopify.trade import Trade
from demo.stores.shopify.works import Refused

Object = dict[str, Any]


class Control:
    """Acts by name, and the whole state of the shop as JSON."""

    def __init__(self, trade: Trade, outbox: Outbox, leaving: Leaving, bulks: Bulks) -> None:
        self._trade = trade
        self._outbox = outbox
        self._acts: dict[str, Callable[[Object], Object | None]] = {
            "add_product": self._add_product,
            "place_order": self._place_order,
            "route_order": lambda asked: trade.route_order(int(asked["order"])),
            "edit_line": lambda asked: trade.edit_line(
                int(asked["order"]), self._line_of(asked), int(asked["quantity"])
            ),
            "add_line": lambda asked: {
                "line": trade.add_line(
                    int(asked["order"]), str(asked["sku"]), int(asked["quantity"]), asked.get("location")
                )
            },
            "refund": self._refund,
            "move": self._move,
            "cancel_order": lambda asked: trade.cancel_order(int(asked["order"]), bool(asked.get("restock", True))),
            "delete_product": lambda asked: trade.delete_product(str(asked["sku"])),
            "delete_order": lambda asked: trade.delete_order(int(asked["order"])),
            "pay_order": lambda asked: trade.pay(int(asked["order"])),
            "receive_stock": lambda asked: trade.receive_stock(
                str(asked["sku"]), int(asked["quantity"]), asked.get("location")
            ),
            "set_stock": lambda asked: trade.set_stock(
                str(asked["sku"]), int(asked["quantity"]), asked.get("location")
            ),
            "fulfil": self._fulfil,
            "hold_by_hand": lambda asked: trade.hold_by_hand(int(asked["order"])),
            "release_hold_by_hand": lambda asked: trade.release_hold_by_hand(int(asked["order"])),
            "add_tag": lambda asked: trade.add_tag(int(asked["order"]), str(asked["tag"])),
            "remove_tag": lambda asked: trade.remove_tag(int(asked["order"]), str(asked["tag"])),
            "uninstall": lambda _asked: leaving.uninstall(),
            "reinstall": lambda asked: leaving.reinstall(str(asked["token"])),
            "ask_for_data": lambda asked: _told_of(leaving.ask_for_data(*_person(asked))),
            "redact_customer": lambda asked: _told_of(leaving.redact_customer(*_person(asked))),
            "redact_shop": lambda _asked: _told_of(leaving.redact_shop()),
            "fail_bulk": lambda asked: bulks.fail_next(str(asked["code"])),
            "deliver": lambda _asked: {"sent": outbox.run()},
        }

    def blueprint(self) -> Blueprint:
        """The control routes."""
        blueprint = Blueprint("control", __name__, url_prefix="/_control")
        blueprint.add_url_rule("/state", "state", lambda: jsonify(self.state()))
        blueprint.add_url_rule("/<action>", "act", self._act, methods=["POST"])
        return blueprint

    def state(self) -> Object:
        """Everything that a person would want to check."""
        shop = self._trade.shop
        return {
            "orders": [_order_state(order) for order in shop.orders.values()],
            "stock": [
                {
                    "sku": product.sku,
                    "item": product.item,
                    "location": place,
                    "available": figures.available,
                    "committed": figures.committed,
                    "on_hand": figures.on_hand,
                }
                for product in shop.products.values()
                for place, figures in shop.levels(product.item).items()
            ],
            "webhooks": [{"topic": each.topic, "uri": each.uri} for each in shop.subscriptions.values()],
            "waiting": len(self._outbox.queue),
        }

    def _act(self, action: str) -> tuple[Response, int]:
        act = self._acts.get(action)
        if act is None:
            return jsonify({"error": f"There is no action {action}."}), 404
        try:
            told = act(request.get_json(silent=True) or {})
        except Refused as refusal:
            return jsonify({"error": str(refusal)}), 400
        except (KeyError, StopIteration) as missing:
            return jsonify({"error": f"This names nothing that the shop has: {missing}."}), 400
        return jsonify(told or {}), 200

    def _add_product(self, asked: Object) -> Object:
        return {
            "item": self._trade.add_product(
                str(asked["sku"]),
                str(asked.get("name", "")),
                str(asked.get("price", "10.00")),
                int(asked.get("stock") or 0),
                asked.get("location"),
                tracked=asked.get("stock") is not None,
            )
        }

    def _place_order(self, asked: Object) -> Object:
        placed_at = asked.get("placed_at")
        number = self._trade.place_order(
            asked["lines"],
            email=str(asked.get("email", "")),
            name=str(asked.get("name", "")),
            placed_at=datetime.fromisoformat(placed_at) if placed_at else None,
            financial=str(asked.get("financial", "PAID")),
            route=bool(asked.get("route", True)),
            tags=asked.get("tags", ()),
            source=str(asked.get("source", "web")),
            test=bool(asked.get("test", False)),
        )
        return {"order": number, "lines": [line.id for line in self._trade.shop.orders[number].lines]}

    def _refund(self, asked: Object) -> Object:
        units = {int(line): int(count) for line, count in asked["units"].items()}
        restock = str(asked.get("restock", "CANCEL"))
        return {"refund": self._trade.refund(int(asked["order"]), units, restock, asked.get("location")).id}

    def _move(self, asked: Object) -> None:
        order = self._trade.shop.orders[int(asked["order"])]
        for work in [each for each in order.works if each.open and each.location != int(asked["location"])]:
            self._trade.move_work(order, work, int(asked["location"]))

    def _fulfil(self, asked: Object) -> None:
        units = asked.get("units")
        chosen = {int(line): int(count) for line, count in units.items()} if units else None
        self._trade.fulfil(int(asked["order"]), chosen)

    def _line_of(self, asked: Object) -> int:
        return int(asked["line"]) if "line" in asked else self._trade.shop.orders[int(asked["order"])].lines[0].id


def _person(asked: Object) -> tuple[int | None, str | None, list[int]]:
    customer = asked.get("customer")
    return None if customer is None else int(customer), asked.get("email"), [int(x) for x in asked.get("orders", ())]


def _told_of(message: Message) -> Object:
    """Under which topic a request was written."""
    return {"topic": message.headers["X-Shopify-Topic"]}


def _order_state(order: Order) -> Object:
    return {
        "id": order.id,
        "name": order.name,
        "placed_at": order.created.isoformat(),
        "cancelled": order.cancelled is not None,
        "financial": order.financial,
        "fulfillment": order.fulfillment,
        "tags": list(order.tags),
        "metafield": order.metafield,
        "lines": [
            {"id": line.id, "sku": line.sku, "title": line.title, "quantity": line.current} for line in order.lines
        ],
        "fulfillment_orders": [_work_state(work) for work in order.works],
        "shipments": [
            {"id": shipment.id, "units": {str(units.line.id): units.quantity for units in shipment.lines}}
            for shipment in order.shipments
        ],
    }


def _work_state(work: Work) -> Object:
    return {
        "id": work.id,
        "location": work.location,
        "status": work.status,
        "holds": [{"id": hold.id, "handle": hold.handle, "by_app": hold.by_app} for hold in work.holds],
        "lines": [{"line": line.line.id, "remaining": line.remaining} for line in work.lines],
    }
