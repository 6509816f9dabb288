"""A stand-in Shopify shop with two goods and two locations, and everything that it sent."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from werkzeug.test import Client

from demo.stores.shopify import ShopifyShop
from demo.stores.shopify.names import gid
from demo.stores.shopify.state import Figures, Order, Subscription, Work

URL = "http://127.0.0.1:8000/webhooks/shopify"


class Lab:
    """`status` is what whoever listens answers; settings go to the shop."""

    def __init__(self, **settings: Any) -> None:
        self.now = datetime(2026, 11, 20, 9, tzinfo=UTC)
        self.sent: list[tuple[Mapping[str, str], bytes]] = []
        self.status = 200
        self.meanwhile: Callable[[], None] = lambda: None
        """What happens while a delivery is on its way."""
        self.shop = ShopifyShop(clock=lambda: self.now, deliver=self._take, locations=("Main", "Attic"), **settings)
        self.trade = self.shop.trade
        self.main, self.attic = self.shop.shop.locations
        self.mug = self.trade.add_product("MUG", "Harbour Mug", on_hand=5)
        self.lamp = self.trade.add_product("LAMP", "Desk Lamp", on_hand=1)
        self.web = Client(self.shop)

    def _take(self, _url: str, headers: Mapping[str, str], body: bytes) -> int:
        self.meanwhile()
        self.sent.append((headers, body))
        return self.status

    def order(self, units: int = 3, sku: str = "MUG", **how: Any) -> Order:
        number = self.trade.place_order([{"sku": sku, "quantity": units}], **how)
        return self.shop.shop.orders[number]

    def works(self, order: Order) -> list[Work]:
        return [work for work in order.works if work.open]

    def figures(self, item: int, place: int | None = None) -> Figures:
        return self.shop.shop.levels(item)[place or self.main]

    def listen(self, *topics: str) -> None:
        for at, topic in enumerate(topics, 1):
            self.shop.shop.subscriptions[at] = Subscription(at, topic, URL)

    def topics(self) -> list[str]:
        """Topics of what waits to be sent, oldest first."""
        return [message.headers["X-Shopify-Topic"] for message in self.shop.outbox.queue]

    def ask(self, text: str, version: str = "2026-10", /, **variables: Any) -> Any:
        answer = self.web.post(
            f"/admin/api/{version}/graphql.json",
            headers={"X-Shopify-Access-Token": "shpat_demo"},
            json={"query": text, "variables": variables},
        )
        assert answer.status_code == 200, answer.text
        return answer.json

    def did(self) -> list[tuple[str, str, str]]:
        """What apps changed: kind, operation and detail."""
        return [(effect.kind, effect.operation, effect.detail) for effect in self.shop.journal.effects]


def work_gid(work: Work) -> str:
    """The global id of a fulfillment order."""
    return gid("FulfillmentOrder", work.id)
