"""Every open order of a store with many: workers die on the way, webhooks come in between, and nothing old wins."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from app.doctor import examine
from backorder.db import orderbook, whole_readings
from backorder.db.leases import LENGTH
from backorder.db.whole_readings import WholeReading
from backorder.domain.orders import OrderStatus
from connectors.shopify import bulk
from jobs.catch_up import EVERY, SWEEP_EVERY, catch_up
from jobs.connect import remember
from tests.story.mortal import Killed, Life, mortal
from tests.story.stage import Shopify, Stage

MANY = bulk.FEW + 10


@pytest.fixture
def stage(database_url: str) -> Iterator[Stage]:
    """A shop with as many open orders as are read by a bulk query, and a Waitline that does not know it yet."""
    stage = Stage("shopify", database_url)
    stage.shop.stock("LAMP", 100)
    for _ in range(MANY):
        stage.shop.order("LAMP", 1, 5)
    yield stage
    stage.bench.close()


def app_of(stage: Stage) -> Shopify:
    assert isinstance(stage.shop, Shopify)
    return stage.shop


def bulk_queries(stage: Stage) -> int:
    return app_of(stage).app.writes.count("bulkOperationRunQuery")


def under_way(stage: Stage) -> WholeReading | None:
    with stage.bench.world.database.read() as conn:
        return whole_readings.under_way(conn, stage.bench.store_id)


def test_a_first_import_goes_on_where_a_worker_died_and_asks_the_store_once(stage: Stage) -> None:
    bench = stage.bench
    alive = bench.world
    store = remember(alive, "shopify", "lab-goods.myshopify.com", {"access_token": "shpat_demo", "client_secret": "s"})
    bench.store_id = store.id
    bench.subscribe()
    catch_up(alive, store.id)
    begun = under_way(stage)
    calls = len(stage.transport.calls)
    catch_up(alive, store.id)
    assert len(stage.transport.calls) == calls, "nobody looks before it is time to"
    bench.move_to(bench.now + timedelta(seconds=10))
    # The file is there. Its first order was edited since, and the webhook that says so comes before the file is read.
    edited = min(app_of(stage).app.shop.orders)
    app_of(stage).app.bulks.go_on()
    stage.shop.order("LAMP", 7, 6)
    stage.shop.edit(edited, 3)
    stage.settle("catch_up", "allocate")

    deaths = 0
    progress = []
    while bench.store.imported_at is None:
        life = Life(ends_at=5 + deaths)
        try:
            catch_up(mortal(alive, life, stage.writes), store.id)
        except Killed:
            deaths += 1
        said = [finding.text for finding in examine(alive) if "are being read" in finding.text]
        progress += [int(text.split("UTC: ")[1].split()[0]) for text in said]
        # Nobody gave the lease back: the next one waits for its end.
        bench.move_to(bench.now + LENGTH + timedelta(seconds=1))
    stage.settle()

    assert begun is not None
    assert begun.place.startswith("bulk ")
    assert deaths >= 5
    assert progress == sorted(progress)
    assert progress[-1] == MANY
    assert bulk_queries(stage) == 1
    assert len(bench.rows().orders) == MANY + 1
    # The file is older than the webhook: what that had marked was read once more.
    assert stage.has(edited) == [(3, 0)]
    assert sum(int(row.allocated) for row in bench.rows().lines) == 100
    assert under_way(stage) is None


def test_each_night_all_is_read_at_once_and_what_was_read_meanwhile_stays(stage: Stage) -> None:
    stage.open(on=False)
    shop = app_of(stage).app
    first, second, third, *_ = sorted(shop.shop.orders)
    asked = bulk_queries(stage)
    stage.lose("")
    shop.trade.edit_line(second, shop.shop.orders[second].lines[0].id, 2)
    shop.trade.delete_order(third)
    shop.deliver()
    stage.bench.move_to(stage.bench.now + SWEEP_EVERY)
    shop.bulks.takes = 2 * EVERY

    catch_up(stage.bench.world, stage.bench.store_id)
    stage.wait(2)
    shop.bulks.go_on()
    # The shop has looked at all its orders by now. One changes behind its back, and is read.
    stage.lose()
    stage.shop.edit(first, 5)
    stage.settle("catch_up")
    read = stage.has(first)
    while (whole := under_way(stage)) is not None:
        stage.bench.move_to(whole.again_at)
        catch_up(stage.bench.world, stage.bench.store_id)
    # The file says that one was ordered, and it came later than the reading that says five.
    after = stage.has(first)
    stage.settle()

    assert bulk_queries(stage) == asked + 1
    assert read == after == stage.has(first) == [(5, 0)]
    assert stage.has(second) == [(2, 0)]
    with stage.bench.world.database.read() as conn:
        assert orderbook.load(conn, stage.bench.store_id, [third])[third].order.status is OrderStatus.GONE
