"""The customer's page: opened by a good link only, looked at without effect, honest about a wish to cancel."""

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pydantic import SecretStr
from sqlalchemy import update

from app.status_page import STALE
from backorder.db.tables import order_lines, orders
from backorder.domain.orders import OrderStatus
from backorder.domain.store import Health
from backorder.links import StatusLink, opened, status_url
from jobs.world import World
from tests.app.shop import NOW, TODAY, Bell, Clock, Shop, Statements, a_line, lines_of, told_by

SOON = TODAY + timedelta(days=5)
LATER = TODAY + timedelta(days=8)
PASSED_ON = (
    "You asked to cancel all of what still waits. We have passed this to the store; nothing is cancelled until they "
    "confirm it to you."
)


@pytest.fixture
def link(shop: Shop) -> str:
    """The page of an order that waits in part."""
    shop.item(7, sku="LAMP", title="Desk lamp", on_hand="1")
    shop.order(
        5,
        a_line(7, "3", "1", line_id=31, firm="1", shipped="1", promised=(SOON, LATER)),
        a_line(8, "2", "2", line_id=32, firm="2", title="Mug"),
        a_line(9, "1", line_id=33, title="Chair"),
        number="#1001",
    )
    return path_of(shop)


def path_of(shop: Shop, order_id: int = 5, version: int = 1) -> str:
    return status_url(shop.world, shop.id, order_id, version).removeprefix("https://waitline.example")


def once(browser: FlaskClient, link: str) -> str:
    found = re.search(r'name="once" value="([^"]+)"', browser.get(f"{link}/cancel").text)
    assert found is not None
    return found[1]


def wish(browser: FlaskClient, link: str, **form: Any) -> Any:
    return browser.post(f"{link}/cancel", data=form)


def wishes(shop: Shop) -> dict[int, str]:
    rows = shop.rows(order_lines)
    return {row["line_id"]: row["cancel_reason"] for row in rows if row["cancel_wished_at"] is not None}


def test_a_customer_reads_what_waits_and_until_when(browser: FlaskClient, link: str) -> None:
    assert lines_of(browser.get(link)) == [
        "Your order #1001",
        "Lamp Works",
        "Your order #1001",
        "Hello Ada. Part of what you ordered is not in stock yet. This is how things stand now.",
        "Desk lamp 4 units",
        "1 unit shipped.",
        "2 units wait for stock. Expected to ship: 25 to 28 Mar 2026.",
        "The store has 1 of 3 units for you; the rest waits for stock.",
        "Mug 2 units",
        "2 units: Ready to ship.",
        "Chair 1 unit",
        "1 unit waits for stock. The date is not known yet.",
        "The store is checking its stock for you.",
        "Cancel what still waits",
        "This page always shows the present state. Questions? Answer the message that brought you here, or write to "
        "Lamp Works.",
    ]


def test_no_more_than_a_first_name_is_told(browser: FlaskClient, link: str) -> None:
    pages = browser.get(link).text + browser.get(f"{link}/cancel").text
    assert [pages.count(word) for word in ("Lovelace", "ada@example.com")] == [0, 0]


def test_a_page_is_closed_to_searches_and_caches(browser: FlaskClient, link: str) -> None:
    found = browser.get(link)
    assert found.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert found.headers["Cache-Control"] == "no-store"
    assert found.headers["Referrer-Policy"] == "no-referrer"
    assert "Set-Cookie" not in found.headers


def test_looking_changes_nothing(browser: FlaskClient, shop: Shop, link: str, bell: Bell) -> None:
    before = [shop.rows(table) for table in (orders, order_lines)]
    for _ in range(50):
        for path in (link, f"{link}/cancel"):
            assert browser.get(path).status_code == 200
            assert browser.head(path).status_code == 200
    assert ([shop.rows(table) for table in (orders, order_lines)], bell.rung) == (before, [])


def test_a_wish_is_passed_on_and_told_honestly(browser: FlaskClient, shop: Shop, link: str, bell: Bell) -> None:
    found = wish(browser, link, once=once(browser, link), reason="elsewhere", words=" in a  shop\x00nearby ")
    assert (found.status_code, found.headers["Location"]) == (303, link)
    assert wishes(shop) == dict.fromkeys((31, 33), "I found it elsewhere: in a shop nearby")
    assert bell.rung == [("allocate", "allocate", shop.id)]
    after = lines_of(browser.get(link))
    assert [after.count(line) for line in (PASSED_ON, "Cancel what still waits")] == [1, 0]


def test_a_form_works_once(browser: FlaskClient, shop: Shop, link: str) -> None:
    form = {"once": once(browser, link), "reason": "no_need"}
    assert wish(browser, link, **form).status_code == 303
    first = shop.rows(order_lines)
    assert wish(browser, link, **form).headers["Location"] == link
    assert shop.rows(order_lines) == first


def test_a_form_that_another_state_of_the_order_was_shown_on_is_asked_again(
    browser: FlaskClient, shop: Shop, link: str
) -> None:
    shown = once(browser, link)
    with shop.world.database.write() as conn:
        conn.execute(update(order_lines).where(order_lines.c.line_id == 33).values(cancel_wished_at=NOW))
    found = wish(browser, link, once=shown, reason="no_need")
    assert (found.status_code, told_by(found).count(STALE)) == (409, 1)
    assert list(wishes(shop)) == [33]


@pytest.mark.parametrize("form", [{}, {"reason": "no_need"}, {"reason": "no_need", "once": "made.up.text"}])
def test_a_form_of_ours_is_needed(browser: FlaskClient, shop: Shop, link: str, form: dict[str, str]) -> None:
    assert wish(browser, link, **form).status_code == 409
    assert wishes(shop) == {}


def test_a_wish_needs_one_of_the_reasons(browser: FlaskClient, shop: Shop, link: str) -> None:
    found = wish(browser, link, once=once(browser, link), reason="none", words="keep this")
    assert (found.status_code, told_by(found).count("Please choose a reason.")) == (422, 1)
    assert found.text.count(">keep this</textarea>") == 1
    assert wishes(shop) == {}


def test_words_are_cut_at_three_hundred_characters(browser: FlaskClient, shop: Shop, link: str) -> None:
    wish(browser, link, once=once(browser, link), reason="other", words="x" * 1000)
    assert wishes(shop)[31] == "Another reason: " + "x" * 300


def test_a_wish_that_another_site_sends_is_refused(browser: FlaskClient, shop: Shop, link: str) -> None:
    form = {"once": once(browser, link), "reason": "no_need"}
    found = browser.post(f"{link}/cancel", data=form, headers={"Sec-Fetch-Site": "cross-site"})
    assert (found.status_code, wishes(shop)) == (403, {})


def test_an_order_that_does_not_wait_cannot_be_cancelled_here(browser: FlaskClient, shop: Shop) -> None:
    shop.order(6, a_line(7, "1", "1", firm="1"))
    link = path_of(shop, 6)
    assert browser.get(f"{link}/cancel").headers["Location"] == link
    assert lines_of(browser.get(link)).count("Cancel what still waits") == 0
    assert wish(browser, link, reason="no_need").status_code == 303
    assert wishes(shop) == {}


def test_a_cancelled_order_is_told_so(browser: FlaskClient, shop: Shop) -> None:
    shop.order(6, a_line(7, "0", cancelled="1"), status=OrderStatus.CANCELLED)
    assert lines_of(browser.get(path_of(shop, 6)))[3] == "Hello Ada. This order was cancelled."


def test_every_bad_link_gets_the_same_answer(browser: FlaskClient, shop: Shop, other_shop: Shop, link: str) -> None:
    other_shop.order(9, a_line(7, "1"))
    shop.order(8, a_line(7, "1"), status=OrderStatus.CLOSED, days_ago=31)
    bad = [
        "/s/guess",
        "/s/a.b",
        link + "x",
        link[:-1],
        path_of(shop, 999),
        path_of(shop, 9),
        path_of(shop, 8),
        path_of(shop, 5, version=2),
    ]
    answers = {(browser.get(path).status_code, browser.get(path).data) for path in bad}
    assert len(answers) == 1
    assert answers == {(404, browser.get(f"{bad[0]}/cancel").data)}
    assert browser.post(f"{bad[0]}/cancel").status_code == 404


def test_a_link_ends_with_the_store(browser: FlaskClient, shop: Shop, link: str) -> None:
    shop.set(health=Health.GONE)
    assert browser.get(link).status_code == 404


def test_a_closed_orders_page_stays_for_thirty_days(browser: FlaskClient, shop: Shop, clock: Clock) -> None:
    shop.order(6, a_line(7, "0", shipped="1"), status=OrderStatus.CLOSED, days_ago=1)
    clock.now += timedelta(days=29)
    assert browser.get(path_of(shop, 6)).status_code == 200
    clock.now += timedelta(seconds=1)
    assert browser.get(path_of(shop, 6)).status_code == 404


def test_a_link_outlives_a_change_of_keys_as_long_as_the_old_one_is_kept(world: World) -> None:
    token = status_url(world, 3, 5, 1).rsplit("/", 1)[1]
    new = SecretStr("a newer key that is only used by these tests")

    def with_keys(*keys: SecretStr) -> Any:
        class Carrier:
            config = world.config.model_copy(update={"secret_keys": keys})

        return Carrier()

    old = world.config.secret_keys[0]
    assert opened(with_keys(new, old), token) == StatusLink(3, 5, 1)
    assert opened(with_keys(new), token) is None
    assert status_url(with_keys(new, old), 3, 5, 1) == status_url(with_keys(new), 3, 5, 1)


def test_a_page_takes_the_same_number_of_statements_however_long_the_order_is(
    browser: FlaskClient, shop: Shop, link: str, statements: Statements, app: Flask
) -> None:
    shop.order(6, *[a_line(7, "1") for _ in range(20)])
    one = statements.of(lambda: browser.get(link))
    assert statements.of(lambda: browser.get(path_of(shop, 6))) == one


def test_what_a_customer_writes_is_printed_as_text(browser: FlaskClient, shop: Shop) -> None:
    nasty = "<script>alert(1)</script>{{7*7}}"
    shop.set(name=nasty)
    shop.order(6, a_line(7, "1", title=nasty), customer_name=nasty, number=nasty[:60])
    pages = browser.get(path_of(shop, 6)).text + browser.get(path_of(shop, 6) + "/cancel").text
    assert [pages.count(word) for word in ("<script", "49")] == [0, 0]
