"""The date that a new order would get."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from tests.app.api_calls import BEARER, SOON, get, problem
from tests.app.shop import Shop, a_line


def test_a_new_order_is_quoted_a_date(browser: FlaskClient, shop: Shop) -> None:
    shop.policy(handling_days=1, inbound_buffer_days=2)
    shop.item(7, sku="LAMP", title="Desk lamp", on_hand="3")
    shop.order(1, a_line(7, "5", "1"), days_ago=5)
    shop.coming(7, "4", SOON)
    assert get(browser, "/quote?item=7&quantity=2")["promise"] == {"from": "2026-03-21", "to": "2026-03-21"}
    late = (SOON + timedelta(days=3)).isoformat()
    assert get(browser, "/quote?item=7&quantity=3") == {
        "item": 7,
        "quantity": "3",
        "promise": {"from": None, "to": None},
    }
    shop.coming(7, "9", SOON, source="Acme")
    assert get(browser, "/quote?item=7&quantity=3")["promise"] == {"from": late, "to": late}


@pytest.mark.parametrize(("query", "status"), [("item=8", 404), ("item=7&quantity=0", 422), ("item=x", 422)])
def test_a_quote_that_cannot_be_is_refused(browser: FlaskClient, shop: Shop, query: str, status: int) -> None:
    shop.item(7, sku="LAMP", title="Desk lamp")
    assert problem(browser.get(f"/api/v1/quote?{query}", headers=BEARER))[0] == status
