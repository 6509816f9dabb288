"""What is told of parcels, done wrongly. Each is put in the place of the right one for the length of a run."""

import secrets
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

from backorder.domain.errors import OutcomeUnknown, TemporaryFailure
from connectors.contract import Dispatch
from connectors.shopify import shipping
from connectors.shopify.store import ShopifyStore
from connectors.woocommerce import shipping as in_woo
from connectors.woocommerce.store import WooStore

shopify_ship = ShopifyStore.ship
woo_ship = WooStore.ship
_woo_body = in_woo._body


def key_for_each_try(order_id: int, parcel: Any, _key: str, **how: Any) -> Dispatch:
    return Dispatch(order_id, parcel, f"waitline-{secrets.token_hex(16)}", **how)


def again_in_shopify(self: Any, wanted: Dispatch) -> None:
    """Nobody looks for what an earlier try did."""
    with patch.object(shipping, "_recorded", lambda *_: iter(())):
        shopify_ship(self, wanted)


def again_in_woocommerce(self: Any, wanted: Dispatch) -> None:
    if wanted.begun:
        self._shop.post(in_woo.Fulfilment, in_woo.route(wanted), _woo_body(wanted.parcel, wanted.key))
    else:
        woo_ship(self, wanted)


def hopeful(ship: Callable[..., None]) -> Callable[..., None]:
    def shipped(self: Any, wanted: Dispatch) -> None:
        try:
            ship(self, wanted)
        except (TemporaryFailure, OutcomeUnknown):
            return

    return shipped
