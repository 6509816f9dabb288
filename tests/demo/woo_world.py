"""A stand-in WooCommerce shop with its clock, a receiver of webhooks, and calls to its REST API."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from werkzeug.test import Client, TestResponse

from demo.stores.woocommerce import WooShop
from demo.stores.woocommerce.things import Order

ADDRESS = "https://shop.example"
HOOKS_URL = "https://waitline.example/hooks"
SECRET = "ü & <"
TOPICS = (
    "order.created", "order.updated", "order.deleted", "order.restored",
    "product.created", "product.updated", "product.deleted", "product.restored",
)  # fmt: skip
KEY = ("ck_demo", "cs_demo")


class World:
    """MUG 5 (notify), LAMP 1 (no), TOTE 2 (yes), POSTER not counted, TEE 3 with TEE-S 1 and TEE-L counted by TEE."""

    def __init__(self, **how: Any) -> None:
        self.now = datetime(2027, 1, 4, 9, 0, tzinfo=UTC)
        self.status = 200
        self.received: list[tuple[str, Mapping[str, str], bytes]] = []
        self.woo = WooShop(address=ADDRESS, clock=lambda: self.now, deliver=self._deliver, **how)
        self.shop = self.woo.shop
        self.shop.add_product("Trail Mug", "MUG", Decimal(5), price=Decimal("18.50"))
        self.shop.add_product("Desk Lamp", "LAMP", Decimal(1), backorders="no")
        self.shop.add_product("Canvas Tote", "TOTE", Decimal(2), backorders="yes")
        self.shop.add_product("Art Poster", "POSTER", None)
        tee = self.shop.add_product("Logo Tee", "TEE", Decimal(3), variable=True)
        self.shop.add_product("S", "TEE-S", Decimal(1), parent=tee.id)
        self.shop.add_product("L", "TEE-L", None, parent=tee.id, counted_by_parent=True)
        for topic in TOPICS:
            self.shop.hooks.register(topic, topic, f"{HOOKS_URL}/{topic}", SECRET)
        self.told()
        self._client = Client(self.woo)

    def _deliver(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        self.received.append((url, headers, body))
        return self.status

    def order(self, quantity: int = 3, status: str = "processing", via: str = "store-api", sku: str = "MUG") -> Order:
        return self.shop.place_order([(sku, Decimal(quantity))], status=status, via=via)

    def stock(self, sku: str = "MUG") -> Decimal:
        return self.shop.by_sku(sku).stock

    def id(self, sku: str) -> int:
        return self.shop.by_sku(sku).id

    def later(self, seconds: float = 60) -> None:
        self.now += timedelta(seconds=seconds)

    def told(self) -> list[str]:
        """Run the queue; the topics that arrived."""
        self.received.clear()
        self.woo.deliver()
        return [headers["X-WC-Webhook-Topic"] for _, headers, _ in self.received if "X-WC-Webhook-Topic" in headers]

    def bodies(self) -> list[Any]:
        """What arrived since the queue ran last."""
        return [json.loads(body) for _, _, body in self.received]

    def reply(
        self, method: str, path: str, body: Any = None, key: tuple[str, str] | None = KEY, **query: Any
    ) -> TestResponse:
        """The answer to a call; `path` is below version 3 of the API."""
        return self._client.open(
            f"/wp-json/wc/v3/{path}",
            base_url=ADDRESS,
            method=method,
            query_string=urlencode(query),
            json=body,
            auth=key,
        )

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """The body of the answer to a call that succeeds."""
        reply = self.reply(method, path, body, **query)
        assert reply.status_code in (200, 201), reply.data
        return json.loads(reply.data)

    def refusal(self, method: str, path: str, body: Any = None, **query: Any) -> tuple[int, Any]:
        """Status and code of the answer to a call that does not succeed."""
        reply = self.reply(method, path, body, **query)
        return reply.status_code, json.loads(reply.data)["code"]

    def ids(self, path: str, **query: Any) -> list[int]:
        """The ids on a page of a list."""
        return [one["id"] for one in self.call("GET", path, **query)]

    def effects(self) -> list[tuple[str, str, str, str]]:
        """What calls have changed: kind, target, operation, detail."""
        return [(one.kind, one.target, one.operation, one.detail) for one in self.woo.journal.effects]
