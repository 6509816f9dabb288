"""When a line can be promised to ship."""

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from backorder.domain.policy import BackorderPolicy
from backorder.domain.promise import Promise, Waiting, promises
from backorder.domain.supply import Inbound
from tests.builders import MUG, demand, units

TODAY = date(2026, 1, 10)
POLICY = BackorderPolicy(handling_days=1, inbound_buffer_days=3, lead_time_days=None)


def waits(order: int, owed: int, *, allocated: int = 0, day: int = 5) -> Waiting:
    return Waiting(demand(order, owed, day=day, allocated=allocated), date(2026, 1, day))


def coming(quantity: int, on: date, *, received: int = 0, number: int = 1) -> Inbound:
    return Inbound(number, MUG, units(quantity), units(received), on)


def dates(queue, inbound, policy=POLICY):
    return [None if p is None else p.late for p in promises(queue, inbound, policy, TODAY)]


def test_goods_on_the_way_are_promised_in_queue_order_with_buffer_and_handling() -> None:
    queue = [waits(100, 20), waits(101, 20, day=6), waits(102, 20, day=8)]
    inbound = [coming(30, date(2026, 1, 20)), coming(40, date(2026, 2, 1), number=2)]
    assert dates(queue, inbound) == [date(2026, 1, 24), date(2026, 2, 5), date(2026, 2, 5)]


def test_units_already_given_need_no_inbound() -> None:
    assert dates([waits(100, 20, allocated=15)], [coming(5, date(2026, 1, 20))]) == [date(2026, 1, 24)]


def test_goods_past_their_date_count_from_today() -> None:
    assert dates([waits(100, 1)], [coming(5, date(2026, 1, 2))]) == [date(2026, 1, 14)]


def test_goods_that_came_in_are_not_promised_again() -> None:
    assert dates([waits(100, 3)], [coming(5, date(2026, 1, 20), received=3)]) == [None]


def test_without_goods_on_the_way_the_lead_time_counts_from_the_day_the_line_began_to_wait() -> None:
    policy = BackorderPolicy(lead_time_days=14, handling_days=1)
    assert dates([waits(100, 1, day=5)], [], policy) == [date(2026, 1, 20)]


def test_a_lead_time_that_has_run_out_promises_nothing() -> None:
    policy = BackorderPolicy(lead_time_days=2, handling_days=1)
    assert dates([waits(100, 1, day=5)], [], policy) == [None]


def test_without_goods_and_lead_time_the_date_is_not_known() -> None:
    assert dates([waits(100, 1)], []) == [None]


def test_a_line_that_has_all_its_units_ships_after_handling() -> None:
    assert promises([waits(100, 2, allocated=2)], [], POLICY, TODAY) == [Promise(date(2026, 1, 11), date(2026, 1, 11))]


queues = st.lists(st.tuples(st.integers(1, 9), st.integers(0, 9)), max_size=12).map(
    lambda rows: [waits(100 + n, owed, allocated=min(owed, got)) for n, (owed, got) in enumerate(rows)]
)
arrivals = st.lists(st.tuples(st.integers(1, 20), st.integers(-20, 60)), max_size=6).map(
    lambda rows: [coming(q, TODAY + timedelta(days=d), number=n) for n, (q, d) in enumerate(rows)]
)


@settings(max_examples=1000)
@given(queues, arrivals)
def test_never_more_is_promised_by_a_day_than_comes_in_by_it(queue, inbound) -> None:
    found = promises(queue, inbound, POLICY, TODAY)
    handling, buffer = timedelta(days=POLICY.handling_days), timedelta(days=POLICY.inbound_buffer_days)
    for day in {p.late for p in found if p is not None}:
        due = sum(
            w.demand.outstanding - w.demand.allocated
            for w, p in zip(queue, found, strict=True)
            if p is not None and p.late <= day
        )
        assert due <= sum(x.open for x in inbound if max(x.expected_on, TODAY) + buffer <= day - handling)


@settings(max_examples=1000)
@given(queues, arrivals)
def test_no_promise_is_in_the_past_and_none_overtakes_an_earlier_one(queue, inbound) -> None:
    found = promises(queue, inbound, POLICY, TODAY)
    assert all(p is None or p.early >= TODAY for p in found)
    short = [p for w, p in zip(queue, found, strict=True) if w.demand.allocated < w.demand.outstanding]
    known = [p.late for p in short if p is not None]
    assert known == sorted(known)
    assert short == [*[p for p in short if p is not None], *[None] * (len(short) - len(known))]


@settings(max_examples=1000)
@given(queues, arrivals, st.integers(1, 30))
def test_goods_that_come_later_improve_nobodys_date(queue, inbound, days) -> None:
    later = [Inbound(x.id, x.pool, x.quantity, x.received, x.expected_on + timedelta(days=days)) for x in inbound]
    far = date.max
    before = [p.late if p else far for p in promises(queue, inbound, POLICY, TODAY)]
    after = [p.late if p else far for p in promises(queue, later, POLICY, TODAY)]
    assert all(a >= b for a, b in zip(after, before, strict=True))
