"""Connecting with one click: what is asked of the shop's merchant, and which answers are believed."""

import json
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from werkzeug.test import Client

from backorder.domain.errors import Rejected
from connectors.woocommerce import PLATFORM
from connectors.woocommerce.consent import RECEIVED, authorise_url, denied, granted
from demo.stores.wire import LocalTransport
from demo.stores.woocommerce import WooShop

RECORDED = Path(__file__).parents[4] / "shared" / "woocommerce" / "auth" / "callback-read_write.body"
POSTED = {
    "key_id": 3,
    "user_id": "nonce-1",
    "consumer_key": "ck_0123456789abcdef",
    "consumer_secret": "cs_fedcba9876543210",
    "key_permissions": "read_write",
}
BACK, CALLBACK = "https://waitline.example/back?a=1", "https://waitline.example/callback"


def body(**other: object) -> bytes:
    return json.dumps({**POSTED, **other}).encode()


def test_the_merchant_is_asked_in_the_shop_for_reading_and_writing() -> None:
    parts = urlsplit(authorise_url("https://shop.example/store", "nonce-1", BACK, CALLBACK))

    assert (parts.netloc, parts.path) == ("shop.example", "/store/wc-auth/v1/authorize")
    assert dict(parse_qsl(parts.query)) == {
        "app_name": "Waitline",
        "scope": "read_write",
        "user_id": "nonce-1",
        "return_url": BACK,
        "callback_url": CALLBACK,
    }


@pytest.mark.parametrize(("nonce", "callback"), [("", CALLBACK), ("nonce-1", "http://waitline.example/callback")])
def test_nobody_is_asked_without_a_nonce_or_an_address_that_the_shop_would_call(nonce: str, callback: str) -> None:
    with pytest.raises(Rejected):
        authorise_url("https://shop.example", nonce, BACK, callback)


def test_a_key_is_taken_for_the_connection_that_was_begun_with_its_nonce() -> None:
    found = granted(body())

    assert found.nonce == "nonce-1"
    assert found.given("nonce-1") == {"key": "ck_0123456789abcdef", "secret": "cs_fedcba9876543210"}


@pytest.mark.parametrize("begun", ["", "nonce-2", "nönce"])
def test_a_key_of_another_connection_is_refused(begun: str) -> None:
    with pytest.raises(Rejected):
        granted(body()).given(begun)


@pytest.mark.parametrize(
    "posted",
    [
        b"", b"webhook_id=3", b"[]", b"null", b"{}", b"\xff", b" " * 5000,
        body(user_id=None), body(user_id=7), body(user_id=""), body(user_id="x" * 201),
        body(consumer_key="cs_fedcba9876543210"), body(consumer_secret=None), body(consumer_key="ck_short"),
        body(consumer_key="ck_0123456789abcdef\n"), body(key_permissions=None),
    ],
)  # fmt: skip
def test_anything_but_a_whole_key_is_refused(posted: bytes) -> None:
    with pytest.raises(Rejected) as error:
        granted(posted)

    assert [secret in str(error.value) for secret in ("ck_01", "cs_fe")] == [False, False]


@pytest.mark.parametrize("permissions", ["read", "write"])
def test_a_key_that_may_not_do_both_is_refused_with_what_to_do(permissions: str) -> None:
    with pytest.raises(Rejected) as error:
        granted(body(key_permissions=permissions))

    assert str(error.value) == "The key may not read and write: approve the connection with the permission Read/Write."


@pytest.mark.parametrize(("params", "said_no"), [({"success": "1"}, False), ({"success": "0"}, True), ({}, True)])
def test_a_merchant_who_comes_back_has_approved_or_not(params: dict[str, str], said_no: bool) -> None:
    assert denied(params) is said_no


@pytest.mark.skipif(not RECORDED.is_file(), reason="the recording is not beside the project")
def test_the_recorded_key_is_read() -> None:
    found = granted(RECORDED.read_bytes())

    assert (found.nonce, found.key[:6], found.secret[:6]) == ("store-42", "ck_01b", "cs_2c6")


def test_in_a_shop_that_behaves_as_the_real_one_the_granted_key_opens_it() -> None:
    posted = []

    def receive(url: str, headers: object, raw: bytes) -> int:
        posted.append((url, raw))
        return RECEIVED

    woo = WooShop(address="https://shop.example", deliver=receive)
    page = authorise_url("https://shop.example", "nonce-1", BACK, CALLBACK)
    approve = f"/wc-auth/v1/access_granted/?{urlsplit(page).query}"

    came_back = Client(woo).post(approve, base_url="https://shop.example")

    assert came_back.status_code == 302
    back = dict(parse_qsl(urlsplit(came_back.headers["Location"]).query))
    assert (back["user_id"], denied(back)) == ("nonce-1", False)
    [(url, raw)] = posted
    assert url == CALLBACK
    credentials = PLATFORM.installer.credentials(granted(raw).given("nonce-1"))
    transport = LocalTransport({"shop.example": woo})
    assert PLATFORM.installer.proven("https://shop.example", credentials, transport) == credentials
    client = PLATFORM.client("https://shop.example", credentials, transport, lambda: pytest.fail("no reading"))
    assert client.describe().currency == "USD"
