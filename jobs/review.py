"""Looks at orders again after something changed: where they stand, what the store should have, what is to be said."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from backorder.db import decided, orderbook, outbox
from backorder.db.bites import bites
from backorder.db.orderbook import BookOrder
from backorder.db.outbox import Reviewed
from backorder.db.session import Connection
from backorder.domain.actions import (
    ActionKind,
    Capability,
    StoreSide,
    desired,
    line_still_refused,
    plan_actions,
    without_refused,
)
from backorder.domain.allocation import Binding, Decision, Rule, made_firm
from backorder.domain.lifecycle import LineStanding, OrderStanding, PartStanding
from backorder.domain.notices import notices_due
from backorder.domain.orders import OrderStatus
from backorder.domain.policy import NoticeKind
from backorder.domain.store import Mode, Store
from backorder.domain.supply import ZERO, Pool, Units
from jobs import wording
from jobs.promise import today_of
from jobs.take_in import FRESH
from jobs.world import capabilities

TOGETHER = 10_000
"""So many orders are held in memory at a time, however long the queue is: of 100,000 they took a gigabyte."""


def review(conn: Connection, store: Store, order_ids: Iterable[int], now: datetime) -> None:
    """Save what changed at these orders, with the writes and messages that it makes due, in this transaction."""
    for ids in bites(order_ids, TOGETHER):
        _review(conn, store, ids, now)


def _review(conn: Connection, store: Store, order_ids: Sequence[int], now: datetime) -> None:
    today = today_of(store, now)
    books = orderbook.load(conn, store.id, order_ids, lock=True)
    if not books:
        return
    stands = {book.order.id: book.standing(store.policy, today) for book in books.values()}
    if binding_of(store) is Binding.AT_RELEASE and (covered := _covered(books.values(), stands)):
        decided.decide(conn, store.id, covered, {}, policy_version=store.policy.version, now=now)
        changed = orderbook.load(conn, store.id, {decision.demand.turn.order_id for decision in covered}, lock=True)
        books |= changed
        stands |= {book.order.id: book.standing(store.policy, today) for book in changed.values()}
    unfinished = outbox.unfinished(conn, store.id, books)
    found = [
        reviewed
        for book in books.values()
        if (reviewed := _reviewed(store, book, stands[book.order.id], settled=book.order.id not in unfinished))
        is not None
    ]
    outbox.save_reviews(conn, store.id, found, now)
    # Orders that are to be written to need a fresh reading: better many in one call now than each by itself later.
    old = [r.order_id for r in found if r.actions and not _read_since(books[r.order_id], now - FRESH / 2)]
    orderbook.mark_unread(conn, store.id, old, now)


def binding_of(store: Store) -> Binding:
    """When given units become firm in this store."""
    if store.mode is not Mode.ON:
        return Binding.NEVER
    return Binding.AT_RELEASE if Capability.HOLD in capabilities(store) else Binding.AT_GRANT


def _covered(books: Iterable[BookOrder], stands: Mapping[int, OrderStanding]) -> list[Decision]:
    """Lines that never waited are in nobody's hold: the store lets them ship, so their units are firm. But what has
    to stay until more of its order is there is held.
    """
    made: list[Decision] = []
    for book in books:
        order = stands[book.order.id]
        if order.status is not OrderStatus.OPEN:
            continue
        made += made_firm(
            book.order,
            order,
            partial(_covers, order_waited=order.waited),
            Rule.CAME_IN_COVERED,
        )
    return made


def _covers(line: LineStanding, part: PartStanding, _: Pool, *, order_waited: bool) -> Units:
    """Units of a line that nobody keeps from shipping since it came in."""
    held = line.waited or line.waiting > 0 or (order_waited and line.stay is not None)
    return ZERO if held else part.allocated


def _read_since(book: BookOrder, moment: datetime) -> bool:
    return book.known.read_began is not None and book.known.read_began >= moment


def _reviewed(store: Store, book: BookOrder, order: OrderStanding, *, settled: bool) -> Reviewed | None:
    """What changed at one order. `settled`: no write is under way, so what the store lacks of our holds is missing."""
    stood = order.stood(book.stood)
    live = store.mode is Mode.ON
    side, refused, kinds = book.desired, book.refused_tags, list[ActionKind]()
    refused_line = book.refused_line
    if store.mode is not Mode.WATCH:
        can = capabilities(store)
        # Whoever leaves wants nothing of ours to stay behind.
        planned = desired(order, store.policy, can) if live else StoreSide()
        before = book.desired or StoreSide()
        if settled and book.review and book.wrote is not None:
            # Asked for, not on every pass: a hold that somebody else's hold is in the way of is not tried all the time.
            before = replace(before, held=book.wrote.held)
        # Each tag has a reason of its own: only once that has gone a person's word on it is spent.
        refused = tuple(tag for tag in refused if tag in planned.tags)
        refused_line = refused_line and line_still_refused(before, planned)
        side = without_refused(planned, refused, line=refused_line)
        kinds = plan_actions(before, side, can)
    notices = notices_due(book.stood, order, store.policy) if live else []
    # A date may move again before its message has left: each time is a reason of its own.
    state_seq = book.state_seq + (stood != book.stood or NoticeKind.NEW_DATE in notices)
    refusals = (refused, refused_line) != (book.refused_tags, book.refused_line)
    if not (book.review or kinds or notices or stood != book.stood or refusals):
        return None
    writes = any(kind is not ActionKind.NOTE for kind in kinds)
    return Reviewed(
        order_id=book.order.id,
        state_seq=state_seq,
        stood=stood,
        side_seq=book.side_seq + bool(kinds),
        desired=side,
        refused_tags=refused,
        refused_line=refused_line,
        actions=tuple((kind, _text(kind, side)) for kind in kinds),
        notices=tuple((kind, writes and kind is NoticeKind.ALLOCATED) for kind in notices),
    )


def _text(kind: ActionKind, side: StoreSide | None) -> str:
    if kind is ActionKind.NOTE and side is not None and side.shown is not None:
        return wording.note(side.shown)
    return ""
