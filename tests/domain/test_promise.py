"""When a line can be promised to ship."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backorder.domain.lateness import Record
from backorder.domain.policy import BackorderPolicy
from backorder.domain.promise import (
    Outlook,
    Promise,
    TooFar,
    Waiting,
    covered_by,
    delivery_for,
    expected,
    promises,
    quote,
    settled,
    slip_days,
)
from backorder.domain.supply import Inbound
from backorder.domain.workdays import Workdays
from tests.builders import MUG, demand, units

TODAY = date(2026, 1, 10)
POLICY = BackorderPolicy(handling_days=1, inbound_buffer_days=3, lead_time_days=None)


AHEAD = Outlook(TODAY, POLICY)


def waits(order: int, owed: int, *, allocated: int = 0, day: int = 5) -> Waiting:
    return Waiting(demand(order, owed, day=day, allocated=allocated), date(2026, 1, day))


def coming(quantity: int, on: date, *, received: int = 0, number: int = 1) -> Inbound:
    return Inbound(number, MUG, units(quantity), units(received), on)


def dates(queue, inbound, policy=POLICY):
    return [None if p is None else p.late for p in promises(queue, inbound, Outlook(TODAY, policy))]


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


def test_a_line_promised_the_lead_time_never_ships_before_goods_that_are_known_or_a_line_ahead() -> None:
    policy = BackorderPolicy(lead_time_days=14, handling_days=1)
    queue, goods = [waits(100, 5), waits(101, 1, day=6)], [coming(5, date(2026, 4, 1))]
    assert dates(queue, goods, policy) == [date(2026, 4, 5), date(2026, 4, 5)]
    # A head start put the one that began to wait later first.
    ahead = [waits(101, 1, day=9), waits(100, 1, day=5)]
    assert dates(ahead, [], policy) == [date(2026, 1, 24), date(2026, 1, 24)]


def test_a_line_whose_lead_time_has_run_out_holds_nobodys_date_back() -> None:
    policy = BackorderPolicy(lead_time_days=2, handling_days=1)
    assert dates([waits(100, 1, day=5), waits(101, 1, day=9)], [], policy) == [None, date(2026, 1, 12)]


def test_a_lead_time_of_no_days_ships_what_was_ordered_after_the_cut_off_on_the_next_day() -> None:
    policy = BackorderPolicy(lead_time_days=0, handling_days=0, cut_off_hour=15)
    evening = Outlook(TODAY, policy, past_cut_off=True)
    new = Waiting(demand(100, 1), evening.counts_from(datetime(2026, 1, 10, 20, tzinfo=UTC)))
    assert promises([new], [], evening) == [promised(11, 11)]
    assert quote([], [], units(1), evening, free=units(0), turn=NEW, pool=MUG) == promised(11, 11)
    assert promises([waits(100, 1, day=10)], [], evening) == [None]


def test_nothing_of_an_item_that_is_not_out_yet_is_handled_before_its_day() -> None:
    policy = BackorderPolicy(lead_time_days=5, handling_days=1, inbound_buffer_days=3)

    def found(out: date, *goods: Inbound) -> list[Promise | None]:
        ahead = Outlook(TODAY, policy, released={MUG.item: out})
        return promises([waits(100, 1, allocated=1), waits(101, 1)], goods, ahead)

    assert found(date(2026, 1, 25)) == [promised(26, 26)] * 2
    assert found(date(2026, 1, 25), coming(5, date(2026, 1, 12))) == [promised(26, 26)] * 2
    assert found(date(2026, 1, 25), coming(5, date(2026, 1, 26))) == [promised(26, 26), promised(30, 30)]
    assert found(date(2026, 1, 2)) == [promised(11, 11), promised(11, 11)]
    assert found(date.max) == [None, None]


def test_goods_expected_more_than_five_years_from_now_are_not_counted_on() -> None:
    far = coming(5, date(9999, 12, 30))
    assert dates([waits(100, 1)], [far]) == [None]
    assert (delivery_for(units(1), [far], AHEAD), covered_by([far], date.max, AHEAD)) == (None, 0)
    assert expected(TODAY, TODAY, later=1825) == date(2031, 1, 9)
    for day, later in ((TODAY, 1826), (TODAY, -1826), (date.max, 999), (date.min, 0)):
        with pytest.raises(TooFar):
            expected(day, TODAY, later=later)


def test_without_goods_and_lead_time_the_date_is_not_known() -> None:
    assert dates([waits(100, 1)], []) == [None]


def test_a_line_that_has_all_its_units_ships_after_handling() -> None:
    assert promises([waits(100, 2, allocated=2)], [], AHEAD) == [Promise(date(2026, 1, 11), date(2026, 1, 11))]


SLOW = Record(usual_days=2, safe_days=9)
LEAN = Record(usual_days=0, safe_days=0, usual_missing=Decimal("0.1"), safe_missing=Decimal("0.5"))
WEEKDAYS = Workdays(frozenset(range(5)), frozenset({date(2026, 1, 14)}))


def of(supplier: str, quantity: int, on: date) -> Inbound:
    return Inbound(1, MUG, units(quantity), units(0), on, supplier)


def test_a_supplier_with_a_record_gives_a_range_and_others_one_day() -> None:
    ahead = Outlook(TODAY, POLICY, records={"acme": SLOW})
    found = promises([waits(100, 1)], [of(" ACME", 5, date(2026, 1, 20))], ahead)
    assert found == [Promise(date(2026, 1, 23), date(2026, 1, 30))]
    assert promises([waits(100, 1)], [of("Other", 5, date(2026, 1, 20))], ahead) == [
        Promise(date(2026, 1, 24), date(2026, 1, 24))
    ]


def test_goods_past_their_date_of_a_late_supplier_come_when_it_usually_comes_and_not_before_today() -> None:
    ahead = Outlook(TODAY, POLICY, records={"acme": SLOW})
    found = [promises([waits(100, 1)], [of("Acme", 5, date(2026, 1, day))], ahead)[0] for day in (1, 2, 9)]
    assert found == [promised(11, 11), promised(11, 12), promised(12, 19)]


def test_goods_of_a_late_supplier_that_were_moved_as_usual_are_not_late_once_more() -> None:
    ahead = Outlook(TODAY, POLICY, records={"acme": SLOW})

    def dated(now: int) -> Promise | None:
        goods = replace(of("Acme", 5, date(2026, 1, now)), first_expected_on=date(2026, 1, 12))
        return promises([waits(100, 1)], [goods], ahead)[0]

    assert [dated(now) for now in (12, 14, 21, 25)] == [
        promised(15, 22),
        promised(15, 22),
        promised(22, 22),
        promised(26, 26),
    ]
    assert dated(11) == promised(14, 21)


def test_units_that_a_supplier_often_leaves_out_are_promised_to_nobody() -> None:
    ahead = Outlook(TODAY, POLICY, records={"acme": LEAN})
    found = promises([waits(100, 5), waits(101, 4)], [of("Acme", 10, date(2026, 1, 20))], ahead)
    assert found == [Promise(date(2026, 1, 21), date(2026, 1, 21)), None]


def test_handling_takes_working_days_and_a_closed_day_moves_the_shipping() -> None:
    policy = BackorderPolicy(handling_days=2, inbound_buffer_days=0)
    ahead = Outlook(TODAY, policy, WEEKDAYS)
    # 13 Jan 2026 is a Tuesday, the next day a holiday.
    assert promises([waits(100, 1)], [coming(5, date(2026, 1, 13))], ahead)[0] == (date(2026, 1, 16),) * 2
    # The 17th is a Saturday: handling begins on Monday.
    assert promises([waits(100, 1)], [coming(5, date(2026, 1, 17))], ahead)[0] == (date(2026, 1, 21),) * 2


def test_after_the_cut_off_hour_what_is_there_is_handled_from_tomorrow() -> None:
    given = [waits(100, 1, allocated=1), waits(101, 1)]
    ahead = Outlook(TODAY, BackorderPolicy(handling_days=0, inbound_buffer_days=0), past_cut_off=True)
    tomorrow = TODAY + timedelta(days=1)
    assert promises(given, [coming(1, TODAY)], ahead) == [Promise(tomorrow, tomorrow)] * 2


def test_two_deliveries_on_one_day_count_together() -> None:
    found = dates([waits(100, 5)], [coming(3, date(2026, 1, 20)), coming(2, date(2026, 1, 20), number=2)])
    assert found == [date(2026, 1, 24)]


NEW = waits(999, 1, day=10).demand.turn


def test_a_new_order_is_quoted_what_is_free_at_once_and_else_behind_all_who_wait() -> None:
    queue = [waits(100, 3)]
    inbound = [coming(4, date(2026, 1, 20)), coming(9, date(2026, 2, 1), number=2)]

    def day(wanted: int, free: int) -> date:
        found = quote(queue, inbound, units(wanted), AHEAD, free=units(free), turn=NEW, pool=MUG)
        assert found is not None
        return found.late

    assert day(2, free=2) == date(2026, 1, 11)
    assert day(1, free=0) == day(3, free=2) == date(2026, 1, 24)
    assert day(2, free=0) == date(2026, 2, 5)


def test_a_new_order_with_a_head_start_is_quoted_from_its_place() -> None:
    ahead = waits(100, 3, day=1).demand.turn._replace(order_id=1)
    inbound = [coming(1, date(2026, 1, 20))]
    found = quote([waits(100, 3)], inbound, units(1), AHEAD, free=units(0), turn=ahead, pool=MUG)
    assert found == (date(2026, 1, 24), date(2026, 1, 24))


def test_a_quote_without_any_supply_is_not_known() -> None:
    assert quote([], [], units(1), AHEAD, free=units(0), turn=NEW, pool=MUG) is None


def promised(early: int, late: int) -> Promise:
    return Promise(date(2026, 1, early), date(2026, 1, late))


def test_a_date_that_moves_a_little_is_left_as_it_was_told() -> None:
    ahead = Outlook(TODAY, BackorderPolicy(least_move_days=3))
    told = promised(20, 22)
    assert settled(told, promised(21, 24), ahead) == told
    assert settled(told, promised(20, 25), ahead) == promised(20, 25)
    assert settled(told, promised(17, 22), ahead) == promised(17, 22)
    assert settled(told, None, ahead) is None
    assert settled(None, told, ahead) == told


def test_a_told_date_that_is_past_moves_however_little() -> None:
    ahead = Outlook(TODAY, BackorderPolicy(least_move_days=3))
    assert settled(promised(9, 12), promised(10, 12), ahead) == promised(10, 12)
    evening = replace(ahead, past_cut_off=True)
    assert settled(promised(10, 12), promised(11, 12), evening) == promised(11, 12)
    assert settled(promised(10, 12), promised(11, 12), ahead) == promised(10, 12)


def test_the_slip_is_counted_from_the_first_date() -> None:
    assert slip_days(date(2026, 1, 20), promised(22, 25)) == 5
    assert slip_days(date(2026, 1, 20), promised(18, 18)) == -2
    assert slip_days(None, promised(18, 18)) == slip_days(date(2026, 1, 20), None) == 0


queues = st.lists(st.tuples(st.integers(1, 9), st.integers(0, 9)), max_size=12).map(
    lambda rows: [waits(100 + n, owed, allocated=min(owed, got)) for n, (owed, got) in enumerate(rows)]
)
arrivals = st.lists(st.tuples(st.integers(1, 20), st.integers(-20, 60)), max_size=6).map(
    lambda rows: [coming(q, TODAY + timedelta(days=d), number=n) for n, (q, d) in enumerate(rows)]
)


@settings(max_examples=1000)
@given(queues, arrivals)
def test_never_more_is_promised_by_a_day_than_comes_in_by_it(queue, inbound) -> None:
    found = promises(queue, inbound, AHEAD)
    handling = timedelta(days=POLICY.handling_days)
    for day in {p.late for p in found if p is not None}:
        due = sum(
            w.demand.outstanding - w.demand.allocated
            for w, p in zip(queue, found, strict=True)
            if p is not None and p.late <= day
        )
        assert due <= covered_by(inbound, day - handling, AHEAD)


@settings(max_examples=1000)
@given(queues, arrivals)
def test_no_promise_is_in_the_past_and_none_overtakes_an_earlier_one(queue, inbound) -> None:
    found = promises(queue, inbound, AHEAD)
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
    before = [p.late if p else far for p in promises(queue, inbound, AHEAD)]
    after = [p.late if p else far for p in promises(queue, later, AHEAD)]
    assert all(a >= b for a, b in zip(after, before, strict=True))


def test_the_delivery_that_brings_the_last_unit_is_named() -> None:
    inbound = [coming(9, date(2026, 2, 1), number=2), coming(4, date(2026, 1, 20))]
    found = [delivery_for(units(n), inbound, AHEAD) for n in (1, 4, 5, 13, 14)]
    assert [line and line.id for line in found] == [1, 1, 2, 2, None]
