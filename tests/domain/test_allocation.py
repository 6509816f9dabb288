"""The rule book of allocation."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from backorder.domain.allocation import Binding, Demand, Plan, Rule, allocate
from backorder.domain.priority import queued_at
from backorder.domain.supply import Pool
from tests.builders import MUG, NOON, TOTE, an_order, demand, line, supply, units


def has(plan: Plan, lines: list[Demand]) -> list[Decimal]:
    """What each line has after the plan."""
    made = {decision.demand.key: decision.allocated for decision in plan.decisions}
    return [made.get(part.key, part.allocated) for part in lines]


def rules(plan: Plan) -> list[tuple[int, Rule]]:
    return [(decision.demand.turn.order_id, decision.rule) for decision in plan.decisions]


def test_the_oldest_order_is_served_first() -> None:
    waiting = [demand(102, 20, day=8), demand(100, 20, day=5), demand(101, 20, day=6)]
    plan = allocate(waiting, {MUG: supply(50)}, Binding.NEVER)
    assert has(plan, waiting) == [10, 20, 20]


def test_at_the_same_moment_the_smaller_order_id_is_served_first_and_then_the_smaller_line_id() -> None:
    waiting = [demand(9, 1, line=2), demand(9, 1, line=1), demand(10, 1), demand(8, 1)]
    plan = allocate(waiting, {MUG: supply(2)}, Binding.NEVER)
    assert has(plan, waiting) == [0, 1, 0, 1]


def test_a_line_is_given_what_is_there_and_waits_for_the_rest() -> None:
    waiting = [demand(100, 5, first_pass=True)]
    plan = allocate(waiting, {MUG: supply(3)}, Binding.NEVER)
    assert [(d.allocated, d.rule) for d in plan.decisions] == [(3, Rule.NOT_ENOUGH_LEFT)]


def test_a_second_pass_over_an_unchanged_world_decides_nothing() -> None:
    waiting = [demand(100, 20, allocated=20), demand(101, 20, day=6, allocated=5)]
    assert allocate(waiting, {MUG: supply(25)}, Binding.NEVER).decisions == ()


def test_a_pool_that_the_supply_does_not_name_is_left_as_it_is() -> None:
    waiting = [demand(100, 2, allocated=1), demand(101, 2, pool=TOTE)]
    plan = allocate(waiting, {TOTE: supply(2)}, Binding.NEVER)
    assert rules(plan) == [(101, Rule.OLDEST_FIRST)]


def test_planned_units_move_to_an_older_order_that_becomes_known() -> None:
    waiting = [demand(100, 3, day=5, first_pass=True), demand(101, 2, day=6, allocated=2)]
    plan = allocate(waiting, {MUG: supply(2)}, Binding.AT_RELEASE)
    assert has(plan, waiting) == [2, 0]


def test_firm_units_stay_although_an_older_order_becomes_known() -> None:
    waiting = [demand(100, 3, day=5, first_pass=True), demand(101, 2, day=6, allocated=2, firm=2)]
    plan = allocate(waiting, {MUG: supply(2)}, Binding.AT_RELEASE)
    assert has(plan, waiting) == [0, 2]


def test_shrinking_stock_is_taken_from_the_end_of_the_queue() -> None:
    waiting = [demand(100, 3, day=5, allocated=3), demand(101, 2, day=6, allocated=2)]
    plan = allocate(waiting, {MUG: supply(4)}, Binding.AT_RELEASE)
    assert has(plan, waiting) == [3, 1]


def test_a_firm_shortfall_is_told_and_takes_nothing_from_anybody() -> None:
    waiting = [demand(100, 3, allocated=3, firm=3), demand(101, 2, day=6, allocated=2, firm=2)]
    plan = allocate(waiting, {MUG: supply(4)}, Binding.AT_RELEASE)
    assert (plan.decisions, plan.shortfall) == ((), {MUG: 1})


def test_nothing_is_taken_back_while_the_figures_are_in_doubt() -> None:
    waiting = [demand(100, 3, allocated=3), demand(101, 2, day=6, allocated=1)]
    plan = allocate(waiting, {MUG: supply(1, may_take_back=False)}, Binding.AT_RELEASE)
    assert plan.decisions == ()


def test_units_kept_back_are_closed_to_lines_that_already_wait() -> None:
    waiting = [demand(100, 5)]
    assert has(allocate(waiting, {MUG: supply(4, keep_back=units(3))}, Binding.NEVER), waiting) == [1]


def test_a_line_on_its_first_pass_may_take_what_is_kept_back_because_it_was_sold_as_in_stock() -> None:
    waiting = [demand(100, 5, first_pass=True)]
    assert has(allocate(waiting, {MUG: supply(4, keep_back=units(3))}, Binding.NEVER), waiting) == [4]


def test_what_a_line_has_is_not_taken_for_the_keep_back() -> None:
    waiting = [demand(100, 5, allocated=4)]
    assert allocate(waiting, {MUG: supply(4, keep_back=units(3))}, Binding.NEVER).decisions == ()


def test_a_line_whose_customer_cancels_gives_its_planned_units_to_the_next_in_line() -> None:
    waiting = [demand(100, 3, allocated=3, takes_no_more=True), demand(101, 3, day=6)]
    plan = allocate(waiting, {MUG: supply(3)}, Binding.AT_RELEASE)
    assert rules(plan) == [(100, Rule.CUSTOMER_CANCELS), (101, Rule.OLDEST_FIRST)]


def test_units_taken_for_want_of_stock_and_units_taken_for_an_older_order_are_told_apart() -> None:
    given = [demand(100, 2, allocated=2), demand(101, 2, day=6, allocated=2)]
    assert rules(allocate(given, {MUG: supply(3)}, Binding.AT_RELEASE)) == [(101, Rule.SUPPLY_SHRANK)]
    older = [demand(99, 2, day=4, first_pass=True), *given]
    assert rules(allocate(older, {MUG: supply(4)}, Binding.AT_RELEASE))[-1] == (101, Rule.OLDER_CAME)


def test_what_a_waiting_line_is_given_is_only_planned_until_the_store_releases_it() -> None:
    plan = allocate([demand(100, 2)], {MUG: supply(2)}, Binding.AT_RELEASE)
    assert [(d.allocated, d.firm) for d in plan.decisions] == [(2, 0)]


def test_where_a_store_has_no_holds_every_given_unit_is_firm() -> None:
    plan = allocate([demand(100, 2)], {MUG: supply(1)}, Binding.AT_GRANT)
    assert [(d.allocated, d.firm) for d in plan.decisions] == [(1, 1)]


def test_in_a_store_that_is_only_watched_nothing_becomes_firm() -> None:
    plan = allocate([demand(100, 2, first_pass=True)], {MUG: supply(2)}, Binding.NEVER)
    assert [d.firm for d in plan.decisions] == [0]


def test_halves_of_a_unit_are_given_exactly() -> None:
    waiting = [demand(100, "1.25"), demand(101, "0.5", day=6)]
    assert has(allocate(waiting, {MUG: supply("1.5")}, Binding.NEVER), waiting) == [Decimal("1.25"), Decimal("0.25")]


def test_a_line_that_is_added_later_queues_from_its_own_day_or_from_its_orders_as_the_merchant_chooses() -> None:
    late = replace(line(2, 1), added_at=NOON + timedelta(days=9))
    order = an_order(100, line(1, 1), late)
    assert queued_at(order, order.lines[0], late_lines_wait=True) == NOON
    assert queued_at(order, late, late_lines_wait=True) == NOON + timedelta(days=9)
    assert queued_at(order, late, late_lines_wait=False) == NOON


lines = st.builds(
    lambda order, owed, day, share, firm, first: demand(
        order,
        owed,
        day=day,
        pool=Pool(1 + order % 2),
        allocated=0 if first else owed * share // 4,
        firm=0 if first else owed * share // 4 * firm,
        first_pass=first,
    ),
    order=st.integers(1, 60),
    owed=st.integers(1, 9),
    day=st.integers(1, 28),
    share=st.integers(0, 4),
    firm=st.integers(0, 1),
    first=st.booleans(),
)
worlds = st.lists(lines, max_size=14, unique_by=lambda part: part.turn.order_id)
supplies = st.fixed_dictionaries({Pool(1): st.integers(0, 60).map(supply), Pool(2): st.integers(0, 60).map(supply)})
bindings = st.sampled_from(Binding)


def after(plan: Plan, world: list[Demand]) -> list[Demand]:
    """The world as the plan leaves it."""
    made = {d.demand.key: d for d in plan.decisions}
    return [
        Demand(p.turn, p.pool, p.outstanding, made[p.key].allocated, made[p.key].firm) if p.key in made else p
        for p in world
    ]


@settings(max_examples=1000)
@given(worlds, supplies, bindings)
def test_never_more_is_given_than_is_there_or_owed_but_for_what_was_firm(world, there, binding) -> None:
    left = after(allocate(world, there, binding), world)
    for pool, found in there.items():
        mine = [part for part in left if part.pool == pool]
        firm_before = sum(min(part.firm, part.outstanding) for part in world if part.pool == pool)
        assert sum(part.allocated for part in mine) <= max(found.units, firm_before)
    assert all(0 <= part.firm <= part.allocated <= part.outstanding for part in left)


@settings(max_examples=1000)
@given(worlds, supplies, bindings, st.randoms(use_true_random=False))
def test_the_order_in_which_lines_are_told_changes_nothing(world, there, binding, chance) -> None:
    shuffled = list(world)
    chance.shuffle(shuffled)
    assert allocate(shuffled, there, binding) == allocate(world, there, binding)


@settings(max_examples=1000)
@given(worlds, supplies, bindings)
def test_a_second_pass_writes_nothing(world, there, binding) -> None:
    assert allocate(after(allocate(world, there, binding), world), there, binding).decisions == ()


@settings(max_examples=1000)
@given(worlds, supplies, bindings)
def test_no_line_is_given_a_planned_unit_before_an_older_one_has_all(world, there, binding) -> None:
    left = after(allocate(world, there, binding), world)
    firm_before = {part.key: part.firm for part in world}
    for pool in there:
        queue = sorted((part for part in left if part.pool == pool), key=lambda part: part.turn)
        short = False
        for part in queue:
            if short:
                assert part.allocated <= max(firm_before[part.key], 0)
            short = short or part.allocated < part.outstanding


@settings(max_examples=1000)
@given(worlds, supplies, st.integers(1, 20))
def test_more_supply_never_gives_anybody_less(world, there, more) -> None:
    richer = {pool: supply(found.units + more) for pool, found in there.items()}
    before = has(allocate(world, there, Binding.AT_RELEASE), world)
    assert all(a >= b for a, b in zip(has(allocate(world, richer, Binding.AT_RELEASE), world), before, strict=True))
