"""What was chosen for one order or one item alone, and how it stands beside the merchant's choices for the store."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, tzinfo
from decimal import ROUND_FLOOR, Decimal

from backorder.domain.errors import Rejected
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
    passed_since: datetime | None = None


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


class ChoiceError(Rejected):
    """Choices for one item that cannot be; the sentence says why."""

    status = 422


@dataclass(frozen=True, slots=True)
class ItemChoices:
    """What the merchant chose for one item. `None`: what counts for the store."""

    split: Split | None = None
    keep_back: Units | None = None
    keep_back_percent: int | None = None
    """Share of each arrival that is kept back; `keep_back` is then what it has come to, with parts of a unit."""
    accepts: bool | None = None
    """Whether it may be backordered."""
    discontinued: bool = False
    released_on: date | None = None
    """The day from which it is out; orders before are pre-orders."""
    most_units: int | None = None
    """The most units of it that may wait."""

    @property
    def kept_back(self) -> Units | None:
        """Units that waiting lines may not take: of a share only whole ones, `None` where the store's choice counts."""
        if self.keep_back_percent is None:
            return self.keep_back
        return (self.keep_back or ZERO).to_integral_value(ROUND_FLOOR)

    def after_arrival(self, units: Units, free: Units) -> "ItemChoices":
        """The choices once so many units came in where nobody had `free` ones: the share of the new ones is kept back
        on top of what is still there of older shares. What new orders took of those is not kept back again.
        """
        if self.keep_back_percent is None:
            return self
        taken = max(ZERO, (self.kept_back or ZERO) - max(ZERO, free))
        share = (units * self.keep_back_percent / 100).quantize(Decimal("0.0001"), ROUND_FLOOR)
        return replace(self, keep_back=(self.keep_back or ZERO) - taken + share)

    def instead_of(self, before: "ItemChoices") -> "ItemChoices":
        """These choices with what is kept back already of older shares, where there is still a share of arrivals."""
        if self.keep_back_percent is None:
            return self
        return replace(self, keep_back=ZERO if before.keep_back_percent is None else before.keep_back)

    def check(self) -> None:
        """Refuse choices that cannot be or contradict each other. Raises ChoiceError, with a sentence that says why."""
        if self.keep_back is not None and not 0 <= self.keep_back <= 1_000_000:
            raise ChoiceError("The units kept back must be from 0 to 1,000,000.")
        if self.keep_back_percent is not None and not 0 <= self.keep_back_percent <= 100:
            raise ChoiceError("The percentage kept back must be from 0 to 100.")
        if self.keep_back is not None and self.keep_back_percent is not None:
            raise ChoiceError("Keep back either a number of units or a share of each arrival: leave one of them empty.")
        if self.most_units is not None and not 0 <= self.most_units <= 1_000_000:
            raise ChoiceError("The most units that may wait must be from 0 to 1,000,000.")
        if self.discontinued and self.accepts:
            raise ChoiceError("Nothing more comes of a discontinued item, so no backorders of it can be accepted.")
        if self.split is Split.WAIT_UNTIL:
            raise ChoiceError("Waiting for a day is chosen for an order or the store, not for an item.")


def terms_of(
    policy: BackorderPolicy, order: OrderChoices, items: Mapping[int, Split], today: date, zone: tzinfo = UTC
) -> Terms:
    """When units of an order may leave, with every choice that bears on it; days are those of the store's zone."""
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
        zone=zone,
    )


def may_yield(policy: BackorderPolicy) -> bool:
    """Whether any order of the store ever lets others pass."""
    return policy.order_share is Share.YIELD or policy.share_days is not None


def lets_pass(
    policy: BackorderPolicy,
    order: OrderChoices,
    split: Split,
    *,
    since: datetime | None,
    today: date,
    zone: tzinfo = UTC,
) -> bool:
    """Whether a line of an order lets others pass while the order is not whole. `split` is what counts for the line
    today; `since` is the moment at which it began to wait, `None` for one that is new.
    """
    if split not in (Split.ORDER_WHOLE, Split.WAIT_UNTIL) or not may_yield(policy):
        return False
    return yields(
        policy.patience,
        since=today if since is None else since.astimezone(zone).date(),
        passed_over=order.passed_over,
        passed_since=None if order.passed_since is None else order.passed_since.astimezone(zone).date(),
        today=today,
    )


def kept_back(policy: BackorderPolicy, item: ItemChoices | None) -> Units:
    """Units of an item that waiting lines may not take."""
    own = None if item is None else item.kept_back
    return max(ZERO, policy.keep_back) if own is None else own
