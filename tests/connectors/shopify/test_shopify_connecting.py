"""Connecting a shop: what the command line gives, and which webhooks the shop is asked for."""

import json
from collections.abc import Callable

import pytest

from backorder.domain.errors import PermanentFailure, Rejected
from connectors.shopify import PLATFORM
from connectors.shopify.subscriptions import topic_name
from connectors.shopify.webhooks import OPTIONAL, TOPICS
from demo.stores.shopify.state import Subscription
from tests.connectors.shopify.conftest import Lab

INSTALLER = PLATFORM.installer
URL = "https://waitline.example/webhooks/shopify"


@pytest.mark.parametrize("given", ["quay-goods.myshopify.com", "Quay-Goods", "https://quay-goods.myshopify.com/admin"])
def test_a_shop_is_known_by_its_own_host_name(given: str) -> None:
    assert INSTALLER.address({"shop": given}) == "quay-goods.myshopify.com"


@pytest.mark.parametrize(
    "given", ["", "quay-goods.example", "quay goods", "[", "quay-goods.myshopify.com.evil.example"]
)
def test_anything_else_is_no_shop(given: str) -> None:
    with pytest.raises(Rejected):
        INSTALLER.address({"shop": given})


def test_the_secret_is_kept_where_the_shop_has_its_own() -> None:
    assert INSTALLER.credentials({"access-token": " shpat_1 ", "client-secret": "s"}) == {
        "access_token": "shpat_1",
        "client_secret": "s",
    }
    assert INSTALLER.credentials({"access-token": "shpat_1"}) == {"access_token": "shpat_1"}


@pytest.mark.parametrize("token", ["", "two words", "shpat_\n1", "shpät"])
def test_a_token_that_no_header_can_carry_is_rejected(token: str) -> None:
    with pytest.raises(Rejected):
        INSTALLER.credentials({"access-token": token})


def test_all_shops_send_to_one_address() -> None:
    assert INSTALLER.webhook_url("https://waitline.example/", "token") == URL


def test_an_order_is_found_in_the_shops_admin() -> None:
    assert (
        INSTALLER.admin_order_url("quay-goods.myshopify.com", 7)
        == "https://admin.shopify.com/store/quay-goods/orders/7"
    )


def test_subscribing_asks_for_every_topic_once(lab: Lab) -> None:
    said = lab.client.subscribe(URL)

    assert said == [f"Subscribed to {topic}." for topic in TOPICS]
    assert sorted(each.topic for each in lab.shop.shop.subscriptions.values()) == sorted(map(topic_name, TOPICS))
    assert lab.client.subscribe(URL) == []
    assert lab.client.missing_subscriptions(URL) == []


def test_a_subscription_that_is_missing_is_named_and_made_again(make_lab: Callable[..., Lab]) -> None:
    lab = make_lab(page_limit=4)
    lab.client.subscribe(URL)
    gone = next(number for number, each in lab.shop.shop.subscriptions.items() if each.topic == "REFUNDS_CREATE")
    del lab.shop.shop.subscriptions[gone]

    assert lab.client.missing_subscriptions(URL) == ["refunds/create"]
    assert lab.client.subscribe(URL) == ["Subscribed to refunds/create."]


def test_doubles_and_topics_no_longer_wanted_go_and_other_addresses_stay(lab: Lab) -> None:
    lab.client.subscribe(URL)
    there = lab.shop.shop.subscriptions
    there[1] = Subscription(1, "ORDERS_CREATE", URL)
    there[2] = Subscription(2, "PRODUCTS_DELETE", URL)
    there[3] = Subscription(3, "ORDERS_CREATE", "https://other.example/")

    assert lab.client.subscribe(URL) == [
        "Removed a subscription to orders/create that is not needed.",
        "Removed a subscription to PRODUCTS_DELETE that is not needed.",
    ]
    assert 3 in there


def test_unsubscribing_removes_all_to_the_address_and_no_other(lab: Lab) -> None:
    lab.client.subscribe(URL)
    lab.client.subscribe("https://other.example/")

    lab.client.unsubscribe(URL)

    assert {each.uri for each in lab.shop.shop.subscriptions.values()} == {"https://other.example/"}
    assert len(lab.client.missing_subscriptions(URL)) == len(TOPICS) - len(OPTIONAL)


def test_a_topic_that_the_merchant_has_not_granted_is_no_gap_and_not_asked_for(lab: Lab) -> None:
    granted = list(lab.shop.shop.scopes)
    lab.shop.shop.scopes[:] = [scope for scope in granted if scope not in OPTIONAL.values()]
    must = [topic for topic in TOPICS if topic not in OPTIONAL]

    assert lab.client.subscribe(URL) == [f"Subscribed to {topic}." for topic in must]
    assert lab.client.missing_subscriptions(URL) == []
    assert lab.client.subscribe(URL) == []
    assert lab.shop.writes.count("webhookSubscriptionCreate") == len(must)
    lab.shop.shop.scopes[:] = granted
    assert lab.client.subscribe(URL) == [f"Subscribed to {topic}." for topic in TOPICS if topic in OPTIONAL]


def test_a_topic_of_a_feature_that_is_refused_all_the_same_is_no_gap(lab: Lab) -> None:
    refused = {"webhookSubscriptionCreate": {"userErrors": [{"field": ["topic"], "message": "You cannot create it"}]}}
    first = next(iter(OPTIONAL))
    call = len(lab.transport.calls) + 3 + list(TOPICS).index(first)
    lab.transport.answer(
        200, json.dumps({"data": refused}).encode(), concerns=lambda *_: len(lab.transport.calls) == call
    )

    assert lab.client.subscribe(URL) == [f"Subscribed to {topic}." for topic in TOPICS if topic != first]
    assert lab.client.missing_subscriptions(URL) == []


def test_a_refused_subscription_is_told(lab: Lab) -> None:
    with pytest.raises(PermanentFailure, match="Address protocol http:// is not supported"):
        lab.client.subscribe("http://waitline.example/")
