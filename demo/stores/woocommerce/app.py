"""The stand-in shop as one WSGI application: the REST API, the control routes and a page to look at."""

import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from flask import Flask, Response, redirect, render_template, request

from demo.stores.troubles import Troubles, said
from demo.stores.woocommerce.access import Access
from demo.stores.woocommerce.consent import Consent
from demo.stores.woocommerce.control import Control
from demo.stores.woocommerce.hooks import Deliver, over_http
from demo.stores.woocommerce.rest import PREFIX, ApiError, no_route
from demo.stores.woocommerce.routes import Routes
from demo.stores.woocommerce.shop import Shop
from demo.stores.woocommerce.things import number

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


REVOKED = said(
    401,
    {"code": "woocommerce_rest_cannot_view", "message": "Sorry, you cannot list resources.", "data": {"status": 401}},
)
"""What calls with a key that the merchant took back are told."""


def wall_clock() -> datetime:
    """The time of this machine."""
    return datetime.now(UTC)


class WooShop:
    """A shop of its own, with one REST key. `shop` is for acting on it in this process; calls are taken in turn.

    `access` has the keys, `consent` the pages on which the merchant grants one. Without `fulfilments` the feature for
    parcels is off; with `strips_authorization` the shop's host drops that header.
    """

    def __init__(
        self,
        *,
        address: str = "https://shop.example",
        name: str = "Harbour Outfitters",
        key: str = "ck_demo",
        secret: str = "cs_demo",
        clock: Callable[[], datetime] = wall_clock,
        deliver: Deliver = over_http,
        zone: str = "America/Los_Angeles",
        fulfilments: bool = True,
        strips_authorization: bool = False,
    ) -> None:
        self.name = name
        self.shop = Shop(address, clock, deliver, zone)
        self.shop.settings.name = name
        self.shop.settings.fulfilments = fulfilments
        self.access = Access(self.shop, key, secret, strips_authorization=strips_authorization)
        self.consent = Consent(self.shop, self.access, deliver)
        self.journal = self.shop.journal
        """What calls to the REST API changed."""
        self.troubles = Troubles("/wp-json/", {"revoked": REVOKED})
        self._turn = threading.RLock()
        routes = Routes(self.shop, self.access)
        self._app = Flask(__name__)
        self._app.register_blueprint(routes.blueprint())
        self._app.register_blueprint(self.consent.blueprint())
        self._app.register_blueprint(self.troubles.blueprint())
        self._app.register_blueprint(Control(self.shop).blueprint())
        self._app.add_url_rule("/wp-json/", "index", routes.index)
        self._app.add_url_rule(PREFIX, "namespace", routes.namespace)
        self._app.add_url_rule("/", "page", self._page)
        self._app.add_url_rule(
            "/wp-admin/admin.php", "admin", lambda: redirect(f"/#order-{request.args.get('id', '')}")
        )
        self._app.register_error_handler(ApiError, lambda refusal: refusal.answer())
        self._app.register_error_handler(404, lambda _: _nothing_there())
        self._app.register_error_handler(405, lambda _: _nothing_there())

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        return self.troubles.play(environ, start_response, self._in_turn)

    def _in_turn(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        # An app that is given a key may try it out before it answers, so that call must not wait for this one.
        if environ.get("PATH_INFO", "").startswith("/wc-auth/"):
            return self._app(environ, start_response)
        with self._turn:
            return self._app(environ, start_response)

    def deliver(self) -> list[int]:
        """Run the queue of webhooks; the statuses of the answers."""
        with self._turn:
            return [sent.status for sent in self.shop.hooks.run()]

    def _page(self) -> str:
        return render_template("shop.html", name=self.name, shop=self.shop, number=number)


def _nothing_there() -> Response:
    """A path that is not there: in JSON below the API, else the page of the theme."""
    if request.path.startswith("/wp-json/"):
        return no_route()
    return Response("<!DOCTYPE html><title>Page not found</title>", 404, content_type="text/html; charset=UTF-8")
