"""Connecting a store from a browser: to the store's own page that asks the merchant, and back, once."""

import hmac

from flask import Blueprint, Response, abort, redirect, request, session
from flask.typing import ResponseReturnValue

from app import errors
from app.access import begin_session, world
from backorder.db import consents
from backorder.db.secrets import new_token, token_hash
from backorder.domain.errors import PermanentFailure, Rejected
from connectors import PLATFORMS
from connectors.joining import Consent
from jobs.connect import admit

STATE = "consent"
"""Where the session keeps the mark of this browser, so that nobody can finish what another browser began."""

blueprint = Blueprint("install", __name__, url_prefix="/install")


@blueprint.errorhandler(PermanentFailure)
def refused(error: PermanentFailure) -> Response:
    """What the store does not allow, or the operator left out: the sentence is for whoever connects."""
    return errors.answer(400, str(error))


def _consent(platform: str) -> Consent:
    found = PLATFORMS.get(platform)
    if found is None or found.consent is None:
        abort(404)
    return found.consent


@blueprint.get("/<platform>")
def begin(platform: str) -> ResponseReturnValue:
    """Send the merchant to the store's own page."""
    here, consent = world(), _consent(platform)
    environ = here.config.environ
    address = consent.asks(request.args.to_dict(), environ)
    state, now = new_token(), here.clock()
    with here.database.write() as conn:
        consents.begin(conn, token_hash(state), platform, address, now + consents.LIVES, now)
    session[STATE] = token_hash(state)
    return redirect(consent.authorise_url(address, _callback(platform), state, environ))


@blueprint.get("/<platform>/callback")
def finish(platform: str) -> ResponseReturnValue:
    """Take what the merchant came back with, connect the store and sign them in."""
    here, consent = world(), _consent(platform)
    state = token_hash(request.args.get("state", ""))
    if not hmac.compare_digest(state.encode(), str(session.get(STATE, "")).encode()):
        raise Rejected("This was not begun in this browser, or it is over: begin again.")
    with here.database.write() as conn:
        address = consents.use(conn, state, platform, here.clock())
    if address is None:
        raise Rejected("This took too long: begin again.")
    admitted = consent.admit(request.args.to_dict(), here.wire)
    if address != admitted.address:
        raise Rejected("This was begun for another store: begin again.")
    store = admit(here, platform, admitted)
    return begin_session(store.id)


def _callback(platform: str) -> str:
    """The address that the merchant comes back to; the platform knows it from the app's configuration."""
    return f"{world().config.public_url}{blueprint.url_prefix}/{platform}/callback"
