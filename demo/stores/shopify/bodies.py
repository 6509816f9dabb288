"""Webhook bodies, in the shape that Shopify gives them: snake_case, numbers as ids, the shop's own time zone."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from demo.stores.shopify.names import gid
from demo.stores.shopify.state import Figures, Hold, Line, Order, Product, Refund, Shipment, Shop, Units, Work, WorkLine

Body = dict[str, Any]


class Bodies:
    """What a shop writes about itself."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    def order(self, order: Order) -> Body:
        """An order, as all order topics but the edit carry it."""
        first, _, last = (order.customer.name if order.customer else "").partition(" ")
        return {
            "id": order.id,
            "admin_graphql_api_id": gid("Order", order.id),
            "name": order.name,
            "created_at": self._at(order.created),
            "updated_at": self._at(order.updated),
            "cancelled_at": self._at(order.cancelled) if order.cancelled else None,
            "cancel_reason": "inventory" if order.cancelled else None,
            "currency": order.currency,
            "presentment_currency": order.paid_in or order.currency,
            "email": order.email,
            "contact_email": order.email or None,
            "financial_status": order.financial.lower(),
            "fulfillment_status": {"FULFILLED": "fulfilled", "PARTIALLY_FULFILLED": "partial"}.get(order.fulfillment),
            "tags": ", ".join(order.tags),
            "note": order.note or None,
            "test": order.test,
            "source_name": order.source,
            "shipping_lines": [{"title": "Standard", "code": "Standard"}] if order.source == "web" else [],
            "taxes_included": False,
            "customer": {
                "id": order.customer.id,
                "email": order.customer.email,
                "first_name": first,
                "last_name": last,
            }
            if order.customer
            else None,
            "line_items": [self.line(order, line) for line in order.lines],
            "fulfillments": [self.fulfillment(order, shipment) for shipment in order.shipments],
            "refunds": [self.refund(order, refund) for refund in order.refunds],
        }

    def line(self, order: Order, line: Line) -> Body:
        """An order line. `fulfillable_quantity` falls while units are held, as Shopify's does."""
        free = sum(
            part.remaining
            for work in order.works
            if work.open and not work.holds
            for part in work.lines
            if part.line is line
        )
        return {
            "id": line.id,
            "admin_graphql_api_id": gid("LineItem", line.id),
            "title": line.title,
            "variant_title": None,
            "sku": line.sku,
            "vendor": line.vendor,
            "variant_id": line.product.variant if line.product else None,
            "product_id": line.product.id if line.product else None,
            "product_exists": line.product is not None,
            "variant_inventory_management": "shopify" if line.product and line.product.tracked else None,
            "quantity": line.quantity,
            "current_quantity": line.current,
            "fulfillable_quantity": free,
            "requires_shipping": line.requires_shipping,
            "gift_card": line.gift_card,
            "price": str(line.price),
            "total_discount": "0.00",
            "discount_allocations": [],
            "tax_lines": [],
            "properties": [],
        }

    def fulfillment(self, order: Order, shipment: Shipment) -> Body:
        """A shipment."""
        return {
            "id": shipment.id,
            "admin_graphql_api_id": gid("Fulfillment", shipment.id),
            "order_id": order.id,
            "status": shipment.status.lower(),
            "created_at": self._at(shipment.created),
            "updated_at": self._at(shipment.created),
            "location_id": shipment.location,
            "line_items": [{"id": units.line.id, "quantity": units.quantity} for units in shipment.lines],
        }

    def refund(self, order: Order, refund: Refund) -> Body:
        """A refund."""
        return {
            "id": refund.id,
            "admin_graphql_api_id": gid("Refund", refund.id),
            "order_id": order.id,
            "created_at": self._at(refund.created),
            "restock": any(units.restock in ("RETURN", "CANCEL") for units in refund.lines),
            "refund_line_items": [
                {
                    "id": units.id,
                    "line_item_id": units.line.id,
                    "quantity": units.quantity,
                    "location_id": units.location,
                    "restock_type": units.restock.lower(),
                }
                for units in refund.lines
            ],
        }

    def edit(self, order: Order, added: list[Units], removed: list[Units]) -> Body:
        """An order edit: only what was added and taken out."""
        return {
            "order_edit": {
                "order_id": order.id,
                "committed_at": self._at(order.updated),
                "line_items": {
                    "additions": [{"id": units.line.id, "delta": units.quantity} for units in added],
                    "removals": [{"id": units.line.id, "delta": units.quantity} for units in removed],
                },
            }
        }

    def level(self, item: int, place: int, figures: Figures, now: datetime) -> Body:
        """The stock of an item at a location: of the figures only what is available."""
        return {
            "inventory_item_id": item,
            "location_id": place,
            "available": figures.available,
            "updated_at": self._at(now),
            "admin_graphql_api_id": f"{gid('InventoryLevel', place)}?inventory_item_id={item}",
        }

    def deleted_item(self, product: Product) -> Body:
        """An inventory item that is gone."""
        return {"id": product.item, "admin_graphql_api_id": gid("InventoryItem", product.item)}

    def connected(self, item: int, place: int, now: datetime) -> Body:
        """An item is stocked at one more location."""
        return {
            "inventory_item_id": item,
            "location_id": place,
            "available": None,
            "updated_at": self._at(now),
            "admin_graphql_api_id": f"{gid('InventoryLevel', place)}?inventory_item_id={item}",
        }

    def work(self, work: Work) -> Body:
        """A fulfillment order: the body does not name the order."""
        return {"fulfillment_order": _work(work)}

    def split(self, work: Work, rest: Work) -> Body:
        """A fulfillment order kept some of its units; the others are in a new one."""
        return {
            "split_line_items": [_part(part) for part in work.lines],
            "fulfillment_order": _work(work),
            "remaining_fulfillment_order": _work(rest),
        }

    def merged(self, work: Work, others: list[Work]) -> Body:
        """Several fulfillment orders became one."""
        return {
            "merge_intents": [
                {"fulfillment_order_id": each.id, "fulfillment_order_line_items": []} for each in [work, *others]
            ],
            "fulfillment_order_merges": {"fulfillment_order": _work(work)},
        }

    def moved(self, original: Work, moved: Work, source: int) -> Body:
        """Another location ships it."""
        return {
            "original_fulfillment_order": {
                **_work(original),
                "assigned_location_id": gid("Location", original.location),
            },
            "moved_fulfillment_order": {**_work(moved), "assigned_location_id": gid("Location", moved.location)},
            "destination_location_id": gid("Location", moved.location),
            "fulfillment_order_line_items_requested": [_part(part) for part in moved.lines],
            "source_location": {"id": gid("Location", source)},
        }

    def placed_on_hold(self, work: Work, rest: Work | None, new: Hold) -> Body:
        """The first hold of a fulfillment order."""
        return {
            "fulfillment_order": {**_work(work), "fulfillment_holds": [_hold(hold) for hold in work.holds]},
            "remaining_fulfillment_order": _work(rest) if rest else None,
            "held_fulfillment_order_line_items": [_part(part) for part in work.lines],
            "created_fulfillment_hold": _hold(new),
        }

    def hold(self, work: Work, hold: Hold) -> Body:
        """A hold that was added or released."""
        return {
            "fulfillment_order": {"id": gid("FulfillmentOrder", work.id)},
            "fulfillment_hold": _hold(hold),
        }

    def _at(self, moment: datetime) -> str:
        return moment.astimezone(ZoneInfo(self._shop.timezone)).isoformat(timespec="seconds")


def _work(work: Work) -> Body:
    return {"id": gid("FulfillmentOrder", work.id), "status": work.status.lower()}


def _part(part: WorkLine) -> Body:
    return {"id": gid("FulfillmentOrderLineItem", part.id), "quantity": part.remaining}


def _hold(hold: Hold) -> Body:
    return {
        "id": gid("FulfillmentHold", hold.id),
        "reason": hold.reason.lower(),
        "reason_notes": hold.notes,
        "held_by_requesting_app": hold.by_app,
        "handle": hold.handle,
    }
