"""Connecting a shop, and keeping its webhooks right."""

from collections.abc import Mapping
from typing import Any, Protocol

import pytest

from backorder.domain.errors import AccessLost, Rejected
from connectors.contract import Delivery, StoreClient
from connectors.woocommerce import PLATFORM
from connectors.woocommerce.payloads import Index
from connectors.woocommerce.store import timezone_of
from connectors.woocommerce.webhooks import TOPICS, topic_secret
from demo.stores.wire import LocalTransport
from demo.stores.woocommerce import WooShop

INSTALLER = PLATFORM.installer
URL = "https://waitline.example/webhooks/woocommerce/token"
KEYS = {"key": "ck_demo", "secret": "cs_demo"}


class Received(Protocol):
    """Where the stand-in's deliveries go."""

    status: int
    received: list[tuple[str, Mapping[str, str], bytes]]


def registered(woo: WooShop) -> list[tuple[str, str, str]]:
    return sorted((webhook.topic, webhook.url, webhook.status) for webhook in woo.shop.hooks.webhooks.values())


WANTED = sorted((topic, f"{URL}/{topic}", "active") for topic in TOPICS)


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("shop.example", "https://shop.example"),
        (" https://Shop.Example/ ", "https://shop.example"),
        ("https://shop.example:443/store/", "https://shop.example/store"),
        ("https://shop.example/wp-admin/admin.php?page=wc-settings", "https://shop.example"),
        ("https://shop.example/store/wp-json/wc/v3", "https://shop.example/store"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("http://127.0.0.1:8010", "http://127.0.0.1:8010"),
        ("http://[::1]:8010/", "http://[::1]:8010"),
    ],
)
def test_an_address_is_brought_to_one_form(given: str, address: str) -> None:
    assert INSTALLER.address({"url": given}) == address


@pytest.mark.parametrize(
    "given", ["", "ftp://shop.example", "https://", "https://a:b@shop.example", "https://shop.example:port", "a b"]
)
def test_what_is_no_address_is_refused(given: str) -> None:
    with pytest.raises(Rejected):
        INSTALLER.address({"url": given})


def test_each_connection_gets_a_secret_of_its_own() -> None:
    first, second = INSTALLER.credentials(KEYS), INSTALLER.credentials(KEYS)

    assert (first["key"], first["secret"], len(bytes.fromhex(first["webhook_secret"]))) == ("ck_demo", "cs_demo", 32)
    assert first["webhook_secret"] != second["webhook_secret"]


def test_a_secret_that_is_given_is_kept_as_it_is() -> None:
    assert INSTALLER.credentials({**KEYS, "webhook-secret": " ü & < "})["webhook_secret"] == " ü & < "


@pytest.mark.parametrize("given", [{}, {"key": "ck_a"}, {"secret": "cs_b"}, {"key": "cs_b", "secret": "ck_a"}])
def test_missing_and_swapped_keys_are_refused(given: dict[str, str]) -> None:
    with pytest.raises(Rejected):
        INSTALLER.credentials(given)


def test_the_urls_are_those_of_the_routes_and_of_the_shops_admin() -> None:
    assert INSTALLER.webhook_url("https://waitline.example/", "token") == URL
    assert (
        INSTALLER.admin_order_url("https://shop.example/store", 20)
        == "https://shop.example/store/wp-admin/admin.php?page=wc-orders&action=edit&id=20"
    )


@pytest.mark.parametrize(
    ("index", "zone"),
    [
        ({"timezone_string": "Europe/Vienna", "gmt_offset": 1}, "Europe/Vienna"),
        ({"timezone_string": "", "gmt_offset": -8}, "Etc/GMT+8"),
        ({"timezone_string": "", "gmt_offset": "5"}, "Etc/GMT-5"),
        ({"timezone_string": "", "gmt_offset": 5.5}, "UTC"),
        ({"timezone_string": "", "gmt_offset": 0}, "UTC"),
        ({"timezone_string": "Middle/Earth"}, "UTC"),
        ({"timezone_string": "../etc/passwd"}, "UTC"),
    ],
)
def test_a_shop_has_the_time_zone_that_it_names_or_one_of_its_offset(index: dict[str, Any], zone: str) -> None:
    assert timezone_of(Index.model_validate(index)) == zone


def test_a_wrong_key_is_told_at_once(transport: LocalTransport) -> None:
    wrong = {"key": "ck_demo", "secret": "cs_wrong", "webhook_secret": "s"}
    client = PLATFORM.client("https://shop.example", wrong, transport, lambda: pytest.fail("no reading"))

    with pytest.raises(AccessLost):
        client.describe()


def test_plain_http_is_signed_instead_of_sending_the_secret(woo: WooShop) -> None:
    transport = LocalTransport({"127.0.0.1": woo})
    client = PLATFORM.client(
        "http://127.0.0.1:8010", {**KEYS, "webhook_secret": "s"}, transport, lambda: pytest.fail("no reading")
    )

    assert client.describe().currency == "USD"
    assert ["cs_demo" in url for _, url in transport.calls] == [False] * len(transport.calls)


def test_a_new_shop_gets_one_webhook_per_topic(client: StoreClient, woo: WooShop) -> None:
    done = client.subscribe(URL)

    assert registered(woo) == WANTED
    assert done == [f"Created the webhook for {topic}." for topic in TOPICS]
    assert client.missing_subscriptions(URL) == []


def test_the_pings_of_a_new_shop_are_the_unsigned_form(client: StoreClient, receiver: Received, clock: Any) -> None:
    client.subscribe(URL)

    pings = [
        Delivery({name.lower(): value for name, value in headers.items()}, body, clock(), "token", "")
        for _, headers, body in receiver.received
    ]

    assert [PLATFORM.webhooks.is_ping(ping) for ping in pings] == [True] * len(TOPICS)


def test_each_topic_is_signed_with_a_secret_of_its_own(client: StoreClient, woo: WooShop) -> None:
    client.subscribe(URL)

    secrets = [webhook.secret for webhook in woo.shop.hooks.webhooks.values()]

    assert (len(set(secrets)), [len(bytes.fromhex(secret)) for secret in secrets]) == (len(TOPICS), [32] * len(TOPICS))


def test_subscribing_again_changes_nothing(client: StoreClient, woo: WooShop) -> None:
    client.subscribe(URL)
    before = list(woo.shop.hooks.webhooks)

    assert client.subscribe(URL) == []
    assert list(woo.shop.hooks.webhooks) == before


def test_a_disabled_webhook_is_missing_and_is_made_anew(client: StoreClient, woo: WooShop) -> None:
    client.subscribe(URL)
    first = woo.shop.hooks.webhooks[1]
    first.status = "disabled"

    missing = client.missing_subscriptions(URL)
    done = client.subscribe(URL)

    assert missing == [first.topic]
    assert done == [
        f"Removed the webhook for {first.topic}: the store switched it off after calls that failed.",
        f"Created the webhook for {first.topic}.",
    ]
    assert first.id not in woo.shop.hooks.webhooks
    assert registered(woo) == WANTED


def test_doubles_and_topics_of_an_older_version_are_removed(client: StoreClient, woo: WooShop) -> None:
    client.subscribe(URL)
    double = woo.shop.hooks.webhooks[2]
    woo.shop.hooks.register(double.name, double.topic, double.url, double.secret)
    woo.shop.hooks.register("old", "coupon.created", f"{URL}/coupon.created", "s")

    assert client.subscribe(URL) == [
        f"Removed the webhook for {double.topic}: it was there twice.",
        "Removed the webhook for coupon.created: it is not one that is used.",
    ]
    assert registered(woo) == WANTED


def test_a_webhook_signed_with_an_older_secret_is_made_anew(transport: LocalTransport, woo: WooShop) -> None:
    for secret in ("first", "second"):
        credentials = {**KEYS, "webhook_secret": secret}
        PLATFORM.client("https://shop.example", credentials, transport, lambda: pytest.fail("no reading")).subscribe(
            URL
        )

    secrets = {webhook.topic: webhook.secret for webhook in woo.shop.hooks.webhooks.values()}
    assert secrets == {topic: topic_secret(b"second", topic) for topic in TOPICS}
    assert registered(woo) == WANTED


def test_webhooks_of_others_are_left_alone(client: StoreClient, woo: WooShop) -> None:
    other = woo.shop.hooks.register("other", "order.updated", f"{URL}-of-another/order.updated", "s")
    client.subscribe(URL)

    client.unsubscribe(URL)

    assert list(woo.shop.hooks.webhooks) == [other.id]


def test_many_webhooks_of_others_do_not_hide_ours(client: StoreClient, woo: WooShop) -> None:
    for number in range(120):
        woo.shop.hooks.register(f"other {number}", "order.updated", "https://other.example/", "s")
    client.subscribe(URL)

    assert client.subscribe(URL) == []
