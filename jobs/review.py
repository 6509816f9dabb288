"""Looks at orders again after something changed: where they stand, what the store should have, what is to be said."""

from collections.abc import Iterable
from datetime import datetime

from backorder.db import orderbook, outbox
from backorder.db.orderbook import BookOrder
from backorder.db.outbox import Reviewed
from backorder.db.session import Connection
from backorder.domain.actions import ActionKind, StoreSide, desired, plan_actions, without_tags
from backorder.domain.notices import notices_due
from backorder.domain.policy import NoticeKind
from backorder.domain.store import Mode, Store
from jobs import wording
from jobs.take_in import FRESH
from jobs.world import capabilities


def review(conn: Connection, store: Store, order_ids: Iterable[int], now: datetime) -> None:
    """Save what changed at these orders, with the writes and messages that it makes due, in this transaction."""
    books = orderbook.load(conn, store.id, order_ids, lock=True)
    found = [reviewed for book in books.values() if (reviewed := _reviewed(store, book)) is not None]
    outbox.save_reviews(conn, store.id, found, now)
    # Orders that are to be written to need a fresh reading: better many in one call now than each by itself later.
    old = [r.order_id for r in found if r.actions and not _read_since(books[r.order_id], now - FRESH / 2)]
    orderbook.mark_unread(conn, store.id, old)


def _read_since(book: BookOrder, moment: datetime) -> bool:
    return book.known.read_began is not None and book.known.read_began >= moment


def _reviewed(store: Store, book: BookOrder) -> Reviewed | None:
    order = book.standing(store.policy.split)
    stood = order.stood()
    state_seq = book.state_seq + (stood != book.stood)
    live = store.mode is Mode.ON
    side, refused, kinds = book.desired, book.refused_tags, list[ActionKind]()
    if live:
        can = capabilities(store)
        planned = desired(order, store.policy, can)
        before = book.desired or StoreSide()
        if set(planned.tags) != {*before.tags, *refused}:
            # Our reason for the tags changed: what a person did to the old ones says nothing about the new.
            refused = ()
        side = without_tags(planned, refused)
        kinds = plan_actions(before, side, can)
    notices = notices_due(book.stood, order, store.policy) if live else []
    if not (book.review or kinds or notices or stood != book.stood or refused != book.refused_tags):
        return None
    writes = any(kind is not ActionKind.NOTE for kind in kinds)
    return Reviewed(
        order_id=book.order.id,
        state_seq=state_seq,
        stood=stood,
        side_seq=book.side_seq + bool(kinds),
        desired=side,
        refused_tags=refused,
        actions=tuple((kind, _text(kind, side)) for kind in kinds),
        notices=tuple((kind, writes and kind is NoticeKind.ALLOCATED) for kind in notices),
    )


def _text(kind: ActionKind, side: StoreSide | None) -> str:
    if kind is ActionKind.NOTE and side is not None and side.shown is not None:
        return wording.note(side.shown)
    return ""
