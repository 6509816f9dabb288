"""What would be written is shown before anything is: the very requests, and nothing leaves."""

import pytest

from app import create_app
from app.access import new_signin
from app.writes import writes_as_text
from demo.stores.shopify.state import APP_NAMESPACE
from jobs import steer
from jobs.accept_cancel import accept_cancel
from jobs.preview_items import preview_items
from jobs.preview_writes import NoSuchOrder, preview_writes
from tests.app.shop import Merchant, lines_of
from tests.story.stage import Shopify, Stage
from tests.story.test_items import turn_by_hand


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


def test_what_items_would_get_is_shown_and_is_what_they_then_get(closed_stage: Stage) -> None:
    stage = closed_stage
    stage.open(on=False)
    world, store_id = stage.bench.world, stage.bench.store_id
    steer.save_policy(world, store_id, tell_shoppers=True, turn_selling=True)
    stage.shop.stock("MUG", 0)
    order = stage.shop.order("MUG", 3, 5)
    turn_by_hand(stage, on=False)
    stage.settle()
    before = stage.writes()
    (shown,) = preview_items(world, store_id)
    assert (shown.title, preview_items(world, store_id, order), stage.writes()) == ("A MUG", [shown], before)
    page = Merchant(create_app(world).test_client(), new_signin(world, store_id)).get("/writes")
    assert lines_of(page).count("A MUG: what shoppers see, and whether it sells") == 1
    told = writes_as_text([], [shown]).splitlines()
    assert (told[0], len(told)) == ("Item A MUG", 1 + len(shown.requests))
    if stage.platform == "woocommerce":
        (update,) = shown.requests[0].variables["update"]
        assert (shown.requests[0].name, update["backorders"]) == ("POST products/batch", "notify")
    else:
        fields, policy = shown.requests
        told = {field["key"]: field["value"] for field in fields.variables["fields"]}
        assert (fields.name, told) == ("WriteVariants", {"accepting": "true", "due": "0"})
        assert policy.variables["variants"][0]["inventoryPolicy"] == "CONTINUE"

    steer.switch_on(world, store_id, tell_waiting=False)
    stage.settle()
    assert [one.requests for one in preview_items(world, store_id)] == [[]]


def test_a_cancellation_that_was_accepted_is_shown_before_it_is_made(stage: Stage) -> None:
    world, store_id = stage.bench.world, stage.bench.store_id
    steer.save_policy(world, store_id, cancel_in_store=True)
    stage.shop.stock("MUG", 0)
    order = stage.shop.order("MUG", 3, 5)
    stage.settle()
    steer.wish_cancel(world, store_id, order, line_ids=None, reason="")
    accept_cancel(world, store_id, order, restock=True, refund=False)
    (shown,) = preview_writes(world, store_id, order)
    request = shown.requests[-1]
    assert (request.name, sorted(request.variables)) == (
        "A cancellation that was accepted",
        ["lines", "refund", "restock"],
    )
    assert (list(request.variables["lines"].values()), request.variables["refund"]) == (["3"], False)


def test_an_order_that_is_not_there_cannot_be_previewed(stage: Stage) -> None:
    with pytest.raises(NoSuchOrder):
        preview_writes(stage.bench.world, stage.bench.store_id, 999)
