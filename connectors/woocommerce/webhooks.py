"""WooCommerce's webhooks. The signature covers the body and nothing else: no topic, no shop, no time.

Which shop it is of, the token in our own URL says. Which topic, the URL and a header say, and they must agree. A body
shows the object as it is when the shop's queue runs, so it is a hint and never the truth.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from backorder.domain.errors import BadPayload, UnknownTopic
from backorder.domain.events import (
    Event,
    OrderGone,
    OrderSeen,
    PrivacyEvent,
    SomeOrderGone,
    StockTouched,
    StoreTouched,
)
from connectors.contract import Delivery, StoreRef
from connectors.joining import Credentials
from connectors.signing import check_body_signature
from connectors.woocommerce import translate
from connectors.woocommerce.payloads import OrderBody, ProductBody, ShopError

TOPICS = (
    "order.created",
    "order.updated",
    "order.deleted",
    "order.restored",
    "product.created",
    "product.updated",
    "product.deleted",
    "product.restored",
)
"""What we subscribe to. It covers refunds and parcels (order.updated) and every move of stock (product.updated)."""

IGNORED = frozenset({"coupon", "customer", "action"})
"""Resources whose topics say nothing about orders or stock that the topics above do not say better: coupons, customers,
and the shop's inner hooks, whose bodies lose their objects on the way through the queue.
"""

GONE_CODES = frozenset({"woocommerce_rest_shop_order_invalid_id"})
"""What the signed body says instead of an order that was deleted for good before its delivery left."""

_PING = re.compile(rb"webhook_id=[0-9]{1,20}")


class WooWebhooks:
    """The receiving side of WooCommerce."""

    def find(self, delivery: Delivery) -> StoreRef | None:
        """The store that the token in our URL belongs to."""
        return StoreRef(token=delivery.path_token) if delivery.path_token else None

    def is_ping(self, delivery: Delivery) -> bool:
        """The form that a shop posts when a webhook is saved: no signature, none of the shop's headers."""
        form = delivery.headers.get("content-type", "").partition(";")[0].strip().lower()
        return (
            form == "application/x-www-form-urlencoded"
            and _PING.fullmatch(delivery.body) is not None
            and not any(name.startswith("x-wc-") for name in delivery.headers)
        )

    def secrets(self, credentials: Credentials | None, environ: Mapping[str, str]) -> Sequence[bytes]:  # noqa: ARG002
        """The secret of the store, from which that of each topic is made: any characters, in UTF-8."""
        secret = credentials.get("webhook_secret", "") if credentials is not None else ""
        return [secret.encode()] if secret else []

    def verify(self, delivery: Delivery, secrets: Sequence[bytes]) -> None:
        """Over the raw body: the shop escapes JSON in its own way, so a body written anew would not fit.

        Signed with the secret of the topic in the URL, so that a body caught on one topic is none on another; or with
        the store's own, which no webhook that we made has: somebody made one by hand with the secret that he gave us.
        """
        topic = named_topic(delivery)
        signing = [one for secret in secrets if secret for one in (topic_secret(secret, topic).encode(), secret)]
        check_body_signature(delivery.headers.get("x-wc-webhook-signature"), delivery.body, signing)

    def dedupe_key(self, delivery: Delivery) -> str:
        """Webhook, delivery and body together: the shop's delivery id changes only once a second, and an equal body
        comes again after a real change back.
        """
        webhook = delivery.headers.get("x-wc-webhook-id", "")[:20]
        number = delivery.headers.get("x-wc-webhook-delivery-id", "")[:64]
        return f"{webhook}:{number}:{hashlib.sha256(delivery.body).hexdigest()}"

    def topic(self, delivery: Delivery) -> str:
        """The topic in the shop's words."""
        return (delivery.headers.get("x-wc-webhook-topic") or named_topic(delivery))[:100]

    def normalise(self, delivery: Delivery) -> list[Event]:
        """The events in a delivery that was verified before."""
        topic = delivery.headers.get("x-wc-webhook-topic", "")
        if topic != named_topic(delivery):
            raise BadPayload(f"The delivery says it is about {topic!r} and came to {delivery.path_topic!r}.")
        resource, _, event = topic.partition(".")
        if resource in IGNORED:
            return []
        if topic not in TOPICS:
            raise UnknownTopic(f"WooCommerce's topic {topic!r} is not known here.")
        body = _object(delivery.body)
        if "code" in body and "id" not in body:
            code = ShopError.model_validate(body).code
            why = f"{topic}: {code}"
            return [SomeOrderGone(why) if code in GONE_CODES else StoreTouched(why)]
        if event == "deleted":
            gone = _id(body)
            return [OrderGone(gone)] if resource == "order" else [StockTouched(gone)]
        try:
            return _order_events(body) if resource == "order" else _product_events(body)
        except ValidationError as error:
            where = ", ".join(".".join(str(part) for part in found["loc"]) for found in error.errors()[:3])
            raise BadPayload(f"The body of {topic} cannot be read: {where}.") from None

    def privacy_requests(self, delivery: Delivery) -> list[PrivacyEvent]:  # noqa: ARG002 -- the contract's signature
        """WooCommerce sends none: its merchants ask by hand."""
        return []


def named_topic(delivery: Delivery) -> str:
    """The topic that our own URL names, with or without a slash behind it: some hosts add one."""
    return delivery.path_topic.rstrip("/")


def topic_secret(secret: bytes, topic: str) -> str:
    """What signs the deliveries of one topic. Hexadecimal: the shop decodes entities in what it is given."""
    return hmac.new(secret, f"waitline webhook {topic}".encode(), hashlib.sha256).hexdigest()


def _order_events(body: dict[str, Any]) -> list[Event]:
    order = OrderBody.model_validate(body)
    if order.status == translate.DRAFT:
        return []
    if order.status in translate.GONE:
        return [OrderGone(order.id)]
    return [OrderSeen(translate.told(order), whole=translate.tells_all(order), worded=True)]


def _product_events(body: dict[str, Any]) -> list[Event]:
    return [StockTouched(item) for item in translate.touched(ProductBody.model_validate(body))]


def _object(raw: bytes) -> dict[str, Any]:
    try:
        body = json.loads(raw)
    except ValueError:
        raise BadPayload("The body is not JSON.") from None
    if not isinstance(body, dict):
        raise BadPayload("The body is not an object.")
    return body


def _id(body: dict[str, Any]) -> int:
    given = body.get("id")
    if not isinstance(given, int) or isinstance(given, bool):
        raise BadPayload("The body names no id.")
    return given
