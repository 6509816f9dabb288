"""The stand-in shop as one WSGI application: the Admin API, the control routes and a page to look at."""

import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from flask import Flask, Response, jsonify, render_template, request

from demo.stores.shopify.answers import Answers
from demo.stores.shopify.control import Control
from demo.stores.shopify.graph import answer
from demo.stores.shopify.mutations import Mutations
from demo.stores.shopify.outbox import Deliver, Outbox, over_http
from demo.stores.shopify.state import Shop
from demo.stores.shopify.trade import Trade
from demo.stores.shopify.works import Ids

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


def wall_clock() -> datetime:
    """The time of this machine."""
    return datetime.now(UTC)


class ShopifyShop:
    """A shop of its own, with one access token. `trade` is for acting on it in this process, `writes` names the
    mutations that were run; calls are taken in turn.
    """

    def __init__(
        self,
        *,
        domain: str = "lab-goods.myshopify.com",
        name: str = "Lab Goods",
        token: str = "shpat_demo",
        secret: str = "shopify-demo-client-secret-0123456789",
        clock: Callable[[], datetime] = wall_clock,
        deliver: Deliver = over_http,
        zone: str = "America/New_York",
        locations: Iterable[str] = ("Main warehouse",),
        page_limit: int = 250,
        first_number: int = 1001,
    ) -> None:
        self.domain = domain
        self.token = token
        ids = Ids()
        self.shop = Shop(
            name=name,
            timezone=zone,
            first_number=first_number,
            locations={ids.next("location"): place for place in locations},
        )
        self.outbox = Outbox(self.shop, domain, secret, clock, deliver)
        self.trade = Trade(self.shop, ids, self.outbox, clock)
        self._answers = Answers(self.shop, page_limit)
        self._mutations = Mutations(self.trade, self._answers)
        self.writes = self._mutations.writes
        self._control = Control(self.trade, self.outbox)
        self._turn = threading.RLock()
        self._app = Flask(__name__)
        self._app.add_url_rule("/admin/api/<version>/graphql.json", "graphql", self._graphql, methods=["POST"])
        self._app.register_blueprint(self._control.blueprint())
        self._app.add_url_rule("/", "page", self._page)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        with self._turn:
            return self._app(environ, start_response)

    def deliver(self) -> list[int]:
        """Send the webhooks that wait; the statuses of the answers."""
        with self._turn:
            return self.outbox.run()

    def _graphql(self, version: str) -> tuple[Response, int]:
        if request.headers.get("X-Shopify-Access-Token") != self.token:
            return jsonify(
                {"errors": "[API] Invalid API key or access token (unrecognized login or wrong password)"}
            ), 401
        if version not in ("2026-07", "2026-10"):
            return jsonify({"errors": "Not Found"}), 404
        return jsonify(answer({**self._answers.root(), **self._mutations.root()}, request.get_data())), 200

    def _page(self) -> str:
        return render_template("admin.html", shop=self.shop, waiting=len(self.outbox.queue))
