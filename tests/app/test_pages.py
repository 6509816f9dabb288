"""What holds for every page."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import words
from backorder.db.session import Database
from backorder.db.tables import parts
from backorder.domain.actions import ActionKind
from backorder.domain.allocation import Rule
from backorder.domain.lifecycle import LineState, WorkState
from backorder.domain.orders import Ignored, OrderStatus
from backorder.domain.policy import NoticeKind, Split
from tests.app.shop import NOW, TODAY, Merchant, Shop, Statements, a_line, told_by

SOON = TODAY + timedelta(days=5)


PAGES = ["/", "/queue", "/orders", "/orders?q=lamp", "/orders/1", "/incoming", "/what-if", "/settings"]


@pytest.mark.parametrize("path", PAGES)
def test_the_number_of_statements_does_not_grow_with_what_is_shown(
    merchant: Merchant, shop: Shop, statements: Statements, path: str
) -> None:
    shop.item(1, sku="LAMP", title="Desk lamp")
    shop.order(1, a_line(1, "1"))
    one = statements.of(lambda: merchant.get(path))
    for number in range(2, 12):
        shop.item(number, sku=f"LAMP-{number}", title="Desk lamp", gap=Decimal(1))
        shop.order(number, a_line(number, "1", cancel_wished_at=NOW), a_line(number, "1"))
        shop.coming(number, "5", SOON)
        shop.write(number, "hold", WorkState.FAILED)
    assert statements.of(lambda: merchant.get(path)) == one


@pytest.mark.parametrize("path", [*PAGES, "/nothing"])
def test_pages_carry_every_header_that_protects_them(merchant: Merchant, shop: Shop, path: str) -> None:
    shop.order(1, a_line(7, "1"))
    found = merchant.get(path)
    assert {name: found.headers[name] for name in (
        "Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "Cache-Control",
        "Strict-Transport-Security",
    )} == {
        "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
        "Strict-Transport-Security": "max-age=63072000",
    }  # fmt: skip
    assert found.headers["Permissions-Policy"].startswith("accelerometer=()")


NASTY = "<script>alert(1)</script>\u202e{{7*7}}\"'"


def test_what_customers_write_is_printed_as_text(merchant: Merchant, shop: Shop) -> None:
    shop.set(name=NASTY)
    shop.item(7, sku=NASTY, title=NASTY, gap=Decimal(1))
    shop.order(
        1,
        a_line(7, "2", title=NASTY, sku=NASTY, cancel_wished_at=NOW, cancel_reason=NASTY),
        customer_name=NASTY,
        number=NASTY[:60],
        store_status=NASTY[:60],
    )
    shop.notice(1, "allocated", WorkState.FAILED, reason=NASTY)
    shop.coming(7, "5", SOON, source=NASTY)
    for path in PAGES:
        text = merchant.get(path).text
        assert (path, text.count("<script"), text.count("49")) == (path, 0, 0)


def test_pages_need_no_script_and_no_inline_style(merchant: Merchant, shop: Shop) -> None:
    shop.order(1, a_line(7, "1"))
    for path in PAGES:
        text = merchant.get(path).text
        assert [text.count(word) for word in ("<script", "<style", "style=", "onclick", "http://")] == [0] * 5


@pytest.mark.parametrize(
    ("table", "members"),
    [
        (words.LINE_STATES, LineState),
        (words.ORDER_STATUSES, OrderStatus),
        (words.WORK_STATES, WorkState),
        (words.RULES, Rule),
        (words.NOTICES, NoticeKind),
        (words.NOTICE_HELP, NoticeKind),
        (words.ACTIONS, ActionKind),
        (words.IGNORED, Ignored),
        (words.SPLITS, Split),
    ],
)
def test_everything_has_a_word_that_people_use(table: dict[Any, str], members: Any) -> None:
    assert set(table) == set(members)


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [("4750", "USD", "$4,750"), ("12.5", "EUR", "€12.50"), ("12", "CHF", "12 CHF"), ("0", "", "0")],
)
def test_money_is_written_as_people_write_it(amount: str, currency: str, text: str) -> None:
    assert words.money(Decimal(amount), currency) == text


def test_a_form_that_is_too_large_is_refused(merchant: Merchant) -> None:
    assert merchant.post("/settings", sender_name="x" * 70_000).status_code == 413


def test_a_page_says_sorry_when_the_database_is_away(merchant: Merchant, database: Database) -> None:
    with database.write() as conn:
        parts.drop(conn)
    found = merchant.get("/queue")
    assert found.status_code == 503
    assert told_by(found).count("This does not work at the moment. Try again in a minute.") == 1


def test_a_fault_of_ours_shows_no_trace(app: Flask, browser: FlaskClient) -> None:
    app.add_url_rule("/fault", "fault", lambda: str(1 // 0))
    found = browser.get("/fault")
    assert (found.status_code, found.text.count("ZeroDivision")) == (500, 0)
    assert told_by(found)[-1] == "Something went wrong on our side. It has been noted."


def test_the_process_says_that_it_lives_and_whether_it_can_work(browser: FlaskClient, database: Database) -> None:
    assert [browser.get(path).status_code for path in ("/healthz", "/readyz")] == [200, 200]
    with database.write() as conn:
        conn.exec_driver_sql("DROP TABLE leases")
    assert [browser.get(path).status_code for path in ("/healthz", "/readyz")] == [200, 503]
