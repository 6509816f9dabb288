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
    # The shop has no way to keep units from shipping. A status for waiting orders it has where a plugin brings one.
    capabilities=frozenset(
        {
            Capability.SHOW,
            Capability.LINE_DATE,
            Capability.NOTE,
            Capability.STATUS,
            Capability.SHOPPERS,
            Capability.SELLING,
            Capability.CANCEL,
            Capability.SHIP,
            Capability.PARTS,
        }
    ),
    webhooks=WooWebhooks(),
    installer=WooInstaller(),
    client=WooStore,
    handover=WooHandover(),
)
