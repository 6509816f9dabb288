"""What a store tells of our own writes: it costs no call, and what a person does right behind it is never lost."""

import json
from collections.abc import Iterator

import pytest

from tests.story.stage import Shopify, Stage

ORDERS = 20
OWN_CALLS = 2
"""Calls that no other order shares: to hold it, and to let it go."""
SHARED_CALLS = 14
"""Calls of all these orders together: orders and stock as they are, and one look at ten orders that are written."""


@pytest.fixture
def platform() -> str:
    """Only where webhooks name parts of orders, and bodies tell all but where units lie."""
    return "shopify"


@pytest.fixture
def shop(stage: Stage) -> Iterator[Shopify]:
    assert isinstance(stage.shop, Shopify)
    return stage.shop


def write(stage: Stage, shop: Shopify) -> None:
    """Let the webhooks arrive that are there now, and do all work; what the work makes the store say is not sent."""
    shop.app.deliver()
    stage.bench.work_off(())


def cost_of_echoes(stage: Stage) -> tuple[int, int]:
    """Deliver what the store has to say and do all work; how many calls that costs, and how many writes."""
    calls, writes = len(stage.transport.calls), stage.writes()
    stage.settle()
    return len(stage.transport.calls) - calls, stage.writes() - writes


def only_last_bodies(shop: Shopify) -> None:
    """Of the bodies of one order, which all tell of the same second, only the last one comes."""
    last = {}
    for message in shop.app.outbox.queue:
        topic = message.headers["X-Shopify-Topic"]
        last[topic, json.loads(message.body)["id"] if topic == "orders/updated" else id(message)] = message
    shop.app.outbox.queue[:] = list(last.values())


@pytest.mark.parametrize("there", [0, 1])
def test_the_echoes_of_holds_and_releases_cost_no_call(stage: Stage, shop: Shopify, there: int) -> None:
    shop.stock("MUG", there)
    order = shop.order("MUG", 3, 5)
    write(stage, shop)
    only_last_bodies(shop)
    assert (shop.held(order), cost_of_echoes(stage)) == (3 - there, (0, 0))
    stage.wait(30)
    shop.receive("MUG", 3 - there)
    write(stage, shop)
    only_last_bodies(shop)
    assert (shop.held(order), cost_of_echoes(stage)) == (0, (0, 0))


def test_bodies_of_one_second_cost_no_reading_of_any_order(stage: Stage, shop: Shopify) -> None:
    shop.stock("MUG", 0)
    for _ in range(20):
        shop.order("MUG", 1, 5)
    write(stage, shop)
    assert cost_of_echoes(stage) == (0, 0)


@pytest.mark.parametrize("seconds", [0, 1, 30])
def test_a_hold_taken_off_right_behind_our_write_counts_as_given_by_hand(
    stage: Stage, shop: Shopify, seconds: int
) -> None:
    shop.stock("MUG", 0)
    order = shop.order("MUG", 2, 5)
    write(stage, shop)
    stage.wait(seconds)
    shop.app.trade.release_hold_by_hand(order)
    stage.settle()
    assert (shop.held(order), stage.has(order)) == (0, [(2, 0)])


def test_a_hold_taken_off_is_seen_where_only_its_own_webhook_comes(stage: Stage, shop: Shopify) -> None:
    shop.stock("MUG", 0)
    order = shop.order("MUG", 2, 5)
    stage.settle()
    stage.lose("orders/", "fulfillment_orders/")
    shop.app.trade.release_hold_by_hand(order)
    stage.settle()
    assert stage.has(order) == [(2, 0)]


def test_a_tag_taken_off_in_the_second_of_our_write_is_not_put_back(stage: Stage, shop: Shopify) -> None:
    shop.stock("MUG", 0)
    order = shop.order("MUG", 2, 5)
    write(stage, shop)
    shop.app.trade.remove_tag(order, "backorder")
    stage.settle()
    assert shop.app.shop.orders[order].tags == []


def test_an_order_in_the_second_of_our_write_is_edited(stage: Stage, shop: Shopify) -> None:
    shop.stock("MUG", 0)
    order = shop.order("MUG", 2, 5)
    write(stage, shop)
    stage.lose("orders/edited", "fulfillment_orders/", "inventory_levels/")
    shop.edit(order, 5)
    stage.settle()
    assert stage.has(order) == [(0, 5)]


def test_calls_of_a_backordered_order_from_its_first_webhook_to_its_release(stage: Stage, shop: Shopify) -> None:
    shop.stock("MUG", 0)
    stage.settle()
    before = len(stage.transport.calls)
    orders = [shop.order("MUG", 1, 5) for _ in range(ORDERS)]
    stage.settle()
    held = [shop.held(order) for order in orders]
    stage.wait(3600)
    shop.receive("MUG", ORDERS)
    stage.settle()
    assert (held, [shop.held(order) for order in orders]) == ([1] * ORDERS, [0] * ORDERS)
    calls = len(stage.transport.calls) - before
    print(f"{calls / ORDERS:.2f} calls for each order from its first webhook to its release")
    assert calls == OWN_CALLS * ORDERS + SHARED_CALLS
