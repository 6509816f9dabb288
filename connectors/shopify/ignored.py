"""Topics of Shopify that Waitline does not ask for, with why. They may come all the same: an app's configuration file
can name them.
"""

from collections.abc import Mapping

_ORDERS = "it changes nothing that is owed; what does has topics of its own"
_CUSTOMERS = "of a customer only the tags count, and they have topics of their own"
_PROGRESS = "units stay owed until they are shipped, and then fulfillments/create tells"
_PLANS = "payment is read with the order"
_RETURNS = "a unit that came back is not owed; a new one that is sent instead stands in an order of its own"

LEFT_ALONE: Mapping[str, str] = {
    "bulk_operations/finish": "a bulk query is looked at until it has ended",
    "customer.joined_segment": _CUSTOMERS,
    "customer.left_segment": _CUSTOMERS,
    "customers/create": _CUSTOMERS,
    "customers/delete": _CUSTOMERS,
    "customers/merge": _CUSTOMERS,
    "customers/update": _CUSTOMERS,
    "draft_orders/create": "a draft owes nothing; what becomes of it is an order",
    "draft_orders/delete": "a draft owes nothing; what becomes of it is an order",
    "draft_orders/update": "a draft owes nothing; what becomes of it is an order",
    "fulfillment_events/create": "where a parcel is does not change what is owed",
    "fulfillment_events/delete": "where a parcel is does not change what is owed",
    "fulfillment_orders/cancellation_request_accepted": _PROGRESS,
    "fulfillment_orders/cancellation_request_rejected": _PROGRESS,
    "fulfillment_orders/cancellation_request_submitted": _PROGRESS,
    "fulfillment_orders/fulfillment_request_accepted": _PROGRESS,
    "fulfillment_orders/fulfillment_request_rejected": _PROGRESS,
    "fulfillment_orders/fulfillment_request_submitted": _PROGRESS,
    "fulfillment_orders/fulfillment_service_failed_to_complete": _PROGRESS,
    "fulfillment_orders/line_items_prepared_for_local_delivery": _PROGRESS,
    "fulfillment_orders/line_items_prepared_for_pickup": _PROGRESS,
    "fulfillment_orders/manually_reported_progress_stopped": _PROGRESS,
    "fulfillment_orders/progress_reported": _PROGRESS,
    "inventory_items/create": "an item that nobody ordered is owed to nobody",
    "locations/create": "a new location stocks nothing yet; inventory_levels/connect tells when it does",
    "order_transactions/create": "orders/paid tells that an order is paid",
    "orders/link_requested": _ORDERS,
    "orders/risk_assessment_changed": _ORDERS,
    "orders/shopify_protect_eligibility_changed": _ORDERS,
    "payment_schedules/due": _PLANS,
    "payment_terms/create": _PLANS,
    "payment_terms/delete": _PLANS,
    "payment_terms/update": _PLANS,
    "products/create": "a product that nobody ordered is owed to nobody",
    "products/delete": "inventory_items/delete tells of each of its items",
    "returns/approve": _RETURNS,
    "returns/cancel": _RETURNS,
    "returns/close": _RETURNS,
    "returns/decline": _RETURNS,
    "returns/process": _RETURNS,
    "returns/reopen": _RETURNS,
    "returns/request": _RETURNS,
    "returns/update": _RETURNS,
    "selling_plan_groups/create": _PLANS,
    "selling_plan_groups/delete": _PLANS,
    "selling_plan_groups/update": _PLANS,
    "variants/in_stock": "it tells no quantity and no location; inventory_levels/update comes for each change",
    "variants/out_of_stock": "it tells no quantity and no location; inventory_levels/update comes for each change",
}
