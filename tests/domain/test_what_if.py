"""What would happen if: the same rules over a changed world."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from backorder.domain.allocation import Binding
from backorder.domain.policy import BackorderPolicy
from backorder.domain.priority import Fact, PriorityRule
from backorder.domain.promise import Outlook, Promise
from backorder.domain.supply import Inbound, Pool
from backorder.domain.what_if import (
    Cancelled,
    Change,
    Closed,
    ComesLater,
    HeadStart,
    LessComes,
    PartNow,
    Preview,
    World,
    outcomes,
    preview,
    rules_with,
)
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
    assert moved(HeadStart("VIP", 5)) == {100: (2, 1, 0), 101: (0, 0, 12), 102: (0, 1, None)}
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
    world = replace(WORLD, parts=tuple(replace(part, dated=False) for part in WORLD.parts))
    assert preview(world, [ComesLater(1, 7)]).moves == ()


def test_the_fingerprint_is_of_the_world_and_not_of_the_order_in_which_it_is_told() -> None:
    assert replace(WORLD, parts=WORLD.parts[::-1]).fingerprint() == WORLD.fingerprint()
    for other in (
        replace(WORLD, parts=WORLD.parts[1:]),
        replace(WORLD, supply={MUG: supply(3)}),
        replace(WORLD, inbound=WORLD.inbound[1:]),
        replace(WORLD, outlook=replace(AHEAD, today=TODAY + timedelta(days=1))),
    ):
        assert other.fingerprint() != WORLD.fingerprint()


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
