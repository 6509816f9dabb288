"""Whether each item may be sold although nothing is there: the answer of today at the item, and a row for each change.

A pass over an item grows its `done_seq`; an item whose `judged_seq` is behind is asked about anew.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, bindparam, exists, insert, or_, select, update

from backorder.db.bites import bites
from backorder.db.tables import items, pools, stores, verdicts
from backorder.domain.acceptance import Answer, Verdict
from backorder.domain.store import Health
from backorder.domain.supply import Balance, Pool


@dataclass(frozen=True, slots=True)
class Selling:
    """Whether an item may be sold although nothing is there, why not, and since when that is so."""

    accepting: bool
    why: str
    at: datetime


def _counted() -> ColumnElement[bool]:
    """Items that the store counts somewhere."""
    pool = and_(pools.c.store_id == items.c.store_id, pools.c.item == items.c.item)
    return and_(items.c.tracked, ~items.c.gone, exists().where(pool))


def stores_to_judge(conn: Connection, now: datetime) -> set[int]:
    """Stores with an item to be asked about: after a pass over it, or because the store's time for all has come."""
    passed = select(items.c.store_id).where(items.c.judged_seq < items.c.done_seq, _counted())
    due = select(stores.c.id).where(
        stores.c.imported_at.is_not(None),
        stores.c.health != Health.GONE,
        or_(stores.c.judge_at.is_(None), stores.c.judge_at <= now, stores.c.id.in_(passed)),
    )
    return set(conn.execute(due).scalars())


def to_judge(conn: Connection, store_id: int, *, after: int, everything: bool, limit: int) -> dict[int, int]:
    """Items to be asked about, beginning behind one, with the pass that they are asked about after."""
    found = select(items.c.item, items.c.done_seq).where(items.c.store_id == store_id, items.c.item > after, _counted())
    if not everything:
        found = found.where(items.c.judged_seq < items.c.done_seq)
    return {row.item: row.done_seq for row in conn.execute(found.order_by(items.c.item).limit(limit))}


def counted_pools(conn: Connection, store_id: int, ids: Iterable[int]) -> list[Pool]:
    """Where the store counts these items at present."""
    found: list[Pool] = []
    # What the store stopped counting has neither a balance nor a doubt that could lead to one.
    counted = or_(pools.c.balance != Balance.NEW, pools.c.doubted_at.is_not(None))
    for bite in bites(ids):
        rows = conn.execute(
            select(pools.c.item, pools.c.location)
            .where(pools.c.store_id == store_id, pools.c.item.in_(bite), counted)
            .order_by(pools.c.item, pools.c.location)
        )
        found += [Pool(item, location) for item, location in rows]
    return found


_JUDGED = (
    update(items)
    .where(
        (items.c.store_id == bindparam("b_store"))
        & (items.c.item == bindparam("b_item"))
        & (items.c.judged_seq < bindparam("b_seq"))
    )
    .values(judged_seq=bindparam("b_seq"))
)
_CHANGED = (
    update(items)
    .where((items.c.store_id == bindparam("b_store")) & (items.c.item == bindparam("b_item")))
    .values(accepting=bindparam("b_accepting"), accepting_why=bindparam("b_why"), accepting_since=bindparam("b_since"))
)


def save(
    conn: Connection, store_id: int, said: Mapping[int, Verdict], marks: Mapping[int, int], now: datetime
) -> dict[int, Selling]:
    """Save the answers; those that are new or changed, each of which is a row of its own."""
    before = now_at(conn, store_id, said)
    changed = {}
    for item, verdict in said.items():
        accepting, known = verdict.answer is Answer.ACCEPT, before.get(item)
        if known is None or (known.accepting, known.why) != (accepting, verdict.why):
            # A new reason against it is no new day on which it was closed.
            since = known.at if known is not None and known.accepting == accepting else now
            changed[item] = Selling(accepting, verdict.why, since)
    if changed:
        conn.execute(
            _CHANGED,
            [
                {"b_store": store_id, "b_item": item, "b_accepting": s.accepting, "b_why": s.why, "b_since": s.at}
                for item, s in changed.items()
            ],
        )
        conn.execute(
            insert(verdicts),
            [
                {"store_id": store_id, "item": item, "accepting": s.accepting, "why": s.why, "at": now}
                for item, s in changed.items()
            ],
        )
    if marks:
        conn.execute(_JUDGED, [{"b_store": store_id, "b_item": item, "b_seq": seq} for item, seq in marks.items()])
    return changed


def now_at(conn: Connection, store_id: int, ids: Iterable[int]) -> dict[int, Selling]:
    """What holds of these items, as far as they were ever asked about."""
    found = {}
    for bite in bites(ids):
        rows = conn.execute(
            select(items.c.item, items.c.accepting, items.c.accepting_why, items.c.accepting_since).where(
                items.c.store_id == store_id, items.c.item.in_(bite), items.c.accepting.is_not(None)
            )
        )
        found.update({row.item: Selling(row.accepting, row.accepting_why, row.accepting_since) for row in rows})
    return found


def history(conn: Connection, store_id: int, item: int, *, limit: int) -> list[Selling]:
    """How the answer for one item changed, the newest first."""
    rows = conn.execute(
        select(verdicts.c.accepting, verdicts.c.why, verdicts.c.at)
        .where(verdicts.c.store_id == store_id, verdicts.c.item == item)
        .order_by(verdicts.c.id.desc())
        .limit(limit)
    )
    return [Selling(*row) for row in rows]


def closed(conn: Connection, store_id: int, *, limit: int) -> list[tuple[int, str, Selling]]:
    """Items that are not backordered at present, with their names; the one closed last comes first."""
    rows = conn.execute(
        select(
            items.c.item,
            items.c.title,
            items.c.sku,
            items.c.accepting,
            items.c.accepting_why,
            items.c.accepting_since,
        )
        .where(items.c.store_id == store_id, ~items.c.accepting, _counted())
        .order_by(items.c.accepting_since.desc(), items.c.item)
        .limit(limit)
    )
    return [
        (r.item, r.title or r.sku or str(r.item), Selling(r.accepting, r.accepting_why, r.accepting_since))
        for r in rows
    ]
