"""How what a store tells changes what we know."""

from dataclasses import replace
from datetime import timedelta

from backorder.domain.orders import Ignored, KnownOrder, OrderStatus, Part, Reading, answered, gone, hinted, read
from tests.builders import MUG, NOON, an_order, line, units


def known(*, minutes: int = 0, began: float = 0, owed: float = 2) -> KnownOrder:
    order = an_order(100, line(1, owed), minutes=minutes)
    return KnownOrder(order, unread=False, read_began=NOON + timedelta(seconds=began))


def test_a_body_introduces_an_order_that_is_in_no_pool_before_it_is_read() -> None:
    told = hinted(None, an_order(100, line(1, 2)))
    assert (told.unread, told.order.lines[0].parts) == (True, (Part(None, units(2)),))


def test_a_body_asks_for_a_reading_and_changes_no_units() -> None:
    before = known(owed=2)
    after = hinted(before, an_order(100, line(1, 1), minutes=1))
    assert after == replace(before, unread=True)


def test_a_body_older_than_what_is_known_changes_nothing() -> None:
    before = known(minutes=5)
    assert hinted(before, an_order(100, line(1, 1), minutes=4)) == before


def test_a_body_of_the_same_second_asks_for_a_reading_because_equal_stamps_are_not_equal_states() -> None:
    assert hinted(known(minutes=5), an_order(100, line(1, 2), minutes=5)).unread is True


def test_a_whole_body_that_says_what_a_reading_said_in_that_second_asks_for_nothing() -> None:
    before = known(minutes=5)
    same, moved = an_order(100, line(1, 2), minutes=5), an_order(100, line(1, 2), minutes=5, store_status="packing")
    assert [hinted(before, told, whole=True, worded=True).unread for told in (same, moved)] == [False, True]


def test_what_a_write_was_answered_moves_the_stamp_and_nothing_else() -> None:
    before = known(owed=2)
    told = an_order(100, line(1, 2, pool=None), minutes=1)
    assert answered(before, told) == replace(before, order=replace(before.order, changed_at=told.changed_at))


def test_an_answer_that_tells_what_somebody_else_changed_is_no_knowledge() -> None:
    before = known(owed=2)
    edited, moved = an_order(100, line(1, 3), minutes=1), an_order(100, line(1, 2), minutes=1, store_status="packing")
    late = an_order(100, line(1, 2), minutes=-1)
    assert [answered(before, told) for told in (edited, moved, late)] == [None, None, None]
    assert answered(replace(before, read_began=None), an_order(100, line(1, 2), minutes=1)) is None


def test_of_two_readings_the_one_that_began_later_wins_whatever_comes_last() -> None:
    newer = known(began=10, owed=1)
    late = Reading(an_order(100, line(1, 3)), began=NOON + timedelta(seconds=9))
    assert read(newer, late) == newer


def test_a_reading_settles_an_unread_order() -> None:
    now = read(known(), Reading(an_order(100, line(1, 1)), NOON + timedelta(seconds=5)))
    assert (now.unread, now.order.lines[0].outstanding) == (False, 1)


def test_a_line_that_joins_later_queues_from_the_change_that_brought_it() -> None:
    joined = an_order(100, line(1, 2), line(2, 1), minutes=30)
    now = read(known(), Reading(joined, NOON + timedelta(seconds=5)))
    assert [x.added_at for x in now.order.lines] == [None, NOON + timedelta(minutes=30)]


def test_a_line_that_left_the_order_stays_in_the_book_as_removed() -> None:
    now = read(known(owed=2), Reading(an_order(100, line(7, 1)), NOON + timedelta(seconds=5)))
    left = now.order.lines[1]
    assert (left.id, left.outstanding, left.cancelled, left.ignored) == (1, 0, 2, Ignored.REMOVED)


def test_an_order_that_is_gone_owes_nothing() -> None:
    now = gone(known(owed=2), NOON)
    assert (now.order.status, now.order.lines[0].outstanding, now.order.lines[0].cancelled) == (OrderStatus.GONE, 0, 2)


def test_units_from_two_pools_add_up() -> None:
    split = replace(line(1, 3), parts=(Part(MUG, units(2)), Part(None, units(1))))
    assert split.outstanding == 3
