"""Signatures over raw bytes, the same for every platform that signs with a shared secret."""

import base64
import hashlib
import hmac
from collections.abc import Sequence

from backorder.domain.errors import BadSignature


def body_signature(secret: bytes, body: bytes) -> bytes:
    """base64 of HMAC-SHA256 over the body as it came."""
    return base64.b64encode(hmac.new(secret, body, hashlib.sha256).digest())


def check_body_signature(given: str | None, body: bytes, secrets: Sequence[bytes]) -> None:
    """Return where one of the secrets signed the body; raise BadSignature otherwise, in the same words for all.

    Compared as bytes: comparing text raises on a signature that is not ASCII. An empty secret signs nothing.
    """
    offered = (given or "").encode("utf-8", "surrogateescape")
    good = False
    for secret in secrets:
        if secret:
            good |= hmac.compare_digest(offered, body_signature(secret, body))
    if not good:
        raise BadSignature("The signature does not cover the body.")
