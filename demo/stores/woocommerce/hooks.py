"""The shop's webhooks: registered, queued once per object, built and sent when the queue runs, never sent again.

Kept as the real shop has it: a body shows the object of the moment at which it is sent, one delivery id stands on all
deliveries of a webhook within a second, a redirect counts as received, and the seventh failure in a row disables.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import requests

from demo.stores.woocommerce.rest import Object, stamp

FAILURES_ALLOWED = 6
AGENT = "WooCommerce/10.5.0 Hookshot (WordPress/6.9.7)"

Deliver = Callable[[str, Mapping[str, str], bytes], int]
"""Sends a delivery and returns the status of the answer; 0 where none came."""


def over_http(url: str, headers: Mapping[str, str], body: bytes) -> int:
    """Send a delivery to an address of this machine."""
    try:
        return requests.post(url, data=body, headers=dict(headers), timeout=10, allow_redirects=False).status_code
    except requests.RequestException:
        return 0


@dataclass(slots=True)
class Webhook:
    """A registered webhook."""

    id: int
    name: str
    topic: str
    url: str
    secret: str
    created: datetime
    status: str = "active"
    failures: int = 0

    def body(self) -> Object:
        """As the REST API shows it: without the secret."""
        return {
            "id": self.id,
            "name": self.name,
            "topic": self.topic,
            "delivery_url": self.url,
            "status": self.status,
            "date_created_gmt": stamp(self.created),
            "date_modified_gmt": stamp(self.created),
        }


@dataclass(frozen=True, slots=True)
class Sent:
    """A delivery that left, for people and tests to look at."""

    topic: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    status: int


class Hooks:
    """All webhooks of a shop and their queue. `show(topic, id)` gives the body at the moment of sending."""

    def __init__(
        self, source: str, clock: Callable[[], datetime], show: Callable[[str, int], Any], deliver: Deliver
    ) -> None:
        self._source = source
        self._clock = clock
        self._show = show
        self._deliver = deliver
        self._last_id = 0
        self._queue: dict[tuple[int, int], None] = {}
        self.webhooks: dict[int, Webhook] = {}
        self.sent: list[Sent] = []

    def register(self, name: str, topic: str, url: str, secret: str) -> Webhook:
        """Add a webhook and ping its address; the same address may be registered twice."""
        self._last_id += 1
        webhook = Webhook(self._last_id, name, topic, url, secret, self._clock())
        self.webhooks[webhook.id] = webhook
        self._ping(webhook)
        return webhook

    def enable(self, webhook: Webhook) -> None:
        """Switch a webhook on again. It keeps its count of failures, so one more disables it."""
        webhook.status = "active"
        webhook.failures = min(webhook.failures, FAILURES_ALLOWED)
        self._ping(webhook)

    def fire(self, topic: str, object_id: int) -> None:
        """Queue a delivery to each webhook of the topic; one that waits already for the same object is enough."""
        for webhook in self.webhooks.values():
            if webhook.topic == topic and webhook.status == "active":
                self._queue[webhook.id, object_id] = None

    @property
    def waiting(self) -> int:
        """Deliveries in the queue."""
        return len(self._queue)

    def run(self) -> list[Sent]:
        """Send what the queue holds, one after the other; what was sent."""
        sent = []
        while self._queue:
            webhook_id, object_id = next(iter(self._queue))
            del self._queue[webhook_id, object_id]
            webhook = self.webhooks.get(webhook_id)
            if webhook is not None and webhook.status == "active":
                sent.append(self._send(webhook, object_id))
        return sent

    def _send(self, webhook: Webhook, object_id: int) -> Sent:
        # PHP escapes slashes and everything beyond ASCII.
        body = json.dumps(self._show(webhook.topic, object_id), separators=(",", ":")).replace("/", "\\/").encode()
        resource, _, event = webhook.topic.partition(".")
        second = int(self._clock().timestamp())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": AGENT,
            "X-WC-Webhook-Source": self._source,
            "X-WC-Webhook-Topic": webhook.topic,
            "X-WC-Webhook-Resource": resource,
            "X-WC-Webhook-Event": event,
            "X-WC-Webhook-Signature": _signature(webhook.secret, body),
            "X-WC-Webhook-ID": str(webhook.id),
            "X-WC-Webhook-Delivery-ID": hashlib.sha256(f"{webhook.id}{second}".encode()).hexdigest()[:32],
        }
        status = self._deliver(webhook.url, headers, body)
        if 200 <= status < 303:
            webhook.failures = 0
        else:
            webhook.failures += 1
            if webhook.failures > FAILURES_ALLOWED:
                webhook.status = "disabled"
        self.sent.append(Sent(webhook.topic, webhook.url, headers, body, status))
        return self.sent[-1]

    def _ping(self, webhook: Webhook) -> None:
        headers = {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": AGENT}
        body = f"webhook_id={webhook.id}".encode()
        status = self._deliver(webhook.url, headers, body)
        self.sent.append(Sent("ping", webhook.url, headers, body, status))


def _signature(secret: str, body: bytes) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
