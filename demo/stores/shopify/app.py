"""The stand-in shop as one WSGI application: the Admin API, the control routes and a page to look at."""

import re
import sys
import threading
import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from flask import Flask, Response, jsonify, render_template, request

from demo.stores.shopify.answers import Answers
from demo.stores.shopify.bucket import Bucket
from demo.stores.shopify.bulk import Bulks
from demo.stores.shopify.control import Control
from demo.stores.shopify.graph import answer
from demo.stores.shopify.leaving import Leaving
from demo.stores.shopify.mutations import Mutations
from demo.stores.shopify.oauth import Office
from demo.stores.shopify.outbox import Deliver, Outbox, over_http
from demo.stores.shopify.shipments import OnTheWay
from demo.stores.shopify.state import Shop
from demo.stores.shopify.trade import Trade
from demo.stores.shopify.works import Ids
from demo.stores.troubles import Troubles, said

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


_BYTES = re.compile(r"bytes=(\d+)-(\d+)")
REVOKED = said(401, {"errors": "[API] Invalid API key or access token (unrecognized login or wrong password)"})
THROTTLED = said(
    200,
    {
        "errors": [
            {
                "message": "Throttled",
                "extensions": {
                    "code": "THROTTLED",
                    "documentation": "https://shopify.dev/api/usage/rate-limits",
                },
            }
        ],
        "extensions": {
            "cost": {
                "requestedQueryCost": 202,
                "actualQueryCost": None,
                "throttleStatus": {"maximumAvailable": 2000.0, "currentlyAvailable": 118, "restoreRate": 100.0},
            }
        },
    },
)
INTERNAL = said(
    200,
    {
        "errors": [
            {
                "message": "Internal error. Looks like something went wrong on our end.",
                "extensions": {"code": "INTERNAL_SERVER_ERROR"},
            }
        ]
    },
)
"""The answer of a shop that could not run a document, with the status of one that did."""


def wall_clock() -> datetime:
    """The time of this machine."""
    return datetime.now(UTC)


def random_id() -> str:
    """An id that no other delivery has."""
    return str(uuid.uuid4())


class ShopifyShop:
    """A shop of its own, with one access token. `trade` is for acting on it in this process, `writes` names the
    mutations that were run, `journal` tells what they changed, `troubles` what goes wrong; calls are taken in turn.

    `bucket_size` and `restore_rate` are points of query cost. `bulks` are the bulk queries, of which `bulk_at_once` may
    run at a time (Shopify allows five since 2026-01, one before). `new_id` makes the ids of deliveries.
    """

    def __init__(
        self,
        *,
        domain: str = "lab-goods.myshopify.com",
        name: str = "Lab Goods",
        token: str = "shpat_demo",
        client_id: str = "the-demo-app",
        secret: str = "shopify-demo-client-secret-0123456789",
        clock: Callable[[], datetime] = wall_clock,
        deliver: Deliver = over_http,
        zone: str = "America/New_York",
        locations: Iterable[str] = ("Main warehouse",),
        page_limit: int = 250,
        first_number: int = 1001,
        bucket_size: float = 2000.0,
        restore_rate: float = 100.0,
        read_all_orders: bool = True,
        bulk_at_once: int = 5,
        new_id: Callable[[], str] = random_id,
    ) -> None:
        self.domain = domain
        self.token = token
        self._turn = threading.RLock()
        ids = Ids()
        self.shop = Shop(
            name=name,
            timezone=zone,
            first_number=first_number,
            locations={ids.next("location"): place for place in locations},
        )
        self.office = Office(domain, token, client_id, secret, clock, self.shop.scopes)
        self.outbox = Outbox(self.shop, domain, secret, clock, deliver, new_id, self._turn)
        self.trade = Trade(self.shop, ids, self.outbox, clock)
        self.journal = self.trade.journal
        sees_since = None if read_all_orders else clock
        self.on_the_way = OnTheWay(self.trade, page_limit)
        answers = Answers(self.shop, page_limit, sees_since, self.on_the_way)
        unpaged = Answers(self.shop, sys.maxsize, sees_since)
        self.bulks = Bulks(domain, unpaged.root(), ids, self.outbox, clock, bulk_at_once)
        self._mutations = Mutations(self.trade, answers, self.bulks)
        self.writes = self._mutations.writes
        self.repeats = self._mutations.repeats
        self.bucket = Bucket(clock, bucket_size, restore_rate)
        self._root = {**answers.root(), **self.on_the_way.root(), **self.bulks.root(), **self._mutations.root()}
        self.leaving = Leaving(self.shop, domain, self.outbox, self.office.give)
        self._control = Control(self.trade, self.outbox, self.leaving, self.bulks)
        self.troubles = Troubles("/admin/", {"revoked": REVOKED, "throttled": THROTTLED, "internal": INTERNAL})
        self._app = Flask(__name__)
        self._app.add_url_rule("/admin/api/<version>/graphql.json", "graphql", self._graphql, methods=["POST"])
        self._app.register_blueprint(self.troubles.blueprint())
        self._app.register_blueprint(self._control.blueprint())
        self._app.register_blueprint(self.office.blueprint())
        self._app.add_url_rule("/_bulk/<int:number>.jsonl", "bulk", self._bulk)
        self._app.add_url_rule("/", "page", self._page)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        return self.troubles.play(environ, start_response, self._in_turn)

    def _in_turn(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        with self._turn:
            return self._app(environ, start_response)

    def deliver(self) -> list[int]:
        """Send the webhooks that are due; the statuses of the answers."""
        with self._turn:
            self.bulks.go_on()
        return self.outbox.run()

    def _graphql(self, version: str) -> tuple[Response, int]:
        if not self.office.admits(request.headers.get("X-Shopify-Access-Token")):
            return jsonify(
                {"errors": "[API] Invalid API key or access token (unrecognized login or wrong password)"}
            ), 401
        if version not in ("2026-07", "2026-10"):
            return jsonify({"errors": "Not Found"}), 404
        return jsonify(answer(self._root, request.get_data(), self.bucket)), 200

    def _bulk(self, number: int) -> tuple[Response, int]:
        """The file of a bulk query, or the bytes of it that are asked for."""
        lines = self.bulks.file(number)
        if lines is None:
            return Response(), 404
        if not lines:
            return Response("<Error><Code>ExpiredToken</Code></Error>", mimetype="application/xml"), 400
        asked = _BYTES.fullmatch(request.headers.get("Range", ""))
        if asked is None:
            return Response(lines, mimetype="application/jsonl"), 200
        first, last = int(asked[1]), min(int(asked[2]), len(lines) - 1)
        if first > last:
            return Response(headers={"Content-Range": f"bytes */{len(lines)}"}), 416
        part = Response(lines[first : last + 1], mimetype="application/jsonl")
        part.headers["Content-Range"] = f"bytes {first}-{last}/{len(lines)}"
        return part, 206

    def _page(self) -> str:
        names = {definition.key: definition.name for definition in self.shop.definitions}
        return render_template("admin.html", shop=self.shop, waiting=len(self.outbox.queue), names=names)
