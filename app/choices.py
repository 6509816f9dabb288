"""What the merchant chooses for one order or one item alone, and units given by hand with a look at who loses them."""

from datetime import date
from decimal import Decimal, InvalidOperation

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.access import merchant_pages, signed_in_store, world
from app.orders import LARGEST_ID
from app.words import SPLITS
from backorder.db import items, orderbook, queries, supply_rows, verdict_rows
from backorder.domain.choices import ItemChoices
from backorder.domain.errors import Rejected
from backorder.domain.split import Split
from backorder.domain.spoken import counted
from backorder.domain.supply import Pool
from jobs import steer
from jobs.accept_cancel import accept_cancel
from jobs.steer import Loss

blueprint = merchant_pages("choices", __name__)

SHOWN = 20
"""The most changes of an answer that the page of an item lists."""
NO_DAY = "-"
"""Stands in a form for a day that is not known."""
_ID = f"<int(max={LARGEST_ID})"


class Unreadable(Rejected):
    """A field of a form that cannot be read; the sentence says which."""

    status = 422


@blueprint.post(f"/orders/{_ID}:order_id>/choices")
def for_order(order_id: int) -> ResponseReturnValue:
    """Class, pin and split of one order."""
    here, store = world(), signed_in_store()
    form = request.form
    try:
        steer.choose_for_order(
            here,
            store.id,
            order_id,
            priority=form.get("priority", ""),
            pinned="pinned" in form,
            split=_split(form.get("split", "")),
            wait_until=_day(form.get("wait_until", "")),
        )
    except Rejected as error:
        flash(str(error))
    else:
        flash("Saved. Its queues are planned anew.")
    return redirect(url_for("orders.show", order_id=order_id), 303)


@blueprint.post(f"/orders/{_ID}:order_id>/accept")
def accept(order_id: int) -> ResponseReturnValue:
    """The order may wait although the settings say otherwise."""
    steer.accept(world(), signed_in_store().id, order_id)
    flash("Accepted. Its customer is told the date.")
    return redirect(url_for("orders.show", order_id=order_id), 303)


@blueprint.post(f"/orders/{_ID}:order_id>/cancel")
def cancel(order_id: int) -> ResponseReturnValue:
    """What the customer wants cancelled is cancelled in the store. Whoever comes second is told why not."""
    try:
        accept_cancel(
            world(), signed_in_store().id, order_id, restock="restock" in request.form, refund="refund" in request.form
        )
    except Rejected as error:
        flash(str(error))
    else:
        flash("Accepted. It is cancelled in your store as soon as a look there shows that nothing of it has left.")
    return redirect(url_for("orders.show", order_id=order_id), 303)


@blueprint.route(f"/items/{_ID}:item>", methods=["GET", "POST"])
def for_item(item: int) -> ResponseReturnValue:
    """Choices for one item."""
    here, store = world(), signed_in_store()
    with here.database.read() as conn:
        stocked = [row for row in supply_rows.stocked_items(conn, store.id) if row.pool.item == item]
        choices = items.choices(conn, store.id, [item]).get(item, ItemChoices())
        vendor, tags = items.labels(conn, store.id, [item]).get(item, ("", ()))
        selling = verdict_rows.now_at(conn, store.id, [item]).get(item)
        history = verdict_rows.history(conn, store.id, item, limit=SHOWN)
    if not stocked:
        abort(404)
    error = ""
    if request.method == "POST":
        try:
            steer.choose_for_item(here, store.id, item, _item_choices())
        except Rejected as refused:
            error = str(refused)
        else:
            flash("Saved. Its queue is planned anew.")
            return redirect(url_for("choices.for_item", item=item), 303)
    page = render_template(
        "item.html",
        item=stocked[0],
        choices=choices,
        vendor=vendor,
        tags=tags,
        selling=selling,
        history=history,
        splits=_ITEM_SPLITS,
        error=error,
        entered=request.form,
    )
    return page, 422 if error else 200


_ITEM_SPLITS = {split: name for split, name in SPLITS.items() if split is not Split.WAIT_UNTIL}


_ACCEPTS = {"yes": True, "no": False}


def _item_choices() -> ItemChoices:
    percent = request.form.get("keep_back_percent", "").strip()
    if percent and not (percent.isascii() and percent.isdigit() and len(percent) <= 3):
        raise Unreadable("The percentage must be a whole number from 0 to 100.")
    kept = request.form.get("keep_back", "").strip()
    most = request.form.get("most_units", "").strip()
    if most and not (most.isascii() and most.isdigit() and len(most) <= 7):
        raise Unreadable("The most units that may wait must be a whole number.")
    return ItemChoices(
        split=_split(request.form.get("split", "")),
        keep_back=_units(kept) if kept else None,
        keep_back_percent=int(percent) if percent else None,
        accepts=_ACCEPTS.get(request.form.get("accepts", "")),
        discontinued="discontinued" in request.form,
        released_on=_day(request.form.get("released_on", "")),
        most_units=int(most) if most else None,
    )


@blueprint.route(f"/orders/{_ID}:order_id>/lines/{_ID}:line_id>/give", methods=["GET", "POST"])
def by_hand(order_id: int, line_id: int) -> ResponseReturnValue:
    """First who would lose what, then the giving of exactly that."""
    here, store = world(), signed_in_store()
    pool = Pool(request.values.get("item", 0, int), request.values.get("location", 0, int))
    with here.database.read() as conn:
        book = orderbook.load(conn, store.id, [order_id]).get(order_id)
    if book is None:
        abort(404)
    losses: list[Loss] = []
    error = ""
    asked = request.values.get("units", "")
    try:
        if request.method == "POST":
            agreed = [_loss(text) for text in request.form.getlist("loss")]
            steer.give_by_hand(here, store.id, order_id, line_id, pool, _units(asked), agreed=agreed)
            flash(f"Given: {counted(_units(asked))}.")
            return redirect(url_for("orders.show", order_id=order_id), 303)
        if asked:
            losses = steer.give_by_hand(here, store.id, order_id, line_id, pool, _units(asked), agreed=None)
    except Rejected as refused:
        error = str(refused)
    with here.database.read() as conn:
        numbers = queries.order_numbers(conn, store.id, [loss.order_id for loss in losses])
    page = render_template(
        "give.html",
        order=book.order,
        line_id=line_id,
        pool=pool,
        asked=asked,
        shown=bool(asked) and not error,
        losses=losses,
        numbers=numbers,
        no_day=NO_DAY,
        error=error,
    )
    return page, 422 if error else 200


def _loss(text: str) -> Loss:
    """A loss as the page sent it along: what the merchant agreed to."""
    cells = text.split(" ")
    if len(cells) != 6 or not all(cell.isascii() for cell in cells) or not (cells[0] + cells[1]).isdigit():
        raise Unreadable("What you agreed to cannot be read: look once more at who would lose units.")
    before, after = (None if cell == NO_DAY else _day(cell) for cell in cells[4:])
    return Loss(int(cells[0]), int(cells[1]), _units(cells[2]), _units(cells[3]), before, after)


def _split(text: str) -> Split | None:
    return Split(text) if text in list(Split) else None


def _units(text: str) -> Decimal:
    try:
        found = Decimal(text.strip())
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite() or found != found.quantize(Decimal("0.0001")) or abs(found) > 1_000_000:
        raise Unreadable("The units must be a number, such as 3.")
    return found


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip()) if text.strip() else None
    except ValueError:
        raise Unreadable("Enter a day, such as 2026-03-31.") from None
