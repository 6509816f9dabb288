"""Which orders have a head start, and how far it carries."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from backorder.domain.orders import Customer, Shipping
from backorder.domain.policy import BackorderPolicy, PolicyError
from backorder.domain.priority import (
    PIN,
    Fact,
    Priority,
    PriorityRule,
    RuleError,
    check_rules,
    largest_head_start,
    parse_rules,
    priority_of,
    written,
)
from tests.builders import an_order, line, units

GOLD = PriorityRule("VIP", 5, Fact.CUSTOMER_TAG, "gold")
EXPRESS = PriorityRule("Express", 3, Fact.SHIPPING, "Next day")
LARGE = PriorityRule("Large", 2, Fact.TOTAL, "500 USD")


def rule(fact: Fact, value: str) -> PriorityRule:
    return PriorityRule("A", 1, fact, value)


def test_the_first_rule_that_matches_gives_the_class() -> None:
    order = an_order(customer=Customer(1, tags=("Gold",)), shipping=(Shipping("next day", Decimal(9)),))
    assert priority_of(order, [GOLD, EXPRESS]) == Priority("VIP", 5)
    assert priority_of(order, [EXPRESS, GOLD]) == Priority("Express", 3)


def test_an_order_that_no_rule_matches_has_no_head_start() -> None:
    order = an_order(customer=Customer(1, tags=()), shipping=())
    assert priority_of(order, [GOLD, EXPRESS]) == Priority()


def test_what_the_store_withholds_matches_no_rule_and_is_said() -> None:
    order = an_order(100, line(1, 1, ordered=600, unit_price=Decimal(1)))
    assert priority_of(order, [GOLD, EXPRESS, LARGE]) == Priority(
        "Large", 2, unknown=(Fact.CUSTOMER_TAG, Fact.SHIPPING)
    )


def test_only_shipping_that_was_paid_for_counts() -> None:
    assert priority_of(an_order(shipping=(Shipping("Next day"),)), [EXPRESS]).name == ""
    assert priority_of(an_order(shipping=(Shipping("Next day", Decimal(9)),)), [EXPRESS]).name == "Express"


@pytest.mark.parametrize(
    ("fact", "value", "matches"),
    [
        (Fact.CUSTOMER, "1", True),
        (Fact.CUSTOMER, "ADA@example.com", True),
        (Fact.CUSTOMER, "eve@example.com", False),
        (Fact.ORDER_TAG, "B2B", True),
        (Fact.ORDER_TAG, "retail", False),
        (Fact.UNITS, "4", True),
        (Fact.UNITS, "4.5", False),
        (Fact.TOTAL, "40", True),
        (Fact.TOTAL, "40.01", False),
        (Fact.TOTAL, "40 USD", True),
        (Fact.BY_HAND, "", False),
    ],
)
def test_a_rule_looks_at_one_fact(fact: Fact, value: str, matches: bool) -> None:
    lines = (line(1, 3, ordered=3, unit_price=Decimal(10)), line(2, 1, unit_price=Decimal(10)))
    order = an_order(100, *lines, tags=("b2b",))
    assert priority_of(order, [rule(fact, value)]) == Priority(*(("A", 1) if matches else ("", 0)))


def test_an_amount_in_another_currency_is_not_compared_and_nobody_says_that_the_store_withholds_it() -> None:
    order = an_order(100, line(1, 1, unit_price=Decimal(900)))
    assert priority_of(order, [rule(Fact.TOTAL, "500 EUR")]) == Priority()


def test_a_guest_whose_store_withholds_everything_is_nobody_in_a_list() -> None:
    order = an_order(customer=Customer())
    assert priority_of(order, [rule(Fact.CUSTOMER, "ada@example.com")]) == Priority(unknown=(Fact.CUSTOMER,))


@pytest.mark.parametrize(
    ("need_by", "matches"),
    [(date(2026, 1, 5), True), (date(2026, 1, 19), True), (date(2026, 1, 20), False), (date(2026, 1, 4), False)],
)
def test_a_need_by_day_counts_from_the_placing_and_one_before_it_is_a_slip_of_the_pen(
    need_by: date, matches: bool
) -> None:
    found = priority_of(an_order(need_by=need_by), [rule(Fact.NEEDED, "14")])
    assert found.name == ("A" if matches else "")


def test_a_need_by_rule_says_nothing_of_an_order_without_one() -> None:
    assert priority_of(an_order(), [rule(Fact.NEEDED, "14")]) == Priority()


def test_a_class_given_by_hand_goes_before_every_rule_while_it_exists() -> None:
    order = an_order(customer=Customer(1, tags=("gold",)))
    by_hand = PriorityRule("Friends", 9, Fact.BY_HAND)
    assert priority_of(order, [GOLD, by_hand], by_hand="Friends") == Priority("Friends", 9)
    assert priority_of(order, [GOLD], by_hand="Friends") == Priority("VIP", 5)


def test_a_pin_goes_before_every_head_start() -> None:
    assert priority_of(an_order(), [], pinned=True).head_start == PIN
    assert largest_head_start([GOLD, EXPRESS]) == timedelta(days=5) < PIN
    assert largest_head_start([]) == timedelta(0)


def test_rules_are_read_as_they_are_written() -> None:
    text = "VIP | 5 | customer tag | gold\n\nFriends | 9 | by hand"
    rules = parse_rules(text)
    assert rules == (GOLD, PriorityRule("Friends", 9, Fact.BY_HAND))
    assert parse_rules(written(rules)) == rules


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("VIP | 5", "Line 1 must be: class | days | fact | value."),
        ("\nVIP | x | customer tag | gold", "Line 2: the head start must be a whole number of days, from 0 to 365."),
        ("VIP | -1 | by hand", "Line 1: the head start must be a whole number of days, from 0 to 365."),
        (f"VIP | {'9' * 5000} | by hand", "Line 1: the head start must be a whole number of days, from 0 to 365."),
        (
            "VIP | 5 | star sign | ram",
            "Line 1: “star sign” is none of: customer tag, customer, order tag, paid shipping, order total from, "
            "order units from, needed within days, by hand.",
        ),
        ("VIP | 366 | customer tag | gold", "The head start of “VIP” must be from 0 to 365 days."),
        (
            "VIP | 5 | customer tag | gold\nVIP | 4 | customer | 7",
            "“VIP” has a head start of 5 days in one rule and of 4 in another: a class has one.",
        ),
        ("VIP | 5 | customer tag |", "“VIP”: say which customer tag, in at most 254 characters."),
        (" | 5 | customer tag | gold", "A class needs a name of 1 to 60 characters."),
        ("A | 1 | needed within days | soon", "“A”: the days must be a whole number from 0 to 999."),
        ("A | 1 | order total from | much", "“A”: “much” is no number to compare with, such as 500 or 500 EUR."),
        ("A | 1 | order total from | 5 Euros", "“A”: “5 Euros” is no number to compare with, such as 500 or 500 EUR."),
        ("A | 1 | order total from | NaN", "“A”: “NaN” is no number to compare with, such as 500 or 500 EUR."),
        ("A | 1 | order units from | 5 EUR", "“A”: “5 EUR” is no number to compare with, such as 500 or 500 EUR."),
        ("A | 1 | order units from | -5", "“A”: “-5” is no number to compare with, such as 500 or 500 EUR."),
        ("A | 1 | by hand\n" * 51, "There can be at most 50 rules."),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_with_one_sentence(text: str, sentence: str) -> None:
    with pytest.raises(RuleError) as refused:
        parse_rules(text)
    assert str(refused.value) == sentence


def test_rules_up_to_their_bounds_are_taken() -> None:
    most = [PriorityRule(f"Class {number}", 1, Fact.BY_HAND) for number in range(50)]
    check_rules(most)
    check_rules([PriorityRule("V", 0, Fact.BY_HAND), PriorityRule("W" * 60, 365, Fact.BY_HAND)])
    with pytest.raises(RuleError, match="A class needs a name of 1 to 60 characters"):
        check_rules([PriorityRule("W" * 61, 1, Fact.BY_HAND)])


def test_a_policy_with_such_a_rule_is_not_saved() -> None:
    with pytest.raises(PolicyError) as refused:
        BackorderPolicy().changed(priority=(PriorityRule("VIP", 400, Fact.BY_HAND),))
    assert (refused.value.field, units(1)) == ("priority", 1)


def test_an_order_says_what_puts_it_ahead_and_what_nobody_knows() -> None:
    assert Priority("VIP", 5).sentences() == ["Class VIP: 5 days ahead."]
    assert Priority("VIP", 1, pinned=True).sentences() == ["Pinned: it is served before everybody."]
    assert Priority(unknown=(Fact.CUSTOMER_TAG,)).sentences() == ["The store does not tell: customer tag."]
