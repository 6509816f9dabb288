"""Where webhooks arrive: checked, kept, answered. Nothing here reads what they say.

The busiest route of the house: one read, one insert, no session, no cookie, no page headers.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from flask import Blueprint, Response, request

from backorder.db.intake import Intake, Receiver, intake
from backorder.db.session import StorageError
from backorder.domain.errors import BadSignature, Rejected
from connectors import PLATFORMS
from connectors.contract import Delivery, Platform
from jobs.erase import keep_request
from jobs.world import World

NAME = "webhooks"
BODY_LIMIT = 5 * 1024 * 1024
MOST_HEADERS = 64
OPENED_AT_ONCE = 1024
"""Stores whose opened credentials this process remembers."""


def blueprint(world: World) -> Blueprint:
    """The route over a world."""
    found = Blueprint(NAME, __name__)
    # Opening credentials costs more than the rest of the call. What is sealed anew has a new text, so a new place.
    opened = lru_cache(OPENED_AT_ONCE)(world.sealer.open)

    def secrets(platform: Platform, receiver: Receiver | None) -> Any:
        known = receiver is not None and not receiver.gone
        credentials = opened(receiver.sealed) if receiver is not None and known else None
        return platform.webhooks.secrets(credentials, world.config.environ)

    def receive(platform: str, token: str = "", topic: str = "") -> Response:
        """Keep a store's webhook. 401 unless it is signed, 503 unless it is kept."""
        connector = PLATFORMS.get(platform)
        if connector is None or "\x00" in token + topic:
            return Response(status=404)
        request.max_content_length = BODY_LIMIT
        body = request.get_data(cache=False)
        delivery = Delivery(_kept_headers(request.environ), body, world.clock(), token, topic)
        hooks = connector.webhooks
        if hooks.is_ping(delivery):
            return Response(status=200)
        try:
            with intake(world.database) as database:
                receiver = _receiver(database, connector, delivery)
                hooks.verify(delivery, secrets(connector, receiver))
                if receiver is None or receiver.gone:
                    return _of_nobody(world, platform, delivery)
                database.keep(
                    receiver.store_id,
                    dedupe_key=hooks.dedupe_key(delivery),
                    topic=hooks.topic(delivery),
                    path_topic=topic,
                    headers=delivery.headers,
                    body=body,
                    received_at=delivery.received_at,
                )
        except BadSignature:
            return Response(status=401)
        except StorageError:
            return Response(status=503)
        world.bell.ring("inbox", "ingest", receiver.store_id)
        return Response(status=200)

    found.add_url_rule("/webhooks/<platform>", "receive", receive, methods=["POST"])
    found.add_url_rule("/webhooks/<platform>/<token>/<path:topic>", "receive", receive, methods=["POST"])
    return found


def _of_nobody(world: World, platform: str, delivery: Delivery) -> Response:
    """Of a store that is unknown or gone nothing is kept but a request about somebody's data."""
    try:
        keep_request(world, platform, delivery)
    except Rejected as error:
        return Response(status=error.status)
    return Response(status=200)


def _receiver(database: Intake, platform: Platform, delivery: Delivery) -> Receiver | None:
    """The store that a delivery claims to be from, if we know it. A claim that no database can hold names none."""
    ref = platform.webhooks.find(delivery)
    if ref is None or "\x00" in ref.address + ref.token:
        return None
    return database.receiver(platform.name, address=ref.address, token=ref.token)


def _kept_headers(environ: Mapping[str, Any]) -> dict[str, str]:
    """The headers that a connector may read: those that platforms add, and the type. Never cookies or credentials."""
    kept = {"content-type": environ.get("CONTENT_TYPE", "")}
    for name, value in environ.items():
        if name.startswith("HTTP_X_"):
            kept[name[5:].replace("_", "-").lower()] = value
            if len(kept) == MOST_HEADERS:
                break
    return kept
