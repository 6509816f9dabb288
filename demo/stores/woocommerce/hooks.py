"""The shop's webhooks: registered, queued once per object, built and sent when the queue runs, never sent again.

Kept as the real shop has it: a body shows the object of the moment at which it is sent, one delivery id stands on all
deliveries of a webhook within a second, a redirect counts as received, and the seventh failure in a row disables.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import requests

from demo.stores.woocommerce.rest import php_json

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
    """A registered webhook. `unheard` while no ping of it was answered with 200: each save then pings again."""

    id: int
    name: str
    topic: str
    url: str
    secret: str
    created: datetime
    modified: datetime | None = None
    status: str = "active"
    failures: int = 0
    unheard: bool = True


@dataclass(frozen=True, slots=True)
class Sending:
    """A delivery on its way: its body is built, its answer has not come."""

    webhook: Webhook
    object_id: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Sent:
    """A delivery that left, for people and tests to look at."""

    topic: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    status: int


class Hooks:
    """All webhooks of a shop and their queue. `show(topic, id)` gives the body at the moment of sending.

    `stalled` is for a shop that nobody visits: its queue grows and nothing leaves.
    """

    def __init__(
        self, source: str, clock: Callable[[], datetime], show: Callable[[str, int], Any], deliver: Deliver
    ) -> None:
        self._source = source
        self._clock = clock
        self._show = show
        self._deliver = deliver
        self._last_id = 0
        self._queue: dict[tuple[int, int], None] = {}
        self._running: set[tuple[int, int]] = set()
        self.stalled = False
        self.webhooks: dict[int, Webhook] = {}
        self.sent: list[Sent] = []

    def register(self, name: str, topic: str, url: str, secret: str, status: str = "active") -> Webhook:
        """Add a webhook and ping its address; the same address may be registered twice, and a ping that fails stops
        nothing.
        """
        self._last_id += 1
        webhook = Webhook(self._last_id, name, topic, url, secret, self._clock(), status=status)
        self.webhooks[webhook.id] = webhook
        self.save(webhook)
        return webhook

    def enable(self, webhook: Webhook) -> None:
        """Switch a webhook on again. It keeps its count of failures, so one more disables it."""
        webhook.status = "active"
        self.save(webhook)

    def save(self, webhook: Webhook) -> None:
        """Keep a change of a webhook. An active one is pinged until a ping was answered with 200."""
        webhook.modified = self._clock()
        if webhook.unheard and webhook.status == "active":
            webhook.unheard = self._ping(webhook) != 200

    def fire(self, topic: str, object_id: int) -> None:
        """Queue a delivery to each webhook of the topic. One that waits already for the same object is enough, and
        while one for it is on its way the shop takes that for enough too: what happens then is told by none.
        """
        for webhook in self.webhooks.values():
            if webhook.topic == topic and webhook.status == "active":
                key = webhook.id, object_id
                if key not in self._running:
                    self._queue[key] = None

    @property
    def pending(self) -> list[tuple[str, int]]:
        """Topic and object of each delivery in the queue, the next one first."""
        known = ((self.webhooks.get(webhook_id), object_id) for webhook_id, object_id in self._queue)
        return [(webhook.topic if webhook else "", object_id) for webhook, object_id in known]

    @property
    def waiting(self) -> int:
        """Deliveries in the queue."""
        return len(self._queue)

    def run(self) -> list[Sent]:
        """Send what the queue holds, one after the other; what was sent."""
        sent = []
        while self._queue and not self.stalled:
            one = self.step()
            if one is not None:
                sent.append(one)
        return sent

    def step(self, place: int = 0) -> Sent | None:
        """Send one delivery: the head of the queue, or another where the shop's jobs overtake each other. `None` where
        nothing is there to be sent.
        """
        sending = self.begin(place)
        return self.finish(sending) if sending is not None else None

    def begin(self, place: int = 0) -> Sending | None:
        """Take a delivery from the queue and build its body. Until its end, changes of its object are told by none.
        `None` where the queue is empty or stalled, or the webhook was disabled or deleted meanwhile.
        """
        if self.stalled or place >= len(self._queue):
            return None
        key = list(self._queue)[place] if place else next(iter(self._queue))
        del self._queue[key]
        webhook = self.webhooks.get(key[0])
        if webhook is None or webhook.status != "active":
            return None
        body = php_json(self._show(webhook.topic, key[1]))
        self._running.add(key)
        return Sending(webhook, key[1], self._headers(webhook, body), body)

    def finish(self, sending: Sending) -> Sent:
        """Send it, once and never again."""
        webhook = sending.webhook
        try:
            status = self._deliver(webhook.url, sending.headers, sending.body)
        finally:
            self._running.discard((webhook.id, sending.object_id))
        if 200 <= status < 303:
            webhook.failures = 0
        elif webhook.failures >= FAILURES_ALLOWED:
            webhook.status, webhook.modified = "disabled", self._clock()
        else:
            webhook.failures += 1
        self.sent.append(Sent(webhook.topic, webhook.url, sending.headers, sending.body, status))
        return self.sent[-1]

    def lose(self, place: int = 0) -> None:
        """A job vanishes from the queue: nobody is told, nothing counts as a failure."""
        if place < len(self._queue):
            del self._queue[list(self._queue)[place]]

    def _headers(self, webhook: Webhook, body: bytes) -> Mapping[str, str]:
        resource, _, event = webhook.topic.partition(".")
        second = int(self._clock().timestamp())
        return {
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

    def _ping(self, webhook: Webhook) -> int:
        headers = {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": AGENT}
        body = f"webhook_id={webhook.id}".encode()
        status = self._deliver(webhook.url, headers, body)
        self.sent.append(Sent("ping", webhook.url, headers, body, status))
        return status


def _signature(secret: str, body: bytes) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
