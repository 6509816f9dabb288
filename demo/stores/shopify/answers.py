"""What the Admin API tells of a shop's state: trees of values for the GraphQL executor."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, TypeVar

from demo.stores.shopify.app_trees import definition_tree, subscription_tree
from demo.stores.shopify.graph import Tree, connection, refused
from demo.stores.shopify.names import at, gid, item_of_level, level_gid, named, namespace
from demo.stores.shopify.names import namespace as full_name
from demo.stores.shopify.refunds import suggested_refund
from demo.stores.shopify.search import behind, counted, cursor, searched
from demo.stores.shopify.shipments import OnTheWay
from demo.stores.shopify.state import (
    Customer,
    Figures,
    Hold,
    Line,
    Metafield,
    Order,
    Product,
    Refund,
    Shipment,
    Shop,
    Units,
    Work,
    WorkLine,
)

__all__ = ["Answers", "gid", "named"]

T = TypeVar("T")

RECENT = timedelta(days=60)
"""How far back an app sees orders that has no scope `read_all_orders`."""


class Answers:
    """The query side of a shop. `page_limit` makes every list come in more pages than it needs. With a `clock`, orders
    older than 60 days are not there, as for an app without the scope `read_all_orders`.
    """

    def __init__(
        self,
        shop: Shop,
        page_limit: int = 250,
        clock: Callable[[], datetime] | None = None,
        on_the_way: OnTheWay | None = None,
    ) -> None:
        self.shop = shop
        self._on_the_way = on_the_way
        self._limit = page_limit
        self._clock = clock

    def root(self) -> Tree:
        """The fields of the query root."""
        return {
            "shop": lambda _asked: {
                "id": gid("Shop", 1),
                "name": self.shop.name,
                "currencyCode": self.shop.currency,
                "ianaTimezone": self.shop.timezone,
            },
            "currentAppInstallation": lambda _asked: {
                "id": gid("AppInstallation", 1),
                "accessScopes": [
                    {"handle": scope, "description": scope.replace("_", " ")} for scope in self.shop.scopes
                ],
            },
            "node": lambda _asked, id: self.node(id),
            "nodes": lambda _asked, ids: [self.node(each) for each in ids],
            "order": lambda _asked, id: self.node(id),
            "fulfillmentOrder": lambda _asked, id: self.node(id),
            "inventoryItem": lambda _asked, id: self.node(id),
            "inventoryLevel": lambda _asked, id: self.node(id),
            "orders": self._orders,
            "ordersCount": lambda _asked, **search: counted(self._found(search.get("query", "")), search.get("limit")),
            "inventoryItems": self._paged(lambda: self.shop.products.values(), self._item),
            "metafieldDefinitions": self._definitions,
            "inventoryTransfers": connection([], dict, self._limit),
            "locations": self._paged(lambda: self.shop.locations, self._location),
            "webhookSubscriptions": self._paged(lambda: self.shop.subscriptions.values(), subscription_tree),
        }

    def _paged(self, entries: Callable[[], Iterable[T]], tree: Callable[[T], Tree]) -> Callable[..., Tree]:
        def page(asked: Any, **given: Any) -> Tree:
            return connection(list(entries()), tree, self._limit)(asked, **given)

        return page

    def _definitions(self, asked: Any, ownerType: str, namespace: str | None = None, **page: Any) -> Tree:
        found = [
            each
            for each in self.shop.definitions
            if each.owner == ownerType and (namespace is None or each.namespace == full_name(namespace))
        ]
        return connection(found, definition_tree, self._limit)(asked, **page)

    def _orders(self, info: Any, query: str = "", after: str | None = None, **page: Any) -> Tree:
        """Always by the time of the last change: the one order that is asked for."""
        left = behind(self._found(query), after)
        return connection(left, self.order, self._limit, cursor)(info, after=after, **page)

    def _found(self, query: str) -> list[Order]:
        return searched(query, (order for order in self.shop.orders.values() if self._seen(order)))

    def node(self, given: str) -> Tree | None:
        """The thing of that id, if the shop has it and the app may see it."""
        kind, number = named(given)
        if kind == "Order":
            order = self.shop.orders.get(number)
            tree = self.order(order) if order and self._seen(order) else None
            return {**tree, "name": _broken} if tree and number in self.shop.broken else tree
        if kind == "InventoryItem":
            return self._item(self.shop.products[number]) if number in self.shop.products else None
        if kind == "ProductVariant":
            product = self.shop.variant(number)
            return self._variant(product) if product else None
        if kind == "InventoryLevel":
            return self._level_by_id(number, item_of_level(given))
        if kind in ("InventoryTransfer", "InventoryShipment") and self._on_the_way is not None:
            return self._on_the_way.node(kind, number)
        if kind == "FulfillmentOrder":
            found = self.shop.work(number)
            return self.work(*found) if found and self._seen(found[0]) else None
        if kind == "Fulfillment":
            shipments = ((order, each) for order in self._orders_seen() for each in order.shipments)
            return next((self._shipment(*pair) for pair in shipments if pair[1].id == number), None)
        if kind == "Refund":
            refunds = ((order, each) for order in self._orders_seen() for each in order.refunds)
            return next((self.refund(*pair) for pair in refunds if pair[1].id == number), None)
        return None

    def _orders_seen(self) -> Iterator[Order]:
        return (order for order in self.shop.orders.values() if self._seen(order))

    def _seen(self, order: Order) -> bool:
        return self._clock is None or order.created > self._clock() - RECENT

    def _level_by_id(self, place: int, item: int) -> Tree | None:
        if item not in self.shop.products:
            return None
        figures = self.shop.levels(item).get(place)
        return self.level(self.shop.products[item], place, figures) if figures else None

    def _location(self, place: int) -> Tree:
        return {"__typename": "Location", "id": gid("Location", place), "name": self.shop.locations.get(place, "")}

    def order(self, order: Order) -> Tree:
        """An order."""
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
            "presentmentCurrencyCode": order.paid_in or order.currency,
            "email": order.email or None,
            "tags": list(order.tags),
            "note": order.note or None,
            "test": order.test,
            "sourceName": order.source,
            "customer": lambda _asked: self._customer(order),
            "shippingLine": None,
            "customAttributes": [],
            "cancellation": {"staffNote": order.staff_note or None} if order.cancelled else None,
            "suggestedRefund": lambda _asked, **given: suggested_refund(order, given.get("refundLineItems") or ()),
            "metafield": lambda _asked, key, **given: self._metafield(order, given.get("namespace"), key),
            "lineItems": connection(order.lines, lambda line: self._line(order, line), self._limit),
            "fulfillmentOrders": connection(order.works, lambda work: self.work(order, work), self._limit),
            "fulfillments": lambda _asked, first=250: [self._shipment(order, each) for each in order.shipments[:first]],
            "refunds": lambda _asked, first=250: [self.refund(order, each) for each in order.refunds[:first]],
        }

    def _customer(self, order: Order) -> Tree | None:
        if "read_customers" not in self.shop.scopes:
            raise refused(
                "Access denied for customer field. Required access: `read_customers` access scope.",
                "ACCESS_DENIED",
                documentation="https://shopify.dev/api/usage/access-scopes",
                requiredAccess="`read_customers` access scope.",
            )
        return customer_tree(order.customer) if order.customer else None

    def _metafield(self, owner: Order | Product, space: str | None, key: str) -> Tree | None:
        found = owner.metafields.get((namespace(space), key))
        return metafield_tree(found) if found else None

    def _line(self, order: Order, line: Line) -> Tree:
        price = {"shopMoney": {"amount": str(line.price)}}
        return {
            "__typename": "LineItem",
            "id": gid("LineItem", line.id),
            "title": line.title,
            "variantTitle": None,
            "sku": line.sku or None,
            "vendor": line.vendor,
            "quantity": line.quantity,
            "currentQuantity": line.current,
            "fulfillableQuantity": lambda _asked: _free(order, line),
            "requiresShipping": line.requires_shipping,
            "isGiftCard": line.gift_card,
            "variant": self._variant(line.product) if line.product else None,
            "discountedUnitPriceAfterAllDiscountsSet": price,
            "priceAfterAllDiscountsBeforeTaxesSet": {"shopMoney": {"amount": str(line.price * line.current)}},
        }

    def _variant(self, product: Product) -> Tree:
        return {
            "__typename": "ProductVariant",
            "id": gid("ProductVariant", product.variant),
            "title": "Default Title",
            "inventoryPolicy": product.policy,
            "metafield": lambda _asked, key, **given: self._metafield(product, given.get("namespace"), key),
            "product": {
                "__typename": "Product",
                "id": gid("Product", product.id),
                "title": product.title,
                "vendor": product.vendor,
                "tags": list(product.tags),
            },
            "inventoryItem": lambda _asked: self._item(product),
        }

    def work(self, order: Order, work: Work) -> Tree:
        """A fulfillment order."""
        return {
            "__typename": "FulfillmentOrder",
            "id": gid("FulfillmentOrder", work.id),
            "status": work.status,
            "requestStatus": "UNSUBMITTED",
            "updatedAt": at(order.updated),
            "order": lambda _asked: self.order(order),
            "supportedActions": [{"action": action} for action in work.actions],
            "assignedLocation": {
                "name": self.shop.locations.get(work.location, ""),
                "location": self._location(work.location) if work.location else None,
            },
            "fulfillmentHolds": [hold_tree(hold) for hold in work.holds],
            "lineItems": connection(work.lines, lambda part: self._work_line(order, part), self._limit),
        }

    def _work_line(self, order: Order, part: WorkLine) -> Tree:
        return {
            "__typename": "FulfillmentOrderLineItem",
            "id": gid("FulfillmentOrderLineItem", part.id),
            "totalQuantity": part.total,
            "remainingQuantity": part.remaining,
            "lineItem": lambda _asked: self._line(order, part.line),
        }

    def _shipment(self, order: Order, shipment: Shipment) -> Tree:
        return {
            "__typename": "Fulfillment",
            "id": gid("Fulfillment", shipment.id),
            "status": shipment.status,
            "trackingInfo": lambda _asked, first=250: shipment.tracking[:first],
            "fulfillmentLineItems": connection(shipment.lines, lambda units: self._units(order, units), self._limit),
        }

    def refund(self, order: Order, refund: Refund) -> Tree:
        """A refund."""
        return {
            "__typename": "Refund",
            "id": gid("Refund", refund.id),
            "note": refund.note or None,
            "refundLineItems": connection(refund.lines, lambda units: self._units(order, units), self._limit),
        }

    def _units(self, order: Order, units: Units) -> Tree:
        return {
            "id": gid("FulfillmentLineItem", units.id),
            "quantity": units.quantity,
            "restockType": units.restock or None,
            "lineItem": lambda _asked: self._line(order, units.line),
        }

    def _item(self, product: Product) -> Tree:
        return {
            "__typename": "InventoryItem",
            "id": gid("InventoryItem", product.item),
            "sku": product.sku or None,
            "tracked": product.tracked,
            "variants": connection([product], self._variant, self._limit),
            "inventoryLevels": lambda asked, **page: connection(
                sorted(self.shop.levels(product.item).items()),
                lambda level: self.level(product, *level),
                self._limit,
            )(asked, **page),
        }

    def level(self, product: Product, place: int, figures: Figures) -> Tree:
        """The stock of an item at a location."""
        id = level_gid(place, product.item)
        amounts = {
            "available": figures.available,
            "committed": figures.committed,
            "on_hand": figures.on_hand,
            "incoming": figures.incoming,
            **dict.fromkeys(NOT_FOR_SALE, 0),
            **{name: units for (where, name), units in product.set_aside.items() if where == place},
        }

        def quantities(_asked: Any, names: list[str]) -> list[Tree]:
            wrong = [name for name in names if name not in amounts]
            if wrong:
                raise refused(f"The specified quantity name is invalid: {wrong[0]}.", "BAD_REQUEST")
            return [{"id": f"{id}&name={name}", "name": name, "quantity": amounts[name]} for name in names]

        return {
            "__typename": "InventoryLevel",
            "id": id,
            "location": self._location(place),
            "quantities": quantities,
        }


NOT_FOR_SALE = ("damaged", "quality_control", "reserved", "safety_stock")
"""Names of units that are there and cannot be sold."""


def _free(order: Order, line: Line) -> int:
    """Units that could be shipped now: held ones do not count."""
    free = [work for work in order.works if work.open and not work.holds]
    return sum(part.remaining for work in free for part in work.lines if part.line is line)


def customer_tree(customer: Customer) -> Tree:
    """Who ordered."""
    return {
        "__typename": "Customer",
        "id": gid("Customer", customer.id),
        "displayName": customer.name,
        "tags": list(customer.tags),
    }


def metafield_tree(found: Metafield) -> Tree:
    """A value kept at an order."""
    return {
        "__typename": "Metafield",
        "id": gid("Metafield", found.id),
        "namespace": found.namespace,
        "key": found.key,
        "type": found.type,
        "value": found.value,
    }


def hold_tree(hold: Hold) -> Tree:
    """A hold."""
    return {
        "__typename": "FulfillmentHold",
        "id": gid("FulfillmentHold", hold.id),
        "handle": hold.handle,
        "reason": hold.reason,
        "reasonNotes": hold.notes,
        "displayReason": hold.reason.replace("_", " ").capitalize(),
        "heldByRequestingApp": hold.by_app,
        "heldByApp": _no_apps,
    }


def _broken(_asked: Any) -> str:
    raise refused("Internal error. Looks like something went wrong on our end.", "INTERNAL_SERVER_ERROR")


def _no_apps(_asked: Any) -> Tree:
    raise refused(
        "Access denied for heldByApp field. Required access: `read_apps` access scope.",
        "ACCESS_DENIED",
        documentation="https://shopify.dev/api/usage/access-scopes",
        requiredAccess="`read_apps` access scope.",
    )
