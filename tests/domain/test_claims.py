"""Lines that ask to wait, judged one after the other: who is accepted, what is held, and who is one customer."""

from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backorder.domain.acceptance import ACCEPTED, Answer, ItemTerms, Verdict
from backorder.domain.allocation import Turn
from backorder.domain.claims import Accepted, Claim, customers, judge_in_turn, unaccepted
from backorder.domain.orders import Customer
from backorder.domain.policy import BackorderPolicy
from tests.builders import line, units

TODAY = date(2026, 1, 10)
MUG, TOTE = 11, 12


def claim(order: int, asks: int, *, number: int = 1, item: int = MUG, waits: int | None = None) -> Claim:
    """The line of an order placed on the day of its id."""
    turn = Turn(datetime(2026, 1, order, tzinfo=UTC), order, number)
    return Claim(turn, item, units(asks), units(asks if waits is None else waits), None)


def said(*claims: Claim, accepted: Accepted = Accepted(), **limits: int) -> dict[tuple[int, int], Verdict]:  # noqa: B008
    terms = {MUG: ItemTerms(), TOTE: ItemTerms()}
    return judge_in_turn(claims, accepted, terms, BackorderPolicy(**limits), TODAY)


def of_one_customer(**orders: int) -> Accepted:
    """Orders of one customer (as `o1`, `o2`), with the units of each that wait and were accepted."""
    ids = {int(name[1:]): units(count) for name, count in orders.items()}
    return Accepted({}, ids, dict.fromkeys(ids, 1))


def held(excess: int, why: str) -> Verdict:
    return Verdict(Answer.HOLD, units(excess), why)


def test_the_older_of_two_orders_of_one_customer_is_accepted_and_the_younger_is_held() -> None:
    for asked in permutations([claim(1, 4), claim(2, 4)]):
        assert said(*asked, accepted=of_one_customer(o1=0, o2=0), most_units_customer=5) == {
            (1, 1): ACCEPTED,
            (2, 1): held(3, "More than 5 units of one customer would wait. 3 of 4 are too many."),
        }


def test_the_first_lines_of_an_order_within_its_limit_are_accepted_and_the_one_above_it_is_held() -> None:
    asked = [claim(1, 3), claim(1, 3, number=2, item=TOTE), claim(1, 2, number=3)]
    assert said(*asked, most_units_order=5) == {
        (1, 1): ACCEPTED,
        (1, 2): held(1, "More than 5 units in one order would wait. 1 of 3 is too many."),
        (1, 3): ACCEPTED,
    }


def test_whoever_goes_first_by_a_head_start_is_not_accepted_above_what_others_have_already() -> None:
    """Otherwise a class would be a way round the limit of an item."""
    assert said(claim(1, 1), accepted=Accepted({MUG: units(5)}), most_units_item=5) == {
        (1, 1): held(1, "More than 5 units of this item would wait. 1 of 1 is too many.")
    }


def test_of_a_raised_line_only_what_was_added_is_judged() -> None:
    already = Accepted({MUG: units(1)}, {1: units(1)}, {1: 1})
    for limit in ("most_units_item", "most_units_order", "most_units_customer"):
        assert said(claim(1, 4, waits=5), accepted=already, **{limit: 5}) == {(1, 1): ACCEPTED}
        [verdict] = said(claim(1, 99, waits=100), accepted=already, **{limit: 5}).values()
        whose = {"item": "of this item", "order": "in one order", "customer": "of one customer"}[limit[11:]]
        assert verdict == held(95, f"More than 5 units {whose} would wait. 95 of 100 are too many.")


def test_a_line_that_asks_for_nothing_more_is_accepted_whatever_was_chosen() -> None:
    assert said(claim(1, 0, waits=3), accept_backorders=False) == {(1, 1): ACCEPTED}


def test_a_reason_that_is_no_limit_counts_no_units() -> None:
    assert said(claim(1, 4), accept_backorders=False) == {(1, 1): held(0, "Backorders are switched off.")}


@given(
    st.lists(st.tuples(st.integers(1, 9), st.sampled_from([MUG, TOTE]), st.integers(1, 6)), max_size=12),
    st.integers(0, 12),
    st.integers(0, 12),
    st.integers(0, 12),
)
def test_what_is_accepted_never_goes_above_a_limit_and_what_is_held_would(wanted, item, order, customer) -> None:
    claims = [claim(of, asks, number=n, item=what) for n, (of, what, asks) in enumerate(wanted)]
    whose = {of: of % 3 for of, _, _ in wanted}
    limits = {"most_units_item": item, "most_units_order": order, "most_units_customer": customer}
    verdicts = said(*claims, accepted=Accepted(customers=whose), **limits)
    assert len(verdicts) == len(claims)
    taken: dict[tuple[str, int], int] = {}
    for one in sorted(claims, key=lambda one: one.turn):
        counted = {("item", one.item): item, ("order", one.turn.order_id): order}
        counted["customer", whose[one.turn.order_id]] = customer
        above = max(taken.get(key, 0) + one.units - most for key, most in counted.items())
        verdict = verdicts[one.turn.order_id, one.turn.line_id]
        assert (verdict.answer is Answer.ACCEPT, verdict.excess) == (above <= 0, min(max(above, 0), one.units))
        if above <= 0:
            taken |= {key: taken.get(key, 0) + one.units for key in counted}
    for (kind, _), count in taken.items():
        assert count <= limits[f"most_units_{kind}"]


@pytest.mark.parametrize(
    "buyers",
    [
        [Customer(5), Customer(5)],
        [Customer(email="a@x.de"), Customer(email=" A@X.de ")],
        [Customer(email="Ä@x.de"), Customer(email="ä@X.DE ")],
        [Customer(5, email="a@x.de"), Customer(email="a@x.de")],
        [Customer(email="b@x.de"), Customer(5, email="a@x.de"), Customer(5, email="b@x.de"), Customer(email="a@x.de")],
        [Customer(5, email="a@x.de"), Customer(6, email="a@x.de")],
    ],
)
def test_orders_with_one_id_or_one_address_are_of_one_customer(buyers: list[Customer]) -> None:
    for told in permutations(buyers):
        assert len(set(customers(dict(enumerate(told))).values())) == 1


def test_other_mailboxes_are_other_customers_and_whoever_is_not_told_is_nobody() -> None:
    buyers = [Customer(email="a@x.de"), Customer(email="a+1@x.de"), Customer(5), Customer(), Customer(email="  ")]
    found = customers(dict(enumerate(buyers)))
    assert (sorted(found), len(set(found.values()))) == ([0, 1, 2], 3)


def test_added_units_are_to_be_judged_and_cut_ones_are_cut_from_those_first() -> None:
    five = line(1, 5)
    raised, cut = replace(five, ordered=units(9)), replace(five, ordered=units(9), cancelled=units(6))
    shipped = replace(five, shipped=units(5), parts=())
    assert unaccepted(five, raised, units(0)) == 4
    assert unaccepted(five, raised, units(5)) == 9
    assert unaccepted(raised, cut, units(4)) == 0
    assert unaccepted(raised, replace(five, ordered=units(8)), units(4)) == 3
    assert unaccepted(five, shipped, units(0)) == 0
