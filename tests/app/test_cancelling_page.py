"""The page of an order lets the merchant accept a cancellation where that is switched on, and tells how it stands."""

import pytest
from flask.testing import FlaskClient

from backorder.db.tables import cancellations
from jobs import steer
from tests.app.shop import Merchant, Shop, a_line


@pytest.fixture
def wished(shop: Shop) -> Shop:
    """An order whose customer does not want to wait."""
    shop.item(7, sku="LAMP", title="Desk lamp")
    shop.order(1, a_line(7, "2"), days_ago=3)
    steer.wish_cancel(shop.world, shop.id, 1, line_ids=None, reason="Too late")
    return shop


def button(merchant: Merchant) -> int:
    return merchant.get("/orders/1").text.count("Accept: cancel in your store")


def test_nothing_is_offered_while_it_is_switched_off(wished: Shop, merchant: Merchant) -> None:
    assert button(merchant) == 0
    assert merchant.post("/orders/1/cancel").status_code == 303
    assert wished.rows(cancellations) == []


def test_what_is_accepted_is_due_once_and_shown(wished: Shop, merchant: Merchant) -> None:
    wished.policy(cancel_in_store=True)
    assert button(merchant) == 1
    merchant.post("/orders/1/cancel", restock="yes", refund="yes")
    merchant.post("/orders/1/cancel", restock="yes", refund="yes")
    (row,) = wished.rows(cancellations)
    assert (row["order_id"], row["units"], row["restock"], row["refund"]) == (1, [[1, "2"]], True, True)
    assert button(merchant) == 0
    assert merchant.get("/orders/1").text.count("It is being cancelled in your store.") == 1


def test_a_stranger_may_not_cancel(wished: Shop, browser: FlaskClient) -> None:
    wished.policy(cancel_in_store=True)
    assert browser.post("/orders/1/cancel").status_code == 302
    assert wished.rows(cancellations) == []
