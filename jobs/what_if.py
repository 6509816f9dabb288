"""Shows what a change would do, and does exactly that, or says that the world moved meanwhile."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from backorder.db import changes, goods, items, orderbook, queue, stores
from backorder.db.order_rows import BookOrder
from backorder.db.queries import unit_prices
from backorder.db.session import Connection
from backorder.domain import what_if
from backorder.domain.acceptance import Answer
from backorder.domain.allocation import Binding, Supply
from backorder.domain.choices import kept_back
from backorder.domain.errors import Rejected
from backorder.domain.lifecycle import Given
from backorder.domain.notices import notices_due
from backorder.domain.orders import OrderStatus
from backorder.domain.store import Mode, Store
from backorder.domain.supply import Balance
from backorder.domain.what_if import (
    Cancelled,
    Change,
    Closed,
    ComesLater,
    HeadStart,
    Key,
    LessComes,
    Outcome,
    PartNow,
    Preview,
)
from jobs.outlook import outlook
from jobs.plan import together
from jobs.promise import today_of
from jobs.review import binding_of
from jobs.world import World


class Moved(Rejected):
    """The world is not the one any more that the preview was made of."""

    status = 409


class NotOurs(Rejected):
    """A change that can be looked at here, and only be made in the store."""

    status = 422


def preview(world: World, store_id: int, wanted: Sequence[Change]) -> Preview:
    """What the changes would do; nothing is changed."""
    with world.database.read() as conn:
        return _looked_at(conn, stores.get(conn, store_id), world.clock(), wanted)


def commit(world: World, store_id: int, wanted: Sequence[Change], fingerprint: str) -> Preview:
    """Make the changes, if the world is still the one with this fingerprint. Raises Moved and NotOurs."""
    with world.database.write() as conn:
        store = stores.to_change(conn, store_id)
        found = _looked_at(conn, store, world.clock(), wanted)
        if found.world != fingerprint:
            raise Moved("Meanwhile something moved: look once more at what would happen.")
        touched: set[int] = set()
        for change in wanted:
            touched |= _make(conn, store, change)
            store = stores.get(conn, store_id)
        items.touch(conn, store_id, touched)
    world.bell.ring("allocate", "allocate", store_id)
    return found


def _looked_at(conn: Connection, store: Store, now: datetime, wanted: Sequence[Change]) -> Preview:
    found = what_if.preview(_world(conn, store, now), wanted)
    return replace(found, notices=_notices(conn, store, now, found))


def _notices(conn: Connection, store: Store, now: datetime, found: Preview) -> int:
    """Orders of which the changes make a message due that would not be due without them."""
    if store.mode is not Mode.ON:
        return 0
    today = today_of(store, now)
    gone = {order for order, _, _ in found.gone}
    told = 0
    for order_id, book in orderbook.load(conn, store.id, {move.key[0] for move in found.moves} | gone).items():
        moves = [move for move in found.moves if move.key[0] == order_id]
        before = _as_given(book, {move.key: move.before for move in moves}, store)
        after = _as_given(book, {move.key: move.after for move in moves}, store)
        if order_id in gone:
            cancelled = replace(book.order, status=OrderStatus.CANCELLED)
            after = replace(after, known=replace(book.known, order=cancelled))
        anyway = notices_due(book.stood, before.standing(store.policy, today), store.policy)
        told += not set(notices_due(book.stood, after.standing(store.policy, today), store.policy)) <= set(anyway)
    return told


def _as_given(book: BookOrder, outcomes: Mapping[Key, Outcome], store: Store) -> BookOrder:
    """The order as it would be in the book with these outcomes."""
    at_grant = binding_of(store) is Binding.AT_GRANT

    def given(line_id: int, now: Given) -> Given:
        outcome = None if now.pool is None else outcomes.get((book.order.id, line_id, now.pool))
        if outcome is None:
            return now
        firm = outcome.allocated if at_grant else min(now.firm, outcome.allocated)
        return Given(now.pool, outcome.allocated, firm, outcome.promise)

    return replace(book, given={line: [given(line, part) for part in parts] for line, parts in book.given.items()})


def _make(conn: Connection, store: Store, change: Change) -> set[int]:
    match change:
        case LessComes(inbound_id, units):
            return _of_goods(goods.lessen(conn, store.id, inbound_id, units))
        case ComesLater(inbound_id, days):
            return _of_goods(goods.delay(conn, store.id, inbound_id, days))
        case HeadStart():
            policy = store.policy.changed(priority=what_if.rules_with(store.policy.priority, change))
            stores.set_policy(conn, store.id, policy)
            changes.queue_anew(conn, store.id, orderbook.owing(conn, store.id), policy)
            changes.review_all(conn, store.id, forget_stood=False)
            return set(items.owed(conn, store.id))
        case Closed() | Cancelled():
            raise NotOurs("Locations are closed and orders are cancelled in your store; here you can only look.")


def _of_goods(item: int | None) -> set[int]:
    if item is None:
        raise NotOurs("These goods are not on the way, or not so many of them.")
    return {item}


def _world(conn: Connection, store: Store, now: datetime) -> what_if.World:
    """Everything that waits in the store, and what it waits for."""
    ids = set(items.owed(conn, store.id))
    known = queue.known_pools(conn, store.id, ids)
    queues = queue.queues(conn, store.id, ids)
    chosen = items.choices(conn, store.id, ids)
    parts = [part for found in queues.values() for part in found]
    ahead = outlook(conn, store, now)
    prices = unit_prices(conn, store.id)
    demand = together(store.policy, parts, chosen, ahead.today)
    return what_if.World(
        parts=tuple(
            PartNow(
                demand=asks,
                since=(part.backordered_at or now).date(),
                told=part.promised,
                unit_price=prices[asks.turn.order_id, asks.turn.line_id],
                dated=part.answer in (None, Answer.ACCEPT),
            )
            for part, asks in zip(parts, demand, strict=True)
        ),
        supply={
            pool: Supply(found.believed.on_hand, kept_back(store.policy, chosen.get(pool.item)))
            for pool, found in known.items()
            if found.believed.balance is Balance.BALANCED
        },
        inbound=tuple(line for lines in queue.coming(conn, store.id, ids).values() for line in lines),
        outlook=ahead,
        binding=binding_of(store),
        whole_orders_first=store.policy.whole_orders_first,
    )
