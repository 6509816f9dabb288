"""Rules by vendor, tag and kind: which one decides, and how they stand beside the item's and the store's choice."""

from datetime import date, timedelta

import pytest

from backorder.domain.accept_rules import (
    About,
    AcceptRule,
    AcceptRuleError,
    accept_rules_written,
    parse_accept_rules,
)
from backorder.domain.acceptance import ACCEPTED, Answer, Asked, ItemTerms, Verdict, judge
from backorder.domain.policy import BackorderPolicy, PolicyError
from tests.builders import units

TODAY = date(2026, 1, 10)
ACME = ItemTerms(vendor="Acme", tags=("Summer", "made to order"))


def said(rules: str, item: ItemTerms = ACME, of_item: int = 0, **choices: object) -> Verdict:
    policy = BackorderPolicy().changed(accept_rules=parse_accept_rules(rules), **choices)
    return judge(Asked(units(1), of_item=units(of_item)), item, policy, TODAY)


def held(why: str, excess: int = 0) -> Verdict:
    return Verdict(Answer.HOLD, units(excess), why)


def test_a_vendor_or_a_tag_is_closed_by_one_rule_however_it_is_spelled() -> None:
    assert said("no | vendor | ACME") == held("Backorders of the vendor “ACME” are switched off.")
    assert said("no | tag | summer") == held("Backorders of the tag “summer” are switched off.")
    assert said("no | vendor | Acme Ltd\nno | tag | made") == ACCEPTED


def test_the_first_rule_that_matches_decides() -> None:
    assert said("yes | tag | made to order\nno | vendor | Acme") == ACCEPTED
    assert said("no | vendor | Acme\nyes | tag | made to order").answer is Answer.HOLD


def test_a_rule_opens_what_the_store_has_closed_and_the_items_own_choice_goes_before_both() -> None:
    assert said("yes | vendor | Acme", accept_backorders=False) == ACCEPTED
    assert said("no | vendor | Acme", ItemTerms(vendor="Acme", accepts=True)) == ACCEPTED
    own = ItemTerms(vendor="Acme", accepts=False)
    assert said("yes | vendor | Acme", own) == held("Backorders of this item are switched off.")


def test_pre_orders_are_taken_on_where_backorders_are_not_and_the_other_way_round() -> None:
    coming = ItemTerms(released_on=TODAY + timedelta(days=1))
    assert said("yes | kind | preorder", coming, accept_backorders=False) == ACCEPTED
    assert said("yes | kind | preorder", accept_backorders=False) == held("Backorders are switched off.")
    assert said("no | kind | preorder", coming) == held("Pre-orders are switched off.")
    assert said("no | kind | backorder", coming) == ACCEPTED


def test_what_the_store_does_not_tell_matches_no_rule() -> None:
    assert said("no | vendor | Acme\nno | tag | summer", ItemTerms()) == ACCEPTED


def test_a_number_bounds_each_item_that_the_rule_matches() -> None:
    assert said("20 | vendor | Acme", of_item=19) == ACCEPTED
    assert said("20 | vendor | Acme", of_item=20) == held("More than 20 units of this item would wait.", 1)
    assert said("20 | vendor | Acme", of_item=20, most_units_item=500).answer is Answer.HOLD
    assert said("20 | vendor | Other", of_item=20, most_units_item=500) == ACCEPTED


def test_the_items_own_number_goes_before_the_rules_and_the_stores() -> None:
    item = ItemTerms(vendor="Acme", most_units=30)
    assert said("20 | vendor | Acme", item, of_item=29, most_units_item=5) == ACCEPTED
    assert said("20 | vendor | Acme", item, of_item=30) == held("More than 30 units of this item would wait.", 1)


def test_rules_are_written_as_they_were_read() -> None:
    text = "no | vendor | Acme\nyes | tag | made to order\n20 | kind | preorder"
    rules = parse_accept_rules(f"\n{text}\n\n")
    assert rules == (
        AcceptRule(False, About.VENDOR, "Acme"),
        AcceptRule(True, About.TAG, "made to order"),
        AcceptRule(True, About.KIND, "preorder", 20),
    )
    assert accept_rules_written(rules) == text


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("no | vendor", "Line 1 must be: yes, no or a number | what | value."),
        ("\nperhaps | tag | a", "Line 2 must begin with yes, no or the most units of one item that may wait."),
        ("-3 | tag | a", "Line 1 must begin with yes, no or the most units of one item that may wait."),
        ("no | colour | red", "Line 1: “colour” is none of: vendor, tag, kind."),
        ("no | kind | gift", "“gift” is none of: backorder, preorder."),
        ("no | tag | ", "Say which tag, in at most 254 characters."),
        ("9999999 | tag | a", "The most units of one item must be from 0 to 1,000,000."),
        (
            "no | vendor | Acme\n20 | vendor | ACME",
            "The vendor “ACME” has the rules “no” and “20”: keep one.",
        ),
        ("\n".join(f"no | tag | {number}" for number in range(101)), "There can be at most 100 rules."),
    ],
)
def test_rules_that_make_no_sense_are_refused_with_the_sentence_that_says_why(text: str, sentence: str) -> None:
    with pytest.raises(AcceptRuleError) as refused:
        parse_accept_rules(text)
    assert str(refused.value) == sentence


def test_a_policy_with_contradicting_rules_is_not_saved() -> None:
    rules = (AcceptRule(True, About.TAG, "a"), AcceptRule(False, About.TAG, "A"))
    with pytest.raises(PolicyError) as refused:
        BackorderPolicy().changed(accept_rules=rules)
    assert (refused.value.field, str(refused.value)) == (
        "accept_rules",
        "The tag “A” has the rules “yes” and “no”: keep one.",
    )
