"""When units that are there may leave although others of their order are not, and whether an order that waits to be
whole keeps its share meanwhile or lets others pass.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from enum import StrEnum

from backorder.domain.orders import Order
from backorder.domain.supply import ZERO, Units


class Split(StrEnum):
    """When units that are there may leave although others of the order are not."""

    SHIP_AVAILABLE = "ship_available"
    LINE_WHOLE = "line_whole"
    ORDER_WHOLE = "order_whole"
    WAIT_UNTIL = "wait_until"
    """Whole until a day, from then on what is there."""


class Share(StrEnum):
    """What an order that ships whole does with its units while others of it are missing."""

    KEEP = "keep"
    YIELD = "yield"


class Stay(StrEnum):
    """Why given units of a line do not leave."""

    LINE = "line"
    ORDER = "order"
    DATE = "date"
    KIT = "kit"
    TOO_LITTLE = "too_little"


@dataclass(frozen=True, slots=True)
class Terms:
    """All that says when units of one order may leave: the first choice that is made counts."""

    of_store: Split = Split.SHIP_AVAILABLE
    of_order: Split | None = None
    """Chosen by the merchant for this order."""
    of_customer: Split | None = None
    of_items: Mapping[int, Split] = field(default_factory=dict)
    wait_until: date | None = None
    """Until when WAIT_UNTIL waits; `None`: the merchant's number of days after the order was placed."""
    wait_days: int = 0
    least_units: Units = ZERO
    least_value: Decimal = ZERO
    today: date = date.min
    zone: tzinfo = UTC
    """The store's: its days are counted in it."""

    def split_of(self, item: int | None, placed_at: datetime) -> Split:
        """What counts for lines of an item today: WAIT_UNTIL becomes one of the others."""
        of_item = self.of_items.get(item) if item is not None else None
        chosen = self.of_order or self.of_customer or of_item or self.of_store
        if chosen is Split.WAIT_UNTIL and self.today >= self.until(placed_at):
            return Split.SHIP_AVAILABLE
        return chosen

    def until(self, placed_at: datetime) -> date:
        """The day from which WAIT_UNTIL ships what is there."""
        return self.wait_until or placed_at.astimezone(self.zone).date() + timedelta(days=self.wait_days)


@dataclass(frozen=True, slots=True)
class LineUnits:
    """What a line owes and has, as far as leaving depends on it."""

    line_id: int
    item: int | None
    outstanding: Units
    allocated: Units
    whole: bool
    unit_price: Decimal = ZERO
    kit: int | None = None


def stays(order: Order, lines: Iterable[LineUnits], terms: Terms) -> dict[int, Stay]:
    """The lines whose given units have to stay, and why; units of all others may leave."""
    owing = [line for line in lines if line.outstanding > 0]
    order_whole = all(line.whole for line in owing)
    if order_whole:
        return {}
    found = {}
    for line in owing:
        split = terms.split_of(line.item, order.placed_at)
        if split is Split.ORDER_WHOLE:
            found[line.line_id] = Stay.ORDER
        elif split is Split.WAIT_UNTIL:
            found[line.line_id] = Stay.DATE
        elif split is Split.LINE_WHOLE and not line.whole:
            found[line.line_id] = Stay.LINE
    broken = {line.kit for line in owing if line.kit is not None and (not line.whole or line.line_id in found)}
    for line in owing:
        if line.kit in broken and found.get(line.line_id, Stay.LINE) is Stay.LINE:
            found[line.line_id] = Stay.KIT
    leaving = [line for line in owing if line.line_id not in found]
    units = sum((line.allocated for line in leaving), ZERO)
    value = sum((line.allocated * line.unit_price for line in leaving), ZERO)
    if units < terms.least_units or value < terms.least_value:
        found |= {line.line_id: Stay.TOO_LITTLE for line in leaving}
    return found


@dataclass(frozen=True, slots=True)
class Patience:
    """How long an order keeps or yields its share. `None` and 0 are: without end."""

    share: Share = Share.KEEP
    keep_days: int | None = None
    """After so many days an order that keeps its share yields it."""
    passes: int = 0
    """Passed over so often, an order yields no more."""
    pass_days: int = 0
    """So many days after it was first passed over, an order yields no more."""


def yields(patience: Patience, *, since: date, passed_over: int, passed_since: date | None, today: date) -> bool:
    """Whether an order that ships whole lets others pass today. `since` is the day on which it began to wait."""
    if patience.passes and passed_over >= patience.passes:
        return False
    if patience.pass_days and passed_since is not None and today >= passed_since + timedelta(days=patience.pass_days):
        return False
    if patience.share is Share.YIELD:
        return True
    return patience.keep_days is not None and today >= since + timedelta(days=patience.keep_days)
