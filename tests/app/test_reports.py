"""The report of fairness, on its page and in the API."""

from datetime import timedelta
from decimal import Decimal

from flask.testing import FlaskClient

from app.reports import fairness, fairness_as_text
from backorder.domain.allocation import Rule
from backorder.domain.priority import Fact, PriorityRule
from backorder.domain.split import Share
from tests.app.api_calls import get
from tests.app.shop import API_TOKEN, NOW, Merchant, Shop, Statements, a_line, lines_of, store_of

DAY = 86_400
VIP = PriorityRule("VIP", 5, Fact.CUSTOMER_TAG, "gold")


def a_busy_shop(shop: Shop) -> None:
    shop.policy(priority=(VIP,), order_share=Share.YIELD, leapfrog_times=3)
    shop.item(7, sku="LAMP", title="Desk lamp")
    shop.order(1, a_line(7, "2", line_id=11), days_ago=9, passed_over=2, passed_since=NOW - timedelta(days=1))
    shop.order(2, a_line(7, "1", "1", line_id=21, backordered_at=NOW), days_ago=6, priority="VIP")
    shop.order(3, a_line(7, "1", line_id=31), days_ago=2, priority="VIP")
    units = {"before": Decimal(0), "allocated": Decimal(1)}
    shop.decision(2, 21, 7, Rule.HEAD_START, priority="VIP", overtook=1, **units)
    shop.decision(3, 31, 7, Rule.MORE_OWED, at=NOW + timedelta(minutes=1))
    shop.decision(2, 21, 7, Rule.PINNED, overtook=1, at=NOW - timedelta(days=91), **units)
    shop.decision(1, 11, 7, Rule.NOT_ENOUGH_LEFT)


def test_the_report_tells_who_overtook_whom_by_which_class_and_how_long_each_class_waits(
    shop: Shop, other_shop: Shop, browser: FlaskClient
) -> None:
    a_busy_shop(shop)
    other_shop.item(7, sku="LAMP", title="Desk lamp")
    other_shop.order(1, a_line(7, "2"), days_ago=50)
    other_shop.decision(1, 1, 7, Rule.PINNED, overtook=1)
    assert get(browser, "/fairness") == {
        "days": 90,
        "promise": "Nobody is passed by an order that was placed more than 5 days later, but for orders that ship "
        "whole and let others pass, unless you pin an order, give by hand or keep units back for new orders. "
        "Units that are added to an order have its place.",
        "overtakings": [
            {
                "rule": "head_start",
                "class": "VIP",
                "times": 1,
                "orders": 1,
                "passed": 1,
                "units": "1",
                "most_later_seconds": 3 * DAY,
            },
            {
                "rule": "more_owed",
                "class": "",
                "times": 1,
                "orders": 1,
                "passed": 0,
                "units": "0",
                "most_later_seconds": 0,
            },
        ],
        "waits": [
            {"class": "", "waiting_lines": 1, "longest_now_seconds": 9 * DAY, "longest_served_seconds": None},
            {"class": "VIP", "waiting_lines": 1, "longest_now_seconds": 2 * DAY, "longest_served_seconds": 6 * DAY},
        ],
        "let_pass": [
            {"order": 1, "number": "#1", "times": 2, "since": "2026-03-19", "left": "It lets others pass 1 time more."}
        ],
        "newest": [
            {
                "order": 3,
                "number": "#3",
                "passed": None,
                "passed_number": None,
                "item": "Desk lamp",
                "rule": "more_owed",
                "class": "",
                "units": "0",
                "later_seconds": 0,
                "at": "2026-03-20T12:01:00Z",
            },
            {
                "order": 2,
                "number": "#2",
                "passed": 1,
                "passed_number": "#1",
                "item": "Desk lamp",
                "rule": "head_start",
                "class": "VIP",
                "units": "1",
                "later_seconds": 3 * DAY,
                "at": "2026-03-20T12:00:00Z",
            },
        ],
    }


def test_the_report_looks_back_as_far_as_it_is_asked_to(shop: Shop, browser: FlaskClient) -> None:
    a_busy_shop(shop)
    rules = [row["rule"] for row in get(browser, "/fairness?days=100")["overtakings"]]
    assert rules == ["head_start", "more_owed", "pinned"]
    head = {"Authorization": f"Bearer {API_TOKEN}"}
    answers = [browser.get(f"/api/v1/fairness?days={days}", headers=head) for days in (0, 731, "x")]
    assert [answer.status_code for answer in answers] == [422] * 3


def test_the_page_says_the_same(shop: Shop, merchant: Merchant) -> None:
    a_busy_shop(shop)
    lines = lines_of(merchant.get("/reports"))
    assert lines[lines.index("no class") :][:8] == [
        "no class",
        "1",
        "9 days",
        "–",
        "VIP",
        "1",
        "2 days",
        "6 days",
    ]
    said = (
        "20 Mar 2026, 12:00 Order #2 was given 1 unit of Desk lamp before order #1, placed 3 days earlier. "
        "By a head start (VIP)."
    )
    assert lines.count(said) == 1
    assert lines.count("It lets others pass 1 time more.") == 1


def test_a_part_given_to_a_new_order_and_units_given_by_hand_are_overtakings_too(
    shop: Shop, merchant: Merchant
) -> None:
    a_busy_shop(shop)
    shop.decision(3, 31, 7, Rule.NOT_ENOUGH_LEFT, priority="VIP", overtook=1, allocated=Decimal(1))
    shop.decision(3, 31, 7, Rule.BY_HAND, overtook=1, allocated=Decimal(1))
    lines = lines_of(merchant.get("/reports"))
    assert (lines.count("A new order was given a part when it came in"), lines.count("Given by hand")) == (1, 1)
    with shop.world.database.read() as conn:
        told = fairness_as_text(fairness(conn, store_of(shop), NOW, 90)).splitlines()
    assert told[3:5] == [
        "  Given by hand: 1 time, 1 order before 1, 1 unit, at most 7 days later.",
        "  By a head start (VIP): 1 time, 1 order before 1, 1 unit, at most 3 days later.",
    ]
    assert told[-3:] == [
        "",
        "Orders that let others pass:",
        "  #1: passed 2 times. It lets others pass 1 time more.",
    ]
    assert told[8:11] == [
        "Waits by class:",
        "  no class: 1 line waiting, the longest for 9 days; the longest wait that was served took 2 days.",
        "  VIP: 1 line waiting, the longest for 2 days; the longest wait that was served took 6 days.",
    ]


def test_a_store_in_which_nobody_waits_has_nothing_to_report(shop: Shop, merchant: Merchant) -> None:
    lines = lines_of(merchant.get("/reports"))
    assert lines.count("None: everybody was served in the order in which they came.") == 1


def test_the_report_takes_the_same_number_of_statements_however_many_orders_there_are(
    shop: Shop, merchant: Merchant, statements: Statements
) -> None:
    few = statements.of(lambda: merchant.get("/reports"))
    a_busy_shop(shop)
    assert statements.of(lambda: merchant.get("/reports")) == few
