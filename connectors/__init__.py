"""The platforms that Waitline knows: one literal table. A third platform is a folder and a line here."""

from connectors.contract import Platform
from connectors.shopify import PLATFORM as SHOPIFY
from connectors.woocommerce import PLATFORM as WOOCOMMERCE

PLATFORMS: dict[str, Platform] = {
    "shopify": SHOPIFY,
    "woocommerce": WOOCOMMERCE,
}


def get(name: str) -> Platform:
    """The platform of that name; raises KeyError where there is none."""
    return PLATFORMS[name]
