"""What may be believed of a stock reading, and when."""

from datetime import UTC, datetime, timedelta

from backorder.domain.supply import Balance, Believed, Jump, assess, physically_there
from tests.builders import believed, stock, units

T = datetime(2026, 1, 5, 12, tzinfo=UTC)
SETTLE = timedelta(seconds=120)


def look(
    before: Believed, reading, owed: float, *, at: float = 0, pulled: float | None = None, was: float | None = None
):
    """One reading that began `at` seconds after noon; the last pull began `pulled` seconds after noon, and the net
    figure was `was` just before it.
    """
    return assess(
        before,
        reading,
        units(owed),
        began=T + timedelta(seconds=at),
        pulled_at=None if pulled is None else T + timedelta(seconds=pulled),
        settle=SETTLE,
        before_pull=None if was is None else units(was),
    )


def test_with_a_committed_figure_the_smaller_of_it_and_ours_counts() -> None:
    assert physically_there(stock(-4, 4), units(5)) == 0


def test_without_one_the_net_figure_and_what_our_lines_took_are_added() -> None:
    assert physically_there(stock(-4), units(9)) == 5


def test_a_new_pool_is_seen_twice_around_a_pull_before_anything_is_decided_in_it() -> None:
    first = look(Believed(), stock(-2), 3)
    assert (first.give, first.pull_first, first.again_at) == (None, False, T + timedelta(seconds=2))
    second = look(first.believed, stock(-2), 3, at=2)
    assert (second.give, second.pull_first) == (None, True)
    third = look(second.believed, stock(-2), 3, at=2.1, pulled=2, was=-2)
    assert (third.give, third.believed.balance) == (1, Balance.BALANCED)


def test_a_rise_that_no_order_explains_is_not_given_before_it_is_seen_twice_around_a_pull() -> None:
    before = believed(on_hand=0, available=-5, outstanding=5)
    first = look(before, stock(-4), 5)
    assert (first.give, first.believed.balance) == (None, Balance.RISING)
    second = look(first.believed, stock(-4), 5, at=2.5, pulled=2, was=-4)
    assert (second.give, second.arrived) == (1, 1)


def test_the_race_a_younger_line_shrinks_and_only_the_stock_tells_of_it() -> None:
    before = believed(on_hand=0, available=-5, outstanding=5)
    first = look(before, stock(-4), 5)
    after_the_pull = look(first.believed, stock(-4), 4, at=2.5, pulled=2, was=-4)
    assert (after_the_pull.give, after_the_pull.believed.balance) == (0, Balance.BALANCED)


def test_stock_that_moves_between_the_two_readings_starts_the_wait_anew() -> None:
    first = look(believed(0, -5, 5), stock(-4), 5)
    second = look(first.believed, stock(-3), 5, at=2.5, pulled=2)
    assert (second.give, second.again_at) == (None, T + timedelta(seconds=4.5))


def test_a_pull_that_began_before_the_first_reading_proves_nothing() -> None:
    first = look(believed(0, -5, 5), stock(-4), 5, at=1)
    second = look(first.believed, stock(-4), 5, at=4, pulled=0)
    assert (second.give, second.pull_first) == (None, True)


def test_a_new_order_that_took_its_units_is_no_doubt() -> None:
    seen = look(believed(5, 5, 0), stock(2), 3)
    assert (seen.give, seen.believed.balance) == (5, Balance.BALANCED)


def test_a_shipment_lowers_what_is_there_without_a_doubt() -> None:
    seen = look(believed(5, 2, 3), stock(2), 1)
    assert (seen.give, seen.may_take_back) == (3, True)


def test_a_fall_that_no_known_order_explains_is_pulled_for_and_nothing_is_taken_back() -> None:
    seen = look(believed(5, 2, 3), stock(-1), 3)
    assert (seen.pull_first, seen.may_take_back, seen.believed.balance) == (True, False, Balance.UNBALANCED)


def test_a_fall_is_accepted_after_the_settling_time_when_no_pull_explains_it() -> None:
    first = look(believed(5, 2, 3), stock(-1), 3)
    early = look(first.believed, stock(-1), 3, at=119, pulled=1)
    assert early.may_take_back is False
    late = look(early.believed, stock(-1), 3, at=120, pulled=1)
    assert (late.give, late.may_take_back, late.pull_first) == (2, False, True)
    sure = look(early.believed, stock(-1), 3, at=120.2, pulled=120.1, was=-1)
    assert (sure.give, sure.may_take_back) == (2, True)


def test_a_fall_is_not_accepted_while_the_stock_moves_around_the_pull() -> None:
    first = look(believed(5, 2, 3), stock(-1), 3)
    late = look(first.believed, stock(-2), 3, at=120.2, pulled=120.1, was=-1)
    assert (late.give, late.may_take_back, late.again_at) == (1, False, T + timedelta(seconds=122.2))


def test_in_a_doubt_never_more_is_given_than_its_least_reading_found() -> None:
    fell = look(believed(5, 2, 3), stock(-2), 3)
    rose = look(fell.believed, stock(1), 3, at=10, pulled=1)
    assert (fell.give, rose.give) == (1, 1)


def test_a_doubt_that_once_rose_decides_nothing_before_it_is_over() -> None:
    rose = look(believed(7, -8, 15), stock(-3), 13)
    fell = look(rose.believed, stock(-9), 13, at=1)
    assert (rose.give, fell.give, fell.believed.balance) == (None, None, Balance.RISING)


def test_figures_in_doubt_that_fit_again_by_chance_are_read_around_a_pull() -> None:
    fell = look(believed(5, 2, 3), stock(-2), 3)
    fits = look(fell.believed, stock(1), 4, at=10, pulled=1)
    assert (fits.may_take_back, fits.pull_first) == (False, True)
    sure = look(fell.believed, stock(1), 4, at=10.2, pulled=10.1, was=1)
    assert (sure.give, sure.believed.balance) == (5, Balance.BALANCED)


def test_figures_in_doubt_that_an_order_explains_are_read_around_a_pull_all_the_same() -> None:
    fell = look(believed(5, 2, 3), stock(-2), 3)
    explained = look(fell.believed, stock(-2), 7, at=10, pulled=1)
    assert (explained.may_take_back, explained.pull_first) == (False, True)
    sure = look(fell.believed, stock(-2), 7, at=10.2, pulled=10.1, was=-2)
    assert (sure.give, sure.believed.balance) == (5, Balance.BALANCED)


def test_an_on_hand_below_zero_counts_as_zero_once_it_is_accepted_and_is_not_doubted_again() -> None:
    first = look(believed(0, -3, 3), stock(-5), 3)
    accepted = look(first.believed, stock(-5), 3, at=121, pulled=120.9, was=-5)
    assert (accepted.give, accepted.believed.gap) == (0, 2)
    again = look(accepted.believed, stock(-5), 3, at=200, pulled=1)
    assert again.believed.balance is Balance.BALANCED


def test_committed_units_of_unknown_orders_are_served_first_and_pulled_for() -> None:
    seen = look(believed(0, -3, 3), stock(-3, 5), 3)
    assert (seen.give, seen.pull_first, seen.may_take_back) == (0, True, False)


def test_where_committed_and_ours_agree_a_rise_is_given_at_once() -> None:
    seen = look(believed(0, -3, 3), stock(-1, 3), 3)
    assert (seen.give, seen.arrived, seen.believed.balance) == (2, 2, Balance.BALANCED)


def test_an_accepted_gap_is_doubted_again_only_when_it_changes() -> None:
    first = look(believed(0, -3, 3), stock(-3, 5), 3)
    accepted = look(first.believed, stock(-3, 5), 3, at=121, pulled=1)
    assert look(accepted.believed, stock(-3, 5), 3, at=300).may_take_back is True
    assert look(accepted.believed, stock(-3, 6), 3, at=300).may_take_back is False


def typed(before: Believed, number: float, owed: float, *, counted: bool = False):
    """A number that stands in the store since before the reading, with orders read between two equal looks at it."""
    return assess(
        before,
        stock(number),
        units(owed),
        began=T + timedelta(seconds=2.5),
        pulled_at=T + timedelta(seconds=2),
        settle=SETTLE,
        before_pull=units(number),
        types_counted=counted,
    )


def rising(on_hand: float, available: float, outstanding: float, number: float) -> Believed:
    return look(believed(on_hand, available, outstanding), stock(number), outstanding).believed


def test_a_number_is_added_to_unless_the_merchant_says_that_he_types_what_he_counted() -> None:
    said = typed(rising(0, -4, 4, 6), 6, 4)
    assert (said.give, said.arrived, said.believed.counted) == (10, 10, 0)


def test_a_counted_number_is_all_that_is_there() -> None:
    said = typed(rising(0, -4, 4, 10), 10, 4, counted=True)
    assert (said.give, said.arrived, said.believed.counted, said.jump) == (10, 10, 4, None)


def test_after_a_count_orders_and_shipments_go_on_from_it() -> None:
    counted = typed(rising(0, -4, 4, 10), 10, 4, counted=True).believed
    shipped = look(counted, stock(10), 0)
    ordered = look(shipped.believed, stock(8), 2)
    assert [(said.give, said.believed.gap) for said in (shipped, ordered)] == [(6, 0), (6, 0)]


def test_a_count_after_a_count_starts_anew() -> None:
    first = typed(rising(0, -4, 4, 10), 10, 4, counted=True).believed
    second = typed(look(first, stock(15), 4).believed, 15, 4, counted=True)
    assert (second.give, second.arrived, second.believed.counted) == (15, 5, 4)


def test_a_number_that_is_still_below_nothing_is_no_count() -> None:
    said = typed(rising(0, -4, 4, -1), -1, 4, counted=True)
    assert (said.give, said.believed.counted) == (3, 0)


def test_goods_that_came_back_are_no_count() -> None:
    said = typed(rising(12, 8, 4, 9), 9, 4, counted=True)
    assert (said.give, said.believed.counted) == (13, 0)


def test_a_jump_from_below_nothing_is_told_where_it_was_read_as_net() -> None:
    said = typed(rising(0, -4, 4, 10), 10, 4)
    assert (said.give, said.jump) == (14, Jump(units(-4), units(10), units(4)))


def test_a_rise_from_nothing_or_more_is_not_told() -> None:
    assert typed(rising(5, 1, 4, 11), 11, 4).jump is None


def test_a_jump_of_which_no_open_order_of_ours_is_part_is_not_told() -> None:
    assert typed(rising(0, -4, 0, 10), 10, 0).jump is None
