"""An accepted cancellation is made once, and never after it was shipped; whoever comes second is told why."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from backorder.db import cancel_rows, taking_out
from backorder.db.cancel_rows import CancelRow
from backorder.db.stores import PATIENCE
from backorder.domain.lifecycle import WorkState
from backorder.domain.store import Health
from connectors.woocommerce.answers import NOT_REFUNDED
from demo.stores.troubles import Broken
from demo.stores.wire import Fault
from jobs import steer
from jobs.accept_cancel import accept_cancel
from jobs.cancel import NEVER_CONFIRMED, cancel
from jobs.errands import ONLY_WATCHED
from jobs.leave import NOT_DONE, leave
from jobs.steer import Nonsense
from tests.story.stage import Shopify, Stage, Woo

IN_PART = {"MUG": 2, "LAMP": 1}


@pytest.fixture
def order(stage: Stage) -> int:
    """An order of three mugs of which one is there; its customer does not want to wait."""
    stage.shop.stock("MUG", 1)
    if isinstance(stage.shop, Woo):
        stage.shop.app.shop.settings.gateway_refunds = True
    steer.save_policy(stage.bench.world, stage.bench.store_id, cancel_in_store=True)
    number = stage.shop.order("MUG", 3, 5)
    stage.settle()
    wish(stage, number)
    return number


def wish(stage: Stage, order: int) -> None:
    steer.wish_cancel(stage.bench.world, stage.bench.store_id, order, line_ids=None, reason="Too late")


def accept(stage: Stage, order: int) -> str:
    """Accept it; what was said against it."""
    try:
        accept_cancel(stage.bench.world, stage.bench.store_id, order, restock=True, refund=True)
    except Nonsense as error:
        return str(error)
    return ""


def accepted(stage: Stage, basket: Mapping[str, int]) -> int:
    """An order of mugs, which are not there, and of lamps, which are: that what waits is cancelled was accepted."""
    stage.shop.stock("MUG", 0)
    stage.shop.stock("LAMP", 5)
    steer.save_policy(stage.bench.world, stage.bench.store_id, cancel_in_store=True)
    order = stage.shop.basket(basket, 5)
    stage.settle()
    wish(stage, order)
    assert accept(stage, order) == ""
    return order


def rows(stage: Stage, order: int) -> list[CancelRow]:
    with stage.bench.world.database.read() as conn:
        return cancel_rows.of_order(conn, stage.bench.store_id, order)


def under_way(stage: Stage) -> int:
    """Changes that a store that is left still waits for."""
    with stage.bench.world.database.read() as conn:
        return taking_out.ours_left(conn, stage.bench.store_id).under_way


def money(stage: Stage) -> list[str]:
    """The store's own count of what moved money."""
    if isinstance(stage.shop, Woo):
        return [entry.kind for entry in stage.shop.app.journal.effects if entry.kind == "POST refund"]
    assert isinstance(stage.shop, Shopify)
    return [
        entry.kind for entry in stage.shop.app.trade.journal.effects if entry.kind in ("orderCancel", "refundCreate")
    ]


def lose_answer(stage: Stage) -> None:
    """The shop does what it is asked for next, and its answer is lost."""
    assert isinstance(stage.shop, Woo | Shopify)
    stage.shop.app.troubles.fail(Broken.TIMEOUT_AFTER, method="POST", writes=True)


def once(stage: Stage) -> list[str]:
    """The one entry of a whole order that was cancelled."""
    return ["POST refund"] if isinstance(stage.shop, Woo) else ["orderCancel"]


def test_where_it_is_not_switched_on_nothing_is_cancelled(stage: Stage, order: int) -> None:
    steer.save_policy(stage.bench.world, stage.bench.store_id, cancel_in_store=False)
    assert accept(stage, order) == (
        "Waitline cancels nothing in your store: cancel it there, or switch it on under Settings."
    )


def test_a_paid_order_is_refunded_by_the_shops_way_of_payment_once(stage: Stage, order: int) -> None:
    if not isinstance(stage.shop, Woo):
        return
    assert [accept(stage, order), accept(stage, order)] == ["", "It is being cancelled already."]
    stage.settle()
    known = stage.shop.app.shop.orders[order]
    assert (known.status, known.refunded_amount, money(stage)) == ("refunded", Decimal(30), ["POST refund"])
    assert known.refunds[0]["refunded_payment"] is True
    assert stage.shop.app.shop.by_sku("MUG").stock == 1
    assert [row.state for row in rows(stage, order)] == [WorkState.DONE]


def test_a_way_of_payment_that_cannot_refund_is_told_and_nothing_was_done(stage: Stage, order: int) -> None:
    if not isinstance(stage.shop, Woo):
        return
    stage.shop.app.shop.settings.gateway_refunds = False
    accept(stage, order)
    stage.settle()
    (row,) = rows(stage, order)
    assert (row.state, row.reason.startswith(NOT_REFUNDED), money(stage)) == (WorkState.FAILED, True, [])


def test_a_refund_whose_answer_was_lost_is_found_and_not_repeated(stage: Stage, order: int) -> None:
    if not isinstance(stage.shop, Woo):
        return
    accept(stage, order)
    stage.transport.fail(Fault.LOST_ANSWER, concerns=lambda method, _: method == "POST")
    cancel(stage.bench.world, stage.bench.store_id, order)
    assert [row.state for row in rows(stage, order)] == [WorkState.UNKNOWN]
    stage.wait(60)
    stage.settle()
    assert ([row.state for row in rows(stage, order)], money(stage)) == ([WorkState.DONE], ["POST refund"])


def test_a_refund_that_never_arrived_is_left_to_a_person(stage: Stage, order: int) -> None:
    if not isinstance(stage.shop, Woo):
        return
    accept(stage, order)
    stage.transport.fail(Fault.LOST_CALL, concerns=lambda method, _: method == "POST")
    cancel(stage.bench.world, stage.bench.store_id, order)
    for _ in range(8):
        stage.wait(300)
        stage.settle()
    (row,) = rows(stage, order)
    assert (row.state, row.reason, money(stage)) == (WorkState.FAILED, NEVER_CONFIRMED, [])


def test_a_whole_order_is_cancelled_and_paid_back_once(stage: Stage, order: int) -> None:
    if not isinstance(stage.shop, Shopify):
        return
    assert [accept(stage, order), accept(stage, order)] == ["", "It is being cancelled already."]
    stage.settle()
    known = stage.shop.app.shop.orders[order]
    assert (known.cancelled is not None, known.refunds[-1].paid_back, money(stage)) == (
        True,
        Decimal("30.00"),
        ["orderCancel"],
    )
    assert [row.state for row in rows(stage, order)] == [WorkState.DONE]
    said = "There is nothing left to cancel: it was shipped or cancelled meanwhile."
    assert (accept(stage, order), money(stage)) == (said, ["orderCancel"])


def test_lines_of_an_order_are_refunded_and_the_rest_stays(stage: Stage) -> None:
    if not isinstance(stage.shop, Shopify):
        return
    order = accepted(stage, IN_PART)
    stage.settle()
    known = stage.shop.app.shop.orders[order]
    assert ([line.current for line in known.lines], known.refunds[-1].paid_back, money(stage)) == (
        [0, 1],
        Decimal("20.00"),
        ["refundCreate"],
    )


def test_what_was_shipped_meanwhile_is_not_cancelled(stage: Stage, order: int) -> None:
    accept(stage, order)
    stage.shop.receive("MUG", 2)
    if isinstance(stage.shop, Shopify):
        stage.shop.app.trade.release_hold_by_hand(order)
        stage.shop.app.trade.fulfil(order)
    else:
        stage.shop.ship(order, 3)
    cancel(stage.bench.world, stage.bench.store_id, order)
    (row,) = rows(stage, order)
    assert (row.state, row.reason, money(stage)) == (
        WorkState.FAILED,
        "Some of it was shipped or cancelled meanwhile: nothing was cancelled or refunded.",
        [],
    )


def test_what_a_person_cancelled_meanwhile_is_not_paid_back_again(stage: Stage, order: int) -> None:
    accept(stage, order)
    stage.shop.cancel(order)
    stage.settle()
    (row,) = rows(stage, order)
    assert (row.state, row.reason, money(stage)) == (
        WorkState.FAILED,
        "The order was cancelled meanwhile; nothing was refunded a second time.",
        [],
    )


@pytest.mark.parametrize("partly", [False, True])
def test_a_lost_answer_is_looked_up_and_not_repeated(stage: Stage, partly: bool) -> None:
    if not isinstance(stage.shop, Shopify):
        return
    order = accepted(stage, IN_PART if partly else {"MUG": 2})
    before = len(stage.transport.calls)
    stage.transport.fail(Fault.LOST_ANSWER, concerns=lambda *_: len(stage.transport.calls) - before == 3)
    cancel(stage.bench.world, stage.bench.store_id, order)
    assert [row.state for row in rows(stage, order)] == [WorkState.UNKNOWN]
    stage.wait(60)
    stage.settle()
    assert [row.state for row in rows(stage, order)] == [WorkState.DONE]
    assert money(stage) == ["refundCreate" if partly else "orderCancel"]


def test_a_refund_that_the_shop_is_still_at_is_waited_for(stage: Stage) -> None:
    if not isinstance(stage.shop, Shopify):
        return
    order = accepted(stage, IN_PART)
    repeats = stage.shop.app.repeats
    repeats.late = True
    for _ in range(2):
        cancel(stage.bench.world, stage.bench.store_id, order)
        stage.wait(600)
    assert ([row.state for row in rows(stage, order)], money(stage)) == ([WorkState.UNKNOWN], [])
    repeats.finish()
    stage.settle()
    assert ([row.state for row in rows(stage, order)], money(stage)) == ([WorkState.DONE], ["refundCreate"])


def test_a_store_that_takes_no_more_calls_for_the_moment_uses_up_no_try(stage: Stage, order: int) -> None:
    accept(stage, order)
    seen = []
    for _ in range(13):
        stage.transport.answer(429, headers=[("Retry-After", "5")])
        cancel(stage.bench.world, stage.bench.store_id, order)
        # It is asked no more for the moment; one that refuses call after call is shown, and asked less and less.
        calls = len(stage.transport.calls)
        cancel(stage.bench.world, stage.bench.store_id, order)
        assert len(stage.transport.calls) == calls
        seen.append(stage.bench.store.health)
        stage.wait(10 if len(seen) < PATIENCE else 601)
    assert [(row.state, row.tries) for row in rows(stage, order)] == [(WorkState.DUE, 0)]
    assert seen == [Health.GOOD] * (PATIENCE - 1) + [Health.BACKING_OFF] * (14 - PATIENCE)
    # Nor is it a look for what may have been done.
    lose_answer(stage)
    cancel(stage.bench.world, stage.bench.store_id, order)
    for _ in range(8):
        stage.wait(601)
        stage.transport.answer(429, headers=[("Retry-After", "5")])
        cancel(stage.bench.world, stage.bench.store_id, order)
    assert [(row.state, row.tries) for row in rows(stage, order)] == [(WorkState.UNKNOWN, 1)]
    stage.wait(601)
    stage.settle()
    assert ([row.state for row in rows(stage, order)], money(stage)) == ([WorkState.DONE], once(stage))
    assert (stage.bench.store.health, stage.bench.store.failures) == (Health.GOOD, 0)


def test_a_whole_order_whose_cancellation_is_never_confirmed_is_left_to_a_person(stage: Stage, order: int) -> None:
    if not isinstance(stage.shop, Shopify):
        return
    accept(stage, order)
    before = len(stage.transport.calls)
    stage.transport.fail(Fault.LOST_CALL, concerns=lambda *_: len(stage.transport.calls) - before == 3)
    cancel(stage.bench.world, stage.bench.store_id, order)
    for _ in range(8):
        stage.wait(300)
        stage.settle()
    (row,) = rows(stage, order)
    assert (row.state, row.reason, money(stage)) == (WorkState.FAILED, NEVER_CONFIRMED, [])
    assert (stage.shop.app.shop.orders[order].cancelled, accept(stage, order)) == (None, "")


def test_what_was_accepted_and_not_begun_ends_with_a_reason_when_the_store_is_left(stage: Stage, order: int) -> None:
    assert accept(stage, order) == ""
    leave(stage.bench.world, stage.bench.store_id)
    stage.settle()
    assert [(row.state, row.reason) for row in rows(stage, order)] == [(WorkState.DROPPED, NOT_DONE)]
    assert (money(stage), under_way(stage)) == ([], 0)


def test_what_was_begun_when_the_store_is_left_is_looked_for_and_counts_as_under_way(stage: Stage, order: int) -> None:
    lose_answer(stage)
    assert accept(stage, order) == ""
    cancel(stage.bench.world, stage.bench.store_id, order)
    assert [row.state for row in rows(stage, order)] == [WorkState.UNKNOWN]
    leave(stage.bench.world, stage.bench.store_id)
    stage.settle("cancel")
    assert under_way(stage) == 1
    stage.wait(60)
    stage.settle()
    assert [row.state for row in rows(stage, order)] == [WorkState.DONE]
    assert (len(money(stage)), under_way(stage)) == (1, 0)


def test_what_was_accepted_and_not_begun_ends_with_a_reason_when_the_store_is_only_watched(
    stage: Stage, order: int
) -> None:
    world, store_id = stage.bench.world, stage.bench.store_id

    def watch(*_: str) -> bool:
        steer.watch(world, store_id)
        return True

    assert accept(stage, order) == ""
    steer.watch(world, store_id)
    assert [(row.state, row.reason) for row in rows(stage, order)] == [(WorkState.DROPPED, ONLY_WATCHED)]
    assert accept(stage, order).startswith("Waitline only watches your store")
    steer.switch_on(world, store_id, tell_waiting=False)
    # Also what somebody is at, but has not begun, while that is chosen.
    assert accept(stage, order) == ""
    stage.transport.answer(429, concerns=watch)
    cancel(world, store_id, order)
    assert [(row.state, row.reason) for row in rows(stage, order)] == [(WorkState.DROPPED, ONLY_WATCHED)] * 2
    stage.wait(60)
    steer.switch_on(world, store_id, tell_waiting=False)
    stage.settle()
    assert (money(stage), accept(stage, order)) == ([], "")
    stage.settle()
    assert money(stage) == once(stage)


def test_ten_at_once_make_one_cancellation(stage: Stage, order: int) -> None:
    with ThreadPoolExecutor(10) as people:
        said = sorted(people.map(lambda _: accept(stage, order), range(10)))
    assert said == ["", *["It is being cancelled already."] * 9]
    with ThreadPoolExecutor(4) as workers:
        list(workers.map(lambda _: cancel(stage.bench.world, stage.bench.store_id, order), range(4)))
    stage.settle()
    assert ([row.state for row in rows(stage, order)], money(stage)) == ([WorkState.DONE], once(stage))
