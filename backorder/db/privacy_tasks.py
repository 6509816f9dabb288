"""What was asked about somebody's data: kept until it is done, and after that without whom it was about."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, func, select, update

from backorder.db.tables import privacy_tasks
from backorder.db.upsert import insert_missing
from backorder.domain.errors import Rejected
from backorder.domain.events import CustomerDataAsked, CustomerErased, PrivacyEvent, StoreErased
from backorder.domain.lifecycle import WorkState
from backorder.domain.privacy import ASKED, BY_ITSELF, DUE_AFTER, ERASED_AFTER, Person, TaskKind
from backorder.domain.store import Store


class NoSuchTask(Rejected):
    """No task about somebody's data has that id."""

    status = 404


@dataclass(frozen=True, slots=True)
class PrivacyTask:
    """One thing to do about somebody's data. `person` and `address` are gone when it is done."""

    id: int
    platform: str
    address: str
    kind: TaskKind
    asked_at: datetime
    due_at: datetime
    state: WorkState
    person: Person | None = None
    left_by: datetime | None = None
    of_store: int | None = None
    """The one installation that is meant; `None`: whatever was connected at the address."""
    tries: int = 0
    orders: int = 0
    """How many orders it concerned."""
    reason: str = ""
    done_at: datetime | None = None


def place_of(platform: str, address: str) -> str:
    """How a store is recognised when its address is no longer known."""
    return sha256(f"{platform}\n{address}".encode()).hexdigest()


def ask(
    conn: Connection,
    platform: str,
    address: str,
    event: PrivacyEvent,
    *,
    key: str,
    at: datetime,
    of_store: int | None = None,
) -> int:
    """Keep a request, durable with the transaction; a repeat of the same key is none. The task's id."""
    named: dict[str, Any]
    match event:
        case CustomerDataAsked(person):
            kind, named = TaskKind.TELL_CUSTOMER, {"person": _person_out(person)}
        case CustomerErased(person):
            kind, named = TaskKind.ERASE_CUSTOMER, {"person": _person_out(person)}
        case StoreErased(left_by):
            kind, named = TaskKind.ERASE_STORE, {"left_by": left_by}
    return _add(conn, platform, address, kind, key, at, of_store=of_store, **named)


def ask_to_clear(conn: Connection, store: Store, at: datetime) -> None:
    """A store has left: what it sent and what was due for it is to be removed."""
    key = f"left {store.id} {store.installed_at.isoformat()}"
    _add(conn, store.platform, store.address, TaskKind.CLEAR_LEFT, key, at, of_store=store.id)


def ask_to_erase_later(conn: Connection, store: Store, at: datetime) -> None:
    """A store has left: that installation is to be erased when its time has come."""
    key = f"left {store.id} {store.installed_at.isoformat()}"
    when = {"of_store": store.id, "try_at": at + ERASED_AFTER}
    _add(conn, store.platform, store.address, TaskKind.ERASE_STORE, key, at, **when)


def ask_for_bytes(conn: Connection, store: Store, delivery_id: int, at: datetime) -> None:
    """What a delivery said of an erased order was blanked: the files are to be cleared of it too."""
    key = f"blanked {store.id} {delivery_id}"
    _add(conn, store.platform, store.address, TaskKind.CLEAR_BYTES, key, at, of_store=store.id)


def _add(conn: Connection, platform: str, address: str, kind: TaskKind, key: str, at: datetime, **named: Any) -> int:
    row = {
        "place": place_of(platform, address),
        "dedupe_key": f"{kind} {key}"[:200],
        "platform": platform,
        "address": address,
        "kind": kind,
        "person": None,
        "left_by": None,
        "asked_at": at,
        "due_at": at + DUE_AFTER,
        "state": WorkState.DUE,
        "try_at": at,
    }
    insert_missing(conn, privacy_tasks, [row | named])
    same = (privacy_tasks.c.place == row["place"]) & (privacy_tasks.c.dedupe_key == row["dedupe_key"])
    return int(conn.execute(select(privacy_tasks.c.id).where(same)).scalar_one())


def get(conn: Connection, task_id: int) -> PrivacyTask:
    """One task. Raises NoSuchTask."""
    row = conn.execute(select(privacy_tasks).where(privacy_tasks.c.id == task_id)).mappings().first()
    if row is None:
        raise NoSuchTask(f"There is no task {task_id} about anybody's data.")
    return _task(row)


def to_try(conn: Connection, now: datetime) -> list[int]:
    """Tasks that need no person and are to be tried now, oldest first."""
    found = select(privacy_tasks.c.id).where(
        privacy_tasks.c.state == WorkState.DUE, privacy_tasks.c.kind.in_(BY_ITSELF), privacy_tasks.c.try_at <= now
    )
    return list(conn.execute(found.order_by(privacy_tasks.c.id)).scalars())


def next_try(conn: Connection, after: datetime) -> datetime | None:
    """When the next task that was put off is tried again. The erasure of a store that has left was not: it has a day
    of its own.
    """
    found = select(func.min(privacy_tasks.c.try_at)).where(
        privacy_tasks.c.state == WorkState.DUE,
        privacy_tasks.c.kind.in_(BY_ITSELF),
        privacy_tasks.c.try_at > after,
        privacy_tasks.c.tries > 0,
    )
    return conn.execute(found).scalar_one_or_none()


def everything(conn: Connection) -> list[PrivacyTask]:
    """Every task there ever was, oldest first."""
    return [_task(row) for row in conn.execute(select(privacy_tasks).order_by(privacy_tasks.c.id)).mappings()]


def of_store(conn: Connection, store: Store, *, limit: int) -> list[PrivacyTask]:
    """What was asked of one store, newest first."""
    found = select(privacy_tasks).where(_of(store)).order_by(privacy_tasks.c.id.desc()).limit(limit)
    return [_task(row) for row in conn.execute(found).mappings()]


def to_tell(conn: Connection, store: Store, *, limit: int, task_id: int | None = None) -> list[PrivacyTask]:
    """Requests of one store's customers that wait for the merchant, the most urgent first; or one of them."""
    found = select(privacy_tasks).where(
        _of(store), privacy_tasks.c.kind == TaskKind.TELL_CUSTOMER, privacy_tasks.c.state == WorkState.DUE
    )
    if task_id is not None:
        found = found.where(privacy_tasks.c.id == task_id)
    return [_task(row) for row in conn.execute(found.order_by(privacy_tasks.c.due_at).limit(limit)).mappings()]


def _of(store: Store) -> Any:
    """Requests of this store since it was connected: those of an earlier installation are not its merchant's."""
    return (
        (privacy_tasks.c.place == place_of(store.platform, store.address))
        & (privacy_tasks.c.of_store.is_(None) | (privacy_tasks.c.of_store == store.id))
        & privacy_tasks.c.kind.in_(ASKED)
        & (privacy_tasks.c.asked_at >= store.connected_at)
    )


def overdue(conn: Connection, now: datetime) -> list[PrivacyTask]:
    """What should have been done by now."""
    found = select(privacy_tasks).where(privacy_tasks.c.state == WorkState.DUE, privacy_tasks.c.due_at < now)
    return [_task(row) for row in conn.execute(found.order_by(privacy_tasks.c.id)).mappings()]


def put_off(conn: Connection, task_id: int, reason: str, now: datetime, wait: timedelta) -> None:
    """It cannot be done yet."""
    conn.execute(
        update(privacy_tasks)
        .where(privacy_tasks.c.id == task_id)
        .values(try_at=now + wait, tries=privacy_tasks.c.tries + 1, reason=reason[:500])
    )


def found(conn: Connection, task_id: int, person: Person) -> None:
    """Whom the task is about, with orders of theirs that the book names: when it is begun again, those are no longer
    found by name.
    """
    conn.execute(update(privacy_tasks).where(privacy_tasks.c.id == task_id).values(person=_person_out(person)))


def blank(conn: Connection, task_id: int, orders: int) -> None:
    """The rows are erased: whom the task was about goes too, before the bytes are looked after."""
    conn.execute(update(privacy_tasks).where(privacy_tasks.c.id == task_id).values(person=None, orders=orders))


def finish(conn: Connection, task_id: int, state: WorkState, reason: str, now: datetime) -> None:
    """It is over; nothing in the row says any more whom it was about."""
    conn.execute(
        update(privacy_tasks)
        .where(privacy_tasks.c.id == task_id)
        .values(state=state, reason=reason[:500], person=None, done_at=now)
    )


def forget_place(conn: Connection, platform: str, address: str, now: datetime, *, but: int) -> None:
    """All of a store is erased: what was still to be done for its customers is over, and no row names it any more."""
    here = privacy_tasks.c.place == place_of(platform, address)
    conn.execute(
        update(privacy_tasks)
        .where(here, privacy_tasks.c.state == WorkState.DUE, privacy_tasks.c.id != but)
        .values(state=WorkState.DROPPED, reason="All of the store was erased.", done_at=now)
    )
    conn.execute(update(privacy_tasks).where(here).values(address="", person=None))


def same_person(conn: Connection, task: PrivacyTask, now: datetime) -> None:
    """Whoever is erased need not be told any more what is held about them."""
    if task.person is None:
        return
    others = select(privacy_tasks).where(
        privacy_tasks.c.place == place_of(task.platform, task.address),
        privacy_tasks.c.kind == TaskKind.TELL_CUSTOMER,
        privacy_tasks.c.state == WorkState.DUE,
    )
    for other in map(_task, conn.execute(others).mappings().all()):
        if other.person is not None and _meet(task.person, other.person):
            finish(conn, other.id, WorkState.DROPPED, "The customer's data was erased.", now)


def _meet(one: Person, other: Person) -> bool:
    same_id = one.customer_id is not None and one.customer_id == other.customer_id
    same_mailbox = bool(one.mailbox) and one.mailbox == other.mailbox
    return same_id or same_mailbox or not set(one.order_ids).isdisjoint(other.order_ids)


def _person_out(person: Person) -> dict[str, Any]:
    return {
        "customer": person.customer_id,
        "email": person.email,
        "phone": person.phone,
        "orders": list(person.order_ids),
    }


def _person_in(kept: Mapping[str, Any] | None) -> Person | None:
    if kept is None:
        return None
    return Person(kept["customer"], kept["email"], kept["phone"], tuple(kept["orders"]))


def _task(row: Any) -> PrivacyTask:
    names = (
        "id", "platform", "address", "kind", "asked_at", "due_at", "state", "left_by", "of_store", "tries", "orders",
        "reason", "done_at",
    )  # fmt: skip
    return PrivacyTask(**{name: row[name] for name in names}, person=_person_in(row["person"]))
