"""How long to leave alone whoever failed."""

from hypothesis import given
from hypothesis import strategies as st

from backorder.domain.backoff import asked_for, wait_seconds

CHANCES = st.floats(0, 1)


def test_the_longest_wait_doubles_with_each_failure_up_to_the_most() -> None:
    waits = [wait_seconds(failures, first=2, most=600, chance=1) for failures in (0, 1, 2, 8, 9, 10**6)]
    assert waits == [2, 4, 8, 512, 600, 600]


def test_those_who_failed_together_come_back_at_any_time_until_then() -> None:
    assert [wait_seconds(3, first=2, most=600, chance=chance) for chance in (0, 0.25, 1)] == [0, 4, 16]


@given(failures=st.integers(0, 100), asked=st.floats(0, 86_400), chance=CHANCES)
def test_nobody_comes_before_the_store_asked_for(failures: int, asked: float, chance: float) -> None:
    wait = wait_seconds(failures, first=2, most=600, chance=chance, at_least=asked)
    assert asked <= wait <= max(600, asked * 1.25)
    assert asked <= asked_for(asked, chance) <= asked * 1.25


def test_a_wait_that_was_asked_for_is_spread_behind_its_end() -> None:
    assert [asked_for(60, chance) for chance in (0, 0.5, 1)] == [60, 67.5, 75]
    assert [wait_seconds(0, first=2, most=600, chance=chance, at_least=60) for chance in (0, 1)] == [60, 75]
