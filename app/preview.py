"""What if: the merchant composes changes, sees who would move by how many days, and makes it so."""

from collections.abc import Mapping, Sequence

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

import jobs.what_if
from app.access import merchant_pages, signed_in_store, world
from app.what_if import UnknownChange, read_change, sentence
from backorder.db import pool_rows, queries, supply_rows
from backorder.db.session import Connection
from backorder.domain.errors import Rejected
from backorder.domain.store import Store
from backorder.domain.what_if import Change

blueprint = merchant_pages("preview", __name__)

SHOWN = 100
"""Moves on the page; the largest first."""


@blueprint.get("/what-if")
def show() -> ResponseReturnValue:
    """The form, and what the changes in it would do."""
    return _page(signed_in_store(), request.args)


@blueprint.post("/what-if")
def make() -> ResponseReturnValue:
    """Make the changes that were looked at, if nothing moved meanwhile."""
    here, store = world(), signed_in_store()
    try:
        wanted = [read_change(text) for text in request.form.getlist("change")]
        jobs.what_if.commit(here, store.id, wanted, request.form.get("world", ""))
    except Rejected as error:
        return _page(store, request.form, str(error)), getattr(error, "status", 422)
    flash("It is made so. Orders and dates follow at once.")
    return redirect(url_for("incoming.show"), 303)


def _page(store: Store, entered: Mapping[str, str], error: str = "") -> str:
    here = world()
    texts: list[str] = []
    found = None
    with here.database.read() as conn:
        choices = {
            "coming": [row for row in supply_rows.inbound_rows(conn, store.id) if row.line.open > 0],
            "locations": pool_rows.locations(conn, store.id),
            "classes": list(dict.fromkeys(rule.name for rule in store.policy.priority)),
        }
        try:
            texts = _composed(conn, store, entered)
        except Rejected as wrong:
            error = error or str(wrong)
    try:
        wanted: Sequence[Change] = [read_change(text) for text in texts]
        found = jobs.what_if.preview(here, store.id, wanted) if wanted and not error else None
    except Rejected as wrong:
        error = str(wrong)
    moves = sorted(found.moves, key=lambda move: -abs(move.days or 0)) if found else []
    return render_template(
        "what_if.html",
        entered=entered,
        error=error,
        texts=texts,
        found=found,
        moves=[(move, sentence(move)) for move in moves[:SHOWN]],
        more=max(0, len(moves) - SHOWN),
        **choices,
    )


def _composed(conn: Connection, store: Store, entered: Mapping[str, str]) -> list[str]:
    """The changes of the form, as they are written everywhere. Raises UnknownChange for an order nobody knows."""

    def told(name: str) -> str:
        return " ".join(entered.get(name, "").replace("\x00", " ").split())

    texts = []
    if told("late") and told("days"):
        texts.append(f"late {told('late')} {told('days')}")
    if told("short") and told("units"):
        texts.append(f"short {told('short')} {told('units')}")
    if told("class") and told("ahead"):
        texts.append(f"class {told('class')} {told('ahead')}")
    if told("close"):
        texts.append(f"close {told('close')}")
    if told("cancel"):
        order = queries.order_id_of(conn, store.id, told("cancel"))
        if order is None:
            raise UnknownChange(f"There is no order {told('cancel')[:40]}.")
        texts.append(f"cancel {order}")
    return texts
