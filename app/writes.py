"""What would be written to the store, shown and not sent: for one order, or for those that wait longest. And what the
store did not take, tried once more.
"""

import json
from collections.abc import Sequence
from typing import Any

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from app.access import merchant_pages, signed_in_store, world
from app.orders import LARGEST_ID
from backorder.domain.errors import PermanentFailure, TemporaryFailure
from connectors.contract import Intended
from jobs.preview_items import ItemWrites, preview_items
from jobs.preview_writes import OrderWrites, preview_writes
from jobs.try_again import try_item_again, try_order_again

blueprint = merchant_pages("writes", __name__)


@blueprint.get("/writes")
def show_all() -> ResponseReturnValue:
    """The orders that wait longest."""
    return _page(None)


@blueprint.get(f"/writes/<int(max={LARGEST_ID}):order_id>")
def show_one(order_id: int) -> ResponseReturnValue:
    """One order."""
    return _page(order_id)


TRIED_AGAIN = "It is tried again in a moment. If your store refuses it once more, it is listed here again."


@blueprint.post(f"/writes/<int(max={LARGEST_ID}):order_id>/again")
def again(order_id: int) -> ResponseReturnValue:
    """What the store did not take of one order is tried once more."""
    try_order_again(world(), signed_in_store().id, order_id)
    flash(TRIED_AGAIN)
    return redirect(url_for("dashboard.show"), 303)


@blueprint.post(f"/writes/items/<int(max={LARGEST_ID}):item>/again")
def item_again(item: int) -> ResponseReturnValue:
    """The same for an item."""
    try_item_again(world(), signed_in_store().id, item)
    flash(TRIED_AGAIN)
    return redirect(url_for("dashboard.show"), 303)


def _page(order_id: int | None) -> ResponseReturnValue:
    trouble, found, of_items = "", list[OrderWrites](), list[ItemWrites]()
    try:
        found = preview_writes(world(), signed_in_store().id, order_id)
        of_items = preview_items(world(), signed_in_store().id, order_id)
    except (TemporaryFailure, PermanentFailure) as error:
        trouble = str(error)
    return render_template(
        "writes.html",
        shown=[(order, _written(order.requests)) for order in found],
        items=[(item, told) for item in of_items if (told := _written(item.requests))],
        trouble=trouble,
    )


def _written(requests: Sequence[Intended]) -> list[tuple[str, str]]:
    return [(request.name, written(request.variables)) for request in requests]


def writes_as_json(orders: Sequence[OrderWrites], items: Sequence[ItemWrites]) -> list[dict[str, Any]]:
    """The same for programs: orders, then items."""

    def told(requests: Sequence[Intended]) -> list[dict[str, Any]]:
        return [{"name": request.name, "variables": dict(request.variables)} for request in requests]

    return [
        *({"order": one.number, "id": one.order_id, "requests": told(one.requests)} for one in orders),
        *({"item": one.title, "id": one.item, "requests": told(one.requests)} for one in items),
    ]


def writes_as_text(orders: Sequence[OrderWrites], items: Sequence[ItemWrites]) -> str:
    """The same for a terminal."""
    named = [
        *((f"Order {one.number}", one.requests) for one in orders),
        *((f"Item {one.title}", one.requests) for one in items),
    ]
    told = []
    for name, requests in named:
        told.append(name + ("" if requests else ": nothing to write"))
        told += [f"  {request.name} {written(request.variables)}" for request in requests]
    return "\n".join(told) or "No order waits."


def written(variables: Any) -> str:
    """All that goes with a request, as text."""
    return json.dumps(variables, ensure_ascii=False, default=str)
