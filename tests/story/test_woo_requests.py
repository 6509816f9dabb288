"""How many requests an order that begins to wait costs a shop, with the echo of our own write.

Two of them read the order as it is once it was placed (the order, its products), one its stock, two write (the order as
it is then, and the difference), one notes it for the staff, and two read it again after our write came back as a
webhook, in which a change of somebody else's may hide.
"""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from backorder.domain.policy import NoticeKind
from tests.story.stage import Stage

ORDERS = 20


@pytest.fixture
def stage(database_url: str) -> Iterator[Stage]:
    found = Stage("woocommerce", database_url)
    found.open()
    found.shop.stock("MUG", 0)
    found.settle()
    yield found
    found.bench.close()


def kind(call: tuple[str, str]) -> str:
    """What a call is about, without ids."""
    path = urlsplit(call[1]).path.removeprefix("/wp-json/wc/v3/")
    return f"{call[0]} {'/'.join(word for word in path.split('/') if not word.isdecimal())}"


def test_an_order_that_begins_to_wait_costs_eight_requests(stage: Stage) -> None:
    first = len(stage.transport.calls)
    orders = []
    for _ in range(ORDERS):
        orders.append(stage.shop.order("MUG", 2, 5))
        stage.settle()
    calls = [kind(call) for call in stage.transport.calls[first:]]

    assert [stage.told(order) for order in orders] == [[NoticeKind.BACKORDERED]] * ORDERS
    assert {what: calls.count(what) / ORDERS for what in calls} == {
        "GET orders": 3,
        "GET products": 3,
        "PUT orders": 1,
        "POST orders/notes": 1,
    }


def test_orders_that_come_together_share_their_reads(stage: Stage) -> None:
    first = len(stage.transport.calls)
    orders = [stage.shop.order("MUG", 2, 5) for _ in range(ORDERS)]
    stage.settle()
    calls = [kind(call) for call in stage.transport.calls[first:]]

    assert [stage.told(order) for order in orders] == [[NoticeKind.BACKORDERED]] * ORDERS
    assert (calls.count("PUT orders"), calls.count("POST orders/notes")) == (ORDERS, ORDERS)
    assert len(calls) / ORDERS <= 4
