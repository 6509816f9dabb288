"""One order with everything that was decided, said and written about it; and the search for orders."""

from dataclasses import dataclass

from flask import abort, render_template, request
from flask.typing import ResponseReturnValue

from app.access import merchant_pages, signed_in_store, world
from backorder.db import explain_rows, orderbook, queries
from backorder.db.explain_rows import Story
from backorder.db.orderbook import BookOrder
from backorder.db.session import Connection
from backorder.domain.lifecycle import LineState
from backorder.domain.metrics import order_state
from backorder.domain.orders import Order, pools_of
from backorder.domain.reasons import Explained, explain
from backorder.domain.store import Store
from backorder.links import status_url
from connectors import get

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


def told(conn: Connection, store: Store, order_id: int) -> OrderStory | None:
    """The order with its reasons; `None` where this store has none of that id. Nine statements."""
    book = orderbook.load(conn, store.id, [order_id]).get(order_id)
    if book is None:
        return None
    story = explain_rows.story(conn, store.id, order_id, pools_of(book.order))
    return _story(book, story, store)


def _story(book: BookOrder, story: Story, store: Store) -> OrderStory:
    standing = book.standing(store.policy.split)
    lines = explain(
        standing,
        store.policy,
        places=story.places,
        pools=story.pools,
        wished=book.cancel_wished,
        told=story.told,
    )
    return OrderStory(book.order, order_state(standing), lines, story, book.link_version)


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
        found = told(conn, store, order_id)
    if found is None:
        abort(404)
    platform = get(store.platform)
    return render_template(
        "order.html",
        told=found,
        platform=platform.label,
        admin_url=platform.installer.admin_order_url(store.address, order_id),
        status_url=status_url(here, store.id, order_id, found.link_version),
        titles={line.id: line.title or line.sku for line in found.order.lines},
        ignored=[line for line in found.order.lines if line.ignored is not None],
    )
