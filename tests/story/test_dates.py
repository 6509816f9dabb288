"""A customer's date, end to end: told, moved, told anew when it moved by enough, and not otherwise."""

from datetime import timedelta
from decimal import Decimal

from backorder.db import explain_rows
from backorder.domain.lifecycle import WorkState
from backorder.domain.policy import NoticeKind
from backorder.domain.what_if import Cancelled, Change, ComesLater
from jobs import steer, what_if
from tests.story.stage import Stage

NEWS = [NoticeKind.BACKORDERED, NoticeKind.NEW_DATE]


def a_waiting_order(stage: Stage) -> tuple[int, int]:
    """An order without a date, and then goods on the way that cover it."""
    stage.shop.stock("MUG", 0)
    order = stage.shop.order("MUG", 2, 5)
    stage.settle()
    pool = stage.standing(order).lines[0].parts[0].pool
    assert pool is not None
    goods = steer.add_inbound(
        stage.bench.world,
        stage.bench.store_id,
        item=pool.item,
        location=pool.location,
        quantity=Decimal(5),
        expected_on=stage.bench.now.date() + timedelta(days=20),
    )
    return order, goods


def move(stage: Stage, goods: int, days: int) -> None:
    steer.move_inbound(
        stage.bench.world, stage.bench.store_id, goods, stage.bench.now.date() + timedelta(days=20 + days)
    )
    stage.settle()


def test_a_date_that_becomes_known_later_or_lost_is_told_and_a_small_move_is_not(stage: Stage) -> None:
    order, goods = a_waiting_order(stage)
    assert stage.told(order) == NEWS[:1]
    stage.settle()
    assert stage.told(order) == NEWS
    move(stage, goods, 2)
    assert stage.told(order) == NEWS
    move(stage, goods, 3)
    assert stage.told(order) == [*NEWS, NoticeKind.NEW_DATE]
    move(stage, goods, 0)
    assert stage.told(order) == [*NEWS, NoticeKind.NEW_DATE]
    steer.end_inbound(stage.bench.world, stage.bench.store_id, goods)
    stage.settle()
    assert stage.told(order) == [*NEWS, NoticeKind.NEW_DATE, NoticeKind.NEW_DATE]
    assert "The date is not known yet." in stage.bench.mails[-1].text


def test_a_date_that_moved_back_before_its_message_left_is_not_told(stage: Stage) -> None:
    order, goods = a_waiting_order(stage)
    stage.settle()
    steer.save_policy(stage.bench.world, stage.bench.store_id, paused=True)
    move(stage, goods, 9)
    move(stage, goods, 0)
    steer.save_policy(stage.bench.world, stage.bench.store_id, paused=False)
    stage.settle()
    assert stage.told(order) == NEWS
    with stage.bench.world.database.read() as conn:
        notices = explain_rows.story(conn, stage.bench.store_id, order, ()).notices
    assert {notice.state for notice in notices} == {WorkState.DONE, WorkState.DROPPED}


def test_a_preview_counts_the_customers_who_are_then_told(stage: Stage) -> None:
    order, goods = a_waiting_order(stage)
    stage.settle()
    world, store_id = stage.bench.world, stage.bench.store_id

    def told_by(change: Change) -> int:
        return what_if.preview(world, store_id, [change]).notices

    assert [told_by(ComesLater(goods, days)) for days in (-5, 2, 3)] == [0, 0, 1]
    assert told_by(Cancelled(order)) == 1
    looked_at = what_if.preview(world, store_id, [ComesLater(goods, 9)])
    what_if.commit(world, store_id, [ComesLater(goods, 9)], looked_at.world)
    stage.settle()
    assert (looked_at.notices, stage.told(order)) == (1, [*NEWS, NoticeKind.NEW_DATE])
    assert told_by(ComesLater(goods, 2)) == 0


def test_a_preview_of_a_store_that_is_only_watched_counts_nobody(stage: Stage) -> None:
    _, goods = a_waiting_order(stage)
    stage.settle()
    steer.watch(stage.bench.world, stage.bench.store_id)
    assert what_if.preview(stage.bench.world, stage.bench.store_id, [ComesLater(goods, 9)]).notices == 0
