"""What a shop gives an app whose tokens end, and what the operator has set for it."""

from datetime import datetime

from connectors.shopify.tokens import CLIENT_ID_SETTING, SECRETS_SETTING
from demo.stores.shopify.oauth import ACCESS_LIVES, REFRESH_LIVES, Refresh
from tests.simulation.shopify_site import ShopifySite


def tokens(site: ShopifySite, now: datetime) -> dict[str, str]:
    """What a merchant's consent gives: an access token for an hour and a refresh token for 90 days."""
    known, ends, over = site.app.office, now + ACCESS_LIVES, now + REFRESH_LIVES
    name = f"{site.name}_{len(known.grants)}_{int(now.timestamp())}"
    known.open_tokens[f"shpat_{name}"] = ends
    site.given.add(f"shpat_{name}")
    known.refresh_tokens[f"shprt_{name}"] = Refresh(over)
    return {
        "access_token": f"shpat_{name}",
        "expires_at": ends.isoformat(),
        "refresh_token": f"shprt_{name}",
        "refresh_expires_at": over.isoformat(),
        "scope": ",".join(known.scopes),
    }


def settings(site: ShopifySite) -> dict[str, str]:
    """What the operator has set for an app whose tokens end."""
    return {CLIENT_ID_SETTING: site.app.office.client_id, SECRETS_SETTING: site.credentials["client_secret"]}
