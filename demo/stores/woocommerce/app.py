"""The stand-in shop as one WSGI application: the REST API, the control routes and a page to look at."""

import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from flask import Flask, jsonify, redirect, render_template, request

from demo.stores.woocommerce.control import Control
from demo.stores.woocommerce.hooks import Deliver, over_http
from demo.stores.woocommerce.rest import no_route
from demo.stores.woocommerce.routes import Routes
from demo.stores.woocommerce.shop import Shop
from demo.stores.woocommerce.things import number

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


def wall_clock() -> datetime:
    """The time of this machine."""
    return datetime.now(UTC)


class WooShop:
    """A shop of its own, with one REST key. `shop` is for acting on it in this process; calls are taken in turn."""

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
    ) -> None:
        self.name = name
        self.shop = Shop(address, clock, deliver, zone)
        self._turn = threading.RLock()
        self._control = Control(self.shop)
        self._app = Flask(__name__)
        self._app.register_blueprint(Routes(self.shop, key, secret).blueprint())
        self._app.register_blueprint(self._control.blueprint())
        self._app.add_url_rule("/wp-json/", "index", lambda: jsonify({"name": name, "timezone_string": zone}))
        self._app.add_url_rule("/", "page", self._page)
        self._app.add_url_rule(
            "/wp-admin/admin.php", "admin", lambda: redirect(f"/#order-{request.args.get('id', '')}")
        )
        self._app.register_error_handler(404, lambda _: no_route())
        self._app.register_error_handler(405, lambda _: no_route())

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        with self._turn:
            return self._app(environ, start_response)

    def deliver(self) -> list[int]:
        """Run the queue of webhooks; the statuses of the answers."""
        with self._turn:
            return [sent.status for sent in self.shop.hooks.run()]

    def _page(self) -> str:
        return render_template("shop.html", name=self.name, shop=self.shop, number=number)
