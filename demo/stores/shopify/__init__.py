"""A stand-in Shopify shop: real GraphQL over a small part of the real schema, holds that split and merge, webhooks."""

from demo.stores.shopify.app import ShopifyShop

__all__ = ["ShopifyShop"]
