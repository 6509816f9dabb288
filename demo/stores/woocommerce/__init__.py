"""A stand-in WooCommerce shop: honest about stock, webhooks and everything a connector may stumble over."""

from demo.stores.woocommerce.app import WooShop

__all__ = ["WooShop"]
