"""A parcel that the merchant has packed: what is in it, how it travels, who tells the customer. Shown, or recorded."""

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from app.access import merchant_pages, signed_in_store, world
from app.orders import LARGEST_ID
from app.words import TELLERS
from app.writes import written
from backorder.db import errands, orderbook, parcel_rows
from backorder.domain.actions import Capability
from backorder.domain.errors import PermanentFailure, Rejected, TemporaryFailure
from backorder.domain.parcels import Packed, Parcel, ParcelError, Ready, Teller, ready
from backorder.domain.policy import NoticeKind
from backorder.domain.spoken import spoken
from backorder.domain.store import Store
from jobs.preview_writes import preview_parcel
from jobs.promise import today_of
from jobs.record_parcel import record_parcel
from jobs.world import capabilities

blueprint = merchant_pages("parcels", __name__)


@blueprint.route(f"/orders/<int(max={LARGEST_ID}):order_id>/parcel", methods=["GET", "POST"])
def pack(order_id: int) -> ResponseReturnValue:
    """The form; what would be written; and the recording."""
    here, store = world(), signed_in_store()
    with here.database.read() as conn:
        book = orderbook.load(conn, store.id, [order_id]).get(order_id)
        rows = parcel_rows.of_order(conn, store.id, order_id)
    if book is None or not store.policy.ship_in_store or Capability.SHIP not in capabilities(store):
        abort(404)
    order = book.standing(store.policy, today_of(store, here.clock()))
    there = ready(order)
    errors: dict[str, str] = {}
    shown: list[tuple[str, str]] = []
    entered: MultiDict[str, str] = MultiDict(request.form)
    if request.method == "POST":
        try:
            parcel = _parcel(request.form, there)
            if "show" not in request.form:
                record_parcel(here, store.id, order_id, parcel)
                flash("Recorded. Your store is told as soon as a look there shows that nothing of it has left.")
                return redirect(url_for("orders.show", order_id=order_id), 303)
            requests = preview_parcel(here, store.id, order_id, parcel)
            shown = [(one.name, written(one.variables)) for one in requests]
        except ParcelError as error:
            errors[error.field] = str(error)
        except (Rejected, TemporaryFailure, PermanentFailure) as error:
            errors["parcel"] = str(error)
    else:
        entered = _as_usual(store, there)
    page = render_template(
        "parcel.html",
        order=book.order,
        there=there,
        recording=any(errands.is_open(row) for row in rows),
        entered=entered,
        errors=errors,
        shown=shown,
        several=len({each.location for each in there}) > 1,
        tellers={teller: TELLERS[teller] for teller in _tellers(store, there)},
    )
    return page, 422 if errors else 200


def _tellers(store: Store, there: Sequence[Ready]) -> list[Teller]:
    """Who can tell the customer. Our own message is only about what waited, and only sent where it is switched on."""
    ours = NoticeKind.SHIPPED in store.policy.notices and any(each.waited for each in there)
    return [teller for teller in Teller if ours or teller is not Teller.WAITLINE]


def _as_usual(store: Store, there: Sequence[Ready]) -> MultiDict[str, str]:
    """All that is there, told by whoever comes first."""
    units = {field_of(each.line_id, each.location): spoken(each.units) for each in there}
    return MultiDict({**units, "teller": _tellers(store, there)[0].value})


def field_of(line_id: int, location: int) -> str:
    """The name of the field for the units of a part of a line."""
    return f"units-{line_id}-{location}"


def _parcel(form: Mapping[str, str], there: Sequence[Ready]) -> Parcel:
    packed = []
    for each in there:
        text = form.get(field_of(each.line_id, each.location), "").strip()
        if text and text.strip("0.") != "":
            packed.append(Packed(each.line_id, each.location, _units(text)))
    teller = form.get("teller", "")
    if teller not in list(Teller):
        raise ParcelError("teller", "Choose one of these.")
    return Parcel(
        tuple(packed),
        number=form.get("number", "").strip(),
        company=form.get("company", "").strip(),
        url=form.get("url", "").strip(),
        teller=Teller(teller),
    )


def _units(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ParcelError("units", "The units must be numbers, such as 3.") from None
