"""What would be written is shown before anything is: the very requests, and nothing leaves."""

import pytest

from demo.stores.shopify.state import APP_NAMESPACE
from jobs import steer
from jobs.preview_writes import NoSuchOrder, preview_writes
from tests.story.stage import Shopify, Stage


def test_a_watched_store_is_shown_what_it_would_get_and_gets_nothing(closed_stage: Stage) -> None:
    stage = closed_stage
    stage.open(on=False)
    stage.shop.stock("MUG", 1)
    order = stage.shop.order("MUG", 3, 5)
    stage.settle()
    before = stage.writes()
    (shown,) = preview_writes(stage.bench.world, stage.bench.store_id)
    assert (shown.order_id, stage.writes(), len(shown.requests)) == (order, before, 1)
    request = shown.requests[0]
    if stage.platform == "woocommerce":
        assert (request.name, sorted(request.variables)) == (f"PUT orders/{order}", ["line_items", "meta_data"])
        return
    assert (request.name, sorted(request.variables)) == (
        "WriteOrder",
        ["fields", "hold", "how", "id", "on", "show", "tag", "work"],
    )
    assert request.variables["on"] == ["backorder", "backorder-partial"]
    assert request.variables["how"]["reason"] == "UNKNOWN_DELIVERY_DATE"
    assert request.variables["how"]["fulfillmentOrderLineItems"][0]["quantity"] == 2

    steer.switch_on(stage.bench.world, stage.bench.store_id, tell_waiting=False)
    stage.settle()
    assert isinstance(stage.shop, Shopify)
    metafields = stage.shop.app.shop.orders[order].metafields
    has = {key: kept.value for (space, key), kept in metafields.items() if space == APP_NAMESPACE}
    assert (has["state"], has["position"]) == ("waiting", "1")
    (again,) = preview_writes(stage.bench.world, stage.bench.store_id, order)
    assert again.requests == []


def test_an_order_that_is_not_there_cannot_be_previewed(stage: Stage) -> None:
    with pytest.raises(NoSuchOrder):
        preview_writes(stage.bench.world, stage.bench.store_id, 999)
