"""`make pictures`: the pictures of docs/shopify.md, taken of the stand-in shop and of Waitline in headless Chromium.

Nothing is served and nothing is fetched: the browser's calls are answered in this process.
"""

import shutil
import sys
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from playwright.sync_api import Browser, Page, Route, sync_playwright
from werkzeug.test import Client

from app import create_app
from connectors.shopify import tokens
from demo.replay.bench import Bench
from demo.stores.shopify import ShopifyShop
from demo.stores.wire import LocalTransport
from jobs import steer

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
SHOP = "harbour-goods.myshopify.com"
SECRET = "the secret of an app that only pictures know"
OURS = "http://localhost:8000"
ENVIRON = {tokens.CLIENT_ID_SETTING: "waitline", tokens.SECRETS_SETTING: SECRET}
START = datetime(2026, 12, 7, 10, tzinfo=UTC)
WORDS = "Please ring twice, the bell is quiet."


class Scene:
    """A shop in which three orders wait for mugs, with Waitline at work in it."""

    def __init__(self) -> None:
        self.shop = ShopifyShop(
            domain=SHOP,
            name="Harbour Goods",
            client_id="waitline",
            secret=SECRET,
            clock=lambda: self.bench.now,
            deliver=lambda url, headers, body: self.bench.post(urlsplit(url).path, headers, body),
        )
        self.bench = Bench(LocalTransport({SHOP: self.shop}), START, environ=ENVIRON)
        trade = self.shop.trade
        mug = trade.add_product("MUG-BLUE", "Harbour mug, blue", "18.00", 1)
        trade.add_product("LAMP", "Desk lamp", "60.00", 4)
        self.bench.connect("shopify", SHOP, {"access_token": self.shop.token, "client_secret": SECRET})
        self.bench.subscribe()
        steer.switch_on(self.bench.world, self.bench.store_id, tell_waiting=False)
        steer.save_policy(self.bench.world, self.bench.store_id, order_note=True, settle_seconds=0)
        steer.add_inbound(
            self.bench.world,
            self.bench.store_id,
            item=mug,
            location=None,
            quantity=Decimal(24),
            expected_on=START.date() + timedelta(days=31),
            source="PO 118",
        )
        lines = [{"sku": "MUG-BLUE", "quantity": 3}, {"sku": "LAMP", "quantity": 1}]
        self.order = trade.place_order(lines, name="Ada Lindqvist", email="ada@example.com", placed_at=self.bench.now)
        trade.write_note(self.order, WORDS)
        for name in ("Ben Okafor", "Chiara Rossi"):
            trade.place_order([{"sku": "MUG-BLUE", "quantity": 2}], name=name, placed_at=self.bench.now)
        while self.shop.deliver():
            self.bench.work_off()


def page_of(browser: Browser, scene: Scene, width: int, height: int) -> Page:
    """A page whose calls are answered by the shop and by Waitline; everything else is away."""
    shop, ours = Client(scene.shop), Client(create_app(scene.bench.world))

    def answer(route: Route) -> None:
        parts = urlsplit(route.request.url)
        client = {SHOP: shop, urlsplit(OURS).netloc: ours}.get(parts.netloc)
        if client is None:
            route.abort()
            return
        base = f"{parts.scheme}://{parts.netloc}"
        headers: Mapping[str, str] = {
            name: value for name, value in route.request.headers.items() if name.lower() not in ("host", "cookie")
        }
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        told = client.open(path, method=route.request.method, headers=dict(headers), base_url=base)
        route.fulfill(status=told.status_code, headers=dict(told.headers), body=told.get_data())

    page = browser.new_page(viewport={"width": width, "height": height})
    page.route("**/*", answer)
    return page


SMALLER = """async (png) => {
  const picture = new Image();
  picture.src = "data:image/png;base64," + png;
  await picture.decode();
  const canvas = document.createElement("canvas");
  canvas.width = picture.naturalWidth;
  canvas.height = picture.naturalHeight;
  canvas.getContext("2d").drawImage(picture, 0, 0);
  return canvas.toDataURL("image/webp", 0.9).split(",")[1];
}"""
"""The browser's own way to make a WebP of a PNG, which is a third of its size."""


def keep(browser: Browser, name: str, png: bytes) -> None:
    """Save a picture."""
    page = browser.new_page()
    webp = b64decode(page.evaluate(SMALLER, b64encode(png).decode()))
    picture = PICTURES / f"shopify-{name}.webp"
    picture.write_bytes(webp)
    print(f"{picture.relative_to(PICTURES.parents[1])}: {len(webp) / 1000:.0f} kB")


def take(browser: Browser, scene: Scene) -> None:
    """Every picture, each from its own window."""
    page = page_of(browser, scene, 1320, 900)
    page.goto(f"https://{SHOP}/")
    keep(browser, "order", page.locator(f"#order-{scene.order}").screenshot())

    scene.shop.office.shows_consent = True
    page = page_of(browser, scene, 760, 490)
    # An answer that leads elsewhere is not answered here again by the browser: the merchant's first step is taken here.
    asked = Client(create_app(scene.bench.world)).get(f"/install/shopify?shop={SHOP}", base_url=OURS)
    page.goto(asked.headers["Location"])
    keep(browser, "install", page.screenshot())

    page = page_of(browser, scene, 1000, 900)
    page.goto(f"https://{SHOP}/admin/apps/orders/{scene.order}?{urlencode({'at': f'{OURS}/embedded/shopify'})}")
    page.frame_locator("iframe").locator("h1").wait_for()
    keep(browser, "embedded", page.screenshot())


def main() -> None:
    """Take them anew."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("No Chromium is installed on this machine.")
    scene = Scene()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
            take(browser, scene)
            browser.close()
    finally:
        scene.bench.close()


if __name__ == "__main__":
    main()
