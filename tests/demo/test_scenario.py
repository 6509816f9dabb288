"""Scenarios: read to the letter, answered at each moment, compared as their description says."""

import copy
import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from backorder.domain.errors import AccessLost
from backorder.domain.supply import ZERO, Pool
from connectors.contract import StoreClient
from connectors.shopify import PLATFORM
from connectors.signing import body_signature
from demo.replay import scenario as runner
from demo.replay.scenario_file import BadScenario, scenario
from demo.replay.scenario_shop import ScenarioShop
from demo.stores.shopify.answers import named
from demo.stores.wire import LocalTransport

ROOT = Path(__file__).parents[2]
FOLDER = ROOT.parent / "shared" / "shopify" / "samples" / "scenarios"
FILES = sorted(FOLDER.glob("*.json"))
SECRET = "a-client-secret-of-more-than-32-bytes"
ITEM, PLACE = 5101, 8801
POOL = f"{ITEM}@{PLACE}"
ORDER = "gid://shopify/Order/7001"


def client_of(told: dict[str, Any], shop: ScenarioShop) -> StoreClient:
    transport = LocalTransport({told["shop_domain"]: shop})
    now = datetime(2026, 11, 20, tzinfo=UTC)
    return PLATFORM.client(told["shop_domain"], {"access_token": "t"}, transport, lambda: now)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_connectors_readings_alone_tell_what_each_scenario_expects(path: Path) -> None:
    told = scenario(path)
    shop = ScenarioShop(told)
    client = client_of(told, shop)
    for expected in told["expect"]:
        shop.at(expected["n"])
        names = [named(gid)[1] for reading in told["reads"] for gid in reading["orders"]]
        orders = [one.reading.order for one in client.read_orders(sorted(set(names))).found]
        owed = {
            (order.id, line.id, part.pool): part.outstanding
            for order in orders
            for line in order.lines
            for part in line.parts
        }
        for row in expected["lines"]:
            item, _, place = row["pool"].partition("@")
            assert owed.pop((row["order"], row["line"], Pool(int(item), int(place))), ZERO) == Decimal(
                row["outstanding"]
            )
            (line,) = (line for order in orders for line in order.lines if line.id == row["line"])
            assert (line.ordered, line.shipped, line.cancelled) == tuple(
                Decimal(row[key]) for key in ("ordered", "shipped", "cancelled")
            )
        assert owed == {}
        read = client.read_stock([int(row["pool"].partition("@")[0]) for row in expected["pools"]])
        figures = {f"{stock.pool.item}@{stock.pool.location}": stock for stock in read.stock}
        for row in expected["pools"]:
            stock = figures[row["pool"]]
            assert (stock.available, stock.committed, stock.on_hand) == tuple(
                Decimal(row[key]) for key in ("available", "committed", "on_hand")
            )


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_whole_application_agrees_with_the_scenario(path: Path) -> None:
    told = scenario(path)

    results = list(runner.replay(told))

    assert [result["differences"] for result in results] == [[] for _ in told["deliveries"]]
    assert list(results[0]) == ["delivery", "status", "lines", "pools", "agrees", "differences"]


def order(**changes: Any) -> dict[str, Any]:
    return {
        "name": "#1001",
        "createdAt": "2026-11-20T09:00:00Z",
        "updatedAt": "2026-11-20T09:00:00Z",
        "cancelledAt": None,
        "displayFinancialStatus": "PAID",
        "tags": [],
        "note": None,
        "customer": None,
        "lines": [
            {
                "id": 9101,
                "inventory_item_id": ITEM,
                "variant_id": 4001,
                "quantity": 2,
                "currentQuantity": 2,
                "requiresShipping": True,
                "isGiftCard": False,
                "tracked": True,
            }
        ],
        "fulfillment_orders": [],
        "fulfillments": [],
        "refunds": [],
        **changes,
    }


def work(number: int = 9901, location: int | None = PLACE, remaining: int = 2, **changes: Any) -> dict[str, Any]:
    lines = [{"line_item_id": 9101, "totalQuantity": remaining, "remainingQuantity": remaining}]
    return {"id": number, "status": "OPEN", "location_id": location, "holds": [], "lines": lines, **changes}


def level(on_hand: int, committed: int) -> dict[str, Any]:
    return {
        "available": on_hand - committed,
        "committed": committed,
        "on_hand": on_hand,
        "incoming": 0,
        "updatedAt": "2026-11-20T09:00:00Z",
    }


def delivery(topic: str, body: Any, number: int, **headers: str) -> dict[str, Any]:
    raw = json.dumps(body, ensure_ascii=False)
    return {
        "method": "POST",
        "headers": {
            "X-Shopify-Topic": topic,
            "X-Shopify-Hmac-Sha256": body_signature(SECRET.encode(), raw.encode()).decode(),
            "X-Shopify-Shop-Domain": "quay-goods.myshopify.com",
            "X-Shopify-Webhook-Id": f"w-{number}",
            **headers,
        },
        "raw_body": raw,
    }


def story(deliveries: list[Any], reads: list[Any], expect: list[Any], **store: Any) -> dict[str, Any]:
    start = datetime(2026, 11, 20, 10, tzinfo=UTC)
    return {
        "name": "made here",
        "origin": "a test",
        "description": "",
        "client_secret": SECRET,
        "shop_domain": "quay-goods.myshopify.com",
        "notes": [],
        "arrives": [(start + timedelta(minutes=n)).isoformat() for n in range(len(deliveries))],
        "store": {
            "orders": {},
            "levels": {POOL: level(1, 0)},
            "locations": [{"id": PLACE, "name": "Pier 1", "isActive": True, "fulfillmentService": None}],
            "variants": [
                {
                    "id": 4001,
                    "inventory_item_id": ITEM,
                    "product_id": 3001,
                    "sku": "MUG",
                    "title": "Mug",
                    "price": "18.00",
                    "tracked": True,
                    "inventoryPolicy": "CONTINUE",
                }
            ],
            **store,
        },
        "deliveries": deliveries,
        "reads": reads,
        "expect": [{"n": n, "status": 200, **row} for n, row in enumerate(expect)],
    }


STOCK = {"inventory_item_id": ITEM, "location_id": PLACE, "available": -1}
WAITS = {
    "order": 7001, "line": 9101, "pool": POOL, "ordered": "2", "shipped": "0", "cancelled": "0",
    "outstanding": "2", "allocated": "1", "waiting": "1",
}  # fmt: skip


def a_story(**changes: Any) -> dict[str, Any]:
    reading = {"n": 0, "orders": {ORDER: order(fulfillment_orders=[work()])}, "levels": {POOL: level(1, 2)}, "gone": []}
    expected = {"lines": [WAITS], "orders": 1, "stored": 1, "notifiable": [], "ignored": []}
    touched = delivery("refunds/create", {"order_id": 7001}, 1)
    return story([touched], [reading], [expected]) | changes


def test_a_story_of_our_own_plays() -> None:
    (result,) = runner.replay(a_story())

    assert result["differences"] == []
    assert result["lines"] == [WAITS]


def test_a_difference_is_told_and_the_run_says_no(tmp_path: Path) -> None:
    told = a_story()
    told["expect"][0]["lines"] = [{**WAITS, "allocated": "2", "waiting": "0"}]
    told["expect"][0]["stored"] = 3
    path = tmp_path / "wrong.json"
    path.write_text(json.dumps(told))

    run = subprocess.run(
        [sys.executable, "-m", "demo.replay.scenario"],
        cwd=ROOT,
        env={**os.environ, "SCENARIO": str(path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 1
    (line,) = run.stdout.splitlines()
    assert json.loads(line)["differences"] == [
        f"order 7001 line 9101 in {POOL}: allocated is 1, expected 2",
        f"order 7001 line 9101 in {POOL}: waiting is 1, expected 0",
        "stored: 1, expected 3",
    ]


def test_a_story_that_agrees_ends_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "right.json"
    path.write_text(json.dumps(a_story()))
    monkeypatch.setenv("SCENARIO", str(path))

    assert runner.main() == 0


def test_orders_of_the_first_import_are_there_before_any_delivery() -> None:
    told = a_story()
    told["store"]["orders"] = {ORDER: order(fulfillment_orders=[work()])}
    told["store"]["levels"] = {POOL: level(1, 2)}
    told["reads"] = []
    told["deliveries"] = [delivery("inventory_levels/update", STOCK, 1)]

    assert [result["differences"] for result in runner.replay(told)] == [[]]


def test_a_signature_beyond_ascii_is_no_signature() -> None:
    told = a_story(deliveries=[delivery("refunds/create", {"order_id": 7001}, 1, **{"X-Shopify-Hmac-Sha256": "é日"})])
    told["expect"] = [{"n": 0, "status": 401, "orders": 0, "stored": 0}]

    assert [result["differences"] for result in runner.replay(told)] == [[]]


def test_a_body_beyond_ascii_is_sent_as_its_utf8_bytes() -> None:
    told = a_story(deliveries=[delivery("refunds/create", {"order_id": 7001, "note": "Grüße 日本"}, 1)])

    assert [result["differences"] for result in runner.replay(told)] == [[]]


def test_an_order_before_routing_is_owed_in_no_pool() -> None:
    told = a_story()
    told["reads"][0]["orders"][ORDER] = order()
    told["reads"][0]["levels"] = {POOL: level(1, 0)}
    told["expect"][0]["lines"] = [{**WAITS, "pool": None, "allocated": "0", "waiting": "2"}]

    assert [result["differences"] for result in runner.replay(told)] == [[]]


def shop_at(told: dict[str, Any], n: int = 0) -> StoreClient:
    shop = ScenarioShop(told)
    shop.at(n)
    return client_of(told, shop)


def test_a_dead_token_answers_every_call() -> None:
    with pytest.raises(AccessLost):
        shop_at(a_story(reads=[{"n": 0, "http": 401}])).read_orders([7001])


def test_what_is_gone_is_answered_with_nothing() -> None:
    told = a_story()
    told["reads"][0]["gone"] = [ORDER, f"gid://shopify/InventoryItem/{ITEM}"]
    client = shop_at(told)

    assert client.read_orders([7001]).gone == [7001]
    assert [item.gone for item in client.read_stock([ITEM]).items] == [True]


def test_titles_and_prices_come_from_the_newest_body_of_the_order() -> None:
    def body(title: str, minute: int) -> dict[str, Any]:
        at = f"2026-11-20T09:{minute:02}:00Z"
        line = {"id": 9101, "title": title, "sku": "M-1", "price": "20.00", "quantity": 2, "vendor": "Quay"}
        return {"id": 7001, "created_at": at, "updated_at": at, "currency": "EUR", "line_items": [line]}

    told = a_story()
    told["deliveries"] = [
        delivery("orders/updated", body("New", 30), 1),
        delivery("orders/create", body("Old", 10), 2),
        {**delivery("orders/create", {}, 3), "raw_body": "no json"},
    ]
    (found,) = shop_at(told).read_orders([7001]).found
    (line,) = found.reading.order.lines

    assert (line.title, line.sku, line.unit_price, found.reading.order.currency) == (
        "New",
        "M-1",
        Decimal("20.0000"),
        "EUR",
    )


def test_two_locations_a_deleted_one_and_our_hold_are_answered() -> None:
    held = work(9902, 8802, 1, status="ON_HOLD", holds=[
        {"id": 1, "reason": "INVENTORY_OUT_OF_STOCK", "handle": "waitline-1", "heldByRequestingApp": True}
    ])  # fmt: skip
    told = a_story()
    told["reads"][0]["orders"][ORDER] = order(fulfillment_orders=[work(9901, None, 1), held])
    (found,) = shop_at(told).read_orders([7001]).found

    assert [part.pool for part in found.reading.order.lines[0].parts] == [None, Pool(ITEM, 8802)]
    assert [(one.location, one.units) for one in found.found.held] == [(8802, Decimal(1))]


def test_the_latest_reading_at_or_before_a_delivery_holds() -> None:
    told = a_story()
    told["reads"].append({**told["reads"][0], "n": 2, "orders": {}})

    assert shop_at(told, 1).read_orders([7001]).gone == []
    assert shop_at(told, 2).read_orders([7001]).gone == [7001]


def spoilt(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    told = copy.deepcopy(a_story())
    change(told)
    return told


BAD: list[tuple[str, dict[str, Any]]] = [
    ("a key at the top", spoilt(lambda told: told.update(extra=1))),
    ("a key that is missing", spoilt(lambda told: told.pop("notes"))),
    ("a key of a delivery", spoilt(lambda told: told["deliveries"][0].update(delay=1))),
    ("another method", spoilt(lambda told: told["deliveries"][0].update(method="PUT"))),
    ("a key of the store", spoilt(lambda told: told["store"].update(gone=[]))),
    ("a key of a variant", spoilt(lambda told: told["store"]["variants"][0].update(weight=1))),
    ("a key of a location", spoilt(lambda told: told["store"]["locations"][0].update(weight=1))),
    ("a key of a reading", spoilt(lambda told: told["reads"][0].update(delay=1))),
    ("a status beside data", spoilt(lambda told: told["reads"][0].update(http=401))),
    ("a key of an order", spoilt(lambda told: told["reads"][0]["orders"][ORDER].update(risk=1))),
    ("a key of a line", spoilt(lambda told: told["reads"][0]["orders"][ORDER]["lines"][0].update(risk=1))),
    ("a key of a level", spoilt(lambda told: told["reads"][0]["levels"][POOL].update(damaged=1))),
    (
        "a key of a fulfillment order",
        spoilt(lambda told: told["reads"][0]["orders"][ORDER]["fulfillment_orders"][0].update(x=1)),
    ),
    ("a key of what is expected", spoilt(lambda told: told["expect"][0].update(emails=0))),
    ("a key of an expected line", spoilt(lambda told: told["expect"][0]["lines"][0].update(firm="1"))),
    ("what was erased in no list", spoilt(lambda told: told["expect"][0].update(erased="ada"))),
    ("what was erased without a word", spoilt(lambda told: told["expect"][0].update(erased=[" "]))),
    ("what was erased by an unknown name", spoilt(lambda told: told["expect"][0].update(erased=["$api_key"]))),
    ("what was stored in no number", spoilt(lambda told: told["expect"][0].update(stored=["a row"]))),
    ("a delivery without its moment", spoilt(lambda told: told["arrives"].pop())),
    ("a delivery without what is right", spoilt(lambda told: told["expect"].pop())),
]


@pytest.mark.parametrize("told", [case[1] for case in BAD], ids=[case[0] for case in BAD])
def test_what_the_runner_does_not_know_stops_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], told: dict[str, Any]
) -> None:
    path = tmp_path / "bad.json"
    path.write_text(json.dumps(told))
    monkeypatch.setenv("SCENARIO", str(path))

    assert runner.main() == 2
    said = capsys.readouterr()
    assert (said.out, len(said.err.splitlines())) == ("", 1)


@pytest.mark.parametrize("named_file", ["", "nowhere.json"])
def test_no_scenario_is_no_success(monkeypatch: pytest.MonkeyPatch, named_file: str) -> None:
    monkeypatch.setenv("SCENARIO", named_file)

    assert runner.main() == 2


def test_a_file_that_is_no_json_is_no_scenario(tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_text("{")

    with pytest.raises(BadScenario):
        scenario(path)
