"""A shopper asks through the shop's own address by when an item would ship."""

import hashlib
import hmac
from typing import Any
from urllib.parse import urlencode

from app import create_app
from app.proxy import MOST_IN_VAIN
from connectors.shopify.proxy import signed_text
from jobs import steer
from tests.story.stage import Shopify, Stage

SECRET = b"shopify-demo-client-secret-0123456789"


def ask(stage: Stage, secret: bytes = SECRET, browser: Any = None, **given: str) -> Any:
    now = str(int(stage.bench.now.timestamp()))
    params = [("shop", "lab-goods.myshopify.com"), ("path_prefix", "/apps/wait"), ("timestamp", now), *given.items()]
    signature = hmac.new(secret, signed_text(params).encode(), hashlib.sha256).hexdigest()
    browser = browser or create_app(stage.bench.world).test_client()
    return browser.get(f"/proxy/{stage.platform}?{urlencode([*params, ('signature', signature)])}")


def test_a_shopper_is_told_whether_and_by_when(stage: Stage) -> None:
    stage.shop.stock("MUG", 1)
    stage.shop.order("MUG", 3, 5)
    stage.settle()
    if not isinstance(stage.shop, Shopify):
        assert ask(stage, variant="1").status_code == 404
        return
    variant = str(next(iter(stage.shop.app.shop.products.values())).variant)
    assert ask(stage, variant=variant).status_code == 404

    steer.save_policy(stage.bench.world, stage.bench.store_id, tell_shoppers=True, lead_time_days=10)
    stage.settle()
    found = ask(stage, variant=variant, quantity="2")

    day = found.json["promise"]["to"]
    assert (found.status_code, found.headers["Cache-Control"], found.headers.getlist("Set-Cookie"), found.json) == (
        200,
        "public, max-age=60",
        [],
        {"variant": int(variant), "quantity": "2", "accepting": True, "promise": {"from": day, "to": day}},
    )
    assert day is not None
    assert [ask(stage, variant=bad).status_code for bad in ("7", "0", "x", "9" * 19)] == [404, 422, 422, 422]
    assert ask(stage, variant=variant, quantity="0").status_code == 422
    assert ask(stage, b"another secret", variant=variant).status_code == 401


def test_who_asks_for_what_is_not_sold_does_not_spend_the_stores_calls(stage: Stage) -> None:
    if not isinstance(stage.shop, Shopify):
        return
    stage.shop.stock("MUG", 1)
    stage.shop.order("MUG", 3, 5)
    stage.settle()
    steer.save_policy(stage.bench.world, stage.bench.store_id, tell_shoppers=True)
    stage.settle()
    browser = create_app(stage.bench.world).test_client()
    variant = str(next(iter(stage.shop.app.shop.products.values())).variant)
    assert ask(stage, browser=browser, variant=variant).status_code == 200
    calls = len(stage.transport.calls)

    for _ in range(3):
        assert ask(stage, browser=browser, variant="7").status_code == 404
    assert len(stage.transport.calls) == calls + 1
    for number in range(8, 8 + MOST_IN_VAIN):
        last = ask(stage, browser=browser, variant=str(number))
    assert (last.status_code, len(stage.transport.calls)) == (503, calls + MOST_IN_VAIN)
    assert ask(stage, browser=browser, variant=variant).status_code == 200

    stage.wait(61)
    assert ask(stage, browser=browser, variant="7").status_code == 404
    assert len(stage.transport.calls) == calls + MOST_IN_VAIN + 1
