"""What merchants, customers and operators change: each one transaction that changes the book and marks items dirty.

There is one way to allocate: nothing here decides who gets what.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from operator import itemgetter
from typing import Any

from backorder.db import (
    announced,
    changes,
    decided,
    errands,
    goods,
    items,
    orderbook,
    outbox,
    pool_rows,
    privacy_tasks,
    queue,
    stores,
)
from backorder.db.session import Connection
from backorder.domain.acceptance import Answer, Verdict
from backorder.domain.actions import Capability
from backorder.domain.allocation import Decision, give
from backorder.domain.choices import FOR_CUSTOMERS, ItemChoices, customer_may_choose
from backorder.domain.errors import OutcomeUnknown, PermanentFailure, Rejected, TemporaryFailure
from backorder.domain.policy import BackorderPolicy, PolicyError
from backorder.domain.promise import expected
from backorder.domain.split import Split
from backorder.domain.store import Mode, Store
from backorder.domain.supply import ZERO, Pool, Units
from backorder.domain.what_if import GivenByHand, Key
from connectors import get
from jobs.errands import ONLY_WATCHED
from jobs.outlook import calendar
from jobs.promise import today_of
from jobs.what_if import days_of_hand
from jobs.world import World, capabilities


class Nonsense(Rejected):
    """What was entered cannot be; the sentence says why."""

    status = 422


def switch_on(world: World, store_id: int, *, tell_waiting: bool) -> None:
    """Let writes and messages leave from now on. Orders that already wait get their holds; their customers are told
    only if the merchant says so.
    """
    with world.database.write() as conn:
        store = stores.to_change(conn, store_id)
        if store.imported_at is None:
            raise Nonsense("The store's open orders are still being read. Switch it on when that has ended.")
        if store.mode is not Mode.ON:
            # A write that was begun before the store was only watched may have ended since.
            outbox.start_from_what_is(conn, store_id)
        stores.set_mode(conn, store_id, Mode.ON)
        stores.note(conn, store_id, judge_at=world.clock())
        changes.review_all(conn, store_id, tell_waiting=tell_waiting)
        items.touch(conn, store_id, items.owed(conn, store_id))
    world.bell.ring("allocate", "allocate", store_id)


def watch(world: World, store_id: int) -> None:
    """Stop everything that would leave for the store or its customers; go on following it. What was asked for once and
    not begun ends: days later nobody expects it any more. What was begun is looked for after switching on.
    """
    with world.database.write() as conn:
        stores.to_change(conn, store_id)
        stores.set_mode(conn, store_id, Mode.WATCH)
        outbox.drop_due(conn, store_id, "The store was switched back to being watched.", world.clock())
        errands.end_not_begun(conn, store_id, ONLY_WATCHED, world.clock())
        outbox.start_from_what_is(conn, store_id)


def save_policy(world: World, store_id: int, **choices: Any) -> BackorderPolicy:
    """Save the merchant's choices and plan everything anew under them. Raises PolicyError."""
    with world.database.write() as conn:
        store = stores.to_change(conn, store_id)
        before = store.policy
        policy = before.changed(**choices)
        if not _can_be_kept_back(store, policy.keep_back):
            raise PolicyError("keep_back", WHOLE_UNITS)
        calendar(policy, world.clock().year)
        stores.set_policy(conn, store_id, policy)
        stores.note(conn, store_id, judge_at=world.clock())
        if (policy.late_lines_wait, policy.priority) != (before.late_lines_wait, before.priority):
            # Queue times are kept with the lines.
            changes.queue_anew(conn, store_id, orderbook.owing(conn, store_id), policy)
        changes.review_all(conn, store_id, tell_waiting=False)
        items.touch(conn, store_id, items.owed(conn, store_id))
    world.bell.ring("allocate", "allocate", store_id)
    return policy


def choose_for_order(world: World, store_id: int, order_id: int, **chosen: Any) -> None:
    """What the merchant chose for one order: its class, a pin, when parts of it may leave. Raises Nonsense."""
    with world.database.write() as conn:
        store = stores.to_change(conn, store_id)
        book = orderbook.load(conn, store_id, [order_id]).get(order_id)
        if book is None:
            raise Nonsense("There is no such order.")
        choices = replace(book.choices, **chosen)
        if choices.priority and choices.priority not in {rule.name for rule in store.policy.priority}:
            raise Nonsense(f"There is no class “{choices.priority}” under Settings.")
        if choices.split is Split.WAIT_UNTIL and choices.wait_until is None and store.policy.split_wait_days is None:
            raise Nonsense("Say until which day to wait.")
        changes.choose_for_order(conn, store_id, order_id, choices)
        changes.queue_anew(conn, store_id, [order_id], store.policy)
        items.touch(conn, store_id, {pool.item for pool in orderbook.pools_of_orders([book])})
    world.bell.ring("allocate", "allocate", store_id)


def choose_as_customer(world: World, store_id: int, order_id: int, split: Split) -> None:
    """The customer wants what is there now, or everything together. The merchant's choice for the order goes before it.
    Raises Nonsense where it is not the customer's to choose.
    """
    if split not in FOR_CUSTOMERS:
        raise Nonsense("Choose one of these.")
    with world.database.write() as conn:
        store = stores.to_change(conn, store_id)
        book = orderbook.load(conn, store_id, [order_id]).get(order_id)
        if book is None:
            raise Nonsense("There is no such order.")
        standing = book.standing(store.policy, today_of(store, world.clock()))
        if not customer_may_choose(store.policy, standing, book.choices):
            raise Nonsense("How this order ships cannot be chosen any more.")
        pools = {pool.item for pool in orderbook.pools_of_orders([book])}
        changes.choose_for_order(conn, store_id, order_id, replace(book.choices, split_of_customer=split))
        items.changed(conn, store_id, pools)
        items.touch(conn, store_id, pools)
    world.bell.ring("allocate", "allocate", store_id)


def accept(world: World, store_id: int, order_id: int) -> None:
    """The merchant takes on what was not accepted by rule."""
    with world.database.write() as conn:
        stores.to_change(conn, store_id)
        book = orderbook.load(conn, store_id, [order_id]).get(order_id)
        if book is None:
            raise Nonsense("There is no such order.")
        changes.answered(conn, store_id, {(order_id, line): Verdict(Answer.ACCEPT) for line in book.refused})
        items.touch(conn, store_id, {pool.item for pool in orderbook.pools_of_orders([book])})
    world.bell.ring("allocate", "allocate", store_id)


WHOLE_UNITS = "Your store counts whole units: keep back a whole number of them."


def _can_be_kept_back(store: Store, units: Units | None) -> bool:
    """Part of a unit that is kept back would leave its other part to a line that needs all of it."""
    return Capability.PARTS in capabilities(store) or units is None or units == units.to_integral_value()


def choose_for_item(world: World, store_id: int, item: int, choices: ItemChoices) -> None:
    """What the merchant chose for one item. Raises Nonsense and ChoiceError."""
    choices.check()
    with world.database.write() as conn:
        store = stores.to_change(conn, store_id)
        if not _can_be_kept_back(store, choices.keep_back):
            raise Nonsense(WHOLE_UNITS)
        if not pool_rows.locations_of(conn, store_id, item):
            raise Nonsense(f"Item {item} has no stock of its own in this store.")
        before = items.choices(conn, store_id, [item]).get(item, ItemChoices())
        changes.choose_for_item(conn, store_id, item, choices.instead_of(before))
        changes.review_of(conn, store_id, orderbook.using_items(conn, store_id, [item]))
        items.touch(conn, store_id, [item])
    world.bell.ring("allocate", "allocate", store_id)


@dataclass(frozen=True, slots=True)
class Loss:
    """What an order loses to another by the merchant's hand: units, or only days."""

    order_id: int
    line_id: int
    units: Units
    firm: Units
    """How many of them the store was already letting ship."""
    before: date | None
    """The day by which it can ship now; `None`: not known."""
    after: date | None


def give_by_hand(
    world: World, store_id: int, order_id: int, line_id: int, pool: Pool, units: Units, *, agreed: Sequence[Loss] | None
) -> list[Loss]:
    """Give a line so many units more, firm; who loses them. With `agreed` `None` nothing is changed; else what was
    agreed to must still be what happens. Raises Nonsense and CannotGive.
    """
    with world.database.write() as conn:
        store = stores.to_change(conn, store_id)
        parts = [part.demand for part in queue.queues(conn, store_id, [pool.item]).get(pool, [])]
        known = queue.known_pools(conn, store_id, [pool.item]).get(pool)
        there = ZERO if known is None else known.believed.on_hand
        key = (order_id, line_id, pool)
        made = give(parts, there, key, units).decisions
        losses = _losses(made, days_of_hand(conn, store, world.clock(), GivenByHand(key, units, there)))
        if agreed is None:
            return losses
        if list(agreed) != losses:
            raise Nonsense("Meanwhile something moved: look once more at who would lose units.")
        decided.decide(conn, store_id, made, {pool: there}, policy_version=store.policy.version, now=world.clock())
        changes.review_of(conn, store_id, [d.demand.turn.order_id for d in made])
        items.touch(conn, store_id, [pool.item])
    world.bell.ring("allocate", "allocate", store_id)
    return losses


def _losses(made: Sequence[Decision], days: Mapping[Key, tuple[date | None, date | None]]) -> list[Loss]:
    taken = {d.demand.key: d for d in made if d.change < 0}
    losses = []
    for key, (before, after) in sorted(days.items(), key=itemgetter(0)):
        loser = taken.get(key)
        if loser is not None:
            losses.append(Loss(*key[:2], -loser.change, loser.demand.firm - loser.firm, before, after))
        elif before is not None and (after is None or after > before):
            losses.append(Loss(*key[:2], ZERO, ZERO, before, after))
    return losses


def add_inbound(
    world: World,
    store_id: int,
    *,
    item: int,
    location: int | None,
    quantity: Decimal,
    expected_on: date,
    source: str = "",
) -> int:
    """Goods are on the way. A date that is past is taken: it counts from today and is shown as late. Raises Nonsense
    and TooFar.
    """
    if not quantity.is_finite() or quantity <= 0 or quantity > 1_000_000:
        raise Nonsense("The quantity must be more than 0 and at most 1,000,000.")
    if quantity != quantity.quantize(Decimal("0.0001")):
        raise Nonsense("The quantity can have at most four decimal places.")
    now = world.clock()
    with world.database.write() as conn:
        expected_on = expected(expected_on, today_of(stores.get(conn, store_id), now))
        known = pool_rows.locations_of(conn, store_id, item)
        if not known:
            raise Nonsense(f"Item {item} has no stock of its own in this store.")
        if location is None and len(known) > 1:
            raise Nonsense(f"Item {item} lies at several locations: say which ({', '.join(map(str, known))}).")
        at = known[0] if location is None else location
        if at not in known:
            raise Nonsense(f"Item {item} is not stocked at location {at}.")
        made = goods.add_inbound(
            conn,
            store_id,
            Pool(item, at),
            quantity=quantity,
            expected_on=expected_on,
            source=source[:200],
            now=now,
        )
        items.touch(conn, store_id, [item])
    world.bell.ring("allocate", "allocate", store_id)
    return made


def move_inbound(world: World, store_id: int, inbound_id: int, expected_on: date) -> None:
    """Goods are expected on another day; the first day that was told is what their supplier is measured by. Raises
    Nonsense and TooFar.
    """
    with world.database.write() as conn:
        day = expected(expected_on, today_of(stores.to_change(conn, store_id), world.clock()))
        _by_hand(conn, store_id, inbound_id)
        _touch_goods(conn, store_id, goods.move(conn, store_id, inbound_id, day))
    world.bell.ring("allocate", "allocate", store_id)


def end_inbound(world: World, store_id: int, inbound_id: int) -> None:
    """The rest of the goods will not come."""
    with world.database.write() as conn:
        stores.to_change(conn, store_id)
        _by_hand(conn, store_id, inbound_id)
        _touch_goods(conn, store_id, goods.end(conn, store_id, inbound_id, world.clock()))
    world.bell.ring("allocate", "allocate", store_id)


def _by_hand(conn: Connection, store_id: int, inbound_id: int) -> None:
    if announced.is_line(conn, store_id, inbound_id):
        raise Nonsense("Your store announced these goods: change them there.")


def _touch_goods(conn: Connection, store_id: int, item: int | None) -> None:
    if item is None:
        raise Nonsense("These goods are not on the way any more.")
    items.touch(conn, store_id, [item])


def receive(world: World, store_id: int, inbound_id: int, units: Decimal, *, counted: bool = False) -> None:
    """So many units of announced goods came, as a person says; `counted` where the store's stock has them already.

    Nothing is given on this word alone: units are given when the store counts them. What it then counts is not booked
    a second time.
    """
    if not units.is_finite() or units <= 0 or units > 1_000_000 or units != units.quantize(Decimal("0.0001")):
        raise Nonsense("The units must be more than 0 and at most 1,000,000, with at most four decimal places.")
    with world.database.write() as conn:
        stores.to_change(conn, store_id)
        _by_hand(conn, store_id, inbound_id)
        item = goods.receive(conn, store_id, inbound_id, units, world.clock(), counted=counted)
        if item is None:
            raise Nonsense("Fewer units of these goods are on the way.")
        items.touch(conn, store_id, [item])
    world.bell.ring("allocate", "allocate", store_id)


def undo_receipt(world: World, store_id: int, receipt_id: int) -> None:
    """What was taken for the arrival of announced goods was none: they are still on the way."""
    with world.database.write() as conn:
        if announced.is_receipt(conn, store_id, receipt_id):
            raise Nonsense("Your store says that these goods came: change it there.")
        item = goods.undo_receipt(conn, store_id, receipt_id, world.clock())
        if item is None:
            raise Nonsense("There is nothing to undo: it was undone before.")
        items.touch(conn, store_id, [item])
    world.bell.ring("allocate", "allocate", store_id)


def wish_cancel(world: World, store_id: int, order_id: int, *, line_ids: Sequence[int] | None, reason: str) -> int:
    """A customer wants waiting lines cancelled (`None`: all that wait). They take no more units until the store's
    order is cancelled or the merchant decides otherwise. Returns how many lines it concerns.
    """
    with world.database.write() as conn:
        store = stores.get(conn, store_id)
        book = orderbook.load(conn, store_id, [order_id], lock=True).get(order_id)
        if book is None:
            raise Nonsense("There is no such order.")
        standing = book.standing(store.policy, today_of(store, world.clock()))
        waiting = [line.line_id for line in standing.lines if line.waiting > 0]
        wished = [line for line in waiting if line_ids is None or line in line_ids]
        changes.wish_cancel(conn, store_id, order_id, wished, reason[:500], world.clock())
        items.touch(conn, store_id, {pool.item for pool in orderbook.pools_of_orders([book])})
    world.bell.ring("allocate", "allocate", store_id)
    return len(wished)


def forget(world: World, store_id: int) -> bool:
    """Disconnect a store: its credentials are destroyed, nothing is called, kept or sent for it any more.

    Returns whether its webhooks could be removed; if not, they are answered 200 and nothing of them is kept.
    """
    with world.database.read() as conn:
        store = stores.get(conn, store_id)
        token = stores.webhook_token(conn, store_id)
    try:
        url = get(store.platform).installer.webhook_url(world.config.public_url, token)
        world.client(store).unsubscribe(url)
        ended = True
    except (TemporaryFailure, PermanentFailure, OutcomeUnknown):
        ended = False
    with world.database.write() as conn:
        stores.leave(conn, store_id)
        privacy_tasks.ask_to_clear(conn, store, world.clock())
    return ended
