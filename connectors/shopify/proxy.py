"""Calls that a shop's own address passes on to us (app proxy): whose they are, and whether Shopify signed them."""

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta

from backorder.domain.errors import BadSignature
from connectors.contract import Params, StoreRef
from connectors.shopify.webhooks import shop_domain

OLDEST = timedelta(seconds=90)
"""A signed address could be called for ever: one that is older than this is refused."""


class ShopifyProxy:
    """The receiving side of the app proxy. Pure."""

    def find(self, params: Params) -> StoreRef | None:
        """The shop that the call names, not yet believed."""
        shop = shop_domain(_one(params, "shop"))
        return StoreRef(address=shop) if shop else None

    def verify(self, params: Params, secrets: Sequence[bytes], now: datetime) -> None:
        """Return where one of the secrets signed all the parameters, lately; raise BadSignature otherwise."""
        offered = _one(params, "signature").encode("utf-8", "surrogateescape")
        message = signed_text(params).encode("utf-8", "surrogateescape")
        good = False
        for secret in secrets:
            if secret:
                made = hmac.new(secret, message, hashlib.sha256).hexdigest().encode()
                good |= hmac.compare_digest(offered, made)
        stamp = _one(params, "timestamp")
        if not good or not (stamp.isascii() and stamp.isdigit() and len(stamp) < 12):
            raise BadSignature("The signature does not cover the call.")
        if abs(now.timestamp() - int(stamp)) > OLDEST.total_seconds():
            raise BadSignature("The call is too old.")


def signed_text(params: Params) -> str:
    """What Shopify signs: the parameters sorted, several values of one joined by a comma, nothing between them."""
    values: dict[str, list[str]] = {}
    for name, value in params:
        if name != "signature":
            values.setdefault(name, []).append(value)
    return "".join(sorted(f"{name}={','.join(given)}" for name, given in values.items()))


def _one(params: Params, name: str) -> str:
    """The value of a parameter that stands there once; nothing where it stands there more or less often."""
    found = [value for key, value in params if key == name]
    return found[0] if len(found) == 1 else ""
