"""Connecting with one click: what is asked of the shop's merchant, and which answers are believed."""

import json
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from backorder.domain.errors import Rejected
from connectors.woocommerce.consent import WooHandover

RECORDED = Path(__file__).parents[4] / "shared" / "woocommerce" / "auth" / "callback-read_write.body"
POSTED = {
    "key_id": 3,
    "user_id": "nonce-1",
    "consumer_key": "ck_0123456789abcdef",
    "consumer_secret": "cs_fedcba9876543210",
    "key_permissions": "read_write",
}
CALLBACK = "https://waitline.example/callback"
CONSENT = WooHandover()


def body(**other: object) -> bytes:
    return json.dumps({**POSTED, **other}).encode()


def test_the_merchant_is_asked_in_the_shop_for_reading_and_writing() -> None:
    parts = urlsplit(CONSENT.authorise_url("https://shop.example/store", CALLBACK, "nonce-1"))

    assert (parts.netloc, parts.path) == ("shop.example", "/store/wc-auth/v1/authorize")
    assert dict(parse_qsl(parts.query)) == {
        "app_name": "Waitline",
        "scope": "read_write",
        "user_id": "nonce-1",
        "return_url": f"{CALLBACK}?state=nonce-1",
        "callback_url": CALLBACK,
    }


def test_nobody_is_asked_without_an_address_that_the_shop_would_call() -> None:
    with pytest.raises(Rejected):
        CONSENT.authorise_url("https://shop.example", "http://waitline.example/callback", "nonce-1")


def test_a_key_is_taken_with_the_nonce_that_it_claims() -> None:
    found = CONSENT.handed(body())

    assert (found.state, found.given) == ("nonce-1", {"key": "ck_0123456789abcdef", "secret": "cs_fedcba9876543210"})


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
        CONSENT.handed(posted)

    assert [secret in str(error.value) for secret in ("ck_01", "cs_fe")] == [False, False]


@pytest.mark.parametrize("permissions", ["read", "write"])
def test_a_key_that_may_not_do_both_is_refused_with_what_to_do(permissions: str) -> None:
    with pytest.raises(Rejected) as error:
        CONSENT.handed(body(key_permissions=permissions))

    assert str(error.value) == "The key may not read and write: approve the connection with the permission Read/Write."


@pytest.mark.parametrize(("params", "said_no"), [({"success": "1"}, False), ({"success": "0"}, True), ({}, True)])
def test_a_merchant_who_comes_back_has_approved_or_not(params: dict[str, str], said_no: bool) -> None:
    assert CONSENT.denied(params) is said_no


@pytest.mark.skipif(not RECORDED.is_file(), reason="the recording is not beside the project")
def test_the_recorded_key_is_read() -> None:
    found = CONSENT.handed(RECORDED.read_bytes())

    assert (found.state, found.given["key"][:6], found.given["secret"][:6]) == ("store-42", "ck_01b", "cs_2c6")
