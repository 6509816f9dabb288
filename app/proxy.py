"""What a shopper is told before buying, asked through the store's own address: whether an item that is not there can be
ordered, and by when it would ship. Signed by the platform; no personal data in or out.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from threading import Lock
from typing import Any

from flask import Blueprint, Response, jsonify, request

from app.api import MOST_UNITS
from app.tellings import promise
from backorder.db import queue, stores
from backorder.db.intake import intake
from backorder.domain.acceptance import Answer
from backorder.domain.errors import BadSignature, PermanentFailure, TemporaryFailure
from backorder.domain.store import Mode, Store
from connectors import PLATFORMS
from connectors.contract import Params, Platform
from jobs.breaker import may_be_called
from jobs.judge import selling
from jobs.promise import quotes
from jobs.world import World

FRESH_SECONDS = 60
"""Whoever stands between may answer with what was told so lately: a rush of shoppers asks once a minute."""
KNOWN_VARIANTS = 4096
LARGEST = 2**63 - 1
MOST_IN_VAIN = 20
"""Numbers that a store may be asked for in vain in that time: anybody can ask, and the calls are the merchant's."""


class _NotSold(Exception):
    """The store sells nothing under that number."""


class _InVain:
    """What each store was asked for in vain lately."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._lately: dict[int, dict[int, datetime]] = {}

    def check(self, store_id: int, variant: int, now: datetime) -> None:
        """Return where the store may be asked. Raises _NotSold where it was lately, TemporaryFailure where it was
        asked too often.
        """
        with self._lock:
            before = self._lately.get(store_id, {})
            lately = {number: at for number, at in before.items() if now - at < timedelta(seconds=FRESH_SECONDS)}
            self._lately[store_id] = lately
        if variant in lately:
            raise _NotSold
        if len(lately) >= MOST_IN_VAIN:
            raise TemporaryFailure("The store was asked for too much that it does not sell.", FRESH_SECONDS)

    def note(self, store_id: int, variant: int, now: datetime) -> None:
        """It sells nothing under that number."""
        with self._lock:
            self._lately.setdefault(store_id, {})[variant] = now


def blueprint(world: World) -> Blueprint:
    """The route over a world."""
    found = Blueprint("proxy", __name__)
    in_vain = _InVain()

    @lru_cache(KNOWN_VARIANTS)
    def item_of(store_id: int, variant: int) -> int:
        in_vain.check(store_id, variant, world.clock())
        with world.database.read() as conn:
            store = stores.get(conn, store_id)
        if not may_be_called(store, world.clock()):
            raise TemporaryFailure("The store is left alone for the moment.")
        item = world.client(store).item_sold_as(variant)
        if item is None:
            in_vain.note(store_id, variant, world.clock())
            raise _NotSold
        return item

    def quote(platform: str) -> Response:
        """The quote for `variant` and `quantity`. 401 unless the platform signed the call lately."""
        connector = PLATFORMS.get(platform)
        if connector is None or connector.proxy is None:
            return Response(status=404)
        params = [(name, value) for name, values in request.args.lists() for value in values]
        try:
            store = _store(world, connector, params)
        except BadSignature:
            return Response(status=401)
        if store is None or store.mode is not Mode.ON or not store.policy.tell_shoppers:
            return Response(status=404)
        variant, units = _number(request.args, "variant", 0), _number(request.args, "quantity", 1)
        if not 1 <= variant <= LARGEST or not 1 <= units <= MOST_UNITS:
            return Response(status=422)
        try:
            item = item_of(store.id, variant)
        except _NotSold:
            return _for_a_while(Response(status=404))
        except (TemporaryFailure, PermanentFailure):
            return Response(status=503)
        return _for_a_while(_told(world, store, item, variant, units))

    found.add_url_rule("/proxy/<platform>", "quote", quote, methods=["GET"])
    return found


def _store(world: World, platform: Platform, params: Params) -> Store | None:
    """The store that the call is for, with its signature checked; `None` where it is not known here."""
    assert platform.proxy is not None
    ref = platform.proxy.find(params)
    with intake(world.database) as database:
        known = None
        if ref is not None and "\x00" not in ref.address + ref.token:
            known = database.receiver(platform.name, address=ref.address, token=ref.token)
    here = known if known is not None and not known.gone else None
    credentials = None if here is None else world.sealer.open(here.sealed)
    platform.proxy.verify(params, platform.webhooks.secrets(credentials, world.config.environ), world.clock())
    if here is None:
        return None
    with world.database.read() as conn:
        return stores.get(conn, here.store_id)


def _told(world: World, store: Store, item: int, variant: int, units: int) -> Response:
    now = world.clock()
    with world.database.read() as conn:
        if not queue.known_pools(conn, store.id, [item]):
            return Response(status=404)
        dates = quotes(conn, store, item, Decimal(units), now)
        verdict = selling(conn, store, [item], now)[item]
    best = min((dated for dated in dates.values() if dated is not None), default=None)
    accepting = verdict.answer is Answer.ACCEPT
    return jsonify({"variant": variant, "quantity": str(units), "accepting": accepting, "promise": promise(best)})


def _for_a_while(response: Response) -> Response:
    response.headers["Cache-Control"] = f"public, max-age={FRESH_SECONDS}"
    return response


def _number(given: Mapping[str, Any], name: str, otherwise: int) -> int:
    text = str(given.get(name, otherwise))
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0
