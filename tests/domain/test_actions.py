"""What a store should have of ours, and what people undid there."""

from datetime import date

import pytest

from backorder.domain.actions import (
    ActionKind,
    Capability,
    Held,
    LineDate,
    Shown,
    StoreSide,
    desired,
    exchanged,
    line_still_refused,
    plan_actions,
    released_by_hand,
    status_left,
    tags_taken_off,
    without_refused,
    without_tags,
)
from backorder.domain.lifecycle import Given, standing
from backorder.domain.orders import OrderStatus
from backorder.domain.policy import BackorderPolicy
from backorder.domain.split import Split, Terms
from backorder.domain.spoken import spoken_days
from backorder.domain.supply import Pool
from tests.builders import an_order, line, units

AT_A = Pool(11, 7)
HOLDS = frozenset({Capability.HOLD, Capability.TAG, Capability.SHOW})
NOTES = frozenset({Capability.SHOW, Capability.LINE_DATE, Capability.NOTE})
DAY = date(2026, 1, 20)
LATE = date(2026, 1, 24)


def stands(owed: float, allocated: float, firm: float = 0, *, promised=(DAY, DAY), **told):
    order = an_order(100, line(1, owed, pool=AT_A), **told)
    given = {1: [Given(AT_A, units(allocated), units(firm), promised)]}
    return standing(order, given, {1}, Terms(Split.SHIP_AVAILABLE))


def side(order, can=HOLDS) -> StoreSide:
    return desired(order, BackorderPolicy(), can)


def test_units_that_wait_are_held_and_the_order_is_tagged_and_shown() -> None:
    assert side(stands(5, 3)) == StoreSide(
        held=(Held(1, 7, units(2)),),
        tags=("backorder", "backorder-partial"),
        shown=Shown("waiting", units(2), DAY, DAY),
    )


def test_an_order_that_has_everything_is_tagged_ready_and_holds_nothing() -> None:
    assert side(stands(5, 5)) == StoreSide(tags=("backorder-ready",), shown=Shown("ready", units(0)))


def test_an_unpaid_order_that_has_everything_stays_held() -> None:
    assert side(stands(5, 5, paid=False)).held == (Held(1, 7, units(5)),)


def test_an_order_that_never_waited_gets_nothing_of_ours() -> None:
    order = standing(
        an_order(100, line(1, 2, pool=AT_A)), {1: [Given(AT_A, units(2))]}, (), Terms(Split.SHIP_AVAILABLE)
    )
    assert side(order) == StoreSide()


def test_a_cancelled_order_has_nothing_of_ours_any_more() -> None:
    assert side(stands(5, 3, status=OrderStatus.CANCELLED)) == StoreSide()


def test_only_paid_orders_of_which_something_waits_have_the_status_that_was_chosen() -> None:
    policy, can = BackorderPolicy(waiting_status="parked"), frozenset({Capability.STATUS})
    orders = [stands(5, 3), stands(5, 5), stands(5, 3, paid=False), stands(5, 3, status=OrderStatus.CLOSED)]
    assert [desired(order, policy, can).status for order in orders] == ["parked", "", "", ""]
    assert [desired(orders[0], BackorderPolicy(), can).status, desired(orders[0], policy, NOTES).status] == ["", ""]


def test_a_status_that_somebody_else_gave_is_left_until_it_is_not_wanted_any_more() -> None:
    ours, none = StoreSide(status="parked"), StoreSide()
    assert [status_left(*pair) for pair in ((ours, ours), (ours, none), (none, none))] == ["", "parked", ""]
    assert plan_actions(none, ours, NOTES) == plan_actions(ours, none, NOTES) == [ActionKind.STATUS]


def test_a_store_is_asked_only_for_what_it_can_do() -> None:
    assert side(stands(5, 3), NOTES) == StoreSide(
        shown=Shown("waiting", units(2), DAY, DAY), line_dates=(LineDate(1, DAY),)
    )


def test_a_date_that_is_not_known_is_shown_as_not_known() -> None:
    assert side(stands(5, 3, promised=None), NOTES).line_dates == (LineDate(1, None),)


def test_more_held_is_a_hold_and_less_is_a_release() -> None:
    waits, ready = side(stands(5, 3)), side(stands(5, 5))
    assert plan_actions(StoreSide(), waits, HOLDS) == [ActionKind.HOLD, ActionKind.TAG, ActionKind.SHOW]
    assert plan_actions(waits, ready, HOLDS) == [ActionKind.RELEASE, ActionKind.TAG, ActionKind.SHOW]


def test_the_same_side_needs_no_action() -> None:
    assert plan_actions(side(stands(5, 3)), side(stands(5, 3)), HOLDS) == []


def test_a_date_that_moves_alone_is_no_note() -> None:
    before, after = side(stands(5, 3), NOTES), side(stands(5, 3, promised=(date(2026, 2, 1),) * 2), NOTES)
    assert plan_actions(before, after, NOTES) == [ActionKind.SHOW, ActionKind.LINE_DATE]


def test_a_hold_that_a_person_took_off_counts_as_given_by_hand() -> None:
    order = stands(5, 3)
    assert released_by_hand(side(order), StoreSide(), order) == [Held(1, 7, units(2))]


def test_a_hold_that_went_with_its_units_was_not_taken_off() -> None:
    wrote = side(stands(5, 3))
    assert released_by_hand(wrote, StoreSide(), stands(3, 3)) == []


def test_units_that_were_edited_away_and_put_back_come_without_a_hold_that_nobody_took_off() -> None:
    order = stands(5, 3)
    wrote, found = side(order), StoreSide(held=(Held(1, 7, units(1)),))
    assert released_by_hand(wrote, found, order, {1: units(1)}) == []
    assert released_by_hand(wrote, StoreSide(), order, {1: units(1)}) == [Held(1, 7, units(1))]


def test_an_edit_down_and_up_between_two_readings_exchanges_units() -> None:
    before = an_order(1, line(1, 3))
    assert exchanged(before, an_order(1, line(1, 3, ordered=4, cancelled=1), line(2))) == {1: units(1)}
    assert exchanged(before, an_order(1, line(1, 2, ordered=3, cancelled=1))) == {1: 0}
    assert exchanged(before, an_order(1, line(1, 5))) == {1: 0}


def test_a_hold_that_moved_with_its_units_was_not_taken_off() -> None:
    order = an_order(100, line(1, 2, pool=AT_A, ordered=4))
    rest = standing(order, {1: [Given(AT_A)]}, {1}, Terms(Split.SHIP_AVAILABLE))
    wrote = StoreSide(held=(Held(1, 7, units(2)),))
    assert released_by_hand(wrote, StoreSide(held=(Held(1, 8, units(2)),)), rest) == []
    assert released_by_hand(wrote, StoreSide(held=(Held(1, 8, units(1)),)), rest) == [Held(1, 7, units(1))]


def test_a_hold_that_we_mean_to_take_off_is_not_a_persons_act() -> None:
    assert released_by_hand(side(stands(5, 3)), StoreSide(), stands(5, 5)) == []


def test_a_tag_that_a_person_took_off_is_left_off() -> None:
    wrote = side(stands(5, 3))
    refused = tags_taken_off(wrote, StoreSide(tags=("backorder",)))
    assert without_tags(wrote, refused).tags == ("backorder",)


LINES = frozenset({Capability.SHOW, Capability.ORDER_NOTE})
EARLY = date(2026, 1, 12)


def noted(order, **choices) -> str:
    return desired(order, BackorderPolicy(order_note=True, **choices), LINES).noted


def test_the_orders_note_tells_staff_how_much_waits_and_when_it_is_expected() -> None:
    assert [
        noted(stands(5, 3, promised=(EARLY, DAY))),
        noted(stands(5, 4)),
        noted(stands(5, 3, promised=None)),
        noted(stands(5, 5)),
    ] == [
        "Backorder: 2 of 5 wait, expected 12-20 January 2026",
        "Backorder: 1 of 5 waits, expected 20 January 2026",
        "Backorder: 2 of 5 wait, the date is not known yet",
        "",
    ]


def test_the_orders_note_is_left_alone_unless_the_merchant_wants_it_and_the_store_has_one() -> None:
    order = stands(5, 3)
    assert desired(order, BackorderPolicy(), LINES).noted == ""
    assert desired(order, BackorderPolicy(order_note=True), HOLDS).noted == ""


def test_a_line_that_a_person_deleted_stays_off_until_something_else_waits() -> None:
    policy = BackorderPolicy(order_note=True)
    two, later, one = (
        desired(order, policy, LINES) for order in (stands(5, 3), stands(5, 3, promised=(DAY, LATE)), stands(5, 4))
    )
    assert [line_still_refused(two, after) for after in (two, later, one, StoreSide())] == [True, True, False, False]
    assert without_refused(two, (), line=True) == StoreSide(shown=two.shown)
    assert plan_actions(two, later, LINES) == [ActionKind.SHOW, ActionKind.ORDER_NOTE]


@pytest.mark.parametrize(
    ("early", "late", "said"),
    [
        (date(2027, 1, 12), date(2027, 1, 12), "12 January 2027"),
        (date(2027, 1, 12), date(2027, 1, 15), "12-15 January 2027"),
        (date(2027, 1, 28), date(2027, 2, 3), "28 January - 3 February 2027"),
        (date(2026, 12, 30), date(2027, 1, 4), "30 December 2026 - 4 January 2027"),
    ],
)
def test_a_range_of_days_is_said_as_people_do(early: date, late: date, said: str) -> None:
    assert spoken_days(early, late) == said
