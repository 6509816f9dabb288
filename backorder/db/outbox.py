"""What is to be written to stores and sent to customers: a row each, before it is tried, kept for ever."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, exists, func, or_, select, update

from backorder.db.bites import among
from backorder.db.many import insert_many, update_many
from backorder.db.tables import actions, items, notices, orders, parts, stores
from backorder.db.values import side_out, stood_out
from backorder.domain.actions import ActionKind, StoreSide
from backorder.domain.lifecycle import Stood, WorkState
from backorder.domain.policy import NoticeKind
from backorder.domain.store import Health, Mode

LOOKS = 4
"""How often a note of unknown outcome is looked for in the store before it is only shown."""

IN_LINE = 20
"""Orders of a store that are rung for at a time, however many are due: a store that is slow, or takes no more calls for
the moment, gives its workers nothing to do with all the others. Whoever is done rings for the next.
"""

TO_DO = actions.c.state.in_([WorkState.DUE, WorkState.RUNNING, WorkState.UNKNOWN]) & ~(
    (actions.c.kind == ActionKind.NOTE) & (actions.c.state == WorkState.UNKNOWN) & (actions.c.tries >= LOOKS)
)
"""Writes that still need somebody: due, begun by somebody who is gone, or of an outcome that may still be learnt."""

_NOT_BEGUN = (actions.c.state == WorkState.DUE) & ((actions.c.tries == 0) | (actions.c.kind == ActionKind.NOTE))
"""Writes of which the store has no part: a note that is due again was not posted."""


@dataclass(frozen=True, slots=True)
class Reviewed:
    """The outcome of looking at one order again. `desired` is `None` where nothing may be written to the store."""

    order_id: int
    state_seq: int
    stood: Stood
    side_seq: int
    desired: StoreSide | None
    refused_tags: tuple[str, ...]
    refused_line: bool = False
    """Whether a person deleted our line from the order's note."""
    actions: tuple[tuple[ActionKind, str], ...] = ()
    notices: tuple[tuple[NoticeKind, bool], ...] = ()
    """Each with whether it speaks of a write that has to be done first."""


@dataclass(frozen=True, slots=True)
class ActionRow:
    """One change to a store that was decided."""

    id: int
    order_id: int
    side_seq: int
    kind: ActionKind
    text: str
    state: WorkState
    tries: int


def save_reviews(conn: Connection, store_id: int, found: Sequence[Reviewed], now: datetime) -> None:
    """Save where orders stand now, with the writes and messages that this makes due."""
    if not found:
        return
    update_many(
        conn,
        orders,
        ("review", "state_seq", "stood", "side_seq", "desired", "refused_tags", "refused_line"),
        ("store_id", "order_id"),
        [
            (
                False,
                r.state_seq,
                stood_out(r.stood),
                r.side_seq,
                None if r.desired is None else side_out(r.desired),
                list(r.refused_tags) or None,
                r.refused_line,
                store_id,
                r.order_id,
            )
            for r in found
        ],
    )
    _plan_writes(conn, store_id, found, now)
    _plan_messages(conn, store_id, found, now)


def _plan_writes(conn: Connection, store_id: int, found: Sequence[Reviewed], now: datetime) -> None:
    superseded = [r.order_id for r in found if r.actions]
    if superseded:
        # The order's newest desired state is written whole: an older change that was not begun is part of it. Of one
        # that was, the store may have a part: it stays open until the order is written whole.
        conn.execute(
            update(actions)
            .where(actions.c.store_id == store_id, among(actions.c.order_id, superseded), _NOT_BEGUN)
            .values(state=WorkState.DROPPED, reason="A newer state of the order was written instead.", at=now)
        )
    insert_many(
        conn,
        actions,
        ("store_id", "order_id", "side_seq", "kind", "text", "state", "due_at", "at"),
        [
            (store_id, r.order_id, r.side_seq, kind, text, WorkState.DUE, now, now)
            for r in found
            for kind, text in r.actions
        ],
        skip_known=True,
    )


def _plan_messages(conn: Connection, store_id: int, found: Sequence[Reviewed], now: datetime) -> None:
    of_kind: dict[NoticeKind, list[int]] = {}
    for r in found:
        for kind, _ in r.notices:
            of_kind.setdefault(kind, []).append(r.order_id)
    for kind, ids in sorted(of_kind.items()):
        # A message tells how its order stands when it leaves: one that has not left yet would say the same twice.
        conn.execute(
            update(notices)
            .where(
                notices.c.store_id == store_id,
                among(notices.c.order_id, ids),
                notices.c.kind == kind,
                notices.c.state == WorkState.DUE,
            )
            .values(state=WorkState.DROPPED, reason="A newer message of the kind says it.", at=now)
        )
    insert_many(
        conn,
        notices,
        ("store_id", "order_id", "kind", "reason_version", "side_seq", "state", "due_at", "at"),
        [
            (store_id, r.order_id, kind, r.state_seq, r.side_seq if waits else None, WorkState.DUE, now, now)
            for r in found
            for kind, waits in r.notices
        ],
        skip_known=True,
    )


def open_actions(conn: Connection, store_id: int, order_id: int, now: datetime) -> list[ActionRow]:
    """What is to be written to one order now. A change that was begun before ends with the next one that is due, and
    does not wait for its own time.
    """
    rows = conn.execute(
        select(actions)
        .where(actions.c.store_id == store_id, actions.c.order_id == order_id, TO_DO)
        .order_by(actions.c.id)
        .with_for_update()
    ).all()
    writes = any(row.due_at <= now and row.kind is not ActionKind.NOTE for row in rows)
    return [
        ActionRow(row.id, row.order_id, row.side_seq, row.kind, row.text, row.state, row.tries)
        for row in rows
        if row.due_at <= now or (writes and row.kind is not ActionKind.NOTE and begun(row.state, row.tries))
    ]


def begun(state: WorkState, tries: int) -> bool:
    """Whether somebody began a write that is not done: the store may have a part of it."""
    return tries > 0 or state is not WorkState.DUE


def unfinished(conn: Connection, store_id: int, order_ids: Iterable[int]) -> dict[int, bool]:
    """Those of these orders whose newest write is not done, each with whether it was begun: then the store may have
    a part of it, and what differs there from what we wrote before is our own doing.
    """
    found: dict[int, bool] = {}
    rows = conn.execute(
        select(actions.c.order_id, actions.c.state, actions.c.tries)
        .join(orders, and_(orders.c.store_id == actions.c.store_id, orders.c.order_id == actions.c.order_id))
        .where(
            actions.c.store_id == store_id,
            among(actions.c.order_id, order_ids),
            actions.c.kind != ActionKind.NOTE,
            (actions.c.state.in_([WorkState.DUE, WorkState.RUNNING, WorkState.UNKNOWN]))
            | ((actions.c.state == WorkState.FAILED) & (actions.c.side_seq == orders.c.side_seq)),
        )
    )
    for order_id, state, tries in rows:
        found[order_id] = found.get(order_id, False) or begun(state, tries)
    return found


def try_again(
    conn: Connection, store_id: int, order_ids: Iterable[int], now: datetime, *, given_up_by: datetime
) -> set[int]:
    """Make due once more what was given up by that moment, if nothing newer is wanted of its order; the orders. Each
    has one more try: how often it was tried stays with it.
    """
    wanted = set(order_ids)
    if not wanted:
        return set()
    newest = exists().where(
        orders.c.store_id == actions.c.store_id,
        orders.c.order_id == actions.c.order_id,
        orders.c.side_seq == actions.c.side_seq,
    )
    made = conn.execute(
        update(actions)
        .where(
            actions.c.store_id == store_id,
            among(actions.c.order_id, wanted),
            actions.c.state == WorkState.FAILED,
            actions.c.kind != ActionKind.NOTE,
            actions.c.at <= given_up_by,
            newest,
        )
        .values(state=WorkState.DUE, due_at=now, at=now)
        .returning(actions.c.order_id)
    )
    return set(made.scalars())


def last_written(conn: Connection, store_id: int, order_ids: Iterable[int]) -> dict[int, datetime]:
    """When the last write to each of these orders ended; those that were never written to are left out."""
    rows = conn.execute(
        select(actions.c.order_id, func.max(actions.c.at).label("ended"))
        .where(
            actions.c.store_id == store_id,
            among(actions.c.order_id, order_ids),
            actions.c.kind != ActionKind.NOTE,
            actions.c.state == WorkState.DONE,
        )
        .group_by(actions.c.order_id)
    )
    return {row.order_id: row.ended for row in rows}


def is_write_pending(conn: Connection, store_id: int, order_id: int) -> bool:
    """Whether the order's newest desired state is not written yet. A note is no part of it."""
    return bool(conn.execute(select(write_is_pending(store_id, order_id))).scalar_one())


def write_is_pending(store_id: Any, order_id: Any) -> Any:
    """The same within a statement."""
    return exists().where(
        actions.c.store_id == store_id,
        actions.c.order_id == order_id,
        actions.c.kind != ActionKind.NOTE,
        actions.c.state.in_([WorkState.DUE, WorkState.RUNNING, WorkState.UNKNOWN]),
    )


def set_actions(
    conn: Connection,
    ids: Iterable[int],
    state: WorkState,
    now: datetime,
    *,
    reason: str = "",
    due_at: datetime | None = None,
    tried: bool = False,
) -> None:
    """Where these writes stand now."""
    values: dict[str, Any] = {"state": state, "reason": reason[:500], "at": now}
    if due_at is not None:
        values["due_at"] = due_at
    if tried:
        values["tries"] = actions.c.tries + 1
    conn.execute(update(actions).where(actions.c.id.in_(list(ids))).values(**values))


def set_wrote(
    conn: Connection,
    store_id: int,
    order_id: int,
    wrote: StoreSide,
    *,
    refused_tags: tuple[str, ...] | None = None,
    line_deleted: bool = False,
) -> None:
    """What the store has of ours on the order now; with `refused_tags` also what a person does not want there.
    `line_deleted`: a person deleted our line from the order's note.
    """
    values: dict[str, Any] = {"wrote": side_out(wrote)}
    if refused_tags is not None:
        values.update(refused_tags=list(refused_tags) or None, review=True)
    if line_deleted:
        values.update(refused_line=True)
    conn.execute(update(orders).where(orders.c.store_id == store_id, orders.c.order_id == order_id).values(**values))


def drop_due(conn: Connection, store_id: int, reason: str, now: datetime) -> None:
    """Nothing leaves for the store from now on: what was not begun is not done, and says why."""
    for table, dropped in ((actions, _NOT_BEGUN), (notices, notices.c.state == WorkState.DUE)):
        conn.execute(
            update(table)
            .where(table.c.store_id == store_id, dropped)
            .values(state=WorkState.DROPPED, reason=reason, at=now)
        )


def start_from_what_is(conn: Connection, store_id: int) -> None:
    """What we want at the store's orders is what they really have of ours, until they are looked at again."""
    conn.execute(update(orders).where(orders.c.store_id == store_id).values(desired=orders.c.wrote))


@cache
def live(table: Any) -> Any:
    """Rows of stores that are on, and all but messages of those that are being left: all others are left alone. A
    paused store's policy is asked by the worker.
    """
    modes = [Mode.ON] if table is notices else [Mode.ON, Mode.LEAVING]
    return exists().where(
        stores.c.id == table.c.store_id,
        stores.c.mode.in_(modes),
        stores.c.health.in_([Health.GOOD, Health.BACKING_OFF]),
    )


def orders_to_write(
    conn: Connection, now: datetime, store_id: int | None = None, limit: int = IN_LINE
) -> list[tuple[int, int]]:
    """(store, order) with a write that is due, was begun by somebody who is gone, or has an unknown outcome: so many of
    each store, the oldest first. Those that a pass has to look at before come last: they keep nobody waiting.
    """
    rows = conn.execute(_to_write(store_id is not None), {"now": now, "of": store_id, "at_most": limit})
    return [(row.store_id, row.order_id) for row in rows]


# The clock asks this again and again: built once.
@cache
def _to_write(of_one_store: bool) -> Select[Any]:
    due = (
        select(actions.c.store_id, actions.c.order_id, func.min(actions.c.id).label("first"))
        .where(TO_DO, actions.c.due_at <= bindparam("now"), live(actions))
        .group_by(actions.c.store_id, actions.c.order_id)
    )
    if of_one_store:
        due = due.where(actions.c.store_id == bindparam("of"))
    found = due.subquery()
    turn = func.row_number().over(partition_by=found.c.store_id, order_by=[_waits_for_a_pass(), found.c.first])
    line = (
        select(found, turn.label("turn"))
        .join(orders, and_(orders.c.store_id == found.c.store_id, orders.c.order_id == found.c.order_id))
        .subquery()
    )
    return select(line.c.store_id, line.c.order_id).where(line.c.turn <= bindparam("at_most")).order_by(line.c.first)


def _waits_for_a_pass() -> ColumnElement[bool]:
    """Whether the order, or an item of it, is marked to be read or planned: nothing is written on what is old."""
    marked = (
        select(parts.c.item)
        .join(items, and_(items.c.store_id == parts.c.store_id, items.c.item == parts.c.item))
        .where(
            parts.c.store_id == orders.c.store_id,
            parts.c.order_id == orders.c.order_id,
            items.c.dirty_seq > items.c.done_seq,
        )
        .exists()
    )
    return or_(orders.c.unread, orders.c.review, marked)


def next_due(conn: Connection, after: datetime) -> datetime | None:
    """When the next write or message that waits for its time is due."""
    found = [
        conn.execute(
            select(func.min(table.c.due_at)).where(to_do, table.c.due_at > after, live(table))
        ).scalar_one_or_none()
        for table, to_do in ((actions, TO_DO), (notices, notices.c.state == WorkState.DUE))
    ]
    return min((at for at in found if at is not None), default=None)
