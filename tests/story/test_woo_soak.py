"""Ten thousand deliveries as a busy shop sends them: one delivery id on many bodies, repeats, any order."""

from collections.abc import Iterator
from decimal import Decimal
from random import Random
from urllib.parse import urlsplit

import pytest

from backorder.db import inbox
from backorder.domain.lifecycle import WorkState
from demo.stores.woocommerce.hooks import Sent
from tests.story.stage import Stage, Woo

DELIVERIES = 10_000
ORDERS = 60
SEED = 20270104


@pytest.fixture
def stage(database_url: str) -> Iterator[Stage]:
    found = Stage("woocommerce", database_url)
    found.open()
    yield found
    found.bench.close()


def told_and_never_heard(stage: Stage, shop: Woo) -> list[Sent]:
    """Deliveries of orders and their product, of which none arrived: several bodies of each order, many to a second."""
    stage.lose("order", "product")
    site = shop.app.shop
    before = len(site.hooks.sent)
    for number in range(ORDERS):
        order = site.place_order([("MUG", Decimal(2))], email="ada@example.com")
        site.hooks.run()
        for _ in range(3):
            if number % 2:
                site.touch(order)
            site.note(order, "packed late")
            site.write_meta(order.meta, {"key": "_seen", "value": str(len(site.hooks.sent))})
            site.hooks.fire("order.updated", order.id)
            site.hooks.run()
    stage.lose()
    return [sent for sent in site.hooks.sent[before:] if sent.topic != "ping"]


def test_ten_thousand_deliveries_with_repeated_ids_lose_and_double_nothing(stage: Stage) -> None:
    shop = stage.shop
    assert isinstance(shop, Woo)
    stage.shop.stock("MUG", 20)
    stage.settle()
    began = stage.bench.rows().stored
    sent = told_and_never_heard(stage, shop)
    die = Random(SEED)
    stream = [*sent, *(die.choice(sent) for _ in range(DELIVERIES - len(sent)))]
    die.shuffle(stream)

    answers = [stage.bench.post(urlsplit(one.url).path, one.headers, one.body) for one in stream]
    stored = stage.bench.rows().stored - began
    calls = len(stage.transport.calls)
    stage.settle()

    ids = {one.headers["X-WC-Webhook-Delivery-ID"] for one in sent}
    distinct = {(one.headers["X-WC-Webhook-ID"], one.headers["X-WC-Webhook-Delivery-ID"], one.body) for one in sent}
    assert (len(stream), set(answers)) == (DELIVERIES, {200})
    assert len(ids) * 10 < len(distinct) == stored
    orders = sorted(shop.app.shop.orders)
    assert stage.has(*orders) == [(2, 0)] * 10 + [(0, 2)] * (ORDERS - 10)
    with stage.bench.world.database.read() as conn:
        assert set(inbox.counts(conn, stage.bench.store_id)) == {WorkState.DONE}
    writes = [url for method, url in stage.transport.calls if method == "PUT"]
    assert sorted(int(url.rpartition("/")[2]) for url in writes) == orders[10:]
    assert len(stage.transport.calls) - calls <= 8 * ORDERS
