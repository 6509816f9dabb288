"""Who may call the REST API: keys, and the ways in which a call shows one."""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote

from flask import request

from demo.stores.woocommerce.rest import PREFIX, ApiError
from demo.stores.woocommerce.shop import Shop

READS = ("GET", "HEAD", "OPTIONS")
SORRY = {
    "GET": ("view", "Sorry, you cannot view this resource."),
    "POST": ("create", "Sorry, you are not allowed to create resources."),
    "PUT": ("edit", "Sorry, you are not allowed to edit this resource."),
    "DELETE": ("delete", "Sorry, you are not allowed to delete this resource."),
}


@dataclass(slots=True)
class Key:
    """A REST key that the merchant made or approved."""

    id: int
    name: str
    secret: str
    permissions: str = "read_write"


class Access:
    """The keys of one shop, by consumer key. `strips_authorization` is for a host whose web server drops that header:
    the shop then sees a call without a key.
    """

    def __init__(self, shop: Shop, key: str, secret: str, *, strips_authorization: bool = False) -> None:
        self._shop = shop
        self._last_id = 1
        self.strips_authorization = strips_authorization
        self.keys = {key: Key(1, key, secret)}

    def grant(self, permissions: str) -> Key:
        """Make a key."""
        self._last_id += 1
        seed = f"{self._shop.settings.address} {self._last_id} {self._shop.clock().isoformat()}"
        key, secret = (hashlib.sha1(f"{seed} {what}".encode()).hexdigest() for what in ("key", "secret"))
        self.keys[f"ck_{key}"] = Key(self._last_id, f"ck_{key}", f"cs_{secret}", permissions)
        return self.keys[f"ck_{key}"]

    def revoke(self, key: str) -> None:
        """Take a key away: calls with it look like calls without one."""
        del self.keys[key]

    def check(self) -> None:
        """Let a call pass, or raise what it is told."""
        if self._open_to_all():
            return
        key = self._key()
        if key is None:
            raise _cannot(401)
        writes = request.method not in READS
        if key.permissions == ("read" if writes else "write"):
            which = "write" if writes else "read"
            raise _unknown(f"The API key provided does not have {which} permissions.")
        if self._shop.owner_demoted:
            raise _cannot(403)

    def _key(self) -> Key | None:
        """The key that a call shows. Over plain http the shop looks for a signature only."""
        if "oauth_consumer_key" in request.args:
            return self._signed(self.keys.get(request.args["oauth_consumer_key"]))
        if request.scheme != "https":
            return None
        given = None if self.strips_authorization else request.authorization
        name, secret = (given.username, given.password) if given and given.type == "basic" else (None, None)
        if not name:
            name, secret = request.args.get("consumer_key"), request.args.get("consumer_secret")
        key = self.keys.get(name or "")
        if key is not None and secret != key.secret:
            raise _unknown("Consumer secret is invalid.")
        return key

    def _signed(self, key: Key | None) -> Key | None:
        """OAuth 1.0a over method, address and query. A query that was sorted or encoded in another way does not fit."""
        if key is None:
            return None
        query = parse_qsl(request.query_string.decode(), keep_blank_values=True)
        given = dict(query).get("oauth_signature", "")
        pairs = sorted((quote(name, "~"), quote(value, "~")) for name, value in query if name != "oauth_signature")
        text = "&".join(f"{name}={value}" for name, value in pairs)
        signed = f"{request.method}&{quote(request.base_url, '~')}&{quote(text, '~')}"
        expected = base64.b64encode(hmac.new(f"{key.secret}&".encode(), signed.encode(), hashlib.sha256).digest())
        if not hmac.compare_digest(given.encode(), expected):
            raise _unknown("Invalid signature - provided signature does not match.")
        return key

    def _open_to_all(self) -> bool:
        """The shop shows the parcels of a guest's order to whoever asks."""
        place = request.path.removeprefix(PREFIX).strip("/").split("/")
        if request.method != "GET" or len(place) != 3 or place[0] != "orders" or place[2] != "fulfillments":
            return False
        order = self._shop.orders.get(int(place[1])) if place[1].isdecimal() else None
        return self._shop.settings.fulfilments and order is not None and order.customer_id == 0


def _unknown(message: str) -> ApiError:
    return ApiError("woocommerce_rest_authentication_error", message, 401)


def _cannot(status: int) -> ApiError:
    """What a call without rights is told; lists have words of their own."""
    what, sorry = SORRY.get(request.method, SORRY["PUT"])
    values: dict[str, Any] = request.view_args or {}
    if request.method == "GET" and not values:
        sorry = "Sorry, you cannot list resources."
    return ApiError(f"woocommerce_rest_cannot_{what}", sorry, status)
