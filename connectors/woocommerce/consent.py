"""Connecting with one click: the shop asks its merchant, makes a key, and posts it to us. Pure.

What the shop posts is not signed and does not name the shop. So it is believed only for the shop whose address was
kept beside the nonce when the merchant was sent there, once, and only after the key has opened that shop.
"""

import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from backorder.domain.errors import Rejected

APP_NAME = "Waitline"
SCOPE = "read_write"
RECEIVED = 200
"""The only status that the shop takes for "received": after any other it deletes the key again."""
LARGEST = 4096
_KEY = re.compile(r"ck_[0-9a-zA-Z]{8,64}")
_SECRET = re.compile(r"cs_[0-9a-zA-Z]{8,64}")


def authorise_url(address: str, nonce: str, return_url: str, callback_url: str) -> str:
    """Where the merchant is asked. `nonce` is random and good for one answer: the shop brings it back as the user's id.
    Raises Rejected where the shop would refuse to call us.
    """
    if not nonce:
        raise Rejected("A connection needs a nonce.")
    if not callback_url.startswith("https://"):
        raise Rejected("A shop sends its key to https:// addresses only: WAITLINE_PUBLIC_URL must begin with it.")
    asked = {
        "app_name": APP_NAME,
        "scope": SCOPE,
        "user_id": nonce,
        "return_url": return_url,
        "callback_url": callback_url,
    }
    return f"{address}/wc-auth/v1/authorize?{urlencode(asked)}"


@dataclass(frozen=True, slots=True)
class Granted:
    """A key that some shop posted. `nonce` says which connection it claims to be for; it proves nothing."""

    nonce: str
    key: str
    secret: str

    def given(self, nonce: str) -> Mapping[str, str]:
        """What the installer takes, for the connection that was begun with this nonce. Raises Rejected."""
        if not nonce or not hmac.compare_digest(self.nonce.encode(), nonce.encode()):
            raise Rejected("This key belongs to no connection that was begun here.")
        return {"key": self.key, "secret": self.secret}


def granted(body: bytes) -> Granted:
    """Read what the shop posted. Raises Rejected with a sentence that names no key."""
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
    return Granted(nonce, str(key), str(secret))


def denied(params: Mapping[str, str]) -> bool:
    """Whether the merchant comes back without having approved. A success says nothing: the key comes by itself."""
    return params.get("success") != "1"


def _matches(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None
