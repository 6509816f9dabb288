"""Shows what a change would do, and does exactly that, or says that the world moved meanwhile."""

from collections.abc import Sequence
from datetime import datetime

from backorder.db import changes, goods, items, orderbook, queue, stores
from backorder.db.queries import unit_prices
from backorder.db.session import Connection
from backorder.domain import what_if
from backorder.domain.acceptance import Answer
from backorder.domain.allocation import Supply
from backorder.domain.choices import kept_back
from backorder.domain.errors import Rejected
from backorder.domain.store import Store
from backorder.domain.supply import Balance
from backorder.domain.what_if import Cancelled, Change, Closed, ComesLater, HeadStart, LessComes, PartNow, Preview
from jobs.outlook import outlook
from jobs.plan import together
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
        return what_if.preview(_world(conn, stores.get(conn, store_id), world.clock()), wanted)


def commit(world: World, store_id: int, wanted: Sequence[Change], fingerprint: str) -> Preview:
    """Make the changes, if the world is still the one with this fingerprint. Raises Moved and NotOurs."""
    with world.database.write() as conn:
        store = stores.to_change(conn, store_id)
        found = what_if.preview(_world(conn, store, world.clock()), wanted)
        if found.world != fingerprint:
            raise Moved("Meanwhile something moved: look once more at what would happen.")
        touched: set[int] = set()
        for change in wanted:
            touched |= _make(conn, store, change)
            store = stores.get(conn, store_id)
        items.touch(conn, store_id, touched)
    world.bell.ring("allocate", "allocate", store_id)
    return found


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
