"""What the answers of hosts and shops mean: each becomes one of the error families."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from importlib.metadata import version
from typing import Any

import pytest
import requests
import responses
from woocommerce import API

from backorder.domain.actions import Shown, StoreSide
from backorder.domain.errors import AccessLost, OutcomeUnknown, PermanentFailure, TemporaryFailure, TurnedAway
from connectors.contract import StoreClient
from connectors.http import Transport
from connectors.woocommerce import PLATFORM

ORDERS = "https://shop.example/wp-json/wc/v3/orders"
ORDER = f"{ORDERS}/20"
NOTES = f"{ORDER}/notes"
BODY = {"id": 20, "status": "processing", "date_created_gmt": "2027-01-04T09:00:00"}
DESIRED = StoreSide(shown=Shown("waiting", Decimal(2)))


@pytest.fixture
def client() -> StoreClient:
    credentials = {"key": "ck_a", "secret": "cs_b", "webhook_secret": "s"}
    return PLATFORM.client("https://shop.example", credentials, Transport(), lambda: datetime(2027, 1, 4, tzinfo=UTC))


def told(code: Any, status: int, message: str = "Sorry.") -> dict[str, Any]:
    return {"json": {"code": code, "message": message, "data": {"status": status}}, "status": status}


def html(status: int) -> dict[str, Any]:
    return {"body": "<html><script>{'a': [1]}</script></html>", "status": status, "content_type": "text/html"}


def test_the_package_is_the_one_whose_way_out_is_replaced() -> None:
    # Our subclass overrides a private method of the package and calls two more: another version may name them anew,
    # and then calls would leave past the checked transport.
    assert version("woocommerce") == "3.0.0"
    assert [callable(getattr(API, f"_API__{name}")) for name in ("request", "get_url", "get_oauth_url")] == [True] * 3


@responses.activate
def test_an_object_where_a_list_should_be_is_told(client: StoreClient) -> None:
    responses.get(ORDERS, json={"orders": []})

    with pytest.raises(PermanentFailure) as error:
        client.read_orders([20])

    assert str(error.value) == "The store's answer cannot be read: it is no list."


@responses.activate
def test_the_secret_is_in_no_address_and_in_no_message(client: StoreClient) -> None:
    responses.get(ORDERS, **told("woocommerce_rest_cannot_view", 401))

    with pytest.raises(AccessLost) as error:
        client.read_orders([20])

    assert ["cs_b" in text for text in (str(error.value), responses.calls[0].request.url)] == [False, False]


@responses.activate
def test_notices_of_a_plugin_in_front_of_the_data_are_cut(client: StoreClient) -> None:
    responses.get(ORDERS, body="<br />\n<b>Deprecated</b>: x\n" + json.dumps([BODY]), content_type="application/json")

    assert [read.reading.order.id for read in client.read_orders([20]).found] == [20]


@responses.activate
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_never_followed(client: StoreClient, status: int) -> None:
    responses.get(ORDERS, status=status, headers={"Location": "https://elsewhere.example/"})

    with pytest.raises(PermanentFailure):
        client.read_orders([20])

    assert len(responses.calls) == 1


Write = Callable[[StoreClient], object]


def push(client: StoreClient) -> object:
    return client.push(20, DESIRED, "k-1")


def post_note(client: StoreClient) -> object:
    return client.post_note(20, "Two are waiting.", "wl-1")


WRITES: list[tuple[str, dict[str, Any], type[Exception]]] = [
    ("no answer", {"body": requests.ReadTimeout("slow")}, OutcomeUnknown),
    ("connection lost", {"body": requests.ConnectionError("reset")}, OutcomeUnknown),
    ("gave up in the middle", html(504), OutcomeUnknown),
    ("broke", told("internal_server_error", 500), OutcomeUnknown),
    ("done, and a page instead of the object", html(200), OutcomeUnknown),
    ("maintenance", told("wp_die", 503), TemporaryFailure),
    ("throttled", html(429), TurnedAway),
    ("read only key", told("woocommerce_rest_authentication_error", 401), AccessLost),
    ("gone meanwhile", told("woocommerce_rest_shop_order_invalid_id", 404), PermanentFailure),
]


@responses.activate
@pytest.mark.parametrize("write", [push, post_note])
@pytest.mark.parametrize(("answer", "family"), [case[1:] for case in WRITES], ids=[case[0] for case in WRITES])
def test_an_answer_to_a_write_has_its_family(
    client: StoreClient, write: Write, answer: dict[str, Any], family: type[Exception]
) -> None:
    responses.get(ORDER, json=BODY)
    responses.put(ORDER, **answer)
    responses.post(NOTES, **answer)

    with pytest.raises(family) as error:
        write(client)

    assert type(error.value) in (family, *family.__subclasses__())
