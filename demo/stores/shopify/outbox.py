"""The shop's webhooks: written when something happens, sent when told to."""

import base64
import hashlib
import hmac
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import requests

from demo.stores.shopify.state import Shop

Deliver = Callable[[str, Mapping[str, str], bytes], int]
"""(address, headers, body) -> HTTP status of the answer"""

TRIES_AT_MOST = 9


@dataclass
class Message:
    """One delivery: to one address, with one id that its repeats keep."""

    url: str
    headers: dict[str, str]
    body: bytes
    tries: int = 0


class Outbox:
    """Deliveries not yet taken by the app, oldest first. Tests may reorder, double or drop them."""

    def __init__(self, shop: Shop, domain: str, secret: str, clock: Callable[[], datetime], deliver: Deliver) -> None:
        self._shop = shop
        self._domain = domain
        self._secret = secret.encode()
        self._clock = clock
        self._deliver = deliver
        self.queue: list[Message] = []

    def tell(self, topic: str, told: Mapping[str, Any]) -> None:
        """Write a delivery for each address that is subscribed to the topic now."""
        body = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
        name = topic.replace("/", "_").replace(".", "_").upper()
        event = str(uuid.uuid4())
        for subscription in self._shop.subscriptions.values():
            if subscription.topic == name:
                headers = {
                    "Content-Type": "application/json",
                    "X-Shopify-Topic": topic,
                    "X-Shopify-Hmac-Sha256": self.signature(body),
                    "X-Shopify-Shop-Domain": self._domain,
                    "X-Shopify-API-Version": "2026-10",
                    "X-Shopify-Webhook-Id": str(uuid.uuid4()),
                    "X-Shopify-Event-Id": event,
                    "X-Shopify-Triggered-At": f"{self._clock().astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}000Z",
                }
                self.queue.append(Message(subscription.uri, headers, body))

    def signature(self, body: bytes) -> str:
        """base64 of the HMAC over the body."""
        return base64.b64encode(hmac.new(self._secret, body, hashlib.sha256).digest()).decode()

    def run(self) -> list[int]:
        """Send everything that waits, oldest first; the statuses answered. What was refused waits for the next run."""
        waiting, self.queue = self.queue, []
        statuses = []
        for message in waiting:
            message.tries += 1
            statuses.append(self._deliver(message.url, message.headers, message.body))
            if not 200 <= statuses[-1] < 300 and message.tries < TRIES_AT_MOST:
                self.queue.append(message)
        return statuses


def over_http(url: str, headers: Mapping[str, str], body: bytes) -> int:
    """Send it as Shopify does: no redirects, five seconds. An app that is not there counts as a refusal."""
    try:
        return requests.post(url, data=body, headers=dict(headers), timeout=(1, 5), allow_redirects=False).status_code
    except requests.RequestException:
        return 0
