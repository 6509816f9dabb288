"""What the stand-in shop knows: products with stock by location, orders with their fulfillment orders.

Of stock only the units on the shelf are kept. What is committed is the remaining units of the open fulfillment
orders there, and what is available is the difference: so the figures of one moment always agree, as Shopify's do.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

DONE_WORK = ("CLOSED", "CANCELLED")


@dataclass
class Product:
    """A product with one variant and its inventory item."""

    id: int
    variant: int
    item: int
    sku: str
    title: str
    price: Decimal
    tracked: bool = True
    shelf: dict[int, int] = field(default_factory=dict)
    """Units on hand by location."""


@dataclass
class Line:
    """An order line. Without a product it was typed in by hand, or its product was deleted."""

    id: int
    product: Product | None
    title: str
    sku: str
    price: Decimal
    quantity: int
    current: int
    requires_shipping: bool = True
    gift_card: bool = False
    vendor: str | None = "Lab Goods"


@dataclass
class Hold:
    """A hold on a fulfillment order. `by_app` tells whether the app that asks put it there."""

    id: int
    handle: str
    by_app: bool
    reason: str = "INVENTORY_OUT_OF_STOCK"


@dataclass
class WorkLine:
    """Units of a line in a fulfillment order."""

    id: int
    line: Line
    total: int
    remaining: int


@dataclass
class Work:
    """A fulfillment order: what one location is to ship of an order. Location 0 is one that was deleted since."""

    id: int
    location: int
    lines: list[WorkLine]
    status: str = "OPEN"
    holds: list[Hold] = field(default_factory=list)

    @property
    def open(self) -> bool:
        """Whether it still means to ship."""
        return self.status not in DONE_WORK

    @property
    def actions(self) -> list[str]:
        """What Shopify lets be done with it now."""
        if not self.open:
            return []
        if self.holds:
            return ["RELEASE_HOLD", "HOLD", "MOVE"]
        if self.status == "IN_PROGRESS":
            return ["CREATE_FULFILLMENT", "REPORT_PROGRESS", "HOLD", "MARK_AS_OPEN"]
        split = ["SPLIT"] if sum(line.remaining for line in self.lines) > 1 else []
        return ["CREATE_FULFILLMENT", "REPORT_PROGRESS", "MOVE", "HOLD", *split]


@dataclass
class Units:
    """Units of a line that were shipped or refunded."""

    id: int
    line: Line
    quantity: int
    restock: str = ""


@dataclass
class Shipment:
    """A fulfillment."""

    id: int
    created: datetime
    location: int
    lines: list[Units]
    status: str = "SUCCESS"


@dataclass
class Refund:
    """A refund."""

    id: int
    created: datetime
    lines: list[Units]


@dataclass
class Customer:
    """Who ordered."""

    id: int
    name: str
    email: str


@dataclass
class Order:
    """An order with all that happened to it."""

    id: int
    name: str
    created: datetime
    updated: datetime
    email: str
    lines: list[Line]
    customer: Customer | None = None
    cancelled: datetime | None = None
    financial: str = "PAID"
    currency: str = "USD"
    tags: list[str] = field(default_factory=list)
    metafield: str | None = None
    works: list[Work] = field(default_factory=list)
    shipments: list[Shipment] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)

    @property
    def fulfillment(self) -> str:
        """The fulfillment status that the admin shows."""
        open_works = [work for work in self.works if work.open and any(line.remaining for line in work.lines)]
        if open_works and all(work.holds for work in open_works):
            return "ON_HOLD"
        shipped = any(shipment.status == "SUCCESS" for shipment in self.shipments)
        if shipped:
            return "PARTIALLY_FULFILLED" if open_works else "FULFILLED"
        return "UNFULFILLED"


@dataclass
class Subscription:
    """A webhook subscription of the app."""

    id: int
    topic: str
    uri: str


@dataclass(frozen=True)
class Figures:
    """The stock of an item at a location."""

    available: int
    committed: int
    on_hand: int
    incoming: int = 0


@dataclass
class Shop:
    """One shop's whole state."""

    name: str = "Lab Goods"
    currency: str = "USD"
    timezone: str = "America/New_York"
    first_number: int = 1001
    """The number of the shop's first order."""
    locations: dict[int, str] = field(default_factory=dict)
    products: dict[int, Product] = field(default_factory=dict)
    """By inventory item."""
    orders: dict[int, Order] = field(default_factory=dict)
    subscriptions: dict[int, Subscription] = field(default_factory=dict)

    def levels(self, item: int) -> dict[int, Figures]:
        """The item's figures at each location that stocks it."""
        product = self.products[item]
        if not product.tracked:
            return {place: Figures(0, 0, 0) for place in product.shelf}
        found = {}
        for place, on_hand in product.shelf.items():
            committed = sum(line.remaining for line in self.open_lines(item, place))
            found[place] = Figures(on_hand - committed, committed, on_hand)
        return found

    def open_lines(self, item: int, place: int) -> Iterator[WorkLine]:
        """Every open fulfillment order line of the item at the location."""
        for order in self.orders.values():
            for work in order.works:
                if work.open and work.location == place:
                    for line in work.lines:
                        if line.line.product is not None and line.line.product.item == item:
                            yield line

    def work(self, number: int) -> tuple[Order, Work] | None:
        """A fulfillment order and the order it belongs to."""
        for order in self.orders.values():
            for work in order.works:
                if work.id == number:
                    return order, work
        return None
