"""Leaving well: what is ours is taken out of the store before the app is removed."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from app.access import merchant_pages, signed_in_store, world
from backorder.db import taking_out
from jobs import steer
from jobs.leave import leave

blueprint = merchant_pages("leaving", __name__)


@blueprint.get("/leaving")
def show() -> ResponseReturnValue:
    """The page: how far it has come, and whether it is safe to go."""
    here, store = world(), signed_in_store()
    with here.database.read() as conn:
        left = taking_out.ours_left(conn, store.id)
    return render_template("leaving.html", left=left)


@blueprint.post("/leaving")
def begin() -> ResponseReturnValue:
    """Begin to take it out."""
    leave(world(), signed_in_store().id)
    flash("What is ours is being taken out of your store. No customer is told anything any more.")
    return redirect(url_for("leaving.show"), 303)


@blueprint.post("/leaving/stay")
def stay() -> ResponseReturnValue:
    """Stay after all: watch, as at the beginning."""
    steer.watch(world(), signed_in_store().id)
    flash("Waitline watches again. Nothing leaves for your store or your customers.")
    return redirect(url_for("dashboard.show"), 303)
