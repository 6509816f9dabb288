"""Sealing what must not be read from a stolen database: store credentials. Hashing what we only need to recognise."""

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from backorder.domain.errors import PermanentFailure


class Sealer:
    """Seals with the newest key, opens with any: a new key goes in front, the old one stays until all is resealed."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._fernet = MultiFernet([Fernet(_fernet_key(key)) for key in keys])

    def seal(self, content: Mapping[str, str]) -> str:
        """The content as text that only our keys open."""
        return self._fernet.encrypt(json.dumps(dict(content)).encode()).decode()

    def open(self, sealed: str) -> dict[str, str]:
        """The content. Raises PermanentFailure where none of the keys fits."""
        try:
            content: dict[str, str] = json.loads(self._fernet.decrypt(sealed.encode()))
        except InvalidToken:
            raise PermanentFailure("The stored credentials cannot be opened with WAITLINE_SECRET_KEYS.") from None
        return content


def _fernet_key(key: str) -> bytes:
    """Any text makes a key; 32 random bytes are the operator's business."""
    return base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest())


def new_token() -> str:
    """256 random bits that fit in a URL."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """How a token is recognised without being kept."""
    return hashlib.sha256(token.encode()).hexdigest()
