"""The merchant's pages inside the store's own admin: let in by the platform's token alone, without any cookie."""

from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import MERCHANT_PAGES, create_app
from backorder.db import stores
from backorder.domain.store import Health, Mode
from demo.stores.shopify import ShopifyShop
from jobs.world import World
from tests.app.embedding_shop import DOMAIN, HOST, known
from tests.app.shop import Shop

RETRY = "X-Shopify-Retry-Invalid-Session-Request"


@pytest.fixture
def app(here: World) -> Flask:
    made = create_app(here)
    made.testing = True
    return made


class Admin:
    """The store's admin in a browser: it opens pages with a token in the address, its script calls with one."""

    def __init__(self, browser: FlaskClient, store_app: ShopifyShop) -> None:
        self.browser = browser
        self.store_app = store_app

    def token(self, age: timedelta = timedelta(), **claims: str) -> str:
        return self.store_app.office.id_token(datetime.now(UTC) - age, **claims)

    def open(self, path: str = "/", token: str | None = None, shop: str = DOMAIN) -> TestResponse:
        query = {"shop": shop, "host": "YWRtaW4", "embedded": "1", "id_token": self.token() if token is None else token}
        return self.browser.get(f"/embedded/shopify{path}?{urlencode(query)}", base_url=HOST)

    def call(self, path: str, token: str | None = None, form: dict[str, str] | None = None) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.token() if token is None else token}", "X-Requested-With": "fetch"}
        method = "GET" if form is None else "POST"
        return self.browser.open(f"/embedded/shopify{path}", method=method, data=form, headers=headers, base_url=HOST)


@pytest.fixture
def admin(app: Flask, store_app: ShopifyShop) -> Admin:
    return Admin(app.test_client(), store_app)


def policy(answer: TestResponse) -> dict[str, list[str]]:
    parts = [part.split() for part in answer.headers["Content-Security-Policy"].split("; ")]
    return {name: values for name, *values in parts}


def imported(world: World) -> None:
    """The first import of the only store has ended."""
    [store] = known(world)
    with world.database.write() as conn:
        stores.note(conn, store.id, imported_at=world.clock())


class Head(HTMLParser):
    """What stands in a page's head, in turn: scripts by their address, the platform's meta by its content."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.plain = True
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "script":
            self.found.append(given.get("src") or "")
            if "app-bridge" in (given.get("src") or ""):
                self.plain = sorted(given) == ["src"]
        if tag == "meta" and given.get("name") == "shopify-api-key":
            self.found.append(given.get("content") or "")


def menu_of(page: str) -> list[tuple[str | None, str | None]]:
    """The links that the admin shows for us: address, and what each is."""
    found: list[tuple[str | None, str | None]] = []

    class Menu(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            given = dict(attrs)
            if tag == "s-link":
                found.append((given.get("href"), given.get("rel")))

    Menu().feed(page)
    return found


def test_opening_the_app_connects_the_store_and_shows_its_first_page(admin: Admin, here: World) -> None:
    page = admin.open()
    assert page.status_code == 200
    [store] = known(here)
    assert (store.address, store.mode, store.health) == (DOMAIN, Mode.WATCH, Health.GOOD)
    assert here.keys.life(store).until == here.clock() + timedelta(hours=1)
    assert page.text.count("<bdi>Lab Goods</bdi>") == 1

    assert admin.open().status_code == 200
    assert admin.store_app.office.grants == ["urn:ietf:params:oauth:grant-type:token-exchange"]


def test_no_page_reads_or_sets_a_cookie(admin: Admin, here: World) -> None:
    for answer in (
        admin.open(),
        admin.call("/settings"),
        admin.call("/mode", form={"mode": "on"}),
        admin.call("/none"),
    ):
        assert answer.headers.getlist("Set-Cookie") == []
        assert "Cookie" not in answer.headers.get("Vary", "")
    with admin.browser.session_transaction(base_url=HOST) as session:
        session.update(store=known(here)[0].id, at=int(here.clock().timestamp()), csrf="x")
    assert admin.browser.get("/settings", base_url=HOST).status_code == 200
    assert admin.browser.get("/embedded/shopify/settings", base_url=HOST).status_code == 302


def test_every_page_of_the_merchant_is_there(admin: Admin, app: Flask) -> None:
    admin.open()
    names = {pages.blueprint.name for pages in MERCHANT_PAGES}
    plain = [
        rule.rule
        for rule in app.url_map.iter_rules()
        if rule.endpoint.split(".")[0] in names and "GET" in (rule.methods or ()) and not rule.arguments
    ]
    assert len(plain) > 5
    assert {path: admin.call(path).status_code for path in plain} == dict.fromkeys(plain, 200)


def test_the_head_begins_as_the_platform_asks(admin: Admin) -> None:
    head = Head(admin.open().text)
    assert head.found == [
        "the-app",
        "https://cdn.shopify.com/shopifycloud/app-bridge.js",
        "https://cdn.shopify.com/shopifycloud/polaris-1.js",
        "/embedded/shopify/static/embedded.js",
    ]
    assert head.plain
    with admin.browser.get("/embedded/shopify/static/embedded.js", base_url=HOST) as script:
        assert (script.status_code, script.mimetype) == (200, "text/javascript")


def test_the_admins_own_menu_is_told_every_page_and_the_settings_use_its_bar_to_save(admin: Admin) -> None:
    assert menu_of(admin.open().text) == [
        ("/embedded/shopify/", "home"),
        ("/embedded/shopify/queue", None),
        ("/embedded/shopify/orders", None),
        ("/embedded/shopify/incoming", None),
        ("/embedded/shopify/reports", None),
        ("/embedded/shopify/settings", None),
    ]
    entered, refused = admin.call("/settings").text, admin.call("/settings", form={"handling_days": "many"}).text
    assert [page.count(" data-save-bar") for page in (entered, refused)] == [1, 1]
    assert [page.count(' data-discard="/embedded/shopify/settings"') for page in (entered, refused)] == [0, 1]


def test_a_page_may_be_framed_by_its_own_store_and_the_admin_only(admin: Admin) -> None:
    allowed = ["https://lab-goods.myshopify.com", "https://admin.shopify.com"]
    for answer in (admin.open(), admin.open(shop="other.myshopify.com"), admin.call("/settings"), admin.call("/none")):
        if answer.status_code == 200:
            assert policy(answer)["frame-ancestors"] == allowed
        assert "X-Frame-Options" not in answer.headers
    assert policy(admin.open())["script-src"] == ["'self'", "https://cdn.shopify.com"]
    assert policy(admin.browser.get("/signin", base_url=HOST))["frame-ancestors"] == ["'none'"]


@pytest.mark.parametrize(
    ("shop", "allowed"),
    [
        (DOMAIN, ["https://lab-goods.myshopify.com", "https://admin.shopify.com"]),
        ("evil.example", ["'none'"]),
        ("x; script-src *", ["'none'"]),
        ("", ["'none'"]),
    ],
)
def test_a_page_without_a_token_goes_by_way_of_the_page_that_gets_one(
    shop: str, allowed: list[str], admin: Admin, here: World
) -> None:
    query = urlencode({"shop": shop, "host": "YWRtaW4", "days": "30", "id_token": "stale"})
    sent = admin.browser.get(f"/embedded/shopify/reports?{query}", base_url=HOST)
    told = parse_qs(urlsplit(sent.headers["Location"]).query)
    back = f"{HOST}/embedded/shopify/reports?{urlencode({'shop': shop, 'host': 'YWRtaW4', 'days': '30'})}"
    assert (sent.status_code, told["shopify-reload"], told["host"]) == (302, [back], ["YWRtaW4"])

    page = admin.browser.get(sent.headers["Location"], base_url=HOST)
    assert page.status_code == 200
    assert policy(page)["frame-ancestors"] == allowed
    assert Head(page.text).found[:2] == ["the-app", "https://cdn.shopify.com/shopifycloud/app-bridge.js"]
    assert known(here) == []


@pytest.mark.parametrize(
    "back",
    [
        "",
        "https://evil.example/",
        f"{HOST}.evil.example/embedded/shopify/",
        f"{HOST}/embedded/shopify",
        "//evil.example/",
        f"{HOST}/signin",
        "javascript:alert(1)",
    ],
)
def test_no_token_is_sent_to_another_address(back: str, admin: Admin) -> None:
    query = urlencode({"shop": DOMAIN, "shopify-reload": back})
    assert admin.browser.get(f"/embedded/shopify/bounce?{query}", base_url=HOST).status_code == 404
    assert admin.browser.get(f"/bounce?{urlencode({'shopify-reload': HOST + '/'})}", base_url=HOST).status_code == 404


def test_a_script_whose_token_is_no_good_is_told_to_ask_again(admin: Admin, here: World) -> None:
    admin.open()
    bad = ["", "no token", admin.token(timedelta(minutes=2)), admin.token(aud="another"), admin.token(dest="https://x")]
    for token in bad:
        for answer in (admin.call("/settings", token), admin.call("/mode", token, {"mode": "on"})):
            assert (answer.status_code, answer.headers[RETRY]) == (401, "1")
    assert [store.mode for store in known(here)] == [Mode.WATCH]


def test_a_form_is_taken_from_a_script_only(admin: Admin, here: World) -> None:
    admin.open()
    imported(here)
    query = urlencode({"shop": DOMAIN, "id_token": admin.token()})
    refused = admin.browser.post(f"/embedded/shopify/mode?{query}", data={"mode": "on"}, base_url=HOST)
    assert (refused.status_code, refused.headers[RETRY]) == (401, "1")
    assert known(here)[0].mode is Mode.WATCH

    saved = admin.call("/mode", form={"mode": "on"})
    assert saved.status_code == 303
    assert known(here)[0].mode is Mode.ON


def test_what_was_done_is_said_once_on_the_next_page(admin: Admin, here: World) -> None:
    admin.open()
    imported(here)
    location = admin.call("/mode", form={"mode": "on"}).headers["Location"]
    path = location.removeprefix("/embedded/shopify")
    said = "Waitline is on. It now writes to your store and tells your customers."
    assert admin.call(path).text.count(said) == 1
    assert admin.call("/").text.count(said) == 0
    assert admin.call("/?said=forged").status_code == 200
    assert admin.browser.get(f"/signin?{urlsplit(location).query}", base_url=HOST).text.count(said) == 0


def test_nobody_sees_another_store(admin: Admin, here: World, shop: Shop) -> None:
    shop.order(7)
    admin.open()
    assert {store.address for store in known(here)} == {DOMAIN, "lamps.myshopify.com"}
    assert admin.call("/orders/7").status_code == 404
    with here.database.write() as conn:
        stores.leave(conn, next(store.id for store in known(here) if store.address == DOMAIN))
    shop.set(address=DOMAIN)
    assert admin.call("/orders/7").status_code == 200


@pytest.mark.parametrize(
    "path", ["/signin", "/api/v1/health", "/webhooks/shopify", "/install/shopify", "/s/x", "/none"]
)
def test_only_the_merchants_pages_are_inside(path: str, admin: Admin) -> None:
    admin.open()
    assert admin.call(path).status_code == 404


@pytest.mark.parametrize("root", ["/embedded/woocommerce/", "/embedded/nothing/", "/embedded/", "/embedded/shopifyx/"])
def test_a_platform_that_frames_nothing_has_no_root(root: str, admin: Admin) -> None:
    assert admin.browser.get(root, base_url=HOST).status_code == 404


def test_opening_the_app_lets_a_store_in_again_that_had_lost_its_access(admin: Admin, here: World) -> None:
    admin.open()
    [store] = known(here)
    with here.database.write() as conn:
        stores.set_mode(conn, store.id, Mode.ON)
        stores.access_lost(conn, store, "Open the app once.")
    admin.store_app.office.revoke()
    assert admin.open().status_code == 200
    [again] = known(here)
    assert (again.id, again.health, again.mode) == (store.id, Health.GOOD, Mode.ON)
    assert here.client(again).describe().name == "Lab Goods"


def test_a_store_that_left_is_connected_anew(admin: Admin, here: World) -> None:
    admin.open()
    [first] = known(here)
    with here.database.write() as conn:
        stores.leave(conn, first.id)
    assert admin.open().status_code == 200
    [second] = known(here)
    assert (second.id != first.id, second.mode) == (True, Mode.WATCH)


def test_a_store_that_allows_too_little_reads_what_is_missing(admin: Admin, here: World) -> None:
    admin.store_app.office.scopes[:] = ["read_orders"]
    page = admin.open()
    assert page.status_code == 400
    assert page.text.count("read_inventory (to read stock)") == 1
    assert policy(page)["frame-ancestors"] == ["https://lab-goods.myshopify.com", "https://admin.shopify.com"]
    assert known(here) == []
