"""What is kept back of what comes in."""

from hypothesis import given
from hypothesis import strategies as st

from backorder.domain.choices import ItemChoices, kept_back
from backorder.domain.policy import BackorderPolicy
from backorder.domain.supply import ZERO
from tests.builders import units

TENTH = ItemChoices(keep_back_percent=10)


def test_a_share_of_each_arrival_is_kept_back_on_top_of_what_is_still_there() -> None:
    first = TENTH.after_arrival(units(50), units(0))
    assert first.kept_back == 5
    assert first.after_arrival(units(20), units(5)).kept_back == 7
    assert first.after_arrival(units(20), units(2)).kept_back == 4
    assert first.after_arrival(units(20), units(0)).kept_back == 2


def test_arrivals_in_small_lots_keep_back_as_much_as_one_large_one() -> None:
    choices, free = TENTH, ZERO
    for _ in range(10):
        choices = choices.after_arrival(units(5), free)
        free = choices.kept_back or ZERO
    assert (choices.kept_back, TENTH.after_arrival(units(50), ZERO).kept_back) == (5, 5)


def test_a_share_counts_instead_of_the_stores_number_and_only_in_whole_units() -> None:
    policy = BackorderPolicy(keep_back=units(4))
    assert [kept_back(policy, choices) for choices in (None, ItemChoices(), TENTH)] == [4, 4, 0]
    assert kept_back(policy, TENTH.after_arrival(units(19), ZERO)) == 1
    assert kept_back(policy, ItemChoices(keep_back=units("1.5"))) == units("1.5")


def test_an_item_without_a_share_keeps_its_number_whatever_comes_in() -> None:
    own = ItemChoices(keep_back=units(3))
    assert own.after_arrival(units(50), ZERO) == own


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(0, 60)), max_size=8), st.integers(0, 100))
def test_never_more_is_kept_back_than_the_share_of_all_that_came_and_never_less_than_that_of_the_newest(
    arrivals, percent
) -> None:
    choices, came = ItemChoices(keep_back_percent=percent), 0
    for count, free in arrivals:
        choices = choices.after_arrival(units(count), units(free))
        came += count
        assert count * percent // 100 <= choices.kept_back <= came * percent / 100
