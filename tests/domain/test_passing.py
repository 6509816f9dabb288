"""Who passes whom: head starts, pins, whole orders, orders that yield, the merchant's hand. Always with a reason."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backorder.domain.allocation import Binding, Decision, Demand, Plan, Rule, allocate, give
from backorder.domain.allocation.by_hand import CannotGive
from backorder.domain.priority import PIN
from tests.builders import MUG, TOTE, demand, supply, units

RELEASE = Binding.AT_RELEASE


def ahead(part: Demand, days: int) -> Demand:
    """The same line with a head start."""
    start = PIN if days < 0 else timedelta(days=days)
    early = part.turn._replace(queue_time=part.turn.queue_time - start)
    return replace(part, turn=early, queued_at=part.turn.queue_time, priority="VIP")


def pinned(part: Demand) -> Demand:
    return ahead(part, -1)


def together(*parts: Demand) -> list[Demand]:
    return [replace(part, together=True) for part in parts]


def made(plan: Plan) -> list[tuple[int, int, Rule, int | None]]:
    return [(d.demand.turn.order_id, int(d.allocated), d.rule, d.overtook) for d in plan.decisions]


def mugs(there: int) -> dict:
    return {MUG: supply(there)}


def test_a_head_start_passes_older_lines_by_its_days_and_no_more() -> None:
    vip = ahead(demand(102, 2, day=10), 5)
    plan = allocate([demand(100, 2, day=4), demand(101, 2, day=6), vip], mugs(3), RELEASE)
    assert made(plan) == [(100, 2, Rule.OLDEST_FIRST, None), (102, 1, Rule.HEAD_START, 101)]


def test_a_head_start_that_passes_nobody_who_waits_is_no_reason() -> None:
    vip = ahead(demand(102, 2, day=10), 5)
    assert made(allocate([vip, demand(101, 2, day=6)], mugs(4), RELEASE)) == [
        (102, 2, Rule.OLDEST_FIRST, None),
        (101, 2, Rule.OLDEST_FIRST, None),
    ]


def test_a_pin_goes_before_everybody_and_the_oldest_pin_first() -> None:
    queue = [demand(100, 1, day=1), pinned(demand(102, 1, day=9)), pinned(demand(101, 1, day=8))]
    assert made(allocate(queue, mugs(2), RELEASE)) == [(101, 1, Rule.PINNED, 100), (102, 1, Rule.PINNED, 100)]


def test_a_new_line_with_a_head_start_that_is_covered_says_whom_it_passed() -> None:
    vip = ahead(demand(102, 1, day=10, first_pass=True), 9)
    plan = allocate([demand(101, 1, day=6, allocated=1), vip], mugs(1), RELEASE)
    assert made(plan) == [(102, 1, Rule.HEAD_START, 101), (101, 0, Rule.OVERTAKEN, None)]


def test_firm_units_are_not_passed_by_any_head_start() -> None:
    vip = pinned(demand(102, 1, day=10))
    assert allocate([demand(101, 1, day=6, allocated=1, firm=1), vip], mugs(1), RELEASE).decisions == ()


def test_units_taken_for_an_older_order_and_for_a_younger_one_with_a_head_start_are_told_apart() -> None:
    given = demand(101, 1, day=6, allocated=1)
    older = allocate([given, demand(100, 1, day=5)], mugs(1), RELEASE)
    assert made(older)[1] == (101, 0, Rule.OLDER_CAME, None)
    younger = allocate([given, ahead(demand(102, 1, day=7), 3)], mugs(1), RELEASE)
    assert made(younger)[1] == (101, 0, Rule.OVERTAKEN, None)


def test_an_order_that_yields_takes_all_or_nothing_and_others_pass_with_a_reason() -> None:
    whole = together(demand(100, 2, line=1), demand(100, 1, line=2, pool=TOTE))
    queue = [*whole, demand(101, 2, day=6)]
    plan = allocate(queue, {MUG: supply(2), TOTE: supply(0)}, RELEASE)
    assert (made(plan), plan.passed_over) == ([(101, 2, Rule.OTHER_YIELDED, None)], (100,))
    plan = allocate(queue, {MUG: supply(2), TOTE: supply(1)}, RELEASE)
    assert (made(plan), plan.passed_over) == (
        [(100, 2, Rule.OLDEST_FIRST, None), (100, 1, Rule.OLDEST_FIRST, None)],
        (),
    )


def test_a_yielding_order_that_is_whole_no_more_gives_its_planned_units_up() -> None:
    whole = together(demand(100, 2, line=1, allocated=2), demand(100, 1, line=2, pool=TOTE))
    plan = allocate(whole, {MUG: supply(2), TOTE: supply(0)}, RELEASE)
    assert (made(plan), plan.passed_over) == ([(100, 0, Rule.YIELDS, None)], ())


def test_what_a_yielding_order_has_firm_it_keeps() -> None:
    whole = together(demand(100, 2, line=1, allocated=2, firm=1), demand(100, 1, line=2, pool=TOTE))
    plan = allocate([*whole, demand(101, 5, day=6)], {MUG: supply(2), TOTE: supply(0)}, RELEASE)
    assert made(plan) == [(100, 1, Rule.YIELDS, None), (101, 1, Rule.OTHER_YIELDED, None)]


def test_a_yielding_order_is_served_at_the_turn_of_its_last_line() -> None:
    early, late = together(demand(100, 1, day=5, line=1), demand(100, 1, day=9, line=2))
    plan = allocate([early, late, demand(101, 1, day=7)], mugs(2), RELEASE)
    assert made(plan) == [(101, 1, Rule.OTHER_YIELDED, 100)]


def test_units_owed_where_nothing_is_planned_keep_a_yielding_order_from_being_whole() -> None:
    here = together(demand(100, 2, line=1), demand(100, 1, line=2, pool=TOTE))
    assert made(allocate(here, mugs(2), RELEASE)) == []
    covered = [here[0], replace(here[1], allocated=units(1))]
    assert made(allocate(covered, mugs(2), RELEASE)) == [(100, 2, Rule.OLDEST_FIRST, None)]


def test_two_lines_of_one_item_are_whole_only_if_both_are_there() -> None:
    both = together(demand(100, 2, line=1), demand(100, 2, line=2))
    assert made(allocate(both, mugs(3), RELEASE)) == []
    assert made(allocate(both, mugs(4), RELEASE)) == [(100, 2, Rule.OLDEST_FIRST, None)] * 2


def test_an_order_that_is_to_be_cancelled_in_part_is_never_whole() -> None:
    both = together(demand(100, 2, line=1), demand(100, 2, line=2, takes_no_more=True))
    assert made(allocate(both, mugs(4), RELEASE)) == []


def test_of_the_orders_of_one_day_those_that_can_be_whole_go_first_where_the_merchant_says_so() -> None:
    queue = [demand(100, 5), demand(101, 2), demand(102, 1, day=6)]
    assert made(allocate(queue, mugs(3), RELEASE, whole_orders_first=True)) == [
        (100, 1, Rule.OLDEST_FIRST, None),
        (101, 2, Rule.WHOLE_ORDER, 100),
    ]
    assert made(allocate(queue, mugs(3), RELEASE)) == [(100, 3, Rule.OLDEST_FIRST, None)]


def test_an_order_whose_lines_queue_on_several_days_or_wait_elsewhere_is_not_made_whole_by_this() -> None:
    later = [demand(100, 5), demand(101, 1, line=1), demand(101, 1, day=8, line=2)]
    assert made(allocate(later, mugs(3), RELEASE, whole_orders_first=True))[0] == (100, 3, Rule.OLDEST_FIRST, None)
    elsewhere = [demand(100, 5), demand(101, 1, line=1), demand(101, 1, line=2, pool=TOTE)]
    assert made(allocate(elsewhere, mugs(3), RELEASE, whole_orders_first=True)) == [(100, 3, Rule.OLDEST_FIRST, None)]


def test_whole_orders_first_changes_nothing_once_it_is_done() -> None:
    queue = [demand(100, 5, allocated=1), demand(101, 2, allocated=2)]
    assert allocate(queue, mugs(3), RELEASE, whole_orders_first=True).decisions == ()


def test_by_hand_free_units_are_given_before_anybody_loses_one() -> None:
    target = demand(102, 3, day=9)
    plan = give([demand(100, 2, allocated=2), target], units(5), target.key, units(3))
    assert made(plan) == [(102, 3, Rule.BY_HAND, None)]
    assert plan.decisions[0].firm == 3


def test_by_hand_planned_units_are_taken_from_the_end_of_the_queue_and_firm_ones_last() -> None:
    queue = [
        demand(100, 2, allocated=2),
        demand(101, 2, day=6, allocated=2, firm=2),
        demand(102, 2, day=7, allocated=2, firm=1),
        demand(103, 4, day=8),
    ]
    plan = give(queue, units(6), queue[3].key, units(4))
    assert [(d.demand.turn.order_id, int(d.allocated), int(d.firm), d.rule) for d in plan.decisions] == [
        (103, 4, 4, Rule.BY_HAND),
        (100, 0, 0, Rule.TAKEN_BY_HAND),
        (102, 0, 0, Rule.TAKEN_BY_HAND),
    ]


def test_by_hand_planned_units_of_the_line_itself_become_firm_and_nobody_loses() -> None:
    target = demand(100, 3, allocated=2, firm=1)
    assert give([target], units(2), target.key, units(1)).decisions == (
        Decision(target, units(2), units(2), Rule.BY_HAND),
    )


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        (0, "Give more than 0 units."),
        (-1, "Give more than 0 units."),
        (4, "This line is owed only 3 more."),
        (3, "Only 2 can be given: nothing more is there."),
    ],
)
def test_by_hand_nothing_is_given_that_is_not_owed_or_not_there(wanted: int, sentence: str) -> None:
    target = demand(100, 3)
    with pytest.raises(CannotGive) as refused:
        give([target], units(2), target.key, units(wanted))
    assert str(refused.value) == sentence


def test_by_hand_the_one_who_waited_longest_of_those_who_are_passed_is_named() -> None:
    cancelling = demand(98, 2, day=1, takes_no_more=True)
    full = demand(99, 2, day=2, allocated=2, firm=2)
    loser, waiting, last = demand(100, 2, day=3, allocated=2), demand(101, 2, day=4), demand(102, 4, day=9)
    queue = [cancelling, full, loser, waiting, last, demand(103, 1, day=10)]
    assert [d.overtook for d in give(queue, units(4), last.key, units(1)).decisions] == [100, None]
    assert give([full, waiting, last], units(3), last.key, units(1)).decisions[0].overtook == 101
    assert give([full, last], units(3), last.key, units(1)).decisions[0].overtook is None
    first_firm = demand(104, 2, day=9, allocated=2)
    assert give([waiting, first_firm], units(2), first_firm.key, units(1)).decisions[0].overtook is None


def test_by_hand_a_line_that_the_pool_does_not_owe_gets_nothing() -> None:
    with pytest.raises(CannotGive):
        give([demand(100, 3)], units(2), (101, 101, MUG), units(1))


def test_what_was_given_by_hand_stays_in_the_next_pass() -> None:
    queue = [demand(100, 2, allocated=2), demand(101, 2, day=6)]
    after = {d.demand.key: d for d in give(queue, units(2), queue[1].key, units(2)).decisions}
    left = [replace(p, allocated=after[p.key].allocated, firm=after[p.key].firm) for p in queue]
    assert allocate(left, mugs(2), RELEASE).decisions == ()


mixed = st.lists(
    st.builds(
        lambda order, owed, day, share, firm, first, start, pool, whole: ahead(
            demand(
                order,
                owed,
                day=day,
                line=order * 10 + pool,
                pool=(MUG, TOTE)[pool],
                allocated=0 if first else owed * share // 4,
                firm=0 if first else owed * share // 4 * firm,
                first_pass=first,
                together=whole,
            ),
            start,
        ),
        order=st.integers(1, 9),
        owed=st.integers(1, 5),
        day=st.integers(1, 28),
        share=st.integers(0, 4),
        firm=st.integers(0, 1),
        first=st.booleans(),
        start=st.sampled_from([0, 0, 0, 2, 5, -1]),
        pool=st.integers(0, 1),
        whole=st.just(False),
    ),
    max_size=10,
    unique_by=lambda part: part.key,
).flatmap(
    lambda parts: st.sets(st.integers(1, 9)).map(
        lambda whole: [replace(part, together=part.turn.order_id in whole) for part in parts]
    )
)
stock = st.builds(supply, st.integers(0, 25), keep_back=st.integers(0, 4).map(units), may_take_back=st.booleans())
stocks = st.fixed_dictionaries({MUG: stock, TOTE: stock})


def left_by(plan: Plan, world: list[Demand]) -> list[Demand]:
    """The world as the plan leaves it."""
    found = {d.demand.key: d for d in plan.decisions}
    return [
        replace(p, allocated=found[p.key].allocated, firm=found[p.key].firm, first_pass=False) if p.key in found else p
        for p in world
    ]


@given(mixed, stocks, st.booleans(), st.sampled_from(Binding))
def test_with_every_rule_at_once_units_add_up_and_a_second_pass_writes_nothing(
    world, there, whole_first, binding
) -> None:
    plan = allocate(world, there, binding, whole_orders_first=whole_first)
    left = left_by(plan, world)
    assert all(0 <= part.firm <= part.allocated <= part.outstanding for part in left)
    for pool, found in there.items():
        fixed = sum(min(p.firm, p.outstanding) for p in world if p.pool == pool)
        had = sum(min(p.allocated, p.outstanding) for p in world if p.pool == pool)
        bound = max(found.units, fixed) if found.may_take_back else max(found.units, fixed, had)
        assert sum(p.allocated for p in left if p.pool == pool) <= bound
    assert allocate(left, there, binding, whole_orders_first=whole_first).decisions == ()


@given(mixed, stocks, st.booleans(), st.randoms(use_true_random=False))
def test_with_every_rule_at_once_the_order_of_telling_changes_nothing(world, there, whole_first, chance) -> None:
    shuffled = list(world)
    chance.shuffle(shuffled)
    assert allocate(shuffled, there, RELEASE, whole_orders_first=whole_first) == allocate(
        world, there, RELEASE, whole_orders_first=whole_first
    )


@given(mixed, stocks, st.booleans())
def test_a_firm_unit_only_moves_when_less_is_owed(world, there, whole_first) -> None:
    for made in allocate(world, there, RELEASE, whole_orders_first=whole_first).decisions:
        assert made.allocated >= min(made.demand.firm, made.demand.outstanding)


@given(mixed, stocks, st.booleans())
def test_whoever_passes_an_older_line_that_waits_says_why(world, there, whole_first) -> None:
    plan = allocate(world, there, RELEASE, whole_orders_first=whole_first)
    left = left_by(plan, world)
    for made in plan.decisions:
        passed = [
            p
            for p in left
            if p.pool == made.demand.pool and p.allocated < p.outstanding and p.age < made.demand.age and not p.together
        ]
        if made.rule is Rule.OLDEST_FIRST and there[made.demand.pool].keep_back == 0:
            assert passed == []


@given(mixed, st.integers(0, 20), st.integers(1, 5))
def test_by_hand_nothing_appears_and_nothing_is_lost(world, there, wanted) -> None:
    queue = [part for part in world if part.pool == MUG and not part.first_pass]
    there = max(there, int(sum(p.allocated for p in queue)))
    for target in queue:
        try:
            plan = give(queue, units(there), target.key, units(wanted))
        except CannotGive:
            continue
        left = left_by(plan, queue)
        assert sum(p.allocated for p in left) <= there
        assert all(0 <= p.firm <= p.allocated <= p.outstanding for p in left)
        assert [d.rule for d in plan.decisions] == [Rule.BY_HAND] + [Rule.TAKEN_BY_HAND] * (len(plan.decisions) - 1)


def test_of_a_line_with_firm_units_only_the_planned_ones_are_kept_from_the_keep_back() -> None:
    line = demand(100, 5, allocated=3, firm=2)
    left = left_by(allocate([line], {MUG: supply(4, keep_back=units(2))}, RELEASE), [line])
    assert [(int(part.allocated), int(part.firm)) for part in left] == [(3, 2)]


def test_a_pool_without_a_shortfall_is_not_named_among_those_that_have_one() -> None:
    assert allocate([demand(100, 2, allocated=2, firm=2)], mugs(2), RELEASE).shortfall == {}
    assert allocate([demand(100, 2, allocated=2, firm=2)], mugs(1), RELEASE).shortfall == {MUG: 1}


def test_by_hand_units_that_are_firm_already_are_not_owed_once_more() -> None:
    target = demand(100, 3, allocated=2, firm=2)
    with pytest.raises(CannotGive) as refused:
        give([target], units(9), target.key, units(2))
    assert str(refused.value) == "This line is owed only 1 more."
