"""A store that is left: everything stops at once, or what is ours is taken out of it first."""

import pytest
from sqlalchemy import select

from backorder.db import privacy_tasks, stores, taking_out
from backorder.db.tables import actions, deliveries, notices
from backorder.db.tables import stores as store_rows
from backorder.domain.lifecycle import WorkState
from backorder.domain.privacy import TaskKind
from backorder.domain.store import Health, Mode
from demo.replay.leftovers import found
from jobs import steer
from jobs.erase import LEFT
from jobs.leave import leave
from jobs.steer import Nonsense
from jobs.world import World
from tests.story.stage import Shopify, Stage

LATER = 60.0


def waiting_order(stage: Stage) -> int:
    stage.shop.stock("MUG", 1)
    order = stage.shop.order("MUG", 3, 5)
    stage.settle()
    return order


def ours_left(stage: Stage) -> taking_out.OursLeft:
    with stage.bench.world.database.read() as conn:
        return taking_out.ours_left(conn, stage.bench.store_id)


def ours_at(stage: Stage, order: int) -> object:
    """What the store itself has of ours on the order."""
    client = stage.bench.world.client(stage.bench.store)
    return client.read_orders([order]).found[0].found


def test_before_a_store_is_left_everything_of_ours_is_taken_out_and_nobody_is_told(stage: Stage) -> None:
    order = waiting_order(stage)
    mails, empty = len(stage.bench.mails), type(ours_at(stage, order))()
    assert (ours_at(stage, order) != empty, ours_left(stage).orders) == (True, 1)
    leave(stage.bench.world, stage.bench.store_id)
    stage.settle()
    assert (ours_at(stage, order), ours_left(stage)) == (empty, taking_out.OursLeft(0, 0, 0, 0))
    stage.shop.receive("MUG", 5)
    stage.settle()
    assert (stage.shop.held(order), len(stage.bench.mails), ours_left(stage).nothing) == (0, mails, True)


def test_whoever_changes_their_mind_watches_again_and_may_switch_on(stage: Stage) -> None:
    order = waiting_order(stage)
    before = ours_at(stage, order)
    leave(stage.bench.world, stage.bench.store_id)
    stage.settle()
    steer.watch(stage.bench.world, stage.bench.store_id)
    steer.switch_on(stage.bench.world, stage.bench.store_id, tell_waiting=False)
    stage.settle()
    assert (ours_at(stage, order), stage.bench.store.mode) == (before, Mode.ON)


def test_a_store_that_was_only_watched_can_be_left_too(stage: Stage) -> None:
    order = waiting_order(stage)
    empty = type(ours_at(stage, order))()
    steer.watch(stage.bench.world, stage.bench.store_id)
    leave(stage.bench.world, stage.bench.store_id)
    stage.settle()
    assert ours_at(stage, order) == empty


def test_nothing_is_taken_out_while_everything_is_paused(stage: Stage) -> None:
    steer.save_policy(stage.bench.world, stage.bench.store_id, paused=True)
    with pytest.raises(Nonsense):
        leave(stage.bench.world, stage.bench.store_id)
    assert stage.bench.store.mode is Mode.ON


def leave_abruptly(stage: Stage) -> None:
    """The app is removed; where the platform says nothing of it, the operator forgets the store."""
    if isinstance(stage.shop, Shopify):
        stage.shop.app.leaving.uninstall()
    else:
        steer.forget(stage.bench.world, stage.bench.store_id)


def test_a_store_that_left_is_neither_called_nor_written_to_nor_are_its_customers(stage: Stage) -> None:
    waiting_order(stage)
    stage.transport.answer(503, times=3)
    stage.shop.receive("MUG", 1)
    stage.settle("write_back", "notify")
    world, store_id = stage.bench.world, stage.bench.store_id
    leave_abruptly(stage)
    stage.settle()
    calls, mails = len(stage.transport.calls), len(stage.bench.mails)
    stage.wait(LATER)
    stage.settle()
    stage.wait(24 * 3600)
    stage.settle()
    assert (len(stage.transport.calls), len(stage.bench.mails)) == (calls, mails)
    with world.database.read() as conn:
        store = stores.get(conn, store_id)
        sealed = stores.credentials(conn, store_id)
        left = conn.execute(select(deliveries.c.id)).all()
        open_work = [
            row
            for table in (actions, notices)
            for row in conn.execute(select(table.c.state, table.c.reason).where(table.c.state == WorkState.DUE))
        ]
        said = {row.reason for row in conn.execute(select(actions.c.reason).where(actions.c.reason == LEFT))}
        tasks = [(task.kind, task.state) for task in privacy_tasks.everything(conn)]
    assert (store.health, sealed, left, open_work, len(said) <= 1) == (Health.GONE, "", [], [], True)
    later = [(TaskKind.ERASE_STORE, WorkState.DUE)] if isinstance(stage.shop, Shopify) else []
    assert tasks == [(TaskKind.CLEAR_LEFT, WorkState.DONE), *later]


def test_the_sealed_credentials_leave_no_byte(stage: Stage) -> None:
    waiting_order(stage)
    with stage.bench.world.database.read() as conn:
        sealed = stores.credentials(conn, stage.bench.store_id)
    assert found(stage.bench.world.database, [sealed]) != []
    leave_abruptly(stage)
    stage.settle()
    assert found(stage.bench.world.database, [sealed]) == []


def test_whoever_is_in_the_middle_of_something_stops_at_the_next_call(stage: Stage) -> None:
    waiting_order(stage)
    world: World = stage.bench.world
    client = world.client(stage.bench.store)
    with world.database.write() as conn:
        stores.leave(conn, stage.bench.store_id)
    calls = len(stage.transport.calls)
    with pytest.raises(Exception, match="The store has left"):
        client.describe()
    assert len(stage.transport.calls) == calls


def test_what_comes_in_while_a_store_leaves_is_not_kept(stage: Stage) -> None:
    waiting_order(stage)
    world, store_id = stage.bench.world, stage.bench.store_id
    stage.shop.order("MUG", 1, 7)
    if isinstance(stage.shop, Shopify):
        stage.shop.app.leaving.redact_customer(5, None, [7])
        stage.shop.app.deliver()
    with world.database.write() as conn:
        stores.leave(conn, store_id)
        conn.execute(store_rows.update().values(name="left"))
    stage.bench.work_off()
    with world.database.read() as conn:
        left = conn.execute(select(deliveries.c.id)).all() if isinstance(stage.shop, Shopify) else []
        kinds = [task.kind for task in privacy_tasks.everything(conn)]
    assert (left, kinds) == ([], [TaskKind.ERASE_CUSTOMER] if isinstance(stage.shop, Shopify) else [])
