"""The way in: signed and kept, or refused; nothing else is done with a webhook here."""

import json
from collections.abc import Mapping

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from app.webhooks import BODY_LIMIT
from backorder.db.session import Database
from backorder.db.tables import deliveries
from backorder.db.tables import stores as store_rows
from backorder.domain.lifecycle import WorkState
from backorder.domain.store import Health
from connectors.signing import body_signature
from tests.app.shop import NOW, Bell, Shop

BODY = b'{"id": 42}'
ADDRESS = "/webhooks/shopify"


def signed(body: bytes = BODY, secret: bytes = b"the app's own secret", **more: str) -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "X-Shopify-Topic": "orders/updated",
        "X-Shopify-Shop-Domain": "lamps.myshopify.com",
        "X-Shopify-Webhook-Id": "one",
        "X-Shopify-Hmac-Sha256": body_signature(secret, body).decode(),
        **more,
    }


def answer(browser: FlaskClient, headers: Mapping[str, str], body: bytes = BODY) -> tuple[int, bytes]:
    found = browser.post(ADDRESS, data=body, headers=dict(headers))
    return found.status_code, found.data


def test_a_signed_webhook_is_kept_as_it_came_and_the_bell_is_rung(browser: FlaskClient, shop: Shop, bell: Bell) -> None:
    assert answer(browser, signed()) == (200, b"")
    [row] = shop.rows(deliveries)
    assert (row["body"], row["topic"], row["dedupe_key"]) == (BODY, "orders/updated", "one")
    assert (row["state"], row["received_at"]) == (WorkState.DUE, NOW)
    assert bell.rung == [("inbox", "ingest", shop.id)]


def test_a_repeat_is_a_quiet_success(browser: FlaskClient, shop: Shop) -> None:
    assert [answer(browser, signed()) for _ in range(3)] == [(200, b"")] * 3
    assert len(shop.rows(deliveries)) == 1


@pytest.mark.parametrize(
    "headers",
    [
        signed(secret=b"another secret"),
        signed(**{"X-Shopify-Hmac-Sha256": ""}),
        signed(**{"X-Shopify-Hmac-Sha256": "ключ".encode().decode("latin-1")}),
        signed(body=b"another body"),
        signed(secret=b"another secret", **{"X-Shopify-Shop-Domain": "nobody.myshopify.com"}),
        {"Content-Type": "application/json"},
    ],
)
def test_whatever_is_wrong_the_answer_is_one_and_the_same(
    browser: FlaskClient, shop: Shop, bell: Bell, headers: dict[str, str]
) -> None:
    assert answer(browser, headers) == (401, b"")
    assert (shop.rows(deliveries), bell.rung) == ([], [])


def test_a_signed_webhook_of_a_store_that_is_not_known_leaves_nothing(
    browser: FlaskClient, shop: Shop, bell: Bell
) -> None:
    headers = signed(secret=b"the app's secret", **{"X-Shopify-Shop-Domain": "nobody.myshopify.com"})
    assert answer(browser, headers) == (200, b"")
    assert (shop.rows(deliveries), bell.rung) == ([], [])


def test_a_signed_webhook_of_a_store_that_left_leaves_nothing(browser: FlaskClient, shop: Shop, bell: Bell) -> None:
    shop.set(health=Health.GONE, credentials="")
    assert answer(browser, signed(secret=b"the app's secret")) == (200, b"")
    assert (shop.rows(deliveries), bell.rung) == ([], [])


def test_only_the_platforms_headers_are_kept(browser: FlaskClient, shop: Shop) -> None:
    more = {"Cookie": "a=b", "Authorization": "Bearer x", **{f"X-Extra-{n}": "Ü" for n in range(100)}}
    assert answer(browser, {**signed(), **more}) == (200, b"")
    kept = json.loads(shop.rows(deliveries)[0]["headers"])
    assert len(kept) == 64
    assert {name for name in kept if not name.startswith("x-")} == {"content-type"}


def test_a_body_of_five_megabytes_is_taken_and_one_byte_more_is_not(browser: FlaskClient, shop: Shop) -> None:
    body = b"x" * BODY_LIMIT
    assert answer(browser, signed(body), body) == (200, b"")
    body += b"x"
    assert answer(browser, signed(body, **{"X-Shopify-Webhook-Id": "two"}), body) == (413, b"")
    assert len(shop.rows(deliveries)) == 1


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_webhooks_are_posted(browser: FlaskClient, method: str) -> None:
    assert browser.open(ADDRESS, method=method).status_code == 405


@pytest.mark.parametrize("path", ["/webhooks/nobody", "/webhooks/nobody/token/topic", "/webhooks/woocommerce/%00/x"])
def test_an_address_that_no_platform_has_is_not_found(browser: FlaskClient, path: str) -> None:
    assert browser.post(path, data=BODY).status_code == 404


def test_the_token_in_the_address_names_the_store(browser: FlaskClient, other_shop: Shop) -> None:
    with other_shop.world.database.write() as conn:
        conn.execute(update(store_rows).where(store_rows.c.id == other_shop.id).values(webhook_token="secret-token"))
    headers = {"X-WC-Webhook-Signature": body_signature(b"the shop's secret", BODY).decode(), "X-WC-Webhook-ID": "3"}
    path = "/webhooks/woocommerce/{}/order.updated"
    assert browser.post(path.format("other-token"), data=BODY, headers=headers).status_code == 401
    assert browser.post(path.format("secret-token"), data=BODY, headers=headers).status_code == 200
    assert [row["path_topic"] for row in other_shop.rows(deliveries)] == ["order.updated"]


def test_an_address_with_a_slash_behind_it_answers_itself(browser: FlaskClient, other_shop: Shop) -> None:
    with other_shop.world.database.write() as conn:
        conn.execute(update(store_rows).where(store_rows.c.id == other_shop.id).values(webhook_token="secret-token"))
    headers = {"X-WC-Webhook-Signature": body_signature(b"the shop's secret", BODY).decode(), "X-WC-Webhook-ID": "3"}
    answers = [
        browser.post(f"/webhooks/woocommerce/secret-token/order.updated{end}", data=BODY, headers=headers).status_code
        for end in ("", "/")
    ]
    assert (answers, len(other_shop.rows(deliveries))) == ([200, 200], 1)


def test_the_unsigned_ping_is_answered_without_a_row(browser: FlaskClient, other_shop: Shop, bell: Bell) -> None:
    path = "/webhooks/woocommerce/any/order.updated"
    found = browser.post(path, data=b"webhook_id=7", content_type="application/x-www-form-urlencoded")
    assert (found.status_code, found.data) == (200, b"")
    assert (other_shop.rows(deliveries), bell.rung) == ([], [])


def test_what_cannot_be_stored_is_asked_for_again(
    browser: FlaskClient, shop: Shop, bell: Bell, database: Database
) -> None:
    with database.write() as conn:
        deliveries.drop(conn)
    assert answer(browser, signed()) == (503, b"")
    assert bell.rung == []


def test_no_cookie_and_no_page_headers_are_spent_on_a_webhook(browser: FlaskClient, shop: Shop) -> None:
    found = browser.post(ADDRESS, data=BODY, headers=signed())
    assert set(dict(found.headers)) == {"Content-Type", "Content-Length"}


def test_the_store_read_is_not_remembered(browser: FlaskClient, shop: Shop) -> None:
    assert answer(browser, signed()) == (200, b"")
    shop.set(credentials=shop.world.sealer.seal({"client_secret": "a new secret"}))
    assert answer(browser, signed(**{"X-Shopify-Webhook-Id": "two"})) == (401, b"")
    assert answer(browser, signed(secret=b"a new secret", **{"X-Shopify-Webhook-Id": "two"})) == (200, b"")
