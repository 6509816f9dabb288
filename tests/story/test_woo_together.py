"""Two workers of ours and the shop's merchant at the same orders: nobody's meta, note, quantity or status is lost.

`SHARED_ORDERS=1000` for more of them.
"""

import os
import random
import re
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from werkzeug.test import Client

from connectors.woocommerce.ours import RECORD_KEY
from demo.stores.woocommerce import WooShop
from demo.stores.woocommerce.things import Order
from jobs.allocate import allocate
from jobs.ingest import ingest
from jobs.world import World
from jobs.write_back import write_back
from tests.story.stage import Stage, Woo

ORDERS = int(os.environ.get("SHARED_ORDERS", "200"))
SEED = 1
MARKER = re.compile(r"\[(wl-\d+-\d+)\]$")


@pytest.fixture
def stage(database_url: str) -> Iterator[Stage]:
    found = Stage("woocommerce", database_url)
    found.open()
    yield found
    found.bench.close()


class Merchant:
    """Somebody at the shop's admin who edits orders in any order, and remembers what they did."""

    def __init__(self, woo: WooShop, seed: int) -> None:
        self._client = Client(woo)
        self._random = random.Random(seed)
        self.units: dict[int, int] = {}
        self.statuses: dict[int, str] = {}
        self.said: Counter[tuple[int, str]] = Counter()

    def edit(self, orders: list[tuple[int, int]]) -> None:
        """One thing or another at each of these orders: their ids, each with the id of its line."""
        for order, line in orders:
            self._call("PUT", order, {"meta_data": [{"key": "gift", "value": f"for {order}"}]})
            metas = [{"key": "Engraving", "value": f"no. {order}"}]
            match self._random.randrange(4):
                case 0:
                    self.units[order] = self._random.randrange(1, 6)
                    change = {"id": line, "quantity": self.units[order], "meta_data": metas}
                    self._call("PUT", order, {"line_items": [change]})
                case 1:
                    self.statuses[order] = self._random.choice(["on-hold", "completed", "cancelled"])
                    self._call("PUT", order, {"status": self.statuses[order]})
                case _:
                    self._call("PUT", order, {"line_items": [{"id": line, "meta_data": metas}]})
            self.said[order, f"called about {order}"] += 1
            self._call("POST", order, {"note": f"called about {order}"}, "/notes")

    def _call(self, method: str, order: int, body: dict[str, Any], below: str = "") -> None:
        path = f"/wp-json/wc/v3/orders/{order}{below}"
        answer = self._client.open(
            path, method=method, json=body, base_url="https://shop.example", auth=("ck_demo", "cs_demo")
        )
        assert answer.status_code in (200, 201), answer.text


def write_all(world: World, store_id: int, orders: list[int], seed: int) -> None:
    """A worker that goes through all orders in an order of its own."""
    for order in random.Random(seed).sample(orders, len(orders)):
        write_back(world, store_id, order)


def twice(order: Order) -> list[str]:
    """Whatever stands at an order more than once although it was put there once."""
    keys = Counter(meta.key for meta in order.meta)
    keys += Counter(f"line {line.id}: {meta.key}" for line in order.lines for meta in line.meta)
    keys += Counter(found[1] for note in order.notes if (found := MARKER.search(note.text)))
    return [name for name, count in keys.items() if count > 1]


@pytest.mark.timeout(120 + ORDERS)
def test_nothing_of_anybodys_is_lost_or_doubled(stage: Stage) -> None:
    assert isinstance(stage.shop, Woo)
    shop, world, store_id = stage.shop.app.shop, stage.bench.world, stage.bench.store_id
    stage.shop.stock("MUG", 0)
    placed = [stage.shop.order("MUG", 2, 5) for _ in range(ORDERS)]
    lines = [(order, shop.orders[order].lines[0].id) for order in placed]
    stage.settle("write_back", "notify")
    merchant = Merchant(stage.shop.app, SEED)

    with ThreadPoolExecutor(3) as pool:
        running = [
            pool.submit(write_all, replace(world, owner="one"), store_id, placed, SEED),
            pool.submit(write_all, replace(world, owner="two"), store_id, placed, SEED + 1),
            pool.submit(merchant.edit, random.Random(SEED).sample(lines, len(lines))),
        ]
        for done in running:
            done.result()
    wrote_meanwhile = sum(any(meta.key == RECORD_KEY for meta in shop.orders[order].meta) for order in placed)
    for _ in range(3):
        stage.settle()
        ingest(world, store_id)
        allocate(world, store_id)
        stage.wait(60)
    stage.settle()

    orders = [shop.orders[order] for order in placed]
    assert wrote_meanwhile > ORDERS // 10
    assert [(order.id, doubled) for order in orders if (doubled := twice(order))] == []
    assert {order.id: order.status for order in orders} == {
        order.id: merchant.statuses.get(order.id, "processing") for order in orders
    }
    assert {order.id: order.lines[0].quantity for order in orders} == {
        order.id: merchant.units.get(order.id, 2) for order in orders
    }
    kept = {order.id: {meta.key: meta.value for meta in order.meta} for order in orders}
    assert [order for order in kept if kept[order].get("gift") != f"for {order}"] == []
    engraved = {order.id for order in orders if any(meta.key == "Engraving" for meta in order.lines[0].meta)}
    assert engraved == set(placed) - merchant.statuses.keys()
    said = Counter((order.id, note.text) for order in orders for note in order.notes if note.text.startswith("called"))
    assert said == merchant.said
    # And ours is there where the order still waits, with its units as they are by now.
    waits = {order.id: str(order.lines[0].quantity) for order in orders if order.status in ("processing", "on-hold")}
    assert {order: record[RECORD_KEY]["waiting"] for order, record in kept.items() if RECORD_KEY in record} == waits
