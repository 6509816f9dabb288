"""Connecting a store: what is found out is what is kept."""

from collections.abc import Iterator

import pytest

from backorder.db import stores
from backorder.domain.errors import AccessLost
from backorder.domain.store import Health
from tests.story.stage import Stage, Woo


@pytest.fixture
def shop_that_drops_the_header(database_url: str) -> Iterator[Stage]:
    stage = Stage("woocommerce", database_url)
    assert isinstance(stage.shop, Woo)
    stage.shop.app.access.strips_authorization = True
    yield stage
    stage.bench.close()


def test_a_shop_whose_host_drops_the_header_works_like_any_other(shop_that_drops_the_header: Stage) -> None:
    stage = shop_that_drops_the_header
    stage.open()
    stage.shop.stock("MUG", 1)
    order = stage.shop.order("MUG", 3, 5)
    stage.settle()

    world = stage.bench.world
    with world.database.read() as conn:
        kept = world.sealer.open(stores.credentials(conn, stage.bench.store_id))
    assert (kept["key_in"], stage.has(order), stage.bench.store.health) == ("query", [(1, 2)], Health.GOOD)


def test_a_key_that_nobody_takes_connects_nothing(shop_that_drops_the_header: Stage) -> None:
    stage = shop_that_drops_the_header
    assert isinstance(stage.shop, Woo)
    stage.shop.app.access.revoke("ck_demo")

    with pytest.raises(AccessLost):
        stage.open()

    with stage.bench.world.database.read() as conn:
        assert stores.everyone(conn) == []
