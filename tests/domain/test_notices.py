"""Which messages a change makes due."""

from dataclasses import replace
from datetime import date

import pytest

from backorder.domain.lifecycle import Given, OrderStanding, Stood, Told, standing
from backorder.domain.notices import notices_due, still_true, told
from backorder.domain.orders import OrderStatus
from backorder.domain.policy import BackorderPolicy, NoticeKind, PolicyError
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


def unaccepted(order: OrderStanding) -> OrderStanding:
    return replace(order, lines=tuple(replace(line, accepted=False) for line in order.lines))


def test_what_leaves_of_a_line_while_it_is_not_accepted_is_told_once_and_not_again_when_it_is() -> None:
    before = stands(5, 0).stood()
    free, gone = unaccepted(stands(5, 3)), unaccepted(stands(2, 0, shipped=3))
    assert notices_due(before, free, ALL) == [NoticeKind.ALLOCATED]
    assert notices_due(free.stood(before), gone, ALL) == [NoticeKind.SHIPPED]
    after = gone.stood(free.stood(before))
    assert notices_due(after, gone, ALL) == notices_due(after, stands(2, 0, shipped=3), ALL) == []


def test_a_line_that_waits_again_once_it_is_accepted_is_told_so() -> None:
    before = stands(5, 0).stood()
    whole = unaccepted(stands(5, 5)).stood(before)
    assert notices_due(whole, unaccepted(stands(7, 5)), ALL) == []
    assert notices_due(unaccepted(stands(7, 5)).stood(whole), stands(7, 5), ALL) == [NoticeKind.BACKORDERED]


def test_a_message_whose_order_moved_on_is_no_longer_true() -> None:
    assert still_true(NoticeKind.BACKORDERED, stands(5, 5), None, ALL) is False
    assert still_true(NoticeKind.ALLOCATED, stands(5, 0), None, ALL) is False
    assert still_true(NoticeKind.ALLOCATED, stands(5, 2), None, ALL) is True
    assert still_true(NoticeKind.CANCELLED, stands(5, 2), None, ALL) is False
    assert still_true(NoticeKind.SHIPPED, stands(0, None, shipped=5), None, ALL) is True


def dated(day: int | None, allocated: float = 2, *, refused: bool = False) -> OrderStanding:
    """Five units are owed, some of them given, the rest promised for a day of January."""
    promised = None if day is None else (date(2026, 1, day), date(2026, 1, day))
    given = {1: [Given(MUG, units(allocated), promised=promised)]}
    terms = Terms(Split.SHIP_AVAILABLE)
    return standing(an_order(100, line(1, 5)), given, {1}, terms, {1} if refused else ())


def after_telling(day: int | None) -> Stood:
    """Where the order stood when its customer was told of this day."""
    return told(dated(day).stood(), dated(day))


@pytest.mark.parametrize(
    ("before", "now", "kinds"),
    [
        (10, 12, []),
        (10, 13, [NoticeKind.NEW_DATE]),
        (10, 31, [NoticeKind.NEW_DATE]),
        (10, 5, []),
        (10, None, [NoticeKind.NEW_DATE]),
        (None, 10, [NoticeKind.NEW_DATE]),
        (None, None, []),
    ],
)
def test_a_date_is_told_anew_when_it_is_later_by_enough_days_known_now_or_lost(
    before: int | None, now: int | None, kinds: list[NoticeKind]
) -> None:
    stood = after_telling(before)
    assert notices_due(stood, dated(now), ALL) == kinds
    assert still_true(NoticeKind.NEW_DATE, dated(now), stood, ALL) is bool(kinds)


def test_small_moves_add_up_to_one_that_is_told() -> None:
    stood = after_telling(10)
    kinds = []
    for day in (11, 12, 13, 14, 15, 16):
        due = notices_due(stood, dated(day), ALL)
        kinds.append(due)
        stood = told(stood, dated(day)) if due else dated(day).stood(stood)
    assert kinds == [[], [], [NoticeKind.NEW_DATE], [], [], [NoticeKind.NEW_DATE]]


def test_the_merchant_says_how_many_days_are_enough() -> None:
    assert notices_due(after_telling(10), dated(14), BackorderPolicy(least_told_days=5)) == []
    assert notices_due(after_telling(10), dated(11), BackorderPolicy(least_told_days=1)) == [NoticeKind.NEW_DATE]
    off = BackorderPolicy(notices=frozenset({NoticeKind.BACKORDERED}))
    assert notices_due(after_telling(10), dated(31), off) == []


def test_who_was_told_nothing_is_not_told_of_a_new_date() -> None:
    stood = dated(10).stood()
    assert notices_due(stood, dated(31), ALL) == []
    assert still_true(NoticeKind.NEW_DATE, dated(31), stood, ALL) is False
    assert still_true(NoticeKind.NEW_DATE, dated(31), None, ALL) is False


def test_another_message_names_the_new_date_so_that_none_of_its_own_goes_out() -> None:
    assert notices_due(after_telling(10), dated(31, 4), ALL) == [NoticeKind.ALLOCATED]
    assert notices_due(told(after_telling(10), dated(31, 4)), dated(31, 4), ALL) == [NoticeKind.ALLOCATED]


def test_what_does_not_wait_or_was_not_accepted_has_no_new_date() -> None:
    assert notices_due(after_telling(10), dated(None, 5), ALL) == [NoticeKind.ALLOCATED]
    assert notices_due(after_telling(10), dated(31, refused=True), ALL) == []


def test_what_was_told_stays_with_the_line_while_it_waits() -> None:
    stood = after_telling(10)
    assert [line.told for line in dated(12).stood(stood).lines] == [Told(date(2026, 1, 10))]
    assert [line.told for line in told(stood, dated(None)).lines] == [Told(None)]


def test_a_new_date_corrects_the_first_message_and_needs_it() -> None:
    with pytest.raises(PolicyError) as refused:
        ALL.changed(notices=frozenset({NoticeKind.NEW_DATE}))
    assert (refused.value.field, str(refused.value)) == (
        "notices",
        "“New date” corrects the “waiting” message: switch “waiting” on too, or both off.",
    )
