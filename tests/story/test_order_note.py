"""The line of ours in an order's note, from the day it waits to the day it leaves."""

import pytest

from jobs import steer
from jobs.leave import leave
from tests.story.stage import Shopify, Stage

WORDS = "Ring twice"


@pytest.fixture
def platform() -> str:
    """Only where orders have a note that an app may write."""
    return "shopify"


@pytest.fixture
def shop(stage: Stage) -> Shopify:
    assert isinstance(stage.shop, Shopify)
    return stage.shop


def choose(stage: Stage, **choices: object) -> None:
    steer.save_policy(stage.bench.world, stage.bench.store_id, **choices)
    stage.settle()


def waiting_order(stage: Stage, shop: Shopify) -> int:
    """Three of which one is there, with words of the customer in the note."""
    shop.stock("MUG", 1)
    order = shop.order("MUG", 3, 5)
    shop.app.trade.write_note(order, WORDS)
    stage.settle()
    return order


def note(shop: Shopify, order: int) -> str:
    return shop.app.shop.orders[order].note


def line(said: str) -> str:
    return f"{WORDS}\n[Waitline: Backorder: {said}]"


def test_the_line_follows_what_waits_and_goes_with_it(stage: Stage, shop: Shopify) -> None:
    order = waiting_order(stage, shop)
    assert note(shop, order) == WORDS
    choose(stage, order_note=True)
    assert note(shop, order) == line("2 of 3 wait, the date is not known yet")
    writes = stage.writes()
    stage.wait(30)
    stage.settle()
    assert stage.writes() == writes
    choose(stage, lead_time_days=20)
    assert note(shop, order) == line("2 of 3 wait, expected 29 January 2026")
    shop.receive("MUG", 1)
    stage.settle()
    assert note(shop, order) == line("1 of 3 waits, expected 29 January 2026")
    shop.receive("MUG", 1)
    stage.settle()
    assert note(shop, order) == WORDS


def test_whoever_deletes_the_line_does_not_find_it_again_before_something_else_waits(
    stage: Stage, shop: Shopify
) -> None:
    choose(stage, order_note=True)
    order = waiting_order(stage, shop)
    shop.app.trade.write_note(order, "Gift")
    stage.settle()
    choose(stage, lead_time_days=20)
    assert note(shop, order) == "Gift"
    shop.receive("MUG", 1)
    stage.settle()
    assert note(shop, order).startswith("Gift\n[Waitline: Backorder: 1 of 3 waits, expected ")


def test_a_line_that_is_deleted_while_no_webhook_comes_is_respected_too(stage: Stage, shop: Shopify) -> None:
    choose(stage, order_note=True)
    order = waiting_order(stage, shop)
    stage.lose("orders/")
    shop.app.trade.write_note(order, WORDS)
    choose(stage, lead_time_days=20)
    assert note(shop, order) == WORDS


@pytest.mark.parametrize("leaving", [False, True])
def test_the_line_goes_when_it_is_switched_off_and_before_the_store_is_left(
    stage: Stage, shop: Shopify, leaving: bool
) -> None:
    choose(stage, order_note=True)
    order = waiting_order(stage, shop)
    assert note(shop, order) != WORDS
    if leaving:
        leave(stage.bench.world, stage.bench.store_id)
        stage.settle()
    else:
        choose(stage, order_note=False)
    assert note(shop, order) == WORDS


def test_the_echo_of_a_line_costs_no_call(stage: Stage, shop: Shopify) -> None:
    waiting_order(stage, shop)
    steer.save_policy(stage.bench.world, stage.bench.store_id, order_note=True)
    stage.bench.work_off(())
    calls = len(stage.transport.calls)
    stage.settle()
    assert len(stage.transport.calls) == calls
