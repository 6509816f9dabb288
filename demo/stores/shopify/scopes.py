"""What an app may be allowed."""

EVERY_SCOPE = (
    "read_orders", "write_orders", "read_all_orders", "read_products", "write_products", "read_inventory",
    "write_inventory", "read_locations", "read_customers", "write_order_edits",
    "read_merchant_managed_fulfillment_orders", "write_merchant_managed_fulfillment_orders",
    "read_third_party_fulfillment_orders", "write_third_party_fulfillment_orders", "read_assigned_fulfillment_orders",
    "write_assigned_fulfillment_orders", "read_inventory_shipments", "read_inventory_transfers",
)  # fmt: skip
"""All that the stand-in knows, with what each implies."""
