"""What the merchant answers about a number that may have been counted."""

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.access import merchant_pages, signed_in_store, world
from app.orders import LARGEST_ID
from backorder.domain.supply import Pool
from jobs.recount import recount

blueprint = merchant_pages("counts", __name__)


@blueprint.post(f"/items/<int(max={LARGEST_ID}):item>/<int(max={LARGEST_ID}):location>/counted")
def answer(item: int, location: int) -> ResponseReturnValue:
    """So many came in, or so many were counted."""
    counted = request.form.get("it_was") == "counted"
    if recount(world(), signed_in_store().id, Pool(item, location), counted=counted):
        flash("Read as counted. Its queue is planned anew." if counted else "Read as added.")
    else:
        flash("That was answered already.")
    return redirect(url_for("dashboard.show"), 303)
