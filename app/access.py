"""Who may see a store's pages: a one-time link from the operator, then a signed cookie for twelve hours.

The store is always the session's store; an id in an address is looked up together with it.
"""

import hmac
import secrets
from datetime import UTC, datetime, timedelta

from flask import Blueprint, abort, current_app, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from backorder.db import signins, stores
from backorder.db.secrets import new_token, token_hash
from backorder.domain.store import Health, Store
from jobs.world import World

LINK_LIVES = timedelta(minutes=30)
SIGNED_IN_FOR = timedelta(hours=12)

blueprint = Blueprint("access", __name__)


def world() -> World:
    """The world that the application was made over."""
    found: World = current_app.extensions["waitline"]
    return found


def new_signin(world: World, store_id: int) -> str:
    """The address of a page that signs somebody in to a store, once, within half an hour. Raises NoSuchStore."""
    token = new_token()
    now = world.clock()
    with world.database.write() as conn:
        stores.get(conn, store_id)
        signins.add(conn, store_id, token_hash(token), now + LINK_LIVES, now)
    return f"{world.config.public_url}/signin/{token}"


def merchant_pages(name: str, module: str) -> Blueprint:
    """Pages that only signed-in merchants see, and through which only forms of ours change anything."""
    pages = Blueprint(name, module)
    pages.before_request(_let_in)
    return pages


def signed_in_store() -> Store:
    """The store of the merchant who asks."""
    found: Store = g.store
    return found


def csrf_token() -> str:
    """What every form of this session carries. Nothing in a frame: there no cookie lets anybody in."""
    token: str = "" if "frame" in g else session["csrf"]
    return token


def _let_in() -> ResponseReturnValue | None:
    if "frame" in g:
        # By its token, which no other site can make a browser send.
        return None
    store = _store_of_session()
    if store is None:
        return redirect(url_for("access.ask"))
    g.store = store
    if request.method == "POST":
        check_origin()
        if not hmac.compare_digest(request.form.get("csrf", "").encode(), csrf_token().encode()):
            abort(403, "This form is out of date. Open the page again and repeat what you did.")
    return None


def check_origin() -> None:
    """Refuse a form that another site sends."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        abort(403, "This form was sent from another site.")


def _store_of_session() -> Store | None:
    store_id, signed_in_at = session.get("store"), session.get("at")
    if not isinstance(store_id, int) or not isinstance(signed_in_at, int) or "csrf" not in session:
        return None
    here = world()
    if here.clock() - datetime.fromtimestamp(signed_in_at, UTC) > SIGNED_IN_FOR:
        return None
    with here.database.read() as conn:
        try:
            store = stores.get(conn, store_id)
        except stores.NoSuchStore:
            return None
    return None if store.health is Health.GONE else store


@blueprint.app_context_processor
def _about_the_store() -> dict[str, object]:
    return {"store": g.get("store"), "csrf_token": csrf_token}


@blueprint.get("/signin")
def ask() -> ResponseReturnValue:
    """How to get in, for whoever is not."""
    return render_template("ask.html"), 401


@blueprint.get("/signin/<token>")
def offer(token: str) -> ResponseReturnValue:
    """A page with one button: programs that open every link in a mail must not use it up."""
    here = world()
    with here.database.read() as conn:
        if not signins.valid(conn, token_hash(token), here.clock()):
            return render_template("ask.html", used=True), 404
    return render_template("signin.html", token=token)


@blueprint.post("/signin/<token>")
def sign_in(token: str) -> ResponseReturnValue:
    """Use the link up and begin a session."""
    check_origin()
    here = world()
    now = here.clock()
    with here.database.write() as conn:
        store_id = signins.use(conn, token_hash(token), now)
    if store_id is None:
        return render_template("ask.html", used=True), 404
    return begin_session(store_id)


def begin_session(store_id: int) -> ResponseReturnValue:
    """Sign this browser in to a store, and show it."""
    session.clear()
    session.update(store=store_id, at=int(world().clock().timestamp()), csrf=secrets.token_urlsafe(24))
    return redirect(url_for("dashboard.show"), 303)


@blueprint.post("/signout")
def sign_out() -> ResponseReturnValue:
    """End the session."""
    if "csrf" in session:
        check_origin()
        if not hmac.compare_digest(request.form.get("csrf", "").encode(), csrf_token().encode()):
            abort(403, "This form is out of date. Open the page again and repeat what you did.")
    session.clear()
    return redirect(url_for("access.ask"), 303)
