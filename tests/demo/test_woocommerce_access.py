"""Keys of the stand-in WooCommerce shop: how they are shown, refused and granted."""

import json
import threading
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from werkzeug.test import Client, TestResponse

from demo.stores.woocommerce import WooShop
from demo.stores.woocommerce.access import Key
from demo.stores.woocommerce.consent import Visitor
from tests.demo.woo_world import ADDRESS, HOOKS_URL, World

ASKED = {
    "app_name": "Waitline",
    "scope": "read_write",
    "user_id": "store-42",
    "return_url": "https://app.example/return?foo=1",
    "callback_url": "https://app.example/woo/callback",
}


@pytest.fixture
def world() -> World:
    return World()


def told(reply: TestResponse) -> tuple[int, str, str]:
    body = json.loads(reply.data)
    return reply.status_code, body["code"], body["message"]


@pytest.mark.parametrize(
    ("key", "code", "message"),
    [
        (None, "woocommerce_rest_cannot_view", "Sorry, you cannot list resources."),
        (("ck_other", "cs_demo"), "woocommerce_rest_cannot_view", "Sorry, you cannot list resources."),
        (("ck_demo", "cs_other"), "woocommerce_rest_authentication_error", "Consumer secret is invalid."),
    ],
)
def test_without_a_good_key_nothing_is_told(world: World, key: tuple[str, str] | None, code: str, message: str) -> None:
    assert told(world.reply("GET", "orders", key=key)) == (401, code, message)


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "orders/1", "woocommerce_rest_cannot_view"),
        ("POST", "webhooks", "woocommerce_rest_cannot_create"),
        ("PUT", "orders/1", "woocommerce_rest_cannot_edit"),
        ("DELETE", "orders/1", "woocommerce_rest_cannot_delete"),
    ],
)
def test_the_refusal_names_what_may_not_be_done(world: World, method: str, path: str, code: str) -> None:
    assert told(world.reply(method, path, {}, key=None))[:2] == (401, code)


def test_a_key_does_what_it_was_made_for_only(world: World) -> None:
    world.woo.access.keys["ck_reads"] = Key(2, "ck_reads", "cs", "read")
    world.woo.access.keys["ck_writes"] = Key(3, "ck_writes", "cs", "write")
    order = world.order(1)
    note = f"orders/{order.id}/notes", {"note": "x"}

    assert world.reply("GET", "orders", key=("ck_reads", "cs")).status_code == 200
    assert told(world.reply("POST", *note, key=("ck_reads", "cs"))) == (
        401,
        "woocommerce_rest_authentication_error",
        "The API key provided does not have write permissions.",
    )
    assert world.reply("POST", *note, key=("ck_writes", "cs")).status_code == 201
    assert told(world.reply("GET", "orders", key=("ck_writes", "cs"))) == (
        401,
        "woocommerce_rest_authentication_error",
        "The API key provided does not have read permissions.",
    )


def test_the_key_of_an_owner_who_lost_his_rights_is_good_and_may_nothing(world: World) -> None:
    world.shop.owner_demoted = True

    assert told(world.reply("GET", "orders"))[:2] == (403, "woocommerce_rest_cannot_view")


def test_a_revoked_key_looks_like_none(world: World) -> None:
    world.woo.access.revoke("ck_demo")

    assert told(world.reply("GET", "orders"))[:2] == (401, "woocommerce_rest_cannot_view")


def test_a_key_may_stand_in_the_query(world: World) -> None:
    query = {"consumer_key": "ck_demo", "consumer_secret": "cs_demo"}

    assert world.reply("GET", "orders", key=None, **query).status_code == 200


def test_a_host_that_drops_the_header_makes_a_good_key_look_like_none_and_leaves_the_query() -> None:
    world = World(strips_authorization=True)

    assert told(world.reply("GET", "orders"))[:2] == (401, "woocommerce_rest_cannot_view")
    query = {"consumer_key": "ck_demo", "consumer_secret": "cs_demo"}
    assert world.reply("GET", "orders", key=None, **query).status_code == 200


def test_over_plain_http_a_key_is_not_looked_at(world: World) -> None:
    reply = Client(world.woo).get("/wp-json/wc/v3/orders", base_url="http://shop.example", auth=("ck_demo", "cs_demo"))

    assert told(reply)[:2] == (401, "woocommerce_rest_cannot_view")


def test_a_signature_that_does_not_fit_is_refused(world: World) -> None:
    query = {"oauth_consumer_key": "ck_demo", "oauth_signature": "no", "oauth_signature_method": "HMAC-SHA256"}
    reply = Client(world.woo).get("/wp-json/wc/v3/orders", base_url="http://shop.example", query_string=query)

    assert told(reply)[:2] == (401, "woocommerce_rest_authentication_error")


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "orders/1/fulfilments"), ("GET", "nothing"), ("DELETE", "orders/statuses")]
)
def test_a_route_that_is_not_there_is_told_so(world: World, method: str, path: str) -> None:
    assert world.refusal(method, path) == (404, "rest_no_route")


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"topic": "order.backordered", "delivery_url": HOOKS_URL}, "woocommerce_rest_shop_webhook_invalid_topic"),
        ({"topic": "order.created", "delivery_url": "nope"}, "woocommerce_rest_shop_webhook_invalid_delivery_url"),
        ({"topic": "order.created", "delivery_url": HOOKS_URL, "status": "on"}, "rest_invalid_param"),
        ({"delivery_url": HOOKS_URL}, "woocommerce_rest_shop_webhook_invalid_topic"),
    ],
)
def test_a_webhook_needs_a_topic_and_an_address(world: World, asked: dict[str, str], code: str) -> None:
    assert world.refusal("POST", "webhooks", asked) == (400, code)
    assert world.effects() == []


def test_webhooks_are_changed_and_deleted_by_batch_and_never_trashed(world: World) -> None:
    first, second = list(world.shop.hooks.webhooks)[:2]
    steps = {"update": [{"id": first, "name": "ours", "status": "paused"}], "delete": [second]}

    told_of = world.call("POST", "webhooks/batch", steps)

    assert [(one["id"], one["name"], one["status"]) for one in told_of["update"]] == [(first, "ours", "paused")]
    assert second not in world.shop.hooks.webhooks
    assert world.refusal("DELETE", f"webhooks/{first}") == (501, "woocommerce_rest_trash_not_supported")
    assert world.refusal("GET", f"webhooks/{second}") == (404, "woocommerce_rest_shop_webhook_invalid_id")


def test_a_webhooks_secret_is_never_told(world: World) -> None:
    [body] = world.call("GET", "webhooks", per_page=1, order="asc", orderby="id")

    assert sorted(body) == [
        "_links", "date_created", "date_created_gmt", "date_modified", "date_modified_gmt", "delivery_url", "event",
        "hooks", "id", "name", "resource", "status", "topic",
    ]  # fmt: skip


def test_the_index_is_open_and_tells_name_and_zone(world: World) -> None:
    client = Client(world.woo)

    index = client.get("/wp-json/?_fields=name,timezone_string,gmt_offset").get_json()

    assert index == {"name": "Harbour Outfitters", "timezone_string": "America/Los_Angeles", "gmt_offset": -8}


def test_the_namespace_tells_whether_there_are_parcels(world: World) -> None:
    client = Client(world.woo)
    route = "/wc/v3/orders/(?P<order_id>[\\d]+)/fulfillments"
    known = [route in client.get("/wp-json/wc/v3").get_json()["routes"]]
    world.shop.settings.fulfilments = False
    known.append(route in client.get("/wp-json/wc/v3").get_json()["routes"])

    assert known == [True, False]


def test_a_path_outside_of_the_api_that_is_not_there_is_a_page(world: World) -> None:
    reply = Client(world.woo).get("/shop/wp-json/wc/v3/orders")

    assert (reply.status_code, reply.mimetype) == (404, "text/html")


def visit(world: World, page: str = "authorize", method: str = "GET", **other: Any) -> TestResponse:
    query = {name: value for name, value in (ASKED | other).items() if value}
    return Client(world.woo).open(f"/wc-auth/v1/{page}?{urlencode(query)}", base_url=ADDRESS, method=method)


def test_on_approval_the_app_is_given_a_key_before_the_merchant_comes_back(world: World) -> None:
    form = visit(world)
    world.received.clear()

    reply = visit(world, "access_granted/", "POST")

    [(url, headers, body)] = world.received
    given = json.loads(body)
    assert (form.status_code, reply.status_code) == (200, 302)
    assert reply.headers["Location"] == "https://app.example/return?foo=1&success=1&user_id=store-42"
    assert (url, headers) == (
        ASKED["callback_url"],
        {"Content-Type": "application/json;charset=UTF-8", "User-Agent": f"WordPress/6.9.7; {ADDRESS}"},
    )
    assert sorted(given) == ["consumer_key", "consumer_secret", "key_id", "key_permissions", "user_id"]
    assert (given["user_id"], given["key_permissions"]) == ("store-42", "read_write")
    key = given["consumer_key"], given["consumer_secret"]
    assert world.reply("GET", "orders", key=key).status_code == 200


def test_the_app_may_try_the_key_out_before_it_answers() -> None:
    tried: list[int] = []
    woo = WooShop(deliver=lambda _url, _headers, body: try_out(body))

    def try_out(body: bytes) -> int:
        """Calls the shop from a thread of its own, as an app in another process would."""
        given = json.loads(body)
        key = given["consumer_key"], given["consumer_secret"]

        def call() -> None:
            reply = Client(woo).get("/wp-json/wc/v3/system_status", base_url=ADDRESS, auth=key)
            tried.append(reply.status_code)

        caller = threading.Thread(target=call)
        caller.start()
        caller.join(5)
        return 200

    Client(woo).post(f"/wc-auth/v1/access_granted/?{urlencode(ASKED)}", base_url=ADDRESS)

    assert tried == [200]


@pytest.mark.parametrize("status", [201, 302, 500])
def test_an_app_that_answers_anything_but_200_gets_no_key(world: World, status: int) -> None:
    world.status = status
    before = dict(world.woo.access.keys)

    reply = visit(world, "access_granted/", "POST")

    assert (reply.status_code, world.woo.access.keys) == (401, before)


def test_denying_calls_nobody(world: World) -> None:
    world.received.clear()
    page = visit(world).get_data(as_text=True)
    deny = page.partition('<a href="')[2].partition('"')[0].replace("&amp;", "&")

    assert dict(parse_qsl(urlsplit(deny).query)) == {"foo": "1", "success": "0", "user_id": "store-42"}
    assert world.received == []


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ({"user_id": ""}, "Missing parameter user_id."),
        ({"scope": "all"}, "Invalid scope all."),
        ({"callback_url": "http://app.example/woo"}, "The callback_url needs to be over SSL."),
    ],
)
def test_a_wrong_request_for_a_key_is_a_page(world: World, other: dict[str, str], says: str) -> None:
    reply = visit(world, **other)

    assert (reply.status_code, reply.mimetype) == (401, "text/html")
    assert f"<p>Error: {says}</p>" in reply.get_data(as_text=True)


def test_who_is_not_logged_in_logs_in_first_and_a_customer_may_not(world: World) -> None:
    world.woo.consent.visitor = Visitor.NOBODY
    nobody = visit(world)
    world.woo.consent.visitor = Visitor.CUSTOMER

    assert (nobody.status_code, urlsplit(nobody.headers["Location"]).path) == (302, "/wc-auth/v1/login/")
    assert visit(world).status_code == 401
