"""What the store's word about an arrival means for what was booked before it was heard."""

from datetime import UTC, date, datetime, timedelta

from backorder.domain.announced import Guess, Settled, settle
from backorder.domain.supply import ZERO, Inbound, Pool
from tests.builders import units

POOL = Pool(11, 1)
SINCE = datetime(2026, 1, 10, 9, tzinfo=UTC)
BEGAN = SINCE + timedelta(minutes=5)
BETWEEN = SINCE + timedelta(minutes=2)


def line(received: int = 0, *, awaited: int = 0) -> Inbound:
    return Inbound(1, POOL, units(10), units(received), date(2026, 1, 20), awaited=units(awaited), announced=True)


def guess(id: int, of: int, count: int, *, at: datetime = BETWEEN, pool: Pool = POOL) -> Guess:
    return Guess(id, of, pool, units(count), at)


def said(known: Inbound, told: int, *guesses: Guess) -> Settled:
    return settle(known, units(told), guesses, SINCE, BEGAN)


def test_units_that_the_stock_does_not_show_yet_are_awaited() -> None:
    assert said(line(2), 6) == Settled(units(6), units(4), entered=units(4))


def test_a_right_guess_is_confirmed_and_only_what_is_more_is_awaited() -> None:
    own = guess(1, 1, 4)
    assert said(line(4), 4, own) == Settled(units(4), ZERO, confirmed=(own,))
    assert said(line(4), 6, own) == Settled(units(6), units(2), entered=units(2), confirmed=(own,))


def test_a_guess_at_another_line_of_the_pool_is_taken_back_the_newest_first() -> None:
    older, newer = guess(1, 2, 4), guess(2, 2, 4)
    assert said(line(), 6, older, newer) == Settled(
        units(6), ZERO, entered=units(6), taken_back=((newer, units(4)), (older, units(2)))
    )


def test_what_was_booked_before_the_last_reading_or_elsewhere_is_left() -> None:
    before, elsewhere = guess(1, 2, 4, at=SINCE - timedelta(seconds=1)), guess(2, 3, 4, pool=Pool(11, 2))
    assert said(line(), 4, before, elsewhere) == Settled(units(4), units(4), entered=units(4))


def test_a_guess_younger_than_the_reading_waits_for_the_next_one() -> None:
    assert said(line(4), 0, guess(1, 1, 4, at=BEGAN)) == Settled(units(4), ZERO)


def test_a_wrong_guess_frees_its_units_and_a_receipt_that_is_mended_frees_none() -> None:
    own = guess(1, 1, 4)
    assert said(line(4), 0, own) == Settled(ZERO, ZERO, taken_back=((own, units(4)),), freed=units(4))
    assert said(line(6, awaited=1), 4) == Settled(units(4), ZERO)
    assert said(line(6), 1, own) == Settled(units(1), ZERO, taken_back=((own, units(4)),), freed=units(4))
