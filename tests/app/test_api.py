"""The JSON API, shape by shape."""

from datetime import timedelta
from decimal import Decimal

import pytest
from flask.testing import FlaskClient

from backorder.db.session import Database
from backorder.db.tables import NOWHERE, notices
from backorder.domain.allocation import Rule
from backorder.domain.lifecycle import WorkState
from backorder.domain.orders import Ignored
from backorder.domain.store import Health
from backorder.domain.supply import Balance
from tests.app.api_calls import BEARER, SOON, get, problem
from tests.app.shop import API_TOKEN, NOW, TODAY, Shop, Statements, a_line

LATER = TODAY + timedelta(days=9)


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {API_TOKEN}"}, {"Authorization": "Bearer "}],
)
@pytest.mark.parametrize("path", ["/summary", "/backorders", "/orders/1", "/items", "/health", "/inbound"])
def test_every_call_needs_the_stores_token(
    browser: FlaskClient, shop: Shop, path: str, headers: dict[str, str]
) -> None:
    method = "POST" if path == "/inbound" else "GET"
    found = browser.open(f"/api/v1{path}", method=method, headers=headers)
    assert problem(found)[0] == 401
    assert found.headers["WWW-Authenticate"] == "Bearer"


def test_the_token_of_a_store_that_left_opens_nothing(browser: FlaskClient, shop: Shop) -> None:
    shop.set(health=Health.GONE)
    assert problem(browser.get("/api/v1/summary", headers=BEARER))[0] == 401


def test_the_summary_tells_what_waits(browser: FlaskClient, shop: Shop) -> None:
    shop.item(7, sku="LAMP", title="Desk lamp")
    shop.order(1, a_line(7, "3", "1", price="47.5", promised=(SOON, SOON)), days_ago=12)
    shop.order(2, a_line(7, "1.5", price="10"), days_ago=2)
    shop.order(3, a_line(7, "4", "4"), days_ago=30)
    shop.order(4, a_line(7, "4", decided=False), days_ago=30)
    shop.order(5, a_line(7, "4"), days_ago=30, status="closed")
    assert get(browser, "/summary") == {
        "orders": 2,
        "units": "3.5",
        "oldest_days": 12,
        "expected_within_7_days": 0.5,
        "value": "110.00",
        "currency": "USD",
    }


def test_the_summary_keeps_other_currencies_apart(browser: FlaskClient, shop: Shop) -> None:
    shop.item(7, sku="LAMP", title="Desk lamp")
    shop.order(1, a_line(7, "1", price="12"), currency="EUR")
    found = get(browser, "/summary")
    assert (found["value"], found["other_currencies"]) == ("0.00", {"EUR": "12.00"})


def test_backorders_come_oldest_first_and_page_by_page(browser: FlaskClient, shop: Shop, other_shop: Shop) -> None:
    shop.item(7, sku="LAMP", title="Desk lamp")
    shop.order(11, a_line(7, "3", "1", line_id=5, promised=(SOON, LATER)), days_ago=3)
    shop.order(12, a_line(7, "1"), a_line(7, "1", promised=(SOON, SOON)), days_ago=5)
    shop.order(13, a_line(7, "1"), days_ago=3)
    other_shop.order(14, a_line(7, "1"), days_ago=9)
    assert [order["order"] for order in get(browser, "/backorders")] == [12, 11, 13]
    first = browser.get("/api/v1/backorders?limit=2", headers=BEARER)
    assert first.headers["Link"] == '</api/v1/backorders?limit=2&after=11>; rel="next"'
    assert [order["promise"] for order in first.json] == [
        {"from": None, "to": None},
        {"from": SOON.isoformat(), "to": LATER.isoformat()},
    ]
    rest = browser.get("/api/v1/backorders?limit=2&after=11", headers=BEARER)
    assert ([order["order"] for order in rest.json], "Link" in rest.headers) == ([13], False)
    assert first.json[1] == {
        "order": 11,
        "number": "#11",
        "placed_at": "2026-03-17T12:00:00Z",
        "waiting": "2",
        "promise": {"from": "2026-03-25", "to": "2026-03-29"},
        "lines": [
            {
                "line": 5,
                "item": 7,
                "sku": "LAMP",
                "outstanding": "3",
                "allocated": "1",
                "waiting": "2",
                "promise": {"from": "2026-03-25", "to": "2026-03-29"},
            }
        ],
    }


@pytest.mark.parametrize("query", ["limit=0", "limit=251", "limit=x", "after=-1", "after=" + "9" * 19])
def test_a_page_that_cannot_be_is_refused(browser: FlaskClient, shop: Shop, query: str) -> None:
    assert problem(browser.get(f"/api/v1/backorders?{query}", headers=BEARER))[0] == 422


def test_an_order_tells_why(browser: FlaskClient, shop: Shop) -> None:
    shop.item(7, sku="LAMP", title="Desk lamp", on_hand="1")
    shop.order(1, a_line(7, "4", "1", firm="1"), days_ago=5)
    shop.order(2, a_line(7, "5", cancel_wished_at=NOW), days_ago=4)
    shop.order(
        1001,
        a_line(7, "2", line_id=31, shipped="1", promised=(SOON, LATER), first=SOON),
        a_line(8, "0", line_id=32, shipped="2", title="Mug", sku="MUG"),
        a_line(None, "0", line_id=33, ignored=Ignored.GIFT_CARD),
        days_ago=3,
        number="#77",
    )
    shop.decision(1001, 31, 7, Rule.NOT_ENOUGH_LEFT, on_hand=Decimal(1))
    shop.notice(1001, "backordered", WorkState.DONE)
    shop.write(1001, "hold", WorkState.UNKNOWN)
    found = get(browser, "/orders/1001")
    assert found == get(browser, "/orders/77") == get(browser, "/orders/%2377")
    assert found == {
        "order": 1001,
        "number": "#77",
        "state": "waiting",
        "placed_at": "2026-03-17T12:00:00Z",
        "priority": {"class": "", "head_start_days": 0, "pinned": False, "unknown": []},
        "split": {"order": None, "customer": None},
        "moves": [],
        "lines": [
            {
                "line": 31,
                "item": 7,
                "sku": "LAMP",
                "location": 0,
                "ordered": "3",
                "outstanding": "2",
                "allocated": "0",
                "firm": "0",
                "waiting": "2",
                "state": "waiting",
                "promise": {"from": "2026-03-25", "to": "2026-03-29", "first": "2026-03-25", "slip_days": 4},
                "reason": {
                    "code": "BEHIND",
                    "units_ahead": "3",
                    "text": "Older orders that wait for 3 units come first.",
                    "customer": "Waiting for stock. Orders placed before yours are served first.",
                    "change": "An arrival of more than 3 units.",
                },
                "ahead": [{"order": 1, "number": "#1", "units": "3", "why": "it came earlier"}],
                "overtaken_by": [],
                "covered_by": None,
            },
            {
                "line": 32,
                "item": 8,
                "sku": "MUG",
                "location": None,
                "ordered": "2",
                "outstanding": "0",
                "allocated": "0",
                "firm": "0",
                "waiting": "0",
                "state": "shipped",
                "promise": {"from": None, "to": None, "first": None, "slip_days": 0},
                "reason": {
                    "code": "FILLED",
                    "units_ahead": "0",
                    "text": "Nothing of it is owed any more.",
                    "customer": "Nothing of it is left to ship.",
                    "change": "Nothing more is needed.",
                },
                "ahead": [],
                "overtaken_by": [],
                "covered_by": None,
            },
        ],
        "decisions": [
            {
                "line": 31,
                "item": 7,
                "location": 0,
                "before": "0",
                "allocated": "0",
                "firm": "0",
                "rule": "not_enough_left",
                "priority": "",
                "overtook": None,
                "from_inbound": [],
                "on_hand": "1",
                "policy_version": 1,
                "at": "2026-03-20T12:00:00Z",
            }
        ],
        "status_left": None,
        "notices": [{"kind": "backordered", "state": "done", "at": "2026-03-20T12:00:00Z"}],
        "writes": [{"kind": "hold", "state": "unknown", "at": "2026-03-20T12:00:00Z"}],
    }


def test_a_line_that_two_pools_owe_has_a_row_for_each(browser: FlaskClient, shop: Shop) -> None:
    shop.item(7, sku="LAMP", title="Desk lamp", location=1, on_hand="2")
    shop.pool(7, 2)
    parts = [a_line(7, "2", "2", firm="2", location=1)["parts"][0], a_line(7, "3", location=2)["parts"][0]]
    shop.order(1, {**a_line(7, "5"), "parts": parts})
    rows = get(browser, "/orders/1")["lines"]
    assert [(x["location"], x["outstanding"], x["waiting"], x["state"], x["reason"]["code"]) for x in rows] == [
        (1, "2", "0", "partial", "FILLED"),
        (2, "3", "3", "partial", "NO_SUPPLY"),
    ]


def test_an_order_that_no_location_was_named_for_is_in_no_pool(browser: FlaskClient, shop: Shop) -> None:
    shop.order(1, a_line(None, "2", decided=False))
    [row] = get(browser, "/orders/1")["lines"]
    assert (row["item"], row["location"], row["reason"]["code"], NOWHERE) == (None, None, "NOT_ROUTED", 0)


@pytest.mark.parametrize("key", ["14", "999", "%2314", "x", "%00", "9" * 30])
def test_an_order_of_another_store_is_as_unknown_as_none(
    browser: FlaskClient, shop: Shop, other_shop: Shop, key: str
) -> None:
    other_shop.order(14, a_line(7, "1"))
    assert problem(browser.get(f"/api/v1/orders/{key}", headers=BEARER)) == (404, "There is nothing at this address.")


def test_health_is_all_zero_at_rest(browser: FlaskClient, shop: Shop) -> None:
    assert get(browser, "/health") == {"inbox": 0, "dirty": 0, "outbox": 0, "unknown": 0, "quarantined": 0}


def test_health_counts_what_is_to_be_done(browser: FlaskClient, shop: Shop, other_shop: Shop) -> None:
    shop.item(7, sku="LAMP", title="Desk lamp", balance=Balance.RISING, again_at=NOW)
    shop.order(1, a_line(7, "1"), unread=True)
    for number, state in enumerate(WorkState):
        shop.delivery(f"delivery {number}", state)
        shop.notice(1, "backordered", state, reason_version=number)
        shop.write(1, "hold", state, side_seq=number)
    other_shop.delivery("of another store", WorkState.DUE)
    assert get(browser, "/health") == {"inbox": 1, "dirty": 2, "outbox": 4, "unknown": 2, "quarantined": 1}


def test_addresses_that_are_not_there_are_problems_too(browser: FlaskClient, shop: Shop) -> None:
    assert problem(browser.get("/api/v1/nothing", headers=BEARER))[0] == 404
    assert problem(browser.get("/api/v2/summary"))[0] == 404
    wrong = browser.delete("/api/v1/summary", headers=BEARER)
    assert problem(wrong)[0] == 405
    assert wrong.headers["Allow"] == "GET, HEAD, OPTIONS"


def test_a_database_that_is_away_is_told_without_a_trace(browser: FlaskClient, shop: Shop, database: Database) -> None:
    with database.write() as conn:
        notices.drop(conn)
    shop.order(1, a_line(7, "1"))
    found = browser.get("/api/v1/orders/1", headers=BEARER)
    assert problem(found) == (503, "This does not work at the moment. Try again in a minute.")


def test_answers_are_not_kept_by_anybody_on_the_way(browser: FlaskClient, shop: Shop) -> None:
    found = browser.get("/api/v1/health", headers=BEARER)
    assert (found.headers["Cache-Control"], found.headers["Vary"]) == ("no-store", "Authorization")
    assert found.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in found.headers


@pytest.mark.parametrize("path", ["/summary", "/backorders", "/orders/1", "/items", "/health"])
def test_the_number_of_statements_does_not_grow_with_the_orders(
    browser: FlaskClient, shop: Shop, statements: Statements, path: str
) -> None:
    shop.item(7, sku="LAMP", title="Desk lamp")
    shop.order(1, a_line(7, "1"), a_line(7, "2"))
    one = statements.of(lambda: get(browser, path))
    for number in range(2, 12):
        shop.order(number, a_line(7, "1"), a_line(7, "2"))
        shop.coming(7, "1", SOON)
    assert statements.of(lambda: get(browser, path)) == one
