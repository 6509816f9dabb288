"""What holds for every promise: with lead times, cut-offs, calendars, suppliers' records and days of release."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from backorder.domain.lateness import Record
from backorder.domain.policy import BackorderPolicy
from backorder.domain.promise import Outlook, Promise, Waiting, covered_by, promises, quote, settled
from backorder.domain.supply import ZERO, Inbound
from backorder.domain.workdays import Workdays
from tests.builders import MUG, demand, units

TODAY = date(2026, 1, 10)
FAR = Promise(date.max, date.max)


class Case(NamedTuple):
    """One pool's queue, what comes to it, and what its dates rest on."""

    queue: list[Waiting]
    inbound: list[Inbound]
    ahead: Outlook

    def found(self) -> list[Promise | None]:
        return promises(self.queue, self.inbound, self.ahead)

    def waiting(self) -> list[Promise]:
        """The promises of those who wait; whoever has none waits for ever."""
        return [p or FAR for w, p in zip(self.queue, self.found(), strict=True) if short(w) > 0]


def short(waiting: Waiting) -> Decimal:
    return waiting.demand.outstanding - waiting.demand.allocated


def line(number: int, owed: int, got: int, days: int) -> Waiting:
    return Waiting(demand(100 + number, owed, allocated=min(owed, got)), TODAY - timedelta(days=days))


def goods(number: int, quantity: int, days: int, moved: int, source: str) -> Inbound:
    on = TODAY + timedelta(days=days)
    return Inbound(number, MUG, units(quantity), ZERO, on, source, first_expected_on=on - timedelta(days=moved))


records = st.builds(
    lambda usual, more, missing, much: Record(usual, usual + more, missing, max(missing, much)),
    st.integers(0, 9),
    st.integers(0, 20),
    st.sampled_from([ZERO, Decimal("0.1")]),
    st.sampled_from([ZERO, Decimal("0.3")]),
)
policies = st.builds(
    BackorderPolicy,
    lead_time_days=st.sampled_from([None, None, 0, 3, 14, 40]),
    handling_days=st.integers(0, 3),
    inbound_buffer_days=st.integers(0, 5),
    least_move_days=st.integers(1, 4),
    least_told_days=st.just(9),
)
calendars = st.builds(
    Workdays,
    st.sets(st.integers(0, 6), min_size=1),
    st.sets(st.integers(0, 30).map(lambda n: TODAY + timedelta(days=n)), max_size=5),
)
outlooks = st.builds(
    lambda policy, calendar, cut, record, release: Outlook(
        TODAY,
        policy,
        calendar,
        cut,
        {"acme": record},
        released={} if release is None else {MUG.item: TODAY + timedelta(days=release)},
    ),
    policies,
    calendars,
    st.booleans(),
    records,
    st.sampled_from([None, None, -5, 1, 25]),
)
queues = st.lists(st.tuples(st.integers(1, 9), st.integers(0, 9), st.integers(0, 45)), max_size=8).map(
    lambda rows: [line(n, *row) for n, row in enumerate(rows)]
)
deliveries = st.tuples(
    st.integers(1, 20), st.integers(-20, 60), st.integers(-9, 9), st.sampled_from(["", "Acme", "Other"])
)
arrivals = st.lists(deliveries, max_size=5).map(lambda rows: [goods(n, *row) for n, row in enumerate(rows)])
cases = st.builds(Case, queues, arrivals, outlooks)


def none_worse(after: Sequence[Promise], before: Sequence[Promise]) -> bool:
    return all(a.early <= b.early and a.late <= b.late for a, b in zip(after, before, strict=True))


@settings(max_examples=600)
@given(cases)
def test_every_promise_is_a_range_that_can_be_kept(case: Case) -> None:
    released = case.ahead.released.get(MUG.item, date.min)
    for promise in case.found():
        if promise is not None:
            assert max(case.ahead.first_day, released) <= promise.early <= promise.late
            assert all(map(case.ahead.workdays.open_on, promise))


@settings(max_examples=600)
@given(cases)
def test_no_line_is_promised_an_earlier_day_than_one_before_it(case: Case) -> None:
    dated = [promise for promise in case.waiting() if promise is not FAR]
    assert [p.early for p in dated] == sorted(p.early for p in dated)
    assert [p.late for p in dated] == sorted(p.late for p in dated)


@settings(max_examples=600)
@given(cases)
def test_without_a_lead_time_never_more_is_promised_by_a_day_than_comes_in_by_it(case: Case) -> None:
    ahead = replace(case.ahead, policy=replace(case.ahead.policy, lead_time_days=None))
    found = promises(case.queue, case.inbound, ahead)
    for day in {promise.late for promise in found if promise is not None}:
        due = sum(short(w) for w, p in zip(case.queue, found, strict=True) if p is not None and p.late <= day)
        there = max(
            d for d in (TODAY + timedelta(days=n) for n in range(-1, 200)) if d < TODAY or ahead.ships(d) <= day
        )
        assert due <= covered_by(case.inbound, there, ahead)


@settings(max_examples=600)
@given(cases, st.integers(0, 4), st.integers(1, 9), st.integers(0, 30))
def test_more_units_and_sooner_goods_never_make_a_day_later(case: Case, which: int, more: int, sooner: int) -> None:
    assume(which < len(case.inbound))
    line = case.inbound[which]
    days = timedelta(days=sooner)
    better = replace(
        line,
        quantity=line.quantity + more,
        expected_on=line.expected_on - days,
        first_expected_on=(line.first_expected_on or line.expected_on) - days,
    )
    inbound = [*case.inbound[:which], better, *case.inbound[which + 1 :]]
    assert none_worse(case._replace(inbound=inbound).waiting(), case.waiting())


@settings(max_examples=600)
@given(cases, st.integers(1, 30))
def test_more_stock_never_makes_the_day_of_those_later_who_still_wait(case: Case, there: int) -> None:
    left, queue = units(there), []
    for waiting in case.queue:
        taken = min(left, short(waiting))
        left -= taken
        has = waiting.demand.allocated + taken
        queue.append(waiting._replace(demand=waiting.demand.with_units(has, waiting.demand.firm)))
    after = case._replace(queue=queue).waiting()
    assert none_worse(after, case.waiting()[len(case.waiting()) - len(after) :])


@settings(max_examples=600)
@given(cases, deliveries)
def test_new_goods_move_nobody_beyond_the_day_on_which_they_ship_themselves(case: Case, row: tuple) -> None:
    new = goods(99, *row)
    released = case.ahead.released.get(MUG.item, date.min)
    usual, safe = (case.ahead.ships(max(released, case.ahead.arrival(new, safe=safe)[0])) for safe in (False, True))
    worst = [Promise(max(p.early, usual), max(p.late, safe)) for p in case.waiting()]
    assert none_worse(case._replace(inbound=[*case.inbound, new]).waiting(), worst)


@settings(max_examples=600)
@given(cases, deliveries)
def test_without_a_lead_time_new_goods_never_make_a_day_later(case: Case, row: tuple) -> None:
    ahead = replace(case.ahead, policy=replace(case.ahead.policy, lead_time_days=None))
    case = case._replace(ahead=ahead)
    assert none_worse(case._replace(inbound=[*case.inbound, goods(99, *row)]).waiting(), case.waiting())


@settings(max_examples=300)
@given(cases, st.integers(1, 9))
def test_a_new_order_is_quoted_what_it_is_promised_once_it_is_placed(case: Case, wanted: int) -> None:
    new = Waiting(demand(999, wanted, day=9), case.ahead.first_day)
    placed = case._replace(queue=[*case.queue, new]).found()[-1]
    asked = units(wanted)
    assert placed == quote(case.queue, case.inbound, asked, case.ahead, free=ZERO, turn=new.demand.turn, pool=MUG)


@settings(max_examples=300)
@given(cases, st.integers(-6, 9), st.integers(0, 5))
def test_a_day_that_was_told_stands_but_for_a_large_move_or_one_that_cannot_be_kept(
    case: Case, days: int, wide: int
) -> None:
    for found in case.found():
        if found is None:
            continue
        early = found.early + timedelta(days=days)
        told = Promise(early, early + timedelta(days=wide))
        stands = settled(told, found, case.ahead)
        assert stands is not None
        assert stands.early >= case.ahead.first_day
        assert abs((stands.late - found.late).days) < case.ahead.policy.least_move_days
        assert settled(stands, found, case.ahead) == stands
