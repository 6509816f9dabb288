"""The main job, end to end, on both platforms: order, wait, stock arrives, release, message."""

import pytest

from backorder.domain.lifecycle import LineState
from backorder.domain.policy import NoticeKind, Split
from backorder.domain.store import Mode
from connectors import get
from jobs import review, steer
from tests.story.stage import Stage


def holds(stage: Stage) -> bool:
    return "hold" in get(stage.platform).capabilities


def test_three_orders_wait_and_fifty_units_go_to_them_oldest_first(stage: Stage) -> None:
    stage.shop.stock("MUG", 0)
    first, second, third = (stage.shop.order("MUG", 20, day) for day in (5, 6, 8))
    stage.settle()
    assert stage.has(first, second, third) == [(0, 20), (0, 20), (0, 20)]
    assert [stage.told(o) for o in (first, second, third)] == [[NoticeKind.BACKORDERED]] * 3
    if holds(stage):
        assert [stage.shop.held(o) for o in (first, second, third)] == [20, 20, 20]
    stage.shop.receive("MUG", 50)
    stage.settle()
    assert stage.has(first, second, third) == [(20, 0), (20, 0), (10, 10)]
    assert [stage.standing(o).lines[0].state for o in (first, second, third)] == [
        LineState.READY,
        LineState.READY,
        LineState.PARTIAL,
    ]
    assert [stage.told(o) for o in (first, third)] == [[NoticeKind.BACKORDERED, NoticeKind.ALLOCATED]] * 2
    if holds(stage):
        assert [stage.shop.held(o) for o in (first, second, third)] == [0, 0, 10]


def test_a_long_queue_is_looked_at_in_pieces_and_nobody_is_left_out(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(review, "TOGETHER", 2)
    stage.shop.stock("MUG", 0)
    waiting = [stage.shop.order("MUG", 1, day) for day in (4, 5, 6, 7, 8)]
    stage.settle()
    stage.shop.receive("MUG", 5)
    stage.settle()
    assert [stage.told(order) for order in waiting] == [[NoticeKind.BACKORDERED, NoticeKind.ALLOCATED]] * 5


def test_an_order_is_given_what_is_there_and_waits_for_the_rest(stage: Stage) -> None:
    stage.shop.stock("MUG", 3)
    order = stage.shop.order("MUG", 5, 8)
    stage.settle()
    assert (stage.has(order), stage.told(order)) == ([(3, 2)], [NoticeKind.BACKORDERED])


def test_a_cancelled_order_gives_its_units_to_the_next_in_line(stage: Stage) -> None:
    stage.shop.stock("MUG", 0)
    first, second = stage.shop.order("MUG", 3, 5), stage.shop.order("MUG", 2, 6)
    stage.settle()
    stage.shop.receive("MUG", 2)
    stage.settle()
    assert stage.has(first, second) == [(2, 1), (0, 2)]
    stage.shop.cancel(first)
    stage.settle()
    assert stage.has(second) == [(2, 0)]
    assert stage.told(first)[-1] == NoticeKind.CANCELLED
    assert stage.told(second)[-1] == NoticeKind.ALLOCATED


def test_what_waited_and_ships_is_told(stage: Stage) -> None:
    stage.shop.stock("MUG", 0)
    order = stage.shop.order("MUG", 2, 5)
    stage.settle()
    stage.shop.receive("MUG", 2)
    stage.settle()
    stage.shop.ship(order, 2)
    stage.settle()
    assert stage.standing(order).lines[0].state == LineState.SHIPPED
    assert stage.told(order) == [NoticeKind.BACKORDERED, NoticeKind.ALLOCATED, NoticeKind.SHIPPED]


def test_an_order_that_is_in_stock_is_left_alone(stage: Stage) -> None:
    stage.shop.stock("MUG", 9)
    before = stage.writes()
    order = stage.shop.order("MUG", 2, 8)
    stage.settle()
    assert stage.standing(order).lines[0].state == LineState.COVERED
    assert (stage.told(order), stage.writes()) == ([], before)


def test_a_second_round_over_an_unchanged_store_writes_and_sends_nothing(stage: Stage) -> None:
    stage.shop.stock("MUG", 1)
    stage.shop.order("MUG", 5, 8)
    stage.settle()
    before = stage.writes(), len(stage.bench.mails)
    stage.bench.catch_up()
    stage.settle()
    assert (stage.writes(), len(stage.bench.mails)) == before


def test_nothing_is_left_to_do_at_the_end(stage: Stage) -> None:
    stage.shop.stock("MUG", 1)
    stage.shop.order("MUG", 5, 8)
    stage.settle()
    found = stage.health()
    assert (found.inbox, found.dirty, found.outbox, found.unknown, found.quarantined) == (0, 0, 0, 0, 0)


def test_a_store_that_is_only_watched_is_planned_for_and_never_touched(closed_stage: Stage) -> None:
    stage = closed_stage
    stage.open(on=False)
    stage.shop.stock("MUG", 1)
    before = stage.writes()
    order = stage.shop.order("MUG", 3, 8)
    stage.settle()
    assert stage.bench.store.mode is Mode.WATCH
    assert (stage.has(order), stage.standing(order).lines[0].firm) == ([(1, 2)], 0)
    assert (stage.told(order), stage.writes()) == ([], before)


def test_switching_on_holds_what_already_waits_and_tells_nobody_unless_the_merchant_says_so(
    closed_stage: Stage,
) -> None:
    stage = closed_stage
    stage.open(on=False)
    stage.shop.stock("MUG", 1)
    order = stage.shop.order("MUG", 3, 8)
    stage.settle()
    steer.switch_on(stage.bench.world, stage.bench.store_id, tell_waiting=False)
    stage.settle()
    assert stage.told(order) == []
    assert stage.standing(order).lines[0].firm == 1
    if holds(stage):
        assert stage.shop.held(order) == 2


def test_switching_on_tells_those_who_wait_when_the_merchant_says_so(closed_stage: Stage) -> None:
    stage = closed_stage
    stage.open(on=False)
    stage.shop.stock("MUG", 1)
    order = stage.shop.order("MUG", 3, 8)
    stage.settle()
    steer.switch_on(stage.bench.world, stage.bench.store_id, tell_waiting=True)
    stage.settle()
    assert stage.told(order) == [NoticeKind.BACKORDERED]


def test_whoever_was_told_that_he_waits_is_not_told_again_because_the_store_is_switched_on_again(stage: Stage) -> None:
    stage.shop.stock("MUG", 0)
    first, second = stage.shop.order("MUG", 1, 5), stage.shop.order("MUG", 1, 6)
    stage.settle()
    stage.shop.receive("MUG", 1)
    steer.switch_on(stage.bench.world, stage.bench.store_id, tell_waiting=True)
    stage.settle()
    told = [NoticeKind.BACKORDERED, NoticeKind.ALLOCATED]
    assert [stage.told(order) for order in (first, second)] == [told, told[:1]]


def test_orders_that_were_open_before_the_store_was_connected_are_imported(closed_stage: Stage) -> None:
    stage = closed_stage
    stage.shop.stock("MUG", 1)
    order = stage.shop.order("MUG", 3, 5)
    stage.open(on=False)
    assert stage.has(order) == [(1, 2)]


def test_the_race_a_younger_order_shrinks_and_its_webhook_never_comes(stage: Stage) -> None:
    stage.shop.stock("MUG", 0)
    older, younger = stage.shop.order("MUG", 3, 5), stage.shop.order("MUG", 2, 6)
    stage.settle()
    stage.lose("order")
    before = stage.writes(), len(stage.bench.mails)
    stage.shop.edit(younger, 1)
    stage.settle()
    assert stage.has(older, younger) == [(0, 3), (0, 1)]
    assert len(stage.bench.mails) == before[1]
    stage.shop.receive("MUG", 2)
    stage.settle()
    assert stage.has(older, younger) == [(2, 1), (0, 1)]


def test_the_race_a_younger_order_is_cancelled_and_its_webhook_never_comes(stage: Stage) -> None:
    stage.shop.stock("MUG", 0)
    older, younger = stage.shop.order("MUG", 3, 5), stage.shop.order("MUG", 2, 6)
    stage.settle()
    stage.lose("order", "fulfillment")
    stage.shop.cancel(younger)
    stage.settle()
    assert stage.has(older) == [(0, 3)]
    assert stage.told(older) == [NoticeKind.BACKORDERED]
    stage.shop.receive("MUG", 2)
    stage.settle()
    assert stage.has(older) == [(2, 1)]


def test_a_webhook_that_never_came_is_made_up_for_by_a_catch_up(stage: Stage) -> None:
    stage.shop.stock("MUG", 0)
    stage.settle()
    stage.lose("order", "product", "inventory", "fulfillment")
    order = stage.shop.order("MUG", 3, 5)
    stage.settle()
    stage.bench.catch_up()
    stage.settle()
    assert (stage.has(order), stage.told(order)) == ([(0, 3)], [NoticeKind.BACKORDERED])


def test_pausing_stops_writes_and_mails_and_going_on_makes_up_for_them(stage: Stage) -> None:
    steer.save_policy(stage.bench.world, stage.bench.store_id, paused=True)
    stage.shop.stock("MUG", 0)
    before = stage.writes()
    order = stage.shop.order("MUG", 3, 5)
    stage.settle()
    assert (stage.writes(), stage.told(order)) == (before, [])
    steer.save_policy(stage.bench.world, stage.bench.store_id, paused=False)
    stage.settle()
    assert stage.told(order) == [NoticeKind.BACKORDERED]


def test_a_customer_who_wants_to_cancel_is_given_no_more_units(stage: Stage) -> None:
    stage.shop.stock("MUG", 0)
    first, second = stage.shop.order("MUG", 2, 5), stage.shop.order("MUG", 2, 6)
    stage.settle()
    steer.wish_cancel(stage.bench.world, stage.bench.store_id, first, line_ids=None, reason="takes too long")
    stage.shop.receive("MUG", 2)
    stage.settle()
    assert stage.has(first, second) == [(0, 2), (2, 0)]


def test_an_order_that_was_covered_while_the_store_was_watched_keeps_its_units_afterwards(closed_stage: Stage) -> None:
    stage = closed_stage
    stage.open(on=False)
    stage.shop.stock("MUG", 4)
    older = stage.shop.order("MUG", 2, 5)
    stage.settle()
    steer.switch_on(stage.bench.world, stage.bench.store_id, tell_waiting=False)
    stage.shop.order("MUG", 2, 6)
    stage.settle()
    stage.shop.receive("MUG", -1)
    stage.settle()
    assert (stage.has(older), stage.told(older)) == ([(2, 0)], [])


def test_an_order_that_ships_whole_is_held_whole_until_its_last_line_is_there(stage: Stage) -> None:
    steer.save_policy(stage.bench.world, stage.bench.store_id, split=Split.ORDER_WHOLE)
    stage.shop.stock("MUG", 2)
    stage.shop.stock("CUP", 0)
    order = stage.shop.basket({"MUG": 2, "CUP": 1}, 5)
    stage.settle()
    if holds(stage):
        assert (stage.shop.held(order), [int(x.firm) for x in stage.standing(order).lines]) == (3, [0, 0])
    stage.shop.receive("CUP", 1)
    stage.settle()
    assert stage.shop.held(order) == 0
    assert stage.told(order) == [NoticeKind.BACKORDERED, NoticeKind.ALLOCATED]


def test_a_message_that_was_due_when_the_store_went_back_to_watching_is_never_sent(stage: Stage) -> None:
    world, store = stage.bench.world, stage.bench.store_id
    steer.save_policy(world, store, paused=True)
    stage.shop.stock("MUG", 0)
    order = stage.shop.order("MUG", 3, 5)
    stage.settle()
    steer.watch(world, store)
    steer.save_policy(world, store, paused=False)
    steer.switch_on(world, store, tell_waiting=False)
    stage.settle()
    assert stage.told(order) == []
    if holds(stage):
        assert stage.shop.held(order) == 3
