"""The customer's own page: what waits, until when, and the wish to cancel. Opened by a signed link, nothing else.

Looking changes nothing. What can be told apart from outside is one thing only: a good link, or none.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from itsdangerous import BadData, URLSafeTimedSerializer

from app.access import check_origin, world
from app.orders import explained
from app.words import CANCEL_REASONS, PARCELS
from backorder.db import explain_rows, orderbook, stores
from backorder.db.explain_rows import Wish
from backorder.domain.choices import FOR_CUSTOMERS, OrderChoices, customer_may_choose
from backorder.domain.explained import Explained
from backorder.domain.lifecycle import OrderStanding
from backorder.domain.orders import Order, OrderStatus, pools_of
from backorder.domain.split import Split
from backorder.domain.store import Health, Store
from backorder.links import opened
from jobs import steer
from jobs.promise import today_of

blueprint = Blueprint("status_page", __name__, url_prefix="/s")

STAYS_OPEN = timedelta(days=30)
"""How long the page can be seen after the order's last change once it is closed or cancelled."""
FORM_LIVES = timedelta(hours=1)
LONGEST_REASON = 300
STALE = "This form was open for too long, or your order has changed. Please look again."


@dataclass(frozen=True, slots=True)
class Shown:
    """What a good link opens."""

    store: Store
    order: Order
    standing: OrderStanding
    lines: list[Explained]
    wishes: Mapping[int, Wish]
    choices: OrderChoices
    splits: tuple[Split, ...]
    """What the customer may choose from; nothing where it is not the customer's to choose."""

    @property
    def open_to_wishes(self) -> list[int]:
        """Lines that wait and that nobody asked to cancel yet."""
        if self.order.status is not OrderStatus.OPEN:
            return []
        return [x.line_id for x in self.standing.lines if x.waiting > 0 and x.line_id not in self.wishes]


@blueprint.after_request
def _keep_out_of_search(response: Response) -> Response:
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


@blueprint.get("/<token>")
def show(token: str) -> ResponseReturnValue:
    """Where the order stands."""
    return _status(_open(token), token)


@blueprint.post("/<token>/parcels")
def choose(token: str) -> ResponseReturnValue:
    """How the order ships: what is there now, or everything together."""
    check_origin()
    shown = _open(token)
    if not _is_for(request.form.get("once", ""), _chosen_state(shown)):
        return _status(shown, token, STALE), 409
    words = request.form.get("split", "")
    chosen = next((split for split in shown.splits if split.value == words), None)
    if chosen is None:
        return _status(shown, token, "Please choose one of these."), 422
    steer.choose_as_customer(world(), shown.store.id, shown.order.id, chosen)
    return redirect(url_for("status_page.show", token=token), 303)


@blueprint.get("/<token>/cancel")
def ask(token: str) -> ResponseReturnValue:
    """The form; nothing is cancelled by opening it."""
    shown = _open(token)
    if not shown.open_to_wishes:
        return redirect(url_for("status_page.show", token=token), 303)
    return _form(shown, token)


@blueprint.post("/<token>/cancel")
def wish(token: str) -> ResponseReturnValue:
    """Pass the wish on to the store."""
    check_origin()
    shown = _open(token)
    if not shown.open_to_wishes:
        # Somebody was quicker, or the form came twice: the page tells what is true now.
        return redirect(url_for("status_page.show", token=token), 303)
    if not _is_for(request.form.get("once", ""), _state(shown)):
        return _form(shown, token, STALE), 409
    chosen = request.form.get("reason", "")
    if chosen not in CANCEL_REASONS:
        return _form(shown, token, "Please choose a reason."), 422
    words = " ".join(request.form.get("words", "").replace("\x00", " ").split())[:LONGEST_REASON]
    reason = CANCEL_REASONS[chosen] + (f": {words}" if words else "")
    steer.wish_cancel(world(), shown.store.id, shown.order.id, line_ids=shown.open_to_wishes, reason=reason)
    return redirect(url_for("status_page.show", token=token), 303)


def _open(token: str) -> Shown:
    """What the link shows. One answer for every link that opens nothing."""
    here = world()
    link = opened(here, token)
    if link is None:
        abort(404)
    with here.database.read() as conn:
        book = orderbook.load(conn, link.store_id, [link.order_id]).get(link.order_id)
        if book is None or book.link_version != link.version:
            abort(404)
        store = stores.get(conn, link.store_id)
        closed = book.order.status is not OrderStatus.OPEN
        if store.health is Health.GONE or (closed and here.clock() - book.order.changed_at > STAYS_OPEN):
            abort(404)
        story = explain_rows.story(conn, store.id, book.order.id, pools_of(book.order))
    standing, lines = explained(book, story, store, today_of(store, here.clock()))
    splits = FOR_CUSTOMERS if customer_may_choose(store.policy, standing, book.choices) else ()
    return Shown(store, book.order, standing, lines, story.wishes, book.choices, splits)


def _status(shown: Shown, token: str, error: str = "") -> str:
    return render_template(
        "status.html",
        shown=shown,
        token=token,
        once=_once().dumps(_chosen_state(shown)),
        parcels=PARCELS,
        error=error,
    )


def _form(shown: Shown, token: str, error: str = "") -> str:
    return render_template(
        "cancel.html",
        shown=shown,
        token=token,
        once=_once().dumps(_state(shown)),
        reasons=CANCEL_REASONS,
        entered=request.form,
        error=error,
        longest=LONGEST_REASON,
    )


def _is_for(once: str, state: list[object]) -> bool:
    """Whether the form was made for the order as it stands. What it does changes that, so no form works twice."""
    try:
        return bool(_once().loads(once, max_age=int(FORM_LIVES.total_seconds())) == state)
    except BadData:
        return False


def _state(shown: Shown) -> list[object]:
    return [shown.store.id, shown.order.id, *shown.open_to_wishes]


def _chosen_state(shown: Shown) -> list[object]:
    return [shown.store.id, shown.order.id, "parcels", shown.choices.split_of_customer]


def _once() -> URLSafeTimedSerializer:
    keys = [key.get_secret_value() for key in reversed(world().config.secret_keys)]
    return URLSafeTimedSerializer(keys, salt="cancel form", signer_kwargs={"digest_method": hashlib.sha256})
