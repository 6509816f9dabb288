"""From which locations a waiting order could be served."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backorder.domain.locations import (
    Move,
    Need,
    Relocation,
    UnreadableLocations,
    locations_written,
    more_came,
    moves,
    parse_locations,
    relocation,
)
from backorder.domain.policy import BackorderPolicy, PolicyError
from backorder.domain.supply import Pool
from tests.builders import units

MUG, TOTE = 11, 12
HOME = 1


def need(wanted: int, item: int = MUG, line: int = 1, at: int = HOME) -> Need:
    return Need(line, Pool(item, at), units(wanted))


def free(**there: int) -> dict[Pool, Decimal]:
    """Free units such as `mug2=3`: three mugs at location 2."""
    items = {"mug": MUG, "tote": TOTE}
    return {Pool(items[name[:-1]], int(name[-1])): units(count) for name, count in there.items()}


def found(
    needs: list[Need], there: dict[Pool, Decimal], *serving: int, **choices: object
) -> list[tuple[int, int, int]]:
    """Line, location and units of each move."""
    policy = BackorderPolicy().changed(**{"cross_location": True, **choices})
    return [(move.line_id, move.to, int(move.units)) for move in moves(needs, there, serving, policy)]


def test_where_the_merchant_does_not_allow_it_every_line_stays_where_the_store_put_it() -> None:
    assert moves([need(2)], free(mug2=5), [], BackorderPolicy()) == []


def test_units_that_are_free_elsewhere_are_offered_with_the_sentence_that_says_what_to_do() -> None:
    assert moves([need(2)], free(mug2=5), [], BackorderPolicy(cross_location=True)) == [
        Move(1, Pool(MUG, HOME), 2, units(2))
    ]
    assert Move(1, Pool(MUG, HOME), 2, units(2)).text == (
        "2 units could be served from location 2, where nobody waits for them: move the line there from location 1 in "
        "your store."
    )


def test_one_location_that_has_all_goes_before_two_that_have_it_together() -> None:
    needs = [need(2), need(1, TOTE, 2)]
    assert found(needs, free(mug2=2, tote3=1, mug4=2, tote4=1)) == [(1, 4, 2), (2, 4, 1)]


def test_of_two_locations_that_serve_as_much_the_better_ranked_one_is_taken() -> None:
    there = free(mug2=2, mug3=2, mug4=2)
    assert found([need(2)], there) == [(1, 2, 2)]
    assert found([need(2)], there, locations=(4, 3)) == [(1, 4, 2)]


def test_an_order_is_served_from_at_most_so_many_locations() -> None:
    needs, there = [need(2), need(1, TOTE, 2)], free(mug2=2, tote3=1)
    assert found(needs, there) == [(1, 2, 2), (2, 3, 1)]
    # With one moved and one left behind it would be two places as well.
    assert found(needs, there, most_locations=1) == []
    assert found(needs, there, most_locations=2) == [(1, 2, 2), (2, 3, 1)]


def test_where_the_order_has_units_already_counts_among_its_locations() -> None:
    assert found([need(2)], free(mug2=2), 5, most_locations=1) == []
    assert found([need(2)], free(mug5=2), 5, most_locations=1) == [(1, 5, 2)]


def test_a_move_that_brings_an_order_together_is_offered_though_it_stays_above_the_most() -> None:
    needs = [need(1, at=1), need(1, TOTE, 2, at=3)]
    assert found(needs, free(mug5=1), 5, most_locations=1) == [(1, 5, 1)]


def test_a_line_may_be_served_in_part_and_the_rest_waits_where_it_is() -> None:
    assert found([need(5)], free(mug2=2)) == [(1, 2, 2)]
    assert found([need(5)], free(mug2=2), most_locations=1) == []


def test_two_lines_of_one_item_share_what_is_there() -> None:
    assert found([need(2), need(2, line=2)], free(mug2=3)) == [(1, 2, 2), (2, 2, 1)]


def test_below_nothing_is_nothing() -> None:
    assert found([need(2)], free(mug2=-3)) == []
    assert found([need(0)], free(mug2=3)) == []
    assert found([need(2)], free(mug1=3)) == []


@given(
    wanted=st.lists(st.tuples(st.integers(1, 5), st.sampled_from([MUG, TOTE]), st.integers(1, 4)), max_size=4),
    there=st.dictionaries(st.builds(Pool, st.sampled_from([MUG, TOTE]), st.integers(1, 9)), st.integers(-2, 6)),
    most=st.integers(1, 4) | st.none(),
)
def test_nothing_is_moved_that_is_not_free_or_not_wanted(
    wanted: list[tuple[int, int, int]], there: dict[Pool, int], most: int | None
) -> None:
    needs = [Need(number, Pool(item, at), units(count)) for number, (count, item, at) in enumerate(wanted)]
    stock = {pool: units(count) for pool, count in there.items()}
    policy = BackorderPolicy(cross_location=True, most_locations=most)
    made = moves(needs, stock, [], policy)
    assert moves(needs, dict(reversed(stock.items())), [], policy) == made
    for pool, count in stock.items():
        taken = sum(move.units for move in made if Pool(move.pool.item, move.to) == pool)
        assert taken <= max(count, 0)
    for one in needs:
        assert sum(move.units for move in made if move.line_id == one.line_id) <= one.units
    assert all(move.to != move.pool.location and move.units > 0 for move in made)


def test_a_ranking_is_read_and_written_as_numbers() -> None:
    assert parse_locations(" 88110000002, 88110000001\n3 ") == (88110000002, 88110000001, 3)
    assert locations_written((2, 1)) == "2, 1"
    for text in ("one", "1;2", "-1", "1" * 19):
        with pytest.raises(UnreadableLocations):
            parse_locations(text)


@pytest.mark.parametrize(
    ("field", "sentence", "choices"),
    [
        (
            "most_locations",
            "Without “other locations” every order is served from where your store put it: switch them on, or leave "
            "this empty.",
            {"most_locations": 2},
        ),
        ("locations", "A location stands twice in the ranking: keep its better place.", {"locations": (1, 2, 1)}),
        ("locations", "At most 100 locations can be ranked.", {"locations": tuple(range(101))}),
        ("most_locations", "This must be a whole number from 1 to 100.", {"most_locations": 0, "cross_location": True}),
    ],
)
def test_choices_about_locations_that_contradict_each_other_are_refused(
    field: str, sentence: str, choices: dict[str, object]
) -> None:
    with pytest.raises(PolicyError) as refused:
        BackorderPolicy().changed(**choices)
    assert (refused.value.field, str(refused.value)) == (field, sentence)


def relocated(owed: list[Need], there: dict[Pool, Decimal], *serving: int, **choices: object) -> Relocation | None:
    """The whole move that is right, with locations 3 and 2 ranked in this order."""
    policy = BackorderPolicy().changed(
        **{"cross_location": True, "locations": (3, 2), "move_in_store": True, **choices}
    )
    return relocation(owed, serving, there, policy)


EMPTY = free(mug1=0, tote1=0)


def test_an_order_moves_whole_to_the_best_ranked_location_that_has_all_of_it() -> None:
    owed = [need(2), need(1, TOTE, 2)]
    assert relocated(owed, EMPTY | free(mug2=2, tote2=1, mug3=2, tote3=1)) == Relocation(
        HOME, 3, {1: units(2), 2: units(1)}
    )
    assert relocated(owed, EMPTY | free(mug2=2, tote2=1, mug3=1, tote3=1)) == Relocation(
        HOME, 2, {1: units(2), 2: units(1)}
    )


@pytest.mark.parametrize(
    ("there", "serving", "choices"),
    [
        (EMPTY | free(mug2=2, tote2=1), [], {"move_in_store": False}),
        (EMPTY | free(mug2=1, tote2=1), [], {}),
        (EMPTY | free(mug2=2, tote3=1), [], {}),
        (EMPTY | free(mug4=2, tote4=1), [], {}),
        (free(mug1=1, tote1=0, mug2=2, tote2=1), [], {}),
        (free(mug1=0, mug2=2, tote2=1), [], {}),
        (EMPTY | free(mug2=2, tote2=1), [HOME], {}),
    ],
    ids=[
        "it is switched off",
        "a unit is missing there",
        "two locations have it together",
        "nobody ranked the location",
        "a unit is free where it waits",
        "the figures where it waits are in doubt",
        "it has units where it waits",
    ],
)
def test_an_order_stays_where(there: dict[Pool, Decimal], serving: list[int], choices: dict[str, object]) -> None:
    assert relocated([need(2), need(1, TOTE, 2)], there, *serving, **choices) is None


def test_lines_of_one_item_need_the_sum_of_their_units() -> None:
    owed = [need(2), need(2, line=2)]
    assert relocated(owed, EMPTY | free(mug2=3)) is None
    assert relocated(owed, EMPTY | free(mug2=4)) == Relocation(HOME, 2, {1: units(2), 2: units(2)})


def test_only_more_units_are_a_reason_to_move_an_order_again() -> None:
    then = {MUG: units(5), TOTE: units(1)}
    assert [more_came(then, {MUG: units(mugs), TOTE: units(1)}) for mugs in (4, 5, 6)] == [False, False, True]


def test_orders_are_moved_only_where_locations_are_ranked() -> None:
    for choices in ({}, {"cross_location": True}, {"locations": (2,)}):
        with pytest.raises(PolicyError):
            BackorderPolicy().changed(move_in_store=True, **choices)


def test_why_an_order_was_moved_is_one_sentence() -> None:
    assert [Relocation(1, 2, {1: units(count)}).text for count in (1, 3)] == [
        "It lay free at location 2, and location 1 had none for it.",
        "All 3 units of it lay free at location 2, and location 1 had none for it.",
    ]
