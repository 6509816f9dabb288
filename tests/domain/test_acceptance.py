"""Which waiting is taken on, and why not."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from backorder.domain.acceptance import ACCEPTED, Answer, Asked, ItemTerms, Kind, Verdict, judge
from backorder.domain.lateness import Record
from backorder.domain.policy import BackorderPolicy, Excess, PolicyError
from backorder.domain.promise import Promise
from tests.builders import units

TODAY = date(2026, 1, 10)
THREE = Asked(units(3))


def said(asked: Asked = THREE, item: ItemTerms = ItemTerms(), **choices: object) -> Verdict:  # noqa: B008
    return judge(asked, item, BackorderPolicy(**choices), TODAY)


def held(why: str, excess: int = 0) -> Verdict:
    return Verdict(Answer.HOLD, units(excess), why)


def test_without_limits_everything_is_accepted() -> None:
    assert said() == ACCEPTED


def test_the_choice_for_the_item_goes_before_the_stores() -> None:
    assert said(accept_backorders=False) == held("Backorders are switched off.")
    assert said(item=ItemTerms(accepts=True), accept_backorders=False) == ACCEPTED
    assert said(item=ItemTerms(accepts=False)) == held("Backorders of this item are switched off.")


def test_a_discontinued_item_is_not_backordered_whatever_was_chosen() -> None:
    assert said(item=ItemTerms(accepts=True, discontinued=True)) == held(
        "The item is discontinued: nothing more of it will come."
    )


def test_a_supplier_that_is_too_late_closes_its_items_and_opens_them_again_by_itself() -> None:
    late = ItemTerms(supplier=Record(usual_days=3, safe_days=22))
    assert said(item=late, most_late_days=21) == held("Its supplier is up to 22 days late; you accept 21 at most.")
    assert said(item=replace(late, supplier=Record(3, 21)), most_late_days=21) == ACCEPTED
    assert said(item=ItemTerms(), most_late_days=0) == ACCEPTED


def test_an_item_that_is_cancelled_too_often_is_closed() -> None:
    item = ItemTerms(cancelled=units(31), ordered=units(100))
    assert said(item=item, most_cancel_percent=30) == held(
        "Of 100 units that waited for it 31 were cancelled; you accept 30 at most."
    )
    assert said(item=item, most_cancel_percent=31) == ACCEPTED
    assert ItemTerms().cancel_percent == 0


@pytest.mark.parametrize(
    ("limit", "asked", "whose"),
    [
        ("most_units_item", Asked(units(3), of_item=units(8)), "of this item"),
        ("most_units_order", Asked(units(3), of_order=units(8)), "in one order"),
        ("most_units_customer", Asked(units(3), of_customer=units(8)), "of one customer"),
    ],
)
def test_what_is_above_a_limit_is_held_or_refused_and_counted(limit: str, asked: Asked, whose: str) -> None:
    assert said(asked, **{limit: 11}) == ACCEPTED
    why = f"More than 10 units {whose} would wait."
    assert said(asked, **{limit: 10}) == held(why, 1)
    assert said(asked, **{limit: 10, "excess": Excess.REFUSE}) == Verdict(Answer.REFUSE, units(1), why)
    assert said(asked, **{limit: 0}).excess == 3


def test_of_several_limits_the_one_that_most_units_are_above_is_told() -> None:
    asked = Asked(units(8), of_item=units(1), of_order=units(1))
    assert said(asked, most_units_item=8, most_units_order=4) == held("More than 4 units in one order would wait.", 5)
    assert said(asked, most_units_item=8) == held("More than 8 units of this item would wait.", 1)
    assert said(asked, most_units_item=1) == held("More than 1 unit of this item would wait.", 8)


def test_nobody_knows_how_much_waits_of_a_customer_whom_the_store_withholds() -> None:
    assert said(Asked(units(3), of_customer=None), most_units_customer=1) == ACCEPTED


def test_a_date_too_far_away_is_the_merchants_to_decide() -> None:
    day = TODAY + timedelta(days=31)
    asked = replace(THREE, promise=Promise(TODAY, day))
    assert said(asked, longest_wait_days=30) == held("It would take 31 days; you accept 30 at most.")
    assert said(asked, longest_wait_days=31) == ACCEPTED


def test_without_a_date_only_what_is_not_out_yet_is_accepted_where_the_merchant_says_so() -> None:
    assert said(accept_undated=False) == held("There is no date for it, and you accept none without.")
    coming = ItemTerms(released_on=TODAY + timedelta(days=1))
    assert said(item=coming, accept_undated=False) == ACCEPTED
    assert (coming.kind(TODAY), coming.kind(TODAY + timedelta(days=1))) == (Kind.PREORDER, Kind.BACKORDER)


@pytest.mark.parametrize(
    ("field", "choices"),
    [
        ("longest_wait_days", {"longest_wait_days": 14, "lead_time_days": 14, "handling_days": 1}),
        ("most_units_order", {"most_units_order": 5, "most_units_customer": 4}),
        ("most_cancel_percent", {"most_cancel_percent": 101}),
        ("workdays", {"workdays": frozenset()}),
        ("holidays_of", {"holidays_of": "Germany"}),
    ],
)
def test_limits_that_contradict_each_other_are_refused(field: str, choices: dict[str, object]) -> None:
    with pytest.raises(PolicyError) as refused:
        BackorderPolicy().changed(**choices)
    assert (refused.value.field, Decimal(1)) == (field, 1)
