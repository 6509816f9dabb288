"""Goods on the way: what is expected when, what was taken for an arrival, and the form to add more."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.access import merchant_pages, signed_in_store, world
from app.orders import LARGEST_ID
from backorder.db import supply_rows
from backorder.db.supply_rows import StockedItem
from backorder.domain.errors import Rejected
from backorder.domain.store import Store
from jobs import steer
from jobs.promise import today_of

blueprint = merchant_pages("incoming", __name__)

RECEIPTS = 50


@blueprint.get("/incoming")
def show() -> ResponseReturnValue:
    """The page."""
    return _page(signed_in_store(), request.args, {})


@blueprint.post("/incoming")
def add() -> ResponseReturnValue:
    """Enter goods that are on the way."""
    here, store = world(), signed_in_store()
    form = request.form
    errors: dict[str, str] = {}
    with here.database.read() as conn:
        items = supply_rows.stocked_items(conn, store.id)
    item = _item(form.get("item", "").strip(), items, errors)
    quantity = _quantity(form.get("quantity", ""), errors)
    expected_on = _day(form.get("expected_on", ""), errors)
    location = form.get("location", type=int)
    if item is None or quantity is None or expected_on is None:
        return _page(store, form, errors), 422
    try:
        steer.add_inbound(
            here,
            store.id,
            item=item,
            location=location,
            quantity=quantity,
            expected_on=expected_on,
            source=" ".join(form.get("source", "").replace("\x00", " ").split()),
        )
    except Rejected as error:
        return _page(store, form, {"form": str(error)}), 422
    flash("Added. Dates of waiting orders are worked out anew.")
    return redirect(url_for("incoming.show"), 303)


@blueprint.post(f"/incoming/<int(max={LARGEST_ID}):inbound_id>")
def change(inbound_id: int) -> ResponseReturnValue:
    """Goods are expected on another day, or the rest of them will not come."""
    here, store = world(), signed_in_store()
    errors: dict[str, str] = {}
    try:
        if "end" in request.form:
            steer.end_inbound(here, store.id, inbound_id)
        elif (day := _day(request.form.get("expected_on", ""), errors)) is not None:
            steer.move_inbound(here, store.id, inbound_id, day)
    except Rejected as error:
        errors["form"] = str(error)
    if errors:
        return _page(store, {}, {"form": next(iter(errors.values()))}), 422
    flash("Saved. Dates of waiting orders are worked out anew.")
    return redirect(url_for("incoming.show"), 303)


@blueprint.post(f"/incoming/<int(max={LARGEST_ID}):inbound_id>/receive")
def receive(inbound_id: int) -> ResponseReturnValue:
    """So many of them came."""
    errors: dict[str, str] = {}
    units = _quantity(request.form.get("units", ""), errors)
    try:
        if units is not None:
            counted = "counted" in request.form
            steer.receive(world(), signed_in_store().id, inbound_id, units, counted=counted)
    except Rejected as error:
        errors["form"] = str(error)
    if errors:
        return _page(signed_in_store(), {}, {"form": next(iter(errors.values()))}), 422
    flash("Booked. The units are given as soon as your store counts them.")
    return redirect(url_for("incoming.show"), 303)


@blueprint.post(f"/incoming/receipts/<int(max={LARGEST_ID}):receipt_id>/undo")
def undo(receipt_id: int) -> ResponseReturnValue:
    """What was taken for an arrival was none."""
    here, store = world(), signed_in_store()
    with here.database.read() as conn:
        if not supply_rows.receipt_rows(conn, store.id, limit=1, receipt_id=receipt_id):
            abort(404)
    steer.undo_receipt(here, store.id, receipt_id)
    flash("Undone. The goods count as still on the way.")
    return redirect(url_for("incoming.show"), 303)


def _page(store: Store, entered: Mapping[str, str], errors: Mapping[str, str]) -> str:
    here = world()
    with here.database.read() as conn:
        coming = supply_rows.inbound_rows(conn, store.id)
        arrived = supply_rows.receipt_rows(conn, store.id, limit=RECEIPTS)
        items = supply_rows.stocked_items(conn, store.id)
    locations = sorted({item.pool.location for item in items})
    return render_template(
        "incoming.html",
        coming=coming,
        arrived=arrived,
        items=items,
        locations=locations if len(locations) > 1 else [],
        entered=entered,
        errors=errors,
        today=today_of(store, here.clock()),
    )


def _item(text: str, items: list[StockedItem], errors: dict[str, str]) -> int | None:
    """The item that a SKU, or an item's own number, names."""
    named = {item.pool.item for item in items if item.sku == text} if text else set()
    if not named:
        named = {item.pool.item for item in items if str(item.pool.item) == text}
    if len(named) == 1:
        return named.pop()
    if named:
        numbers = ", ".join(map(str, sorted(named)))
        errors["item"] = f"Several items have this SKU. Enter the number of the one you mean: {numbers}."
    else:
        errors["item"] = "Choose one of the items that your store counts."
    return None


def _quantity(text: str, errors: dict[str, str]) -> Decimal | None:
    try:
        return Decimal(text.strip())
    except InvalidOperation:
        errors["quantity"] = "Enter a number, such as 50."
        return None


def _day(text: str, errors: dict[str, str]) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        errors["expected_on"] = "Enter a day, such as 2026-03-31."
        return None
