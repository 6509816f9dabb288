"""Who gets in, and what a form must carry."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.access import new_signin
from backorder.db.tables import signins
from backorder.domain.store import Health
from jobs.world import World
from tests.app.shop import Clock, Merchant, Shop

HOST = "https://waitline.example"


def path_of(link: str) -> str:
    assert link.startswith(f"{HOST}/signin/")
    return link.removeprefix(HOST)


def test_opening_a_sign_in_link_does_not_use_it_up(browser: FlaskClient, world: World, shop: Shop) -> None:
    path = path_of(new_signin(world, shop.id))
    for _ in range(50):
        assert browser.get(path).status_code == 200
        assert browser.head(path).status_code == 200
    assert len(shop.rows(signins)) == 1


def test_a_sign_in_link_works_once(browser: FlaskClient, app: Flask, world: World, shop: Shop) -> None:
    path = path_of(new_signin(world, shop.id))
    assert browser.post(path, base_url=HOST).status_code == 303
    assert browser.get("/", base_url=HOST).status_code == 200
    second = app.test_client()
    assert second.post(path, base_url=HOST).status_code == 404
    assert second.get("/", base_url=HOST).status_code == 302


def test_a_sign_in_link_runs_out_after_half_an_hour(
    browser: FlaskClient, world: World, shop: Shop, clock: Clock
) -> None:
    path = path_of(new_signin(world, shop.id))
    clock.now += timedelta(minutes=30)
    assert browser.get(path).status_code == 404
    assert browser.post(path, base_url=HOST).status_code == 404


def test_only_the_hash_of_a_sign_in_link_is_kept(world: World, shop: Shop) -> None:
    token = new_signin(world, shop.id).rsplit("/", 1)[1]
    assert [token in str(row) for row in shop.rows(signins)] == [False]


def test_a_session_ends_after_twelve_hours(merchant: Merchant, clock: Clock) -> None:
    clock.now += timedelta(hours=12)
    assert merchant.get("/").status_code == 200
    clock.now += timedelta(seconds=1)
    assert merchant.get("/").status_code == 302


def test_a_session_ends_when_the_store_is_forgotten(merchant: Merchant, shop: Shop) -> None:
    shop.set(health=Health.GONE)
    assert merchant.get("/").status_code == 302


def test_signing_out_ends_the_session(merchant: Merchant) -> None:
    assert merchant.post("/signout").status_code == 303
    assert merchant.get("/").status_code == 302


def test_the_cookie_is_for_this_host_only_and_closed_to_scripts(browser: FlaskClient, world: World, shop: Shop) -> None:
    cookie = browser.post(path_of(new_signin(world, shop.id)), base_url=HOST).headers["Set-Cookie"]
    name, *attributes = cookie.split("; ")
    assert name.startswith("__Host-waitline=")
    assert set(attributes) == {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"}


def test_whoever_is_not_signed_in_is_told_how(browser: FlaskClient) -> None:
    answer = browser.get("/", follow_redirects=True)
    assert answer.status_code == 401
    assert answer.request.path == "/signin"


def merchant_routes(app: Flask) -> list[tuple[str, str]]:
    """Every page that a merchant signs in for, made from the map of addresses."""
    free = (
        *("access.", "embedded.", "install.", "webhooks.", "proxy.", "status_page.", "api.", "static"),
        *("healthz", "readyz", "connect"),
    )
    found = []
    for rule in app.url_map.iter_rules():
        if not rule.endpoint.startswith(free):
            path = re.sub("<[^>]+>", "7", rule.rule)
            found += [(method, path) for method in (rule.methods or set()) & {"GET", "POST"}]
    return sorted(found)


def test_every_page_of_a_merchant_asks_for_a_session(app: Flask, browser: FlaskClient) -> None:
    routes = merchant_routes(app)
    assert len(routes) == 36
    for method, path in routes:
        answer = browser.open(path, method=method, base_url=HOST)
        assert (path, answer.status_code, answer.headers["Location"]) == (path, 302, "/signin")


@pytest.mark.parametrize("csrf", ["", "wrong", "ключ"])
def test_every_form_needs_the_sessions_token(app: Flask, merchant: Merchant, csrf: str) -> None:
    for path in [path for method, path in merchant_routes(app) if method == "POST"] + ["/signout"]:
        assert (path, merchant.client.post(path, data={"csrf": csrf}, base_url=HOST).status_code) == (path, 403)


def test_a_form_that_another_site_sends_is_refused(merchant: Merchant, world: World, shop: Shop) -> None:
    from_elsewhere = {"Sec-Fetch-Site": "cross-site"}
    for path in ("/mode", "/settings", path_of(new_signin(world, shop.id))):
        answer = merchant.client.post(path, data={"csrf": merchant.csrf}, base_url=HOST, headers=from_elsewhere)
        assert (path, answer.status_code) == (path, 403)


def test_a_cookie_that_we_did_not_sign_opens_nothing(browser: FlaskClient) -> None:
    browser.set_cookie("__Host-waitline", "eyJzdG9yZSI6MX0.aaaa.bbbb", domain="waitline.example")
    assert browser.get("/", base_url=HOST).status_code == 302
