"""What the merchant has to allow: access scopes, computed from what our own queries ask for.

`NEEDED` is computed by the tests from `queries/` and Shopify's access data: of each group one scope is enough. A few
scopes stand in no such group although nothing works without them; `BEYOND` says why they are asked for.
"""

from collections.abc import Collection, Iterable, Mapping

from shopify import ApiAccess

from backorder.domain.errors import PermanentFailure

MANDATORY: Mapping[str, str] = {
    "read_orders": "read which orders wait",
    "write_orders": "put its tags and its record on orders",
    "read_products": "tell goods apart",
    "read_inventory": "read stock",
    "read_locations": "tell locations apart",
    "read_merchant_managed_fulfillment_orders": "read what is still to be shipped from where",
    "write_merchant_managed_fulfillment_orders": "hold what has no stock yet, release it, and record parcels",
}
"""Scopes without which nothing works, and what each is for."""

OPTIONAL: Mapping[str, str] = {
    "read_customers": (
        "Head starts by customer tag and customers' names are off: Waitline may not read customers (read_customers)."
    ),
    "read_inventory_shipments": (
        "Dates of goods on the way are not taken from Shopify: Waitline may not read shipments "
        "(read_inventory_shipments)."
    ),
    "read_inventory_transfers": (
        "Goods on the way are not taken from Shopify: Waitline may not read transfers (read_inventory_transfers)."
    ),
    "write_third_party_fulfillment_orders": (
        "Goods that a fulfilment service ships are left out: Waitline may not see its orders "
        "(write_third_party_fulfillment_orders)."
    ),
    "read_all_orders": "Orders placed more than 60 days ago are left out: Waitline may not see them (read_all_orders).",
    "write_products": (
        "What shoppers are told on product pages, and the switch for selling, are off: Waitline may not write to "
        "products (write_products)."
    ),
}
"""Scopes of one feature each, and the sentence that says what is off without it."""

BEYOND: Mapping[str, str] = {
    "write_orders": "tags and metafields of orders, whose mutations the access data leaves out",
    "read_locations": "the webhooks about locations",
    "read_all_orders": "a limit of age, not of a type or field",
}
"""Scopes that are asked for although no query names them in the access data, and why."""

_WORK = frozenset(
    {
        "read_assigned_fulfillment_orders",
        "read_merchant_managed_fulfillment_orders",
        "read_third_party_fulfillment_orders",
    }
)
NEEDED: frozenset[frozenset[str]] = frozenset(
    {
        _WORK,
        _WORK | {"read_marketplace_fulfillment_orders"},
        _WORK | {"read_marketplace_fulfillment_orders", "read_marketplace_orders", "read_orders"},
        frozenset({"read_customers"}),
        frozenset({"read_inventory"}),
        frozenset({"read_inventory", "read_locations", "read_markets_home"}),
        frozenset({"read_inventory_shipments"}),
        frozenset({"read_inventory_transfers"}),
        frozenset({"read_inventory", "read_products"}),
        frozenset({"read_marketplace_orders", "read_orders"}),
        frozenset({"read_marketplace_orders", "read_orders", "read_quick_sale"}),
        frozenset({"read_orders"}),
        frozenset({"read_products"}),
        frozenset({"write_marketplace_orders", "write_orders"}),
        frozenset(
            {
                "write_marketplace_orders",
                "write_orders",
                "write_pos_staff_member_event_attribution_overrides",
                "write_quick_sale",
            }
        ),
        frozenset({"write_products"}),
        frozenset({"write_merchant_managed_fulfillment_orders", "write_third_party_fulfillment_orders"}),
        frozenset(
            {
                "write_assigned_fulfillment_orders",
                "write_merchant_managed_fulfillment_orders",
                "write_third_party_fulfillment_orders",
            }
        ),
        frozenset(
            {
                "write_marketplace_fulfillment_orders",
                "write_merchant_managed_fulfillment_orders",
                "write_third_party_fulfillment_orders",
            }
        ),
    }
)
"""What our queries need, as computed; a test computes it anew."""

TO_ASK = tuple(sorted(ApiAccess([*MANDATORY])))
"""The mandatory scopes without those that a write scope implies."""
TO_ASK_ALSO = tuple(sorted(OPTIONAL))


def lacking(granted: Collection[str], wanted: Iterable[str]) -> list[str]:
    """Those of the wanted scopes that the granted ones do not cover; who may write may read."""
    access = ApiAccess([scope for scope in granted if scope.startswith(("read_", "write_"))])
    return [scope for scope in wanted if not access.covers(ApiAccess([scope]))]


def missing_features(granted: Collection[str]) -> tuple[str, ...]:
    """What is off with these scopes, a sentence each. Raises PermanentFailure where a mandatory one is missing."""
    missing = lacking(granted, MANDATORY)
    if missing:
        told = ", ".join(f"{scope} (to {MANDATORY[scope]})" for scope in missing)
        raise PermanentFailure(f"Waitline is not allowed all that it cannot work without: {told}. Allow it in Shopify.")
    return tuple(OPTIONAL[scope] for scope in lacking(granted, OPTIONAL))
