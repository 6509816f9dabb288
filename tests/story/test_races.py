"""Two at once, or one between two steps of another: no change is lost, nothing is said twice."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select, update

from backorder.db import explain_rows, leases, orderbook, stores
from backorder.db.tables import items, orders, parts
from backorder.domain.events import OrderSeen
from backorder.domain.lifecycle import WorkState
from backorder.domain.policy import NoticeKind
from backorder.domain.priority import Fact, PriorityRule
from connectors.contract import OrderRead
from jobs import steer
from jobs.allocate import allocate
from jobs.ingest import apply, ingest
from jobs.pull import pull
from jobs.review import review
from jobs.take_in import take_in
from jobs.write_back import REFUSALS, write_back
from tests.story.stage import Stage

NEWS = [NoticeKind.BACKORDERED, NoticeKind.ALLOCATED]


@pytest.fixture
def woo_stage(database_url: str) -> Iterator[Stage]:
    """Where a write is told from a reading by its method."""
    stage = Stage("woocommerce", database_url)
    stage.open()
    yield stage
    stage.bench.close()


def plan(stage: Stage) -> None:
    """Take in and allocate; nothing is written to the store and nobody is told yet."""
    stage._app.deliver()
    ingest(stage.bench.world, stage.bench.store_id)
    allocate(stage.bench.world, stage.bench.store_id)
    stage.wait(3)
    allocate(stage.bench.world, stage.bench.store_id)


def waiting_order(stage: Stage) -> int:
    stage.shop.stock("MUG", 0)
    order = stage.shop.order("MUG", 3, 5)
    stage.settle()
    return order


def notices(stage: Stage, order: int) -> list[tuple[NoticeKind, WorkState]]:
    with stage.bench.world.database.read() as conn:
        story = explain_rows.story(conn, stage.bench.store_id, order, ())
    return [(notice.kind, notice.state) for notice in story.notices]


def is_write(method: str, url: str) -> bool:
    return method == "PUT"


def side_by_side(first: Callable[[threading.Event], None], second: Callable[[], None]) -> None:
    """The second begins when the first says so; what either raises is raised here."""
    begun = threading.Event()

    def follow() -> None:
        begun.wait(10)
        second()

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(first, begun), pool.submit(follow)]:
            done.result()


def test_two_arrivals_before_the_message_left_make_one_message(stage: Stage) -> None:
    order = waiting_order(stage)
    for _ in range(2):
        stage.shop.receive("MUG", 1)
        plan(stage)
    stage.settle()
    assert (stage.has(order), stage.told(order)) == ([(2, 1)], NEWS)


def test_a_message_about_a_write_that_was_given_up_is_not_sent(woo_stage: Stage) -> None:
    stage = woo_stage
    order = waiting_order(stage)
    stage.transport.answer(503, times=12, concerns=is_write)
    stage.shop.receive("MUG", 1)
    stage.settle()
    assert notices(stage, order)[1:] == [(NoticeKind.ALLOCATED, WorkState.DROPPED)]


def test_a_message_about_a_write_whose_newer_form_was_refused_is_not_sent(woo_stage: Stage) -> None:
    stage = woo_stage
    order = waiting_order(stage)
    stage.shop.receive("MUG", 1)
    plan(stage)
    item = stage.shop.app.shop.by_sku("MUG").id  # type: ignore[attr-defined]
    steer.add_inbound(
        stage.bench.world,
        stage.bench.store_id,
        item=item,
        location=None,
        quantity=Decimal(9),
        expected_on=date(2026, 2, 1),
    )
    plan(stage)
    stage.transport.answer(400, b'{"code":"x","message":"no"}', times=REFUSALS, concerns=is_write)
    stage.settle()
    # The date of the rest speaks of no write: it is told all the same.
    assert notices(stage, order)[1:] == [
        (NoticeKind.ALLOCATED, WorkState.DROPPED),
        (NoticeKind.NEW_DATE, WorkState.DONE),
    ]


def test_what_a_webhook_tells_while_the_order_is_being_read_is_read_again(stage: Stage) -> None:
    order = waiting_order(stage)
    stage.lose("product", "inventory", "fulfillment")
    stage.shop.edit(order, 2)
    stage._app.deliver()
    ingest(stage.bench.world, stage.bench.store_id)
    client, once = type(stage.bench.world.client(stage.bench.store)), []
    read = client.read_orders

    def and_then(self: Any, ids: Any) -> Any:
        found = read(self, ids)
        if not once:
            once.append(ids)
            stage.shop.edit(order, 1)
            stage._app.deliver()
            ingest(stage.bench.world, stage.bench.store_id)
        return found

    client.read_orders = and_then  # type: ignore[method-assign]
    try:
        stage.settle()
    finally:
        client.read_orders = read  # type: ignore[method-assign]
    assert (once, stage.has(order)) == ([[order]], [(0, 1)])


def test_stock_that_moves_between_the_two_readings_of_a_doubt_until_it_fits_is_not_given(woo_stage: Stage) -> None:
    stage = woo_stage
    stage.shop.stock("MUG", 1)
    stage.settle()
    waits, cancelled, left = stage.shop.order("MUG", 1, 5), stage.shop.order("MUG", 2, 6), stage.shop.order("MUG", 1, 7)
    stage.shop.ship(cancelled, 1)
    stage.shop.ship(left, 1)
    client, readings = type(stage.bench.world.client(stage.bench.store)), []
    read = client.read_stock

    def between(self: Any, ids: Any) -> Any:
        readings.append(ids)
        if len(readings) == 2:
            stage.shop.cancel(cancelled)
        return read(self, ids)

    stage._app.deliver()
    ingest(stage.bench.world, stage.bench.store_id)
    client.read_stock = between  # type: ignore[method-assign]
    try:
        allocate(stage.bench.world, stage.bench.store_id)
    finally:
        client.read_stock = read  # type: ignore[method-assign]
    assert stage.has(waits) == [(0, 1)]
    stage.settle()
    assert stage.has(waits) == [(0, 1)]


def test_a_reading_that_began_before_a_write_ended_tells_nothing_of_what_people_did(stage: Stage) -> None:
    world, store = stage.bench.world, stage.bench.store
    stage.shop.stock("MUG", 0)
    order = stage.shop.order("MUG", 3, 5)
    plan(stage)
    began = world.clock()
    found = world.client(store).read_orders([order]).found
    write_back(world, store.id, order)
    with world.database.write() as conn:
        take_in(conn, store, found, (), began, world.clock())
        book = orderbook.load(conn, store.id, [order])[order]
    assert (int(stage.standing(order).lines[0].firm), book.wrote) == (0, book.desired)


def test_an_order_that_was_read_by_a_clock_ahead_of_ours_is_not_asked_for_again_and_again(stage: Stage) -> None:
    order = waiting_order(stage)
    with stage.bench.world.database.write() as conn:
        conn.execute(update(orders).values(read_began=stage.bench.now + timedelta(hours=1), unread=True))
    before = len(stage.transport.calls)
    allocate(stage.bench.world, stage.bench.store_id)
    assert len(stage.transport.calls) - before < 10
    assert order


def test_a_reading_and_a_webhook_that_meet_over_a_new_order_keep_one_set_of_its_units(stage: Stage) -> None:
    world, store = stage.bench.world, stage.bench.store
    stage.shop.stock("MUG", 0)
    order = stage.shop.order("MUG", 3, 5)
    began = world.clock()
    [read] = world.client(store).read_orders([order]).found

    def reading(begun: threading.Event) -> None:
        with world.database.write() as conn:
            take_in(conn, store, [OrderRead(read.reading, read.found)], (), began, world.clock())
            begun.set()
            time.sleep(0.3)

    def webhook() -> None:
        with world.database.write() as conn:
            apply(conn, store, [OrderSeen(read.reading.order)], world)

    side_by_side(reading, webhook)
    with world.database.read() as conn:
        assert conn.execute(select(func.count()).select_from(parts)).scalar_one() == 1


def test_orders_that_are_pulled_while_the_rules_change_queue_under_the_new_rules(stage: Stage) -> None:
    waiting_order(stage)
    world, before = stage.bench.world, stage.bench.store
    steer.save_policy(world, before.id, priority=(PriorityRule("Big", 5, Fact.UNITS, "2"),))
    with leases.holding(world.database, f"catch_up:{before.id}", world.owner, world.clock()) as lease:
        assert lease is not None
        pull(world, replace(before, pulled_until=None), lease, world.client(before))
    with world.database.read() as conn:
        places = conn.execute(select(parts.c.queued_at, parts.c.queue_time)).all()
    assert [since - place for since, place in places] == [timedelta(days=5)]


def test_a_merchant_who_switches_on_while_a_pass_is_saved_is_obeyed(closed_stage: Stage) -> None:
    stage = closed_stage
    stage.open(on=False)
    order = waiting_order(stage)
    world, store_id = stage.bench.world, stage.bench.store_id

    def pass_(begun: threading.Event) -> None:
        with world.database.write() as conn:
            store = stores.to_change(conn, store_id)
            begun.set()
            time.sleep(0.3)
            review(conn, store, [order], world.clock())

    with world.database.write() as conn:
        conn.execute(update(orders).values(review=True))
    side_by_side(pass_, lambda: steer.switch_on(world, store_id, tell_waiting=True))
    stage.settle()
    assert stage.told(order) == [NoticeKind.BACKORDERED]


def test_two_choices_saved_at_once_are_both_kept(stage: Stage) -> None:
    world, store_id = stage.bench.world, stage.bench.store_id

    def one(begun: threading.Event) -> None:
        with world.database.write() as conn:
            found = stores.to_change(conn, store_id)
            begun.set()
            time.sleep(0.3)
            stores.set_policy(conn, store_id, found.policy.changed(handling_days=9))

    side_by_side(one, lambda: steer.save_policy(world, store_id, lead_time_days=30))
    policy = stage.bench.store.policy
    assert (policy.handling_days, policy.lead_time_days) == (9, 30)


def test_a_write_that_waits_for_a_reading_does_not_mark_anew_what_is_marked(stage: Stage) -> None:
    order = waiting_order(stage)
    stage.shop.receive("MUG", 1)
    plan(stage)
    world, store_id = stage.bench.world, stage.bench.store_id

    def marks() -> list[tuple[int, int]]:
        with world.database.read() as conn:
            return [(row.dirty_seq, row.done_seq) for row in conn.execute(select(items))]

    with world.database.write() as conn:
        conn.execute(update(orders).values(unread=True))
    before = marks()
    write_back(world, store_id, order)
    assert marks() == before
    stage.wait(61)
    write_back(world, store_id, order)
    write_back(world, store_id, order)
    assert marks() == [(dirty + 1, done) for dirty, done in before]
    stage.settle()
    assert stage.told(order) == NEWS
