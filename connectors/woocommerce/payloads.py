"""WooCommerce's bodies and answers as values: only what we read, and tolerant about the rest.

The same object comes in webhook bodies and in answers of the REST API, so both are read by one model. Times are the
`*_gmt` fields only: the others are in the shop's local time. Numbers come as JSON numbers or strings.
"""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _empty_is_zero(value: Any) -> Any:
    return 0 if value in (None, "") else value


def _four_places(number: Decimal) -> Decimal:
    """As exact as we keep units: a figure with more places would never equal what was kept of it."""
    return number.quantize(Decimal("0.0001")).normalize() + 0


def _list(value: Any) -> Any:
    """PHP writes a list with a gap as an object, and an empty object as a list."""
    return list(value.values()) if isinstance(value, dict) else value


def _null_is_text(value: Any) -> Any:
    return "" if value is None else value


Moment = Annotated[datetime, AfterValidator(_utc)]
Number = Annotated[Decimal, BeforeValidator(_empty_is_zero), AfterValidator(_four_places)]
Id = Annotated[int, BeforeValidator(_empty_is_zero)]
Text = Annotated[str, BeforeValidator(_null_is_text)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, coerce_numbers_to_str=True)


class Meta(_Body):
    """A key and its value on an order or a line; plugins store anything here."""

    id: Id = 0
    key: Text = ""
    value: Any = None


class WithMeta(_Body):
    """Anything that carries meta data."""

    meta_data: Annotated[list[Meta], BeforeValidator(_list)] = Field(default_factory=list)

    def meta(self, key: str) -> Meta | None:
        """The entry with that key, the newest where a plugin left several."""
        return next((meta for meta in reversed(self.meta_data) if meta.key == key), None)


class Billing(_Body):
    """Who pays. Guests have no customer id, only this."""

    first_name: Text = ""
    last_name: Text = ""
    email: Text = ""


class LineTax(_Body):
    """One tax on a line, by the number of its rate."""

    id: Id = 0
    total: Number = Decimal(0)


class Line(WithMeta):
    """An order line. `quantity` stays as ordered whatever is refunded later; `total` is without tax."""

    id: int
    name: Text = ""
    product_id: Id = 0
    variation_id: Id = 0
    quantity: Number = Decimal(0)
    sku: Text = ""
    price: Number = Decimal(0)
    total: Number = Decimal(0)
    taxes: Annotated[list[LineTax], BeforeValidator(_list)] = Field(default_factory=list)


class ShippingLine(_Body):
    """A way of shipping that was chosen, and what it costs without tax."""

    method_title: Text = ""
    total: Number = Decimal(0)


class RefundStub(_Body):
    """That there is a refund; its units are only in the order's own list of refunds."""

    id: int


class OrderBody(WithMeta):
    """An order as webhooks and answers give it."""

    id: int
    number: Text = ""
    status: str
    currency: Text = ""
    customer_id: Id = 0
    billing: Billing = Billing()
    date_created_gmt: Moment
    date_modified_gmt: Moment | None = None
    date_paid_gmt: Moment | None = None
    line_items: Annotated[list[Line], BeforeValidator(_list)] = Field(default_factory=list)
    shipping_lines: Annotated[list[ShippingLine], BeforeValidator(_list)] = Field(default_factory=list)
    refunds: Annotated[list[RefundStub], BeforeValidator(_list)] = Field(default_factory=list)


class RefundLine(WithMeta):
    """Units taken off one line; all figures are negative."""

    quantity: Number = Decimal(0)
    total: Number = Decimal(0)
    taxes: Annotated[list[LineTax], BeforeValidator(_list)] = Field(default_factory=list)


class Refund(_Body):
    """A refund; one of an amount only has no lines."""

    reason: Text = ""
    line_items: Annotated[list[RefundLine], BeforeValidator(_list)] = Field(default_factory=list)


class Fulfilment(WithMeta):
    """A parcel. Drafts are in the list too and ship nothing."""

    is_fulfilled: bool = False


class FulfilledItem(_Body):
    """Units of one line in a parcel."""

    item_id: int
    qty: Number = Decimal(0)


class Term(_Body):
    """A brand or a tag by its name."""

    name: Text = ""


class ProductBody(WithMeta):
    """A product or a variation. `manage_stock` is "parent" where the parent's stock is used. `meta_data` and
    `backorders` are read only where we write to it.
    """

    id: int
    name: Text = ""
    type: Text = ""
    status: Text = ""
    sku: Text = ""
    parent_id: Id = 0
    manage_stock: bool | str = False
    stock_quantity: Number = Decimal(0)
    backorders: Text = ""
    date_modified_gmt: Moment | None = None
    brands: Annotated[list[Term], BeforeValidator(_list)] = Field(default_factory=list)
    """Shops have brands since version 9.6; a variation has none of its own."""
    tags: Annotated[list[Term], BeforeValidator(_list)] = Field(default_factory=list)

    @property
    def tracked(self) -> bool:
        """Whether the shop counts it, here or at the parent."""
        return self.manage_stock is not False

    @property
    def counted_at(self) -> int:
        """The id of the product whose number counts this one."""
        return self.parent_id if self.manage_stock == "parent" else self.id


class BatchEntry(_Body):
    """What became of one object of a batch."""

    id: Id = 0
    error: "ShopError | None" = None


class Batch(_Body):
    """The answer to a batch of updates."""

    update: Annotated[list[BatchEntry], BeforeValidator(_list)] = Field(default_factory=list)


class OrderStatusWord(_Body):
    """A status that the shop has registered, its plugins' own included."""

    slug: str
    name: Text = ""


class Note(_Body):
    """A note at an order."""

    id: Id = 0
    note: Text = ""


class WebhookBody(_Body):
    """A webhook as registered in the shop. The secret is never told."""

    id: int
    name: Text = ""
    status: Text = ""
    topic: Text = ""
    delivery_url: Text = ""


class ShopSettings(_Body):
    """What the system status tells of the settings."""

    currency: Text = ""


class SystemStatus(_Body):
    """The shop's own report; needs a key with read rights."""

    settings: ShopSettings = ShopSettings()


class Index(_Body):
    """WordPress' description of itself; open to everybody."""

    name: Text = ""
    timezone_string: Text = ""
    gmt_offset: Number = Decimal(0)


class ShopError(_Body):
    """WordPress' words for what went wrong. `code` may be a number."""

    code: Text = ""
    message: Text = ""
