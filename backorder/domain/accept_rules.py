"""Rules that say for many items at once whether they may be backordered: by vendor, by tag, by kind of waiting.

The first rule that matches an item decides; an item's own choice goes before all of them, the store's comes after.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from backorder.domain.errors import Rejected

MOST_RULES = 100


class Kind(StrEnum):
    """Of what kind the waiting is."""

    BACKORDER = "backorder"
    PREORDER = "preorder"
    """The item is not out yet."""


class About(StrEnum):
    """What a rule looks at. The words are those that a merchant writes."""

    VENDOR = "vendor"
    TAG = "tag"
    KIND = "kind"


@dataclass(frozen=True, slots=True)
class AcceptRule:
    """Items with this vendor or tag, or waiting of this kind: taken on or not, at most so many units of one item."""

    accepts: bool
    about: About
    value: str
    most_units: int | None = None

    @property
    def named(self) -> str:
        """What it is about, as people say it."""
        if self.about is About.KIND:
            return "Pre-orders" if self.value == Kind.PREORDER else "Backorders"
        return f"Backorders of the {self.about.value} “{self.value}”"

    def matches(self, vendor: str, tags: Iterable[str], kind: Kind) -> bool:
        """Whether an item falls under it. What the store does not tell matches nothing."""
        wanted = self.value.casefold()
        match self.about:
            case About.VENDOR:
                return vendor.strip().casefold() == wanted
            case About.TAG:
                return wanted in {tag.strip().casefold() for tag in tags}
            case About.KIND:
                return kind.value == wanted


class AcceptRuleError(Rejected):
    """A rule that cannot be read or contradicts another one."""

    status = 422


_ANSWERS = {"yes": (True, None), "no": (False, None)}


def parse_accept_rules(text: str) -> tuple[AcceptRule, ...]:
    """Rules as a merchant writes them, one on a line: `no | vendor | Acme` or `20 | tag | summer`. Raises
    AcceptRuleError.
    """
    rules = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            rules.append(_parse(line, number))
    check_accept_rules(rules)
    return tuple(rules)


def _parse(line: str, number: int) -> AcceptRule:
    cells = [cell.strip() for cell in line.split("|")]
    if len(cells) != 3:
        raise AcceptRuleError(f"Line {number} must be: yes, no or a number | what | value.")
    answer, about, value = cells
    if answer not in _ANSWERS and not (answer.isascii() and answer.isdigit() and len(answer) <= 7):
        raise AcceptRuleError(f"Line {number} must begin with yes, no or the most units of one item that may wait.")
    if about not in list(About):
        raise AcceptRuleError(f"Line {number}: “{about}” is none of: {', '.join(About)}.")
    accepts, most = _ANSWERS[answer] if answer in _ANSWERS else (True, int(answer))
    return AcceptRule(accepts, About(about), value, most)


def accept_rules_written(rules: Iterable[AcceptRule]) -> str:
    """Rules as a merchant writes them."""
    return "\n".join(f"{_answer(rule)} | {rule.about.value} | {rule.value}" for rule in rules)


def _answer(rule: AcceptRule) -> str:
    if rule.most_units is not None:
        return str(rule.most_units)
    return "yes" if rule.accepts else "no"


def check_accept_rules(rules: Sequence[AcceptRule]) -> None:
    """Refuse rules that make no sense together. Raises AcceptRuleError with the sentence that says why."""
    if len(rules) > MOST_RULES:
        raise AcceptRuleError(f"There can be at most {MOST_RULES} rules.")
    known: dict[tuple[About, str], AcceptRule] = {}
    for rule in rules:
        if not 1 <= len(rule.value) <= 254 or "|" in rule.value:
            raise AcceptRuleError(f"Say which {rule.about.value}, in at most 254 characters.")
        if rule.about is About.KIND and rule.value not in list(Kind):
            raise AcceptRuleError(f"“{rule.value}” is none of: {', '.join(Kind)}.")
        if rule.most_units is not None and not 0 <= rule.most_units <= 1_000_000:
            raise AcceptRuleError("The most units of one item must be from 0 to 1,000,000.")
        before = known.setdefault((rule.about, rule.value.casefold()), rule)
        if before is not rule:
            raise AcceptRuleError(
                f"The {rule.about.value} “{rule.value}” has the rules “{_answer(before)}” and “{_answer(rule)}”: "
                "keep one."
            )


def first_match(rules: Iterable[AcceptRule], vendor: str, tags: Iterable[str], kind: Kind) -> AcceptRule | None:
    """The rule that decides about an item; `None` where the store's own choice counts."""
    of_item = tuple(tags)
    return next((rule for rule in rules if rule.matches(vendor, of_item, kind)), None)
