"""Shows what a change would do, and does exactly that, or says that the world moved meanwhile."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from backorder.db import announced, changes, goods, items, orderbook, queue, stores
from backorder.db.order_rows import BookOrder
from backorder.db.queries import order_numbers, unit_prices
from backorder.db.queue import QueuedPart
from backorder.db.session import Connection
from backorder.domain import what_if
from backorder.domain.acceptance import NOT_ACCEPTED
from backorder.domain.allocation import Binding, Supply
from backorder.domain.choices import kept_back, may_yield
from backorder.domain.errors import Rejected
from backorder.domain.lifecycle import Given
from backorder.domain.notices import notices_due
from backorder.domain.orders import OrderStatus
from backorder.domain.store import Mode, Store
from backorder.domain.supply import ZERO, Balance, Believed, Units
from backorder.domain.what_if import (
    Cancelled,
    Change,
    Closed,
    ComesLater,
    GivenByHand,
    HeadStart,
    Key,
    LessComes,
    Outcome,
    PartNow,
    Preview,
)
from jobs.outlook import outlook
from jobs.plan import CHAIN, needs_whole_orders, together
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
            touched |= _make(conn, store, change, today_of(store, world.clock()))
            store = stores.get(conn, store_id)
        items.touch(conn, store_id, touched)
    world.bell.ring("allocate", "allocate", store_id)
    return found


def _looked_at(conn: Connection, store: Store, now: datetime, wanted: Sequence[Change]) -> Preview:
    found = what_if.preview(_world(conn, store, now, items.owed(conn, store.id)), wanted)
    named = {key[0] for key in [*found.gone, *(move.key for move in found.moves)]}
    numbers = order_numbers(conn, store.id, sorted(named))
    return replace(found, notices=_notices(conn, store, now, found), numbers=numbers)


def days_of_hand(
    conn: Connection, store: Store, now: datetime, wanted: GivenByHand
) -> Mapping[Key, tuple[date | None, date | None]]:
    """By which day every other part of its queues can ship as things are, and once the units are given by hand."""
    world = _world_of_item(conn, store, now, wanted.key[2].item)
    ready = world.outlook.ships(world.outlook.today)
    before, after = what_if.outcomes(world), what_if.outcomes(what_if.changed(world, wanted))
    return {key: (was.ships_by(ready), after[key].ships_by(ready)) for key, was in before.items() if key != wanted.key}


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


def _make(conn: Connection, store: Store, change: Change, today: date) -> set[int]:
    match change:
        case LessComes(inbound_id) | ComesLater(inbound_id) if announced.is_line(conn, store.id, inbound_id):
            raise NotOurs(
                "Your store announced these goods: what happens to them can be looked at, and is changed there."
            )
        case LessComes(inbound_id, units):
            return _of_goods(goods.lessen(conn, store.id, inbound_id, units))
        case ComesLater(inbound_id, days):
            return _of_goods(goods.delay(conn, store.id, inbound_id, days, today))
        case HeadStart(name):
            rules = what_if.rules_with(store.policy.priority, change)
            if not any(rule.name == name for rule in rules):
                raise NotOurs(f"There is no class “{name}” under Settings.")
            if rules == store.policy.priority:
                return set()
            policy = store.policy.changed(priority=rules)
            stores.set_policy(conn, store.id, policy)
            changes.queue_anew(conn, store.id, orderbook.owing(conn, store.id), policy)
            changes.review_all(conn, store.id, tell_waiting=False)
            return set(items.owed(conn, store.id))
        case Closed() | Cancelled():
            raise NotOurs("Locations are closed and orders are cancelled in your store; here you can only look.")
        case GivenByHand():
            raise NotOurs("Units are given by hand from the page of the order that gets them.")


def _of_goods(item: int | None) -> set[int]:
    if item is None:
        raise NotOurs("These goods are not on the way, or not so many of them.")
    return {item}


def _world_of_item(conn: Connection, store: Store, now: datetime, item: int) -> what_if.World:
    """What a pass over one item rests on, with all that its yielding orders wait for."""
    linked = queue.chain(conn, store.id, [item], CHAIN) if may_yield(store.policy) else None
    return _world(conn, store, now, linked or [item], keeps=linked is None)


def _world(conn: Connection, store: Store, now: datetime, ids: Iterable[int], *, keeps: bool = False) -> what_if.World:
    """Everything that waits for these items, and what it waits for. `keeps`: every order keeps its share."""
    wanted = set(ids)
    known = queue.known_pools(conn, store.id, wanted)
    parts = [part for found in queue.queues(conn, store.id, wanted).values() for part in found]
    beside = queue.beside(conn, store.id, wanted) if needs_whole_orders(store.policy) else []
    chosen = items.choices(conn, store.id, wanted | {part.demand.pool.item for part in beside})
    ahead = outlook(conn, store, now, chosen)
    prices = unit_prices(conn, store.id)
    everyone = [*parts, *beside]
    demand = [part.demand for part in everyone]
    if not keeps:
        keeping = _in_long_chains(parts) if may_yield(store.policy) else set()
        asked = together(store.policy, everyone, chosen, ahead.today, ahead.zone)
        demand = [own if own.turn.order_id in keeping else asks for own, asks in zip(demand, asked, strict=True)]
    return what_if.World(
        parts=tuple(
            PartNow(
                demand=asks,
                since=ahead.counts_from(part.backordered_at or now),
                told=part.promised,
                unit_price=prices[asks.turn.order_id, asks.turn.line_id],
                accepted=part.answer not in NOT_ACCEPTED,
            )
            for part, asks in zip(parts, demand[: len(parts)], strict=True)
        ),
        supply={
            pool: _supply(found.believed, kept_back(store.policy, chosen.get(pool.item)))
            for pool, found in known.items()
            if found.believed.balance in (Balance.BALANCED, Balance.UNBALANCED)
        },
        inbound=tuple(line for lines in goods.coming(conn, store.id, wanted).values() for line in lines),
        outlook=ahead,
        binding=binding_of(store),
        whole_orders_first=store.policy.whole_orders_first,
        doubted=frozenset(pool for pool, found in known.items() if found.believed.balance is not Balance.BALANCED),
        beside=tuple(demand[len(parts) :]),
    )


def _supply(believed: Believed, keep_back: Units) -> Supply:
    """What a pass would give at most. In doubt that is the least that was read, and nothing is taken back."""
    if believed.balance is Balance.BALANCED:
        return Supply(believed.on_hand, keep_back)
    least = believed.on_hand if believed.least is None else min(believed.on_hand, believed.least)
    return Supply(max(ZERO, least), keep_back, may_take_back=False)


def _in_long_chains(parts: Collection[QueuedPart]) -> set[int]:
    """Orders that keep their share, because a pass does not take in all that they and others with them wait for."""
    items_of: dict[int, set[int]] = {}
    orders_of: dict[int, set[int]] = {}
    for part in parts:
        order, item = part.demand.turn.order_id, part.demand.pool.item
        items_of.setdefault(order, set()).add(item)
        orders_of.setdefault(item, set()).add(order)
    found: set[int] = set()
    left = set(orders_of)
    while left:
        chain = ahead = {left.pop()}
        orders: set[int] = set()
        while ahead:
            new = {order for item in ahead for order in orders_of[item]} - orders
            orders |= new
            ahead = {item for order in new for item in items_of[order]} - chain
            chain = chain | ahead
        left -= chain
        if len(chain) > CHAIN:
            found |= orders
    return found
