"""What can go wrong with calls to a stand-in store, in one process and over a real socket."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from werkzeug.serving import make_server
from werkzeug.test import Client

from backorder.domain.errors import OutcomeUnknown, TemporaryFailure
from connectors.http import Outgoing, Transport
from demo.mailbox import HOST, SilentRequests
from demo.stores.shopify import ShopifyShop
from demo.stores.shopify.app import INTERNAL, REVOKED, THROTTLED
from demo.stores.troubles import Broken
from demo.stores.wire import LocalTransport
from demo.stores.woocommerce import WooShop

PATH = "/admin/api/2026-10/graphql.json"
HEADERS = {"X-Shopify-Access-Token": "shpat_demo", "Content-Type": "application/json"}
TAG = 'mutation Tag($id: ID!) { tagsAdd(id: $id, tags: ["late"]) { userErrors { message } } }'
LOOK = "query Look { shop { name } }"


@pytest.fixture
def shop() -> ShopifyShop:
    shop = ShopifyShop()
    shop.trade.add_product("lamp", on_hand=1)
    shop.trade.place_order([{"sku": "lamp", "quantity": 1}])
    return shop


@pytest.fixture
def local(shop: ShopifyShop) -> LocalTransport:
    return LocalTransport({shop.domain: shop})


def asked(shop: ShopifyShop, text: str) -> bytes:
    order = next(iter(shop.shop.orders))
    name = text.split()[1].partition("(")[0]
    return json.dumps(
        {"query": text, "operationName": name, "variables": {"id": f"gid://shopify/Order/{order}"}}
    ).encode()


def send(transport: Transport, shop: ShopifyShop, text: str = TAG, at: str = "https://lab-goods.myshopify.com") -> Any:
    return transport.request(
        "POST", at + PATH, headers=HEADERS, data=asked(shop, text), write=text.startswith("mutation")
    )


def tags(shop: ShopifyShop) -> list[str]:
    return next(iter(shop.shop.orders.values())).tags


@contextmanager
def served(app: ShopifyShop) -> Iterator[str]:
    server = make_server(HOST, 0, app, threaded=True, request_handler=SilentRequests)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    ("what", "done"),
    [
        (Broken.TIMEOUT_BEFORE, []),
        (Broken.TIMEOUT_AFTER, ["late"]),
        (Broken.RESET_BEFORE, []),
        (Broken.RESET_AFTER, ["late"]),
        (Broken.SLOW, ["late"]),
    ],
)
def test_nobody_knows_what_became_of_a_write_whose_connection_broke(
    local: LocalTransport, shop: ShopifyShop, what: Broken, done: list[str]
) -> None:
    shop.troubles.fail(what)

    with pytest.raises(OutcomeUnknown):
        send(local, shop)

    assert tags(shop) == done
    assert json.loads(send(local, shop).body)["data"] == {"tagsAdd": {"userErrors": []}}


@pytest.mark.parametrize("what", [each for each in Broken if each is not Broken.TRUNCATED])
def test_a_read_whose_connection_broke_may_be_repeated(local: LocalTransport, shop: ShopifyShop, what: Broken) -> None:
    shop.troubles.fail(what)

    with pytest.raises(TemporaryFailure):
        send(local, shop, LOOK)


@pytest.mark.parametrize(
    ("what", "failure", "done"),
    [
        (Broken.TIMEOUT_BEFORE, "The store did not answer in time.", []),
        (Broken.TIMEOUT_AFTER, "The store did not answer in time.", ["late"]),
        (Broken.RESET_BEFORE, "The store did not answer in time.", []),
        (Broken.RESET_AFTER, "The store did not answer in time.", ["late"]),
        (Broken.SLOW, "The store did not answer in time.", ["late"]),
    ],
)
def test_over_a_socket_a_broken_connection_means_the_same(
    shop: ShopifyShop, monkeypatch: pytest.MonkeyPatch, what: Broken, failure: str, done: list[str]
) -> None:
    monkeypatch.setattr("connectors.http.READ_SECONDS", 0.4)
    shop.troubles.hang_seconds = 1.0
    with served(shop) as url:
        shop.troubles.fail(what)

        with pytest.raises(OutcomeUnknown) as told:
            send(Transport(Outgoing(allow_private=True)), shop, at=url)

    assert (str(told.value), tags(shop)) == (failure, done)


def test_an_answer_cut_in_half_comes_after_the_work(local: LocalTransport, shop: ShopifyShop) -> None:
    shop.troubles.fail("truncated")

    reply = send(local, shop)

    with pytest.raises(TemporaryFailure):
        reply.json()
    assert (reply.status, tags(shop)) == (200, ["late"])


@pytest.mark.parametrize(
    ("what", "status", "done"),
    [
        ("429", 429, []),
        ("500", 500, []),
        ("502", 502, []),
        ("503", 503, []),
        ("504", 504, []),
        ("504_after", 504, ["late"]),
        ("html", 200, []),
        ("moved", 302, []),
    ],
)
def test_a_page_comes_instead_of_the_work_or_after_it(
    local: LocalTransport, shop: ShopifyShop, what: str, status: int, done: list[str]
) -> None:
    shop.troubles.fail(what)

    reply = send(local, shop)

    assert (reply.status, reply.body[:15], tags(shop)) == (status, b"<!DOCTYPE html>", done)


def test_an_answer_that_unpacks_to_more_than_a_caller_takes_comes_after_the_work(
    local: LocalTransport, shop: ShopifyShop
) -> None:
    shop.troubles.fail("bomb")

    with pytest.raises(OutcomeUnknown):
        send(local, shop)
    assert tags(shop) == ["late"]


def test_too_many_requests_name_the_seconds_to_wait(local: LocalTransport, shop: ShopifyShop) -> None:
    shop.troubles.fail("429")

    assert send(local, shop).retry_after == 2.0


@pytest.mark.parametrize(("what", "answer"), [("revoked", REVOKED), ("throttled", THROTTLED), ("internal", INTERNAL)])
def test_a_store_has_words_of_its_own(local: LocalTransport, shop: ShopifyShop, what: str, answer: Any) -> None:
    shop.troubles.fail(what)

    reply = send(local, shop)

    assert (reply.status, reply.body, tags(shop)) == (answer.status, answer.body, [])


def test_a_trouble_meets_only_the_calls_that_it_concerns(local: LocalTransport, shop: ShopifyShop) -> None:
    shop.troubles.fail("502", writes=True)
    shop.troubles.fail("503", operation="Look")
    shop.troubles.fail("504", path="/nowhere")

    met = [send(local, shop, text).status for text in (LOOK, LOOK, TAG, TAG)]

    assert met == [503, 200, 502, 200]
    assert shop.troubles.met == [("503", "Look"), ("502", "Tag")]
    assert [trouble.path for trouble in shop.troubles.waiting] == ["/nowhere"]


def test_a_trouble_may_last_until_it_is_mended(local: LocalTransport, shop: ShopifyShop) -> None:
    shop.troubles.fail("500", times=None)

    before = [send(local, shop).status for _ in range(3)]
    shop.troubles.mend()

    assert (before, send(local, shop).status) == ([500, 500, 500], 200)


@pytest.mark.parametrize("app", [ShopifyShop(), WooShop()], ids=["shopify", "woocommerce"])
def test_troubles_are_told_by_a_button_and_never_meet_the_buttons(app: ShopifyShop | WooShop) -> None:
    client = Client(app)
    api = "/admin/api/2026-10/graphql.json" if isinstance(app, ShopifyShop) else "/wp-json/wc/v3/orders"

    told = client.post("/_control/fail", json={"what": "503", "times": None})
    wrong = client.post("/_control/fail", json={"what": "fire"})
    odd = client.post("/_control/fail", json={"what": "503", "where": "here"})

    assert (told.status_code, client.get("/_control/state").status_code, client.get("/").status_code) == (200, 200, 200)
    assert (client.get(api).status_code, wrong.status_code, odd.status_code) == (503, 400, 400)
    assert client.post("/_control/mend").json == {"met": [["503", api]]}
    assert client.get(api).status_code != 503
