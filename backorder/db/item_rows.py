"""What is to be written to items: a row each, so that however often it changes, one write says it all."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, case, func, select, update

from backorder.db.bites import among
from backorder.db.outbox import live
from backorder.db.tables import item_writes, items, pools
from backorder.db.upsert import put
from backorder.db.values import item_side_in, item_side_out
from backorder.domain.item_side import ItemSide, Switch
from backorder.domain.lifecycle import WorkState
from backorder.domain.supply import ZERO, Units

BETWEEN = timedelta(seconds=30)
"""An item is written to at most so often: in a rush each order may move its date."""

_OPEN = item_writes.c.state.in_([WorkState.DUE, WorkState.RUNNING, WorkState.UNKNOWN])


@dataclass(frozen=True, slots=True)
class ItemRow:
    """One item's write as it stands."""

    item: int
    desired: ItemSide
    switch: Switch
    state: WorkState
    tries: int

    @property
    def begun(self) -> bool:
        """Whether the store may have a part of it."""
        return self.tries > 0 or self.state is not WorkState.DUE


def plan(conn: Connection, store_id: int, wanted: Mapping[int, ItemSide], now: datetime) -> None:
    """Make due what differs from what was wanted of these items so far."""
    rows = conn.execute(
        select(item_writes.c.item, item_writes.c.desired, item_writes.c.at).where(
            item_writes.c.store_id == store_id, among(item_writes.c.item, wanted)
        )
    )
    before = {row.item: (item_side_in(row.desired), row.at) for row in rows}
    changed = []
    for item, side in wanted.items():
        was, at = before.get(item, (ItemSide(), now - BETWEEN))
        if side != was:
            due = max(now, at + BETWEEN)
            changed.append((item, side, due))
    put(
        conn,
        item_writes,
        [
            {
                "store_id": store_id,
                "item": item,
                "desired": item_side_out(side),
                "state": WorkState.DUE,
                "due_at": due,
                "at": now,
            }
            for item, side, due in changed
        ],
        ("desired", "due_at"),
    )
    if changed:
        # One that was begun stays so: what it left behind is told by the next reading.
        conn.execute(
            update(item_writes)
            .where(
                item_writes.c.store_id == store_id,
                among(item_writes.c.item, [item for item, _, _ in changed]),
                item_writes.c.state.in_([WorkState.DONE, WorkState.FAILED]),
            )
            .values(state=WorkState.DUE, tries=0, reason="")
        )


def rows_of(conn: Connection, store_id: int, ids: Iterable[int]) -> dict[int, ItemRow]:
    """How the writes of these items stand, of those that have one."""
    rows = conn.execute(select(item_writes).where(item_writes.c.store_id == store_id, among(item_writes.c.item, ids)))
    return {row.item: _row(row) for row in rows}


@dataclass(frozen=True, slots=True)
class StuckItem:
    """An item whose write the store did not take, and why."""

    item: int
    title: str
    reason: str
    at: datetime


def stuck(conn: Connection, store_id: int, *, limit: int) -> list[StuckItem]:
    """Items whose write failed, the newest first."""
    rows = conn.execute(
        select(item_writes.c.item, items.c.title, items.c.sku, item_writes.c.reason, item_writes.c.at)
        .join(items, and_(items.c.store_id == item_writes.c.store_id, items.c.item == item_writes.c.item), isouter=True)
        .where(item_writes.c.store_id == store_id, item_writes.c.state == WorkState.FAILED)
        .order_by(item_writes.c.at.desc(), item_writes.c.item)
        .limit(limit)
    )
    return [StuckItem(r.item, r.title or r.sku or str(r.item), r.reason, r.at) for r in rows]


def try_again(conn: Connection, store_id: int, ids: Iterable[int], now: datetime, *, given_up_by: datetime) -> int:
    """Make due once more what was given up by that moment; how many. Each has one more try."""
    made = conn.execute(
        update(item_writes)
        .where(
            item_writes.c.store_id == store_id,
            among(item_writes.c.item, ids),
            item_writes.c.state == WorkState.FAILED,
            item_writes.c.at <= given_up_by,
        )
        .values(state=WorkState.DUE, due_at=now, at=now)
    )
    return int(made.rowcount)


def take_off(conn: Connection, store_id: int, now: datetime) -> None:
    """Nothing of ours is to be at any item of the store any more; what failed is tried once more."""
    plan(conn, store_id, dict.fromkeys(written(conn, store_id), ItemSide()), now)
    conn.execute(
        update(item_writes)
        .where(item_writes.c.store_id == store_id, item_writes.c.state == WorkState.FAILED)
        .values(state=WorkState.DUE, tries=0, due_at=now)
    )


def written(conn: Connection, store_id: int) -> set[int]:
    """Items of which the store has, or is to get, something of ours."""
    return set(conn.execute(select(item_writes.c.item).where(item_writes.c.store_id == store_id)).scalars())


def free_to_sell(conn: Connection, store_id: int, ids: Iterable[int]) -> dict[int, Units]:
    """Units of these items that the store would still sell from what is there, at all its locations together."""
    found: dict[int, Units] = {}
    rows = conn.execute(
        select(pools.c.item, pools.c.available).where(pools.c.store_id == store_id, among(pools.c.item, ids))
    )
    for item, available in rows:
        found[item] = found.get(item, ZERO) + max(ZERO, available)
    return found


def due(conn: Connection, store_id: int, now: datetime, limit: int) -> list[ItemRow]:
    """What is to be written to the store's items now."""
    rows = conn.execute(
        select(item_writes)
        .where(item_writes.c.store_id == store_id, _OPEN, item_writes.c.due_at <= now)
        .order_by(item_writes.c.due_at, item_writes.c.item)
        .limit(limit)
    )
    return [_row(row) for row in rows]


def _row(row: Any) -> ItemRow:
    switch = Switch(row.sold_before, row.sells_wanted)
    return ItemRow(row.item, item_side_in(row.desired), switch, row.state, row.tries)


def begin(conn: Connection, store_id: int, switches: Mapping[int, Switch], until: datetime, now: datetime) -> None:
    """These are being written; what will be known of their switches is kept before they are turned."""
    for item, switch in switches.items():
        _set(
            conn,
            store_id,
            [item],
            state=WorkState.RUNNING,
            due_at=until,
            at=now,
            sold_before=switch.before,
            sells_wanted=switch.wanted,
        )


def done(
    conn: Connection, store_id: int, rows: Iterable[ItemRow], switches: Mapping[int, Switch], now: datetime
) -> None:
    """These are written, unless something newer is wanted of them by now: then that is due."""
    for row in rows:
        switch = switches[row.item]
        _set(conn, store_id, [row.item], at=now, sold_before=switch.before, sells_wanted=switch.wanted, tries=0)
        kept = conn.execute(
            select(item_writes.c.desired).where(item_writes.c.store_id == store_id, item_writes.c.item == row.item)
        ).scalar_one()
        newer = item_side_in(kept) != row.desired
        _set(conn, store_id, [row.item], state=WorkState.DUE if newer else WorkState.DONE, reason="")


def set_state(
    conn: Connection,
    store_id: int,
    ids: Iterable[int],
    state: WorkState,
    now: datetime,
    *,
    reason: str,
    due_at: datetime,
    counts: bool = True,
) -> None:
    """Where these writes stand after a try. The first is noted although it does not count: the store may have
    a part of it.
    """
    tries = item_writes.c.tries
    _set(
        conn,
        store_id,
        list(ids),
        state=state,
        at=now,
        reason=reason[:500],
        due_at=due_at,
        tries=tries + 1 if counts else case((tries == 0, 1), else_=tries),
    )


def _set(conn: Connection, store_id: int, ids: list[int], **values: object) -> None:
    conn.execute(
        update(item_writes).where(item_writes.c.store_id == store_id, among(item_writes.c.item, ids)).values(**values)
    )


def stores_to_write(conn: Connection, now: datetime) -> set[int]:
    """Stores with an item that is to be written to now."""
    found = select(item_writes.c.store_id).where(_OPEN, item_writes.c.due_at <= now, live(item_writes)).distinct()
    return set(conn.execute(found).scalars())


def next_due(conn: Connection, after: datetime) -> datetime | None:
    """When the next write to an item that waits for its time is due."""
    found = select(func.min(item_writes.c.due_at)).where(_OPEN, item_writes.c.due_at > after, live(item_writes))
    return conn.execute(found).scalar_one_or_none()
