"""What Shopify's answers mean: each becomes one of the error families."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
import responses

from backorder.domain.actions import StoreSide
from backorder.domain.errors import (
    AccessLost,
    OutcomeUnknown,
    PermanentFailure,
    StoreBusy,
    StoreClosed,
    TemporaryFailure,
    TurnedAway,
    WaitlineError,
)
from connectors.contract import StoreClient
from connectors.http import Transport
from connectors.shopify import PLATFORM
from connectors.shopify.client import Denied
from connectors.shopify.scopes import TO_ASK, TO_ASK_ALSO
from tests.connectors.shopify.conftest import reference

URL = "https://quay-goods.myshopify.com/admin/api/2026-10/graphql.json"
SHOP = {
    "data": {
        "shop": {"name": "Quay Goods", "currencyCode": "EUR", "ianaTimezone": "Europe/Paris"},
        "currentAppInstallation": {"accessScopes": [{"handle": scope} for scope in (*TO_ASK, *TO_ASK_ALSO)]},
    }
}
THROTTLED = {
    "errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}],
    "extensions": {
        "cost": {
            "requestedQueryCost": 202,
            "actualQueryCost": None,
            "throttleStatus": {"maximumAvailable": 1000.0, "currentlyAvailable": 118, "restoreRate": 50.0},
        }
    },
}


def new_client() -> StoreClient:
    credentials = {"access_token": "shpat_test"}
    now = datetime(2026, 11, 20, tzinfo=UTC)
    return PLATFORM.client("quay-goods.myshopify.com", credentials, Transport(), lambda: now)


@pytest.fixture
def client() -> StoreClient:
    return new_client()


@responses.activate
def test_a_call_that_does_not_fit_is_not_sent(client: StoreClient) -> None:
    responses.post(URL, json=THROTTLED)
    waits = []
    for _ in range(2):
        with pytest.raises(StoreBusy) as raised:
            client.describe()
        waits.append(raised.value.retry_after)

    assert (len(responses.calls), waits) == (1, [1.7, 2.68])


def graphql(**answer: Any) -> dict[str, Any]:
    return {"json": answer, "status": 200}


def error(message: str, code: str | None = None, path: list[Any] | None = None) -> dict[str, Any]:
    told: dict[str, Any] = {"message": message}
    if code:
        told["extensions"] = {"code": code}
    if path:
        told["path"] = path
    return told


READS: list[tuple[str, dict[str, Any], type[Exception]]] = [
    ("revoked token", {"json": {"errors": "[API] Invalid API key or access token"}, "status": 401}, AccessLost),
    ("scope gone", {"json": {"errors": {"base": ["no"]}}, "status": 403}, AccessLost),
    ("page that forbids", {"body": "<html>Forbidden {1}</html>", "status": 403}, TemporaryFailure),
    ("frozen", {"body": "Unavailable Shop", "status": 402}, StoreClosed),
    ("no such shop", {"body": "Not Found", "status": 404}, StoreClosed),
    ("locked", {"body": "", "status": 423}, StoreClosed),
    ("redirect", {"status": 302, "headers": {"Location": "https://elsewhere.example/"}}, StoreClosed),
    ("bad request", {"json": {"errors": "query missing"}, "status": 400}, PermanentFailure),
    ("too many", {"body": "", "status": 429, "headers": {"Retry-After": "4"}}, TurnedAway),
    ("security", {"body": "", "status": 430}, TemporaryFailure),
    ("down", {"body": "<html>", "status": 503}, TemporaryFailure),
    ("page instead of data", {"body": "<html></html>", "status": 200}, TemporaryFailure),
    ("throttled", {"json": THROTTLED, "status": 200}, StoreBusy),
    ("error of theirs", graphql(errors=[error("Internal error.", "INTERNAL_SERVER_ERROR")]), TemporaryFailure),
    ("too dear", graphql(errors=[error("Query cost is 1200", "MAX_COST_EXCEEDED")]), PermanentFailure),
    ("wrong field", graphql(errors=[error("No field", "undefinedField", ["query", "shop"])]), PermanentFailure),
    ("text as errors", graphql(errors="Not today"), PermanentFailure),
    ("object as errors", graphql(errors={"message": "Not today"}), PermanentFailure),
    ("no code", graphql(errors=[error("Something")], data={"shop": None}), PermanentFailure),
    ("all denied", graphql(errors=[error("Denied", "ACCESS_DENIED", ["shop"])], data={"shop": None}), Denied),
    ("no data", graphql(extensions={}), PermanentFailure),
    ("a list", {"json": [1], "status": 200}, PermanentFailure),
    ("a field of another kind", {"json": {"data": {"nodes": [{"id": "x"}]}}, "status": 200}, TemporaryFailure),
]


@responses.activate
@pytest.mark.parametrize(("answer", "family"), [case[1:] for case in READS], ids=[case[0] for case in READS])
def test_an_answer_to_a_read_has_its_family(
    client: StoreClient, answer: dict[str, Any], family: type[Exception]
) -> None:
    responses.post(URL, **answer)

    with pytest.raises(family) as raised:
        client.read_orders([1])

    assert type(raised.value) is family


WRITES: list[tuple[str, dict[str, Any], type[Exception]]] = [
    ("revoked token", {"body": "", "status": 401}, AccessLost),
    ("page that forbids", {"body": "<html>Forbidden</html>", "status": 403}, TemporaryFailure),
    ("redirect", {"body": "", "status": 301, "headers": {"Location": "https://elsewhere.example/"}}, StoreClosed),
    ("throttled", {"json": THROTTLED, "status": 200}, StoreBusy),
    ("too many", {"body": "", "status": 429}, TurnedAway),
    ("down", {"body": "", "status": 502}, OutcomeUnknown),
    ("page instead of data", {"body": "<html></html>", "status": 200}, OutcomeUnknown),
    ("error of theirs", graphql(errors=[error("Internal error.", "INTERNAL_SERVER_ERROR")]), OutcomeUnknown),
    ("no answer", {"body": requests.ReadTimeout()}, OutcomeUnknown),
    (
        "refused",
        graphql(data={"webhookSubscriptionDelete": {"userErrors": [{"field": ["id"], "message": "No"}]}}),
        PermanentFailure,
    ),
]
SUBSCRIBED = {
    "nodes": [{"id": "gid://shopify/WebhookSubscription/1", "topic": "ORDERS_CREATE", "uri": "https://w.example/"}],
    "pageInfo": {"hasNextPage": False, "endCursor": None},
}


@responses.activate
@pytest.mark.parametrize(("answer", "family"), [case[1:] for case in WRITES], ids=[case[0] for case in WRITES])
def test_an_answer_to_a_write_has_its_family(
    client: StoreClient, answer: dict[str, Any], family: type[Exception]
) -> None:
    responses.post(URL, json={"data": {"webhookSubscriptions": SUBSCRIBED}})
    responses.post(URL, **answer)

    with pytest.raises(family) as raised:
        client.unsubscribe("https://w.example/")

    assert type(raised.value) is family


@responses.activate
def test_throttling_says_how_long_to_wait() -> None:
    responses.post(URL, json=THROTTLED)
    responses.post(URL, json={"errors": [error("Throttled", "THROTTLED")]})
    responses.post(URL, status=429, headers={"Retry-After": "4"})
    waits = []
    for _ in range(3):
        with pytest.raises(StoreBusy) as raised:
            # Each with a purse of its own: nothing is known of the shop's bucket.
            new_client().describe()
        waits.append(raised.value.retry_after)

    assert waits == [1.7, 2.0, 4.0]


@responses.activate
def test_a_call_carries_the_token_and_one_document_with_its_operation(client: StoreClient) -> None:
    responses.post(URL, json=SHOP)

    facts = client.describe()

    request = responses.calls[0].request
    assert (facts.name, facts.currency, facts.timezone) == ("Quay Goods", "EUR", "Europe/Paris")
    assert request.headers["X-Shopify-Access-Token"] == "shpat_test"
    assert json.loads(request.body or b"")["operationName"] == "Shop"


def order_answer(**changes: Any) -> dict[str, Any]:
    page = {"nodes": [], "pageInfo": {"hasNextPage": False, "endCursor": None}}
    return {
        "id": "gid://shopify/Order/1",
        "name": "#1",
        "createdAt": "2026-11-20T09:00:00Z",
        "updatedAt": "2026-11-20T09:00:00Z",
        "displayFinancialStatus": "PAID",
        "displayFulfillmentStatus": "UNFULFILLED",
        "currencyCode": "EUR",
        "lineItems": page,
        "fulfillmentOrders": page,
        "fulfillments": [],
        "refunds": [],
        **changes,
    }


@responses.activate
def test_a_field_that_we_may_not_see_leaves_the_rest_of_the_answer_whole(client: StoreClient) -> None:
    denied = error("Access denied for email field.", "ACCESS_DENIED", ["nodes", 0, "email"])
    responses.post(URL, json={"data": {"nodes": [order_answer(email=None)]}, "errors": [denied]})

    read = client.read_orders([1])

    assert [order.reading.order.customer.email for order in read.found] == [""]


@responses.activate
@pytest.mark.parametrize("path", [["nodes"], None])
def test_orders_that_we_may_not_see_are_not_taken_for_gone(client: StoreClient, path: list[Any] | None) -> None:
    denied = error("Access denied.", "ACCESS_DENIED", path)
    responses.post(URL, json={"data": {"nodes": [None]}, "errors": [denied]})

    with pytest.raises(PermanentFailure):
        client.read_orders([1])


@responses.activate
@pytest.mark.parametrize("path", [["nodes", 0], ["nodes", 0, "fulfillmentOrders"]])
def test_an_order_that_we_may_not_see_is_not_taken_for_gone(client: StoreClient, path: list[Any]) -> None:
    denied = error("Access denied.", "ACCESS_DENIED", path)
    responses.post(URL, json={"data": {"nodes": [None]}, "errors": [denied]})

    read = client.read_orders([1])

    assert (read.found, read.gone, read.unanswered) == ([], [], [1])


BROKEN = error("Internal error.", "INTERNAL_SERVER_ERROR", ["nodes", 1])


def two_orders() -> list[dict[str, Any] | None]:
    return [order_answer(), None, order_answer(id="gid://shopify/Order/3")]


@responses.activate
def test_one_order_that_fails_is_asked_for_once_more_by_itself(client: StoreClient) -> None:
    responses.post(URL, json={"data": {"nodes": two_orders()}, "errors": [BROKEN]})
    responses.post(URL, json={"data": {"nodes": [order_answer(id="gid://shopify/Order/2")]}})

    read = client.read_orders([1, 2, 3])

    asked = [json.loads(call.request.body or b"")["variables"]["ids"] for call in responses.calls]
    assert ([order.reading.order.id for order in read.found], read.gone, read.unanswered) == ([1, 2, 3], [], [])
    assert asked == [[f"gid://shopify/Order/{number}" for number in (1, 2, 3)], ["gid://shopify/Order/2"]]


@responses.activate
@pytest.mark.parametrize("code", ["INTERNAL_SERVER_ERROR", "ACCESS_DENIED", None])
def test_an_order_that_fails_twice_loses_no_other_and_is_not_taken_for_gone(
    client: StoreClient, code: str | None
) -> None:
    responses.post(URL, json={"data": {"nodes": two_orders()}, "errors": [error("No.", code, ["nodes", 1])]})
    responses.post(URL, json={"data": {"nodes": [None]}, "errors": [error("No.", code, ["nodes", 0])]})

    read = client.read_orders([1, 2, 3])

    assert ([order.reading.order.id for order in read.found], read.gone, read.unanswered) == ([1, 3], [], [2])


@responses.activate
def test_stock_of_which_the_shop_cannot_tell_is_not_taken_for_gone(client: StoreClient) -> None:
    level = {"nodes": [], "pageInfo": {"hasNextPage": False, "endCursor": None}}
    lamp = {"id": "gid://shopify/InventoryItem/1", "sku": "LAMP", "tracked": True, "inventoryLevels": level}
    responses.post(URL, json={"data": {"nodes": [lamp, None]}, "errors": [BROKEN]})
    responses.post(URL, json={"data": {"nodes": [None]}, "errors": [error("No.", "TIMEOUT", ["nodes", 0])]})

    with pytest.raises(TemporaryFailure):
        client.read_stock([1, 2])


@responses.activate
def test_every_recorded_error_belongs_to_a_family(client: StoreClient) -> None:
    told = json.loads(reference("graphql_recordings/errors.json").read_text())
    families: dict[str, set[str]] = {}
    for row in told["recorded"]:
        if row["kind"] == "top_level_error":
            root = (row["error"].get("path") or ["shop"])[0]
            data = {"data": {root: None}} if row["data_present"] else {}
            responses.post(URL, json={"errors": [row["error"]], **data})
            with pytest.raises(WaitlineError) as raised:
                client.describe()
            families.setdefault(type(raised.value).__name__, set()).add(row["code"])

    assert families["TemporaryFailure"] == {"INTERNAL_SERVER_ERROR"}
    assert families["Denied"] == {"ACCESS_DENIED"}
    assert set(families) == {"TemporaryFailure", "PermanentFailure", "Denied"}


def test_a_shop_takes_no_notes_from_us(client: StoreClient) -> None:
    with pytest.raises(PermanentFailure):
        client.post_note(1, "text", "marker")
    assert client.has_note(1, "marker") is False


@responses.activate
def test_an_order_that_is_gone_takes_no_write(client: StoreClient) -> None:
    responses.post(URL, json={"data": {"nodes": [None]}})

    with pytest.raises(PermanentFailure):
        client.push(1, StoreSide(), "key")
