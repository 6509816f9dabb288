"""What the Admin API answers, read leniently: the objects of the documents in `queries/`."""

from datetime import datetime
from decimal import Decimal
from typing import Generic, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from connectors.shopify.payloads import Number, Text


class Node(BaseModel):
    """An object of a GraphQL answer."""

    model_config = ConfigDict(extra="ignore", alias_generator=to_camel)


T = TypeVar("T")


class PageInfo(Node):
    """Where a page ends."""

    has_next_page: bool = False
    end_cursor: str | None = None


class Connection(Node, Generic[T]):
    """One page of a list."""

    nodes: list[T] = []
    page_info: PageInfo = Field(default_factory=PageInfo)


class Money(Node):
    """An amount."""

    amount: Decimal


class MoneyBag(Node):
    """An amount in the shop's currency."""

    shop_money: Money


class PaidBag(Node):
    """An amount in the currency in which the customer paid."""

    presentment_money: Money


class Ref(Node):
    """Something named by its id alone."""

    id: Number


class CountedItem(Node):
    """The inventory item behind a variant."""

    id: Number
    tracked: bool


class VariantNode(Node):
    """The variant that a line sold, where it still exists."""

    inventory_item: CountedItem


class LineNode(Node):
    """An order line."""

    id: Number
    title: Text = ""
    variant_title: Text = ""
    sku: Text = ""
    vendor: str | None = None
    quantity: int
    current_quantity: int
    requires_shipping: bool
    is_gift_card: bool
    variant: VariantNode | None = None
    discounted_unit_price_after_all_discounts_set: MoneyBag
    price_after_all_discounts_before_taxes_set: MoneyBag


class UnitsNode(Node):
    """Units of a line in a fulfillment or a refund."""

    quantity: int | None = None
    restock_type: Text = ""
    line_item: Ref


class WorkLineNode(Node):
    """Units of a line that a fulfillment order has yet to ship. `id` is the fulfillment order line's own."""

    id: str
    remaining_quantity: int
    line_item: Ref


class ActionNode(Node):
    """Something that may be done with a fulfillment order now."""

    action: str


class HoldNode(Node):
    """A hold, by whatever app or person."""

    id: str
    handle: Text = ""
    held_by_requesting_app: bool


class AssignedNode(Node):
    """Where a fulfillment order is to be shipped from; the location is missing once it is deleted."""

    location: Ref | None = None


class WorkNode(Node):
    """A fulfillment order."""

    id: str
    status: str
    supported_actions: list[ActionNode] = []
    assigned_location: AssignedNode
    fulfillment_holds: list[HoldNode] = []
    line_items: Connection[WorkLineNode]


class FulfillmentNode(Node):
    """A shipment."""

    id: str
    status: str
    fulfillment_line_items: Connection[UnitsNode]


class RefundNode(Node):
    """A refund."""

    id: str
    refund_line_items: Connection[UnitsNode]


class CustomerNode(Node):
    """Who ordered."""

    id: Number
    display_name: Text = ""
    tags: list[str] | None = None


class ShippingNode(Node):
    """The way of shipping that was chosen."""

    title: Text = ""
    original_price_set: MoneyBag


class AttributeNode(Node):
    """What the theme or an app noted at the order."""

    key: Text = ""
    value: Text = ""


class RecordNode(Node):
    """Our metafield."""

    value: str


class OrderNode(Node):
    """An order with everything that says what is owed."""

    id: Number
    name: Text = ""
    created_at: AwareDatetime
    updated_at: AwareDatetime
    cancelled_at: datetime | None = None
    display_financial_status: Text = ""
    display_fulfillment_status: Text = ""
    currency_code: Text = ""
    email: Text = ""
    tags: list[str] = []
    customer: CustomerNode | None = None
    shipping_line: ShippingNode | None = None
    custom_attributes: list[AttributeNode] = []
    note: str | None = None
    metafield: RecordNode | None = None
    line_items: Connection[LineNode]
    fulfillment_orders: Connection[WorkNode]
    fulfillments: list[FulfillmentNode] = []
    refunds: list[RefundNode] = []


class TrackingNode(Node):
    """One of the numbers that a shipment is followed by."""

    number: Text = ""


class TrackedNode(Node):
    """A shipment with what it is followed by."""

    id: str
    status: str
    tracking_info: list[TrackingNode] = []
    fulfillment_line_items: Connection[UnitsNode]


class ToShipNode(Node):
    """An order before something of it is shipped."""

    id: str
    cancelled_at: datetime | None = None
    fulfillment_orders: Connection[WorkNode]
    fulfillments: list[TrackedNode] = []


class AfterNode(Node):
    """An order's fulfillment orders after a change of holds."""

    fulfillment_orders: Connection[WorkNode]

    @property
    def whole(self) -> bool:
        """Whether all of it is on the first page."""
        pages = [
            self.fulfillment_orders.page_info,
            *(work.line_items.page_info for work in self.fulfillment_orders.nodes),
        ]
        return not any(page.has_next_page for page in pages)


class QuantityNode(Node):
    """One of a level's figures."""

    name: str
    quantity: int


class LevelNode(Node):
    """The stock of an item at a location."""

    location: Ref
    quantities: list[QuantityNode]


class IdNode(Node):
    """Something by its id as Shopify spells it."""

    id: str


class ProductNode(Node):
    """A product by its name and what the merchant sorts it by."""

    title: Text = ""
    vendor: Text = ""
    tags: list[str] = []


class NamedVariantNode(Node):
    """A variant by its names."""

    title: Text = ""
    product: ProductNode


class SoldVariantNode(Node):
    """A variant as shoppers buy it, with what we show at it."""

    id: str
    inventory_policy: str
    product: IdNode
    accepting: RecordNode | None = None
    expected: RecordNode | None = None
    due: RecordNode | None = None


class VariantRefNode(Node):
    """A variant by the item that it sells."""

    inventory_item: Ref


class SoldItemNode(Node):
    """An inventory item with the variants that sell it."""

    id: Number
    variants: Connection[SoldVariantNode]


class DefinitionNode(Node):
    """A metafield definition of our app."""

    key: str


class SuggestedTransactionNode(Node):
    """Money that Shopify would pay back by one way of payment."""

    gateway: Text = ""
    amount_set: PaidBag
    parent_transaction: IdNode | None = None


class SuggestedRefundNode(Node):
    """What Shopify would pay back for units, and how much at most can be."""

    amount_set: PaidBag
    maximum_refundable_set: PaidBag
    suggested_transactions: list[SuggestedTransactionNode] = []


class NotedRefundNode(Node):
    """A refund by its note."""

    note: Text = ""


class CancellationNode(Node):
    """How an order was cancelled."""

    staff_note: Text = ""


class CancelNode(Node):
    """What must be known of an order before units of it are cancelled."""

    presentment_currency_code: str
    cancellation: CancellationNode | None = None
    refunds: list[NotedRefundNode] = []
    suggested_refund: SuggestedRefundNode | None = None


class ItemNode(Node):
    """An inventory item with its stock at every location."""

    id: Number
    sku: Text = ""
    tracked: bool
    variants: Connection[NamedVariantNode] | None = None
    inventory_levels: Connection[LevelNode]
