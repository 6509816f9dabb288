"""Waiting that was not accepted: shown, accepted by hand, and closed or open for each item."""

from datetime import timedelta
from decimal import Decimal

from flask.testing import FlaskClient

from backorder.db.tables import order_lines
from backorder.domain.acceptance import Answer
from tests.app.api_calls import get
from tests.app.shop import TODAY, Merchant, Shop, a_line, lines_of


def test_a_line_that_was_not_accepted_says_why_and_is_accepted_by_hand(shop: Shop, merchant: Merchant) -> None:
    shop.item(7, sku="LAMP", title="Desk lamp")
    why = "More than 1 unit in one order would wait. 1 of 2 is too many."
    held = {"answer": Answer.REFUSE, "answer_why": why, "unaccepted": Decimal(2), "excess": Decimal(1)}
    shop.order(1, a_line(7, "2", line_id=11, **held))
    lines = lines_of(merchant.get("/"))
    assert lines.count(f"Order #1 waits for Desk lamp. {why}") == 1
    cancel = "As your settings say, cancel 1 unit of it in your store."
    assert lines.count(f"Until you decide, its customer is told nothing of it. {cancel}") == 1
    why = (
        f"Why: {why} Until you decide, it gets no new date and its customer is told nothing of it. "
        "What would change it: Accept the order, or cancel it in your store."
    )
    assert lines_of(merchant.get("/orders/1")).count(why) == 1
    assert merchant.post("/orders/1/accept").status_code == 303
    [row] = shop.rows(order_lines)
    assert (row["answer"], row["answer_why"], row["unaccepted"], row["excess"]) == (Answer.ACCEPT, "", 0, 0)
    assert lines_of(merchant.get("/orders/1")).count(why) == 0


def test_each_item_says_whether_it_may_be_sold_on_and_opens_again_by_itself(shop: Shop, browser: FlaskClient) -> None:
    shop.policy(most_units_item=4, longest_wait_days=30, accept_undated=False)
    for item in (7, 8, 9):
        shop.item(item, sku=f"SKU-{item}", title="Lamp")
    shop.order(1, a_line(7, "4"))
    limit = "More than 4 units of this item would wait."
    shop.order(2, a_line(7, "4", answer=Answer.HOLD, answer_why=limit, unaccepted=Decimal(4)))
    shop.coming(8, "5", TODAY + timedelta(days=5))
    found = {row["item"]: (row["accepting"], row["why"]) for row in get(browser, "/items")}
    assert found == {
        7: (False, limit),
        8: (True, ""),
        9: (False, "There is no date for it, and you accept none without."),
    }
    shop.policy(most_units_item=5, accept_undated=True)
    assert [row["accepting"] for row in get(browser, "/items")] == [True, True, True]
