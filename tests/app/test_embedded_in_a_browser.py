"""The framed pages in a real browser: links and forms are followed with the token, and nothing needs the platform's
scripts to be read.
"""

import shutil
import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Page, Route, sync_playwright
from werkzeug.serving import make_server

from app import create_app
from backorder.db import stores
from demo.stores.shopify import ShopifyShop
from jobs.world import World
from tests.app.embedding_shop import beside

CDN = "https://cdn.shopify.com/**"
SCRIPT = """
const token = "%s", plain = window.fetch;
window.fetch = (address, options = {}) => {
  const headers = new Headers(options.headers);
  headers.set("Authorization", `Bearer ${token}`);
  return plain(address, { ...options, headers });
};
const back = new URLSearchParams(location.search).get("shopify-reload");
if (back) {
  const address = new URL(back);
  address.searchParams.set("id_token", token);
  location.replace(address);
}
"""
"""What the platform's script does for a page, as far as ours can tell."""
OBJECT = """
window.shopify = { asked: 0, saveBar: { leaveConfirmation: async () => { window.shopify.asked += 1; } } };
"""
"""With it the admin shows menu and save bar, and asks before changes are left behind."""


@pytest.fixture
def root(world: World, store_app: ShopifyShop) -> Iterator[str]:
    """The address of the framed pages on a server of their own, with a store whose first import has ended."""
    server = make_server("127.0.0.1", 0, lambda environ, start: application(environ, start), threaded=True)
    address = f"http://127.0.0.1:{server.server_port}"
    application = create_app(beside(world, store_app, address))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"{address}/embedded/shopify"
    server.shutdown()
    server.server_close()


@pytest.fixture
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("No Chromium is installed on this machine.")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        yield found
        found.close()


def playing(browser: Browser, store_app: ShopifyShop, before: str = "") -> Page:
    """A page for which the platform's script is played."""

    def answer(route: Route) -> None:
        is_bridge = "app-bridge" in route.request.url
        body = before + SCRIPT % store_app.office.id_token(datetime.now(UTC)) if is_bridge else ""
        route.fulfill(body=body, content_type="text/javascript")

    made = browser.new_page()
    made.route(CDN, answer)
    return made


@pytest.fixture
def page(browser: Browser, store_app: ShopifyShop) -> Page:
    return playing(browser, store_app)


def opened(page: Page, root: str, store_app: ShopifyShop) -> None:
    token = store_app.office.id_token(datetime.now(UTC))
    page.goto(f"{root}/?shop={store_app.domain}&host=YWRtaW4&embedded=1&id_token={token}")


def test_links_and_forms_are_followed_with_the_token_and_without_a_cookie(
    page: Page, root: str, store_app: ShopifyShop
) -> None:
    opened(page, root, store_app)
    page.click("nav >> text=Settings")
    page.wait_for_selector("h1:text('Settings')")
    page.fill("#sender_name", "Quay Goods")
    page.click("button:text('Save')")
    page.wait_for_selector(".note.good")
    assert page.inner_text(".note.good") == "Saved. Every waiting order is looked at anew under these settings."
    assert page.input_value("#sender_name") == "Quay Goods"

    page.fill("#handling_days", "many")
    page.click("button:text('Save')")
    page.wait_for_selector(".note.bad")
    assert page.input_value("#handling_days") == "many"

    page.reload()
    page.wait_for_selector("h1:text('Settings')")
    assert page.input_value("#sender_name") == "Quay Goods"
    page.go_back()
    page.wait_for_selector("h1:text('Dashboard')")
    assert page.context.cookies() == []


def test_the_first_page_can_be_read_without_the_platforms_scripts(
    browser: Browser, root: str, store_app: ShopifyShop, world: World
) -> None:
    page = browser.new_page()
    page.route(CDN, lambda route: route.abort())
    opened(page, root, store_app)
    assert page.inner_text("h1") == "Dashboard"
    page.click("nav >> text=Settings")
    page.wait_for_selector("h1:text('This did not work')")
    told = "Your store's admin did not say who you are. Open the app there again."
    assert page.inner_text("main p") == told
    with world.database.read() as conn:
        assert [store.address for store in stores.everyone(conn)] == [store_app.domain]


def test_the_admins_menu_and_bar_take_the_place_of_ours_and_discarding_brings_back_what_is_saved(
    browser: Browser, root: str, store_app: ShopifyShop
) -> None:
    page = playing(browser, store_app, OBJECT)
    opened(page, root, store_app)
    assert (page.is_visible("header nav"), page.is_visible("s-app-nav")) == (False, False)
    chosen = "document.querySelector('s-link[href$=settings]')"
    page.evaluate(f"{chosen}.dispatchEvent(new CustomEvent('shopify:navigate', {{ bubbles: true }}))")
    page.wait_for_selector("h1:text('Settings')")
    assert (page.is_visible(".save"), page.evaluate("shopify.asked")) == (False, 1)

    page.fill("#sender_name", "Quay Goods")
    page.evaluate("document.querySelector('form[data-save-bar]').reset()")
    assert page.input_value("#sender_name") == ""

    page.fill("#sender_name", "Quay Goods")
    page.fill("#handling_days", "many")
    page.evaluate("document.querySelector('form[data-save-bar]').requestSubmit()")
    page.wait_for_selector(".note.bad")
    assert page.is_visible(".save")
    page.evaluate("document.querySelector('form[data-save-bar]').reset()")
    page.wait_for_selector(".note.bad", state="detached")
    assert (page.input_value("#sender_name"), page.input_value("#handling_days")) == ("", "1")


ASKS = """
window.shopify = { wanted: [], answers: ["declined-all", "granted-all"], scopes: { request: async (scopes) => {
  window.shopify.wanted.push(...scopes);
  if (!window.shopify.answers.length) throw new Error("not now");
  return { result: window.shopify.answers.shift() };
} } };
"""
"""With it the admin asks the merchant for one permission more."""


def test_what_is_switched_off_can_be_allowed_from_the_settings_page(
    browser: Browser, root: str, store_app: ShopifyShop
) -> None:
    store_app.office.scopes.remove("read_customers")
    page = playing(browser, store_app, ASKS)
    opened(page, root, store_app)
    page.goto(f"{root}/settings?{page.url.partition('?')[2]}&id_token={store_app.office.id_token(datetime.now(UTC))}")
    said = []
    for kind in ("", ".good", ".bad"):
        page.click("#lacks ~ ul button")
        page.wait_for_selector(f"#asked{kind}")
        said.append(page.inner_text("#asked"))
    assert said == [
        "It was not allowed. Nothing has changed.",
        "It was allowed. Waitline uses it in a moment.",
        "Your store's admin could not ask. Try again later.",
    ]
    assert page.evaluate("shopify.wanted") == ["read_customers"] * 3
