"""What is read from the tables is counted by the store's own days."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from backorder.db import changes, fairness_rows, orderbook, queue
from backorder.db.order_rows import BookOrder
from backorder.db.tables import orders
from backorder.domain.choices import OrderChoices
from backorder.domain.orders import KnownOrder
from backorder.domain.priority import Fact, PriorityRule
from backorder.domain.split import Share, Split
from jobs.outlook import zone_of
from jobs.plan import together
from tests.app.shop import Shop, a_line, store_of

EVENING = datetime(2026, 3, 2, 4, tzinfo=UTC)
"""20:00 on March 1 in Los Angeles."""


@pytest.fixture
def there(shop: Shop) -> Shop:
    """A shop in Los Angeles with an item."""
    shop.set(timezone="America/Los_Angeles")
    shop.item(7, sku="LAMP", title="Desk lamp", on_hand="1")
    return shop


def a_book(shop: Shop, **values: Any) -> BookOrder:
    shop.order(1, a_line(7, "2", "1", line_id=11, backordered_at=EVENING), **{"placed_at": EVENING, **values})
    with shop.world.database.read() as conn:
        return orderbook.load(conn, shop.id, [1])[1]


def test_parts_of_an_order_of_the_evening_leave_when_its_days_of_waiting_are_over(there: Shop) -> None:
    policy = there.policy(split=Split.WAIT_UNTIL, split_wait_days=10)
    book = a_book(there)
    assert [book.standing(policy, date(2026, 3, day)).lines[0].free_to_ship for day in (10, 11)] == [0, 1]


def test_an_order_of_the_evening_yields_its_share_when_its_days_are_over(there: Shop) -> None:
    policy = there.policy(split=Split.ORDER_WHOLE, share_days=7)
    book = a_book(there)
    assert [book.lets_pass(policy, date(2026, 3, day)) for day in (7, 8)] == [False, True]
    store = store_of(there)
    with there.world.database.read() as conn:
        parts = queue.queues(conn, there.id, [7])[(7, 0)]
    plans = [together(policy, parts, {}, date(2026, 3, day), zone_of(store))[0].together for day in (7, 8)]
    assert plans == [False, True]


def test_an_order_that_was_passed_in_the_evening_was_passed_that_day(there: Shop) -> None:
    policy = there.policy(split=Split.ORDER_WHOLE, order_share=Share.YIELD, leapfrog_days=7)
    book = a_book(there, passed_over=1, passed_since=EVENING)
    assert [book.lets_pass(policy, date(2026, 3, day)) for day in (7, 8)] == [True, False]
    with there.world.database.read() as conn:
        [passed] = fairness_rows.let_pass(conn, there.id, limit=9)
    assert passed.since == date(2026, 3, 1)


def test_the_class_of_an_order_of_the_evening_rests_on_the_stores_day(there: Shop) -> None:
    policy = there.policy(priority=(PriorityRule("Hurry", 3, Fact.NEEDED, "14"),))
    book = a_book(there, need_by=date(2026, 3, 1))
    with there.world.database.write() as conn:
        changes.queue_anew(conn, there.id, [1], policy)
    assert [row["priority"] for row in there.rows(orders)] == ["Hurry"]
    told = KnownOrder(book.order, unread=False, read_began=EVENING + timedelta(days=1))
    zone = zone_of(store_of(there))
    with there.world.database.write() as conn:
        changes.choose_for_order(conn, there.id, 1, OrderChoices())
        orderbook.save(conn, there.id, [(book, told)], policy=policy, zone=zone, now=EVENING)
    assert [row["priority"] for row in there.rows(orders)] == ["Hurry"]
