"""The whole life of a Shopify shop: it lets us in while many wait, is busy, has keys that end in mid-run, stops telling
us, goes, comes back, goes for good and is erased. `LIFE_ORDERS=1000` for as many as a bulk query is worth.
"""

import os
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import requests

from backorder.db import news
from backorder.domain.policy import NoticeKind
from backorder.domain.store import Health, NewsKind
from connectors.http import Reply
from connectors.shopify import tokens
from demo.replay.bench import Bench
from demo.replay.leftovers import found
from demo.stores.shopify import ShopifyShop
from demo.stores.wire import LocalTransport
from jobs import steer
from jobs.catch_up import AUDIT_EVERY, audit
from tests.story.stage import START, Shopify, Stage

ORDERS = int(os.environ.get("LIFE_ORDERS") or 40)
BUSY_EVERY = max(9, ORDERS // 5)
"""After so many calls somebody else of the same app has used up all points of the shop."""
SECRET = "a client secret that only these tests know"


class BusyShop(LocalTransport):
    """Calls to a shop whose points others use up again and again while it is busy."""

    def __init__(self, shop: ShopifyShop) -> None:
        super().__init__({shop.domain: shop})
        self._shop = shop
        self.busy = False
        self.throttled = 0

    def carry(self, call: requests.PreparedRequest) -> Reply:
        if self.busy and len(self.calls) % BUSY_EVERY == 0:
            self._shop.bucket.drain()
        reply = super().carry(call)
        self.throttled += b"THROTTLED" in reply.body
        return reply


class House(Stage):
    """A shop that gives keys for an hour, and a Waitline that it will let in."""

    def __init__(self, database_url: str) -> None:
        self._deaf: set[str] = set()
        self.platform = "shopify"
        self.app = ShopifyShop(clock=lambda: self.bench.now, deliver=self._carry, client_id="the-app", secret=SECRET)
        self.shop = Shopify(self.app)
        self._app = self.app
        self.transport = BusyShop(self.app)
        settings = {tokens.CLIENT_ID_SETTING: "the-app", tokens.SECRETS_SETTING: SECRET}
        self.bench = Bench(self.transport, START, database_url, settings)

    def let_in(self) -> None:
        """The merchant installs the app and switches it on."""
        given = tokens.exchange(self.app.domain, self.app.office.id_token(datetime.now(UTC)), self.bench.world.wire)
        self.bench.connect("shopify", self.app.domain, given)
        self.bench.subscribe()
        steer.switch_on(self.bench.world, self.bench.store_id, tell_waiting=True)
        self.settle()

    def news(self) -> list[NewsKind]:
        with self.bench.world.database.read() as conn:
            return [one.kind for one in news.unseen(conn, self.bench.store_id)]

    def waits(self, seconds: float) -> None:
        self.wait(seconds)
        self.settle()


@pytest.fixture
def house(database_url: str) -> Iterator[House]:
    made = House(database_url)
    yield made
    made.bench.close()


@pytest.mark.timeout(60 + 3 * ORDERS)
def test_a_shop_is_served_from_its_first_day_to_its_last_byte(house: House) -> None:
    shop, app = house.shop, house.app
    shop.stock("MUG", 0)
    orders = [shop.order("MUG", 2, 5) for _ in range(ORDERS)]
    house.let_in()
    assert house.has(*orders) == [(0, 2)] * ORDERS
    assert [shop.held(order) for order in orders] == [2] * ORDERS

    # Goods come while the shop is busy, and the key ends on the way.
    first_key = app.office.grants.count("refresh_token")
    house.waits(3 * 3600)
    house.transport.busy = True
    shop.receive("MUG", ORDERS * 2 - 1)
    house.settle()
    house.transport.busy = False
    assert house.has(*orders) == [(2, 0)] * (ORDERS - 1) + [(1, 1)]
    assert [shop.held(order) for order in orders] == [0] * (ORDERS - 1) + [1]
    assert house.told(orders[0]) == [NoticeKind.BACKORDERED, NoticeKind.ALLOCATED]
    # Nobody is released twice, and each customer is told once that they wait and once that they do not.
    assert app.writes.count("fulfillmentOrderReleaseHold") == ORDERS
    assert Counter(Counter(mail.subject for mail in house.bench.mails).values()) == {1: 2 * ORDERS}
    assert app.office.grants.count("refresh_token") > first_key
    assert house.transport.throttled > 0

    # It stops telling us; what it did not tell is read, and the merchant hears of it once.
    app.shop.subscriptions.clear()
    late = shop.order("MUG", 1, 8)
    for _ in range(2):
        house.wait(AUDIT_EVERY.total_seconds())
        audit(house.bench.world, house.bench.store_id)
        house.settle()
    assert (house.has(late), house.news()) == ([(0, 1)], [NewsKind.SUBSCRIPTIONS])

    # It goes and comes back in time: the late request erases what it left, not what is there now.
    left = house.bench.store_id
    app.leaving.uninstall()
    house.settle()
    calls = len(house.transport.calls)
    house.waits(timedelta(hours=47).total_seconds())
    assert len(house.transport.calls) == calls
    house.let_in()
    assert house.bench.store_id != left
    house.wait(timedelta(hours=2).total_seconds())
    app.leaving.redact_shop()
    house.settle()
    assert (house.bench.store.health, house.has(late)) == (Health.GOOD, [(0, 1)])

    # It goes for good.
    app.leaving.uninstall()
    house.waits(timedelta(hours=49).total_seconds())
    app.leaving.redact_shop()
    house.settle()
    words = [app.domain, "lab goods", "ada example", "ada@example.com", "mug"]
    assert found(house.bench.world.database, words) == []
