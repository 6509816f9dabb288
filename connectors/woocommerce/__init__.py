"""WooCommerce."""

from backorder.domain.actions import Capability
from connectors.contract import Platform
from connectors.woocommerce.consent import WooHandover
from connectors.woocommerce.install import WooInstaller
from connectors.woocommerce.store import WooStore
from connectors.woocommerce.webhooks import WooWebhooks

PLATFORM = Platform(
    name="woocommerce",
    label="WooCommerce",
    # A status of our own would need a plugin in the shop, and the shop has no other way to keep units from shipping.
    capabilities=frozenset(
        {
            Capability.SHOW,
            Capability.LINE_DATE,
            Capability.NOTE,
            Capability.SHOPPERS,
            Capability.SELLING,
            Capability.CANCEL,
            Capability.PARTS,
        }
    ),
    webhooks=WooWebhooks(),
    installer=WooInstaller(),
    client=WooStore,
    handover=WooHandover(),
)
