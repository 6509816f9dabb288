"""Orders that are due together are looked at together; each is written to by itself, and by one at a time."""

from collections.abc import Callable, Iterator

import pytest

from backorder.db import leases
from demo.stores.wire import Fault
from jobs import steer
from jobs.allocate import allocate
from jobs.ingest import ingest
from jobs.write_back import TOGETHER, write_back
from tests.story.stage import Shopify, Stage


@pytest.fixture
def platform() -> str:
    """Only where several orders are read in one call."""
    return "shopify"


@pytest.fixture
def shop(stage: Stage) -> Iterator[Shopify]:
    assert isinstance(stage.shop, Shopify)
    return stage.shop


def plan(stage: Stage) -> None:
    """Take in and allocate; nothing is written to the store yet."""
    stage._app.deliver()
    ingest(stage.bench.world, stage.bench.store_id)
    allocate(stage.bench.world, stage.bench.store_id)


def waiting(stage: Stage, shop: Shopify, count: int) -> list[int]:
    """So many orders of two mugs each, of which none is there."""
    shop.stock("MUG", 0)
    found = [shop.order("MUG", 2, 5) for _ in range(count)]
    plan(stage)
    return found


def write(stage: Stage, order: int) -> int:
    """Write to an order and to those beside it; how many calls that costs."""
    before = len(stage.transport.calls)
    write_back(stage.bench.world, stage.bench.store_id, order)
    return len(stage.transport.calls) - before


def at_call(stage: Stage, number: int, act: Callable[[], object]) -> None:
    """Do something just before the call of this number, counted from now."""
    begin = len(stage.transport.calls)

    def concerns(_method: str, _url: str) -> bool:
        if len(stage.transport.calls) - begin == number:
            act()
        return False

    stage.transport.fail(Fault.LOST_CALL, concerns=concerns)


def test_orders_that_are_due_together_cost_one_look(stage: Stage, shop: Shopify) -> None:
    first, second, third = waiting(stage, shop, 3)
    assert (write(stage, second), write(stage, first), write(stage, third)) == (1 + 3, 0, 0)
    assert [shop.held(order) for order in (first, second, third)] == [2, 2, 2]


def test_an_order_alone_costs_its_look_and_its_write(stage: Stage, shop: Shopify) -> None:
    (order,) = waiting(stage, shop, 1)
    assert (write(stage, order), shop.held(order)) == (2, 2)


def test_only_so_many_are_taken_together(stage: Stage, shop: Shopify) -> None:
    orders = waiting(stage, shop, TOGETHER + 2)
    assert write(stage, orders[-1]) == 1 + TOGETHER
    assert [shop.held(order) for order in orders] == [*[2] * (TOGETHER - 1), 0, 0, 2]


def test_an_order_that_somebody_else_is_writing_is_left_to_them(stage: Stage, shop: Shopify) -> None:
    first, second = waiting(stage, shop, 2)
    world = stage.bench.world
    name = f"write:{stage.bench.store_id}:{second}"
    with leases.holding(world.database, name, "somebody else", world.clock()) as lease:
        assert lease is not None
        assert write(stage, first) == 2
    assert [shop.held(first), shop.held(second)] == [2, 0]


def test_an_order_that_is_told_of_after_the_look_is_read_again_first(stage: Stage, shop: Shopify) -> None:
    first, second = waiting(stage, shop, 2)

    def edit() -> None:
        shop.edit(second, 5)
        stage._app.deliver()
        ingest(stage.bench.world, stage.bench.store_id)

    at_call(stage, 2, edit)
    assert write(stage, first) == 2
    assert [shop.held(first), shop.held(second)] == [2, 0]
    stage.settle()
    assert shop.held(second) == 5


def test_a_merchant_who_pauses_in_between_is_obeyed_at_the_next_order(stage: Stage, shop: Shopify) -> None:
    first, second = waiting(stage, shop, 2)
    at_call(stage, 2, lambda: steer.save_policy(stage.bench.world, stage.bench.store_id, paused=True))
    assert write(stage, first) == 2
    assert [shop.held(first), shop.held(second)] == [2, 0]


def test_a_call_that_fails_leaves_the_others_for_later(stage: Stage, shop: Shopify) -> None:
    first, second = waiting(stage, shop, 2)
    before = len(stage.transport.calls)
    stage.transport.fail(Fault.LOST_ANSWER, concerns=lambda *_: len(stage.transport.calls) - before == 2)
    assert write(stage, first) == 2
    assert [shop.held(first), shop.held(second)] == [2, 0]
    stage.wait(60)
    stage.settle()
    assert [shop.held(first), shop.held(second)] == [2, 2]


def test_a_hold_taken_off_after_the_look_is_not_set_anew(stage: Stage, shop: Shopify) -> None:
    first, second = waiting(stage, shop, 2)
    stage.settle()
    stage.wait(30)
    shop.receive("MUG", 3)
    plan(stage)
    at_call(stage, 2, lambda: shop.app.trade.release_hold_by_hand(second))
    write(stage, first)
    stage.wait(30)
    stage.settle()
    assert ([shop.held(first), shop.held(second)], stage.has(first, second)) == ([0, 0], [(2, 0), (2, 0)])


def test_what_was_seen_too_long_ago_is_looked_at_again(stage: Stage, shop: Shopify) -> None:
    first, second = waiting(stage, shop, 2)
    at_call(stage, 2, lambda: stage.wait(11))
    assert write(stage, first) == 1 + 1 + 2
    assert [shop.held(first), shop.held(second)] == [2, 2]


def test_where_the_store_is_slow_the_rest_is_left_to_their_own_rings(stage: Stage, shop: Shopify) -> None:
    first, second = waiting(stage, shop, 2)
    at_call(stage, 2, lambda: stage.wait(26))
    assert write(stage, first) == 2
    assert [shop.held(first), shop.held(second)] == [2, 0]


def test_an_order_that_another_worker_wrote_to_since_the_look_is_left_alone(stage: Stage, shop: Shopify) -> None:
    first, second = waiting(stage, shop, 2)
    at_call(stage, 2, lambda: write_back(stage.bench.world, stage.bench.store_id, second))
    assert write(stage, first) == 2 + 2
    assert [shop.held(first), shop.held(second)] == [2, 2]
