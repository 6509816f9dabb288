"""How many requests a backordered order costs a shop, from its first webhook to its release, with the echoes of our own
writes, and what each is for; and that what a person does right behind a write of ours is never taken for its echo.
"""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from urllib.parse import urlsplit

import pytest

from backorder.db import orderbook
from backorder.domain.policy import NoticeKind
from demo.stores.woocommerce.shop import Shop as Site
from tests.story.stage import Stage, Woo

ORDERS = 20
OWN_REQUESTS = {"PUT orders": 2, "POST orders/notes": 2}
"""Requests that no other order shares: what waits, and that nothing waits any more, each with a note for the staff."""
SHARED_REQUESTS = {"GET orders": 8, "GET products": 11, "GET variations": 2}
"""Of all these orders together. As they came in: the orders, their products, the stock, two looks at ten that are
written. When goods came: the stock, and before and after it what changed lately (products, variations, orders) with
the orders that wait, for a rise is believed only where nothing moved for two seconds; then two looks.
"""


@pytest.fixture
def stage(database_url: str) -> Iterator[Stage]:
    found = Stage("woocommerce", database_url)
    found.open()
    found.shop.stock("MUG", 0)
    found.settle()
    yield found
    found.bench.close()


@pytest.fixture
def site(stage: Stage) -> Site:
    assert isinstance(stage.shop, Woo)
    return stage.shop.app.shop


def since(stage: Stage, first: int) -> Counter[str]:
    """What the calls since then were about, without ids."""
    paths = [(method, urlsplit(url).path.removeprefix("/wp-json/wc/v3/")) for method, url in stage.transport.calls]
    kinds = [f"{method} {'/'.join(word for word in path.split('/') if not word.isdecimal())}" for method, path in paths]
    return Counter(kinds[first:])


def write(stage: Stage) -> None:
    """Let the webhooks arrive that are there now, and do all work; what the work makes the shop say is not sent."""
    assert isinstance(stage.shop, Woo)
    stage.shop.app.deliver()
    stage.bench.work_off(())


def test_requests_of_a_backordered_order_from_its_first_webhook_to_its_release(stage: Stage) -> None:
    stage.shop.stock("CUP", 5)
    stage.shop.order("CUP", 1, 5)
    stage.bench.catch_up()
    stage.settle()
    first = len(stage.transport.calls)
    orders = [stage.shop.order("MUG", 1, 5) for _ in range(ORDERS)]
    stage.settle()
    waited = stage.has(*orders)
    stage.wait(3600)
    stage.shop.receive("MUG", ORDERS)
    stage.settle()
    calls = since(stage, first)

    assert (waited, stage.has(*orders)) == ([(0, 1)] * ORDERS, [(1, 0)] * ORDERS)
    assert [stage.told(order) for order in orders] == [[NoticeKind.BACKORDERED, NoticeKind.ALLOCATED]] * ORDERS
    each = sum(calls.values()) / ORDERS
    print(f"{each:.2f} requests for each order, {each - 2:.2f} without its notes")
    assert calls == {**{kind: count * ORDERS for kind, count in OWN_REQUESTS.items()}, **SHARED_REQUESTS}


def test_an_order_that_comes_alone_costs_six_requests_until_it_waits(stage: Stage) -> None:
    first = len(stage.transport.calls)
    orders = []
    for _ in range(ORDERS):
        orders.append(stage.shop.order("MUG", 2, 5))
        stage.settle()
    calls = since(stage, first)

    assert [stage.told(order) for order in orders] == [[NoticeKind.BACKORDERED]] * ORDERS
    assert {what: count / ORDERS for what, count in calls.items()} == {
        "GET orders": 2,
        "GET products": 2,
        "PUT orders": 1,
        "POST orders/notes": 1,
    }


def test_an_order_with_parcels_or_refunds_is_read_again_because_a_body_does_not_tell_their_units(
    stage: Stage, site: Site
) -> None:
    order = stage.shop.order("MUG", 3, 5)
    site.refund_line(site.orders[order], site.orders[order].lines[0].id, Decimal(1))
    write(stage)
    first = len(stage.transport.calls)
    stage.settle()

    assert stage.has(order) == [(0, 2)]
    assert since(stage, first) == {"GET orders": 1, "GET orders/refunds": 1, "GET products": 1}


@pytest.mark.parametrize("seconds", [0, 1])
def test_what_the_merchant_edits_right_behind_our_write_is_read(stage: Stage, seconds: int) -> None:
    order = stage.shop.order("MUG", 2, 5)
    write(stage)
    stage.wait(seconds)
    stage.lose("product.")
    stage.shop.edit(order, 5)
    stage.settle()
    assert stage.has(order) == [(0, 5)]


def test_a_status_that_the_merchant_sets_right_behind_our_write_is_read(stage: Stage, site: Site) -> None:
    order = stage.shop.order("MUG", 2, 5)
    write(stage)
    site.set_status(site.orders[order], "on-hold")
    stage.settle()
    with stage.bench.world.database.read() as conn:
        told = orderbook.load(conn, stage.bench.store_id, [order])[order].order
    assert told.store_status == "on-hold"
