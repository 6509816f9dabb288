"""A write that the store refuses is tried again, a few times, then each night and when the merchant says so."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from backorder.db import queries
from backorder.db.queries import StuckWork
from backorder.db.tables import actions
from backorder.domain.actions import ActionKind
from backorder.domain.lifecycle import WorkState
from backorder.domain.policy import NoticeKind
from backorder.domain.store import Health
from demo.stores.troubles import said
from jobs import steer
from jobs.steer import Nonsense
from jobs.try_again import try_order_again
from jobs.write_back import REFUSALS
from tests.story.stage import Shopify, Stage, Woo

DAY = timedelta(days=1).total_seconds()


def refuse(stage: Stage, times: int | None) -> None:
    """The shop refuses the next changes of its orders."""
    what = said(422, {"code": "rest_invalid_param", "message": "No.", "data": {"status": 422}})
    if isinstance(stage.shop, Woo):
        stage.shop.app.troubles.fail(what, times, method="PUT", path="/orders/")
        return
    assert isinstance(stage.shop, Shopify)
    stage.shop.app.troubles.fail(what, times, writes=True)


def refusals(stage: Stage) -> int:
    """How often it refused one so far."""
    assert isinstance(stage.shop, Woo | Shopify)
    return len(stage.shop.app.troubles.met)


def mend(stage: Stage) -> None:
    assert isinstance(stage.shop, Woo | Shopify)
    stage.shop.app.troubles.mend()


def left(stage: Stage) -> set[WorkState]:
    """Where the writes to orders stand."""
    with stage.bench.world.database.read() as conn:
        kinds = actions.c.kind != ActionKind.NOTE
        return set(conn.execute(select(actions.c.state).where(kinds)).scalars())


def stuck(stage: Stage) -> list[StuckWork]:
    with stage.bench.world.database.read() as conn:
        return queries.stuck_work(conn, stage.bench.store_id, limit=9)


def waiting_order(stage: Stage) -> int:
    stage.shop.stock("MUG", 0)
    order = stage.shop.order("MUG", 3, 5)
    stage.settle()
    return order


def test_what_the_store_refuses_once_is_written_with_the_next_try(stage: Stage) -> None:
    refuse(stage, times=1)
    order = waiting_order(stage)
    assert (refusals(stage), left(stage), stuck(stage)) == (1, {WorkState.DONE}, [])
    assert stage.shop.held(order) == (3 if isinstance(stage.shop, Shopify) else 0)


def test_the_message_about_units_waits_until_the_store_took_their_release(stage: Stage) -> None:
    order = waiting_order(stage)
    refuse(stage, times=2)
    stage.shop.receive("MUG", 3)
    stage.settle()
    assert (stage.shop.held(order), refusals(stage)) == (0, 2)
    assert stage.told(order) == [NoticeKind.BACKORDERED, NoticeKind.ALLOCATED]


def test_what_is_refused_for_ever_is_shown_and_tried_once_a_night_until_the_store_takes_it(stage: Stage) -> None:
    order = waiting_order(stage)
    refuse(stage, times=None)
    stage.shop.receive("MUG", 3)
    stage.settle()
    for _ in range(8):
        stage.wait(3600)
        stage.settle()
    assert (refusals(stage), left(stage) - {WorkState.DONE}) == (REFUSALS, {WorkState.FAILED})
    assert [(work.order_id, work.may_be_tried) for work in stuck(stage)] == [(order, True)]
    assert (stage.told(order), stage.bench.store.health) == ([NoticeKind.BACKORDERED], Health.GOOD)

    stage.wait(DAY)
    stage.bench.catch_up()
    stage.settle()
    assert refusals(stage) == REFUSALS + 1

    mend(stage)
    stage.wait(DAY)
    stage.bench.catch_up()
    stage.settle()
    assert (stage.shop.held(order), left(stage), stuck(stage)) == (0, {WorkState.DONE}, [])
    assert stage.told(order) == [NoticeKind.BACKORDERED, NoticeKind.ALLOCATED]


def test_what_was_given_up_is_tried_at_once_when_the_merchant_says_so(stage: Stage) -> None:
    order = waiting_order(stage)
    world, store_id = stage.bench.world, stage.bench.store_id
    refuse(stage, times=REFUSALS)
    stage.shop.receive("MUG", 3)
    stage.settle()
    assert [work.order_id for work in stuck(stage)] == [order]

    try_order_again(world, store_id, order)
    stage.settle()
    assert (stage.shop.held(order), left(stage), stuck(stage)) == (0, {WorkState.DONE}, [])
    assert stage.told(order) == [NoticeKind.BACKORDERED, NoticeKind.ALLOCATED]
    with pytest.raises(Nonsense):
        try_order_again(world, store_id, order)


def test_what_was_given_up_is_written_when_something_else_is_wanted_of_the_order(stage: Stage) -> None:
    stage.shop.stock("MUG", 0)
    refuse(stage, times=REFUSALS)
    order = stage.shop.order("MUG", 3, 5)
    stage.settle()
    stage.shop.edit(order, 2)
    stage.settle()
    assert (left(stage), stuck(stage)) == ({WorkState.DONE}, [])
    assert stage.shop.held(order) == (2 if isinstance(stage.shop, Shopify) else 0)


def test_nothing_that_was_given_up_is_tried_while_the_store_is_only_watched(stage: Stage) -> None:
    order = waiting_order(stage)
    refuse(stage, times=None)
    stage.shop.receive("MUG", 3)
    stage.settle()
    steer.watch(stage.bench.world, stage.bench.store_id)
    with pytest.raises(Nonsense):
        try_order_again(stage.bench.world, stage.bench.store_id, order)
    stage.wait(DAY)
    stage.bench.catch_up()
    assert (refusals(stage), WorkState.DUE in left(stage)) == (REFUSALS, False)
