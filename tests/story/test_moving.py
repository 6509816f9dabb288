"""An order that waits at one location and lies free at another: it is moved there, once, and a person's word counts."""

import pytest

from backorder.db import move_rows
from backorder.domain.lifecycle import WorkState
from demo.stores.wire import Fault
from jobs import steer
from jobs.relocate import relocate
from tests.story.stage import Shopify, Stage

HOME, ATTIC = 88_110_000_001, 88_110_000_002


@pytest.fixture
def platform() -> str:
    """Only where a store has locations."""
    return "shopify"


@pytest.fixture
def shop(stage: Stage) -> Shopify:
    assert isinstance(stage.shop, Shopify)
    stage.shop.app.shop.locations[ATTIC] = "Attic"
    return stage.shop


def choose(stage: Stage, **choices: object) -> None:
    steer.save_policy(stage.bench.world, stage.bench.store_id, **choices)
    stage.settle()


def moving(stage: Stage) -> None:
    choose(stage, cross_location=True, locations=(ATTIC,), move_in_store=True)


def at(shop: Shopify, order: int) -> list[int]:
    return [work.location for work in shop.app.shop.orders[order].works if work.open]


def states(stage: Stage, order: int) -> list[WorkState]:
    with stage.bench.world.database.read() as conn:
        rows = move_rows.of_orders(conn, stage.bench.store_id, [order]).get(order, [])
    return [row.state for row in rows]


def waiting(stage: Stage, shop: Shopify, units: int = 3) -> int:
    """An order at home, where nothing is."""
    if "MUG" not in {product.sku for product in shop.app.shop.products.values()}:
        shop.stock("MUG", 0)
    order = shop.order("MUG", units, 5)
    stage.settle()
    return order


def move_back(stage: Stage, shop: Shopify, order: int) -> None:
    found = shop.app.shop.orders[order]
    shop.app.trade.move_work(found, next(work for work in found.works if work.open), HOME)
    stage.settle()


def test_the_oldest_order_that_another_location_has_whole_is_moved_there_and_may_ship(
    stage: Stage, shop: Shopify
) -> None:
    moving(stage)
    large, fits, late = (waiting(stage, shop, units) for units in (9, 4, 2))
    shop.app.trade.receive_stock("MUG", 5, ATTIC)
    stage.settle()
    assert [at(shop, order) for order in (large, fits, late)] == [[HOME], [ATTIC], [HOME]]
    assert (stage.has(fits), shop.held(fits), states(stage, fits)) == ([(4, 0)], 0, [WorkState.DONE])
    writes = stage.writes()
    stage.wait(400)
    stage.settle()
    assert (stage.writes(), at(shop, late)) == (writes, [HOME])


def test_nothing_is_moved_unless_the_merchant_wants_it(stage: Stage, shop: Shopify) -> None:
    choose(stage, cross_location=True, locations=(ATTIC,))
    order = waiting(stage, shop)
    shop.app.trade.receive_stock("MUG", 5, ATTIC)
    stage.settle()
    assert (at(shop, order), states(stage, order)) == ([HOME], [])


def test_what_a_person_moves_back_stays_until_more_comes_in_there(stage: Stage, shop: Shopify) -> None:
    moving(stage)
    order = waiting(stage, shop)
    shop.app.trade.receive_stock("MUG", 5, ATTIC)
    stage.settle()
    move_back(stage, shop, order)
    stage.wait(400)
    stage.settle()
    assert (at(shop, order), stage.has(order)) == ([HOME], [(0, 3)])
    shop.app.trade.receive_stock("MUG", 1, ATTIC)
    stage.settle()
    assert (at(shop, order), states(stage, order)) == ([ATTIC], [WorkState.DONE] * 2)


def test_a_move_of_unknown_outcome_is_looked_up_before_it_is_made_again(stage: Stage, shop: Shopify) -> None:
    moving(stage)
    order = waiting(stage, shop)
    shop.app.trade.receive_stock("MUG", 5, ATTIC)
    stage.settle("relocate")
    before = len(stage.transport.calls)
    stage.transport.fail(Fault.LOST_ANSWER, concerns=lambda *_: len(stage.transport.calls) - before == 2)
    relocate(stage.bench.world, stage.bench.store_id, order)
    assert states(stage, order) == [WorkState.UNKNOWN]
    stage.wait(60)
    stage.settle()
    assert (states(stage, order), stage.has(order)) == ([WorkState.DONE], [(3, 0)])
    assert shop.app.writes.count("fulfillmentOrderMove") == 1


def test_a_move_that_was_not_begun_when_the_store_was_only_watched_is_made_after_switching_on(
    stage: Stage, shop: Shopify
) -> None:
    moving(stage)
    order = waiting(stage, shop)
    shop.app.trade.receive_stock("MUG", 5, ATTIC)
    stage.settle("relocate")
    steer.watch(stage.bench.world, stage.bench.store_id)
    stage.settle()
    assert (at(shop, order), states(stage, order)) == ([HOME], [WorkState.DROPPED])
    steer.switch_on(stage.bench.world, stage.bench.store_id, tell_waiting=False)
    stage.settle()
    assert (at(shop, order), states(stage, order)) == ([ATTIC], [WorkState.DROPPED, WorkState.DONE])
