"""A store that takes no more calls for the moment, again and again: what was begun is ended, and nobody waits long."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import requests

from backorder.db import orderbook, outbox, stores
from backorder.domain.policy import NoticeKind
from connectors.http import Reply
from demo.replay.bench import Bench
from demo.stores.shopify import ShopifyShop
from demo.stores.wire import LocalTransport
from jobs import steer
from jobs.catch_up import EVERY, catch_up
from jobs.drain import work_off
from jobs.sweep import due
from tests.story.stage import START, Shopify, Stage

THROTTLED = b'{"errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}]}'


class Tired(LocalTransport):
    """Calls to a shop for which each call after so many others is one too many."""

    after = 0
    carried = 0

    def carry(self, call: requests.PreparedRequest) -> Reply:
        self.carried += 1
        if self.after and self.carried % self.after == 0:
            return Reply(200, {}, THROTTLED)
        return super().carry(call)


class SmallPages(Stage):
    """A shop that answers two orders at a time."""

    transport: Tired

    def __init__(self, database_url: str) -> None:
        self._deaf: set[str] = set()
        self.platform = "shopify"
        self.app = ShopifyShop(clock=lambda: self.bench.now, deliver=self._carry, page_limit=2)
        self.shop = Shopify(self.app)
        self._app = self.app
        self._address = self.app.domain
        self._credentials = {"access_token": self.app.token, "client_secret": "shopify-demo-client-secret-0123456789"}
        self.transport = Tired({self.app.domain: self.app})
        environ = {"WAITLINE_SHOPIFY_CLIENT_SECRETS": self._credentials["client_secret"]}
        self.bench = Bench(self.transport, START, database_url, environ)


@pytest.fixture
def stage(database_url: str) -> Iterator[SmallPages]:
    made = SmallPages(database_url)
    made.shop.stock("MUG", 0)
    yield made
    made.bench.close()


def test_a_pull_that_is_broken_off_goes_on_where_it_was(stage: SmallPages) -> None:
    orders = [stage.shop.order("MUG", 1, 5)]
    stage.open()
    stage.lose("")
    orders += [stage.shop.order("MUG", 1, 6) for _ in range(6)]
    stage.wait(EVERY.total_seconds())
    asked = stage.bench.now
    stage.transport.carried, stage.transport.after = 0, 4
    ended = []
    for _ in range(5):
        stage.wait(EVERY.total_seconds())
        catch_up(stage.bench.world, stage.bench.store_id)
        pulled_at = stage.bench.store.pulled_at
        ended.append(pulled_at is not None and pulled_at > asked)
    assert ended == [False, False, False, True, True]
    assert sorted(stage.bench.rows().orders) == orders


def test_of_many_writes_that_are_due_only_the_next_are_rung_for(stage: SmallPages) -> None:
    orders = [stage.shop.order("MUG", 1, 5) for _ in range(outbox.IN_LINE + 2)]
    stage.bench.connect("shopify", stage.app.domain, stage._credentials)
    steer.switch_on(stage.bench.world, stage.bench.store_id, tell_waiting=True)
    stage.settle("write_back")
    rung = [ids[1] for _, job, *ids in due(stage.bench.world) if job == "write_back"]
    assert rung == orders[: outbox.IN_LINE]
    # What waits for a pass keeps nobody waiting: those behind it are next.
    with stage.bench.world.database.write() as conn:
        orderbook.mark_unread(conn, stage.bench.store_id, orders[:3], stage.bench.now)
    rung = [ids[1] for _, job, *ids in due(stage.bench.world) if job == "write_back"]
    assert rung == [orders[0], *orders[3:]]


def test_messages_leave_while_the_store_takes_no_calls(stage: SmallPages) -> None:
    order = stage.shop.order("MUG", 1, 5)
    stage.bench.connect("shopify", stage.app.domain, stage._credentials)
    steer.switch_on(stage.bench.world, stage.bench.store_id, tell_waiting=True)
    stage.settle("notify")
    now = stage.bench.now
    with stage.bench.world.database.write() as conn:
        stores.wait_until(conn, stage.bench.store_id, now + timedelta(seconds=30))
    work_off(stage.bench.world)
    assert (stage.told(order), stage.bench.now < now + timedelta(seconds=30)) == ([NoticeKind.BACKORDERED], True)
