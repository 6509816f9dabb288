"""What only WooCommerce's deliveries do. What every platform must do is in the contract tests."""

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from backorder.domain.errors import BadPayload, BadSignature, UnknownTopic
from backorder.domain.events import OrderGone, OrderSeen, SomeOrderGone, StockTouched, StoreTouched
from connectors.contract import Delivery, StoreRef
from connectors.signing import body_signature
from connectors.woocommerce import PLATFORM
from connectors.woocommerce.webhooks import topic_secret

WEBHOOKS = PLATFORM.webhooks
SAMPLES = Path(__file__).parents[3] / "connectors" / "woocommerce" / "samples"
SECRET = (SAMPLES / "secret.txt").read_text().strip().encode()
NAMES = sorted(path.name.removesuffix(".body") for path in SAMPLES.glob("*.body"))
SIGNED = [name for name in NAMES if not name.startswith("ping")]


def sample(name: str) -> Delivery:
    told = json.loads((SAMPLES / f"{name}.headers.json").read_text())
    body = (SAMPLES / f"{name}.body").read_bytes()
    return Delivery(told["headers"], body, datetime(2026, 11, 21, tzinfo=UTC), "token", told["path_topic"])


def delivery(topic: str, body: object, path_topic: str | None = None, **headers: str) -> Delivery:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Delivery(
        {"x-wc-webhook-topic": topic, "x-wc-webhook-id": "7", "x-wc-webhook-delivery-id": "d", **headers},
        raw,
        datetime(2027, 1, 4, tzinfo=UTC),
        "token",
        topic if path_topic is None else path_topic,
    )


@pytest.mark.parametrize("name", SIGNED)
def test_a_recorded_delivery_verifies_and_gives_the_events_beside_it(name: str) -> None:
    WEBHOOKS.verify(sample(name), [SECRET])

    events = [{"event": type(event).__name__, **asdict(event)} for event in WEBHOOKS.normalise(sample(name))]

    assert json.loads(json.dumps(events, default=str)) == json.loads((SAMPLES / f"{name}.events.json").read_text())


@pytest.mark.parametrize("name", SIGNED)
def test_one_changed_byte_does_not_verify(name: str) -> None:
    good = sample(name)
    changed = Delivery(good.headers, good.body[:-1] + b" ", good.received_at, good.path_token, good.path_topic)

    with pytest.raises(BadSignature):
        WEBHOOKS.verify(changed, [SECRET])


def test_the_store_is_found_by_the_token_in_our_url() -> None:
    assert WEBHOOKS.find(sample("order.deleted__to_trash")) == StoreRef(token="token")


def test_a_delivery_without_a_token_says_nobody() -> None:
    assert WEBHOOKS.find(Delivery({}, b"{}", datetime(2027, 1, 4, tzinfo=UTC))) is None


def test_a_secret_may_hold_quotes_signs_and_umlauts() -> None:
    secret = "a\"b'c & <d> ü€"
    given = WEBHOOKS.secrets({"webhook_secret": secret}, {})
    signed = delivery("order.deleted", {"id": 26})
    signature = body_signature(secret.encode(), signed.body).decode()

    WEBHOOKS.verify(delivery("order.deleted", {"id": 26}, **{"x-wc-webhook-signature": signature}), given)


@pytest.mark.parametrize("credentials", [None, {}, {"webhook_secret": ""}])
def test_a_store_without_a_secret_has_none_that_signs(credentials: dict[str, str] | None) -> None:
    assert WEBHOOKS.secrets(credentials, {}) == []


def test_the_recorded_ping_is_one() -> None:
    assert WEBHOOKS.is_ping(sample("ping__on_creation")) is True


@pytest.mark.parametrize(
    ("content_type", "body", "extra"),
    [
        ("application/json", b"webhook_id=1", {}),
        ("application/x-www-form-urlencoded", b"webhook_id=1&x=2", {}),
        ("application/x-www-form-urlencoded", b"webhook_id=1\n", {}),
        ("application/x-www-form-urlencoded", b"webhook_id=", {}),
        ("application/x-www-form-urlencoded", b"webhook_id=one", {}),
        ("application/x-www-form-urlencoded", b'{"id":26}', {}),
        ("application/x-www-form-urlencoded", b"webhook_id=1", {"x-wc-webhook-topic": "order.updated"}),
    ],
)
def test_anything_but_the_exact_form_is_no_ping(content_type: str, body: bytes, extra: dict[str, str]) -> None:
    headers = {"content-type": content_type, **extra}

    assert WEBHOOKS.is_ping(Delivery(headers, body, datetime(2027, 1, 4, tzinfo=UTC), "token")) is False


def test_a_repeat_of_a_delivery_has_the_same_key() -> None:
    assert WEBHOOKS.dedupe_key(sample("order.created__bank_transfer")) == WEBHOOKS.dedupe_key(
        sample("order.created__bank_transfer")
    )


@pytest.mark.parametrize(
    "other",
    [
        delivery("order.deleted", {"id": 27}),
        delivery("order.deleted", {"id": 26}, **{"x-wc-webhook-delivery-id": "e"}),
        delivery("order.deleted", {"id": 26}, **{"x-wc-webhook-id": "8"}),
    ],
)
def test_another_body_delivery_or_webhook_has_another_key(other: Delivery) -> None:
    assert WEBHOOKS.dedupe_key(other) != WEBHOOKS.dedupe_key(delivery("order.deleted", {"id": 26}))


def test_a_key_is_short_whatever_the_headers_say() -> None:
    long = {"x-wc-webhook-id": "9" * 500, "x-wc-webhook-delivery-id": "e" * 500}

    assert len(WEBHOOKS.dedupe_key(delivery("order.deleted", {"id": 26}, **long))) <= 200


def test_a_body_caught_on_another_topic_is_refused() -> None:
    with pytest.raises(BadPayload):
        WEBHOOKS.normalise(delivery("order.deleted", {"id": 26}, path_topic="product.deleted"))


@pytest.mark.parametrize("topic", ["order.backordered", "refund.created", ""])
def test_a_topic_that_nobody_knows_is_told(topic: str) -> None:
    with pytest.raises(UnknownTopic):
        WEBHOOKS.normalise(delivery(topic, {"id": 1}))


@pytest.mark.parametrize("topic", ["coupon.updated", "customer.created", "action.woocommerce_low_stock"])
def test_what_says_nothing_about_orders_or_stock_gives_no_events(topic: str) -> None:
    assert WEBHOOKS.normalise(delivery(topic, {"id": 1})) == []


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b"\xff", b'"26"', b'{"no": "id"}', b'{"id": "26"}', b'{"id": true}']
)
def test_a_deletion_without_an_id_cannot_be_read(body: bytes) -> None:
    with pytest.raises(BadPayload):
        WEBHOOKS.normalise(delivery("order.deleted", body))


def test_an_order_without_its_date_cannot_be_read() -> None:
    with pytest.raises(BadPayload):
        WEBHOOKS.normalise(delivery("order.updated", {"id": 26, "status": "processing"}))


def test_a_deleted_order_and_a_deleted_product_are_told_by_their_ids() -> None:
    assert WEBHOOKS.normalise(delivery("order.deleted", {"id": 26})) == [OrderGone(26)]
    assert WEBHOOKS.normalise(delivery("product.deleted", {"id": 14})) == [StockTouched(14)]


def test_a_signed_error_body_asks_for_a_catch_up() -> None:
    body = {"code": "woocommerce_rest_cannot_view", "message": "Sorry", "data": {"status": 403}}

    assert WEBHOOKS.normalise(delivery("order.updated", body)) == [
        StoreTouched("order.updated: woocommerce_rest_cannot_view")
    ]


def test_a_signed_body_of_a_deleted_order_asks_for_every_open_one() -> None:
    body = {"code": "woocommerce_rest_shop_order_invalid_id", "message": "Invalid ID.", "data": {"status": 404}}

    assert WEBHOOKS.normalise(delivery("order.updated", body)) == [
        SomeOrderGone("order.updated: woocommerce_rest_shop_order_invalid_id")
    ]


def test_a_slash_behind_the_address_is_the_same_address() -> None:
    with_slash = delivery("order.deleted", {"id": 26}, "order.deleted/")
    signed = body_signature(topic_secret(SECRET, "order.deleted").encode(), with_slash.body).decode()

    WEBHOOKS.verify(replace(with_slash, headers={"x-wc-webhook-signature": signed}), [SECRET])
    assert WEBHOOKS.normalise(with_slash) == [OrderGone(26)]


@pytest.mark.parametrize("other", [SECRET, b"another"])
def test_what_one_topics_secret_signed_is_nothing_on_another_topic(other: bytes) -> None:
    caught = delivery("order.deleted", {"id": 26})
    signed = body_signature(topic_secret(other, "order.updated").encode(), caught.body).decode()

    with pytest.raises(BadSignature):
        WEBHOOKS.verify(replace(caught, headers={**caught.headers, "x-wc-webhook-signature": signed}), [SECRET])


def order_with(status: str) -> dict[str, object]:
    return {"id": 26, "number": "26", "status": status, "date_created_gmt": "2027-01-04T09:00:00"}


def test_a_new_order_that_is_in_the_trash_already_is_gone() -> None:
    assert WEBHOOKS.normalise(delivery("order.created", order_with("trash"))) == [OrderGone(26)]


def test_a_checkout_in_progress_is_no_order() -> None:
    assert WEBHOOKS.normalise(delivery("order.updated", order_with("checkout-draft"))) == []


def test_fields_of_no_interest_may_be_anything() -> None:
    odd = order_with("wc-special") | {"billing": {"email": None}, "meta_data": [{"id": None, "key": None}], "x": [1]}

    events = WEBHOOKS.normalise(delivery("order.updated", odd))

    assert [event.order.store_status for event in events if isinstance(event, OrderSeen)] == ["wc-special"]


@pytest.mark.parametrize(("manage_stock", "touched"), [(True, [18]), (False, [18]), ("parent", [15, 18])])
def test_a_variation_touches_the_pool_that_counts_it_and_its_own_lines(
    manage_stock: bool | str, touched: list[int]
) -> None:
    body = {"id": 18, "type": "variation", "parent_id": 15, "manage_stock": manage_stock, "stock_quantity": 3}

    assert WEBHOOKS.normalise(delivery("product.updated", body)) == [StockTouched(item) for item in touched]
