"""The pages on which a merchant gives an app a key with one click, under `/wc-auth/v1/`.

On approval the shop posts the key to the app before it sends the merchant back. Only the answer 200 counts; on any
other the key is deleted again.
"""

import html
from enum import StrEnum
from urllib.parse import urlencode, urlsplit, urlunsplit

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as Answer

from demo.stores.woocommerce.access import Access
from demo.stores.woocommerce.hooks import Deliver
from demo.stores.woocommerce.rest import php_json
from demo.stores.woocommerce.shop import Shop

NEEDED = ("app_name", "user_id", "return_url", "callback_url", "scope")
SCOPES = ("read", "write", "read_write")
UNSENT = "An error occurred in the request and at the time were unable to send the consumer data."


class Visitor(StrEnum):
    """Who sits at the browser."""

    NOBODY = "nobody"
    CUSTOMER = "customer"
    MERCHANT = "merchant"


class Consent:
    """The pages of one shop. `deliver` carries the key to the app."""

    def __init__(self, shop: Shop, access: Access, deliver: Deliver) -> None:
        self._shop = shop
        self._access = access
        self._deliver = deliver
        self.visitor = Visitor.MERCHANT

    def blueprint(self) -> Blueprint:
        """The routes."""
        blueprint = Blueprint("consent", __name__, url_prefix="/wc-auth/v1")
        blueprint.add_url_rule("/authorize", "authorize", self._authorize)
        blueprint.add_url_rule("/login/", "login", lambda: _page("Log in", "<p>Please log in.</p>"))
        blueprint.add_url_rule("/access_granted/", "granted", self._granted, methods=["GET", "POST"])
        return blueprint

    def _authorize(self) -> Answer:
        return self._refusal() or self._form()

    def _refusal(self) -> Answer | None:
        """Why the page is not shown, if so."""
        for name in NEEDED:
            if not request.args.get(name):
                return _page("Error", f"<p>Error: Missing parameter {name}.</p>", 401)
        scope, callback = request.args["scope"], request.args["callback_url"]
        if scope not in SCOPES:
            return _page("Error", f"<p>Error: Invalid scope {html.escape(scope)}.</p>", 401)
        # A stand-in that is itself reached without TLS may be tried out with an app that is, too.
        if urlsplit(callback).scheme != "https" and request.scheme == "https":
            return _page("Error", "<p>Error: The callback_url needs to be over SSL.</p>", 401)
        if self.visitor is Visitor.NOBODY:
            return redirect(f"/wc-auth/v1/login/?{request.query_string.decode()}")
        if self.visitor is Visitor.CUSTOMER:
            return _page("Error", "<p>Error: You do not have permission to access this page.</p>", 401)
        return None

    def _form(self) -> Answer:
        app, scope = html.escape(request.args["app_name"]), request.args["scope"].replace("_", "/")
        approve = html.escape(f"/wc-auth/v1/access_granted/?{request.query_string.decode()}")
        deny = html.escape(self._back(success=False))
        return _page(
            f"{app} would like to connect to your store",
            f"<p>This gives {app} {scope} access.</p>"
            f'<form method="post" action="{approve}"><button type="submit">Approve</button></form>'
            f'<a href="{deny}">Deny</a>',
        )

    def _granted(self) -> Answer:
        refusal = self._refusal()
        if refusal is not None:
            return refusal
        key = self._access.grant(request.args["scope"])
        body = {
            "key_id": key.id,
            "user_id": request.args["user_id"],
            "consumer_key": key.name,
            "consumer_secret": key.secret,
            "key_permissions": key.permissions,
        }
        headers = {
            "Content-Type": "application/json;charset=UTF-8",
            "User-Agent": f"WordPress/6.9.7; {self._shop.settings.address}",
        }
        if self._deliver(request.args["callback_url"], headers, php_json(body)) != 200:
            self._access.revoke(key.name)
            return _page("Error", f"<p>Error: {UNSENT}</p>", 401)
        return redirect(self._back(success=True))

    def _back(self, *, success: bool) -> str:
        """The app's own page; what stands in its query stays."""
        parts = urlsplit(request.args["return_url"])
        told = urlencode({"success": int(success), "user_id": request.args["user_id"]})
        return urlunsplit(parts._replace(query=f"{parts.query}&{told}" if parts.query else told))


def _page(title: str, body: str, status: int = 200) -> Response:
    """A page; `title` and `body` are HTML already."""
    return Response(
        f"<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1>{body}</body></html>",
        status,
        content_type="text/html; charset=UTF-8",
    )
