"""Which messages a change makes due."""

from dataclasses import replace

from backorder.domain.lifecycle import Given, standing
from backorder.domain.notices import notices_due, still_true
from backorder.domain.orders import OrderStatus
from backorder.domain.policy import BackorderPolicy, NoticeKind
from backorder.domain.split import Split, Terms
from tests.builders import MUG, TOTE, an_order, line, units

ALL = BackorderPolicy()


def stands(owed: float, allocated: float | None, *, waited: bool = True, shipped: float = 0, **told):
    order = an_order(100, line(1, owed, ordered=owed + shipped, shipped=shipped), **told)
    given = {} if allocated is None else {1: [Given(MUG, units(allocated))]}
    return standing(order, given, {1} if waited else (), Terms(Split.SHIP_AVAILABLE))


def due(before, after, policy=ALL) -> list[NoticeKind]:
    return notices_due(before.stood() if before else None, after, policy)


def test_an_order_that_begins_to_wait_is_told_once() -> None:
    fresh = stands(5, None, waited=False)
    assert due(fresh, stands(5, 3)) == [NoticeKind.BACKORDERED]
    assert due(stands(5, 3), stands(5, 3)) == []


def test_an_order_that_is_not_decided_about_is_told_nothing() -> None:
    assert due(None, stands(5, None, waited=False)) == []


def test_an_order_that_came_in_covered_is_told_nothing_ever() -> None:
    covered = stands(5, 5, waited=False)
    assert due(None, covered) == []
    assert due(covered, stands(0, None, waited=False, shipped=5)) == []


def test_units_that_may_leave_are_told_each_time_more_of_them_may() -> None:
    assert due(stands(20, 0), stands(20, 10)) == [NoticeKind.ALLOCATED]
    assert due(stands(20, 10), stands(20, 20)) == [NoticeKind.ALLOCATED]


def test_an_unpaid_order_is_not_told_that_it_ships() -> None:
    assert due(stands(20, 0, paid=False), stands(20, 20, paid=False)) == []


def test_shipping_is_told_and_is_not_mistaken_for_new_units() -> None:
    assert due(stands(20, 10), stands(10, 0, shipped=10)) == [NoticeKind.SHIPPED]


def test_a_cancelled_order_that_waited_is_told_and_nothing_else_with_it() -> None:
    after = stands(0, None, status=OrderStatus.CANCELLED)
    assert due(stands(20, 10), after) == [NoticeKind.CANCELLED]
    assert due(after, after) == []


def test_a_covered_line_that_becomes_short_is_told_as_waiting_and_never_as_arrived() -> None:
    def order(mugs: float, given: float, waited: set[int]):
        told = an_order(100, line(1, mugs), line(2, 1, pool=TOTE))
        return standing(told, {1: [Given(MUG, units(given))], 2: [Given(TOTE)]}, waited, Terms(Split.SHIP_AVAILABLE))

    before = order(2, 2, {2})
    assert notices_due(before.stood(), order(3, 2, {1, 2}), ALL) == [NoticeKind.BACKORDERED]


def test_an_order_that_comes_back_from_the_trash_is_told_nothing_that_it_was_told_before() -> None:
    stood = stands(3, 1).stood()
    trashed = stands(0, None, status=OrderStatus.GONE)
    assert notices_due(stood, trashed, ALL) == []
    assert notices_due(trashed.stood(stood), stands(3, 1), ALL) == []


def test_kinds_that_the_merchant_switched_off_are_not_due() -> None:
    quiet = BackorderPolicy(notices=frozenset({NoticeKind.BACKORDERED}))
    assert due(stands(20, 0), stands(20, 10), quiet) == []


def test_no_day_0_message_where_backorders_are_not_accepted() -> None:
    held = stands(5, 3)
    held = replace(held, lines=tuple(replace(line, accepted=False) for line in held.lines))
    assert due(stands(5, None, waited=False), held, ALL) == []
    assert due(held, stands(5, 3), ALL) == [NoticeKind.BACKORDERED]


def test_a_message_whose_order_moved_on_is_no_longer_true() -> None:
    assert still_true(NoticeKind.BACKORDERED, stands(5, 5)) is False
    assert still_true(NoticeKind.ALLOCATED, stands(5, 0)) is False
    assert still_true(NoticeKind.ALLOCATED, stands(5, 2)) is True
    assert still_true(NoticeKind.CANCELLED, stands(5, 2)) is False
    assert still_true(NoticeKind.SHIPPED, stands(0, None, shipped=5)) is True
