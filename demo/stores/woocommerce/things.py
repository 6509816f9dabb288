"""What a shop has: products, orders with their lines, notes, refunds and parcels."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from demo.stores.woocommerce.rest import Object

REDUCED = "_reduced_stock"
RESTOCKED = "_restock_refunded_items"
BY_PARENT = "parent"
"""What a variation says in `manage_stock` where its parent's number counts it."""


@dataclass(slots=True)
class Meta:
    """A key and any JSON value on an order, a line or a product. The label is what a customer reads for the key."""

    id: int
    key: str
    value: Any
    label: str = ""


@dataclass(slots=True)
class Product:
    """A product or a variation. `stock` counts only where `manage_stock` is true; `standing` is the stock status that
    the merchant sets where nothing is counted.
    """

    id: int
    name: str
    sku: str
    price: Decimal
    created: datetime
    modified: datetime
    type: str = "simple"
    parent_id: int = 0
    manage_stock: bool | str = True
    stock: Decimal = Decimal(0)
    backorders: str = "notify"
    status: str = "publish"
    standing: str = "instock"
    low_stock_amount: int | None = None
    sold: int = 0
    trashed_from: str = ""
    meta: list[Meta] = field(default_factory=list)
    children: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Line:
    """An order line. Its total is set once: the shop does not recalculate it when the quantity is edited."""

    id: int
    product_id: int
    variation_id: int
    name: str
    sku: str
    quantity: Decimal
    total: Decimal
    meta: list[Meta] = field(default_factory=list)
    parent_name: str | None = None

    @property
    def sold(self) -> int:
        """The product or variation that the line is of; 0 where it is deleted."""
        return self.variation_id or self.product_id

    @property
    def reduced(self) -> Decimal:
        """Units that the shop has taken from the stock for it."""
        return self._units(REDUCED)

    @property
    def restocked(self) -> Decimal:
        """Units of it that were refunded and put back on the shelf."""
        return self._units(RESTOCKED)

    def _units(self, key: str) -> Decimal:
        return next((Decimal(str(meta.value)) for meta in self.meta if meta.key == key), Decimal(0))


@dataclass(slots=True)
class Note:
    """A note at an order; one to the customer goes out as a mail."""

    id: int
    text: str
    author: str
    at: datetime
    to_customer: bool = False


@dataclass(slots=True)
class Order:
    """An order. `trashed_from` is the status to which a restore brings it back; `stock_taken` is the shop's own mark
    that the stock went down for it, whatever became of single lines since.
    """

    id: int
    status: str
    created: datetime
    modified: datetime
    name: str
    email: str
    via: str
    paid: datetime | None = None
    completed: datetime | None = None
    customer_id: int = 0
    stock_taken: bool = False
    trashed_from: str = ""
    lines: list[Line] = field(default_factory=list)
    meta: list[Meta] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    refunds: list[Object] = field(default_factory=list)
    """As `GET orders/<id>/refunds` shows them, the newest first."""
    fulfilments: list[Object] = field(default_factory=list)
    """As `GET orders/<id>/fulfillments` shows them, but for the date that it adds; drafts are among them."""

    @property
    def total(self) -> Decimal:
        """The sum of the lines."""
        return sum((line.total for line in self.lines), Decimal(0))

    @property
    def refunded_amount(self) -> Decimal:
        """Money given back."""
        return sum((Decimal(refund["amount"]) for refund in self.refunds), Decimal(0))

    def refunded(self, line_id: int) -> Decimal:
        """Units of a line taken off by refunds, with or without restock."""
        items = [item for refund in self.refunds for item in refund["line_items"]]
        ours = [item for item in items if any(meta["value"] == str(line_id) for meta in item["meta_data"])]
        return sum((-Decimal(str(item["quantity"])) for item in ours), Decimal(0))

    def shipped(self, line_id: int) -> Decimal:
        """Units of a line in parcels that left; drafts ship nothing."""
        items = [item for parcel in self.fulfilments if parcel["is_fulfilled"] for item in parcel_items(parcel)]
        return sum((Decimal(str(item["qty"])) for item in items if item["item_id"] == line_id), Decimal(0))


def parcel_items(parcel: Object) -> list[Object]:
    """Lines and units of a parcel."""
    return next((list(meta["value"]) for meta in parcel["meta_data"] if meta["key"] == "_items"), [])


def number(units: Decimal) -> int | float:
    """A quantity as the shop writes it: whole, or with its fraction where a plugin allows one."""
    return int(units) if units == units.to_integral_value() else float(units)
