"""What Shopify's webhooks send, read leniently: only the fields that Waitline uses, nothing demanded beyond them.

The bodies have the old REST shape: snake_case, numbers as ids. What the Admin API answers is in `nodes`.
"""

import re
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, TypeVar

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict

_GID = re.compile(r"gid://shopify/\w+/(\d+)")
_LEVEL_ITEM = re.compile(r"inventory_item_id=(\d+)")


def number_of(gid: str) -> int:
    """The number in a global id; raises ValueError where there is none."""
    found = _GID.match(gid)
    if not found:
        raise ValueError(f"not a global id: {gid[:80]}")
    return int(found[1])


def gid(kind: str, number: int) -> str:
    """The global id of a thing of that kind."""
    return f"gid://shopify/{kind}/{number}"


def item_of_level(gid_or_empty: str) -> int | None:
    """The inventory item that an inventory level's global id carries behind the location."""
    found = _LEVEL_ITEM.search(gid_or_empty)
    return int(found[1]) if found else None


def _number(value: Any) -> Any:
    return number_of(value) if isinstance(value, str) and value.startswith("gid:") else value


Number = Annotated[int, BeforeValidator(_number)]
"""An id as a number, given as a number or as a global id."""


def _exact(value: Any) -> Any:
    return number_of(value) if value else None


Exact = Annotated[int | None, BeforeValidator(_exact)]
"""The number in `admin_graphql_api_id`: some senders round the plain number beside it."""


def _text(value: Any) -> Any:
    return "" if value is None else value


Text = Annotated[str, BeforeValidator(_text)]
"""A text that Shopify may give as null."""


def _list(value: Any) -> Any:
    return [] if value is None else value


T = TypeVar("T")
Many = Annotated[list[T], BeforeValidator(_list)]
"""A list that Shopify may give as null."""


class Body(BaseModel):
    """A part of a webhook's body."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class BodyAllocation(Body):
    """A share of a discount or of a tax, for all units of a line."""

    amount: Decimal = Decimal(0)
    price: Decimal = Decimal(0)


class BodyLine(Body):
    """An order line as the body tells it. It does not name the inventory item."""

    id: int
    title: Text = ""
    variant_title: Text = ""
    sku: Text = ""
    variant_id: int | None = None
    vendor: str | None = None
    quantity: int
    current_quantity: int | None = None
    requires_shipping: bool | None = True
    gift_card: bool | None = False
    variant_inventory_management: str | None = None
    price: Decimal = Decimal(0)
    discount_allocations: Many[BodyAllocation] = []
    tax_lines: Many[BodyAllocation] = []


class BodyUnits(Body):
    """Units of a line in a fulfillment (named by `id`) or in a refund (named by `line_item_id`)."""

    id: int
    line_item_id: int | None = None
    quantity: int = 0
    restock_type: Text = ""


class BodyFulfillment(Body):
    """A shipment."""

    status: Text = ""
    line_items: Many[BodyUnits] = []


class BodyRefund(Body):
    """A refund, with or without goods."""

    refund_line_items: Many[BodyUnits] = []


class BodyCustomer(Body):
    """Who ordered, as far as the app may know."""

    id: int | None = None
    first_name: Text = ""
    last_name: Text = ""
    email: Text = ""


class OrderBody(Body):
    """An order webhook's body."""

    id: int
    admin_graphql_api_id: Exact = None
    name: Text = ""
    created_at: AwareDatetime
    updated_at: AwareDatetime
    cancelled_at: datetime | None = None
    financial_status: Text = ""
    fulfillment_status: Text = ""
    currency: Text = ""
    email: Text = ""
    contact_email: Text = ""
    taxes_included: bool | None = False
    tags: Text = ""
    customer: BodyCustomer | None = None
    line_items: Many[BodyLine] = []
    fulfillments: Many[BodyFulfillment] = []
    refunds: Many[BodyRefund] = []


class OrderNamed(Body):
    """A body that only says which order it is about."""

    order_id: int


class FulfillmentBody(OrderNamed):
    """The body of fulfillments/create."""

    id: Number | None = None


class EditBody(Body):
    """The body of orders/edited."""

    order_edit: OrderNamed


class DeletedBody(Body):
    """The body of orders/delete."""

    id: int


class LevelBody(Body):
    """An inventory level: the item's id is exact only in the global id."""

    inventory_item_id: int | None = None
    admin_graphql_api_id: Text = ""


class ItemBody(Body):
    """An inventory item."""

    id: int
    admin_graphql_api_id: Exact = None


class VariantBody(Body):
    """A product's variant."""

    inventory_item_id: int | None = None


class ProductBody(Body):
    """A product with all its variants."""

    variants: Many[VariantBody] = []


class CustomerTagsBody(Body):
    """A customer whose tags changed. The name of the field is Shopify's."""

    customerId: Number


class WorkRef(Body):
    """A fulfillment order as its webhooks name it: mostly without the order."""

    id: Number | None = None
    order_id: Number | None = None


class HoldBody(Body):
    """A hold as webhooks tell it."""

    id: Number | None = None


class MergeIntent(Body):
    """A fulfillment order that was merged with others."""

    fulfillment_order_id: Number | None = None


class Merged(Body):
    """What several fulfillment orders became."""

    fulfillment_order: WorkRef | None = None


class WorkBody(Body):
    """The body of the fulfillment-order and hold topics."""

    fulfillment_order: WorkRef | None = None
    remaining_fulfillment_order: WorkRef | None = None
    replacement_fulfillment_order: WorkRef | None = None
    original_fulfillment_order: WorkRef | None = None
    moved_fulfillment_order: WorkRef | None = None
    merge_intents: Many[MergeIntent] = []
    fulfillment_order_merges: Merged | None = None
    fulfillment_hold: HoldBody | None = None
    created_fulfillment_hold: HoldBody | None = None

    @property
    def works(self) -> list[int]:
        """The numbers of all fulfillment orders that it names, the one that it is about first, each once."""
        merged = self.fulfillment_order_merges.fulfillment_order if self.fulfillment_order_merges else None
        named = [
            self.fulfillment_order,
            merged,
            self.original_fulfillment_order,
            self.moved_fulfillment_order,
            self.remaining_fulfillment_order,
            self.replacement_fulfillment_order,
        ]
        numbers = [work.id for work in named if work is not None]
        numbers += [intent.fulfillment_order_id for intent in self.merge_intents]
        return list(dict.fromkeys(number for number in numbers if number is not None))
