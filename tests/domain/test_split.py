"""When units that are there may leave, and whether an order that is not whole keeps its share."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backorder.domain.choices import (
    ItemChoices,
    OrderChoices,
    customer_may_choose,
    kept_back,
    lets_pass,
    may_yield,
    terms_of,
)
from backorder.domain.lifecycle import Given, OrderStanding, standing
from backorder.domain.orders import OrderStatus
from backorder.domain.policy import BackorderPolicy, PolicyError
from backorder.domain.split import LineUnits, Patience, Share, Split, Stay, Terms, stays, yields
from tests.builders import MUG, NOON, an_order, units
from tests.builders import line as order_line

DAY = date(2026, 1, 5)
LATER = DAY + timedelta(days=10)
ORDER = an_order()


def line(number: int, owed: float, has: float, *, item: int = 11, kit: int | None = None, price: int = 10) -> LineUnits:
    return LineUnits(number, item, units(owed), units(has), has >= owed, Decimal(price), kit)


def test_the_choice_for_the_order_goes_before_the_customers_the_items_and_the_stores() -> None:
    policy = BackorderPolicy(split=Split.SHIP_AVAILABLE)
    of_items = {11: Split.LINE_WHOLE}

    def counts(choices: OrderChoices, item: int = 11) -> Split:
        return terms_of(policy, choices, of_items, DAY).split_of(item, NOON)

    assert counts(OrderChoices(split=Split.ORDER_WHOLE, split_of_customer=Split.SHIP_AVAILABLE)) is Split.ORDER_WHOLE
    assert counts(OrderChoices(split_of_customer=Split.ORDER_WHOLE)) is Split.ORDER_WHOLE
    assert counts(OrderChoices()) is Split.LINE_WHOLE
    assert counts(OrderChoices(), 12) is Split.SHIP_AVAILABLE


def test_waiting_until_a_day_is_whole_before_it_and_what_is_there_from_it_on() -> None:
    lines = [line(1, 2, 2), line(2, 2, 0)]
    terms = Terms(Split.WAIT_UNTIL, wait_days=10)
    assert stays(ORDER, lines, Terms(Split.WAIT_UNTIL, wait_days=10, today=LATER - timedelta(days=1))) == {
        1: Stay.DATE,
        2: Stay.DATE,
    }
    assert stays(ORDER, lines, Terms(Split.WAIT_UNTIL, wait_days=10, today=LATER)) == {}
    assert (terms.until(NOON), Terms(wait_until=DAY).until(NOON + timedelta(days=10))) == (LATER, DAY)


def test_each_line_stays_by_its_own_choice() -> None:
    lines = [line(1, 2, 1, item=11), line(2, 2, 2, item=12), line(3, 3, 1, item=13)]
    terms = Terms(of_items={11: Split.LINE_WHOLE, 12: Split.ORDER_WHOLE})
    assert stays(ORDER, lines, terms) == {1: Stay.LINE, 2: Stay.ORDER}


def test_the_pieces_of_a_kit_never_split() -> None:
    lines = [line(1, 1, 1, kit=7), line(2, 1, 0, kit=7), line(3, 1, 1)]
    assert stays(ORDER, lines, Terms(Split.SHIP_AVAILABLE)) == {1: Stay.KIT, 2: Stay.KIT}


def test_the_pieces_of_a_kit_stay_together_where_one_of_them_has_to_stay_for_another_reason() -> None:
    lines = [line(1, 1, 1, kit=7), line(2, 1, 1, item=12, kit=7), line(3, 1, 0)]
    assert stays(ORDER, lines, Terms(of_items={12: Split.ORDER_WHOLE})) == {1: Stay.KIT, 2: Stay.ORDER}


@given(
    st.lists(st.tuples(st.integers(0, 2), st.sampled_from([None, 7, 8]), st.sampled_from(list(Split))), max_size=6),
    st.integers(0, 4),
)
def test_of_a_kit_all_pieces_may_leave_or_none(found, least) -> None:
    lines = [line(n, 2, has, item=n, kit=kit) for n, (has, kit, _) in enumerate(found)]
    terms = Terms(of_items={n: split for n, (_, _, split) in enumerate(found)}, least_units=units(least))
    staying = stays(ORDER, lines, terms)
    for kit in (7, 8):
        assert len({piece.line_id in staying for piece in lines if piece.kit == kit}) <= 1


def test_a_part_smaller_than_the_least_does_not_leave_but_a_whole_order_always_does() -> None:
    lines = [line(1, 3, 1), line(2, 3, 1)]
    assert stays(ORDER, lines, Terms(least_units=units(2))) == {}
    assert stays(ORDER, lines, Terms(least_units=units(3))) == {1: Stay.TOO_LITTLE, 2: Stay.TOO_LITTLE}
    assert stays(ORDER, lines, Terms(least_value=Decimal(20))) == {}
    assert stays(ORDER, lines, Terms(least_value=Decimal("20.01"))) == {1: Stay.TOO_LITTLE, 2: Stay.TOO_LITTLE}
    assert stays(ORDER, [line(1, 1, 1)], Terms(least_units=units(5))) == {}


def test_lines_that_have_to_stay_anyway_do_not_count_towards_the_least() -> None:
    lines = [line(1, 3, 2), line(2, 2, 1, item=12)]
    terms = Terms(of_items={12: Split.LINE_WHOLE}, least_units=units(3))
    assert stays(ORDER, lines, terms) == {2: Stay.LINE, 1: Stay.TOO_LITTLE}


def yielding(patience: Patience, *, waits: int = 0, passed: int = 0, passed_days: int | None = None) -> bool:
    return yields(
        patience,
        since=LATER - timedelta(days=waits),
        passed_over=passed,
        passed_since=None if passed_days is None else LATER - timedelta(days=passed_days),
        today=LATER,
    )


def test_an_order_keeps_its_share_without_end_or_for_some_days() -> None:
    assert yielding(Patience(Share.KEEP), waits=400) is False
    assert yielding(Patience(Share.KEEP, keep_days=7), waits=6) is False
    assert yielding(Patience(Share.KEEP, keep_days=7), waits=7) is True


def test_an_order_lets_others_pass_only_so_often_and_so_long() -> None:
    patience = Patience(Share.YIELD, passes=3, pass_days=14)
    assert yielding(patience) is True
    assert yielding(patience, passed=2, passed_days=13) is True
    assert yielding(patience, passed=3, passed_days=1) is False
    assert yielding(patience, passed=1, passed_days=14) is False
    assert yielding(Patience(Share.YIELD), passed=999, passed_days=999) is True


def test_an_order_that_was_passed_often_enough_keeps_its_share_although_its_days_are_over() -> None:
    assert yielding(Patience(Share.KEEP, keep_days=7, passes=1), waits=30, passed=1) is False


def test_only_orders_that_ship_whole_let_others_pass() -> None:
    policy = BackorderPolicy(order_share=Share.YIELD)

    def passes(split: Split, policy: BackorderPolicy = policy) -> bool:
        return lets_pass(policy, OrderChoices(), split, since=None, today=DAY)

    assert [passes(split) for split in Split] == [False, False, True, True]
    assert passes(Split.ORDER_WHOLE, BackorderPolicy()) is False
    assert (may_yield(policy), may_yield(BackorderPolicy()), may_yield(BackorderPolicy(share_days=3))) == (
        True,
        False,
        True,
    )


def test_what_is_kept_back_of_an_item_goes_before_what_is_kept_back_of_every_item() -> None:
    policy = BackorderPolicy(keep_back=units(3))
    assert kept_back(policy, None) == kept_back(policy, ItemChoices()) == 3
    assert kept_back(policy, ItemChoices(keep_back=units(0))) == 0


@pytest.mark.parametrize(
    ("field", "choices"),
    [
        ("split_wait_days", {"split": Split.WAIT_UNTIL}),
        ("share_days", {"order_share": Share.YIELD, "share_days": 3}),
        ("order_share", {"leapfrog_times": 3}),
        ("least_part_units", {"least_part_units": Decimal(-1)}),
        ("leapfrog_days", {"order_share": Share.YIELD, "leapfrog_days": 400}),
    ],
)
def test_choices_that_contradict_each_other_are_refused_beside_a_field(field: str, choices: dict[str, object]) -> None:
    with pytest.raises(PolicyError) as refused:
        BackorderPolicy().changed(**choices)
    assert refused.value.field == field


def waiting_order(owed: int, given: int, status: OrderStatus = OrderStatus.OPEN) -> OrderStanding:
    order = an_order(100, order_line(1, owed), status=status)
    return standing(order, {1: [Given(MUG, units(given))]}, {1}, Terms())


def test_a_customer_is_asked_how_an_order_ships_where_the_answer_can_count() -> None:
    asks, order = BackorderPolicy(customers_choose=True), waiting_order(3, 1)
    assert customer_may_choose(asks, order, OrderChoices()) is True
    assert customer_may_choose(asks, waiting_order(2, 1), OrderChoices()) is True
    assert customer_may_choose(asks, order, OrderChoices(split_of_customer=Split.ORDER_WHOLE)) is True
    assert customer_may_choose(asks, order, OrderChoices(split=Split.ORDER_WHOLE)) is False
    assert customer_may_choose(BackorderPolicy(), order, OrderChoices()) is False


@pytest.mark.parametrize("order", [waiting_order(3, 3), waiting_order(1, 0), waiting_order(3, 1, OrderStatus.CLOSED)])
def test_what_is_all_there_or_one_unit_or_closed_leaves_nothing_to_choose(order: OrderStanding) -> None:
    assert customer_may_choose(BackorderPolicy(customers_choose=True), order, OrderChoices()) is False
