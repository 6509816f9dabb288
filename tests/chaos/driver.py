"""Sends signed webhooks of its own and remembers each id with every answer that it got."""

import itertools
import json
import random
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import requests

from connectors import get
from connectors.contract import Delivery
from connectors.signing import body_signature
from tests.processes.running import SHOPIFY_DOMAIN, SHOPIFY_SECRET, WOO_HOOK_SECRET, Store

SENDERS = 10
AGAIN_SECONDS = 1.0
TRIES = 6
REPEATED = 0.04
"""The share of acknowledged deliveries that come once more, word for word."""


@dataclass(frozen=True, slots=True)
class Call:
    """One delivery, ready to be sent."""

    store: Store
    key: str
    """What the inbox knows it by."""
    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Said:
    """What became of one delivery."""

    store_id: int
    answers: list[int] = field(default_factory=list)
    """The status of each try; 0 where no answer came."""

    @property
    def acknowledged(self) -> bool:
        """Whether the sender may forget it."""
        return any(200 <= status < 300 for status in self.answers)


class Driver:
    """Sends from entering to leaving, at most `rate` deliveries a second, about what is in `subjects`."""

    def __init__(self, stores: Sequence[Store], subjects: "Subjects", rate: float, seed: int, first: int = 1):
        self._stores = list(stores)
        self._subjects = subjects
        self._pause = SENDERS / rate
        self._seed = seed
        self._numbers = itertools.count(first)
        self._over = threading.Event()
        self.said: dict[str, Said] = {}
        self.seconds: list[float] = []
        """How long each answered try took."""
        self._again: deque[tuple[float, Call]] = deque()
        self._threads = [threading.Thread(target=self._send_all, args=(n,), daemon=True) for n in range(SENDERS)]

    def __enter__(self) -> "Driver":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *what: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    @property
    def acknowledged(self) -> int:
        """How many deliveries were acknowledged so far."""
        return sum(said.acknowledged for said in list(self.said.values()))

    def _send_all(self, number: int) -> None:
        chance = random.Random(f"{self._seed} sender {number}")
        due = time.monotonic()
        with requests.Session() as session:
            session.trust_env = False
            while not self._over.is_set():
                due = max(due + self._pause, time.monotonic() - 1)
                self._over.wait(max(due - time.monotonic(), 0))
                call = self._next(chance)
                status = self._send(session, call)
                good = 200 <= status < 300
                if (not good and len(self.said[call.key].answers) < TRIES) or (good and chance.random() < REPEATED):
                    self._again.append((time.monotonic() + AGAIN_SECONDS, call))

    def _next(self, chance: random.Random) -> Call:
        try:
            at, call = self._again.popleft()
        except IndexError:
            return self._new(chance)
        if at > time.monotonic():
            self._again.append((at, call))
            return self._new(chance)
        return call

    def _new(self, chance: random.Random) -> Call:
        store = chance.choice(self._stores)
        make = _shopify if store.platform == "shopify" else _woocommerce
        about, subject = self._subjects.choose(store, chance)
        call = make(store, next(self._numbers), about, subject)
        self.said[call.key] = Said(store.id)
        return call

    def _send(self, session: requests.Session, call: Call) -> int:
        began = time.monotonic()
        try:
            status = session.post(call.url, data=call.body, headers=dict(call.headers), timeout=(1, 5)).status_code
            self.seconds.append(time.monotonic() - began)
        except requests.RequestException:
            status = 0
        self.said[call.key].answers.append(status)
        return status


class Subjects:
    """What deliveries may be about: items and orders of each store, a few of them much more often than the others."""

    def __init__(self) -> None:
        self.items: dict[int, list[int]] = {}
        self.quiet_orders: dict[int, list[int]] = {}
        """Orders that nobody changes: a touch of any other one delays the write that is due at it."""
        self.orders: dict[int, list[int]] = {}

    def choose(self, store: Store, chance: random.Random) -> tuple[str, int]:
        """What the next delivery names: "item" or "order", and its id."""
        drawn = chance.random()
        if drawn < 0.1:
            return "item", chance.choice(self.items[store.id])
        if drawn < 0.13 and self.orders[store.id]:
            return "order", chance.choice(self.orders[store.id])
        return "order", chance.choice(self.quiet_orders[store.id])


def _shopify(store: Store, number: int, about: str, subject: int) -> Call:
    topic, told = (
        ("inventory_levels/update", {"inventory_item_id": subject})
        if about == "item"
        else ("orders/edited", {"order_edit": {"order_id": subject}})
    )
    body = json.dumps(told).encode()
    return _call(
        store,
        store.webhook_url,
        {
            "X-Shopify-Topic": topic,
            "X-Shopify-Shop-Domain": SHOPIFY_DOMAIN,
            "X-Shopify-Webhook-Id": f"chaos-{number}",
            "X-Shopify-Hmac-Sha256": body_signature(SHOPIFY_SECRET.encode(), body).decode(),
        },
        body,
    )


def _woocommerce(store: Store, number: int, about: str, subject: int) -> Call:
    topic = "product.deleted" if about == "item" else "order.deleted"
    body = json.dumps({"id": subject}).encode()
    return _call(
        store,
        f"{store.webhook_url}/{topic}",
        {
            "X-WC-Webhook-ID": "1",
            "X-WC-Webhook-Topic": topic,
            "X-WC-Webhook-Delivery-ID": f"chaos-{number}",
            "X-WC-Webhook-Signature": body_signature(WOO_HOOK_SECRET.encode(), body).decode(),
        },
        body,
    )


def _call(store: Store, url: str, own: Mapping[str, str], body: bytes) -> Call:
    headers = {"Content-Type": "application/json", **own}
    delivery = Delivery({name.lower(): value for name, value in headers.items()}, body, datetime.now(UTC))
    return Call(store, get(store.platform).webhooks.dedupe_key(delivery), url, headers, body)
