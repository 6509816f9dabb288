"""One order with everything that was decided, said and written about it; and the search for orders."""

from dataclasses import dataclass, replace
from datetime import date, datetime

from flask import abort, render_template, request
from flask.typing import ResponseReturnValue

from app.access import merchant_pages, signed_in_store, world
from app.words import PARCELS, SPLITS, STATUS_LEFT, TOLD_BY
from backorder.db import (
    ahead,
    cancel_rows,
    errands,
    explain_rows,
    goods,
    move_rows,
    orderbook,
    parcel_rows,
    queries,
    supply_rows,
)
from backorder.db.explain_rows import Story
from backorder.db.move_rows import MoveRow
from backorder.db.orderbook import BookOrder
from backorder.db.session import Connection
from backorder.domain.actions import ActionKind, Capability, line_left_out, status_left
from backorder.domain.choices import OrderChoices, kept_back
from backorder.domain.explained import Explained, Place, explain
from backorder.domain.lifecycle import LineState, OrderStanding, WorkState
from backorder.domain.locations import Move, Need, moves
from backorder.domain.metrics import order_state
from backorder.domain.orders import Order, OrderStatus, pools_of
from backorder.domain.parcels import Ready, ready
from backorder.domain.priority import Priority, priority_of
from backorder.domain.promise import Outlook, delivery_for
from backorder.domain.store import Mode, Store
from backorder.domain.supply import Pool
from backorder.links import status_url
from connectors import get
from jobs.outlook import outlook

blueprint = merchant_pages("orders", __name__)

SHOWN = 50
LARGEST_ID = 2**63 - 1
"""The largest number that a row can have as its id."""


@dataclass(frozen=True, slots=True)
class OrderStory:
    """An order as the page and the API tell it."""

    order: Order
    state: LineState
    lines: list[Explained]
    story: Story
    link_version: int
    choices: OrderChoices
    priority: Priority
    ready: list[Ready]
    """What a parcel may have."""
    moves: list[Move]
    """What could be served from other locations, if it were moved in the store."""
    moved: list[MoveRow]
    """Its moves between locations, made or to be made, the newest last."""
    moved_back: bool
    """Whether somebody moved it back to where it came from by the last of them."""
    line_left_out: bool
    """Whether the order's note has no room for our line."""
    status_left: str
    """The status that it would have while it waits, where somebody gave it another one."""


def told(conn: Connection, store: Store, order_id: int, now: datetime) -> OrderStory | None:
    """The order with its reasons; `None` where this store has none of that id. Seventeen statements, and one where
    other locations may serve it.
    """
    book = orderbook.load(conn, store.id, [order_id]).get(order_id)
    if book is None:
        return None
    story = explain_rows.story(conn, store.id, order_id, pools_of(book.order))
    day = outlook(conn, store, now, story.items)
    standing, lines = explained(book, with_places(conn, store, story, order_id, day), store, day.today)
    priority = priority_of(
        book.order, store.policy.priority, by_hand=book.choices.priority, pinned=book.choices.pinned, zone=book.zone
    )
    advice = elsewhere(conn, store, standing, story)
    rows = move_rows.of_orders(conn, store.id, [order_id]).get(order_id, [])
    moved = [row for row in rows if row.state is not WorkState.DROPPED]
    written = not any(row.state in (WorkState.DUE, WorkState.RUNNING, WorkState.UNKNOWN) for row in story.writes)
    return OrderStory(
        order=book.order,
        state=order_state(standing),
        lines=lines,
        story=story,
        link_version=book.link_version,
        choices=book.choices,
        priority=priority,
        ready=ready(standing),
        moves=advice,
        moved=moved,
        moved_back=bool(moved) and _back(book.order, moved[-1]),
        line_left_out=written and line_left_out(book.desired, book.wrote),
        status_left=_status_left(book, story),
    )


def _back(order: Order, row: MoveRow) -> bool:
    locations = {pool.location for pool in pools_of(order)}
    return row.state is WorkState.DONE and row.relocation.source in locations - {row.relocation.target}


def _status_left(book: BookOrder, story: Story) -> str:
    """The status that was to be set and is left alone, once its write was tried."""
    tried = [write.state for write in story.writes if write.kind is ActionKind.STATUS]
    if book.desired is None or book.wrote is None or not tried or tried[-1] is not WorkState.DONE:
        return ""
    return status_left(book.desired, book.wrote)


def elsewhere(conn: Connection, store: Store, standing: OrderStanding, story: Story) -> list[Move]:
    """What of an open order could be served from other locations, as the merchant ranked them."""
    parts = [(line.line_id, part) for line in standing.lines for part in line.parts]
    needs = [Need(line, part.pool, part.short) for line, part in parts if part.pool is not None and part.short > 0]
    if not store.policy.cross_location or not needs or standing.status is not OrderStatus.OPEN:
        return []
    found = supply_rows.free_units(conn, store.id, {need.pool.item for need in needs})
    free = {pool: units - kept_back(store.policy, story.items.get(pool.item)) for pool, units in found.items()}
    serving = {part.pool.location for _, part in parts if part.pool is not None and part.allocated > 0}
    return moves(needs, free, serving, store.policy)


def with_places(conn: Connection, store: Store, story: Story, order_id: int, day: Outlook) -> Story:
    """The story with those who are and were served before each line, and the goods on the way that cover it."""
    before = ahead.ahead_of(conn, store.id, order_id)
    passed = ahead.overtakers_of(conn, store.id, order_id)
    coming = goods.coming(conn, store.id, {pool.item for pool in story.pools})

    def whole(line: int, pool: Pool, place: Place) -> Place:
        delivery = delivery_for(place.units_ahead + place.waiting, coming.get(pool, []), day)
        key = (line, pool)
        return replace(place, ahead=before.get(key, ()), overtakers=passed.get(key, ()), delivery=delivery)

    return replace(story, places={key: whole(*key, place) for key, place in story.places.items()})


def explained(book: BookOrder, story: Story, store: Store, today: date) -> tuple[OrderStanding, list[Explained]]:
    """Where the order stands today, with a reason for each of its lines."""
    standing = book.standing(store.policy, today)
    lines = explain(
        standing,
        store.policy,
        places=story.places,
        pools=story.pools,
        wished=book.cancel_wished,
        refused=book.refused,
        items=story.items,
        yields=book.lets_pass(store.policy, today),
    )
    return standing, lines


@blueprint.get("/orders")
def find() -> ResponseReturnValue:
    """What a search found; without one the orders that wait, oldest first."""
    here, store = world(), signed_in_store()
    text = request.args.get("q", "").replace("\x00", "").strip()[:254]
    with here.database.read() as conn:
        if text:
            found = queries.search(conn, store.id, text, limit=SHOWN + 1)
        else:
            found = queries.waiting_orders(conn, store.id, limit=SHOWN + 1)
    return render_template("orders.html", q=text, found=found[:SHOWN], more=len(found) > SHOWN)


@blueprint.get(f"/orders/<int(max={LARGEST_ID}):order_id>")
def show(order_id: int) -> ResponseReturnValue:
    """One order."""
    here, store = world(), signed_in_store()
    with here.database.read() as conn:
        found = told(conn, store, order_id, here.clock())
        cancellations = cancel_rows.of_order(conn, store.id, order_id)
        packed = parcel_rows.of_order(conn, store.id, order_id)
    if found is None:
        abort(404)
    platform = get(store.platform)
    return render_template(
        "order.html",
        told=found,
        cancellations=cancellations,
        cancels=store.policy.cancel_in_store
        and store.mode is not Mode.WATCH
        and Capability.CANCEL in platform.capabilities,
        cancelling=any(errands.is_open(row) for row in cancellations),
        packed=packed,
        packing=any(errands.is_open(row) for row in packed),
        packs=store.policy.ship_in_store and Capability.SHIP in platform.capabilities and bool(found.ready),
        platform=platform.label,
        admin_url=platform.installer.admin_order_url(store.address, order_id),
        status_url=status_url(here, store.id, order_id, found.link_version),
        titles={line.id: line.title or line.sku for line in found.order.lines},
        ignored=[line for line in found.order.lines if line.ignored is not None],
        class_sentences=found.priority.sentences(),
        classes=list(dict.fromkeys(rule.name for rule in store.policy.priority)),
        told_by=TOLD_BY,
        splits=SPLITS,
        parcels=PARCELS,
        status_left=STATUS_LEFT.format(status=found.status_left),
    )
