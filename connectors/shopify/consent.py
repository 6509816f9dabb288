"""Connecting a shop from a browser outside its admin: the authorization code grant."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import urlencode

from backorder.domain.errors import BadSignature, Rejected
from connectors.joining import Admitted, Wire
from connectors.shopify import tokens
from connectors.shopify.scopes import TO_ASK, TO_ASK_ALSO
from connectors.shopify.tokens import App, app_of
from connectors.shopify.webhooks import shop_domain

ANSWER_LIVES = timedelta(minutes=10)
"""How old, or by how much of the future, an answer may be that Shopify signed."""


class ShopifyConsent:
    """Asks the merchant in the shop's admin, and takes the code that they bring back."""

    def asks(self, params: Mapping[str, str], environ: Mapping[str, str]) -> str:
        """The shop that is named; where Shopify signed the address, it has to be right."""
        if "hmac" in params:
            _check_signature(params, app_of(environ))
        return _shop(params)

    def authorise_url(self, address: str, callback: str, state: str, environ: Mapping[str, str]) -> str:
        """Shopify's page that asks for our scopes, and for a token of the shop instead of one of its user."""
        asked = {
            "client_id": app_of(environ).client_id,
            "scope": ",".join([*TO_ASK, *TO_ASK_ALSO]),
            "redirect_uri": callback,
            "state": state,
        }
        return f"https://{address}/admin/oauth/authorize?{urlencode(asked)}"

    def admit(self, params: Mapping[str, str], wire: Wire) -> Admitted:
        """Exchange the code, once signature, shop and time are checked; the state is the caller's to check."""
        _check_signature(params, app_of(wire.environ))
        shop = _shop(params)
        _check_time(params.get("timestamp", ""), wire.clock())
        code = params.get("code", "")
        if not code:
            raise Rejected("Shopify sent no code along.")
        return Admitted(shop, tokens.redeem(shop, code, wire))


def _shop(params: Mapping[str, str]) -> str:
    shop = shop_domain(params.get("shop", ""))
    if not shop:
        raise Rejected("The address does not name a shop of Shopify, such as my-shop.myshopify.com.")
    return shop


def _check_signature(params: Mapping[str, str], app: App) -> None:
    """Return where one of the app's secrets signed the parameters. Compared as bytes, in constant time."""
    text = "&".join(f"{name}={value}" for name, value in sorted(params.items()) if name != "hmac")
    offered = params.get("hmac", "").encode("utf-8", "surrogateescape")
    good = False
    for secret in app.secrets:
        made = hmac.new(secret.encode(), text.encode("utf-8", "surrogateescape"), hashlib.sha256).hexdigest()
        good |= hmac.compare_digest(offered, made.encode())
    if not good:
        raise BadSignature("The signature does not cover this address.")


def _check_time(timestamp: str, now: datetime) -> None:
    seconds = int(timestamp) if timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 12 else 0
    if abs(now.timestamp() - seconds) > ANSWER_LIVES.total_seconds():
        raise Rejected("This took too long: begin again.")
