"""A store that stops telling us is noticed within a quarter of an hour, and what it did not tell is read."""

from datetime import timedelta

import pytest

from backorder.db import news
from backorder.domain.store import NewsKind
from jobs.catch_up import AUDIT_EVERY, audit
from tests.story.stage import Shopify, Stage, Woo

QUARTER = timedelta(minutes=15).total_seconds()


def told(stage: Stage) -> list[NewsKind]:
    with stage.bench.world.database.read() as conn:
        return [one.kind for one in news.unseen(conn, stage.bench.store_id)]


def break_off(stage: Stage, how: str) -> None:
    """The subscriptions of the store are no longer as they were made."""
    if isinstance(stage.shop, Shopify):
        subscriptions = stage.shop.app.shop.subscriptions
        if how == "address changed":
            for subscription in subscriptions.values():
                subscription.uri = "https://elsewhere.example/webhooks"
        else:
            subscriptions.clear()
        return
    assert isinstance(stage.shop, Woo)
    hooks = stage.shop.app.shop.hooks.webhooks
    for webhook in list(hooks.values()):
        if how == "disabled":
            webhook.status = "disabled"
        elif how == "address changed":
            webhook.url = "https://elsewhere.example/webhooks"
        else:
            del hooks[webhook.id]


@pytest.mark.parametrize("how", ["deleted", "disabled", "address changed"])
def test_a_gap_is_found_mended_read_and_told_once(stage: Stage, how: str) -> None:
    stage.shop.stock("MUG", 0)
    stage.settle()
    assert (AUDIT_EVERY.total_seconds() <= QUARTER, told(stage)) == (True, [])
    break_off(stage, how)
    order = stage.shop.order("MUG", 2, 5)
    stage.settle()
    audit(stage.bench.world, stage.bench.store_id)
    stage.bench.work_off()
    assert stage.has(order) == [(0, 2)]
    for _ in range(3):
        stage.wait(QUARTER)
        audit(stage.bench.world, stage.bench.store_id)
        stage.settle()
    assert told(stage) == [NewsKind.SUBSCRIPTIONS]
    later = stage.shop.order("MUG", 1, 6)
    stage.settle()
    assert stage.has(later) == [(0, 1)]


def test_an_order_that_was_deleted_in_a_gap_is_noticed(stage: Stage) -> None:
    stage.shop.stock("MUG", 0)
    order = stage.shop.order("MUG", 2, 5)
    stage.settle()
    break_off(stage, "deleted")
    if isinstance(stage.shop, Shopify):
        stage.shop.app.trade.delete_order(order)
    else:
        assert isinstance(stage.shop, Woo)
        del stage.shop.app.shop.orders[order]
    audit(stage.bench.world, stage.bench.store_id)
    stage.bench.work_off()
    assert stage.has(order) == [(0, 0)]


def test_the_first_subscriptions_of_a_store_are_no_news(closed_stage: Stage) -> None:
    closed_stage.open()
    assert told(closed_stage) == []
