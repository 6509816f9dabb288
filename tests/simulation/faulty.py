"""The application's functions, done wrongly. Each is put in the place of the right one for the length of a run."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, timedelta
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch
from weakref import WeakKeyDictionary

from sqlalchemy import delete, select, update

from backorder.db import inbox, intake, leases, order_rows, outbox, stores, tables
from backorder.db.session import Connection
from backorder.domain import allocation, orders, promise, split, supply
from backorder.domain.lifecycle import WorkState
from backorder.domain.supply import ZERO, Balance
from connectors.shopify.store import ShopifyStore
from connectors.woocommerce.store import WooStore
from jobs import notify, pull, steer, sweep, write_back

# Taking webhooks in

_keep = intake.Intake.keep


def keep_under_another_key(self: intake.Intake, store_id: int, **row: Any) -> bool:
    return _keep(self, store_id, **{**row, "dedupe_key": f"{row['dedupe_key']} {row['received_at']}"})


def look_then_keep(self: intake.Intake, store_id: int, **row: Any) -> bool:
    cursor = self._driver.cursor()
    cursor.execute(
        "SELECT 1 FROM deliveries WHERE store_id = ? AND dedupe_key LIKE ?", (store_id, f"{row['dedupe_key']}%")
    )
    known = cursor.fetchone() is not None
    cursor.close()
    return False if known else keep_under_another_key(self, store_id, **row)


_answered: WeakKeyDictionary[Any, tuple[int, dict[str, Any]]] = WeakKeyDictionary()


def answer_first(self: intake.Intake, store_id: int, **row: Any) -> bool:
    """What is to be kept is kept with the next webhook."""
    before = _answered.get(self._database)
    if before is not None:
        _keep(self, before[0], **before[1])
    _answered[self._database] = (store_id, row)
    return True


def hear_anybody(self: object, delivery: object, secrets: Sequence[bytes]) -> None:
    """Any signature is good."""


_raised = inbox.raised


def all_aside(conn: Connection, received: inbox.Received, reason: str, now: Any, **how: Any) -> bool:
    aside = _raised(conn, received, reason, now, **how)
    if aside:
        table = tables.deliveries
        of_store = select(table.c.store_id).where(table.c.id == received.id).scalar_subquery()
        conn.execute(
            update(table)
            .where(table.c.store_id == of_store, table.c.state == WorkState.DUE)
            .values(state=WorkState.FAILED, reason=reason, handled_at=now)
        )
    return aside


# Knowing


_read = orders.read


def read_anyway(known: orders.KnownOrder | None, reading: orders.Reading) -> orders.KnownOrder:
    return _read(replace(known, read_began=None) if known is not None else None, reading)


def read_and_unmark(known: orders.KnownOrder | None, reading: orders.Reading) -> orders.KnownOrder:
    return replace(_read(known, reading), unread=False, unread_at=None)


def done_whatever_came(conn: Connection, store_id: int, marks: Mapping[int, int]) -> None:
    conn.execute(
        update(tables.items)
        .where(tables.items.c.store_id == store_id, tables.items.c.item.in_(marks))
        .values(done_seq=tables.items.c.dirty_seq)
    )


def still_there(known: orders.KnownOrder, began: Any) -> orders.KnownOrder:
    return replace(known, unread=False, unread_at=None, read_began=began)


# Owning

_acquire = leases.acquire


def always_free(conn: Connection, name: str, owner: str, now: Any) -> leases.Lease | None:
    conn.execute(update(tables.leases).where(tables.leases.c.name == name).values(until=now))
    return _acquire(conn, name, owner, now)


def no_fence(conn: Connection, lease: leases.Lease, *_now: Any) -> None:
    """Whoever had the lease once goes on."""


# Giving

_plan = allocation.allocate
_assess = supply.assess
right_doubt = supply._doubt


def nothing_is_firm(demand: Any, *rest: Any, **how: Any) -> Any:
    known = {part.key: part for part in demand}
    plan = _plan([replace(part, firm=ZERO) for part in known.values()], *rest, **how)
    made = [
        replace(made, demand=known[made.demand.key], firm=min(made.allocated, known[made.demand.key].firm))
        for made in plan.decisions
    ]
    moved = [made for made in made if made.demand.first_pass or made.allocated != made.demand.allocated]
    return replace(plan, decisions=tuple(moved))


def nobody_stops_taking(demand: Any, *rest: Any, **how: Any) -> Any:
    return _plan([replace(part, takes_no_more=False) for part in demand], *rest, **how)


def nothing_kept_back(demand: Any, supplies: Any, *rest: Any, **how: Any) -> Any:
    return _plan(demand, {pool: replace(there, keep_back=ZERO) for pool, there in supplies.items()}, *rest, **how)


def newest_first(demand: Any, *rest: Any, **how: Any) -> Any:
    turned = [replace(part, turn=part.turn._replace(order_id=-part.turn.order_id)) for part in demand]
    plan = _plan(turned, *rest, **how)
    right = [
        replace(
            made,
            demand=replace(made.demand, turn=made.demand.turn._replace(order_id=-made.demand.turn.order_id)),
        )
        for made in plan.decisions
    ]
    return replace(plan, decisions=tuple(right))


def give_what_came(believed: Any, stock: Any, outstanding: Any, **how: Any) -> Any:
    said = _assess(believed, stock, outstanding, **how)
    if said.give is None or believed.balance is Balance.NEW:
        return said
    rose = max(ZERO, stock.available - believed.available)
    return replace(said, give=believed.on_hand + rose, may_take_back=False)


def all_committed_is_ours(stock: Any, outstanding: Any) -> Any:
    return stock.available + (outstanding if stock.committed is None else stock.committed)


def a_rise_is_a_rise(*given: Any) -> Any:
    doubt = right_doubt(*given)
    return None if doubt is Balance.RISING else doubt


def by_change(order: orders.Order, _line: Any, *, late_lines_wait: bool) -> Any:
    return order.changed_at


# Choosing

_times = order_rows.Queueing.times
_pull = pull.pull
_give_by_hand = steer.give_by_hand
_yields = split.yields
_split_of = split.Terms.split_of
_due = promise.due


def queues_later(self: Any, order: orders.Order, line: Any) -> Any:
    times = _times(self, order, line)
    since = times["queued_at"]
    return times | {"queue_time": since + (since - times["queue_time"])}


def pull_under_old_rules(world: Any, store: Any, *how: Any, **more: Any) -> None:
    old = SimpleNamespace(note=stores.note, to_change=lambda *_: store)
    with patch.object(pull, "stores", old):
        _pull(world, store, *how, **more)


def give_as_it_is_now(*what: Any, agreed: Any) -> Any:
    shown = _give_by_hand(*what, agreed=None)
    return shown if agreed is None else _give_by_hand(*what, agreed=shown)


def yields_without_end(patience: Any, **how: Any) -> bool:
    return _yields(replace(patience, passes=0, pass_days=0), **how)


def keep_back_of_store(policy: Any, _item: Any) -> Any:
    return policy.keep_back


def customers_unheard(self: Any, item: int | None, placed: Any) -> Any:
    return _split_of(replace(self, of_customer=None), item, placed)


def anybody_is_promised(*what: Any, accepted: bool) -> Any:
    return _due(*what, accepted=True)


# Telling

right_settle = notify._settle


def again_in_doubt(world: Any, row: Any, state: WorkState, reason: str, wait: timedelta = timedelta()) -> None:
    right_settle(world, row, WorkState.DUE if state is WorkState.UNKNOWN else state, reason, wait)


def refused_is_sent(world: Any, row: Any, state: WorkState, reason: str, wait: timedelta = timedelta()) -> None:
    right_settle(world, row, WorkState.DONE if state is WorkState.DUE else state, reason, wait)


def abandoned_again(conn: Connection, before: Any, now: Any) -> int:
    table = tables.notices
    left = conn.execute(
        update(table).where(table.c.state == WorkState.RUNNING, table.c.at <= before).values(state=WorkState.DUE)
    )
    return int(left.rowcount)


def utc(_store: Any) -> Any:
    return UTC


# Writing

right_post_note = write_back.post_note
shopify_push = ShopifyStore.push
woo_push = WooStore.push


def blind_note(world: Any, store: Any, lease: Any, client: Any, row: Any) -> None:
    right_post_note(world, store, lease, client, replace(row, state=WorkState.DUE))


def hopeful(push: Any, *errors: type[Exception]) -> Any:
    def pushed(self: Any, order_id: int, desired: Any, **how: Any) -> Any:
        try:
            return push(self, order_id, desired, **how)
        except errors:
            return desired

    return pushed


class NoWatch:
    """A store is never only watched."""

    WATCH = object()
    LEAVING = object()
    ON = "on"


def lose_the_row(conn: Connection, ids: Any, state: WorkState, now: Any, **how: Any) -> None:
    if state in (WorkState.UNKNOWN, WorkState.FAILED):
        conn.execute(delete(tables.actions).where(tables.actions.c.id.in_(list(ids))))
        return
    _set_actions(conn, ids, state, now, **how)


_set_actions = outbox.set_actions
_rings = sweep.due


def rings_only(world: Any) -> Any:
    return [ring for ring in _rings(world) if ring[1] not in ("write_back", "allocate")]
