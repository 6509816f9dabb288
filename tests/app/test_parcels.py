"""The customer's own choice of how an order ships: offered, kept, and between the merchant's choices in rank."""

import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.status_page import STALE
from backorder.db import orderbook
from backorder.db.tables import items, orders
from backorder.domain.choices import terms_of
from backorder.domain.orders import OrderStatus
from backorder.domain.split import Split
from jobs import steer
from tests.app.shop import NOW, TODAY, Bell, Merchant, Shop, a_line, lines_of, store_of, told_by
from tests.app.test_status_page import path_of

QUESTION = "How shall we send it?"


@pytest.fixture
def link(shop: Shop) -> str:
    """The page of an order of which one unit is there and two wait."""
    shop.policy(customers_choose=True)
    shop.item(7, sku="LAMP", title="Desk lamp", on_hand="1")
    shop.order(5, a_line(7, "3", "1", line_id=31), number="#1001")
    return path_of(shop)


def once(browser: FlaskClient, link: str) -> str:
    found = re.search(r'name="once" value="([^"]+)"', browser.get(link).text)
    return "" if found is None else found[1]


def choose(browser: FlaskClient, link: str, split: str, **form: Any) -> Any:
    return browser.post(f"{link}/parcels", data={"once": once(browser, link), "split": split, **form})


def chosen(shop: Shop) -> Split | None:
    [row] = shop.rows(orders)
    found: Split | None = row["split_by_customer"]
    return found


def test_a_customer_chooses_to_wait_for_everything_and_the_queue_is_planned_anew(
    browser: FlaskClient, link: str, shop: Shop, bell: Bell
) -> None:
    assert lines_of(browser.get(link)).count(QUESTION) == 1
    assert choose(browser, link, "order_whole").status_code == 303
    assert (chosen(shop), bell.rung) == (Split.ORDER_WHOLE, [("allocate", "allocate", shop.id)])
    [item] = [row for row in shop.rows(items) if row["item"] == 7]
    [order] = shop.rows(orders)
    assert (item["dirty_seq"], order["review"]) == (1, True)


def test_a_customer_may_change_the_choice_while_something_waits(browser: FlaskClient, link: str, shop: Shop) -> None:
    choose(browser, link, "order_whole")
    assert choose(browser, link, "ship_available").status_code == 303
    assert chosen(shop) is Split.SHIP_AVAILABLE


def test_the_first_choice_that_is_made_counts_order_customer_item_store(
    browser: FlaskClient, link: str, shop: Shop
) -> None:
    def counts() -> Split:
        store = store_of(shop)
        with shop.world.database.read() as conn:
            book = orderbook.load(conn, shop.id, [5])[5]
        return terms_of(store.policy, book.choices, book.item_splits, TODAY).split_of(7, NOW)

    shop.policy(split=Split.SHIP_AVAILABLE)
    assert counts() is Split.SHIP_AVAILABLE
    merchant_of_item = Split.LINE_WHOLE
    with shop.world.database.write() as conn:
        conn.exec_driver_sql(f"UPDATE items SET split = '{merchant_of_item.value}'")
    assert counts() is Split.LINE_WHOLE
    choose(browser, link, "order_whole")
    assert counts() is Split.ORDER_WHOLE
    steer.choose_for_order(shop.world, shop.id, 5, split=Split.SHIP_AVAILABLE)
    assert (counts(), chosen(shop)) == (Split.SHIP_AVAILABLE, Split.ORDER_WHOLE)


def test_a_customer_is_only_asked_where_the_answer_counts(
    browser: FlaskClient, link: str, shop: Shop, merchant: Merchant
) -> None:
    form = once(browser, link)
    steer.choose_for_order(shop.world, shop.id, 5, split=Split.SHIP_AVAILABLE)
    assert lines_of(browser.get(link)).count(QUESTION) == 0
    refused = browser.post(f"{link}/parcels", data={"once": form, "split": "order_whole"})
    assert (refused.status_code, chosen(shop)) == (422, None)
    steer.choose_for_order(shop.world, shop.id, 5, split=None)
    assert lines_of(browser.get(link)).count(QUESTION) == 1
    shop.policy(customers_choose=False)
    assert lines_of(browser.get(link)).count(QUESTION) == 0


def test_what_is_closed_or_all_there_or_a_single_unit_is_not_asked_about(browser: FlaskClient, shop: Shop) -> None:
    shop.policy(customers_choose=True)
    shop.item(7, sku="LAMP", title="Desk lamp", on_hand="9")
    shop.order(1, a_line(7, "3", "1"), status=OrderStatus.CLOSED)
    shop.order(2, a_line(7, "3", "3"))
    shop.order(3, a_line(7, "1"))
    assert [lines_of(browser.get(path_of(shop, number))).count(QUESTION) for number in (1, 2, 3)] == [0, 0, 0]


def test_a_form_works_once(browser: FlaskClient, link: str, shop: Shop) -> None:
    form = once(browser, link)
    assert choose(browser, link, "order_whole", once=form).status_code == 303
    again = choose(browser, link, "ship_available", once=form)
    assert (again.status_code, told_by(again).count(STALE), chosen(shop)) == (409, 1, Split.ORDER_WHOLE)
    assert choose(browser, link, "ship_available", once="nothing of ours").status_code == 409
    assert chosen(shop) is Split.ORDER_WHOLE


@pytest.mark.parametrize("split", ["", "line_whole", "wait_until", "everything"])
def test_only_what_is_offered_can_be_chosen(browser: FlaskClient, link: str, shop: Shop, split: str) -> None:
    answer = choose(browser, link, split)
    assert (answer.status_code, told_by(answer).count("Please choose one of these."), chosen(shop)) == (422, 1, None)


def test_another_site_cannot_choose(browser: FlaskClient, link: str, shop: Shop) -> None:
    data = {"once": once(browser, link), "split": "order_whole"}
    answer = browser.post(f"{link}/parcels", data=data, headers={"Sec-Fetch-Site": "cross-site"})
    assert (answer.status_code, chosen(shop)) == (403, None)


def test_the_merchant_sees_what_the_customer_chose(
    browser: FlaskClient, link: str, shop: Shop, merchant: Merchant
) -> None:
    choose(browser, link, "order_whole")
    said = "The customer chose: Wait until everything is there, and send it together."
    assert lines_of(merchant.get("/orders/5")).count(said) == 1
    steer.choose_for_order(shop.world, shop.id, 5, split=Split.SHIP_AVAILABLE)
    assert lines_of(merchant.get("/orders/5")).count(f"{said} Your own choice goes before it.") == 1
