"""Buttons for a story: what a shopper or the merchant does, as `POST /_control/<action>` with JSON."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from flask import Blueprint, Response, jsonify, request

from demo.stores.woocommerce.hooks import Sent
from demo.stores.woocommerce.rest import Object
from demo.stores.woocommerce.shop import CHECKOUT, Refused, Shop
from demo.stores.woocommerce.things import Order, number


class Control:
    """Actions by name, and the whole state of the shop as JSON."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._actions: dict[str, Callable[[Object], Any]] = {
            "add_product": self._add_product,
            "place_order": self._place_order,
            "edit_line": self._edit_line,
            "refund_line": self._refund_line,
            "fulfil_line": self._fulfil_line,
            "set_stock": lambda asked: self._shop.set_stock(asked["sku"], Decimal(str(asked["quantity"]))),
            "set_status": lambda asked: self._shop.set_status(self._order(asked), asked["status"]),
            "pay_order": lambda asked: self._shop.set_status(self._order(asked), "processing"),
            "cancel_order": lambda asked: self._shop.set_status(self._order(asked), "cancelled"),
            "complete_order": lambda asked: self._shop.set_status(self._order(asked), "completed"),
            "trash_order": lambda asked: self._shop.trash_order(self._order(asked)),
            "restore_order": lambda asked: self._shop.restore_order(self._order(asked)),
            "delete_order": lambda asked: self._shop.delete_order(self._order(asked)),
            "trash_product": lambda asked: self._shop.trash_product(self._shop.by_sku(asked["sku"])),
            "restore_product": lambda asked: self._shop.restore_product(self._shop.by_sku(asked["sku"])),
            "delete_product": lambda asked: self._shop.delete_product(self._shop.by_sku(asked["sku"])),
            "change_settings": self._change_settings,
            "deliver": lambda _: {"sent": [sent.status for sent in self._shop.hooks.run()]},
            "deliver_one": lambda asked: _sent(self._shop.hooks.step(int(asked.get("place", 0)))),
            "lose_delivery": lambda asked: self._shop.hooks.lose(int(asked.get("place", 0))),
        }

    def blueprint(self) -> Blueprint:
        """The control routes."""
        blueprint = Blueprint("control", __name__, url_prefix="/_control")
        blueprint.add_url_rule("/state", "state", lambda: jsonify(self.state()))
        blueprint.add_url_rule("/<action>", "act", self._act, methods=["POST"])
        return blueprint

    def state(self) -> Object:
        """Everything that a person would want to check."""
        shop = self._shop
        return {
            "orders": [_order_state(order) for order in shop.orders.values()],
            "stock": {
                product.sku: number(product.stock) for product in shop.products.values() if product.manage_stock is True
            },
            "webhooks": [shop.bodies.webhook(webhook) for webhook in shop.hooks.webhooks.values()],
            "deliveries": [{"topic": sent.topic, "url": sent.url, "status": sent.status} for sent in shop.hooks.sent],
            "waiting": shop.hooks.waiting,
            "pending": [{"topic": topic, "id": object_id} for topic, object_id in shop.hooks.pending],
            "effects": [
                {"operation": one.operation, "kind": one.kind, "target": one.target, "detail": one.detail}
                for one in shop.journal.effects
            ],
        }

    def _act(self, action: str) -> tuple[Response, int]:
        known = self._actions.get(action)
        if known is None:
            return jsonify({"error": f"There is no action {action}."}), 404
        try:
            told = known(request.get_json(silent=True) or {})
        except Refused as refusal:
            return jsonify({"error": str(refusal)}), 400
        return jsonify(told or {}), 200

    def _order(self, asked: Object) -> Order:
        order = self._shop.orders.get(int(asked["order"]))
        if order is None:
            raise Refused(f"There is no order {asked['order']}.")
        return order

    def _add_product(self, asked: Object) -> Object:
        stock = asked.get("stock")
        product = self._shop.add_product(
            asked["name"],
            asked["sku"],
            Decimal(str(stock)) if stock is not None else None,
            price=Decimal(str(asked.get("price", 10))),
            backorders=asked.get("backorders", "notify"),
        )
        return {"product": product.id}

    def _place_order(self, asked: Object) -> Object:
        placed_at = asked.get("placed_at")
        order = self._shop.place_order(
            [(line["sku"], Decimal(str(line["quantity"]))) for line in asked["lines"]],
            name=asked.get("name", ""),
            email=asked.get("email", ""),
            status=asked.get("status", "processing"),
            via=asked.get("via", CHECKOUT),
            placed_at=datetime.fromisoformat(placed_at).astimezone(UTC) if placed_at else None,
        )
        return {"order": order.id, "lines": [line.id for line in order.lines]}

    def _line(self, asked: Object) -> tuple[Order, int, Decimal]:
        order = self._order(asked)
        line_id = int(asked["line"]) if "line" in asked else order.lines[0].id
        return order, line_id, Decimal(str(asked["quantity"]))

    def _edit_line(self, asked: Object) -> None:
        self._shop.edit_line(*self._line(asked))

    def _refund_line(self, asked: Object) -> None:
        self._shop.refund_line(*self._line(asked), restock=bool(asked.get("restock", True)))

    def _fulfil_line(self, asked: Object) -> None:
        self._shop.fulfil_line(*self._line(asked))

    def _change_settings(self, asked: Object) -> None:
        """What may change at once, each by its name: a status that a plugin brings or takes with it (`add_status`,
        `remove_status`), `stalled`, `owner_demoted`, `fulfilments`, `decimals`.
        """
        shop = self._shop
        if "add_status" in asked:
            shop.statuses[asked["add_status"]] = asked["add_status"].title()
        shop.statuses.pop(asked.get("remove_status", ""), None)
        shop.hooks.stalled = bool(asked.get("stalled", shop.hooks.stalled))
        shop.owner_demoted = bool(asked.get("owner_demoted", shop.owner_demoted))
        shop.settings.fulfilments = bool(asked.get("fulfilments", shop.settings.fulfilments))
        shop.settings.decimals = bool(asked.get("decimals", shop.settings.decimals))


def _sent(sent: Sent | None) -> Object:
    return {"sent": [sent.status] if sent is not None else []}


def _order_state(order: Order) -> Object:
    return {
        "id": order.id,
        "status": order.status,
        "placed_at": order.created.isoformat(),
        "name": order.name,
        "meta": {meta.key: meta.value for meta in order.meta},
        "lines": [
            {
                "id": line.id,
                "sku": line.sku,
                "name": line.name,
                "quantity": number(line.quantity),
                "meta": {meta.key: meta.value for meta in line.meta},
            }
            for line in order.lines
        ],
        "notes": [note.text for note in order.notes],
    }
