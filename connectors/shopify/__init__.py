"""Shopify: Admin GraphQL, signed webhooks, holds on fulfillment orders."""

from backorder.domain.actions import Capability
from connectors.contract import Platform
from connectors.shopify.app_file import COMMANDS
from connectors.shopify.consent import ShopifyConsent
from connectors.shopify.embedding import ShopifyEmbedding
from connectors.shopify.install import OPERATOR_SETTINGS, ShopifyInstaller
from connectors.shopify.proxy import ShopifyProxy
from connectors.shopify.store import ShopifyStore
from connectors.shopify.webhooks import ShopifyWebhooks

PLATFORM = Platform(
    name="shopify",
    label="Shopify",
    capabilities=frozenset(
        {
            Capability.HOLD,
            Capability.TAG,
            Capability.SHOW,
            Capability.ORDER_NOTE,
            Capability.SHOPPERS,
            Capability.SELLING,
            Capability.CANCEL,
            Capability.MOVE,
            Capability.SHIP,
        }
    ),
    webhooks=ShopifyWebhooks(),
    installer=ShopifyInstaller(),
    client=ShopifyStore,
    consent=ShopifyConsent(),
    embedding=ShopifyEmbedding(),
    operator_settings=OPERATOR_SETTINGS,
    commands=COMMANDS,
    proxy=ShopifyProxy(),
)
