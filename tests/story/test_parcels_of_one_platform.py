"""Parcels where only one platform can be in the way: Shopify's holds and locations, a shop without the feature."""

import pytest

from backorder.domain.lifecycle import WorkState
from backorder.domain.split import Split
from backorder.domain.store import Health
from connectors.shopify.shipping import HELD, PARTLY
from connectors.woocommerce.shipping import FEATURE_OFF
from demo.stores.wire import Fault
from jobs import steer
from jobs.ship import ship
from tests.story.stage import Shopify, Stage, Woo
from tests.story.test_parcels import given, in_store, parcel, record, stands

ON_SHOPIFY = pytest.mark.parametrize("platform", ["shopify"])
ON_WOO = pytest.mark.parametrize("platform", ["woocommerce"])


@ON_SHOPIFY
def test_planned_units_are_let_go_first_and_the_rest_stays_held(stage: Stage) -> None:
    assert isinstance(stage.shop, Shopify)
    steer.save_policy(stage.bench.world, stage.bench.store_id, split=Split.ORDER_WHOLE)
    order = given(stage, 2)
    assert stage.shop.held(order) == 3
    record(stage, order, parcel(stage, order))
    stage.settle()
    assert (stands(stage, order), in_store(stage, order)) == ([(WorkState.DONE, "")], [("1Z1", 2, False)])
    assert (stage.has(order), stage.shop.held(order)) == ([(0, 1)], 1)


@ON_SHOPIFY
def test_units_that_somebody_else_holds_are_not_shipped(stage: Stage) -> None:
    assert isinstance(stage.shop, Shopify)
    order = given(stage)
    record(stage, order, parcel(stage, order))
    stage.shop.app.trade.hold_by_hand(order)
    stage.settle()
    assert (stands(stage, order), in_store(stage, order)) == ([(WorkState.FAILED, HELD)], [])


@ON_SHOPIFY
@pytest.mark.parametrize("second", [Fault.LOST_ANSWER, Fault.UNREACHABLE, None])
def test_a_parcel_from_two_locations_is_recorded_at_each_of_them_once(stage: Stage, second: Fault | None) -> None:
    assert isinstance(stage.shop, Shopify)
    trade = stage.shop.app.trade
    (here,) = stage.shop.app.shop.locations
    there = trade.ids.next("location")
    stage.shop.app.shop.locations[there] = "Pier 4"
    steer.save_policy(stage.bench.world, stage.bench.store_id, ship_in_store=True)
    stage.shop.stock("MUG", 2)
    trade.receive_stock("MUG", 2, there)
    lines = [{"sku": "MUG", "quantity": 1, "location": place} for place in (here, there)]
    order = trade.place_order(lines, name="Ada Example", email="ada@example.com")
    stage.settle()
    record(stage, order, parcel(stage, order))
    if second is not None:
        before = len(stage.transport.calls)
        stage.transport.fail(second, concerns=lambda *_: len(stage.transport.calls) - before == 3)
        ship(stage.bench.world, stage.bench.store_id, order)
        state, reason = stands(stage, order)[0]
        assert state is WorkState.UNKNOWN
        assert reason.startswith(PARTLY) == (second is Fault.UNREACHABLE)
        stage.wait(70)
    stage.settle()
    assert (stands(stage, order), in_store(stage, order)) == (
        [(WorkState.DONE, "")],
        [("1Z1", 1, False), ("1Z1", 1, False)],
    )
    assert {one.location for one in stage.shop.app.shop.orders[order].shipments} == {here, there}


@ON_SHOPIFY
def test_the_echo_of_a_parcel_costs_no_call(stage: Stage) -> None:
    assert isinstance(stage.shop, Shopify)
    order = given(stage)
    stage.wait(30)
    record(stage, order, parcel(stage, order))
    stage.bench.work_off(())
    # The last one is of the tags that are gone then.
    queue = stage.shop.app.outbox.queue
    topics = [message.headers["X-Shopify-Topic"] for message in queue]
    assert topics == ["fulfillments/create", "orders/fulfilled", "orders/updated", "orders/updated"]
    del queue[3:]
    calls, writes = len(stage.transport.calls), stage.writes()
    stage.settle()
    assert (len(stage.transport.calls) - calls, stage.writes() - writes) == (0, 0)


@ON_WOO
def test_a_shop_without_the_feature_for_parcels_says_so_and_is_asked_nothing_more(stage: Stage) -> None:
    assert isinstance(stage.shop, Woo)
    order = given(stage)
    stage.shop.app.shop.settings.fulfilments = False
    record(stage, order, parcel(stage, order))
    stage.settle()
    calls = len(stage.transport.calls)
    stage.wait(600)
    stage.bench.work_off(("catch_up", "audit"))
    assert (stands(stage, order), stage.bench.store.health) == ([(WorkState.FAILED, FEATURE_OFF)], Health.GOOD)
    assert len(stage.transport.calls) == calls
