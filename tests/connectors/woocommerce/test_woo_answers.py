"""What hosts and shops answer when all is not well: the sentence that the merchant reads, letter for letter."""

import json
import logging
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
import responses

from backorder.domain.errors import AccessLost, StoreClosed, TemporaryFailure, TurnedAway, WaitlineError
from connectors.contract import StoreClient
from connectors.http import Transport
from connectors.woocommerce import PLATFORM, answers
from demo.stores.wire import LocalTransport
from demo.stores.woocommerce import WooShop
from demo.stores.woocommerce.access import Key

ORDERS = "https://shop.example/wp-json/wc/v3/orders"
RECORDED = Path(__file__).parents[4] / "shared" / "woocommerce" / "http-errors"
CREDENTIALS = {"key": "ck_very_public", "secret": "cs_very_secret", "webhook_secret": "s"}
IN_QUERY = CREDENTIALS | {"key_in": "query"}


def client_with(credentials: dict[str, str]) -> StoreClient:
    return PLATFORM.client("https://shop.example", credentials, Transport(), lambda: datetime(2027, 1, 4, tzinfo=UTC))


@pytest.fixture
def client() -> StoreClient:
    return client_with(CREDENTIALS)


def page(status: int, **headers: str) -> dict[str, Any]:
    body = "<!DOCTYPE html><html><body><script>var shown = [1]</script></body></html>"
    return {"status": status, "body": body, "content_type": "text/html; charset=UTF-8", "headers": headers}


def word(status: int, code: object, message: str = "", **headers: str) -> dict[str, Any]:
    told = {"code": code, "message": message, "data": {"status": status}}
    return {"status": status, "json": told, "headers": headers}


NO_VIEW = ("woocommerce_rest_cannot_view", "Sorry, you cannot list resources.")
SAID: dict[str, tuple[dict[str, Any], type[WaitlineError], str]] = {
    "revoked": (word(401, *NO_VIEW), AccessLost, answers.UNKNOWN_KEY),
    "demoted": (word(403, *NO_VIEW), AccessLost, answers.DEMOTED),
    "wrong secret": (
        word(401, "woocommerce_rest_authentication_error", "Geheimnis falsch."),
        AccessLost,
        f"{answers.REFUSED} It says: Geheimnis falsch.",
    ),
    "security plugin": (word(401, "rest_cannot_access", "No."), AccessLost, f"{answers.CLOSED} It says: No."),
    "another security plugin": (word(403, "rest_forbidden"), AccessLost, answers.CLOSED),
    "WooCommerce off": (word(404, "rest_no_route", "No route."), TemporaryFailure, answers.NOT_INSTALLED),
    "wrong folder": (page(404), TemporaryFailure, answers.NO_API),
    "home page for every path": (page(200), TemporaryFailure, answers.NO_API),
    "challenge page": (page(403), TemporaryFailure, answers.FIREWALL),
    "challenge page, 503": (page(503), TemporaryFailure, answers.FIREWALL),
    "throttled": (page(429), TurnedAway, answers.THROTTLED),
    "maintenance": (word(503, "wp_die", "Wait."), TemporaryFailure, f"{answers.MAINTENANCE} It says: Wait."),
    "maintenance, for so long": (
        word(503, "wp_die", "Wait.", **{"Retry-After": "600"}),
        TurnedAway,
        f"{answers.MAINTENANCE} It says: Wait.",
    ),
    "challenge page that says when": (page(503, **{"Retry-After": "9"}), TurnedAway, answers.FIREWALL),
    "gateway": (page(502), TemporaryFailure, answers.HOST_DOWN.format(status=502)),
    "gateway, late": (page(504), TemporaryFailure, answers.HOST_DOWN.format(status=504)),
    "fatal error": (word(500, "internal_server_error"), TemporaryFailure, answers.BROKEN.format(status=500)),
    "our mistake": (
        word(400, "rest_invalid_param", "Invalid parameter(s): status"),
        WaitlineError,
        f"{answers.REFUSES.format(status=400)} It says: Invalid parameter(s): status",
    ),
    "too many at once": (page(413), WaitlineError, answers.REFUSES.format(status=413)),
    "numbers for words": (
        {"status": 400, "json": {"code": 0, "message": "No", "data": 500}},
        WaitlineError,
        f"{answers.REFUSES.format(status=400)} It says: No",
    ),
    "a redirect to the shop's address": (
        {"status": 301, "headers": {"Location": "https://www.shop.example/store/wp-json/wc/v3/orders?a=1"}},
        StoreClosed,
        answers.REDIRECTS_TO.format(target="https://www.shop.example/store"),
    ),
    "a redirect to anywhere": (
        {"status": 302, "headers": {"Location": "https://shop.example/coming-soon"}},
        StoreClosed,
        answers.REDIRECTS,
    ),
    "a redirect to nonsense": ({"status": 308, "headers": {"Location": "https://[x/"}}, StoreClosed, answers.REDIRECTS),
}


@responses.activate
@pytest.mark.parametrize("name", SAID)
def test_each_failure_tells_the_merchant_one_thing_to_do(client: StoreClient, name: str) -> None:
    answer, family, sentence = SAID[name]
    responses.get(ORDERS, **answer)

    with pytest.raises(family) as error:
        client.read_orders([20])

    assert str(error.value) == sentence


RECORDED_SENTENCES = {
    "http-to-https-301.json": answers.REDIRECTS_TO.format(target="https://127.0.0.1:8493"),
    "maintenance-503.json": (
        f"{answers.MAINTENANCE} It says: Briefly unavailable for scheduled maintenance. Check back in a minute."
    ),
    "no-auth-401.json": answers.UNKNOWN_KEY,
    "php-down-502.json": answers.HOST_DOWN.format(status=502),
    "plain-permalinks-200-html.json": answers.NO_API,
    "rest-disabled-401.json": (f"{answers.CLOSED} It says: DRA: Only authenticated users can access the REST API."),
    "woocommerce-inactive-404.json": answers.NOT_INSTALLED,
    "wrong-path-404-html.json": answers.NO_API,
}
READABLE = ("fine-200.json", "php-notice-before-json-200.json")
recorded = pytest.mark.skipif(not RECORDED.is_dir(), reason="the recording is not beside the project")


def replay(name: str) -> None:
    told = json.loads((RECORDED / name).read_text())["response"]
    headers = {key: value for key, value in told["headers"].items() if key != "Content-Type"}
    responses.get(
        ORDERS, body=told["text"], status=told["status"], headers=headers, content_type=told["headers"]["Content-Type"]
    )


@recorded
def test_every_recorded_answer_has_its_sentence_or_is_readable() -> None:
    assert sorted(path.name for path in RECORDED.iterdir()) == sorted([*RECORDED_SENTENCES, *READABLE])


@recorded
@responses.activate
@pytest.mark.parametrize("name", RECORDED_SENTENCES)
def test_a_recorded_failure_is_told_in_its_sentence(client: StoreClient, name: str) -> None:
    replay(name)

    with pytest.raises(WaitlineError) as error:
        client.read_orders([13])

    assert str(error.value) == RECORDED_SENTENCES[name]


@recorded
@responses.activate
@pytest.mark.parametrize("name", READABLE)
def test_a_recorded_answer_with_a_notice_in_front_is_the_same_data(name: str) -> None:
    replay(name)

    told = Transport().request("GET", ORDERS)

    assert answers.told_in(answers_ok(told)) == [{"id": 13, "status": "on-hold"}]


def answers_ok(reply: Any) -> Any:
    assert answers.failure("GET", ORDERS, reply) is None
    return reply


@responses.activate
@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"Retry-After": "600"}, 600),
        ({"Retry-After": "Wed, 21 Oct 2026 07:30:00 GMT", "Date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 120),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT", "Date": "Wed, 21 Oct 2026 07:30:00 GMT"}, 60),
        ({"Retry-After": "Wed, 21 Oct 2026 07:30:00 GMT"}, 60),
        ({"Retry-After": "soon"}, 60),
        ({"Retry-After": "999999"}, 3600),
        ({}, 60),
    ],
)
def test_the_wait_that_a_store_asks_for_is_kept_up_to_an_hour(
    client: StoreClient, headers: dict[str, str], wait: float
) -> None:
    responses.get(ORDERS, **word(503, "wp_die", "Wait.", **headers))

    with pytest.raises(TemporaryFailure) as error:
        client.read_orders([20])

    assert error.value.retry_after == wait


SILENCES = [requests.ReadTimeout("x"), requests.ConnectionError("y"), requests.exceptions.SSLError("z")]


def hanging_on(error: BaseException) -> Iterator[BaseException]:
    """The error and all that Python keeps behind it, shown or not."""
    behind: BaseException | None = error
    while behind is not None:
        yield behind
        behind = behind.__cause__ or behind.__context__


@responses.activate
@pytest.mark.parametrize("answer", [*({"body": silence} for silence in SILENCES), *(said[0] for said in SAID.values())])
def test_a_key_that_travels_in_the_query_is_in_no_error(answer: dict[str, Any]) -> None:
    location = (
        {"headers": {"Location": f"{ORDERS}?consumer_secret=cs_very_secret"}} if "Location" in str(answer) else {}
    )
    responses.get(ORDERS, **answer | location)

    with pytest.raises(WaitlineError) as error:
        client_with(IN_QUERY).read_orders([20])

    assert "consumer_secret=cs_very_secret" in str(responses.calls[0].request.url)
    shown = "".join(traceback.format_exception(error.value))
    assert [secret in shown for secret in ("cs_very_secret", "ck_very_public")] == [False, False]
    assert [type(one) for one in hanging_on(error.value)] == [type(error.value)]


def test_a_key_that_travels_in_the_query_is_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    Transport()
    caplog.set_level(logging.DEBUG)

    logging.getLogger("urllib3.connectionpool").debug(
        '%s://%s:%s "%s %s %s" %s %s',
        "https",
        "shop.example",
        443,
        "GET",
        "/a?consumer_secret=cs_b",
        "HTTP/1.1",
        200,
        5,
    )

    assert caplog.messages == ['https://shop.example:443 "GET /a HTTP/1.1" 200 5']


def test_a_host_that_drops_the_header_is_given_the_key_in_the_query() -> None:
    woo = WooShop(address="https://shop.example", strips_authorization=True)
    transport = LocalTransport({"shop.example": woo})
    credentials = {"key": "ck_demo", "secret": "cs_demo", "webhook_secret": "s"}

    proven = PLATFORM.installer.proven("https://shop.example", credentials, transport)

    assert proven == credentials | {"key_in": "query"}
    client = PLATFORM.client("https://shop.example", proven, transport, lambda: datetime(2027, 1, 4, tzinfo=UTC))
    assert client.describe().currency == "USD"


def test_a_host_that_passes_the_header_again_gets_it_there_again() -> None:
    transport = LocalTransport({"shop.example": WooShop(address="https://shop.example")})
    credentials = {"key": "ck_demo", "secret": "cs_demo", "webhook_secret": "s"}

    proven = PLATFORM.installer.proven("https://shop.example", credentials | {"key_in": "query"}, transport)

    assert proven == credentials
    assert [url for _, url in transport.calls if "cs_demo" in url] == []


def test_a_wrong_secret_is_not_sent_a_second_time_in_the_query() -> None:
    transport = LocalTransport({"shop.example": WooShop(address="https://shop.example")})

    with pytest.raises(AccessLost):
        PLATFORM.installer.proven("https://shop.example", CREDENTIALS | {"key": "ck_demo"}, transport)

    assert len(transport.calls) == 1


def test_a_key_that_may_only_read_is_found_out_without_writing_anything() -> None:
    woo = WooShop(address="https://shop.example")
    woo.access.keys["ck_reads"] = Key(2, "ck_reads", "cs", "read")
    transport = LocalTransport({"shop.example": woo})
    reads = {"key": "ck_reads", "secret": "cs", "webhook_secret": "s"}

    with pytest.raises(AccessLost) as error:
        PLATFORM.installer.proven("https://shop.example", reads, transport)

    assert (str(error.value), woo.journal.effects) == (answers.READS_ONLY, [])


@responses.activate
@pytest.mark.parametrize("answer", [word(400, "rest_invalid_param"), word(404, "rest_no_route"), page(413)])
def test_a_shop_that_takes_no_empty_batch_is_connected_all_the_same(answer: dict[str, Any]) -> None:
    responses.get(ORDERS, json=[])
    responses.post(f"{ORDERS}/batch", **answer)

    assert PLATFORM.installer.proven("https://shop.example", CREDENTIALS, Transport()) == CREDENTIALS


@responses.activate
@pytest.mark.parametrize(
    ("answer", "family"),
    [
        (word(403, "woocommerce_rest_cannot_batch"), AccessLost),
        (page(502), TemporaryFailure),
        ({"body": requests.ReadTimeout("x")}, TemporaryFailure),
    ],
)
def test_a_shop_that_refuses_to_write_is_not_connected(answer: dict[str, Any], family: type[WaitlineError]) -> None:
    responses.get(ORDERS, json=[])
    responses.post(f"{ORDERS}/batch", **answer)

    with pytest.raises(family):
        PLATFORM.installer.proven("https://shop.example", CREDENTIALS, Transport())


def test_asking_whether_a_key_may_write_changes_nothing_and_is_asked_when_connecting_only() -> None:
    received: list[str] = []
    woo = WooShop(address="https://shop.example", deliver=lambda url, _headers, _body: received.append(url) or 200)
    transport = LocalTransport({"shop.example": woo})
    credentials = {"key": "ck_demo", "secret": "cs_demo", "webhook_secret": "s"}

    proven = PLATFORM.installer.proven("https://shop.example", credentials, transport)
    PLATFORM.client("https://shop.example", proven, transport, lambda: datetime(2027, 1, 4, tzinfo=UTC)).describe()

    assert (woo.journal.effects, woo.shop.hooks.pending, received) == ([], [], [])
    asked = [url for method, url in transport.calls if method != "GET"]
    assert asked == ["https://shop.example/wp-json/wc/v3/orders/batch"]
