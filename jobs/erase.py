"""Does what was asked about somebody's data: in small steps, each of which may be the last before a crash.

First the rows, then whom the task was about, then the bytes that are left of both. Only then it is done.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import structlog

from backorder.db import (
    changes,
    erasing,
    errands,
    inbox,
    items,
    leases,
    leftovers,
    orderbook,
    outbox,
    privacy_tasks,
    stores,
)
from backorder.db.bites import bites
from backorder.db.leases import Lease
from backorder.db.privacy_tasks import PrivacyTask
from backorder.db.session import Connection
from backorder.domain.errors import AccessLost, OutcomeUnknown, PermanentFailure, Rejected, TemporaryFailure
from backorder.domain.events import PrivacyEvent
from backorder.domain.lifecycle import WorkState
from backorder.domain.privacy import BY_ITSELF, Mentions, Person, TaskKind, rules_without
from backorder.domain.store import Health, Store
from connectors import get
from connectors.contract import Delivery
from jobs.steer import save_policy
from jobs.world import World

log = structlog.get_logger()

BATCH = 200
"""Deliveries that are looked through at once."""
SOON = timedelta(seconds=5)
LATER = timedelta(minutes=10)
LEFT = "The store has left: nothing is written or sent for it any more."


class _NotYet(Exception):
    """It cannot be ended now; the sentence says why."""

    def __init__(self, why: str, wait: timedelta) -> None:
        super().__init__(why)
        self.wait = wait


def erase(world: World, task_id: int) -> None:
    """Do one task that needs no person, or as much of it as can be done now."""
    with leases.holding(world.database, f"privacy:task-{task_id}", world.owner, world.clock()) as lease:
        if lease is None:
            return
        with world.database.read() as conn:
            task = privacy_tasks.get(conn, task_id)
        if task.state is not WorkState.DUE or task.kind not in BY_ITSELF:
            return
        try:
            said = _do(world, lease, task)
            if not leftovers.cleared(world.database):
                raise _NotYet("The database is being read: its files are cleared in a moment.", SOON)
        except _NotYet as reason:
            with leases.writing(world.database, lease) as conn:
                privacy_tasks.put_off(conn, task.id, str(reason), world.clock(), reason.wait)
            return
        with leases.writing(world.database, lease) as conn:
            privacy_tasks.finish(conn, task.id, WorkState.DONE, said, world.clock())
        log.info("erased", task=task.id, kind=task.kind.value)


def _do(world: World, lease: Lease, task: PrivacyTask) -> str:
    match task.kind:
        case TaskKind.ERASE_CUSTOMER:
            return _erase_customer(world, lease, task)
        case TaskKind.ERASE_STORE:
            return _erase_store(world, lease, task)
        case TaskKind.CLEAR_LEFT:
            return _clear_left(world, lease, task)
        case _:
            return ""


def keep_request(world: World, platform: str, delivery: Delivery) -> None:
    """Keep a signed request that came for a store that is unknown or gone. Raises BadPayload."""
    webhooks = get(platform).webhooks
    ref = webhooks.find(delivery)
    asked = webhooks.privacy_requests(delivery)
    if ref is None or not asked:
        return
    with world.database.write() as conn:
        for event in asked:
            _ask(conn, platform, ref.address, event, delivery)


def _ask(conn: Connection, platform: str, address: str, event: PrivacyEvent, delivery: Delivery) -> None:
    key = get(platform).webhooks.dedupe_key(delivery)
    privacy_tasks.ask(conn, platform, address, event, key=key, at=delivery.received_at)


def _installations(conn: Connection, task: PrivacyTask) -> list[Store]:
    found = stores.at_address(conn, task.platform, task.address) if task.address else []
    return [store for store in found if task.of_store in (None, store.id)]


def _erase_customer(world: World, lease: Lease, task: PrivacyTask) -> str:
    person = task.person
    if person is None:
        # It was begun before, and only the bytes were left to be looked after.
        return ""
    with world.database.read() as conn:
        here = _installations(conn, task)
    orders, waiting = 0, False
    for store in here:
        person, ids = _mark(world, lease, task, store, person)
        orders += len(ids)
        _forget_in_rules(world, store, person, ids)
        for bite in bites(ids):
            with _step(world, lease, store) as conn:
                erasing.blank_orders(conn, store.id, bite, world.clock())
                # A head start that rested on what is forgotten ends: every later reading would say so too.
                changes.queue_anew(conn, store.id, bite, stores.get(conn, store.id).policy)
                books = orderbook.load(conn, store.id, bite).values()
                items.touch(conn, store.id, {pool.item for pool in orderbook.pools_of_orders(books)})
        waiting = _blank_deliveries(world, lease, store, Mentions.of(person, ids)) or waiting
    if waiting:
        raise _NotYet("A delivery that names the customer was not taken in yet.", SOON)
    with leases.writing(world.database, lease) as conn:
        privacy_tasks.same_person(conn, replace(task, person=person), world.clock())
        privacy_tasks.blank(conn, task.id, orders)
    return ""


def _mark(world: World, lease: Lease, task: PrivacyTask, store: Store, person: Person) -> tuple[Person, list[int]]:
    """Find the person's orders. From then on nothing that is told of them names anybody."""
    with _step(world, lease, store) as conn:
        ids = erasing.orders_of(conn, store.id, person)
        person = replace(person, order_ids=tuple(sorted({*person.order_ids, *ids})))
        erasing.mark(conn, store.id, person.order_ids, world.clock())
        privacy_tasks.found(conn, task.id, person)
    return person, ids


def _forget_in_rules(world: World, store: Store, person: Person, ids: list[int]) -> None:
    """A merchant's rule that puts this one customer ahead names them: it goes, and the queue is placed without it."""
    with world.database.read() as conn:
        names = erasing.names_of(conn, store.id, person, ids)
        policy = stores.get(conn, store.id).policy
    left = rules_without(policy.priority, names)
    if left != policy.priority:
        save_policy(world, store.id, priority=left)


def _blank_deliveries(world: World, lease: Lease, store: Store, mentions: Mentions) -> bool:
    """Forget what deliveries said that name the person; whether one of them was not taken in yet."""
    after: int | None = 0
    waits = False
    while after is not None:
        with world.database.read() as conn:
            after, named, waiting = inbox.naming(conn, store.id, mentions, after, BATCH)
        waits = waits or waiting
        with leases.writing(world.database, lease) as conn:
            leases.renew(conn, lease, world.clock())
            inbox.blank(conn, named)
    return waits


def _erase_store(world: World, lease: Lease, task: PrivacyTask) -> str:
    with world.database.read() as conn:
        here = _installations(conn, task)
    kept = [store for store in here if store.health is not Health.GONE and not _has_left(world, store, task)]
    for store in here:
        if store not in kept:
            _erase_all(world, lease, store)
    if kept:
        return "The store is connected again: that installation stays as it is."
    with leases.writing(world.database, lease) as conn:
        # Another installation there is that of a store that came back: what its customers asked stays.
        if task.address and not stores.at_address(conn, task.platform, task.address):
            privacy_tasks.forget_place(conn, task.platform, task.address, world.clock(), but=task.id)
    return ""


def _has_left(world: World, store: Store, task: PrivacyTask) -> bool:
    """Whether an installation that nobody told us the end of has ended all the same. Where the store still lets us in
    it has not. Raises _NotYet.
    """
    if task.left_by is None or store.installed_at > task.left_by:
        return False
    if store.health is Health.ACCESS_LOST:
        return True
    try:
        world.client(store).describe()
    except AccessLost:
        return True
    except (TemporaryFailure, PermanentFailure, OutcomeUnknown):
        raise _NotYet("Whether the store still lets us in is asked again.", LATER) from None
    return False


def _erase_all(world: World, lease: Lease, store: Store) -> None:
    with _step(world, lease, store) as conn:
        stores.leave(conn, store.id)
    for table in erasing.tables_of_stores():
        while True:
            with _step(world, lease, store) as conn:
                if erasing.delete_some(conn, table, store.id) == 0:
                    break
    with _step(world, lease, store) as conn:
        erasing.delete_leases(conn, store.id, world.clock())
        erasing.leave_a_number(conn, store.id)


def _clear_left(world: World, lease: Lease, task: PrivacyTask) -> str:
    assert task.of_store is not None, "who has left is one installation"
    with world.database.read() as conn:
        store = stores.get(conn, task.of_store)
    with _step(world, lease, store) as conn:
        outbox.drop_due(conn, store.id, LEFT, world.clock())
        errands.end_not_begun(conn, store.id, LEFT, world.clock())
    clear_inbox(world, lease, store)
    return ""


def clear_inbox(world: World, lease: Lease, store: Store) -> None:
    """Remove what a store sent that has left. A request about somebody's data is kept as a task first."""
    while True:
        with _step(world, lease, store) as conn:
            batch = inbox.oldest(conn, store.id, BATCH)
            for received in batch:
                if received.waits:
                    _keep_readable(conn, store, received)
            inbox.remove(conn, [received.id for received in batch])
        if not batch:
            return


def _keep_readable(conn: Connection, store: Store, received: inbox.Received) -> None:
    delivery = Delivery(received.headers, received.body, received.received_at, path_topic=received.path_topic)
    try:
        asked = get(store.platform).webhooks.privacy_requests(delivery)
    except Rejected:
        asked = []
        log.warning("delivery_unreadable", store=store.id, delivery=received.id)
    for event in asked:
        _ask(conn, store.platform, store.address, event, delivery)


@contextmanager
def _step(world: World, lease: Lease, store: Store) -> Iterator[Connection]:
    """One small transaction under the lease, with the turn to change the store's book."""
    with leases.writing(world.database, lease) as conn:
        leases.renew(conn, lease, world.clock())
        stores.take_turn(conn, store.id)
        yield conn
