"""The store fails, people interfere, webhooks are junk: nothing is lost, doubled or acted on blindly."""

import itertools
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from backorder.db import inbox, leases, moments, orderbook, outbox
from backorder.domain.actions import StoreSide
from backorder.domain.lifecycle import WorkState
from backorder.domain.policy import NoticeKind
from backorder.domain.store import Health
from connectors import get
from demo.stores.wire import Fault
from jobs import steer
from jobs.ingest import ingest
from jobs.queues import OutOfTime
from jobs.sweep import SetBack
from jobs.write_back import UNKNOWN_FIRST, write_back
from tests.story.mortal import Killed, Life, mortal
from tests.story.stage import Shopify, Stage

LATER = timedelta(minutes=11).total_seconds()


def waiting_order(stage: Stage) -> int:
    stage.shop.stock("MUG", 0)
    order = stage.shop.order("MUG", 3, 5)
    stage.settle()
    return order


def test_a_write_without_an_answer_is_not_looked_at_before_it_can_have_ended(stage: Stage) -> None:
    order = waiting_order(stage)
    stage.shop.receive("MUG", 1)
    stage.settle("write_back")
    # One platform is asked and written to by the same method: it is asked first.
    asked = iter([isinstance(stage.shop, Shopify)])
    stage.transport.fail(Fault.LOST_ANSWER, concerns=lambda *call: is_write(*call) and not next(asked, False))
    write_back(stage.bench.world, stage.bench.store_id, order)
    with stage.bench.world.database.read() as conn:
        again = outbox.next_due(conn, stage.bench.now)
    assert again is not None
    assert UNKNOWN_FIRST - 1 < (again - stage.bench.now).total_seconds() <= UNKNOWN_FIRST


def is_write(method: str, url: str) -> bool:
    return method in ("PUT", "POST")


@pytest.mark.parametrize("fault", list(Fault))
def test_a_call_that_fails_for_now_is_made_up_for(stage: Stage, fault: Fault) -> None:
    stage.shop.stock("MUG", 0)
    stage.transport.fail(fault, times=3)
    order = stage.shop.order("MUG", 3, 5)
    stage.settle()
    stage.wait(LATER)
    stage.settle()
    assert (stage.has(order), stage.told(order)) == ([(0, 3)], [NoticeKind.BACKORDERED])
    assert stage.bench.store.health is Health.GOOD


@pytest.mark.parametrize("fault", list(Fault))
def test_writes_whose_answers_are_lost_happen_once(stage: Stage, fault: Fault) -> None:
    order = waiting_order(stage)
    stage.shop.receive("MUG", 1)
    stage.transport.fail(fault, times=2, concerns=is_write)
    stage.settle()
    stage.wait(LATER)
    stage.settle()
    assert stage.has(order) == [(1, 2)]
    assert stage.told(order) == [NoticeKind.BACKORDERED, NoticeKind.ALLOCATED]
    if isinstance(stage.shop, Shopify):
        assert stage.shop.held(order) == 2
    else:
        notes = [note.text for note in stage.shop.app.shop.orders[order].notes]
        assert len(notes) == len(set(notes))


def test_a_store_that_refuses_our_key_is_left_alone_until_it_is_connected_again(stage: Stage) -> None:
    waiting_order(stage)
    body = b'{"code":"woocommerce_rest_cannot_view","message":"Sorry","data":{"status":401}}'
    stage.transport.answer(401, body, [("Content-Type", "application/json")], times=50)
    stage.shop.order("MUG", 1, 6)
    stage.settle()
    assert stage.bench.store.health is Health.ACCESS_LOST
    calls = len(stage.transport.calls)
    stage.wait(LATER)
    stage.bench.work_off()
    assert len(stage.transport.calls) == calls


def test_a_page_that_forbids_one_call_ends_no_access(stage: Stage) -> None:
    waiting_order(stage)
    stage.transport.answer(403, b"<html>Forbidden</html>", [("Content-Type", "text/html")])
    order = stage.shop.order("MUG", 1, 6)
    stage.settle()
    stage.wait(LATER)
    stage.settle()
    assert (stage.bench.store.health, stage.has(order)) == (Health.GOOD, [(0, 1)])


def test_a_hold_released_by_hand_counts_as_given_by_hand_and_is_not_put_back(stage: Stage) -> None:
    if not isinstance(stage.shop, Shopify):
        assert "hold" not in get(stage.platform).capabilities
        return
    older = waiting_order(stage)
    younger = stage.shop.order("MUG", 2, 6)
    stage.settle()
    stage.shop.app.trade.release_hold_by_hand(younger)
    stage.settle()
    assert (stage.shop.held(younger), stage.standing(younger).lines[0].firm) == (0, 2)
    stage.shop.receive("MUG", 4)
    stage.settle()
    assert stage.has(older, younger) == [(2, 1), (2, 0)]


@pytest.mark.parametrize("watched", [False, True])
def test_a_release_that_stopped_halfway_and_is_not_wanted_any_more_is_no_persons_doing(
    stage: Stage, watched: bool
) -> None:
    if not isinstance(stage.shop, Shopify):
        assert "hold" not in get(stage.platform).capabilities
        return
    world, store_id = stage.bench.world, stage.bench.store_id
    order = waiting_order(stage)
    stage.shop.receive("MUG", 2)
    stage.settle("write_back")
    before = len(stage.transport.calls)
    stage.transport.answer(429, times=1, concerns=lambda *_: len(stage.transport.calls) - before == 3)
    write_back(world, store_id, order)
    # The store is well: it only takes no more calls for the moment.
    assert (stage.shop.held(order), stage.bench.store.health) == (0, Health.GOOD)
    if watched:
        steer.watch(world, store_id)
    stage.lose("orders", "fulfillment")
    stage.shop.app.trade.set_stock("MUG", 0)
    stage.wait(20)
    stage.settle("write_back")
    stage.lose()
    stage.bench.catch_up()
    stage.settle()
    steer.switch_on(world, store_id, tell_waiting=False)
    stage.settle()
    assert (stage.has(order), stage.shop.held(order)) == ([(0, 3)], 3)


def test_a_tag_taken_off_by_hand_is_not_put_back_while_its_reason_stays(stage: Stage) -> None:
    if not isinstance(stage.shop, Shopify):
        assert "tag" not in get(stage.platform).capabilities
        return
    order = waiting_order(stage)
    stage.shop.app.trade.remove_tag(order, "backorder")
    stage.settle()
    stage.bench.catch_up()
    stage.settle()
    assert stage.shop.app.shop.orders[order].tags == []
    stage.shop.receive("MUG", 1)
    stage.settle()
    assert stage.shop.app.shop.orders[order].tags == ["backorder-partial"]
    stage.shop.receive("MUG", 2)
    stage.settle()
    assert stage.shop.app.shop.orders[order].tags == ["backorder-ready"]


def test_a_delivery_that_cannot_be_read_is_put_aside_and_the_next_one_is_taken_in(stage: Stage) -> None:
    first = waiting_order(stage)
    junk = (b"not json", b'{"id": "x"}', b"[]", b"\xff\xfe", b'{"id":' + b"9" * 5000 + b"}", b"[" * 100_000, b"")
    assert [stage.say(body) for body in junk] == [200] * len(junk)
    second = stage.shop.order("MUG", 1, 6)
    stage.settle()
    with stage.bench.world.database.read() as conn:
        aside = inbox.counts(conn, stage.bench.store_id).get(WorkState.FAILED, 0)
    assert aside == len(junk)
    assert stage.has(first, second) == [(0, 3), (0, 1)]


def test_a_delivery_that_kills_whoever_takes_it_in_is_put_aside_and_the_next_one_is_taken_in(stage: Stage) -> None:
    waiting_order(stage)
    alive = stage.bench.world
    stage.say(b'{"id": 1}')
    for _ in range(1 + inbox.TRIES):
        with pytest.raises(Killed):
            ingest(mortal(alive, Life(ends_at=2), stage.writes), stage.bench.store_id)
        stage.wait(leases.LENGTH.total_seconds())
    second = stage.shop.order("MUG", 1, 6)
    stage.settle()
    with alive.database.read() as conn:
        aside = inbox.quarantined(conn, stage.bench.store_id)
    assert [row["reason"] for row in aside] == ["Whoever took it in died of it or near it"]
    assert stage.has(second) == [(0, 1)]


def test_a_delivery_that_takes_all_the_time_of_its_job_is_put_aside_and_the_next_one_is_taken_in(stage: Stage) -> None:
    waiting_order(stage)
    alive = stage.bench.world
    stage.shop.order("MUG", 1, 7)
    stage.settle("ingest")
    looks = itertools.count(1)

    def clock() -> datetime:
        """For the lease, the turn, its end, the lease's renewal, the begin of the delivery; then the minute is over."""
        if (look := next(looks)) == 6:
            raise OutOfTime
        return alive.clock() + timedelta(minutes=look > 6)

    with pytest.raises(OutOfTime):
        ingest(replace(alive, clock=clock), stage.bench.store_id)
    second = stage.shop.order("MUG", 1, 6)
    stage.settle()
    with alive.database.read() as conn:
        aside = inbox.quarantined(conn, stage.bench.store_id)
    assert [row["reason"] for row in aside] == ["Taking it in took too long"]
    assert stage.has(second) == [(0, 1)]


def test_nobody_is_told_again_what_they_were_told_last_where_units_came_and_went(stage: Stage) -> None:
    order = waiting_order(stage)
    stage.shop.receive("MUG", 3)
    stage.settle("write_back", "notify")
    given = stage.has(order)
    stage.shop.receive("MUG", -3)
    stage.settle("write_back", "notify")
    stage.settle()
    # In WooCommerce nothing is held: what was given is the order's from then on.
    still = [(0, 3)] if stage.platform == "shopify" else [(3, 0)]
    assert (given, stage.has(order)) == ([(3, 0)], still)
    told = [NoticeKind.BACKORDERED] if stage.platform == "shopify" else [NoticeKind.BACKORDERED, NoticeKind.ALLOCATED]
    assert stage.told(order) == told


@pytest.mark.parametrize(("looked_before", "at_work"), [(True, False), (False, False), (True, True)])
def test_after_the_clock_was_set_back_work_goes_on_at_once(stage: Stage, looked_before: bool, at_work: bool) -> None:
    waiting_order(stage)
    set_back = SetBack(stage.bench.world)
    if looked_before:
        set_back.look()
    stage.bench.set_back(timedelta(minutes=10))
    set_back.look()
    began = stage.bench.now
    if at_work:
        # Somebody who began before it was set back saves a little later what was read then.
        with stage.bench.world.database.write() as conn:
            moments.set_back(conn, -timedelta(minutes=10), began - timedelta(minutes=1))
        set_back.look()
    order = stage.shop.order("MUG", 1, 6)
    stage.settle()
    assert (stage.has(order), stage.told(order)) == ([(0, 1)], [NoticeKind.BACKORDERED])
    assert stage.bench.now < began + timedelta(seconds=60)


@pytest.mark.parametrize("at", [1, 2, 3, 4])
def test_what_a_write_leaves_that_ends_after_the_store_was_only_watched_is_taken_off(stage: Stage, at: int) -> None:
    world, store_id = stage.bench.world, stage.bench.store_id
    stage.shop.stock("MUG", 0)
    order = stage.shop.order("MUG", 3, 5)
    stage.settle("write_back")
    before = len(stage.transport.calls)
    watched: list[str] = []

    def watches(_method: str, url: str) -> bool:
        if not watched and len(stage.transport.calls) - before >= at:
            watched.append(url)
            steer.watch(world, store_id)
        return False

    stage.transport.answer(503, times=1, concerns=watches)
    write_back(world, store_id, order)
    stage.shop.cancel(order)
    stage.settle()
    steer.switch_on(world, store_id, tell_waiting=False)
    stage.settle()
    with world.database.read() as conn:
        book = orderbook.load(conn, store_id, [order])[order]
    assert (book.desired or StoreSide(), book.wrote or StoreSide()) == (StoreSide(), StoreSide())


def test_what_we_left_at_an_order_that_ended_while_the_store_was_watched_is_taken_off(stage: Stage) -> None:
    order = waiting_order(stage)
    steer.watch(stage.bench.world, stage.bench.store_id)
    stage.shop.cancel(order)
    stage.settle()
    steer.switch_on(stage.bench.world, stage.bench.store_id, tell_waiting=False)
    stage.settle()
    with stage.bench.world.database.read() as conn:
        book = orderbook.load(conn, stage.bench.store_id, [order])[order]
    assert (book.desired, book.wrote) == (StoreSide(), StoreSide())
