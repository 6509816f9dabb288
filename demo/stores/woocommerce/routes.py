"""The REST routes of the stand-in shop: those that a connector uses, with the real shop's answers."""

from urllib.parse import urlsplit

from flask import Blueprint, Response, request

from demo.stores.woocommerce.access import Access
from demo.stores.woocommerce.hooks import Webhook
from demo.stores.woocommerce.operations import batch, keep
from demo.stores.woocommerce.order_parts import OrderParts
from demo.stores.woocommerce.order_routes import EDITS, OrderRoutes, Table
from demo.stores.woocommerce.product_routes import ProductRoutes
from demo.stores.woocommerce.rest import (
    PREFIX,
    ApiError,
    Object,
    asked,
    fields,
    listed,
    no_such,
    not_in_enum,
    query_args,
    told,
)
from demo.stores.woocommerce.shop import Shop

RESOURCES = ("coupon", "customer", "order", "product")
EVENTS = ("created", "updated", "deleted", "restored")
WEBHOOK_STATUSES = ["active", "paused", "disabled"]
FEATURES = ["analytics", "marketplace", "point_of_sale", "custom_order_tables"]


class Routes:
    """Version 3 of the REST API over one shop."""

    def __init__(self, shop: Shop, access: Access) -> None:
        self._shop = shop
        self._access = access

    def blueprint(self) -> Blueprint:
        """The routes, each behind the check of the key."""
        blueprint = Blueprint("rest", __name__, url_prefix=PREFIX)
        blueprint.before_request(self._access.check)
        one = "/webhooks/<int:webhook_id>"
        table: Table = [
            *OrderRoutes(self._shop).table(),
            *OrderParts(self._shop).table(),
            *ProductRoutes(self._shop).table(),
            (["GET"], "/webhooks", self._webhooks),
            (["POST"], "/webhooks", lambda: told(self._register(asked()), 201)),
            (EDITS, "/webhooks/batch", self._batch),
            (["GET"], one, lambda webhook_id: told(self._shop.bodies.webhook(self._webhook(webhook_id)))),
            (EDITS, one, lambda webhook_id: told(self._change({**asked(), "id": webhook_id}))),
            (["DELETE"], one, self._delete),
            (["GET"], "/system_status", self._system_status),
            (["GET"], "/data/currencies/current", self._currency),
        ]
        for methods, path, view in table:
            name = f"{' '.join(methods)} {path}".replace(".", "_")
            blueprint.add_url_rule(path, name, view, methods=list(methods))
        return blueprint

    def index(self) -> Response:
        """WordPress' description of itself, open to everybody."""
        zone, settings = self._shop.zone, self._shop.settings
        offset = self._shop.clock().astimezone(zone).utcoffset()
        hours = offset.total_seconds() / 3600 if offset is not None else 0
        body = {
            "name": settings.name,
            "description": "",
            "url": settings.address,
            "home": settings.address,
            "gmt_offset": int(hours) if hours == int(hours) else hours,
            "timezone_string": zone.key,
            "namespaces": ["oembed/1.0", "wc/v3", "wp/v2"],
        }
        return told(fields(body, request.args))

    def namespace(self) -> Response:
        """What this version of the API can do: whether there are parcels stands here."""
        parcels = [f"{PREFIX.removeprefix('/wp-json')}/orders/(?P<order_id>[\\d]+)/fulfillments"]
        paths = ["orders", "products", "variations", "webhooks", "system_status"]
        known = [f"/wc/v3/{path}" for path in paths] + (parcels if self._shop.settings.fulfilments else [])
        routes = {path: {"namespace": "wc/v3", "methods": ["GET"]} for path in known}
        return told({"namespace": "wc/v3", "routes": routes})

    def _webhooks(self) -> Response:
        bodies = [self._shop.bodies.webhook(webhook) for webhook in self._shop.hooks.webhooks.values()]
        status = request.args.get("status", "all")
        return listed(bodies, query_args(), lambda one: bool(status in ("all", one["status"])))

    def _register(self, body: Object) -> Object:
        self._check(body)
        if not body.get("topic"):
            raise _no_topic()
        if not body.get("delivery_url"):
            raise _no_url()
        webhook = self._shop.hooks.register(
            body.get("name", ""),
            body["topic"],
            body["delivery_url"],
            body.get("secret", ""),
            body.get("status", "active"),
        )
        keep(self._shop, "POST webhook", webhook.id, body, webhook.topic)
        never = {"date_modified": None, "date_modified_gmt": None}
        return self._shop.bodies.webhook(webhook) | never

    def _change(self, body: Object) -> Object:
        self._check(body)
        webhook = self._webhook(body["id"], 400)
        webhook.name = body.get("name", webhook.name)
        webhook.topic = body.get("topic", webhook.topic)
        webhook.url = body.get("delivery_url", webhook.url)
        webhook.secret = body.get("secret", webhook.secret)
        webhook.status = body.get("status", webhook.status)
        self._shop.hooks.save(webhook)
        keep(self._shop, "PUT webhook", webhook.id, body, webhook.topic)
        return self._shop.bodies.webhook(webhook)

    def _delete(self, webhook_id: int) -> Response:
        if request.args.get("force", "false") not in ("true", "1"):
            raise ApiError("woocommerce_rest_trash_not_supported", "Webhooks do not support trashing.", 501)
        return told(self._remove(webhook_id))

    def _remove(self, webhook_id: int) -> Object:
        webhook = self._webhook(int(webhook_id))
        del self._shop.hooks.webhooks[webhook.id]
        keep(self._shop, "DELETE webhook", webhook.id, {}, webhook.topic)
        return self._shop.bodies.webhook(webhook)

    def _batch(self) -> Response:
        return told(batch(asked(), {"create": self._register, "update": self._change, "delete": self._remove}))

    def _webhook(self, webhook_id: int, status: int = 404) -> Webhook:
        webhook = self._shop.hooks.webhooks.get(webhook_id)
        if webhook is None:
            raise no_such("shop_webhook", status)
        return webhook

    def _check(self, body: Object) -> None:
        resource, _, event = body.get("topic", "action.any").partition(".")
        if resource != "action" and (resource not in RESOURCES or event not in EVENTS):
            raise _no_topic()
        if urlsplit(body.get("delivery_url", "https://any")).scheme not in ("http", "https"):
            raise _no_url()
        if body.get("status", "active") not in WEBHOOK_STATUSES:
            raise not_in_enum("status", WEBHOOK_STATUSES)

    def _system_status(self) -> Response:
        parcels = ["fulfillments"] if self._shop.settings.fulfilments else []
        settings = {
            "currency": self._shop.settings.currency,
            "currency_symbol": "&#36;",
            "number_of_decimals": 2,
            "HPOS_enabled": True,
            "enabled_features": FEATURES + parcels,
        }
        environment = {"version": "10.5.0", "wp_version": "6.9.7", "home_url": self._shop.settings.address}
        return told(fields({"environment": environment, "settings": settings}, request.args))

    def _currency(self) -> Response:
        return told({"code": self._shop.settings.currency, "name": "United States (US) dollar", "symbol": "&#36;"})


def _no_topic() -> ApiError:
    message = "Webhook topic is required and must be valid."
    return ApiError("woocommerce_rest_shop_webhook_invalid_topic", message, 400)


def _no_url() -> ApiError:
    message = "Webhook delivery URL must be a valid URL starting with http:// or https://."
    return ApiError("woocommerce_rest_shop_webhook_invalid_delivery_url", message, 400)
