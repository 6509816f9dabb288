"""What is kept back of what comes in."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backorder.domain.choices import ChoiceError, ItemChoices, kept_back
from backorder.domain.policy import BackorderPolicy
from backorder.domain.split import Split
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


@pytest.mark.parametrize(
    "choices",
    [
        ItemChoices(),
        ItemChoices(keep_back=units(0)),
        ItemChoices(keep_back=units(1_000_000)),
        ItemChoices(keep_back_percent=0),
        ItemChoices(keep_back_percent=100),
        ItemChoices(most_units=0),
        ItemChoices(most_units=1_000_000),
        ItemChoices(discontinued=True, accepts=False),
        ItemChoices(accepts=True, released_on=date(2027, 1, 4)),
        ItemChoices(split=Split.LINE_WHOLE),
    ],
)
def test_choices_up_to_their_bounds_are_taken(choices: ItemChoices) -> None:
    choices.check()


@pytest.mark.parametrize(
    ("choices", "sentence"),
    [
        (ItemChoices(keep_back=units("-0.5")), "The units kept back must be from 0 to 1,000,000."),
        (ItemChoices(keep_back=units("1000000.5")), "The units kept back must be from 0 to 1,000,000."),
        (ItemChoices(keep_back_percent=-1), "The percentage kept back must be from 0 to 100."),
        (ItemChoices(keep_back_percent=101), "The percentage kept back must be from 0 to 100."),
        (
            ItemChoices(keep_back=units(0), keep_back_percent=0),
            "Keep back either a number of units or a share of each arrival: leave one of them empty.",
        ),
        (ItemChoices(most_units=-1), "The most units that may wait must be from 0 to 1,000,000."),
        (ItemChoices(most_units=1_000_001), "The most units that may wait must be from 0 to 1,000,000."),
        (
            ItemChoices(discontinued=True, accepts=True),
            "Nothing more comes of a discontinued item, so no backorders of it can be accepted.",
        ),
        (
            ItemChoices(split=Split.WAIT_UNTIL),
            "Waiting for a day is chosen for an order or the store, not for an item.",
        ),
    ],
)
def test_choices_that_cannot_be_are_refused_with_one_sentence(choices: ItemChoices, sentence: str) -> None:
    with pytest.raises(ChoiceError) as refused:
        choices.check()
    assert str(refused.value) == sentence
