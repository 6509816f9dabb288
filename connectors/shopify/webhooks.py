"""Shopify's webhooks: whose they are, whether they are genuine, and what they say. Pure.

A body never decides units: it introduces an order or names what must be read.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from shopify.utils.shop_url import sanitize_shop_domain

from backorder.domain.errors import BadPayload, UnknownTopic
from backorder.domain.events import (
    CustomerTouched,
    Event,
    InboundTouched,
    OrderGone,
    OrderSeen,
    OrderShipped,
    OrderTouched,
    PrivacyEvent,
    StockTouched,
    StoreRenamed,
    StoreTouched,
)
from connectors.contract import Delivery, StoreRef
from connectors.joining import Credentials
from connectors.shopify.ignored import LEFT_ALONE
from connectors.shopify.payloads import (
    CustomerTagsBody,
    DeletedBody,
    EditBody,
    FulfillmentBody,
    ItemBody,
    LevelBody,
    OrderBody,
    OrderNamed,
    ProductBody,
    WorkBody,
    item_of_level,
)
from connectors.shopify.privacy import COMPLIANCE, UNINSTALLED, ShopBody, check_shop, left
from connectors.shopify.tokens import SECRETS_SETTING
from connectors.shopify.traces import shipment, traced
from connectors.shopify.translate import order_of_body
from connectors.signing import check_body_signature

Model = TypeVar("Model", bound=BaseModel)


def shop_domain(given: str) -> str:
    """The shop's own host name in lower case, or nothing where it is not one of Shopify's."""
    try:
        return sanitize_shop_domain(given) or ""
    except ValueError:
        # Brackets and the like, which the package takes for the beginning of an address.
        return ""


def _read(model: type[Model], body: bytes) -> Model:
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(step) for step in first["loc"])
        raise BadPayload(f"The body is not what its topic promises: {where or 'body'}: {first['msg']}") from None


def _order(_topic: str, body: bytes) -> list[Event]:
    return [OrderSeen(order_of_body(_read(OrderBody, body)), whole=True)]


def _order_edited(_topic: str, body: bytes) -> list[Event]:
    return [OrderTouched(_read(EditBody, body).order_edit.order_id)]


def _order_deleted(_topic: str, body: bytes) -> list[Event]:
    return [OrderGone(_read(DeletedBody, body).id)]


def _names_order(_topic: str, body: bytes) -> list[Event]:
    return [OrderTouched(_read(OrderNamed, body).order_id)]


def _shipped(_topic: str, body: bytes) -> list[Event]:
    told = _read(FulfillmentBody, body)
    return [OrderTouched(told.order_id) if told.id is None else OrderShipped(told.order_id, shipment(told.id))]


def _work(topic: str, body: bytes) -> list[Event]:
    """Fulfillment orders and their holds: the body rarely names the order."""
    told = _read(WorkBody, body)
    work = told.fulfillment_order
    if work is not None and work.order_id is not None:
        return [OrderTouched(work.order_id)]
    return [traced(topic, told) or StoreTouched(topic)]


def _level(topic: str, body: bytes) -> list[Event]:
    level = _read(LevelBody, body)
    item = item_of_level(level.admin_graphql_api_id) or level.inventory_item_id
    return [StoreTouched(topic)] if item is None else [StockTouched(item)]


def _item(_topic: str, body: bytes) -> list[Event]:
    item = _read(ItemBody, body)
    return [StockTouched(item.admin_graphql_api_id or item.id)]


def _product(topic: str, body: bytes) -> list[Event]:
    variants = _read(ProductBody, body).variants
    items = sorted({variant.inventory_item_id for variant in variants if variant.inventory_item_id is not None})
    if not items:
        return [StoreTouched(topic)]
    return [StockTouched(item) for item in items]


def _store(topic: str, _body: bytes) -> list[Event]:
    return [StoreTouched(topic)]


def _on_the_way(topic: str, _body: bytes) -> list[Event]:
    """Which goods is not asked: one reading tells of all of them."""
    return [InboundTouched(topic)]


def _customer(_topic: str, body: bytes) -> list[Event]:
    return [CustomerTouched(_read(CustomerTagsBody, body).customerId)]


def _renamed(_topic: str, _body: bytes) -> list[Event]:
    return [StoreRenamed()]


TOPICS: Mapping[str, Callable[[str, bytes], list[Event]]] = {
    "orders/create": _order,
    "orders/updated": _order,
    "orders/cancelled": _order,
    "orders/paid": _order,
    "orders/fulfilled": _order,
    "orders/partially_fulfilled": _order,
    "orders/edited": _order_edited,
    "orders/delete": _order_deleted,
    "refunds/create": _names_order,
    "fulfillments/create": _shipped,
    "fulfillments/update": _names_order,
    "fulfillment_orders/order_routing_complete": _work,
    "fulfillment_orders/placed_on_hold": _work,
    "fulfillment_orders/hold_released": _work,
    "fulfillment_orders/split": _work,
    "fulfillment_orders/merged": _work,
    "fulfillment_orders/moved": _work,
    "fulfillment_orders/rescheduled": _work,
    "fulfillment_orders/cancelled": _work,
    "fulfillment_orders/scheduled_fulfillment_order_ready": _work,
    "fulfillment_holds/added": _work,
    "fulfillment_holds/released": _work,
    "inventory_levels/update": _level,
    "inventory_levels/connect": _level,
    "inventory_levels/disconnect": _level,
    "inventory_items/update": _item,
    "inventory_items/delete": _item,
    "products/update": _product,
    "inventory_shipments/add_items": _on_the_way,
    "inventory_shipments/create": _on_the_way,
    "inventory_shipments/delete": _on_the_way,
    "inventory_shipments/mark_in_transit": _on_the_way,
    "inventory_shipments/receive_items": _on_the_way,
    "inventory_shipments/remove_items": _on_the_way,
    "inventory_shipments/update_item_quantities": _on_the_way,
    "inventory_shipments/update_tracking": _on_the_way,
    "inventory_transfers/add_items": _on_the_way,
    "inventory_transfers/cancel": _on_the_way,
    "inventory_transfers/complete": _on_the_way,
    "inventory_transfers/ready_to_ship": _on_the_way,
    "inventory_transfers/remove_items": _on_the_way,
    "inventory_transfers/update_item_quantities": _on_the_way,
    "inventory_transfers/updated": _on_the_way,
    "locations/update": _store,
    "locations/activate": _store,
    "locations/deactivate": _store,
    "locations/delete": _store,
    "app/scopes_update": _renamed,
    "customer.tags_added": _customer,
    "customer.tags_removed": _customer,
    "shop/update": _renamed,
    UNINSTALLED: _store,
}
"""Every topic that Waitline subscribes to, and what it says."""

OPTIONAL: Mapping[str, str] = {
    "customer.tags_added": "read_customers",
    "customer.tags_removed": "read_customers",
    **{
        topic: "read_inventory_shipments" if topic.startswith("inventory_shipments") else "read_inventory_transfers"
        for topic, tells in TOPICS.items()
        if tells is _on_the_way
    },
}
"""Topics that a shop refuses where the merchant has not granted what they tell of, with the scope that covers it: that
they are missing is no gap.
"""

IGNORED = frozenset(LEFT_ALONE)
"""Topics that may come (the app's configuration file can name them) and change nothing here."""


class ShopifyWebhooks:
    """The receiving side of Shopify."""

    def find(self, delivery: Delivery) -> StoreRef | None:
        """The shop that the delivery's header names."""
        shop = self._shop(delivery)
        return StoreRef(address=shop) if shop else None

    def is_ping(self, delivery: Delivery) -> bool:  # noqa: ARG002 -- the contract's signature
        """Shopify signs everything it sends."""
        return False

    def secrets(self, credentials: Credentials | None, environ: Mapping[str, str]) -> Sequence[bytes]:
        """The shop's own client secret, if it was connected with one, then the operator's, newest first."""
        own = (credentials or {}).get("client_secret", "")
        named = [own, *environ.get(SECRETS_SETTING, "").split(",")]
        return [secret.strip().encode() for secret in named if secret.strip()]

    def verify(self, delivery: Delivery, secrets: Sequence[bytes]) -> None:
        """Return where one of the secrets signed the raw body; raise BadSignature otherwise."""
        check_body_signature(delivery.headers.get("x-shopify-hmac-sha256"), delivery.body, secrets)

    def dedupe_key(self, delivery: Delivery) -> str:
        """Shopify's id of the delivery, which a retry keeps; what it says where there is none."""
        webhook_id = delivery.headers.get("x-shopify-webhook-id", "")
        if 0 < len(webhook_id) <= 200:
            return webhook_id
        return hashlib.sha256(self._topic(delivery).encode() + b"\n" + delivery.body).hexdigest()

    def topic(self, delivery: Delivery) -> str:
        """Shopify's name of the topic, at most 100 characters of it."""
        return self._topic(delivery)[:100]

    def normalise(self, delivery: Delivery) -> list[Event]:
        """What the delivery says; nothing for an ignored topic."""
        topic = self._topic(delivery)
        if topic in IGNORED:
            return []
        if topic in COMPLIANCE:
            return [*self.privacy_requests(delivery)]
        if topic == UNINSTALLED:
            return [left(_read(ShopBody, delivery.body), delivery, self._shop(delivery))]
        if topic not in TOPICS:
            raise UnknownTopic(f"Shopify sent a topic that Waitline does not know: {topic[:100] or '(none)'}.")
        return TOPICS[topic](topic, delivery.body)

    def privacy_requests(self, delivery: Delivery) -> list[PrivacyEvent]:
        """What one of the compliance topics asks; nothing for any other topic."""
        named = COMPLIANCE.get(self._topic(delivery))
        if named is None:
            return []
        body = _read(named[0], delivery.body)
        check_shop(body.shop_domain, self._shop(delivery))
        return [named[1](body, delivery)]

    def _shop(self, delivery: Delivery) -> str:
        return shop_domain(delivery.headers.get("x-shopify-shop-domain", ""))

    def _topic(self, delivery: Delivery) -> str:
        return delivery.headers.get("x-shopify-topic", "").strip().lower()
