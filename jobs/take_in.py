"""Takes readings of orders into the book, and respects what people did to our holds, tags and lines in the store."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from backorder.db import decided, messages, orderbook, outbox, traces
from backorder.db.orderbook import BookOrder
from backorder.db.session import Connection
from backorder.domain import orders
from backorder.domain.actions import (
    StoreSide,
    exchanged,
    lacks_holds,
    line_deleted,
    released_by_hand,
    tags_of_ours,
    tags_taken_off,
)
from backorder.domain.allocation import Rule, made_firm
from backorder.domain.orders import KnownOrder, Order
from backorder.domain.store import Mode, Store
from backorder.domain.supply import Units
from connectors.contract import OrderRead
from jobs.outlook import zone_of
from jobs.promise import today_of

FRESH = timedelta(seconds=60)
"""How old a reading may be that a write or a message rests on."""
A_NIGHT = timedelta(hours=20)
"""A write that was given up so long ago is tried once more when its order is read: each night every open order is."""


def take_in(
    conn: Connection, store: Store, found: Sequence[OrderRead], gone: Sequence[int], began: datetime, now: datetime
) -> set[int]:
    """Save readings; `gone` are orders that the store, asked at `began`, no longer has. Returns the items touched."""
    ids = [read.reading.order.id for read in found]
    books = orderbook.load(conn, store.id, [*ids, *gone], lock=True)
    changes = []
    hands = []
    left = {}
    for read in found:
        before = books.get(read.reading.order.id)
        known = orders.read(before.known if before else None, read.reading)
        if before is not None and known is before.known:
            continue
        changes.append((before, known))
        left[known.order.id] = read.traces
        if before is not None and before.wrote is not None:
            hands.append((replace(before, known=known), read, exchanged(before.order, known.order)))
    changes += [(books[order_id], orders.gone(books[order_id].known, began)) for order_id in gone if order_id in books]
    touched = orderbook.save(conn, store.id, changes, policy=store.policy, zone=zone_of(store), now=now)
    traces.save(conn, store.id, left)
    if store.mode is not Mode.WATCH:
        _try_again(conn, store, [change for change in changes if change[1].order.id in left], now)
    if not hands:
        return touched
    ours = [book.order.id for book, _, _ in hands]
    unfinished = outbox.unfinished(conn, store.id, ours)
    written = outbox.last_written(conn, store.id, ours)
    for book, read, new in hands:
        ended = written.get(book.order.id)
        if ended is not None and read.reading.began <= ended:
            # A write of ours ended after this reading had begun: what it lacks of that write nobody took off.
            continue
        begun = unfinished.get(book.order.id)
        _respect_hands(conn, store, book, read.found, new, now, ours_to_explain=bool(begun))
        if begun is None and lacks_holds(book.desired or StoreSide(), read.found, read.kept):
            # A hold that was in our way is gone, or ours is: what may ship is decided anew.
            orderbook.ask_for_review(conn, store.id, book.order.id)
    return touched


def _try_again(
    conn: Connection, store: Store, changes: Sequence[tuple[BookOrder | None, KnownOrder]], now: datetime
) -> None:
    """What the store refused for good is tried once more where the order is another one now, and else once a night."""
    read = {known.order.id for _, known in changes}
    other = {known.order.id for before, known in changes if before and _is_another(before.order, known.order)}
    again = outbox.try_again(conn, store.id, other, now, given_up_by=now)
    again |= outbox.try_again(conn, store.id, read - other, now, given_up_by=now - A_NIGHT)
    messages.wait_again(conn, store.id, again, now)


def _is_another(before: Order, now: Order) -> bool:
    """Whether more changed at an order than a write of ours that was refused halfway may have left there."""
    return replace(before, changed_at=now.changed_at, tags=now.tags) != now


def _respect_hands(
    conn: Connection,
    store: Store,
    book: BookOrder,
    found: StoreSide,
    new: Mapping[int, Units],
    now: datetime,
    *,
    ours_to_explain: bool,
) -> None:
    """Units released by hand count as given by hand; a tag taken off is not put back for the same reason. `new`: units
    of each line that were exchanged since the last reading.

    With `ours_to_explain` a write of ours was begun and not finished: what differs is of that write, not of a person.
    """
    wrote = book.wrote or StoreSide()
    ours = tags_of_ours(store.policy.tag_prefix) | set(wrote.tags)
    found = replace(found, tags=tuple(sorted(tag for tag in found.tags if tag in ours)))
    if found == wrote:
        return
    if ours_to_explain:
        outbox.set_wrote(conn, store.id, book.order.id, found, refused_tags=book.refused_tags)
        return
    stands = book.standing(store.policy, today_of(store, now))
    freed = {(held.line_id, held.location): held.units for held in released_by_hand(wrote, found, stands, new)}
    made = made_firm(
        book.order,
        stands,
        # Units that were planned to be let go are among those that the person let go.
        lambda line, part, pool: (
            max(part.firm, part.free_to_ship) + units
            if (units := freed.get((line.line_id, pool.location)))
            else part.firm
        ),
        Rule.BY_HAND,
    )
    decided.decide(conn, store.id, made, {}, policy_version=store.policy.version, now=now)
    refused = tuple(sorted({*book.refused_tags, *tags_taken_off(wrote, found)}))
    deleted = line_deleted(wrote, found)
    outbox.set_wrote(conn, store.id, book.order.id, found, refused_tags=refused, line_deleted=deleted)
