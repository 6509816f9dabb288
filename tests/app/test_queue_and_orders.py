"""Who is next and why, one order with its story, and the search."""

from datetime import timedelta
from decimal import Decimal

import pytest
from flask.testing import FlaskClient

from app.orders import told
from app.queue import LINES_A_POOL, POOLS_A_PAGE
from app.tellings import order_as_text
from backorder.domain.allocation import Rule
from backorder.domain.lifecycle import WorkState
from backorder.domain.orders import Ignored
from tests.app.api_calls import get
from tests.app.shop import NOW, TODAY, Merchant, Shop, a_line, lines_of, store_of, told_by

SOON = TODAY + timedelta(days=5)


def test_the_queue_tells_who_is_next_and_why(merchant: Merchant, shop: Shop) -> None:
    shop.item(7, sku="LAMP", title="Desk lamp", on_hand="1")
    shop.order(1, a_line(7, "3", "1", promised=(SOON, SOON)), days_ago=5)
    shop.order(2, a_line(7, "2", promised=(SOON, SOON + timedelta(days=3))), days_ago=4)
    shop.order(3, a_line(7, "2", "2"), days_ago=9)
    shop.coming(7, "50", SOON)
    lines = lines_of(merchant.get("/queue"))
    first = lines.index("1")
    assert lines[lines.index("Waiting") : lines.index("Place")] == [
        "Waiting",
        "4 units",
        "On hand for orders",
        "1 (3 given)",
        "On the way",
        "50 units on 25 Mar 2026",
        "Who waits, in the order in which they are served",
    ]
    assert lines[first : first + 7] == ["1", "#1", "15 Mar 2026", "3", "1", "2", "25 Mar 2026"]
    assert lines[first + 7] == "It has 1 of 3 units; the rest waits for stock."
    assert lines[first + 8 : first + 15] == ["2", "#2", "16 Mar 2026", "2", "0", "2", "25 to 28 Mar 2026"]
    assert lines[first + 15] == "Older orders that wait for 2 units come first."


def test_an_item_shows_fifty_lines_and_counts_the_rest(merchant: Merchant, shop: Shop) -> None:
    shop.item(7, sku="LAMP", title="Desk lamp")
    for number in range(LINES_A_POOL + 3):
        shop.order(number + 1, a_line(7, "1"))
    assert lines_of(merchant.get("/queue"))[-1] == "and 3 more in line."


def test_items_are_shown_page_by_page(merchant: Merchant, shop: Shop) -> None:
    for number in range(POOLS_A_PAGE + 1):
        shop.item(number + 1, sku=f"SKU-{number}", title=f"Thing {number}")
        shop.order(number + 1, a_line(number + 1, "1"), days_ago=POOLS_A_PAGE + 2 - number)
    assert lines_of(merchant.get("/queue"))[-1] == "More items"
    assert lines_of(merchant.get("/queue?page=2")).count(f"Thing {POOLS_A_PAGE} SKU-{POOLS_A_PAGE}") == 1
    assert merchant.get("/queue?page=99999999999999999999").status_code == 200


def test_an_empty_queue_is_told_so(merchant: Merchant) -> None:
    assert lines_of(merchant.get("/queue")).count("Nobody waits") == 1


@pytest.mark.parametrize("q", ["#1001", "1001", "ADA@example.com", "lamp"])
def test_an_order_is_found_by_number_address_or_sku(merchant: Merchant, shop: Shop, other_shop: Shop, q: str) -> None:
    shop.order(5, a_line(7, "1"), number="#1001")
    shop.order(6, a_line(7, "1", sku="MUG"), number="#1002", email="bob@example.com")
    other_shop.order(7, a_line(7, "1"), number="#1001")
    found = merchant.client.get("/orders", query_string={"q": q}, base_url="https://waitline.example")
    assert found.text.count('href="/orders/') == 1
    assert found.text.count('href="/orders/5"') == 1


def test_without_a_search_the_waiting_orders_are_listed(merchant: Merchant, shop: Shop) -> None:
    shop.order(5, a_line(7, "1"), days_ago=1)
    shop.order(6, a_line(7, "1"), days_ago=2)
    shop.order(7, a_line(7, "1", "1"), days_ago=3)
    text = merchant.get("/orders").text
    assert [part.split('"')[0] for part in text.split('href="/orders/')[1:]] == ["6", "5"]


def test_a_search_that_finds_nothing_helps_on(merchant: Merchant) -> None:
    assert lines_of(merchant.get("/orders?q=%00none"))[-1].startswith("No order has this number, address or SKU.")


def test_an_order_page_tells_its_whole_story(merchant: Merchant, shop: Shop) -> None:
    shop.item(7, sku="LAMP", title="Desk lamp", on_hand="1")
    shop.order(
        5,
        a_line(7, "3", "1", line_id=31, firm="1", promised=(SOON, SOON), first=TODAY, cancel_wished_at=NOW),
        a_line(None, "0", line_id=32, title="Gift card", ignored=Ignored.GIFT_CARD),
    )
    shop.decision(5, 31, 7, Rule.NOT_ENOUGH_LEFT)
    shop.decision(5, 31, 7, Rule.OLDEST_FIRST, allocated=Decimal(1))
    shop.notice(5, "backordered", WorkState.DONE)
    shop.write(5, "release", WorkState.FAILED, reason="No right.")
    found = merchant.get("/orders/5")
    lines = lines_of(found)
    for sentence in (
        "Why: The customer asked to cancel it, so it gets no more units. "
        "What would change it: Cancel it in your store, or tell the customer why not.",
        "25 Mar 2026 (first said 20 Mar 2026)",
        "Not followed here: Gift card (a gift card).",
        "20 Mar 2026, 12:00 Desk lamp: Given: it was next in line. It had 0, now it has 1, from stock.",
        "20 Mar 2026, 12:00 Desk lamp: Not enough was left for all of it: the rest waits.",
        "20 Mar 2026, 12:00 “Waiting”: sent",
        "20 Mar 2026, 12:00 Let the units ship: failed. No right.",
    ):
        assert lines.count(sentence) == 1, (sentence, lines)
    assert (
        found.text.count("https://lamps.myshopify.com/admin/orders/5") + found.text.count("/store/lamps/orders/5") == 1
    )


def passed(shop: Shop) -> None:
    """Order 1 waits for a lamp; two orders that came later were given one each, the second one of goods that came."""
    shop.item(7, sku="LAMP", title="Desk lamp", on_hand="2")
    shop.order(1, a_line(7, "1", line_id=11, backordered_at=NOW - timedelta(days=4)), days_ago=4)
    shop.order(9, a_line(7, "1", line_id=91, backordered_at=NOW - timedelta(days=9)), days_ago=9)
    shop.order(2, a_line(7, "1", "1", line_id=21), days_ago=2)
    shop.order(3, a_line(7, "0", line_id=31, shipped="1"), days_ago=1)
    shop.order(4, a_line(8, "1", line_id=41), days_ago=1)
    took = {"allocated": Decimal(1), "overtook": 9}
    shop.decision(2, 21, 7, Rule.HEAD_START, priority="VIP", at=NOW - timedelta(days=5), **took)
    shop.decision(2, 21, 7, Rule.HEAD_START, priority="VIP", at=NOW - timedelta(days=1), **took)
    shop.decision(3, 31, 7, Rule.BY_HAND, **took)
    shop.decision(4, 41, 8, Rule.PINNED, **took)
    shop.receipt(shop.coming(7, "5", TODAY, source="Acme"), "1")


def test_a_passed_order_reads_who_passed_it_by_which_rule_and_when(merchant: Merchant, shop: Shop) -> None:
    passed(shop)
    said = (
        "Passed, since it waits, by orders that came later: #3 (1 unit on 20 Mar 2026, 12:00, given by hand), "
        "#2 (1 unit on 19 Mar 2026, 12:00, its class VIP has a head start)."
    )
    assert lines_of(merchant.get("/orders/1")).count(said) == 1
    with shop.world.database.read() as conn:
        text = order_as_text(told(conn, store_of(shop), 1, NOW))
    assert [line for line in text.splitlines() if line.startswith("  Passed")] == [
        "  Passed by: #3, which came later: 1 unit on 2026-03-20 12:00 UTC, given by hand.",
        "  Passed by: #2, which came later: 1 unit on 2026-03-19 12:00 UTC, its class VIP has a head start.",
    ]


def test_programs_read_who_passed_an_order(browser: FlaskClient, shop: Shop) -> None:
    passed(shop)
    assert get(browser, "/orders/1")["lines"][0]["overtaken_by"][1] == {
        "order": 2,
        "number": "#2",
        "units": "1",
        "rule": "head_start",
        "class": "VIP",
        "why": "its class VIP has a head start",
        "at": "2026-03-19T12:00:00Z",
    }
    assert [row["order"] for row in get(browser, "/orders/9")["lines"][0]["overtaken_by"]] == [3, 2, 2]


def test_an_order_reads_whom_it_passed_and_of_which_supply_it_was_given(merchant: Merchant, shop: Shop) -> None:
    passed(shop)
    given = "It went before order #9, which came earlier. It had 0, now it has 1, from"
    said = f"20 Mar 2026, 12:00 Desk lamp: Given by hand. {given} the goods from Acme expected on 20 Mar 2026."
    assert lines_of(merchant.get("/orders/3")).count(said) == 1
    with shop.world.database.read() as conn:
        text = order_as_text(told(conn, store_of(shop), 2, NOW))
    assert [line for line in text.splitlines() if line.startswith("  Given")][1:] == [
        "  Given 1 unit on 2026-03-19 12:00 UTC: from stock."
    ]


@pytest.mark.parametrize("path", ["/orders/14", "/orders/999", f"/orders/{10**30}", "/orders/x"])
def test_an_order_of_another_store_looks_like_none(merchant: Merchant, shop: Shop, other_shop: Shop, path: str) -> None:
    other_shop.order(14, a_line(7, "1"))
    found = merchant.get(path)
    assert (found.status_code, told_by(found).count("There is nothing at this address.")) == (404, 1)
