"""Connecting a store from a browser: to the store's own page that asks the merchant, and back, once.

The key comes back with the merchant (a consent), or the store's server posts it here meanwhile (a handover).
"""

import hmac

from flask import Blueprint, Response, abort, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from app import errors
from app.access import begin_session, check_origin, world
from backorder.db import consents
from backorder.db.consents import Begun
from backorder.db.secrets import new_token, token_hash
from backorder.domain.errors import PermanentFailure, Rejected, TemporaryFailure
from connectors import PLATFORMS
from connectors.contract import Platform
from connectors.joining import Admitted, Consent, Handover
from jobs.connect import admit

STATE = "consent"
"""Where the session keeps the mark of this browser, so that nobody can finish what another browser began."""
NOT_HANDED = (
    "Your shop has not handed over its key: its server may not reach {url}. Begin again, or make a key in its settings "
    "and have it entered by whoever runs Waitline."
)

blueprint = Blueprint("install", __name__, url_prefix="/install")
also = Blueprint("connect", __name__, url_prefix="/connect")
"""The address under which people look for it."""


@blueprint.errorhandler(PermanentFailure)
def refused(error: PermanentFailure) -> Response:
    """What the store does not allow, or the operator left out: the sentence is for whoever connects."""
    return errors.answer(400, str(error))


@blueprint.errorhandler(TemporaryFailure)
def not_now(error: TemporaryFailure) -> Response:
    """What keeps the store from answering: also a sentence for whoever connects."""
    return errors.answer(503, f"{error} Then begin again.")


@also.get("/<platform>")
def begin_there(platform: str) -> ResponseReturnValue:
    """Show the way."""
    _platform(platform)
    return redirect(url_for("install.begin", platform=platform))


@blueprint.get("/<platform>")
def begin(platform: str) -> ResponseReturnValue:
    """Send the merchant to the store's own page; ask for the store first where nothing names it."""
    found = _platform(platform)
    if found.handover is not None:
        return render_template("name_store.html", label=found.label, handover=found.handover, sentence="")
    consent = _consent(found)
    environ = world().config.environ
    address = consent.asks(request.args.to_dict(), environ)
    state = _remember(platform, address)
    return redirect(consent.authorise_url(address, _callback(platform), state, environ))


@blueprint.post("/<platform>")
def named(platform: str) -> ResponseReturnValue:
    """Take the store that the merchant named, and show the way there.

    A link and no redirect: so nobody is sent to a strange address by an address of ours.
    """
    found = _platform(platform)
    handover = _handover(found)
    check_origin()
    try:
        address = handover.asks(request.form.get("store", "").strip()[:1000])
    except Rejected as error:
        return render_template("name_store.html", label=found.label, handover=handover, sentence=str(error)), 400
    state = _remember(platform, address)
    url = handover.authorise_url(address, _callback(platform), state)
    return render_template("ask_store.html", address=address, url=url, minutes=consents.LIVES.seconds // 60)


@blueprint.post("/<platform>/callback")
def take(platform: str) -> ResponseReturnValue:
    """Keep the key that a store's server hands over, for the merchant who is on the way back.

    Nothing is asked of the store here: it waits for this answer, perhaps with the only worker that it has.
    """
    handover = _handover(_platform(platform))
    here = world()
    handed = handover.handed(request.get_data())
    sealed = here.sealer.seal(handed.given)
    with here.database.write() as conn:
        waits = consents.hand_over(conn, token_hash(handed.state), platform, sealed, here.clock())
    if not waits:
        raise Rejected("This key belongs to no connection that was begun here.")
    return Response(status=200)


@blueprint.get("/<platform>/callback")
def finish(platform: str) -> ResponseReturnValue:
    """Take what the merchant came back with, connect the store and sign them in."""
    here, found = world(), _platform(platform)
    state = token_hash(request.args.get("state", ""))
    if not hmac.compare_digest(state.encode(), str(session.get(STATE, "")).encode()):
        raise Rejected("This was not begun in this browser, or it is over: begin again.")
    with here.database.write() as conn:
        begun = consents.use(conn, state, platform, here.clock())
    if begun is None:
        raise Rejected("This took too long: begin again.")
    if found.handover is not None:
        admitted = _handed(found, found.handover, begun)
    else:
        admitted = _consent(found).admit(request.args.to_dict(), here.wire)
        if begun.address != admitted.address:
            raise Rejected("This was begun for another store: begin again.")
    store = admit(here, platform, admitted)
    return begin_session(store.id)


def _handed(platform: Platform, handover: Handover, begun: Begun) -> Admitted:
    """The store that was named here, with the key that was posted: it is believed once it has opened that store."""
    if handover.denied(request.args.to_dict()):
        raise Rejected("You did not approve it in your shop: nothing was connected.")
    if not begun.handed:
        raise Rejected(NOT_HANDED.format(url=world().config.public_url))
    return Admitted(begun.address, platform.installer.credentials(world().sealer.open(begun.handed)))


def _remember(platform: str, address: str) -> str:
    """A new mark of this browser, good for this store."""
    here, state = world(), new_token()
    with here.database.write() as conn:
        consents.begin(conn, token_hash(state), platform, address, here.clock() + consents.LIVES)
    session[STATE] = token_hash(state)
    return state


def _platform(name: str) -> Platform:
    found = PLATFORMS.get(name)
    if found is None:
        abort(404)
    return found


def _consent(platform: Platform) -> Consent:
    if platform.consent is None:
        abort(404)
    return platform.consent


def _handover(platform: Platform) -> Handover:
    if platform.handover is None:
        abort(404)
    return platform.handover


def _callback(platform: str) -> str:
    """The address that the merchant comes back to; the platform knows it from the app's configuration."""
    return f"{world().config.public_url}{blueprint.url_prefix}/{platform}/callback"
