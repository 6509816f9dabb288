"""Who may be served before older orders, and by how much.

A class is a name and a head start in days, nothing else. Rules say which orders are of which class; the first rule
that matches decides. A head start moves a line's queue time back, so nobody is ever passed by a line that was placed
more than the largest head start later. What a store withholds about an order matches no rule, and is said.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from backorder.domain.errors import Rejected
from backorder.domain.orders import Order, OrderLine
from backorder.domain.supply import ZERO

PIN = timedelta(days=365_000)
"""The head start of an order that is pinned by hand: before everybody, and among the pinned still oldest first."""

MOST_RULES = 50
LONGEST_HEAD_START = 365


class Fact(StrEnum):
    """What a rule looks at. The words are those that a merchant writes."""

    CUSTOMER_TAG = "customer tag"
    CUSTOMER = "customer"
    """One customer, by id or e-mail address."""
    ORDER_TAG = "order tag"
    SHIPPING = "paid shipping"
    """The name of a shipping method that the customer paid for."""
    TOTAL = "order total from"
    """An amount, with its currency where orders come in several: 500 EUR."""
    UNITS = "order units from"
    NEEDED = "needed within days"
    """Days between the placing of the order and the day on which the customer needs it."""
    BY_HAND = "by hand"
    """Matches nothing: a class that is only given by hand."""


@dataclass(frozen=True, slots=True)
class PriorityRule:
    """Orders with this fact are of the class of this name, whose lines queue so many days earlier."""

    name: str
    head_start_days: int
    fact: Fact
    value: str = ""


@dataclass(frozen=True, slots=True)
class Priority:
    """The class of an order; no name and no head start where no rule matched. `unknown`: facts that rules asked for
    and the store does not tell.
    """

    name: str = ""
    head_start_days: int = 0
    unknown: tuple[Fact, ...] = ()
    pinned: bool = False

    @property
    def head_start(self) -> timedelta:
        """How much earlier the order's lines queue."""
        return PIN if self.pinned else timedelta(days=self.head_start_days)

    def sentences(self) -> list[str]:
        """What puts the order before others, and what could not be told."""
        said = []
        if self.pinned:
            said.append("Pinned: it is served before everybody.")
        elif self.name:
            said.append(
                f"Class {self.name}: {self.head_start_days} day{'' if self.head_start_days == 1 else 's'} ahead."
            )
        if self.unknown:
            said.append(f"The store does not tell: {', '.join(fact.value for fact in self.unknown)}.")
        return said


class RuleError(Rejected):
    """A rule that cannot be read or contradicts another one."""

    status = 422


def priority_of(
    order: Order, rules: Sequence[PriorityRule], *, by_hand: str = "", pinned: bool = False, zone: tzinfo = UTC
) -> Priority:
    """The class of an order: the one given by hand while it exists, else that of the first rule that matches. Days are
    those of the store's zone.
    """
    unknown: list[Fact] = []
    for rule in rules:
        if by_hand and rule.name == by_hand:
            return Priority(rule.name, rule.head_start_days, pinned=pinned)
    for rule in rules:
        matches = _matches(order, rule, zone)
        if matches:
            return Priority(rule.name, rule.head_start_days, tuple(dict.fromkeys(unknown)), pinned)
        if matches is None:
            unknown.append(rule.fact)
    return Priority(unknown=tuple(dict.fromkeys(unknown)), pinned=pinned)


def queued_at(order: Order, line: OrderLine, *, late_lines_wait: bool) -> datetime:
    """From when a line waits: from its order's day, or from its own where it joined the order later."""
    if line.added_at is None or not late_lines_wait:
        return order.placed_at
    return max(order.placed_at, line.added_at)


def _matches(order: Order, rule: PriorityRule, zone: tzinfo) -> bool | None:
    """`None` where the store does not tell what the rule asks for."""
    who = order.customer
    match rule.fact:
        case Fact.CUSTOMER_TAG:
            return None if who.tags is None else _named(rule.value, who.tags)
        case Fact.CUSTOMER:
            if who.id is None and not who.email:
                return None
            return _named(rule.value, (str(who.id or ""), who.email))
        case Fact.ORDER_TAG:
            return _named(rule.value, order.tags)
        case Fact.SHIPPING:
            if order.shipping is None:
                return None
            return _named(rule.value, [way.method for way in order.shipping if way.paid > 0])
        case Fact.TOTAL:
            least, currency = _amount(rule.value)
            # Amounts in two currencies are not compared: that is the rule's doing, not something the store withholds.
            comparable = currency in ("", order.currency)
            return comparable and sum((line.ordered * line.unit_price for line in order.lines), ZERO) >= least
        case Fact.UNITS:
            return sum((line.ordered for line in order.lines), ZERO) >= Decimal(rule.value)
        case Fact.NEEDED:
            if order.need_by is None:
                return False
            # A day before the order was placed is a slip of the pen, not a hurry.
            return 0 <= (order.need_by - order.placed_at.astimezone(zone).date()).days <= int(rule.value)
        case Fact.BY_HAND:
            return False


def _named(wanted: str, names: Iterable[str]) -> bool:
    return wanted.casefold() in {name.strip().casefold() for name in names}


def _amount(text: str) -> tuple[Decimal, str]:
    number, _, currency = text.partition(" ")
    return Decimal(number), currency.strip().upper()


def parse_rules(text: str) -> tuple[PriorityRule, ...]:
    """Rules as a merchant writes them, one on a line: `VIP | 5 | customer tag | gold`. Raises RuleError."""
    rules = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            rules.append(_parse(line, number))
    check_rules(rules)
    return tuple(rules)


def _parse(line: str, number: int) -> PriorityRule:
    cells = [cell.strip() for cell in line.split("|")]
    if len(cells) not in (3, 4):
        raise RuleError(f"Line {number} must be: class | days | fact | value.")
    name, days, fact, value = [*cells, ""][:4]
    if not (days.isascii() and days.isdigit() and len(days) <= 3):
        raise RuleError(
            f"Line {number}: the head start must be a whole number of days, from 0 to {LONGEST_HEAD_START}."
        )
    if fact not in list(Fact):
        raise RuleError(f"Line {number}: “{fact}” is none of: {', '.join(Fact)}.")
    return PriorityRule(name, int(days), Fact(fact), value)


def written(rules: Iterable[PriorityRule]) -> str:
    """Rules as a merchant writes them."""
    return "\n".join(
        " | ".join([rule.name, str(rule.head_start_days), rule.fact.value, *([rule.value] if rule.value else [])])
        for rule in rules
    )


def check_rules(rules: Sequence[PriorityRule]) -> None:
    """Refuse rules that make no sense together. Raises RuleError with the sentence that says why."""
    if len(rules) > MOST_RULES:
        raise RuleError(f"There can be at most {MOST_RULES} rules.")
    days_of: dict[str, int] = {}
    for rule in rules:
        if not 1 <= len(rule.name) <= 60 or "|" in rule.name:
            raise RuleError("A class needs a name of 1 to 60 characters.")
        if not 0 <= rule.head_start_days <= LONGEST_HEAD_START:
            raise RuleError(f"The head start of “{rule.name}” must be from 0 to {LONGEST_HEAD_START} days.")
        if days_of.setdefault(rule.name, rule.head_start_days) != rule.head_start_days:
            raise RuleError(
                f"“{rule.name}” has a head start of {days_of[rule.name]} days in one rule and of "
                f"{rule.head_start_days} in another: a class has one."
            )
        _check_value(rule)


def _check_value(rule: PriorityRule) -> None:
    if len(rule.value) > 254 or (not rule.value and rule.fact is not Fact.BY_HAND):
        raise RuleError(f"“{rule.name}”: say which {rule.fact.value}, in at most 254 characters.")
    if rule.fact is Fact.NEEDED and not (rule.value.isascii() and rule.value.isdigit() and len(rule.value) <= 3):
        raise RuleError(f"“{rule.name}”: the days must be a whole number from 0 to 999.")
    if rule.fact in (Fact.TOTAL, Fact.UNITS):
        try:
            least, currency = _amount(rule.value)
        except InvalidOperation:
            least, currency = Decimal("NaN"), ""
        named = rule.fact is Fact.TOTAL and len(currency) == 3 and currency.isascii() and currency.isalpha()
        if not least.is_finite() or least < 0 or (currency and not named):
            raise RuleError(f"“{rule.name}”: “{rule.value}” is no number to compare with, such as 500 or 500 EUR.")


def largest_head_start(rules: Iterable[PriorityRule]) -> timedelta:
    """The most by which anybody is ever passed by rule."""
    return timedelta(days=max((rule.head_start_days for rule in rules), default=0))
