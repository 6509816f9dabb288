"""Requests about people's data arrive for stores that are connected, gone and unknown alike."""

import json
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from backorder.db import privacy_tasks
from backorder.db.session import Database
from backorder.db.tables import deliveries
from backorder.db.tables import privacy_tasks as task_rows
from backorder.domain.lifecycle import WorkState
from backorder.domain.privacy import DUE_AFTER, Person, TaskKind
from backorder.domain.store import Health
from connectors.signing import body_signature
from tests.app.shop import NOW, Shop

SHOP = "lamps.myshopify.com"
SECRET = b"the app's secret"
ADA = Person(7, "ada@example.com", "555-625-1199", (1, 2))
CUSTOMER = {"id": 7, "email": "ada@example.com", "phone": "555-625-1199"}
BODIES = {
    "customers/redact": ({"customer": CUSTOMER, "orders_to_redact": [2, 1]}, TaskKind.ERASE_CUSTOMER, ADA),
    "customers/data_request": ({"customer": CUSTOMER, "orders_requested": [1, 2]}, TaskKind.TELL_CUSTOMER, ADA),
    "shop/redact": ({}, TaskKind.ERASE_STORE, None),
}


def post(browser: FlaskClient, topic: str, told: object, *, shop: str = SHOP, secret: bytes = SECRET) -> int:
    body = json.dumps(told).encode()
    headers = {
        "X-Shopify-Topic": topic,
        "X-Shopify-Shop-Domain": shop,
        "X-Shopify-Webhook-Id": f"id of {topic}",
        "X-Shopify-Hmac-Sha256": body_signature(secret, body).decode(),
    }
    return browser.post("/webhooks/shopify", data=body, headers=headers).status_code


def told(topic: str, shop: str = SHOP) -> dict[str, object]:
    return {"shop_id": 1, "shop_domain": shop, **BODIES[topic][0]}


def tasks(database: Database) -> list[privacy_tasks.PrivacyTask]:
    with database.read() as conn:
        return privacy_tasks.everything(conn)


@pytest.mark.parametrize("topic", BODIES)
@pytest.mark.parametrize("known", ["unknown", "gone"])
def test_a_request_for_a_store_that_is_gone_or_unknown_is_a_task_with_a_due_date_and_nothing_else_is_kept(
    browser: FlaskClient, shop: Shop, database: Database, topic: str, known: str
) -> None:
    shop.set(health=Health.GONE, credentials="")
    address = SHOP if known == "gone" else "nobody.myshopify.com"
    for _ in range(2):
        assert post(browser, topic, told(topic, address), shop=address) == 200
    [task] = tasks(database)
    _, kind, person = BODIES[topic]
    assert (task.kind, task.person, task.address, task.state) == (kind, person, address, WorkState.DUE)
    assert (task.asked_at, task.due_at) == (NOW, NOW + DUE_AFTER)
    assert task.left_by == (NOW - timedelta(hours=48) if topic == "shop/redact" else None)
    assert shop.rows(deliveries) == []


@pytest.mark.parametrize("topic", [*BODIES, "app/uninstalled"])
@pytest.mark.parametrize("health", [Health.GOOD, Health.ACCESS_LOST, Health.GONE])
def test_a_bad_signature_is_401_and_no_task(
    browser: FlaskClient, shop: Shop, database: Database, topic: str, health: Health
) -> None:
    shop.set(health=health, **({"credentials": ""} if health is Health.GONE else {}))
    body = {"shop_id": 1, "shop_domain": SHOP}
    assert post(browser, topic, body, secret=b"somebody else's") == 401
    assert (tasks(database), shop.rows(deliveries)) == ([], [])


@pytest.mark.parametrize(
    ("topic", "body"),
    [
        ("shop/redact", told("customers/redact")),
        ("customers/redact", told("customers/data_request")),
        ("customers/data_request", told("customers/redact")),
        ("customers/redact", told("customers/redact", "other.myshopify.com")),
        ("shop/redact", {"id": 3, "name": "#1001", "email": "ada@example.com"}),
    ],
)
def test_a_body_that_was_signed_for_another_topic_or_shop_asks_for_nothing(
    browser: FlaskClient, shop: Shop, database: Database, topic: str, body: dict[str, object]
) -> None:
    shop.set(health=Health.GONE, credentials="")
    assert post(browser, topic, body) == 400
    assert tasks(database) == []


def test_a_request_that_cannot_be_kept_is_asked_for_again(browser: FlaskClient, shop: Shop, database: Database) -> None:
    shop.set(health=Health.GONE, credentials="")
    with database.write() as conn:
        task_rows.drop(conn)
    assert post(browser, "shop/redact", told("shop/redact")) == 503
