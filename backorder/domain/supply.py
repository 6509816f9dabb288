"""What there is to give: pools, readings of their stock, inbound goods, and when a reading may be believed.

A store's stock figure and its orders are told apart from each other, so a sum over both is only true if both
tell of one moment. `assess` decides, for one pool and one reading, what may be given now and what must be read first.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

Units = Decimal
ZERO = Decimal(0)

SAME_MOMENT = timedelta(seconds=2)
"""The least time between two equal stock readings before a rise is believed (store clocks have a grain of 1 s)."""


class Pool(NamedTuple):
    """Where units of one item lie together and may be given to any order there. Location 0: the store's only one."""

    item: int
    location: int = 0


@dataclass(frozen=True, slots=True)
class Stock:
    """The platform's own figures of a pool, all from one reading.

    `available` is net of every order that has taken its units and may be negative. `committed` is the platform's
    count of units that open orders have taken, `None` where it keeps no such figure.
    """

    pool: Pool
    available: Units
    committed: Units | None = None
    on_hand: Units | None = None
    incoming: Units | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """What is stocked: its names, and whether the store counts it at all."""

    item: int
    sku: str = ""
    title: str = ""
    tracked: bool = True
    gone: bool = False
    counted_at: int | None = None
    """The item whose pool counts this one, when it is another (a variation that uses its parent's stock)."""
    vendor: str = ""
    tags: tuple[str, ...] = ()
    """What the merchant tagged it with."""


@dataclass(frozen=True, slots=True)
class Inbound:
    """One line of goods on the way: a purchase-order line with its expected date."""

    id: int
    pool: Pool
    quantity: Units
    received: Units
    expected_on: date
    source: str = ""
    awaited: Units = ZERO
    """Units still to come that were entered as received, and that the store does not count yet."""
    first_expected_on: date | None = None
    """The day that was told first; `None` where it is `expected_on`."""
    announced: bool = False
    """Whether the store told of it: then only the store changes it."""

    @property
    def open(self) -> Units:
        """Units still to come."""
        return max(ZERO, self.quantity - self.received)


def physically_there(stock: Stock, outstanding: Units) -> Units:
    """Units at the pool for this store's open lines; negative only where the store's figures contradict ours.

    With a committed figure the smaller of it and ours counts, because a line we hold too long must not become
    stock for others. Without one, the net figure plus what our open lines have taken from it.
    """
    if stock.committed is not None:
        return stock.available + min(stock.committed, outstanding)
    return stock.available + outstanding


class Balance(StrEnum):
    """Whether a pool's figures and our order book tell of one moment."""

    NEW = "new"
    """Never balanced yet: nothing is decided for its lines."""
    BALANCED = "balanced"
    RISING = "rising"
    """More is there than we believed; nothing is decided before it is seen twice around a pull of the orders."""
    UNBALANCED = "unbalanced"
    """Less is there, or other orders are, than we know; nothing is taken back before the settling time is over."""


@dataclass(frozen=True, slots=True)
class Believed:
    """What we believe of a pool since its last balance, and the doubt about it, if there is one."""

    balance: Balance = Balance.NEW
    on_hand: Units = ZERO
    available: Units = ZERO
    outstanding: Units = ZERO
    gap: Units = ZERO
    """The contradiction between the store's figures and ours that was accepted after the settling time."""
    doubted_available: Units | None = None
    doubted_at: datetime | None = None
    """When the reading that started the present doubt began; `None` when there is none."""
    least: Units | None = None
    """The least that a reading of the present doubt found: more is not given before the doubt is over."""
    counted: Units = ZERO
    """Units of open orders that a number which the merchant counted and typed holds already: the store's figure less
    these is net of orders. All other figures here are net.
    """


@dataclass(frozen=True, slots=True)
class Jump:
    """A net figure that rose from below nothing to more than was believed there: perhaps somebody typed what was
    counted on the shelf, with the units that `owed` orders had taken already.
    """

    before: Units
    after: Units
    owed: Units


@dataclass(frozen=True, slots=True)
class Assessment:
    """What one reading allows. `give` is the units the plan may count on; `None`: decide nothing in this pool yet."""

    believed: Believed
    give: Units | None
    may_take_back: bool = True
    pull_first: bool = False
    again_at: datetime | None = None
    arrived: Units = ZERO
    """Units that came in since the last balance without an order that explains them."""
    jump: Jump | None = None
    """What was read as net and may have been counted."""


def assess(
    believed: Believed,
    stock: Stock,
    outstanding: Units,
    *,
    began: datetime,
    pulled_at: datetime | None,
    settle: timedelta,
    before_pull: Units | None = None,
    types_counted: bool = False,
) -> Assessment:
    """Hold a reading that began at `began` against what we believe.

    `pulled_at` is when the last complete pull of changed orders began. `settle` is how long an imbalance that no
    pull explains is waited for before it is accepted (policy, default 120 s). `before_pull` is the net figure that
    was read just before such a pull: where the two are equal, nothing moved while the orders were read. With
    `types_counted` the merchant types what is on the shelf, also what open orders have taken (policy).
    """
    told = stock
    if believed.counted:
        stock = replace(told, available=told.available - believed.counted)
        before_pull = None if before_pull is None else before_pull - believed.counted
    there = physically_there(stock, outstanding)
    doubt = _doubt(believed, stock, outstanding, there)
    doubted_at = believed.doubted_at or began
    still = believed.doubted_available == stock.available
    if doubt in (Balance.NEW, Balance.RISING) and not still:
        doubted_at = began
    if doubt is None and stock.committed is None and believed.doubted_at is not None:
        # In doubt, and the figures fit again: a change that we know and one that we do not may have met. Orders
        # between two equal readings of the stock tell.
        doubt = Balance.UNBALANCED if before_pull != stock.available else None
        settle = timedelta(0)
    pulled = pulled_at is not None and pulled_at >= doubted_at
    wait = settle if doubt is Balance.UNBALANCED else SAME_MOMENT
    waited = began >= doubted_at + wait
    confirmed = pulled if stock.committed is not None else before_pull == stock.available
    if doubt is None or (confirmed and waited):
        counted = believed.counted
        jump = _jump(believed, told, outstanding, there)
        if jump is not None and types_counted:
            counted, there = jump.owed, told.available
            stock = replace(told, available=there - counted)
        return Assessment(
            believed=Believed(
                balance=Balance.BALANCED,
                on_hand=max(ZERO, there),
                available=stock.available,
                outstanding=outstanding,
                gap=unknown_demand(stock, outstanding),
                counted=counted,
            ),
            give=max(ZERO, there),
            arrived=ZERO if believed.balance is Balance.NEW else max(ZERO, there - believed.on_hand),
            jump=jump if jump is not None and jump.before < 0 and not types_counted else None,
        )
    least = there if believed.least is None else min(there, believed.least)
    if stock.committed is not None:
        give: Units | None = max(ZERO, there)
    elif doubt is Balance.RISING or believed.balance in (Balance.NEW, Balance.RISING):
        # What rose may be units of lines that we do not know to be cancelled, while others have left with theirs: no
        # figure of before is a bound.
        give = None
    else:
        give = max(ZERO, min(least, believed.on_hand))
    return Assessment(
        believed=replace(
            believed,
            balance=believed.balance if believed.balance in (Balance.NEW, Balance.RISING) else doubt,
            doubted_available=stock.available,
            doubted_at=doubted_at,
            least=least,
        ),
        give=give,
        may_take_back=False,
        # An imbalance asks for the orders at once, and once more before it is accepted; a rise asks for them between
        # its two stock readings.
        pull_first=not confirmed and (waited or (doubt is Balance.UNBALANCED and not pulled)),
        again_at=max(doubted_at + wait, began + SAME_MOMENT) if waited else doubted_at + wait,
    )


def _jump(believed: Believed, told: Stock, outstanding: Units, there: Units) -> Jump | None:
    """Whether the store's figure rose, by no order's doing, to more than was believed to be there: only then can it be
    what somebody counted. Goods that came back rarely raise it so far.
    """
    before = believed.available + believed.counted
    could_be_counted = told.committed is None and believed.balance is not Balance.NEW and outstanding > 0
    if not could_be_counted or there <= believed.on_hand or told.available <= max(before, believed.on_hand):
        return None
    return Jump(before, told.available, outstanding)


def _doubt(believed: Believed, stock: Stock, outstanding: Units, there: Units) -> Balance | None:
    if stock.committed is None and believed.balance is Balance.NEW:
        return Balance.NEW
    if unknown_demand(stock, outstanding) != believed.gap:
        return Balance.UNBALANCED
    if stock.committed is not None:
        return None
    fell = believed.available - stock.available
    if fell > max(ZERO, outstanding - believed.outstanding):
        return Balance.UNBALANCED
    return Balance.RISING if there > believed.on_hand else None


def unknown_demand(stock: Stock, outstanding: Units) -> Units:
    """Units the store owes to orders that we do not know: served first, and shown to the merchant.

    Negative where we count more units as owed than the store does.
    """
    if stock.committed is not None:
        return stock.committed - outstanding
    return max(ZERO, -physically_there(stock, outstanding))
