"""What the merchant changes about the store and its customers reaches us by its own webhooks."""

from datetime import timedelta

import pytest

from backorder.db import orderbook
from backorder.domain.priority import parse_rules, priority_of
from backorder.domain.store import Health
from connectors.shopify.scopes import OPTIONAL
from jobs import steer
from jobs.catch_up import audit
from tests.story.stage import Shopify, Stage


@pytest.fixture
def platform() -> str:
    """Only where customers' tags and the store's own facts have webhooks."""
    return "shopify"


def test_a_customers_tag_is_known_before_the_next_catch_up(stage: Stage) -> None:
    assert isinstance(stage.shop, Shopify)
    stage.shop.stock("MUG", 0)
    order = stage.shop.order("MUG", 2, 5)
    stage.settle()
    stage.shop.app.trade.tag_customer(order, "vip")
    stage.settle()
    with stage.bench.world.database.read() as conn:
        book = orderbook.load(conn, stage.bench.store_id, [order])[order]
    assert book.order.customer.tags == ("vip",)


def test_a_shop_that_moves_is_known_by_its_new_name_and_time_zone(stage: Stage) -> None:
    assert isinstance(stage.shop, Shopify)
    shop = stage.shop.app.shop
    shop.name, shop.currency, shop.timezone = "Harbour Goods", "EUR", "Europe/Paris"
    stage.shop.app.outbox.tell("shop/update", {"id": 1})
    stage.settle()
    store = stage.bench.store
    assert store.audited_at is not None
    assert store.audited_at <= stage.bench.now
    audit(stage.bench.world, store.id)
    store = stage.bench.store
    assert (store.name, store.currency, store.timezone) == ("Harbour Goods", "EUR", "Europe/Paris")


def test_an_order_that_the_shop_cannot_tell_of_stops_no_other(stage: Stage) -> None:
    assert isinstance(stage.shop, Shopify)
    stage.shop.stock("MUG", 0)
    first, second = stage.shop.order("MUG", 2, 5), stage.shop.order("MUG", 3, 6)
    stage.settle()
    stage.shop.app.shop.broken.add(first)
    stage.shop.edit(first, 1)
    stage.shop.edit(second, 4)
    stage.settle()
    assert stage.has(first, second) == [(0, 2), (0, 4)]
    assert stage.bench.store.health is Health.BACKING_OFF
    stage.shop.app.shop.broken.clear()
    stage.wait(timedelta(minutes=11).total_seconds())
    stage.settle()
    assert stage.has(first, second) == [(0, 1), (0, 4)]
    assert stage.bench.store.health is Health.GOOD


def test_without_leave_to_read_customers_an_order_is_read_whole_but_for_them_and_that_is_said(stage: Stage) -> None:
    assert isinstance(stage.shop, Shopify)
    world, store_id = stage.bench.world, stage.bench.store_id
    steer.save_policy(world, store_id, priority=parse_rules("VIP | 5 | customer tag | vip"))
    stage.shop.app.office.scopes.remove("read_customers")
    stage.shop.stock("MUG", 0)
    older, vip = stage.shop.order("MUG", 2, 5), stage.shop.order("MUG", 1, 6)
    stage.shop.app.trade.tag_customer(vip, "vip")
    stage.settle()
    audit(world, store_id)

    def said() -> list[str]:
        with world.database.read() as conn:
            book = orderbook.load(conn, store_id, [vip])[vip]
        return priority_of(book.order, stage.bench.store.policy.priority).sentences()

    assert (stage.has(older, vip), said()) == ([(0, 2), (0, 1)], ["The store does not tell: customer tag."])
    assert stage.bench.store.lacks == (OPTIONAL["read_customers"],)
    stage.shop.app.office.scopes.append("read_customers")
    audit(world, store_id)
    stage.settle()
    assert (said(), stage.bench.store.lacks) == (["Class VIP: 5 days ahead."], ())
