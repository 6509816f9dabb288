"""What is remembered between two calls: in a cookie for the merchant's own pages, in the address inside a frame."""

from flask import Flask, Response
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from flask.wrappers import Request
from itsdangerous import BadData, URLSafeTimedSerializer
from werkzeug.datastructures import MultiDict

from app.embedded import is_framed

SAID = "said"
"""The parameter that carries what is to be said on the next page of a frame, where there are no cookies."""
SAID_LIVES = 60
"""Seconds."""
FLASHES = "_flashes"
"""Flask's own name."""
WITHOUT = ("/webhooks/", "/api/", "/s/", "/static/", "/healthz", "/readyz")


class MerchantSessions(SecureCookieSessionInterface):
    """Cookies for the merchant's pages only: webhooks, API, status pages and framed pages neither read nor set any."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """The session of a merchant's page; nothing elsewhere."""
        if is_framed(request.environ):
            return SecureCookieSession(_heard(app, request.args))
        if request.path.startswith(WITHOUT):
            return None
        return super().open_session(app, request)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """A cookie, or the one sentence that a framed page is sent on with."""
        if "framed" not in session:
            return super().save_session(app, session, response)
        if session.get(FLASHES) and response.location:
            said = _serializer(app).dumps(session[FLASHES])
            mark = "&" if "?" in response.location else "?"
            response.location = f"{response.location}{mark}{SAID}={said}"
        return None


def _heard(app: Flask, params: MultiDict[str, str]) -> dict[str, object]:
    try:
        flashes = _serializer(app).loads(params.get(SAID, ""), max_age=SAID_LIVES)
    except BadData:
        # Nothing was said, or long ago, or by somebody else.
        return {"framed": True}
    return {"framed": True, FLASHES: [tuple(each) for each in flashes]}


def _serializer(app: Flask) -> URLSafeTimedSerializer:
    fallbacks = app.config["SECRET_KEY_FALLBACKS"]
    return URLSafeTimedSerializer([*reversed(fallbacks), app.config["SECRET_KEY"]], salt="said on the next page")
