"""A customer's date, end to end: told, moved, told anew when it moved by enough, and not otherwise."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from backorder.db import explain_rows, goods, items
from backorder.domain.choices import ItemChoices
from backorder.domain.lifecycle import WorkState
from backorder.domain.policy import NoticeKind
from backorder.domain.promise import TooFar
from backorder.domain.supply import Pool
from backorder.domain.what_if import Cancelled, Change, ComesLater
from jobs import steer, what_if
from jobs.promise import quotes
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


def pool_of(stage: Stage, order: int) -> Pool:
    pool = stage.standing(order).lines[0].parts[0].pool
    assert pool is not None
    return pool


def test_a_pre_order_is_neither_promised_nor_quoted_a_day_before_the_item_is_out(stage: Stage) -> None:
    stage.shop.stock("MUG", 0)
    order = stage.shop.order("MUG", 2, 5)
    stage.settle()
    world, store_id, pool = stage.bench.world, stage.bench.store_id, pool_of(stage, order)
    out = stage.bench.now.date() + timedelta(days=40)
    steer.save_policy(world, store_id, lead_time_days=5, handling_days=1)
    steer.choose_for_item(world, store_id, pool.item, ItemChoices(released_on=out))
    stage.settle()
    ships = out + timedelta(days=1)
    assert stage.standing(order).lines[0].promised == (ships, ships)
    with world.database.read() as conn:
        assert quotes(conn, stage.bench.store, pool.item, Decimal(1), stage.bench.now) == {pool: (ships, ships)}


def test_goods_that_were_once_entered_for_a_day_too_far_away_stop_no_pass(stage: Stage) -> None:
    stage.shop.stock("MUG", 0)
    order = stage.shop.order("MUG", 2, 5)
    stage.settle()
    world, store_id, pool = stage.bench.world, stage.bench.store_id, pool_of(stage, order)
    with world.database.write() as conn:
        far = goods.add_inbound(
            conn,
            store_id,
            pool,
            quantity=Decimal(5),
            expected_on=date(9999, 12, 30),
            source="",
            now=stage.bench.now,
        )
        items.touch(conn, store_id, [pool.item])
    stage.settle()
    assert stage.standing(order).lines[0].promised is None
    with pytest.raises(TooFar):
        what_if.preview(world, store_id, [ComesLater(far, 999)])
    steer.move_inbound(world, store_id, far, stage.bench.now.date() + timedelta(days=20))
    stage.settle()
    assert stage.standing(order).lines[0].promised is not None


def test_a_date_behind_a_line_that_got_its_units_is_its_own_again_in_a_long_queue_too(stage: Stage) -> None:
    steer.save_policy(stage.bench.world, stage.bench.store_id, lead_time_days=30, handling_days=1)
    stage.shop.stock("MUG", 0)
    younger = stage.shop.order("MUG", 600, 5)
    stage.settle()
    own = stage.standing(younger).lines[0].promised
    stage.wait(3 * 86400)
    older = stage.shop.order("MUG", 1, 3)
    stage.settle()
    assert stage.standing(younger).lines[0].promised == stage.standing(older).lines[0].promised != own
    stage.shop.receive("MUG", 1)
    stage.settle()
    stage.wait(3)
    stage.settle()
    assert stage.has(older, younger) == [(1, 0), (0, 600)]
    assert stage.standing(younger).lines[0].promised == own
