"""Accepted cancellations: the money that was asked for goes back, in the currency in which it was paid, or nothing is
changed at all.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import responses

from backorder.domain.errors import PermanentFailure
from connectors.contract import Cancellation
from connectors.http import Transport
from connectors.shopify import PLATFORM
from tests.connectors.shopify.conftest import Lab

URL = "https://quay-goods.myshopify.com/admin/api/2026-10/graphql.json"
NOW = datetime(2026, 11, 20, tzinfo=UTC)
NO_PAGE = {"nodes": [], "pageInfo": {"hasNextPage": False, "endCursor": None}}
LINE = {
    "id": "gid://shopify/LineItem/7",
    "quantity": 2,
    "currentQuantity": 2,
    "requiresShipping": True,
    "isGiftCard": False,
    "discountedUnitPriceAfterAllDiscountsSet": {"shopMoney": {"amount": "10.00"}},
    "priceAfterAllDiscountsBeforeTaxesSet": {"shopMoney": {"amount": "20.00"}},
}
WORK = {
    "id": "gid://shopify/FulfillmentOrder/3",
    "status": "OPEN",
    "assignedLocation": {"location": {"id": "gid://shopify/Location/5", "name": "Pier 1"}},
    "lineItems": {
        "nodes": [
            {
                "id": "gid://shopify/FulfillmentOrderLineItem/4",
                "remainingQuantity": 2,
                "lineItem": {"id": "gid://shopify/LineItem/7"},
            }
        ]
    },
}
ORDER = {
    "id": "gid://shopify/Order/1",
    "name": "#1",
    "createdAt": "2026-11-20T09:00:00Z",
    "updatedAt": "2026-11-20T09:00:00Z",
    "displayFinancialStatus": "PAID",
    "displayFulfillmentStatus": "UNFULFILLED",
    "currencyCode": "EUR",
    "lineItems": {"nodes": [LINE]},
    "fulfillmentOrders": {"nodes": [WORK]},
    "fulfillments": [],
    "refunds": [],
}


def suggestion(amount: str, *transactions: str) -> dict[str, Any]:
    def bag(money: str) -> dict[str, Any]:
        return {"shopMoney": {"amount": money}, "presentmentMoney": {"amount": money}}

    return {
        "amountSet": bag(amount),
        "maximumRefundableSet": bag("100.00"),
        "suggestedTransactions": [{"gateway": "bogus", "amountSet": bag(each)} for each in transactions],
    }


@pytest.fixture
def shop() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as shop:
        yield shop


def operations(shop: responses.RequestsMock) -> list[str]:
    return [json.loads(call.request.body or b"")["operationName"] for call in shop.calls]


@pytest.mark.parametrize("suggested", [None, suggestion("10.00"), suggestion("10.00", "4.00", "5.00")])
def test_a_refund_that_shopify_does_not_reckon_whole_is_refused_and_nothing_is_changed(
    shop: responses.RequestsMock, suggested: dict[str, Any] | None
) -> None:
    denied = {"message": "Denied", "extensions": {"code": "ACCESS_DENIED"}, "path": ["order", "suggestedRefund"]}
    told = {"presentmentCurrencyCode": "EUR", "cancellation": None, "refunds": [], "suggestedRefund": suggested}
    shop.post(URL, json={"data": {"nodes": [ORDER]}})
    shop.post(URL, json={"data": {"order": told}, **({} if suggested else {"errors": [denied]})})
    client = PLATFORM.client("quay-goods.myshopify.com", {"access_token": "shpat_test"}, Transport(), lambda: NOW)

    with pytest.raises(PermanentFailure, match="nothing was changed"):
        client.cancel(Cancellation(1, {7: Decimal(1)}, "waitline-1", restock=True, refund=True))

    assert operations(shop) == ["OrdersById", "Cancelling"]


@pytest.mark.parametrize(("refund", "back"), [(True, (Decimal("18.00"), "14.40 GBP")), (False, (Decimal(0), ""))])
def test_an_order_paid_in_another_currency_is_refunded_in_that_one(
    lab: Lab, refund: bool, back: tuple[Decimal, str]
) -> None:
    order = lab.order(2, 1)
    known = lab.known(order)
    known.paid_in, known.rate = "GBP", Decimal("0.8")
    lab.client.cancel(Cancellation(order, {lab.line(order): Decimal(1)}, "waitline-1", restock=True, refund=refund))

    assert [(each.paid_back, each.paid_back_as) for each in known.refunds] == [back]
