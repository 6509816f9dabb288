"""The REST routes of the stand-in shop: those that a connector uses, with the real shop's answers."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, jsonify, request

from demo.stores.woocommerce.rest import PREFIX, Object, error, fields, invalid_id, listed, with_status
from demo.stores.woocommerce.shop import Refused, Shop
from demo.stores.woocommerce.things import Order, note_body

TOPIC_RESOURCES = ("coupon", "customer", "order", "product")
TOPIC_EVENTS = ("created", "updated", "deleted", "restored")

Answer = Response | tuple[Response, int]


class Routes:
    """Version 3 of the REST API over one shop, for one key."""

    def __init__(self, shop: Shop, key: str, secret: str) -> None:
        self._shop = shop
        self._key = key
        self._secret = secret

    def blueprint(self) -> Blueprint:
        """The routes, each behind the check of the key."""
        blueprint = Blueprint("rest", __name__, url_prefix=PREFIX)
        blueprint.before_request(self._check_key)
        table: list[tuple[str, str, Callable[..., Answer]]] = [
            ("GET", "/orders", self._orders),
            ("GET", "/orders/statuses", self._statuses),
            ("GET", "/orders/<int:order_id>", self._on_order(lambda order: jsonify(self._shop.order_body(order)))),
            ("PUT", "/orders/<int:order_id>", self._on_order(self._change_order)),
            ("GET", "/orders/<int:order_id>/refunds", self._on_order(self._refunds)),
            ("GET", "/orders/<int:order_id>/fulfillments", self._on_order(lambda order: jsonify(order.fulfilments))),
            ("GET", "/orders/<int:order_id>/notes", self._on_order(self._notes)),
            ("POST", "/orders/<int:order_id>/notes", self._on_order(self._add_note)),
            ("GET", "/products", lambda: self._products(variations=False)),
            ("GET", "/variations", lambda: self._products(variations=True)),
            ("GET", "/products/<int:product_id>", self._product),
            ("GET", "/webhooks", lambda: listed(self._webhook_bodies(), request.args, lambda _: True)),
            ("POST", "/webhooks", self._register),
            ("PUT", "/webhooks/<int:webhook_id>", self._change_webhook),
            ("DELETE", "/webhooks/<int:webhook_id>", self._delete_webhook),
            ("GET", "/system_status", self._system_status),
        ]
        for method, path, view in table:
            blueprint.add_url_rule(path, f"{method} {path}".replace(".", "_"), view, methods=[method])
        return blueprint

    def _check_key(self) -> Response | None:
        """Over plain http the real shop takes signed queries only; a stand-in believes the key in them."""
        if "oauth_consumer_key" in request.args:
            key, secret = request.args["oauth_consumer_key"], self._secret
        else:
            given = request.authorization
            key, secret = (given.username or "", given.password or "") if given else ("", "")
        if key != self._key:
            return error("woocommerce_rest_cannot_view", "Sorry, you cannot list resources.", 401)
        if secret != self._secret:
            return error("woocommerce_rest_authentication_error", "Consumer secret is invalid.", 401)
        return None

    def _on_order(self, view: Callable[[Order], Answer]) -> Callable[[int], Answer]:
        def with_order(order_id: int) -> Answer:
            order = self._shop.orders.get(order_id)
            return view(order) if order is not None else invalid_id("shop_order")

        return with_order

    def _orders(self) -> Response:
        bodies = [self._shop.order_body(order) for order in self._shop.orders.values()]
        return listed(bodies, request.args, with_status(request.args))

    def _statuses(self) -> Response:
        return jsonify([{"slug": slug, "name": name} for slug, name in self._shop.statuses.items()])

    def _change_order(self, order: Order) -> Response:
        """Any PUT, even an empty one, moves the order's date and is told."""
        asked: Object = request.get_json()
        status = asked.get("status", order.status)
        if status not in {*self._shop.statuses, order.status}:
            return error("rest_invalid_param", "Invalid parameter(s): status", 400)
        try:
            lines = [(self._shop.line(order, line["id"]), line) for line in asked.get("line_items", [])]
        except Refused as refusal:
            return error("woocommerce_rest_invalid_item_id", str(refusal), 400)
        for line, change in lines:
            for meta in change.get("meta_data", []):
                self._shop.write_meta(line.meta, meta)
        for meta in asked.get("meta_data", []):
            self._shop.write_meta(order.meta, meta)
        self._shop.set_status(order, status)
        self._shop.touch(order)
        return jsonify(self._shop.order_body(order))

    def _refunds(self, order: Order) -> Response:
        return listed(order.refunds, request.args, lambda _: True)

    def _notes(self, order: Order) -> Response:
        return jsonify([note_body(note, self._shop.zone) for note in order.notes])

    def _add_note(self, order: Order) -> Answer:
        asked = request.get_json()
        note = self._shop.note(order, asked["note"], to_customer=bool(asked.get("customer_note")))
        return jsonify(note_body(note, self._shop.zone)), 201

    def _products(self, *, variations: bool) -> Response:
        shown = with_status(request.args)
        return listed(
            [self._shop.product_body(product) for product in self._shop.products.values()],
            request.args,
            lambda one: shown(one) and (one["type"] == "variation") is variations,
        )

    def _product(self, product_id: int) -> Response:
        product = self._shop.products.get(product_id)
        if product is None:
            return invalid_id("product")
        return jsonify(fields(self._shop.product_body(product), request.args))

    def _webhook_bodies(self) -> list[dict[str, Any]]:
        return [webhook.body() for webhook in self._shop.hooks.webhooks.values()]

    def _register(self) -> Answer:
        asked = request.get_json()
        resource, _, event = asked["topic"].partition(".")
        if resource != "action" and (resource not in TOPIC_RESOURCES or event not in TOPIC_EVENTS):
            return error("woocommerce_rest_webhook_invalid_topic", "Webhook topic is required and must be valid.", 400)
        webhook = self._shop.hooks.register(
            asked.get("name", ""), asked["topic"], asked["delivery_url"], asked.get("secret", "")
        )
        return jsonify(webhook.body()), 201

    def _change_webhook(self, webhook_id: int) -> Answer:
        webhook = self._shop.hooks.webhooks.get(webhook_id)
        if webhook is None:
            return invalid_id("shop_webhook")
        if request.get_json().get("status") == "active":
            self._shop.hooks.enable(webhook)
        return jsonify(webhook.body())

    def _delete_webhook(self, webhook_id: int) -> Answer:
        webhook = self._shop.hooks.webhooks.pop(webhook_id, None)
        return jsonify(webhook.body()) if webhook is not None else invalid_id("shop_webhook")

    def _system_status(self) -> Response:
        return jsonify(fields({"settings": {"currency": self._shop.currency}, "environment": {}}, request.args))
