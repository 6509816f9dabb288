"""The shop's webhooks: written when something happens, sent when told to, tried again for four hours."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import requests

from demo.stores.shopify.state import Shop

Deliver = Callable[[str, Mapping[str, str], bytes], int]
"""(address, headers, body) -> HTTP status of the answer"""

RETRY_AFTER = (2, 10, 60, 300, 900, 2400, 3600, 7128)
"""Seconds from one try to the next: eight retries, the gaps growing, the last one four hours after the first try."""
TRIES_AT_MOST = 1 + len(RETRY_AFTER)
FAILURES_AT_MOST = 8
"""In a row, of all deliveries of one subscription: then Shopify deletes it. Only 2xx is no failure."""


@dataclass(eq=False)
class Message:
    """One delivery: to one address, with one id and one body that its repeats keep."""

    url: str
    headers: dict[str, str]
    body: bytes
    due: datetime
    """When it is to be tried (again)."""
    subscription: int
    tries: int = 0


class Outbox:
    """Deliveries not yet taken by the app, oldest first. Tests may reorder, double or drop them."""

    def __init__(
        self,
        shop: Shop,
        domain: str,
        secret: str,
        clock: Callable[[], datetime],
        deliver: Deliver,
        new_id: Callable[[], str],
        turn: AbstractContextManager[object] | None = None,
    ) -> None:
        """`turn` is held by whoever changes the shop; never while a delivery is on its way."""
        self._shop = shop
        self._domain = domain
        self._secret = secret.encode()
        self._clock = clock
        self._deliver = deliver
        self._new_id = new_id
        self._turn = turn or nullcontext()
        self._event = ""
        self.queue: list[Message] = []

    def begin(self) -> None:
        """Something new happens: what is told of it from now on has one event id."""
        self._event = self._new_id()

    def tell(self, topic: str, told: Mapping[str, Any]) -> None:
        """Write a delivery for each address that is subscribed to the topic now."""
        name = topic.replace("/", "_").replace(".", "_").upper()
        addressees = [each for each in self._shop.subscriptions.values() if each.topic == name]
        for subscription in addressees:
            self.write(subscription.uri, topic, told, subscription.id)

    def write(self, url: str, topic: str, told: Mapping[str, Any], subscription: int = 0) -> Message:
        """Write one delivery to an address, for a subscription or, as the app's configuration has it, for none."""
        body = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
        now = self._clock()
        headers = {
            "Content-Type": "application/json",
            "X-Shopify-Topic": topic,
            "X-Shopify-Hmac-Sha256": self.signature(body),
            "X-Shopify-Shop-Domain": self._domain,
            "X-Shopify-API-Version": "2026-10",
            "X-Shopify-Webhook-Id": self._new_id(),
            "X-Shopify-Event-Id": self._event or self._new_id(),
            "X-Shopify-Triggered-At": f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}000Z",
        }
        message = Message(url, headers, body, now, subscription)
        self.queue.append(message)
        return message

    def signature(self, body: bytes) -> str:
        """base64 of the HMAC over the body."""
        return base64.b64encode(hmac.new(self._secret, body, hashlib.sha256).digest()).decode()

    def send(self, message: Message) -> int:
        """Try one delivery now, whether it is due or not; the status answered.

        What is not taken waits for its next try, after the last one it is given up; a subscription that failed too
        often in a row is deleted, and what waits for it with it.
        """
        message.tries += 1
        status = self._deliver(message.url, message.headers, message.body)
        with self._turn:
            self._settle(message, taken=200 <= status < 300)
        return status

    def run(self) -> list[int]:
        """Send everything that is due, oldest first; the statuses answered."""
        with self._turn:
            now = self._clock()
            due = [message for message in self.queue if message.due <= now]
        return [self.send(message) for message in due if message in self.queue]

    def _settle(self, message: Message, *, taken: bool) -> None:
        subscription = self._shop.subscriptions.get(message.subscription)
        if subscription is not None:
            subscription.failures = 0 if taken else subscription.failures + 1
            if subscription.failures >= FAILURES_AT_MOST:
                del self._shop.subscriptions[subscription.id]
        if taken or message.tries >= TRIES_AT_MOST:
            if message in self.queue:
                self.queue.remove(message)
        else:
            message.due = self._clock() + timedelta(seconds=RETRY_AFTER[message.tries - 1])
        if subscription is not None and subscription.id not in self._shop.subscriptions:
            self.queue = [each for each in self.queue if each.subscription != subscription.id]


def over_http(url: str, headers: Mapping[str, str], body: bytes) -> int:
    """Send it as Shopify does: no redirects, five seconds. An app that is not there counts as a refusal."""
    try:
        return requests.post(url, data=body, headers=dict(headers), timeout=(1, 5), allow_redirects=False).status_code
    except requests.RequestException:
        return 0
