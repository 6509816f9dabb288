"""The web process. Thin: every page reads through `backorder.db` and changes things through `jobs.steer`."""

from collections.abc import Callable
from datetime import timedelta

from flask import Flask, Response, request
from flask.typing import ResponseReturnValue
from jinja2 import StrictUndefined

from app import (
    access,
    api,
    choices,
    counts,
    dashboard,
    embedded,
    errors,
    incoming,
    install,
    leaving,
    orders,
    parcels,
    preview,
    privacy,
    proxy,
    queue,
    reports,
    settings,
    status_page,
    webhooks,
    words,
    writes,
)
from app.sessions import MerchantSessions
from backorder.db.session import StorageError, writable
from jobs.world import World

FORM_LIMIT = 64 * 1024
"""Bytes that a form or an API call may have; webhooks have a limit of their own."""

MERCHANT_PAGES = (
    dashboard,
    queue,
    orders,
    choices,
    parcels,
    counts,
    incoming,
    preview,
    reports,
    settings,
    privacy,
    leaving,
    writes,
)

HTML_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), "
    "magnetometer=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def create_app(world: World) -> Flask:
    """The application over a world.

    No page builds an address from the Host header: links that leave the house start with WAITLINE_PUBLIC_URL, all
    others are relative. So any host name may reach it, as health checks by IP address do.
    """
    app = Flask(__name__)
    keys = [key.get_secret_value() for key in world.config.secret_keys]
    secure = world.config.public_url.startswith("https://")
    app.config.update(
        SECRET_KEY=keys[0],
        SECRET_KEY_FALLBACKS=keys[1:],
        SESSION_COOKIE_NAME="__Host-waitline" if secure else "waitline",
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        PERMANENT_SESSION_LIFETIME=access.SIGNED_IN_FOR,
        SEND_FILE_MAX_AGE_DEFAULT=timedelta(hours=1),
        MAX_CONTENT_LENGTH=FORM_LIMIT,
        MAX_FORM_MEMORY_SIZE=FORM_LIMIT,
    )
    app.session_interface = MerchantSessions()
    app.extensions["waitline"] = world
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(words.FILTERS)
    app.register_blueprint(webhooks.blueprint(world))
    app.register_blueprint(proxy.blueprint(world))
    app.register_blueprint(access.blueprint)
    app.register_blueprint(install.blueprint)
    app.register_blueprint(install.also)
    app.register_blueprint(status_page.blueprint)
    app.register_blueprint(api.blueprint)
    for pages in MERCHANT_PAGES:
        app.register_blueprint(pages.blueprint)
    app.register_blueprint(embedded.blueprint)
    app.before_request(embedded.let_in(frozenset(pages.blueprint.name for pages in MERCHANT_PAGES)))
    errors.register(app)
    app.add_url_rule("/healthz", "healthz", lambda: ("ok\n", {"Content-Type": "text/plain"}))
    app.add_url_rule("/readyz", "readyz", lambda: _ready(world))
    app.after_request(_with_headers(secure))
    app.wsgi_app = embedded.under_a_root(app.wsgi_app)  # type: ignore[assignment, method-assign]
    return app


def _ready(world: World) -> ResponseReturnValue:
    try:
        writable(world.database)
    except StorageError:
        return "the database cannot be written to\n", 503, {"Content-Type": "text/plain"}
    return "ready\n", {"Content-Type": "text/plain"}


def _with_headers(secure: bool) -> Callable[[Response], Response]:
    html = {**HTML_HEADERS, "Strict-Transport-Security": "max-age=63072000"} if secure else HTML_HEADERS

    def protect(response: Response) -> Response:
        if request.blueprint == webhooks.NAME:
            return response
        response.headers["X-Content-Type-Options"] = "nosniff"
        if response.mimetype == "text/html":
            response.headers.update({**html, **embedded.headers()})
        return response

    return protect
