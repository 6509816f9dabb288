"""A WooCommerce shop that answers reads from a recording: the state that was recorded after one of its steps."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from flask import Flask, Response, jsonify, request

from demo.replay.recording import Recording, State
from demo.stores.woocommerce.rest import PREFIX, Object, error, fields, invalid_id, listed, no_route, with_status

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

REGISTERED = ("pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed", "checkout-draft")


class RecordedShop:
    """A WSGI application. `after(n)` makes it answer as the recorded shop did after step n; 0 is the empty shop."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._states: dict[int, State] = {}
        self._state = State(recording, 0)
        self._webhooks: list[Object] = []
        self._app = Flask(__name__)
        self._route()

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        return self._app(environ, start_response)

    def after(self, step: int) -> None:
        """Answer from the state recorded after this step."""
        self._state = self._states.setdefault(step, State(self._recording, step))

    def _route(self) -> None:
        read: dict[str, Callable[..., Response]] = {
            "orders": self._orders,
            "orders/statuses": self._statuses,
            "orders/<int:order_id>": self._order,
            "orders/<int:order_id>/refunds": self._refunds,
            "orders/<int:order_id>/fulfillments": self._fulfillments,
            "orders/<int:order_id>/notes": self._notes,
            "products": lambda: self._products(variations=False),
            "variations": lambda: self._products(variations=True),
            "products/<int:product_id>": self._product,
            "webhooks": lambda: listed(self._webhooks, request.args, lambda _: True),
            "system_status": lambda: jsonify({"settings": {"currency": self._state.currency}}),
        }
        for path, view in read.items():
            self._app.add_url_rule(f"{PREFIX}/{path}", path, view)
        self._app.add_url_rule(f"{PREFIX}/webhooks", "subscribe", self._subscribe, methods=["POST"])
        self._app.add_url_rule("/wp-json/", "index", lambda: jsonify({"name": "Recorded shop"}))
        self._app.register_error_handler(404, lambda _: no_route())
        self._app.register_error_handler(
            405, lambda _: error("recording_is_read_only", "A recorded shop takes no writes.", 400)
        )

    def _orders(self) -> Response:
        return listed(self._state.orders.values(), request.args, with_status(request.args))

    def _order(self, order_id: int) -> Response:
        body = self._state.orders.get(order_id)
        return jsonify(body) if body else invalid_id("shop_order")

    def _refunds(self, order_id: int) -> Response:
        if order_id not in self._state.orders:
            return invalid_id("shop_order")
        return listed(self._state.refunds.get(order_id, []), request.args, lambda _: True)

    def _fulfillments(self, order_id: int) -> Response:
        return jsonify(self._state.fulfillments.get(order_id, []))

    def _notes(self, order_id: int) -> Response:
        return jsonify([]) if order_id in self._state.orders else invalid_id("shop_order")

    def _statuses(self) -> Response:
        seen = {order["status"] for order in self._state.orders.values()} - {"trash"}
        return jsonify([{"slug": word, "name": word} for word in sorted(seen | set(REGISTERED))])

    def _products(self, *, variations: bool) -> Response:
        shown = with_status(request.args)
        return listed(
            self._state.products.values(),
            request.args,
            lambda one: shown(one) and (one["type"] == "variation") is variations,
        )

    def _product(self, product_id: int) -> Response:
        body = self._state.products.get(product_id)
        return jsonify(fields(body, request.args)) if body else invalid_id("product")

    def _subscribe(self) -> tuple[Response, int]:
        asked = request.get_json()
        webhook = {key: asked[key] for key in ("name", "topic", "delivery_url")}
        self._webhooks.append({**webhook, "id": len(self._webhooks) + 1, "status": "active", "date_created_gmt": ""})
        return jsonify(self._webhooks[-1]), 201
