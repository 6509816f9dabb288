"""A store that keeps one figure of its stock: what merchants type into it, and what it keeps of orders it closed."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from backorder.db import supply_rows
from backorder.domain.orders import OrderStatus
from backorder.domain.supply import Jump, Pool, Units
from jobs import steer
from jobs.recount import recount
from tests.story.stage import Stage, Woo


@pytest.fixture
def stage(database_url: str) -> Iterator[Stage]:
    found = Stage("woocommerce", database_url)
    found.open()
    yield found
    found.bench.close()


def woo(stage: Stage) -> Woo:
    assert isinstance(stage.shop, Woo)
    return stage.shop


def mug(stage: Stage) -> Pool:
    return Pool(woo(stage).app.shop.by_sku("MUG").id)


def types(stage: Stage, number: int) -> None:
    woo(stage).app.shop.set_stock("MUG", Decimal(number))
    stage.settle()
    stage.wait(200)
    stage.settle()


def waiting_four(stage: Stage) -> list[int]:
    stage.shop.stock("MUG", 0)
    orders = [stage.shop.order("MUG", 3, 5), stage.shop.order("MUG", 1, 6)]
    stage.settle()
    assert stage.has(*orders) == [(0, 3), (0, 1)]
    return orders


def jumps(stage: Stage) -> list[Jump]:
    with stage.bench.world.database.read() as conn:
        return [row.jump for row in supply_rows.jumped_pools(conn, stage.bench.store_id, limit=9)]


def there(stage: Stage) -> tuple[Units, Units]:
    with stage.bench.world.database.read() as conn:
        [row] = supply_rows.stocked_items(conn, stage.bench.store_id)
    return row.stock, row.on_hand


def jump(before: int, after: int, owed: int) -> Jump:
    return Jump(Decimal(before), Decimal(after), Decimal(owed))


def test_a_number_typed_over_a_debt_is_read_as_net_and_asked_about(stage: Stage) -> None:
    orders = waiting_four(stage)
    types(stage, 2)
    assert (stage.has(*orders), there(stage), jumps(stage)) == ([(3, 0), (1, 0)], (2, 6), [jump(-4, 2, 4)])


def test_what_was_counted_is_all_that_there_is_to_give(stage: Stage) -> None:
    orders = waiting_four(stage)
    steer.save_policy(stage.bench.world, stage.bench.store_id, types_counted=True)
    types(stage, 2)
    assert (stage.has(*orders), there(stage), jumps(stage)) == ([(2, 1), (0, 1)], (2, 2), [])
    younger = stage.shop.order("MUG", 1, 7)
    stage.settle()
    assert (stage.has(*orders, younger), there(stage)) == ([(2, 1), (0, 1), (0, 1)], (1, 2))


def test_a_merchant_who_says_afterwards_that_it_was_counted_is_believed(stage: Stage) -> None:
    orders = waiting_four(stage)
    types(stage, 5)
    younger = stage.shop.order("MUG", 4, 7)
    stage.settle()
    assert (stage.has(*orders, younger), there(stage)) == ([(3, 0), (1, 0), (4, 0)], (1, 9))
    recount(stage.bench.world, stage.bench.store_id, mug(stage), counted=True)
    stage.settle()
    assert there(stage) == (1, 5)
    assert jumps(stage) == []


def test_goods_that_come_as_they_were_announced_are_not_asked_about(stage: Stage) -> None:
    orders = waiting_four(stage)
    steer.add_inbound(
        stage.bench.world,
        stage.bench.store_id,
        item=mug(stage).item,
        location=None,
        quantity=Decimal(10),
        expected_on=stage.bench.now.date(),
        source="PO 1",
    )
    types(stage, 6)
    assert (stage.has(*orders), there(stage), jumps(stage)) == ([(3, 0), (1, 0)], (6, 10), [])


@pytest.mark.parametrize("how", ["trash", "delete", "failed", "refunded"])
def test_what_the_shop_keeps_of_an_order_that_it_closed_is_shown_with_it(stage: Stage, how: str) -> None:
    stage.shop.stock("MUG", 2)
    closed, open_one = stage.shop.order("MUG", 3, 5), stage.shop.order("MUG", 1, 6)
    stage.settle()
    shop = woo(stage).app.shop
    order = shop.orders[closed]
    if how == "trash":
        shop.trash_order(order)
    elif how == "delete":
        shop.delete_order(order)
    else:
        shop.set_status(order, how)
    stage.settle()
    stage.wait(24 * 3600)
    stage.settle()
    stage.wait(300)
    stage.settle()
    assert (stage.has(open_one), there(stage)) == ([(0, 1)], (-2, -1))
    with stage.bench.world.database.read() as conn:
        [pool] = supply_rows.troubled_pools(conn, stage.bench.store_id, limit=9)
    word = OrderStatus.GONE.value if how in ("trash", "delete") else how
    assert (pool.there, pool.unreturned) == (-1, 3)
    assert [(one.order_id, one.store_status, one.units) for one in pool.closed] == [(closed, word, 3)]


def test_what_was_cancelled_or_sent_is_not_kept(stage: Stage) -> None:
    stage.shop.stock("MUG", 0)
    cancelled, sent = stage.shop.order("MUG", 3, 5), stage.shop.order("MUG", 1, 6)
    stage.settle()
    shop = woo(stage).app.shop
    stage.shop.cancel(cancelled)
    shop.set_status(shop.orders[sent], "completed")
    stage.settle()
    stage.wait(300)
    stage.settle()
    with stage.bench.world.database.read() as conn:
        pools = supply_rows.troubled_pools(conn, stage.bench.store_id, limit=9)
    assert [(pool.there, pool.unreturned, pool.closed) for pool in pools] == [(-1, 0, ())]


def test_parcels_that_the_shop_no_longer_tells_of_have_still_left(stage: Stage) -> None:
    stage.shop.stock("MUG", 0)
    order = stage.shop.order("MUG", 5, 5)
    stage.settle()
    stage.shop.ship(order, 2)
    stage.settle()
    shop = woo(stage).app.shop
    shop.settings.fulfilments = False
    shop.refund_line(shop.orders[order], shop.orders[order].lines[0].id, Decimal(1))
    stage.settle()
    line = stage.standing(order).lines[0]
    assert (line.shipped, line.cancelled, line.outstanding) == (2, 1, 2)
