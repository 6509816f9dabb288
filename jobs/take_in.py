"""Takes readings of orders into the book, and respects what people did to our holds and tags in the store."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from backorder.db import orderbook, outbox, queue
from backorder.db.orderbook import BookOrder
from backorder.db.session import Connection
from backorder.domain import orders
from backorder.domain.actions import Held, StoreSide, released_by_hand, tags_of_ours, tags_taken_off
from backorder.domain.allocation import Decision, Demand, Rule, Turn
from backorder.domain.lifecycle import Given
from backorder.domain.store import Store
from backorder.domain.supply import Pool
from connectors.contract import OrderRead

FRESH = timedelta(seconds=60)
"""How old a reading may be that a write or a message rests on."""


def take_in(
    conn: Connection, store: Store, found: Sequence[OrderRead], gone: Sequence[int], began: datetime, now: datetime
) -> set[int]:
    """Save readings; `gone` are orders that the store, asked at `began`, no longer has. Returns the items touched."""
    ids = [read.reading.order.id for read in found]
    books = orderbook.load(conn, store.id, [*ids, *gone], lock=True)
    changes = []
    hands = []
    for read in found:
        before = books.get(read.reading.order.id)
        known = orders.read(before.known if before else None, read.reading)
        if before is not None and known is before.known:
            continue
        changes.append((before, known))
        if before is not None and before.wrote is not None:
            hands.append((replace(before, known=known), read.found))
    changes += [(books[order_id], orders.gone(books[order_id].known, began)) for order_id in gone if order_id in books]
    touched = orderbook.save(conn, store.id, changes, policy=store.policy, now=now)
    for book, side in hands:
        _respect_hands(conn, store, book, side, now)
    return touched


def _respect_hands(conn: Connection, store: Store, book: BookOrder, found: StoreSide, now: datetime) -> None:
    """Units released by hand count as given by hand; a tag taken off is not put back for the same reason."""
    wrote = book.wrote or StoreSide()
    ours = tags_of_ours(store.policy.tag_prefix) | set(wrote.tags)
    found = replace(found, tags=tuple(sorted(tag for tag in found.tags if tag in ours)))
    if found == wrote:
        return
    freed = released_by_hand(wrote, found, book.standing(store.policy.split))
    made = [decision for held in freed if (decision := _given_by_hand(book, held)) is not None]
    queue.decide(conn, store.id, made, {}, policy_version=store.policy.version, now=now)
    refused = tuple(sorted({*book.refused_tags, *tags_taken_off(wrote, found)}))
    outbox.set_wrote(conn, store.id, book.order.id, found, refused_tags=refused)


def _given_by_hand(book: BookOrder, held: Held) -> Decision | None:
    for line in book.order.lines:
        for part in line.parts:
            if line.id != held.line_id or part.pool is None or part.pool.location != held.location:
                continue
            has = {given.pool: given for given in book.given.get(line.id, [])}.get(part.pool, Given(part.pool))
            firm = min(part.outstanding, has.firm + held.units)
            demand = Demand(
                turn=Turn(book.order.placed_at, book.order.id, line.id),
                pool=Pool(*part.pool),
                outstanding=part.outstanding,
                allocated=min(has.allocated, part.outstanding),
                firm=min(has.firm, part.outstanding),
            )
            return Decision(demand, allocated=max(demand.allocated, firm), firm=firm, rule=Rule.BY_HAND)
    return None
