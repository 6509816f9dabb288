"""Items and goods on the way in the JSON API, shape by shape."""

from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient

from backorder.db.tables import inbound
from tests.app.api_calls import BEARER, SOON, get, problem
from tests.app.shop import Shop, a_line

OPEN = {"accepting": True, "why": "", "since": None}
"""What is told of an item that may be sold although nothing is there."""


def test_items_tell_stock_debts_and_what_is_on_the_way(browser: FlaskClient, shop: Shop, other_shop: Shop) -> None:
    shop.item(7, sku="LAMP", title="Desk lamp", on_hand="1", available=Decimal(-4))
    shop.item(8, sku="CHAIR", title="Chair", on_hand="2.5")
    shop.order(1, a_line(7, "3", "1"), a_line(7, "2", decided=False))
    coming = shop.coming(7, "50", SOON, source="PO 7", received=Decimal(10))
    shop.coming(7, "5", SOON, received=Decimal(5))
    other_shop.item(9, sku="MUG", title="Mug")
    assert get(browser, "/items") == [
        {
            "item": 8,
            "sku": "CHAIR",
            "location": 0,
            "stock": "2.5",
            "on_hand": "2.5",
            "outstanding": "0",
            "waiting": "0",
            **OPEN,
            "inbound": [],
        },
        {
            "item": 7,
            "sku": "LAMP",
            "location": 0,
            "stock": "-4",
            "on_hand": "1",
            "outstanding": "5",
            "waiting": "2",
            **OPEN,
            "inbound": [
                {
                    "id": coming,
                    "item": 7,
                    "location": 0,
                    "quantity": "50",
                    "received": "10",
                    "expected_on": "2026-03-25",
                    "source": "PO 7",
                }
            ],
        },
    ]


def post(browser: FlaskClient, body: Any, **more: Any) -> Any:
    return browser.post("/api/v1/inbound", **{"headers": BEARER, "json": body, **more})


@pytest.mark.parametrize("quantity", [50, "50", "50.0", 50.0])
def test_goods_on_the_way_are_entered(browser: FlaskClient, shop: Shop, quantity: Any) -> None:
    shop.item(7, sku="LAMP", title="Desk lamp")
    found = post(browser, {"item": 7, "quantity": quantity, "expected_on": "2026-04-01", "source": "PO 7"})
    assert (found.status_code, found.json | {"id": 0}) == (
        201,
        {
            "id": 0,
            "item": 7,
            "location": 0,
            "quantity": "50",
            "received": "0",
            "expected_on": "2026-04-01",
            "source": "PO 7",
        },
    )
    assert [row["id"] for row in shop.rows(inbound)] == [found.json["id"]]


GOOD = {"item": 7, "quantity": "5", "expected_on": "2026-04-01"}


@pytest.mark.parametrize(
    "body",
    [
        {**GOOD, "item": 8},
        {**GOOD, "item": "7"},
        {**GOOD, "item": 10**30},
        {**GOOD, "location": 3},
        {**GOOD, "quantity": "0"},
        {**GOOD, "quantity": "-1"},
        {**GOOD, "quantity": "NaN"},
        {**GOOD, "quantity": 1e9},
        {**GOOD, "quantity": "0.00001"},
        {**GOOD, "expected_on": "soon"},
        {**GOOD, "source": "\x00"},
        {**GOOD, "surprise": 1},
        {"item": 7},
        [],
        "text",
    ],
)
def test_goods_that_cannot_be_are_refused_in_a_sentence(browser: FlaskClient, shop: Shop, body: Any) -> None:
    shop.item(7, sku="LAMP", title="Desk lamp")
    assert problem(post(browser, body))[0] == 422
    assert shop.rows(inbound) == []


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"json": None, "data": "item=7"}, 415),
        ({"json": None, "data": "{", "content_type": "application/json"}, 400),
        ({"json": None, "data": b"\xff", "content_type": "application/json"}, 400),
        ({"json": None, "data": "[" * 60_000, "content_type": "application/json"}, 400),
        ({"json": None, "data": "x" * 70_000, "content_type": "application/json"}, 413),
    ],
)
def test_a_body_that_cannot_be_read_is_a_problem(
    browser: FlaskClient, shop: Shop, more: dict[str, Any], status: int
) -> None:
    assert problem(post(browser, None, **more))[0] == status
