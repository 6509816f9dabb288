"""Scenarios about leaving and being forgotten: what has to be nowhere any more is looked for everywhere."""

from collections.abc import Mapping
from typing import Any

import pytest

from demo.replay import scenario as runner
from demo.replay.scenario_compare import differences
from tests.demo.test_scenario import ORDER, a_story, delivery, order, story, work

SHOP = {"shop_id": 1, "shop_domain": "quay-goods.myshopify.com"}
ADA = {"id": 5001, "displayName": "Ada Larkspur", "email": "Ada.Larkspur@example.com"}
BODY = {
    "id": 7001, "name": "#1001", "created_at": "2026-11-20T09:00:00Z", "updated_at": "2026-11-20T09:00:00Z",
    "email": "Ada.Larkspur@example.com", "note": "ring the larkspur bell", "line_items": [],
}  # fmt: skip
REDACT = {**SHOP, "customer": {"id": 5001, "email": None, "phone": None}, "orders_to_redact": [7001]}
LEFT = {"id": 1, "name": "Quay Goods", "myshopify_domain": None}


def at_0() -> dict[str, Any]:
    reading = a_story()["reads"][0]
    return {**reading, "orders": {ORDER: order(customer=ADA, fulfillment_orders=[work()])}}


def play(*deliveries: tuple[str, Mapping[str, Any], Mapping[str, Any]], dead_from: int = 99) -> list[list[str]]:
    """Play deliveries, each with its topic, its body and what is expected after it; what is different."""
    sent = [delivery(topic, body, n) for n, (topic, body, _) in enumerate(deliveries)]
    told = story(sent, [at_0(), {"n": dead_from, "http": 401}], [dict(expected) for _, _, expected in deliveries])
    return [result["differences"] for result in runner.replay(told)]


def test_a_customer_is_erased_and_no_later_delivery_or_reading_brings_them_back() -> None:
    gone = {"erased": ["larkspur", "LARKSPUR bell"], "orders": 1, "notifiable": []}
    later = {**BODY, "updated_at": "2026-11-20T09:30:00Z"}
    assert play(
        ("orders/create", BODY, {"notifiable": [7001], "stored": 1}),
        ("customers/redact", REDACT, {**gone, "stored": 2}),
        ("orders/updated", later, {**gone, "stored": 3}),
    ) == [[], [], []]


def test_a_shop_leaves_its_token_dies_and_after_two_days_nothing_of_it_is_left() -> None:
    token_gone = {"erased": ["$access_token", "$refresh_token"], "stored": 0}
    assert play(
        ("orders/create", BODY, {"orders": 1}),
        ("app/uninstalled", LEFT, token_gone),
        ("orders/updated", BODY, {**token_gone, "orders": 1}),
        ("customers/redact", REDACT, {**token_gone, "notifiable": []}),
        dead_from=1,
    ) == [[], [], [], []]


def test_what_is_still_there_is_a_difference() -> None:
    [found] = play(("orders/create", BODY, {"erased": ["Larkspur", "$access_token"]}))
    assert found == [
        "not erased: deliveries: larkspur",
        "not erased: orders: larkspur",
        "not erased: waitline.db-wal: larkspur",
        "not erased: sealed credentials: shpat_scenario",
    ]


def test_rows_that_are_missing_are_a_difference() -> None:
    ours = {"status": 200, "stored": 0}
    assert differences({"status": 200, "stored": 1}, ours) == ["stored: 0, expected 1"]


@pytest.mark.parametrize("topic", ["customers/redact", "customers/data_request", "shop/redact"])
def test_a_request_that_nobody_signed_is_refused(topic: str) -> None:
    unsigned = delivery(topic, REDACT, 0, **{"X-Shopify-Hmac-Sha256": "bm9ib2R5"})
    told = story([unsigned], [at_0()], [{"status": 401, "stored": 0}])
    assert [result["differences"] for result in runner.replay(told)] == [[]]
