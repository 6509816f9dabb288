"""Nobody starves: the largest head start bounds by how much anybody is ever passed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

from hypothesis import assume, given
from hypothesis import strategies as st

from backorder.domain.allocation import Binding, Demand, Rule, Supply, Turn, allocate
from backorder.domain.supply import SAME_MOMENT, ZERO, assess
from tests.builders import MUG, believed, stock, supply, units

START = datetime(2026, 1, 1, tzinfo=UTC)


def placed(order: int, at: datetime, owed: int, head_start: int) -> Demand:
    turn = Turn(at - timedelta(days=head_start), order, order)
    return Demand(turn, MUG, units(owed), queued_at=at, priority="VIP" if head_start else "")


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(1, 4), st.sampled_from([0, 0, 2, 5])), max_size=20),
    st.integers(0, 40),
)
def test_no_line_is_given_a_unit_while_one_waits_that_was_placed_more_than_the_head_start_before_it(
    lines, there
) -> None:
    queue = [placed(n, START + timedelta(days=day), owed, ahead) for n, (day, owed, ahead) in enumerate(lines)]
    plan = allocate(queue, {MUG: supply(there)}, Binding.AT_RELEASE)
    has = {d.demand.key: d.allocated for d in plan.decisions}
    waiting = [part for part in queue if has.get(part.key, ZERO) < part.outstanding]
    for decision in plan.decisions:
        since = decision.demand.queued_at
        passed = [part for part in waiting if part.age < decision.demand.age]
        assert all(since - part.queued_at <= timedelta(days=5) for part in passed)
        assert (decision.rule is Rule.HEAD_START) == (bool(passed) and decision.rule is not Rule.NOT_ENOUGH_LEFT)


@given(
    st.lists(st.tuples(st.integers(0, 30 * 24), st.integers(1, 4), st.sampled_from([0, 0, 2, 5])), max_size=20),
    st.integers(0, 40),
)
def test_where_whole_orders_go_first_nobody_is_passed_by_more_than_the_head_start_and_a_day(lines, there) -> None:
    queue = [placed(n, START + timedelta(hours=hour), owed, ahead) for n, (hour, owed, ahead) in enumerate(lines)]
    plan = allocate(queue, {MUG: supply(there)}, Binding.AT_RELEASE, whole_orders_first=True)
    has = {d.demand.key: d.allocated for d in plan.decisions}
    waiting = [part for part in queue if has.get(part.key, ZERO) < part.outstanding]
    for decision in plan.decisions:
        if decision.allocated > 0:
            passed = [part.queued_at for part in waiting if part.age < decision.demand.age]
            assert all(decision.demand.queued_at - at < timedelta(days=6) for at in passed)


def test_under_a_constant_stream_of_vips_every_normal_line_is_served_within_the_head_start() -> None:
    """90 days, VIPs alone ask for 110 % of what comes in each day."""
    chance, head_start, served_at, queue, order = Random(7), 5, {}, [], 0
    there = ZERO
    for day in range(90):
        now = START + timedelta(days=day)
        for vip in [True] * 11 + [False] * chance.randint(0, 2):
            order += 1
            queue.append(placed(order, now + timedelta(minutes=order), 1, head_start if vip else 0))
        there += 10
        plan = allocate(queue, {MUG: supply(there)}, Binding.AT_GRANT)
        made = {d.demand.key: d for d in plan.decisions}
        served_at.update({d.demand.turn.order_id: now for d in plan.decisions if d.allocated > 0})
        gone = [part for part in queue if part.key in made]
        there -= sum((made[part.key].allocated for part in gone), Decimal(0))
        for part in gone:
            later = [p for p in queue if p.key not in made and p.queued_at < part.queued_at]
            assert all(part.queued_at - p.queued_at <= timedelta(days=head_start) for p in later)
        queue = [part for part in queue if part.key not in made]
    assert len(served_at) == 900
    assert {part.priority for part in queue} == {"", "VIP"}


@given(
    st.lists(st.integers(1, 4), min_size=2, max_size=8),
    st.integers(0, 20),
    st.data(),
    st.booleans(),
)
def test_reducing_a_waiting_order_gives_nothing_to_anybody_although_its_stock_is_told_first(
    owed, there, data, counts
) -> None:
    """An order of two becomes one of one: the store's figure rises by one before the order is read."""
    queue = [placed(n, START + timedelta(days=n), count, 0) for n, count in enumerate(owed)]
    has = {d.demand.key: d.allocated for d in allocate(queue, {MUG: supply(there)}, Binding.AT_RELEASE).decisions}
    queue = [replace(part, allocated=has.get(part.key, ZERO)) for part in queue]
    waiting = [part for part in queue if part.allocated < part.outstanding]
    assume(waiting)
    cut = data.draw(st.sampled_from(waiting))
    less = data.draw(st.integers(1, int(cut.outstanding - cut.allocated)))
    after = [replace(part, outstanding=part.outstanding - less) if part is cut else part for part in queue]
    taken = sum(owed)
    known = believed(there, there - taken, taken)
    reading = stock(there - taken + less, taken - less if counts else None)
    for told in (queue, after):
        outstanding = sum((part.outstanding for part in told), ZERO)
        said = assess(known, reading, outstanding, began=START, pulled_at=None, settle=timedelta(minutes=2))
        known = said.believed
        if said.give is not None:
            plan = allocate(told, {MUG: Supply(said.give, may_take_back=said.may_take_back)}, Binding.AT_RELEASE)
            assert plan.decisions == ()
        assert said.arrived == 0
    settled = assess(
        known,
        reading,
        outstanding,
        began=START + SAME_MOMENT,
        pulled_at=START,
        settle=timedelta(minutes=2),
        before_pull=reading.available,
    )
    assert (settled.give, settled.arrived, settled.believed.on_hand) == (there, 0, there)
    assert allocate(after, {MUG: Supply(there)}, Binding.AT_RELEASE).decisions == ()
