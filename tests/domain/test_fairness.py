"""Nobody starves: the largest head start bounds by how much anybody is ever passed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from backorder.domain.allocation import Binding, Demand, Rule, Turn, allocate
from backorder.domain.supply import ZERO
from tests.builders import MUG, supply, units

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


def test_reducing_a_waiting_order_from_two_to_one_gives_nothing_to_anybody() -> None:
    before = [placed(1, START, 2, 0), placed(2, START + timedelta(days=1), 2, 0)]
    after = [before[0], replace(before[1], outstanding=units(1))]
    for queue in (before, after):
        assert allocate(queue, {MUG: supply(0)}, Binding.AT_RELEASE).decisions == ()
