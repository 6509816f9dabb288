"""The client against the recorded shop: what it reads after every step is what the recording says is right."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from backorder.domain.orders import Order, OrderStatus
from backorder.domain.supply import ZERO, Pool, physically_there
from connectors.contract import StoreClient
from connectors.woocommerce import PLATFORM
from demo.replay.recorded_compare import differences
from demo.replay.recorded_shop import RecordedShop
from demo.replay.recording import Recording
from demo.stores.wire import LocalTransport

FOLDER = Path(__file__).parents[4] / "shared" / "woocommerce"

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the recording is not beside the project")

Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture(params=["as it says", "without what is expected"])
def recording(request: pytest.FixtureRequest) -> Recording:
    """Once with the whole bodies that the recording names, once with those found in its exchanges."""
    recording = Recording(FOLDER)
    if request.param == "without what is expected":
        recording.expected = None
    return recording


def client_of(shop: RecordedShop) -> StoreClient:
    credentials = {"key": "ck_a", "secret": "cs_b", "webhook_secret": "s"}
    transport = LocalTransport({"shop.example": shop})
    return PLATFORM.client("https://shop.example", credentials, transport, lambda: datetime(2027, 1, 4, tzinfo=UTC))


def open_parts(orders: list[Order]) -> Iterator[tuple[Order, int, Pool, Decimal]]:
    """Oldest first: by the order's date, its id, the line's id."""
    for order in sorted(orders, key=lambda order: (order.placed_at, order.id)):
        if order.status is OrderStatus.OPEN:
            for line in sorted(order.lines, key=lambda line: line.id):
                for part in line.parts:
                    if part.pool is not None:
                        yield order, line.id, part.pool, part.outstanding


def concluded(client: StoreClient, ids: list[int], pools: list[int]) -> Rows:
    """First come, first served over what the client reads, and nothing else."""
    parts = list(open_parts([found.reading.order for found in client.read_orders(ids).found]))
    stock = {stock.pool: stock for stock in client.read_stock(pools).stock}
    owed = {pool: sum((units for _, _, of, units in parts if of == pool), ZERO) for pool in stock}
    there = {pool: physically_there(stock[pool], owed[pool]) for pool in stock}
    left = {pool: max(ZERO, units) for pool, units in there.items()}
    lines = []
    for order, line_id, pool, units in parts:
        given = min(units, left[pool])
        left[pool] -= given
        row = {"order": order.id, "line": line_id, "pool": pool.item, "outstanding": str(units)}
        lines.append({**row, "allocated": str(given), "waiting": str(units - given)})
    waiting = {
        pool: sum((Decimal(row["waiting"]) for row in lines if row["pool"] == pool.item), ZERO) for pool in stock
    }
    return {
        "pools": [
            {
                "pool": pool.item,
                "outstanding": str(owed[pool]),
                "on_hand": str(there[pool]),
                "waiting": str(waiting[pool]),
            }
            for pool in stock
        ],
        "lines": lines,
    }


def test_every_step_is_read_as_the_recording_says_it_is(recording: Recording) -> None:
    expected = Recording(FOLDER).expected or []
    shop = RecordedShop(recording)
    client = client_of(shop)
    wrong = {}
    for step in expected:
        shop.after(step["step"])
        ids = sorted({line["order"] for line in [*step["lines"], *step["ignored"]]})
        pools = [pool["pool"] for pool in step["pools"] if pool["pool"] is not None]
        found = differences(step, concluded(client, ids, pools))
        if found:
            wrong[step["step"]] = found

    assert (len(expected), wrong) == (46, {})


def test_the_first_pull_of_the_recorded_shop_finds_its_open_orders(recording: Recording) -> None:
    expected = Recording(FOLDER).expected or []
    shop = RecordedShop(recording)
    shop.after(len(expected))

    found = [read.reading.order.id for page in client_of(shop).pull(None) for read in page.orders]

    assert sorted(found) == sorted({line["order"] for line in expected[-1]["lines"]})


def test_an_order_in_the_recorded_trash_is_gone(recording: Recording) -> None:
    shop = RecordedShop(recording)
    shop.after(33)

    assert client_of(shop).read_orders([26, 19]).gone == [26]
