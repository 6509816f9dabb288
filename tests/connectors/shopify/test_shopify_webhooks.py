"""What only Shopify's deliveries do. What every platform must do is in the contract tests."""

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from backorder.domain.errors import BadPayload, BadSignature, UnknownTopic
from backorder.domain.events import OrderSeen, OrderTouched, OrderTraced, StockTouched, StoreTouched
from connectors.contract import Delivery, StoreRef
from connectors.shopify import PLATFORM
from connectors.shopify.privacy import COMPLIANCE
from connectors.shopify.webhooks import IGNORED, TOPICS
from tests.connectors.shopify.conftest import SHARED, reference

WEBHOOKS = PLATFORM.webhooks
SAMPLES = Path(__file__).parents[3] / "connectors" / "shopify" / "samples"
SECRET = (SAMPLES / "secret.txt").read_text().strip().encode()
NAMES = sorted(path.name.removesuffix(".body") for path in SAMPLES.glob("*.body"))
NOW = datetime(2026, 11, 20, tzinfo=UTC)


def sample(name: str) -> Delivery:
    told = json.loads((SAMPLES / f"{name}.headers.json").read_text())
    return Delivery(told["headers"], (SAMPLES / f"{name}.body").read_bytes(), NOW)


def delivery(topic: str, body: object, **headers: str) -> Delivery:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Delivery({"x-shopify-topic": topic, **headers}, raw, NOW)


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_verifies_and_gives_the_events_beside_it(name: str) -> None:
    WEBHOOKS.verify(sample(name), [SECRET])

    events = [{"event": type(event).__name__, **asdict(event)} for event in WEBHOOKS.normalise(sample(name))]

    assert json.loads(json.dumps(events, default=str)) == json.loads((SAMPLES / f"{name}.events.json").read_text())


@pytest.mark.parametrize("name", NAMES)
def test_one_changed_byte_does_not_verify(name: str) -> None:
    good = sample(name)

    with pytest.raises(BadSignature):
        WEBHOOKS.verify(Delivery(good.headers, good.body[:-1] + b" ", NOW), [SECRET])


def test_every_signature_vector_has_its_verdict() -> None:
    told = json.loads(reference("vectors.json").read_text())
    secrets = [told["client_secret"].encode(), told["old_client_secret"].encode()]
    verdicts = []
    for vector in told["webhook_hmac"]["vectors"]:
        headers = {} if vector["header"] is None else {"x-shopify-hmac-sha256": vector["header"]}
        try:
            WEBHOOKS.verify(Delivery(headers, vector["raw_body"].encode(), NOW), secrets)
        except BadSignature:
            verdicts.append(False)
        else:
            verdicts.append(True)

    assert verdicts == [bool(vector["valid"]) for vector in told["webhook_hmac"]["vectors"]]


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("quay-goods.myshopify.com", StoreRef(address="quay-goods.myshopify.com")),
        ("Quay-Goods.MyShopify.com", StoreRef(address="quay-goods.myshopify.com")),
        ("evil.example", None),
        ("evil.example/quay-goods.myshopify.com", None),
        ("quay_goods.myshopify.com", None),
        ("http://[", None),
        ("", None),
    ],
)
def test_a_delivery_is_claimed_by_the_shop_in_its_header_if_it_can_be_one(header: str, found: StoreRef | None) -> None:
    assert WEBHOOKS.find(delivery("orders/create", {}, **{"x-shopify-shop-domain": header})) == found


def test_a_delivery_that_names_no_shop_is_nobodys() -> None:
    assert WEBHOOKS.find(delivery("orders/create", {})) is None


def test_the_shops_own_secret_comes_before_the_operators_newest_first() -> None:
    environ = {"WAITLINE_SHOPIFY_CLIENT_SECRETS": " new , old ,"}

    assert WEBHOOKS.secrets({"client_secret": "own"}, environ) == [b"own", b"new", b"old"]
    assert WEBHOOKS.secrets(None, environ) == [b"new", b"old"]
    assert WEBHOOKS.secrets({"access_token": "t"}, {}) == []


def test_nothing_unsigned_is_a_ping() -> None:
    assert WEBHOOKS.is_ping(delivery("", b"")) is False


def test_a_repeat_has_the_webhook_id_of_the_first() -> None:
    first = delivery("orders/create", {"id": 1}, **{"x-shopify-webhook-id": "w-1", "x-shopify-event-id": "e-1"})
    other = delivery("orders/updated", {"id": 1}, **{"x-shopify-webhook-id": "w-2", "x-shopify-event-id": "e-1"})

    assert WEBHOOKS.dedupe_key(first) == "w-1"
    assert WEBHOOKS.dedupe_key(other) == "w-2"


def test_without_a_webhook_id_topic_and_body_tell_a_delivery_apart() -> None:
    keys = {
        WEBHOOKS.dedupe_key(delivery("orders/create", {"id": 1})),
        WEBHOOKS.dedupe_key(delivery("orders/create", {"id": 1}, **{"x-shopify-webhook-id": "w" * 201})),
        WEBHOOKS.dedupe_key(delivery("orders/updated", {"id": 1})),
        WEBHOOKS.dedupe_key(delivery("orders/create", {"id": 2})),
    }

    assert len(keys) == 3


def test_every_topic_is_either_handled_or_ignored() -> None:
    assert not set(TOPICS) & IGNORED


@pytest.mark.parametrize("topic", ["carts/update", "orders/created", ""])
def test_a_topic_that_is_neither_is_unknown(topic: str) -> None:
    with pytest.raises(UnknownTopic):
        WEBHOOKS.normalise(delivery(topic, {}))


BAD_BODIES: list[tuple[str, Any]] = [
    ("orders/create", b""),
    ("orders/create", b"\xff{}"),
    ("orders/create", []),
    ("orders/create", {"id": 1}),
    ("orders/create", {"id": 1, "created_at": "2026-11-20T09:00:00", "updated_at": "2026-11-20T09:00:00"}),
    ("orders/create", {"id": 1, "admin_graphql_api_id": "gid://other/Order/1"}),
    ("orders/edited", {"order_edit": {}}),
    ("refunds/create", {"id": 5}),
    ("inventory_items/update", {"id": "many"}),
]


@pytest.mark.parametrize(("topic", "body"), BAD_BODIES)
def test_a_body_that_is_not_what_its_topic_promises_is_refused(topic: str, body: Any) -> None:
    with pytest.raises(BadPayload):
        WEBHOOKS.normalise(delivery(topic, body))


def test_a_fulfillment_order_that_names_its_order_touches_only_that_one() -> None:
    body = {"fulfillment_order": {"id": "gid://shopify/FulfillmentOrder/1", "order_id": "gid://shopify/Order/7"}}

    assert WEBHOOKS.normalise(delivery("fulfillment_orders/moved", body)) == [OrderTouched(7)]


def test_a_level_that_names_no_item_touches_the_store() -> None:
    assert WEBHOOKS.normalise(delivery("inventory_levels/update", {})) == [StoreTouched("inventory_levels/update")]


def test_the_exact_item_is_taken_from_the_global_id() -> None:
    body = {"id": 271878346596884000, "admin_graphql_api_id": "gid://shopify/InventoryItem/271878346596884015"}

    assert WEBHOOKS.normalise(delivery("inventory_items/update", body)) == [StockTouched(271878346596884015)]


@pytest.mark.parametrize("path", sorted(SHARED.glob("webhooks/*.json")), ids=lambda path: path.stem)
def test_shopifys_own_example_of_a_topic_is_understood_or_ignored(path: Path) -> None:
    told = json.loads(path.read_text())
    example = delivery(told["topic"], told["example"], **{"x-shopify-shop-domain": "example.myshopify.com"})
    example = replace(example, body=example.body.replace(b"{shop}", b"example"))
    assert bool(WEBHOOKS.normalise(example)) is (told["topic"] in {*TOPICS, *COMPLIANCE})


@pytest.mark.parametrize("path", sorted(SHARED.glob("samples/rest_2026-07/order_*.json")), ids=lambda path: path.stem)
def test_an_order_as_shopify_writes_it_is_understood(path: Path) -> None:
    told = json.loads(path.read_text())

    (event,) = WEBHOOKS.normalise(delivery(told["as_webhook_topic"], told["body"]))

    assert isinstance(event, OrderSeen)
    assert event.order.number == told["body"]["name"]
    for line in event.order.lines:
        if line.ignored is None:
            assert line.ordered == line.shipped + line.cancelled + line.outstanding


def test_every_topic_stands_in_the_connectors_readme() -> None:
    readme = (SAMPLES.parent / "README.md").read_text()

    assert [topic for topic in (*TOPICS, *sorted(IGNORED)) if f"`{topic}`" not in readme] == []


def test_every_topic_of_shopify_is_asked_for_or_ignored_with_a_reason() -> None:
    topics = {json.loads(path.read_text())["topic"] for path in reference("webhooks").glob("*.json")}

    assert (len(topics), topics) == (103, {*TOPICS, *COMPLIANCE} | IGNORED)


WORK = {"id": "gid://shopify/FulfillmentOrder/1", "status": "open"}
REST = {"id": "gid://shopify/FulfillmentOrder/2", "status": "open"}
HOLD = {"id": "gid://shopify/FulfillmentHold/9", "handle": "waitline-1"}
TRACED: list[tuple[str, dict[str, Any], tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]]] = [
    ("fulfillment_holds/added", {"fulfillment_order": WORK, "fulfillment_hold": HOLD}, (("work 1",), ("hold 9",), ())),
    (
        "fulfillment_holds/released",
        {"fulfillment_order": WORK, "fulfillment_hold": HOLD},
        (("work 1",), (), ("hold 9",)),
    ),
    ("fulfillment_orders/hold_released", {"fulfillment_order": WORK}, (("work 1",), (), ("held 1",))),
    (
        "fulfillment_orders/placed_on_hold",
        {"fulfillment_order": WORK, "remaining_fulfillment_order": REST, "created_fulfillment_hold": HOLD},
        (("work 1", "work 2"), ("hold 9", "work 2"), ()),
    ),
    (
        "fulfillment_orders/split",
        {"fulfillment_order": WORK, "remaining_fulfillment_order": REST},
        (("work 1", "work 2"), ("work 2",), ()),
    ),
    (
        "fulfillment_orders/merged",
        {
            "merge_intents": [{"fulfillment_order_id": 1}, {"fulfillment_order_id": 2}],
            "fulfillment_order_merges": {"fulfillment_order": WORK},
        },
        (("work 1", "work 2"), (), ("open 2",)),
    ),
    ("fulfillment_orders/order_routing_complete", {"fulfillment_order": WORK}, (("work 1",), (), ())),
    ("fulfillment_orders/cancelled", {"fulfillment_order": WORK}, (("work 1",), (), ())),
]


@pytest.mark.parametrize(("topic", "body", "traced"), TRACED, ids=[case[0] for case in TRACED])
def test_a_fulfillment_orders_webhook_says_what_a_reading_that_knows_it_has_found(
    topic: str, body: dict[str, Any], traced: tuple[tuple[str, ...], ...]
) -> None:
    assert WEBHOOKS.normalise(delivery(topic, body)) == [OrderTraced(*traced, why=topic)]
