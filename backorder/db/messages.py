"""Messages to customers: which are due, what was said last, what became of each."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, select, update

from backorder.db.bites import among
from backorder.db.outbox import is_write_pending, live, write_is_pending
from backorder.db.tables import notices
from backorder.domain.lifecycle import WorkState
from backorder.domain.policy import NoticeKind

NOT_TAKEN = "The store did not take the change it tells of."


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """One message to a customer that was decided."""

    id: int
    store_id: int
    order_id: int
    kind: NoticeKind
    reason_version: int
    side_seq: int | None
    state: WorkState
    tries: int


def drop_waiting_notices(conn: Connection, store_id: int, order_id: int, side_seq: int, now: datetime) -> None:
    """The write that these messages speak of, or a newer one that held it, was given up: they are not sent."""
    conn.execute(
        update(notices)
        .where(
            notices.c.store_id == store_id,
            notices.c.order_id == order_id,
            notices.c.side_seq <= side_seq,
            notices.c.state == WorkState.DUE,
        )
        .values(state=WorkState.DROPPED, reason=NOT_TAKEN, at=now)
    )


def wait_again(conn: Connection, store_id: int, order_ids: Iterable[int], now: datetime) -> None:
    """The write that these messages speak of is tried once more: they wait for it as before. Whether they are still
    true, and still news, is asked when they leave.
    """
    wanted = set(order_ids)
    if not wanted:
        return
    conn.execute(
        update(notices)
        .where(
            notices.c.store_id == store_id,
            among(notices.c.order_id, wanted),
            notices.c.state == WorkState.DROPPED,
            notices.c.reason == NOT_TAKEN,
        )
        .values(state=WorkState.DUE, reason="", due_at=now, at=now)
    )


def notice(conn: Connection, store_id: int, notice_id: int) -> NoticeRow | None:
    """One message, kept from others until the transaction ends."""
    row = (
        conn.execute(select(notices).where(notices.c.store_id == store_id, notices.c.id == notice_id).with_for_update())
        .mappings()
        .first()
    )
    if row is None:
        return None
    names = ("id", "store_id", "order_id", "kind", "reason_version", "side_seq", "state", "tries")
    return NoticeRow(**{name: row[name] for name in names})


def write_pending(conn: Connection, row: NoticeRow) -> bool:
    """Whether the write that a message speaks of is not done yet. A newer state of the order counts for an older."""
    if row.side_seq is None:
        return False
    return is_write_pending(conn, row.store_id, row.order_id)


def said_last(conn: Connection, row: NoticeRow) -> str:
    """The digest of what the order's customer was last sent, or may have been sent; empty before the first message."""
    found = (
        select(notices.c.digest)
        .where(
            notices.c.store_id == row.store_id,
            notices.c.order_id == row.order_id,
            notices.c.id != row.id,
            notices.c.state.in_([WorkState.RUNNING, WorkState.DONE, WorkState.UNKNOWN]),
        )
        .order_by(notices.c.at.desc(), notices.c.id.desc())
    )
    return conn.execute(found.limit(1)).scalar_one_or_none() or ""


def set_notice(
    conn: Connection,
    notice_id: int,
    state: WorkState,
    now: datetime,
    *,
    reason: str = "",
    due_at: datetime | None = None,
    message_id: str = "",
    digest: str = "",
    tried: bool = False,
) -> None:
    """Where this message stands now."""
    values: dict[str, Any] = {"state": state, "reason": reason[:500], "at": now}
    if due_at is not None:
        values["due_at"] = due_at
    if message_id:
        values |= {"message_id": message_id, "digest": digest}
    if tried:
        values["tries"] = notices.c.tries + 1
    conn.execute(update(notices).where(notices.c.id == notice_id).values(**values))


def notices_to_send(
    conn: Connection, now: datetime, store_id: int | None = None, order_id: int | None = None
) -> list[tuple[int, int]]:
    """(store, notice) that are due: of all stores, of one, or of one order."""
    found = _to_send(store_id is not None, order_id is not None)
    return [(row[0], row[1]) for row in conn.execute(found, {"now": now, "store": store_id, "order": order_id})]


# The clock asks this again and again: built once.
@cache
def _to_send(of_one_store: bool, of_one_order: bool) -> Select[Any]:
    found = (
        select(notices.c.store_id, notices.c.id)
        .where(
            notices.c.state == WorkState.DUE,
            notices.c.due_at <= bindparam("now"),
            notices.c.side_seq.is_(None) | ~write_is_pending(notices.c.store_id, notices.c.order_id),
            live(notices),
        )
        .order_by(notices.c.id)
    )
    if of_one_store:
        found = found.where(notices.c.store_id == bindparam("store"))
    if of_one_order:
        found = found.where(notices.c.order_id == bindparam("order"))
    return found


def abandoned_notices(conn: Connection, before: datetime, now: datetime) -> int:
    """Messages whose sender died in mid-send: nobody knows whether they left. They are shown, not sent again."""
    left = conn.execute(
        update(notices)
        .where(and_(notices.c.state == WorkState.RUNNING, notices.c.at <= before))
        .values(
            state=WorkState.UNKNOWN,
            reason="The sender was stopped in the middle: the message may have left or not.",
            at=now,
        )
    )
    return int(left.rowcount)
