"""Connecting a store from a browser: to the store's page and back, once, in one browser, for one store."""

from datetime import timedelta
from html import unescape
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import Client, TestResponse

from app import create_app
from backorder.db import stores
from backorder.domain.store import Health, Mode
from connectors.shopify.scopes import OPTIONAL
from demo.stores.shopify import ShopifyShop
from jobs import steer
from jobs.world import World
from tests.app.embedding_shop import DOMAIN, HOST, known
from tests.app.shop import Clock, Shop

BEGIN = f"/install/shopify?shop={DOMAIN}"


@pytest.fixture
def pages(here: World) -> Flask:
    app = create_app(here)
    app.testing = True
    return app


@pytest.fixture
def merchant(pages: Flask) -> FlaskClient:
    return pages.test_client()


def asked_at_the_store(store_app: ShopifyShop, sent: TestResponse) -> str:
    """What the store's page, which says yes at once, sends the merchant back to: path and query of ours."""
    parts = urlsplit(sent.headers["Location"])
    assert (parts.scheme, parts.netloc, parts.path) == ("https", DOMAIN, "/admin/oauth/authorize")
    back = Client(store_app).get(f"{parts.path}?{parts.query}").headers["Location"]
    assert back.startswith(f"{HOST}/install/shopify/callback?")
    return back.removeprefix(HOST)


def changed(path: str, **given: str) -> str:
    """The address with other parameters."""
    parts = urlsplit(path)
    return f"{parts.path}?{urlencode({**dict(parse_qsl(parts.query)), **given})}"


def test_a_store_is_connected_and_its_merchant_signed_in(
    merchant: FlaskClient, here: World, store_app: ShopifyShop
) -> None:
    sent = merchant.get(BEGIN, base_url=HOST)
    asked = parse_qs(urlsplit(sent.headers["Location"]).query)
    assert asked["client_id"] == ["the-app"]
    assert asked["redirect_uri"] == [f"{HOST}/install/shopify/callback"]
    back = asked_at_the_store(store_app, sent)

    assert merchant.get(back, base_url=HOST).headers["Location"] == "/"
    [store] = known(here)
    assert (store.address, store.name, store.mode, store.health) == (DOMAIN, "Lab Goods", Mode.WATCH, Health.GOOD)
    assert merchant.get("/", base_url=HOST).status_code == 200
    assert here.keys.life(store).until == here.clock() + timedelta(hours=1)


def test_a_way_back_is_gone_only_once(merchant: FlaskClient, here: World, store_app: ShopifyShop) -> None:
    back = asked_at_the_store(store_app, merchant.get(BEGIN, base_url=HOST))
    with merchant.session_transaction(base_url=HOST) as session:
        mark = session["consent"]
    merchant.get(back, base_url=HOST)
    with merchant.session_transaction(base_url=HOST) as session:
        session["consent"] = mark
    assert merchant.get(back, base_url=HOST).status_code == 400
    assert len(known(here)) == 1


def test_what_one_browser_began_no_other_finishes(
    merchant: FlaskClient, pages: Flask, here: World, store_app: ShopifyShop
) -> None:
    back = asked_at_the_store(store_app, merchant.get(BEGIN, base_url=HOST))
    other = pages.test_client()
    assert other.get(back, base_url=HOST).status_code == 400
    other.get(BEGIN, base_url=HOST)
    assert other.get(back, base_url=HOST).status_code == 400
    assert known(here) == []


@pytest.mark.parametrize("name", ["shop", "code", "state", "timestamp", "hmac", "host"])
def test_nothing_of_the_answer_can_be_changed(
    name: str, merchant: FlaskClient, here: World, store_app: ShopifyShop
) -> None:
    back = asked_at_the_store(store_app, merchant.get(BEGIN, base_url=HOST))
    answer = merchant.get(changed(back, **{name: "other.myshopify.com" if name == "shop" else "é1"}), base_url=HOST)
    assert answer.status_code in (400, 401)
    assert known(here) == []


def test_a_rightly_signed_answer_of_another_shop_connects_nothing(
    merchant: FlaskClient, here: World, store_app: ShopifyShop
) -> None:
    back = asked_at_the_store(store_app, merchant.get(BEGIN, base_url=HOST))
    told = dict(parse_qsl(urlsplit(back).query)) | {"shop": "other.myshopify.com"}
    del told["hmac"]
    answer = merchant.get(f"/install/shopify/callback?{urlencode(store_app.office.signed(told))}", base_url=HOST)
    assert answer.status_code == 503
    assert known(here) == []


def test_whoever_takes_too_long_begins_again(
    merchant: FlaskClient, here: World, store_app: ShopifyShop, clock: Clock
) -> None:
    back = asked_at_the_store(store_app, merchant.get(BEGIN, base_url=HOST))
    clock.now += timedelta(minutes=10, seconds=1)
    assert merchant.get(back, base_url=HOST).status_code == 400
    assert known(here) == []


def test_a_code_that_was_used_connects_nothing(merchant: FlaskClient, here: World, store_app: ShopifyShop) -> None:
    back = asked_at_the_store(store_app, merchant.get(BEGIN, base_url=HOST))
    store_app.office.codes.clear()
    assert merchant.get(back, base_url=HOST).status_code == 401
    assert known(here) == []


def test_a_store_that_allows_too_little_is_told_what_is_missing(
    merchant: FlaskClient, here: World, store_app: ShopifyShop
) -> None:
    store_app.office.scopes[:] = [scope for scope in store_app.office.scopes if "inventory" not in scope]
    answer = merchant.get(asked_at_the_store(store_app, merchant.get(BEGIN, base_url=HOST)), base_url=HOST)
    assert answer.status_code == 400
    assert answer.text.count("read_inventory (to read stock)") == 1
    assert known(here) == []


@pytest.mark.parametrize("shop", ["", "evil.example", "evil.example/x.myshopify.com", "a_b.myshopify.com", "x y"])
def test_only_shops_of_the_platform_are_asked(shop: str, merchant: FlaskClient) -> None:
    answer = merchant.get("/install/shopify", query_string={"shop": shop}, base_url=HOST)
    assert (answer.status_code, "Location" in answer.headers) == (400, False)


def test_a_beginning_that_is_signed_wrongly_leads_nowhere(merchant: FlaskClient, store_app: ShopifyShop) -> None:
    good = store_app.office.signed({"shop": DOMAIN, "timestamp": "1"})
    assert merchant.get(f"/install/shopify?{urlencode(good)}", base_url=HOST).status_code == 302
    wrong = {**good, "timestamp": "2"}
    assert merchant.get(f"/install/shopify?{urlencode(wrong)}", base_url=HOST).status_code == 401


def test_an_unknown_platform_has_no_such_page(merchant: FlaskClient) -> None:
    assert merchant.get("/install/nothing", base_url=HOST).status_code == 404
    assert merchant.get("/install/nothing/callback", base_url=HOST).status_code == 404
    assert merchant.post("/install/shopify", base_url=HOST).status_code == 404
    assert merchant.post("/install/shopify/callback", base_url=HOST).status_code == 404


def test_a_store_that_lost_its_access_works_on_in_its_mode(
    merchant: FlaskClient, here: World, store_app: ShopifyShop
) -> None:
    merchant.get(asked_at_the_store(store_app, merchant.get(BEGIN, base_url=HOST)), base_url=HOST)
    [store] = known(here)
    with here.database.write() as conn:
        stores.set_mode(conn, store.id, Mode.ON)
        stores.note(conn, store.id, imported_at=here.clock())
        stores.access_lost(conn, store, "Open the app once.")
    store_app.office.revoke()
    merchant.get(asked_at_the_store(store_app, merchant.get(BEGIN, base_url=HOST)), base_url=HOST)

    [again] = known(here)
    assert (again.id, again.health, again.mode, again.trouble) == (store.id, Health.GOOD, Mode.ON, "")
    assert again.imported_at is not None
    assert here.client(again).describe().name == "Lab Goods"


def test_a_store_that_left_comes_back_as_a_new_one(merchant: FlaskClient, here: World, store_app: ShopifyShop) -> None:
    merchant.get(asked_at_the_store(store_app, merchant.get(BEGIN, base_url=HOST)), base_url=HOST)
    [first] = known(here)
    steer.forget(here, first.id)
    store_app.office.revoke()
    merchant.get(asked_at_the_store(store_app, merchant.get(BEGIN, base_url=HOST)), base_url=HOST)

    [second] = known(here)
    assert second.id != first.id
    assert (second.mode, second.imported_at) == (Mode.WATCH, None)


def test_what_is_missing_is_said_on_the_settings_page(
    merchant: FlaskClient, here: World, store_app: ShopifyShop, shop: Shop
) -> None:
    store_app.office.scopes.remove("read_customers")
    merchant.get(asked_at_the_store(store_app, merchant.get(BEGIN, base_url=HOST)), base_url=HOST)
    page = unescape(merchant.get("/settings", base_url=HOST).text)
    assert page.count(OPTIONAL["read_customers"]) == 1
    assert [store.lacks for store in known(here) if store.id == shop.id] == [()]
