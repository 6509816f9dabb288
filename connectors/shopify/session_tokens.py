"""Session tokens: what the admin hands to a page of ours that it frames, to say which shop it is opened in.

The package checks the signature, the fixed algorithm, the times (10 seconds of leeway, by this machine's clock), the
audience and that issuer and destination agree. It lets tokens pass that never end, and speaks of its faults in several
ways; both are mended here.
"""

from collections.abc import Mapping
from typing import Any

from shopify.session_token import SessionTokenError, decode_from_header

from connectors.shopify.tokens import App, StaleGrant
from connectors.shopify.webhooks import shop_domain

NOT_GOOD = "The session token is not good (any more): open the app again."


def shop_of(token: str, app: App) -> str:
    """The shop that a token is for, once every claim of it was checked with one of the app's secrets.

    Raises StaleGrant, in the same words for all.
    """
    if not token.isascii():
        raise StaleGrant(NOT_GOOD)
    for secret in app.secrets:
        try:
            claims = decode_from_header(f"Bearer {token}", app.client_id, secret)
        except (SessionTokenError, ValueError, TypeError, AttributeError):
            # Signed with another secret, or claims of a kind that the package does not expect.
            continue
        return _checked(claims)
    raise StaleGrant(NOT_GOOD)


def _checked(claims: Mapping[str, Any]) -> str:
    shop = shop_domain(str(claims["dest"]))
    addresses = (claims["iss"], claims["dest"]) == (f"https://{shop}/admin", f"https://{shop}")
    if not shop or not addresses or not isinstance(claims.get("exp"), int | float):
        raise StaleGrant(NOT_GOOD)
    return shop
