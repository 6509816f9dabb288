"""What the stand-in shop knows: products with stock by location, orders with their fulfillment orders.

Of stock only the units on the shelf are kept. What is committed is the remaining units of the open fulfillment
orders there, and what is available is the difference: so the figures of one moment always agree, as Shopify's do.
"""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from demo.stores.shopify.scopes import EVERY_SCOPE

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
    set_aside: dict[tuple[int, str], int] = field(default_factory=dict)
    """Units of those that cannot be sold, by location and the name of what they are (damaged, reserved, ...)."""
    incoming: dict[int, int] = field(default_factory=dict)
    """Units on their way, by location."""
    vendor: str = ""
    tags: tuple[str, ...] = ()
    policy: str = "DENY"
    """Whether it is sold although nothing is there: CONTINUE or DENY."""
    metafields: dict[tuple[str, str], "Metafield"] = field(default_factory=dict)
    """Of its variant, by namespace and key."""


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
    notes: str | None = None


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
    parted: bool = False
    """Whether it is one of the parts of a split by hand, which may be merged again."""

    @property
    def open(self) -> bool:
        """Whether it still means to ship."""
        return self.status not in DONE_WORK

    @property
    def actions(self) -> list[str]:
        """What Shopify lets be done with it now."""
        if not self.open:
            return []
        if self.status == "SCHEDULED":
            return ["MARK_AS_OPEN"]
        if self.holds:
            return ["RELEASE_HOLD", "HOLD", "MOVE"]
        if self.status == "IN_PROGRESS":
            return ["CREATE_FULFILLMENT", "REPORT_PROGRESS", "HOLD", "MARK_AS_OPEN"]
        split = ["SPLIT"] if sum(line.remaining for line in self.lines) > 1 else []
        merge = ["MERGE"] if self.parted else []
        return ["CREATE_FULFILLMENT", "REPORT_PROGRESS", "MOVE", "HOLD", *split, *merge]


@dataclass
class Units:
    """Units of a line that were shipped or refunded."""

    id: int
    line: Line
    quantity: int
    restock: str = ""
    location: int | None = None
    """Where units came back to."""


@dataclass
class Shipment:
    """A fulfillment."""

    id: int
    created: datetime
    location: int
    lines: list[Units]
    status: str = "SUCCESS"
    tracking: list[dict[str, str | None]] = field(default_factory=list)
    """Company, number and address of each number that it is followed by."""
    told: bool = False
    """Whether the shop wrote to the customer."""


@dataclass
class Refund:
    """A refund."""

    id: int
    created: datetime
    lines: list[Units]
    note: str = ""
    paid_back: Decimal = Decimal(0)
    """In the shop's currency."""
    paid_back_as: str = ""
    """As the customer got it, with the currency."""


@dataclass
class Metafield:
    """A value that an app, or a person, keeps at an order. `namespace` is the whole one, with the app's own name."""

    id: int
    namespace: str
    key: str
    value: str
    type: str = "json"


APP_NAMESPACE = "app--347082227713"
"""What `$app` means for the app that asks."""
RECORD = (APP_NAMESPACE, "backorder")


@dataclass
class Customer:
    """Who ordered."""

    id: int
    name: str
    email: str
    tags: list[str] = field(default_factory=list)


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
    metafields: dict[tuple[str, str], Metafield] = field(default_factory=dict)
    """By namespace and key."""
    works: list[Work] = field(default_factory=list)
    shipments: list[Shipment] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    routed: bool = False
    """Whether Shopify has decided where it ships from. Before that there are no fulfillment orders."""
    source: str = "web"
    """Where it was placed: `web`, `pos`, `shopify_draft_order`."""
    test: bool = False
    note: str = ""
    """The one note of the order: the customer's, the merchant's and every app's."""
    staff_note: str = ""
    """What was noted when it was cancelled."""
    paid_in: str = ""
    """The currency in which the customer paid; empty where it is the shop's."""
    rate: Decimal = Decimal(1)
    """What one of the shop's currency is in the customer's."""

    @property
    def refundable(self) -> Decimal:
        """Money that was taken and not paid back yet."""
        if self.financial not in ("PAID", "PARTIALLY_REFUNDED"):
            return Decimal(0)
        taken = sum((line.price * line.quantity for line in self.lines), Decimal(0))
        return taken - sum((refund.paid_back for refund in self.refunds), Decimal(0))

    @property
    def metafield(self) -> str | None:
        """The value of the app's own metafield."""
        found = self.metafields.get(RECORD)
        return found.value if found else None

    @metafield.setter
    def metafield(self, value: str | None) -> None:
        self.metafields.pop(RECORD, None)
        if value is not None:
            self.metafields[RECORD] = Metafield(self.id, *RECORD, value)

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
    failures: int = 0
    """Deliveries that failed one after the other."""


@dataclass
class Definition:
    """A definition of a metafield."""

    id: int
    owner: str
    namespace: str
    key: str
    name: str
    type: str
    access: dict[str, str]


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
    scopes: list[str] = field(default_factory=lambda: list(EVERY_SCOPE))
    """What the merchant allowed the app."""
    definitions: list[Definition] = field(default_factory=list)
    broken: set[int] = field(default_factory=set)
    """Orders of which the shop cannot tell, by an error of its own."""

    def variant(self, number: int) -> Product | None:
        """The product whose variant has this number."""
        return next((product for product in self.products.values() if product.variant == number), None)

    def __post_init__(self) -> None:
        self._order_of: dict[int, int] = {}
        self._open: dict[int, dict[int, Order]] = {}
        self._indexed = 0

    def levels(self, item: int) -> dict[int, Figures]:
        """The item's figures at each location that stocks it."""
        product = self.products[item]
        if not product.tracked:
            return {place: Figures(0, 0, 0) for place in product.shelf}
        committed = self.committed(item)
        found = {}
        for place, on_hand in product.shelf.items():
            aside = sum(units for (where, _), units in product.set_aside.items() if where == place)
            taken = committed.get(place, 0)
            found[place] = Figures(on_hand - taken - aside, taken, on_hand, product.incoming.get(place, 0))
        return found

    def committed(self, item: int) -> dict[int, int]:
        """Remaining units of the item in open fulfillment orders, by location."""
        self._look()
        found: dict[int, int] = {}
        orders = self._open.get(item, {})
        for order in list(orders.values()):
            owed = 0
            for work in order.works:
                if work.open:
                    for part in work.lines:
                        if part.line.product is not None and part.line.product.item == item:
                            found[work.location] = found.get(work.location, 0) + part.remaining
                            owed += part.remaining
            if not owed:
                del orders[order.id]
        return found

    def work(self, number: int) -> tuple[Order, Work] | None:
        """A fulfillment order and the order it belongs to."""
        self._look()
        order = self.orders.get(self._order_of.get(number, 0))
        return next(((order, work) for work in order.works if work.id == number), None) if order else None

    def index(self, order: Order) -> None:
        """To be told when an order is new, or its fulfillment orders or their units changed: so it is found by them."""
        for work in order.works:
            self._order_of[work.id] = order.id
            if work.open:
                for part in work.lines:
                    if part.line.product is not None:
                        self._open.setdefault(part.line.product.item, {})[order.id] = order
        if order.id not in self.orders:
            self.orders[order.id] = order
        self._indexed = len(self.orders)

    def forget(self, order: Order) -> None:
        """The order is gone."""
        del self.orders[order.id]
        for orders in self._open.values():
            orders.pop(order.id, None)
        self._indexed = len(self.orders)

    def _look(self) -> None:
        """Orders may also be put into the shop by hand."""
        if self._indexed != len(self.orders):
            for order in self.orders.values():
                self.index(order)
