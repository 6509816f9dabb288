"""What was chosen for one order or one item alone, and how it stands beside the merchant's choices for the store."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from backorder.domain.lifecycle import OrderStanding
from backorder.domain.orders import OrderStatus
from backorder.domain.policy import BackorderPolicy
from backorder.domain.split import Share, Split, Terms, yields
from backorder.domain.supply import ZERO, Units


@dataclass(frozen=True, slots=True)
class OrderChoices:
    """What merchant and customer chose for one order, and how often others passed it."""

    priority: str = ""
    """A class given by hand."""
    pinned: bool = False
    split: Split | None = None
    split_of_customer: Split | None = None
    wait_until: date | None = None
    passed_over: int = 0
    passed_since: date | None = None


NO_CHOICES = OrderChoices()

FOR_CUSTOMERS = (Split.SHIP_AVAILABLE, Split.ORDER_WHOLE)
"""What a customer may choose from: what is there now, or everything together."""


def customer_may_choose(policy: BackorderPolicy, order: OrderStanding, choices: OrderChoices) -> bool:
    """Whether the customer is asked how the order ships: the merchant allows it and did not choose for this order, some
    of it waits, and there is more than one unit to ship together or apart.
    """
    return (
        policy.customers_choose
        and choices.split is None
        and order.status is OrderStatus.OPEN
        and order.short > 0
        and order.outstanding > 1
    )


@dataclass(frozen=True, slots=True)
class ItemChoices:
    """What the merchant chose for one item. `None`: what counts for the store."""

    split: Split | None = None
    keep_back: Units | None = None
    keep_back_percent: int | None = None
    """Share of the next receipt that is kept back from then on."""
    accepts: bool | None = None
    """Whether it may be backordered."""
    discontinued: bool = False
    released_on: date | None = None
    """The day from which it is out; orders before are pre-orders."""
    most_units: int | None = None
    """The most units of it that may wait."""

    def after_receipt(self, units: Units) -> Units | None:
        """The units kept back once so many came in: a percentage becomes whole units, rounded down."""
        if self.keep_back_percent is None:
            return self.keep_back
        return (units * self.keep_back_percent / 100).to_integral_value(rounding="ROUND_FLOOR")


def terms_of(policy: BackorderPolicy, order: OrderChoices, items: Mapping[int, Split], today: date) -> Terms:
    """When units of an order may leave, with every choice that bears on it."""
    return Terms(
        of_store=policy.split,
        of_order=order.split,
        of_customer=order.split_of_customer,
        of_items=items,
        wait_until=order.wait_until,
        wait_days=policy.split_wait_days or 0,
        least_units=policy.least_part_units,
        least_value=policy.least_part_value,
        today=today,
    )


def may_yield(policy: BackorderPolicy) -> bool:
    """Whether any order of the store ever lets others pass."""
    return policy.order_share is Share.YIELD or policy.share_days is not None


def lets_pass(policy: BackorderPolicy, order: OrderChoices, split: Split, *, since: date | None, today: date) -> bool:
    """Whether a line of an order lets others pass while the order is not whole. `split` is what counts for the line
    today; `since` is the day on which it began to wait, `None` for one that is new.
    """
    if split not in (Split.ORDER_WHOLE, Split.WAIT_UNTIL) or not may_yield(policy):
        return False
    return yields(
        policy.patience,
        since=since or today,
        passed_over=order.passed_over,
        passed_since=order.passed_since,
        today=today,
    )


def kept_back(policy: BackorderPolicy, item: ItemChoices | None) -> Units:
    """Units of an item that waiting lines may not take."""
    if item is None or item.keep_back is None:
        return max(ZERO, policy.keep_back)
    return item.keep_back
