"""What would happen if: the same rules over a changed world."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backorder.domain.allocation import Binding
from backorder.domain.allocation.by_hand import CannotGive
from backorder.domain.lateness import Record
from backorder.domain.policy import BackorderPolicy
from backorder.domain.priority import Fact, PriorityRule
from backorder.domain.promise import Outlook, Promise
from backorder.domain.supply import Inbound, Pool
from backorder.domain.what_if import (
    Cancelled,
    Change,
    Closed,
    ComesLater,
    GivenByHand,
    HeadStart,
    LessComes,
    PartNow,
    Preview,
    World,
    changed,
    outcomes,
    preview,
    rules_with,
)
from backorder.domain.workdays import Workdays
from tests.builders import MUG, demand, supply, units

TODAY = date(2026, 1, 10)
AHEAD = Outlook(TODAY, BackorderPolicy(handling_days=0, inbound_buffer_days=0))
FIRST, SECOND = date(2026, 1, 20), date(2026, 2, 1)
THERE = Pool(11, 2)


def part(order: int, owed: int, *, day: int = 5, **given: object) -> PartNow:
    asks = demand(order, owed, day=day, **given)
    return PartNow(replace(asks, queued_at=asks.turn.queue_time), date(2026, 1, day), unit_price=Decimal(10))


def a_world(*parts: PartNow, there: int = 0) -> World:
    coming = (
        Inbound(1, MUG, units(4), units(0), FIRST),
        Inbound(2, MUG, units(9), units(0), SECOND),
    )
    return World(parts, {MUG: supply(there)}, coming, AHEAD, Binding.AT_RELEASE)


WORLD = a_world(part(100, 3), part(101, 3, day=6), part(102, 1, day=7, priority="VIP"), there=2)


def moved(*changes: Change, world: World = WORLD) -> dict[int, tuple[int, int, int | None]]:
    """What each order that moves had, has, and by how many days it moves."""
    found = preview(world, changes)
    return {m.key[0]: (int(m.before.allocated), int(m.after.allocated), m.days) for m in found.moves}


def test_nothing_changed_moves_nobody() -> None:
    assert preview(WORLD, []) == Preview((), WORLD.fingerprint())


def test_a_delivery_with_less_moves_those_who_counted_on_it() -> None:
    assert moved(LessComes(1, units(2))) == {101: (0, 0, 12)}


def test_a_later_delivery_moves_everybody_behind_it_and_says_what_it_comes_to() -> None:
    found = preview(WORLD, [ComesLater(1, 7)])
    assert {m.key[0]: m.days for m in found.moves} == {100: 7, 101: 7}
    assert (found.later, found.sooner, found.value_later) == (2, 0, Decimal(40))


def test_a_larger_head_start_moves_its_class_up_and_others_down() -> None:
    assert moved(HeadStart("VIP", 5)) == {100: (2, 1, 0), 101: (0, 0, 12), 102: (0, 1, -22)}
    assert moved(HeadStart("Nobody", 5)) == {}


def test_a_closed_location_gives_nothing_and_nothing_comes_there() -> None:
    here = a_world(part(100, 3), there=2)
    both = replace(here, parts=(*here.parts, part(101, 1, pool=THERE)), supply={**here.supply, THERE: supply(5)})
    assert moved(Closed(0), world=both) == {100: (2, 0, None)}
    assert moved(Closed(2), world=both) == {101: (1, 0, None)}


def test_a_cancelled_order_moves_those_behind_it_up_and_is_gone() -> None:
    found = preview(WORLD, [Cancelled(100)])
    assert {m.key[0]: (int(m.after.allocated), m.days) for m in found.moves} == {101: (2, 0), 102: (0, -12)}
    assert [key[0] for key in found.gone] == [100]
    assert (found.later, found.sooner) == (0, len(found.moves))


def test_changes_are_made_one_after_the_other() -> None:
    assert moved(ComesLater(1, 7), ComesLater(1, -7)) == {}


def test_a_line_that_was_not_accepted_has_no_date_to_move() -> None:
    world = replace(WORLD, parts=tuple(replace(part, accepted=False) for part in WORLD.parts))
    assert preview(world, [ComesLater(1, 7)]).moves == ()


def test_the_fingerprint_is_of_the_world_and_not_of_the_order_in_which_it_is_told() -> None:
    assert replace(WORLD, parts=WORLD.parts[::-1]).fingerprint() == WORLD.fingerprint()
    for other in (
        replace(WORLD, parts=WORLD.parts[1:]),
        replace(WORLD, supply={MUG: supply(3)}),
        replace(WORLD, inbound=WORLD.inbound[1:]),
        replace(WORLD, outlook=replace(AHEAD, today=TODAY + timedelta(days=1))),
        replace(WORLD, outlook=replace(AHEAD, past_cut_off=True)),
        replace(WORLD, outlook=replace(AHEAD, records={"acme": Record(10, 20)})),
        replace(WORLD, outlook=replace(AHEAD, workdays=Workdays(range(5)))),
        replace(WORLD, outlook=replace(AHEAD, workdays=Workdays(holidays=[FIRST]))),
        replace(WORLD, outlook=replace(AHEAD, zone=ZoneInfo("America/Los_Angeles"))),
        replace(WORLD, outlook=replace(AHEAD, released={11: SECOND})),
        replace(WORLD, binding=Binding.AT_GRANT),
        replace(WORLD, whole_orders_first=True),
        replace(WORLD, doubted={MUG}),
        replace(WORLD, beside=(demand(100, 1, pool=Pool(0)),)),
    ):
        assert other.fingerprint() != WORLD.fingerprint()


def test_the_fingerprint_is_the_same_in_every_process() -> None:
    days = [date(2026, 1, 1) + timedelta(days=3 * n) for n in range(40)]
    ways = [frozenset(days), frozenset(days[::-1]), tuple(days), tuple(days[::-1])]
    found = {replace(WORLD, outlook=replace(AHEAD, workdays=Workdays(holidays=way))).fingerprint() for way in ways}
    assert len(found) == 1


def test_in_a_pool_in_doubt_no_date_that_was_given_moves() -> None:
    told = replace(part(100, 3), told=Promise(FIRST, FIRST))
    world = replace(a_world(told, part(101, 1, day=6)), doubted={MUG})
    assert moved(ComesLater(1, 30), world=world) == {101: (0, 0, 12)}


def test_what_an_order_is_owed_from_elsewhere_keeps_it_from_being_whole_and_goes_with_it() -> None:
    first, second = part(100, 1, together=True), part(101, 1, day=6)
    world = replace(a_world(first, second, there=1), beside=(demand(100, 1, pool=Pool(0), line=9),))
    assert moved(LessComes(1, units(4)), world=world) == {100: (0, 0, 12)}
    assert changed(world, Cancelled(100)).beside == ()


def test_units_given_by_hand_move_those_who_lose_them_and_those_behind() -> None:
    world = a_world(part(100, 2, allocated=2), part(101, 2, day=6), part(102, 5, day=7), there=2)
    key = world.parts[1].demand.key
    found = preview(world, [GivenByHand(key, units(2), units(2))])
    assert {m.key[0]: (int(m.before.allocated), int(m.after.allocated), m.days) for m in found.moves} == {
        100: (2, 0, 10),
        101: (0, 2, -10),
    }
    with pytest.raises(CannotGive):
        preview(world, [GivenByHand(key, units(3), units(2))])


def test_what_was_entered_as_received_and_is_not_counted_yet_comes_whatever_is_short() -> None:
    world = a_world(part(100, 3))
    awaited = replace(world.inbound[0], awaited=units(3))
    assert changed(replace(world, inbound=(awaited,)), LessComes(1, units(9))).inbound[0].open == 3


def test_only_the_store_closes_locations_and_cancels_orders() -> None:
    assert [preview(WORLD, [change]).can_be_made for change in (Closed(0), Cancelled(100), HeadStart("VIP", 1))] == [
        False,
        False,
        True,
    ]


def test_a_small_move_is_not_told() -> None:
    calm = Outlook(TODAY, BackorderPolicy(handling_days=0, inbound_buffer_days=0, least_move_days=8))
    told = replace(part(100, 3), told=Promise(FIRST, FIRST))
    world = replace(a_world(told), outlook=calm)
    assert (moved(ComesLater(1, 7), world=world), moved(ComesLater(1, 8), world=world)) == ({}, {100: (0, 0, 8)})


def test_the_rules_of_a_class_get_its_other_head_start() -> None:
    rules = (PriorityRule("VIP", 5, Fact.CUSTOMER_TAG, "gold"), PriorityRule("B2B", 2, Fact.ORDER_TAG, "b2b"))
    assert [rule.head_start_days for rule in rules_with(rules, HeadStart("VIP", 7))] == [7, 2]


@given(
    st.lists(st.tuples(st.integers(1, 5), st.integers(1, 28)), max_size=8),
    st.integers(0, 9),
    st.integers(1, 30),
    st.integers(1, 4),
)
def test_a_later_or_smaller_delivery_never_improves_anybody_where_splitting_is_allowed(
    lines, there, days, fewer
) -> None:
    world = a_world(*(part(100 + n, owed, day=day) for n, (owed, day) in enumerate(lines)), there=there)
    for change in (ComesLater(1, days), LessComes(1, units(fewer))):
        found = preview(world, [change])
        assert found.sooner == 0
    far = date.max
    before = outcomes(world)
    richer = outcomes(replace(world, supply={MUG: supply(there + fewer)}))
    for key, had in before.items():
        assert richer[key].allocated >= had.allocated
        if richer[key].waiting > 0:
            assert (richer[key].promise or Promise(far, far)).late <= (had.promise or Promise(far, far)).late
