"""Connecting with one click: the shop asks its merchant, makes a key, and posts it to us. Pure.

What the shop posts is not signed and does not name the shop. So it is believed only for the shop whose address was
kept beside the nonce when the merchant was sent there, once, and only after the key has opened that shop.
"""

import json
import re
from collections.abc import Mapping
from urllib.parse import urlencode

from backorder.domain.errors import Rejected
from connectors.joining import Handed
from connectors.woocommerce.install import WooInstaller

APP_NAME = "Waitline"
SCOPE = "read_write"
LARGEST = 4096
"""Bytes of what a shop posts; a key has some two hundred."""
LONGEST = 255
"""Characters of an address."""
_KEY = re.compile(r"ck_[0-9a-zA-Z]{8,64}")
_SECRET = re.compile(r"cs_[0-9a-zA-Z]{8,64}")


class WooHandover:
    """The shop's own page that asks, and what comes of it."""

    asked_for = "The address of your shop, as your browser shows it"

    def asks(self, named: str) -> str:
        """The shop's address. Nobody can read along: only https."""
        address = WooInstaller().address({"url": named})
        if not address.startswith("https://"):
            raise Rejected("Your shop must be reached by https://: its key would else travel in the open.")
        if len(address) > LONGEST:
            raise Rejected("This address is too long.")
        return address

    def authorise_url(self, address: str, callback: str, state: str) -> str:
        """The shop brings `state` back as the id of the user. Raises Rejected where it would refuse to call us."""
        if not callback.startswith("https://"):
            raise Rejected("A shop sends its key to https:// addresses only: WAITLINE_PUBLIC_URL must begin with it.")
        asked = {
            "app_name": APP_NAME,
            "scope": SCOPE,
            "user_id": state,
            "return_url": f"{callback}?{urlencode({'state': state})}",
            "callback_url": callback,
        }
        return f"{address}/wc-auth/v1/authorize?{urlencode(asked)}"

    def handed(self, body: bytes) -> Handed:
        """The key that was posted."""
        if len(body) > LARGEST:
            raise Rejected("This is no key of a shop: it is too long.")
        try:
            told = json.loads(body)
        except ValueError:
            raise Rejected("This is no key of a shop: it is not JSON.") from None
        if not isinstance(told, dict):
            raise Rejected("This is no key of a shop: it is no object.")
        nonce, key, secret = (told.get(name) for name in ("user_id", "consumer_key", "consumer_secret"))
        if not isinstance(nonce, str) or not 0 < len(nonce) <= 200:
            raise Rejected("This is no key of a shop: it names no connection.")
        if not _matches(_KEY, key) or not _matches(_SECRET, secret):
            raise Rejected("This is no key of a shop: the key or its secret is missing.")
        if told.get("key_permissions") != SCOPE:
            raise Rejected("The key may not read and write: approve the connection with the permission Read/Write.")
        return Handed(nonce, {"key": str(key), "secret": str(secret)})

    def denied(self, params: Mapping[str, str]) -> bool:
        """A success says nothing: the key comes by itself."""
        return params.get("success") != "1"


def _matches(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None
