"""What the Admin API tells of a shop's state: trees of values for the GraphQL executor."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from demo.stores.shopify.graph import Tree, connection
from demo.stores.shopify.state import (
    Customer,
    Figures,
    Hold,
    Line,
    Order,
    Product,
    Refund,
    Shipment,
    Shop,
    Subscription,
    Units,
    Work,
    WorkLine,
)

_GID = re.compile(r"gid://shopify/(\w+)/(\d+)")
_SINCE = re.compile(r"updated_at:>='([^']+)'")


def gid(kind: str, number: int) -> str:
    """The global id of a thing of that kind."""
    return f"gid://shopify/{kind}/{number}"


def named(given: str) -> tuple[str, int]:
    """The kind and number that a global id names."""
    found = _GID.match(given)
    return (found[1], int(found[2])) if found else ("", 0)


def at(moment: datetime) -> str:
    """A moment as the Admin API writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Answers:
    """The query side of a shop. `page_limit` makes every list come in more pages than it needs."""

    def __init__(self, shop: Shop, page_limit: int = 250) -> None:
        self.shop = shop
        self._limit = page_limit

    def root(self) -> Tree:
        """The fields of the query root."""
        return {
            "shop": {
                "id": gid("Shop", 1),
                "name": self.shop.name,
                "currencyCode": self.shop.currency,
                "ianaTimezone": self.shop.timezone,
            },
            "node": lambda _info, id: self._node(id),
            "nodes": lambda _info, ids: [self._node(each) for each in ids],
            "orders": self._orders,
            "inventoryItems": connection(list(self.shop.products.values()), self._item, self._limit),
            "webhookSubscriptions": connection(list(self.shop.subscriptions.values()), subscription_tree, self._limit),
        }

    def _orders(self, info: Any, query: str = "", **page: Any) -> Tree:
        """Always by the time of the last change: the one order that is asked for."""
        found = sorted(self.shop.orders.values(), key=lambda order: (order.updated, order.id))
        since = _SINCE.search(query)
        if since:
            found = [order for order in found if order.updated >= datetime.fromisoformat(since[1])]
        if "status:open" in query:
            found = [order for order in found if order.cancelled is None]
        return connection(found, self._order, self._limit)(info, **page)

    def _node(self, given: str) -> Tree | None:
        kind, number = named(given)
        found = self._finders().get(kind)
        return found(number) if found else None

    def _finders(self) -> dict[str, Callable[[int], Tree | None]]:
        return {
            "Order": lambda number: self._order(self.shop.orders[number]) if number in self.shop.orders else None,
            "InventoryItem": lambda number: (
                self._item(self.shop.products[number]) if number in self.shop.products else None
            ),
            "FulfillmentOrder": self._work_by_id,
            "Fulfillment": lambda number: self._first(
                self._shipment(shipment)
                for order in self.shop.orders.values()
                for shipment in order.shipments
                if shipment.id == number
            ),
            "Refund": lambda number: self._first(
                self._refund(refund)
                for order in self.shop.orders.values()
                for refund in order.refunds
                if refund.id == number
            ),
        }

    def _work_by_id(self, number: int) -> Tree | None:
        found = self.shop.work(number)
        return self.work(found[1]) if found else None

    @staticmethod
    def _first(trees: Any) -> Tree | None:
        found: Tree | None = next(iter(trees), None)
        return found

    def _order(self, order: Order) -> Tree:
        return {
            "__typename": "Order",
            "id": gid("Order", order.id),
            "name": order.name,
            "createdAt": at(order.created),
            "updatedAt": at(order.updated),
            "cancelledAt": at(order.cancelled) if order.cancelled else None,
            "displayFinancialStatus": order.financial or None,
            "displayFulfillmentStatus": order.fulfillment,
            "currencyCode": order.currency,
            "email": order.email or None,
            "tags": list(order.tags),
            "customer": customer_tree(order.customer) if order.customer else None,
            "metafield": lambda _info, key, namespace=None: (
                {"id": gid("Metafield", order.id), "value": order.metafield}
                if order.metafield is not None and (namespace, key) == ("$app", "backorder")
                else None
            ),
            "lineItems": connection(order.lines, self._line, self._limit),
            "fulfillmentOrders": connection(order.works, self.work, self._limit),
            "fulfillments": lambda _info, first=250: [self._shipment(each) for each in order.shipments[:first]],
            "refunds": lambda _info, first=250: [self._refund(each) for each in order.refunds[:first]],
        }

    def _line(self, line: Line) -> Tree:
        price = {"shopMoney": {"amount": str(line.price)}}
        return {
            "id": gid("LineItem", line.id),
            "title": line.title,
            "variantTitle": None,
            "sku": line.sku or None,
            "vendor": line.vendor,
            "quantity": line.quantity,
            "currentQuantity": line.current,
            "requiresShipping": line.requires_shipping,
            "isGiftCard": line.gift_card,
            "variant": self._variant(line.product) if line.product else None,
            "discountedUnitPriceAfterAllDiscountsSet": price,
            "priceAfterAllDiscountsBeforeTaxesSet": {"shopMoney": {"amount": str(line.price * line.current)}},
        }

    def _variant(self, product: Product) -> Tree:
        return {
            "id": gid("ProductVariant", product.variant),
            "title": "Default Title",
            "product": {"id": gid("Product", product.id), "title": product.title},
            "inventoryItem": lambda _info: self._item(product),
        }

    def work(self, work: Work) -> Tree:
        """A fulfillment order."""
        return {
            "__typename": "FulfillmentOrder",
            "id": gid("FulfillmentOrder", work.id),
            "status": work.status,
            "supportedActions": [{"action": action} for action in work.actions],
            "assignedLocation": {"location": {"id": gid("Location", work.location)} if work.location else None},
            "fulfillmentHolds": [hold_tree(hold) for hold in work.holds],
            "lineItems": connection(work.lines, self._work_line, self._limit),
        }

    def _work_line(self, line: WorkLine) -> Tree:
        return {
            "id": gid("FulfillmentOrderLineItem", line.id),
            "remainingQuantity": line.remaining,
            "lineItem": self._line(line.line),
        }

    def _shipment(self, shipment: Shipment) -> Tree:
        return {
            "__typename": "Fulfillment",
            "id": gid("Fulfillment", shipment.id),
            "status": shipment.status,
            "fulfillmentLineItems": connection(shipment.lines, self._units, self._limit),
        }

    def _refund(self, refund: Refund) -> Tree:
        return {
            "__typename": "Refund",
            "id": gid("Refund", refund.id),
            "refundLineItems": connection(refund.lines, self._units, self._limit),
        }

    def _units(self, units: Units) -> Tree:
        return {
            "id": gid("FulfillmentLineItem", units.id),
            "quantity": units.quantity,
            "restockType": units.restock or None,
            "lineItem": self._line(units.line),
        }

    def _item(self, product: Product) -> Tree:
        return {
            "__typename": "InventoryItem",
            "id": gid("InventoryItem", product.item),
            "sku": product.sku or None,
            "tracked": product.tracked,
            "variants": connection([product], self._variant, self._limit),
            "inventoryLevels": connection(
                sorted(self.shop.levels(product.item).items()),
                lambda level: level_tree(product.item, *level),
                self._limit,
            ),
        }


def level_tree(item: int, place: int, figures: Figures) -> Tree:
    """The stock of an item at a location."""
    id = f"{gid('InventoryLevel', place)}?inventory_item_id={item}"
    amounts = {
        "available": figures.available,
        "committed": figures.committed,
        "on_hand": figures.on_hand,
        "incoming": figures.incoming,
    }
    return {
        "id": id,
        "location": {"id": gid("Location", place)},
        "quantities": lambda _info, names: [
            {"id": f"{id}&name={name}", "name": name, "quantity": amounts[name]} for name in names
        ],
    }


def customer_tree(customer: Customer) -> Tree:
    """Who ordered."""
    return {"id": gid("Customer", customer.id), "displayName": customer.name}


def hold_tree(hold: Hold) -> Tree:
    """A hold."""
    return {"id": gid("FulfillmentHold", hold.id), "handle": hold.handle, "heldByRequestingApp": hold.by_app}


def subscription_tree(subscription: Subscription) -> Tree:
    """A webhook subscription."""
    return {
        "id": gid("WebhookSubscription", subscription.id),
        "topic": subscription.topic,
        "uri": subscription.uri,
    }
