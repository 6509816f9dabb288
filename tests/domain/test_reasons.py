"""Why a line has what it has."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal as D

import pytest

from backorder.domain.allocation import Rule
from backorder.domain.explained import Came, Overtaker, Place, came_from, explain
from backorder.domain.lifecycle import LineStanding, OrderStanding, PartStanding
from backorder.domain.orders import OrderStatus
from backorder.domain.policy import BackorderPolicy
from backorder.domain.reasons import Code, PoolFacts, Reason, Situation, reason
from backorder.domain.split import Stay
from backorder.domain.spoken import counted, spoken
from backorder.domain.supply import Balance, Pool

EMPTY = PoolFacts(Balance.BALANCED)
FIRST_IN_LINE = Situation(outstanding=D(3), allocated=D(0), pool=EMPTY)
GIVEN = replace(FIRST_IN_LINE, allocated=D(3))


@pytest.mark.parametrize(
    ("about", "code"),
    [
        (FIRST_IN_LINE, Code.NO_SUPPLY),
        (replace(FIRST_IN_LINE, units_ahead=D(12)), Code.BEHIND),
        (replace(FIRST_IN_LINE, allocated=D(1)), Code.PARTIAL),
        (replace(FIRST_IN_LINE, pool=None), Code.NOT_ROUTED),
        (replace(FIRST_IN_LINE, decided=False), Code.UNBALANCED),
        (replace(GIVEN, decided=False), Code.UNBALANCED),
        (replace(FIRST_IN_LINE, pool=PoolFacts(Balance.NEW)), Code.UNBALANCED),
        (replace(FIRST_IN_LINE, pool=PoolFacts(Balance.UNBALANCED), units_ahead=D(12)), Code.UNBALANCED),
        (replace(FIRST_IN_LINE, refused="Backorders are switched off."), Code.NOT_ACCEPTED),
        (replace(FIRST_IN_LINE, refused="Backorders are switched off.", cancel_wished=True), Code.CANCEL_WISHED),
        (replace(FIRST_IN_LINE, pool=replace(EMPTY, on_hand=D(5), given=D(1)), keep_back=D(4)), Code.KEPT_BACK),
        (replace(FIRST_IN_LINE, pool=replace(EMPTY, on_hand=D(5), given=D(5)), keep_back=D(4)), Code.NO_SUPPLY),
        (replace(GIVEN, free_to_ship=D(3)), Code.FILLED),
        (replace(GIVEN, free_to_ship=D(3), cancel_wished=True), Code.FILLED),
        (replace(GIVEN, paid=False), Code.UNPAID),
        (replace(GIVEN, paid=False, stay=Stay.ORDER), Code.UNPAID),
        (replace(GIVEN, stay=Stay.LINE), Code.WAITING_FOR_LINE),
        (replace(GIVEN, stay=Stay.ORDER), Code.WAITING_FOR_ORDER),
    ],
)
def test_the_first_reason_that_applies_is_told(about: Situation, code: Code) -> None:
    assert reason(about).code is code


def test_every_code_has_a_sentence_for_staff_for_customers_and_for_what_would_change_it() -> None:
    situations = {
        Code.FILLED: replace(GIVEN, free_to_ship=D(3)),
        Code.BEHIND: replace(FIRST_IN_LINE, units_ahead=D(1)),
        Code.NO_SUPPLY: FIRST_IN_LINE,
        Code.PARTIAL: replace(FIRST_IN_LINE, allocated=D(1)),
        Code.NOT_ROUTED: replace(FIRST_IN_LINE, pool=None),
        Code.UNBALANCED: replace(FIRST_IN_LINE, decided=False),
        Code.NOT_ACCEPTED: replace(FIRST_IN_LINE, refused="Backorders are switched off."),
        Code.CANCEL_WISHED: replace(FIRST_IN_LINE, cancel_wished=True),
        Code.KEPT_BACK: replace(FIRST_IN_LINE, pool=replace(EMPTY, on_hand=D(5)), keep_back=D(5)),
        Code.UNPAID: replace(GIVEN, paid=False),
        Code.WAITING_FOR_LINE: replace(GIVEN, stay=Stay.LINE),
        Code.WAITING_FOR_ORDER: replace(GIVEN, stay=Stay.ORDER),
        Code.WAITING_FOR_DATE: replace(GIVEN, stay=Stay.DATE),
        Code.WAITING_FOR_KIT: replace(GIVEN, stay=Stay.KIT),
        Code.TOO_LITTLE: replace(GIVEN, stay=Stay.TOO_LITTLE),
        Code.YIELDING: replace(FIRST_IN_LINE, yields=True),
        Code.OVERTAKEN: replace(FIRST_IN_LINE, units_ahead=D(3), overtaken_by=D(1)),
    }
    assert set(situations) == set(Code)
    for code, about in situations.items():
        found = reason(about)
        for sentence in (found.text, found.customer, found.change):
            assert (code, sentence[-1], "{" in sentence) == (code, ".", False)


def test_staff_read_how_many_units_stand_before_a_line() -> None:
    assert reason(replace(FIRST_IN_LINE, units_ahead=D("12.5"))) == Reason(
        code=Code.BEHIND,
        units_ahead=D("12.5"),
        text="Older orders that wait for 12.5 units come first.",
        customer="Waiting for stock. Orders placed before yours are served first.",
        change="An arrival of more than 12.5 units.",
    )


def test_what_is_kept_back_has_to_arrive_too_before_a_line_behind_others_gets_anything() -> None:
    behind = replace(FIRST_IN_LINE, units_ahead=D(5), keep_back=D(3))
    assert reason(behind).change == "An arrival of more than 8 units."
    assert reason(replace(behind, pool=replace(EMPTY, on_hand=D(2)))).change == "An arrival of more than 6 units."
    assert reason(replace(behind, pool=replace(EMPTY, on_hand=D(3)))).change == "An arrival of more than 5 units."


def test_who_has_a_part_reads_how_many_units_of_others_come_before_the_rest() -> None:
    first = replace(FIRST_IN_LINE, allocated=D(1))
    assert reason(first).text == "It has 1 of 3 units; the rest waits for stock."
    behind = reason(replace(first, units_ahead=D(1)))
    assert behind.text == "It has 1 of 3 units; the rest waits for stock, behind 1 unit of others."


@pytest.mark.parametrize(
    ("rule", "priority", "why"),
    [
        (Rule.HEAD_START, "VIP", "its class VIP has a head start"),
        (Rule.NOT_ENOUGH_LEFT, "VIP", "its class VIP has a head start"),
        (Rule.NOT_ENOUGH_LEFT, "", "it went first when it came in"),
        (Rule.PINNED, "VIP", "it is pinned"),
        (Rule.WHOLE_ORDER, "", "it made its order whole"),
        (Rule.OTHER_YIELDED, "", "an order that waits to be whole let it pass"),
        (Rule.BY_HAND, "", "given by hand"),
    ],
)
def test_who_overtook_a_line_is_named_with_the_rule(rule: Rule, priority: str, why: str) -> None:
    at = datetime(2026, 1, 9, tzinfo=UTC)
    assert Overtaker(101, "#101", D(1), rule, priority, at).why == why


def test_units_come_from_stock_or_from_the_goods_that_came_in() -> None:
    acme, other = Came(1, "Acme", date(2026, 4, 1)), Came(2, "", date(2026, 4, 2))
    assert came_from([]) == "from stock"
    assert came_from([acme]) == "from the goods from Acme expected on 1 Apr 2026"
    assert came_from([acme, other]) == (
        "from the goods from Acme expected on 1 Apr 2026 and the goods expected on 2 Apr 2026"
    )


def test_goods_on_the_way_are_what_changes_it() -> None:
    coming = replace(EMPTY, next_arrival=date(2026, 4, 1))
    assert reason(replace(FIRST_IN_LINE, pool=coming)).change == "The goods expected on 1 Apr 2026."


def test_a_line_that_owes_nothing_needs_nothing() -> None:
    found = reason(replace(FIRST_IN_LINE, outstanding=D(0)))
    assert (found.code, found.text) == (Code.FILLED, "Nothing of it is owed any more.")


def test_a_line_in_two_pools_is_explained_for_each() -> None:
    here, there = Pool(7, 1), Pool(7, 2)
    line = LineStanding(
        5,
        "Lamp",
        "LAMP",
        D(5),
        D(0),
        D(0),
        (PartStanding(here, D(2), D(2), D(2), D(2)), PartStanding(there, D(3))),
        True,
    )
    shipped = LineStanding(6, "Mug", "MUG", D(1), D(1), D(0), (), False)
    rows = explain(
        OrderStanding(1, OrderStatus.OPEN, True, (line, shipped)),
        BackorderPolicy(),
        places={(5, there): Place(D(4), date(2026, 4, 2))},
        pools={here: replace(EMPTY, on_hand=D(2), given=D(2)), there: EMPTY},
        wished=frozenset(),
    )
    assert [(row.line.line_id, row.part and row.part.pool, row.reason.code, row.first_promise) for row in rows] == [
        (5, here, Code.FILLED, None),
        (5, there, Code.BEHIND, date(2026, 4, 2)),
        (6, None, Code.FILLED, None),
    ]


def test_a_pool_that_was_never_read_decides_nothing() -> None:
    line = LineStanding(5, "Lamp", "LAMP", D(5), D(0), D(0), (PartStanding(Pool(7), D(5), decided=False),), False)
    rows = explain(OrderStanding(1, OrderStatus.OPEN, True, (line,)), BackorderPolicy(), places={}, pools={}, wished=())
    assert [row.reason.code for row in rows] == [Code.UNBALANCED]


@pytest.mark.parametrize(
    ("units", "text"),
    [("1", "1 unit"), ("0", "0 units"), ("2.50", "2.5 units"), ("1E+2", "100 units"), ("10", "10 units")],
)
def test_units_are_written_as_people_write_them(units: str, text: str) -> None:
    assert counted(D(units)) == text
    assert spoken(D(units)) == text.split()[0]
