"""Sends one message to a customer, once: only if it is still true on a fresh reading, and never again in doubt."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import structlog
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from backorder.db import changes, messages, orderbook, parcel_rows, stores
from backorder.db.messages import NoticeRow
from backorder.db.orderbook import BookOrder
from backorder.db.session import Connection
from backorder.domain.backoff import wait_seconds
from backorder.domain.errors import OutcomeUnknown, PermanentFailure, TemporaryFailure
from backorder.domain.lifecycle import LineStanding, OrderStanding, WorkState
from backorder.domain.notices import still_true, told
from backorder.domain.parcels import Parcel
from backorder.domain.policy import NoticeKind
from backorder.domain.spoken import counted
from backorder.domain.store import Mode, Store
from backorder.links import status_url
from jobs import wording
from jobs.breaker import answers
from jobs.mailer import Message
from jobs.promise import today_of
from jobs.world import World
from jobs.write_back import fresh, read_again

log = structlog.get_logger()

TRIES = 10

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=lambda name: bool(name and name.endswith(".html")),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)

SUBJECTS = {
    NoticeKind.BACKORDERED: "Your order {number}: some items are on backorder",
    NoticeKind.ALLOCATED: "Your order {number}: items you waited for are here",
    NoticeKind.SHIPPED: "Your order {number}: items you waited for are on their way",
    NoticeKind.CANCELLED: "Your order {number} was cancelled",
    NoticeKind.NEW_DATE: "Your order {number}: a new date",
}


def notify(world: World, store_id: int, notice_id: int) -> None:
    """Send one message if it is due, still true, and what it speaks of is done."""
    # No lease: whoever marks it as being sent is the one who sends it, and from then on nobody else does.
    with world.database.write() as conn:
        store = stores.to_change(conn, store_id)
        row = messages.notice(conn, store_id, notice_id)
        if row is None or row.state is not WorkState.DUE:
            return
        if store.mode in (Mode.WATCH, Mode.LEAVING) or store.policy.paused or not answers(store, world.clock()):
            return
        message = _begin(conn, world, store, row)
    if message is not None:
        _send(world, row, message)


def _begin(conn: Connection, world: World, store: Store, row: NoticeRow) -> Message | None:
    """The message, marked as being sent; `None` when it has to wait or is not sent at all."""
    now = world.clock()
    book = orderbook.load(conn, store.id, [row.order_id])[row.order_id]
    if messages.write_pending(conn, row):
        # It is rung for again when the write is done.
        return None
    if not fresh(conn, store, book, now):
        read_again(conn, world, store, book, now)
        due_at = max(now + timedelta(seconds=1), store.calm_until or now)
        messages.set_notice(conn, row.id, WorkState.DUE, now, due_at=due_at)
        return None
    order = book.standing(store.policy, today_of(store, world.clock()))
    if not still_true(row.kind, order, book.stood, store.policy):
        messages.set_notice(conn, row.id, WorkState.DROPPED, now, reason="It was no longer true.")
        return None
    if not book.order.customer.email:
        messages.set_notice(conn, row.id, WorkState.DROPPED, now, reason="The store tells no e-mail address.")
        return None
    message = compose(world, store, book, order, row, parcel_rows.told_by_us(conn, store.id, row.order_id))
    digest = sha256(f"{row.kind}\n{message.text}".encode()).hexdigest()
    if messages.said_last(conn, row) == digest:
        # Units came and went again before anybody was told: what the customer knows is still so.
        messages.set_notice(conn, row.id, WorkState.DROPPED, now, reason="It is what the customer was told last.")
        return None
    if book.stood is not None and row.kind is not NoticeKind.CANCELLED:
        named = told(book.stood, order)
        if named != book.stood:
            changes.told(conn, store.id, row.order_id, named)
    messages.set_notice(conn, row.id, WorkState.RUNNING, now, message_id=message.message_id, digest=digest, tried=True)
    return message


def _send(world: World, row: NoticeRow, message: Message) -> None:
    """Hand the message over. Whoever dies in here leaves it running, and so of unknown outcome."""
    try:
        world.mailer.send(message)
    except TemporaryFailure as error:
        state = WorkState.FAILED if row.tries + 1 >= TRIES else WorkState.DUE
        wait = wait_seconds(row.tries, first=60.0, most=6 * 3600.0, at_least=error.retry_after, chance=world.chance())
        _settle(world, row, state, str(error), timedelta(seconds=wait))
    except PermanentFailure as error:
        _settle(world, row, WorkState.FAILED, str(error))
    except OutcomeUnknown as error:
        _settle(world, row, WorkState.UNKNOWN, str(error))
    else:
        _settle(world, row, WorkState.DONE, "")
        log.info("notice_sent", store=row.store_id, order=row.order_id, kind=row.kind.value)


def _settle(world: World, row: NoticeRow, state: WorkState, reason: str, wait: timedelta = timedelta()) -> None:
    with world.database.write() as conn:
        now = world.clock()
        messages.set_notice(conn, row.id, state, now, reason=reason, due_at=now + wait)


@dataclass(frozen=True, slots=True)
class _Line:
    """A line as its customer reads it."""

    title: str
    waiting: str
    ready: str
    shipped: str
    expected: str


def compose(
    world: World, store: Store, book: BookOrder, order: OrderStanding, row: NoticeRow, parcels: Sequence[Parcel] = ()
) -> Message:
    """The mail as text and as HTML, from the same figures. `parcels` are those of which it is ours to tell."""
    lines = [_line(line) for line in order.lines if line.waited and line.accepted]
    values: dict[str, Any] = {
        "kind": row.kind.value,
        "number": book.order.number,
        "store": store.policy.sender_name or store.name or store.address,
        "first_name": book.order.customer.name.split(" ")[0],
        "lines": [line for line in lines if _concerns(row.kind, line)],
        "parcels": parcels if row.kind is NoticeKind.SHIPPED else (),
        "still_waiting": order.waiting > 0,
        "status_url": status_url(world, store.id, book.order.id, book.link_version),
        "subject": SUBJECTS[row.kind].format(number=book.order.number),
    }
    host = urlsplit(world.config.public_url).hostname or "waitline.invalid"
    return Message(
        sender_name=values["store"],
        sender=world.config.mail_from,
        recipient=book.order.customer.email,
        reply_to=store.policy.reply_to,
        subject=values["subject"],
        text=_templates.get_template(f"{row.kind.value}.txt").render(values),
        html=_templates.get_template("notice.html").render(values),
        message_id=f"notice-{store.id}-{row.id}@{host}",
        at=world.clock(),
    )


def _line(line: LineStanding) -> _Line:
    def count(units: Any) -> str:
        return counted(units) if units > 0 else ""

    return _Line(
        title=line.title,
        waiting=count(line.waiting),
        ready=count(line.free_to_ship),
        shipped=count(line.shipped),
        expected=_expected(line.promised) if line.waiting > 0 else "",
    )


def _expected(promised: tuple[date, date] | None) -> str:
    if promised is None:
        return "The date is not known yet."
    early, late = promised
    if early == late:
        return f"Expected to ship by {wording.day(late)}."
    return f"Expected to ship between {wording.day(early)} and {wording.day(late)}."


def _concerns(kind: NoticeKind, line: _Line) -> bool:
    match kind:
        case NoticeKind.BACKORDERED | NoticeKind.NEW_DATE:
            return bool(line.waiting)
        case NoticeKind.ALLOCATED:
            return bool(line.ready or line.waiting)
        case NoticeKind.SHIPPED:
            return bool(line.shipped or line.waiting)
        case NoticeKind.CANCELLED:
            return True
