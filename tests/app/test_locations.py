"""What a waiting order could be served with from another location, as the order's page and the API say it."""

from flask.testing import FlaskClient

from backorder.domain.supply import Balance
from tests.app.api_calls import get
from tests.app.shop import Merchant, Shop, a_line, lines_of

SAID = (
    "2 units could be served from location 5, where nobody waits for them: move the line there from location 0 in your "
    "store."
)


def a_shop_with_two_places(shop: Shop) -> None:
    shop.item(7, sku="LAMP", title="Desk lamp")
    shop.pool(7, 5, on_hand="6")
    shop.pool(7, 6, on_hand="9", balance=Balance.UNBALANCED)
    shop.order(1, a_line(7, "3", "3", location=5), days_ago=3)
    shop.order(2, a_line(7, "2", line_id=21), days_ago=2)


def test_an_order_says_from_where_else_it_could_be_served_where_that_is_allowed(
    shop: Shop, browser: FlaskClient, merchant: Merchant
) -> None:
    a_shop_with_two_places(shop)
    assert get(browser, "/orders/2")["moves"] == []
    shop.policy(cross_location=True)
    assert get(browser, "/orders/2")["moves"] == [{"line": 21, "item": 7, "from": 0, "to": 5, "units": "2"}]
    assert get(browser, "/orders/1")["moves"] == []
    assert sum(line.count(SAID) for line in lines_of(merchant.get("/orders/2"))) == 1


def test_what_is_kept_back_there_is_not_offered(shop: Shop, browser: FlaskClient) -> None:
    a_shop_with_two_places(shop)
    shop.policy(cross_location=True, keep_back=2)
    assert [move["units"] for move in get(browser, "/orders/2")["moves"]] == ["1"]
    shop.policy(keep_back=3)
    assert get(browser, "/orders/2")["moves"] == []
