"""A stand-in store and a whole Waitline beside it, in one process on one clock; the same words for both platforms."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any, Protocol
from urllib.parse import urlsplit

from backorder.db import explain_rows, orderbook, queries
from backorder.domain.lifecycle import OrderStanding, WorkState
from backorder.domain.policy import NoticeKind
from connectors.signing import body_signature
from demo.replay.bench import Bench
from demo.stores.shopify import ShopifyShop
from demo.stores.wire import LocalTransport
from demo.stores.woocommerce import WooShop
from jobs import steer

START = datetime(2026, 1, 8, 12, tzinfo=UTC)


class Shop(Protocol):
    """What a shopper and the merchant do in the store."""

    def stock(self, sku: str, there: int) -> None: ...
    def order(self, sku: str, units: int, day: int) -> int: ...
    def basket(self, wanted: Mapping[str, int], day: int) -> int: ...
    def edit(self, order: int, units: int) -> None: ...
    def cancel(self, order: int) -> None: ...
    def ship(self, order: int, units: int) -> None: ...
    def receive(self, sku: str, units: int) -> None: ...
    def held(self, order: int) -> int: ...


@dataclass
class Woo:
    """The stand-in WooCommerce shop in those words."""

    app: WooShop

    def stock(self, sku: str, there: int) -> None:
        self.app.shop.add_product(f"A {sku}", sku, Decimal(there), price=Decimal(10), backorders="notify")

    def order(self, sku: str, units: int, day: int) -> int:
        return self.basket({sku: units}, day)

    def basket(self, wanted: Mapping[str, int], day: int) -> int:
        lines = [(sku, Decimal(units)) for sku, units in wanted.items()]
        placed = self.app.shop.place_order(lines, name="Ada Example", email="ada@example.com", placed_at=_on(day))
        return placed.id

    def edit(self, order: int, units: int) -> None:
        found = self.app.shop.orders[order]
        self.app.shop.edit_line(found, found.lines[0].id, Decimal(units))

    def cancel(self, order: int) -> None:
        self.app.shop.set_status(self.app.shop.orders[order], "cancelled")

    def ship(self, order: int, units: int) -> None:
        found = self.app.shop.orders[order]
        self.app.shop.fulfil_line(found, found.lines[0].id, Decimal(units))

    def receive(self, sku: str, units: int) -> None:
        product = self.app.shop.by_sku(sku)
        self.app.shop.set_stock(sku, (product.stock or Decimal(0)) + units)

    def held(self, order: int) -> int:
        return 0


@dataclass
class Shopify:
    """The stand-in Shopify store in those words."""

    app: ShopifyShop

    def stock(self, sku: str, there: int) -> None:
        self.app.trade.add_product(sku, f"A {sku}", "10.00", there)

    def order(self, sku: str, units: int, day: int) -> int:
        return self.basket({sku: units}, day)

    def basket(self, wanted: Mapping[str, int], day: int) -> int:
        lines = [{"sku": sku, "quantity": units} for sku, units in wanted.items()]
        return self.app.trade.place_order(lines, name="Ada Example", email="ada@example.com", placed_at=_on(day))

    def edit(self, order: int, units: int) -> None:
        self.app.trade.edit_line(order, self.app.shop.orders[order].lines[0].id, units)

    def cancel(self, order: int) -> None:
        self.app.trade.cancel_order(order)

    def ship(self, order: int, units: int) -> None:
        self.app.trade.fulfil(order, {self.app.shop.orders[order].lines[0].id: units})

    def receive(self, sku: str, units: int) -> None:
        self.app.trade.receive_stock(sku, units)

    def held(self, order: int) -> int:
        works = self.app.shop.orders[order].works
        return sum(line.remaining for work in works if work.holds for line in work.lines)


def _on(day: int) -> datetime:
    return datetime(2026, 1, day, 9, tzinfo=UTC)


class Stage:
    """Shop and Waitline, connected and imported, the store switched on unless it is only to be watched."""

    def __init__(self, platform: str, database_url: str) -> None:
        self.platform = platform
        self._deaf: set[str] = set()
        self._heard: tuple[str, dict[str, str]] = ("", {})
        self.transport: LocalTransport
        if platform == "woocommerce":
            woo = WooShop(address="https://shop.example", clock=lambda: self.bench.now, deliver=self._carry)
            self.transport = LocalTransport({"shop.example": woo})
            self.shop: Shop = Woo(woo)
            self._app: Any = woo
            self._address = "https://shop.example"
            self._credentials = {"key": "ck_demo", "secret": "cs_demo", "webhook_secret": "a secret & more"}
        else:
            shopify = ShopifyShop(clock=lambda: self.bench.now, deliver=self._carry)
            self.transport = LocalTransport({"lab-goods.myshopify.com": shopify})
            self.shop = Shopify(shopify)
            self._app = shopify
            self._address = "lab-goods.myshopify.com"
            secret = "shopify-demo-client-secret-0123456789"
            self._credentials = {"access_token": "shpat_demo", "client_secret": secret}
        environ = {"WAITLINE_SHOPIFY_CLIENT_SECRETS": self._credentials.get("client_secret", "")}
        self.bench = Bench(self.transport, START, database_url, environ)

    def open(self, *, on: bool = True) -> None:
        """Connect the store with its subscriptions."""
        self.bench.connect(self.platform, self._address, self._credentials)
        self.bench.subscribe()
        if on:
            steer.switch_on(self.bench.world, self.bench.store_id, tell_waiting=False)
        self.settle()

    def connect_again(self, token: str) -> None:
        """The merchant connects the store once more, with another token."""
        self._credentials = {**self._credentials, "access_token": token}
        self.open(on=False)

    def _carry(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        """Carry a webhook to Waitline, or lose it where its topic is one that is not heard."""
        lowered = {name.lower(): value for name, value in headers.items()}
        topic = lowered.get("x-shopify-topic") or lowered.get("x-wc-webhook-topic") or "ping"
        if any(topic.startswith(word) for word in self._deaf):
            return 200
        if topic in ("orders/create", "order.created"):
            self._heard = urlsplit(url).path, lowered
        return self.bench.post(urlsplit(url).path, headers, body)

    def say(self, body: bytes) -> int:
        """Send a rightly signed delivery about an order with any body, as the last one came; the status answered."""
        path, headers = self._heard
        secret = self._credentials.get("webhook_secret") or self._credentials["client_secret"]
        signature = body_signature(secret.encode(), body).decode()
        own = {"x-shopify-hmac-sha256": signature, "x-wc-webhook-signature": signature}
        renewed = {name: own.get(name, value) for name, value in headers.items()}
        return self.bench.post(path, {**renewed, "x-shopify-webhook-id": sha256(body).hexdigest()}, body)

    def lose(self, *topics: str) -> None:
        """Webhooks whose topics begin so never arrive from now on."""
        self._deaf = set(topics)

    def settle(self, *leave_out: str) -> None:
        """Let the webhooks arrive and all work be done but these jobs, until neither side has anything left to say."""
        while True:
            sent = self._app.deliver()
            self.bench.work_off(leave_out)
            if not sent:
                return

    def wait(self, seconds: float) -> None:
        self.bench.move_to(self.bench.now + timedelta(seconds=seconds))

    def standing(self, order: int) -> OrderStanding:
        world = self.bench.world
        with world.database.read() as conn:
            book = orderbook.load(conn, self.bench.store_id, [order])[order]
        return book.standing(self.bench.store.policy, self.bench.now.date())

    def has(self, *orders: int) -> list[tuple[int, int]]:
        """(given, waiting) of each order."""
        found = [self.standing(order) for order in orders]
        return [(int(x.outstanding - x.waiting), int(x.waiting)) for x in found]

    def writes(self) -> int:
        """How often the store was written to."""
        if isinstance(self.shop, Shopify):
            return len(self.shop.app.writes)
        return sum(method != "GET" for method, _ in self.transport.calls)

    def told(self, order: int) -> list[NoticeKind]:
        """What the order's customer was sent."""
        with self.bench.world.database.read() as conn:
            notices = explain_rows.story(conn, self.bench.store_id, order, ()).notices
        return [notice.kind for notice in notices if notice.state is WorkState.DONE]

    def health(self) -> queries.HealthCounts:
        with self.bench.world.database.read() as conn:
            return queries.health_counts(conn, self.bench.store_id, self.bench.now)
