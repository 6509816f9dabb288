"""Whether a backorder is taken on at all, and whether an item may be sold although nothing is there.

The first reason against it decides. A line that is not accepted has no date and its customer is told nothing: it
stands on the merchant's first page. An item's verdict is asked anew each time, so it reopens by itself.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from operator import itemgetter

from backorder.domain.accept_rules import AcceptRule, Kind, first_match
from backorder.domain.lateness import Record
from backorder.domain.policy import BackorderPolicy, Excess
from backorder.domain.promise import Promise
from backorder.domain.spoken import counted, counted_days
from backorder.domain.supply import ZERO, Units


class Answer(StrEnum):
    """What becomes of units that were ordered although nothing is there."""

    ACCEPT = "accept"
    HOLD = "hold"
    """The merchant decides."""
    REFUSE = "refuse"
    """The merchant does not want them: to be cancelled in the store."""


NOT_ACCEPTED = (Answer.HOLD, Answer.REFUSE)
"""The answers with which nothing is promised and nobody is told. A line without an answer was never in question."""


@dataclass(frozen=True, slots=True)
class ItemTerms:
    """What acceptance depends on of one item. `accepts` is `None` where the store's choice counts."""

    accepts: bool | None = None
    discontinued: bool = False
    released_on: date | None = None
    supplier: Record | None = None
    """What is known of the supplier whose goods are next on the way."""
    cancelled: Units = ZERO
    ordered: Units = ZERO
    """Units of waiting lines that were cancelled, and all that were ordered in such lines, so far."""
    most_units: int | None = None
    """The most units of it that may wait; `None` where rules or the store's choice count."""
    vendor: str = ""
    tags: tuple[str, ...] = ()

    def rule(self, policy: BackorderPolicy, today: date) -> AcceptRule | None:
        """The merchant's rule that decides about it."""
        return first_match(policy.accept_rules, self.vendor, self.tags, self.kind(today))

    def limit(self, policy: BackorderPolicy, today: date) -> int | None:
        """The most units of it that may wait: its own number, its rule's, the store's."""
        if self.most_units is not None:
            return self.most_units
        rule = self.rule(policy, today)
        return policy.most_units_item if rule is None or rule.most_units is None else rule.most_units

    def kind(self, today: date) -> Kind:
        """Whether it is sold before it is out."""
        return Kind.PREORDER if self.released_on is not None and self.released_on > today else Kind.BACKORDER

    @property
    def cancel_percent(self) -> Decimal:
        """Of a hundred units that waited, so many were cancelled."""
        return 100 * self.cancelled / self.ordered if self.ordered > 0 else ZERO


@dataclass(frozen=True, slots=True)
class Asked:
    """Units of one line that would wait, beside what waits already and was accepted."""

    units: Units
    of_item: Units = ZERO
    """Waiting units of the item."""
    of_customer: Units | None = ZERO
    """Waiting units of the customer, in all orders; `None` where the store does not tell who it is."""
    of_order: Units = ZERO
    """Waiting units of the order."""
    promise: Promise | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer, how many units are above a limit, and the reason in one sentence for the merchant."""

    answer: Answer
    excess: Units = ZERO
    why: str = ""


ACCEPTED = Verdict(Answer.ACCEPT)


def judge(asked: Asked, item: ItemTerms, policy: BackorderPolicy, today: date) -> Verdict:
    """Whether the units may wait. First what is wrong with the item, then what is too many, then the date."""
    closed = _closed(item, policy, today)
    if closed:
        return Verdict(Answer.HOLD, why=closed)
    too_many = _too_many(asked, item.limit(policy, today), policy)
    if too_many is not None:
        excess, why = too_many
        return Verdict(Answer.REFUSE if policy.excess is Excess.REFUSE else Answer.HOLD, excess, why)
    late = _too_late(asked.promise, item, policy, today)
    return Verdict(Answer.HOLD, why=late) if late else ACCEPTED


def _closed(item: ItemTerms, policy: BackorderPolicy, today: date) -> str:
    if item.discontinued:
        return "The item is discontinued: nothing more of it will come."
    if item.accepts is False:
        return "Backorders of this item are switched off."
    if item.accepts is None:
        rule = item.rule(policy, today)
        if not (policy.accept_backorders if rule is None else rule.accepts):
            return f"{'Backorders' if rule is None else rule.named} are switched off."
    late = None if item.supplier is None else item.supplier.safe_days
    if policy.most_late_days is not None and late is not None and late > policy.most_late_days:
        return f"Its supplier is up to {counted_days(late)} late; you accept {policy.most_late_days} at most."
    if policy.most_cancel_percent is not None and item.cancel_percent > policy.most_cancel_percent:
        return (
            f"Of 100 units that waited for it {item.cancel_percent:.0f} were cancelled; "
            f"you accept {policy.most_cancel_percent} at most."
        )
    return ""


def _too_many(asked: Asked, of_item: int | None, policy: BackorderPolicy) -> tuple[Units, str] | None:
    """Of several limits the one that the most units are above."""
    limits = [
        (of_item, asked.of_item, "of this item"),
        (policy.most_units_order, asked.of_order, "in one order"),
    ]
    if asked.of_customer is not None:
        limits.append((policy.most_units_customer, asked.of_customer, "of one customer"))
    above = [
        (min(asked.units, waiting + asked.units - most), f"More than {counted(Units(most))} {whose} would wait.")
        for most, waiting, whose in limits
        if most is not None and waiting + asked.units > most
    ]
    return max(above, key=itemgetter(0)) if above else None


def _too_late(promise: Promise | None, item: ItemTerms, policy: BackorderPolicy, today: date) -> str:
    if promise is None:
        dated = policy.accept_undated or item.kind(today) is Kind.PREORDER
        return "" if dated else "There is no date for it, and you accept none without."
    days = (promise.late - today).days
    if policy.longest_wait_days is not None and days > policy.longest_wait_days:
        return f"It would take {counted_days(days)}; you accept {policy.longest_wait_days} at most."
    return ""
