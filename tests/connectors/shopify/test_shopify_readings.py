"""What a reading of the shop says is owed, and where. Read from the stand-in, which keeps Shopify's own arithmetic."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from backorder.domain.actions import Held, Shown
from backorder.domain.errors import AccessLost
from backorder.domain.events import StockTouched
from backorder.domain.orders import Customer, Ignored, Order, OrderLine, OrderStatus, Part
from backorder.domain.supply import Item, Pool, Stock
from connectors.contract import OrderRead
from connectors.shopify import PLATFORM
from connectors.shopify.record import Record, record_of, record_text
from demo.stores.shopify.state import Hold, Refund, Shipment, Units
from tests.connectors.shopify.conftest import Lab


def units(count: int) -> Decimal:
    return Decimal(count)


def reading(lab: Lab, order: int) -> OrderRead:
    (found,) = lab.client.read_orders([order]).found
    return found


def read(lab: Lab, order: int) -> Order:
    return reading(lab, order).reading.order


def sums(line: OrderLine) -> tuple[int, int, int, int]:
    return int(line.ordered), int(line.shipped), int(line.cancelled), int(line.outstanding)


def test_a_reading_tells_the_order_and_when_the_reading_began(lab: Lab) -> None:
    placed = datetime(2026, 11, 2, 8, 30, tzinfo=UTC)
    number = lab.order(2, email="ada@example.com", name="Ada Quist", placed_at=placed, tags=["web"])

    told = reading(lab, number).reading

    assert told.began == lab.clock.now
    assert told.order == Order(
        id=number,
        number="#1001",
        placed_at=placed,
        changed_at=lab.clock.now,
        store_status="unfulfilled",
        currency="USD",
        customer=Customer(id=told.order.customer.id, name="Ada Quist", email="ada@example.com", tags=()),
        shipping=(),
        lines=(
            OrderLine(
                id=lab.line(number),
                item=lab.mug,
                ordered=units(2),
                parts=(Part(Pool(lab.mug, lab.here), units(2)),),
                title="Harbour Mug",
                sku="MUG",
                unit_price=Decimal("18.0000"),
            ),
        ),
        tags=("web",),
    )


def test_before_routing_the_line_itself_says_what_is_owed_from_no_pool(lab: Lab) -> None:
    number = lab.order(3, route=False)

    (line,) = read(lab, number).lines

    assert line.parts == (Part(None, units(3)),)
    assert read(lab, number).status is OrderStatus.OPEN


def test_a_line_is_owed_from_each_location_that_ships_a_part_of_it(lab: Lab) -> None:
    number = lab.order(3)
    order = lab.known(number)
    (work,) = order.works
    lab.shop.trade.hold_work(order, work, Hold(1, "someone", False), {work.lines[0].id: 1})
    lab.works(number)[1].location = lab.there

    (line,) = read(lab, number).lines

    assert line.parts == (Part(Pool(lab.mug, lab.here), units(1)), Part(Pool(lab.mug, lab.there), units(2)))
    assert sums(line) == (3, 0, 0, 3)


def test_a_deleted_location_leaves_the_units_owed_from_no_pool(lab: Lab) -> None:
    number = lab.order(3)
    lab.works(number)[0].location = 0

    (line,) = read(lab, number).lines

    assert line.parts == (Part(None, units(3)),)


def test_shipped_units_are_those_of_successful_fulfillments(lab: Lab) -> None:
    number = lab.order(3)
    lab.shop.trade.fulfil(number, {lab.line(number): 2})
    lab.known(number).shipments.append(
        Shipment(1, lab.clock.now, lab.here, [Units(2, lab.known(number).lines[0], 1)], "CANCELLED")
    )

    (line,) = read(lab, number).lines

    assert sums(line) == (3, 2, 0, 1)


def test_a_unit_that_came_back_was_shipped_and_is_not_owed_again(lab: Lab) -> None:
    number = lab.order(2)
    lab.shop.trade.fulfil(number)
    order = lab.known(number)
    order.lines[0].current = 1
    order.refunds.append(Refund(1, lab.clock.now, [Units(2, order.lines[0], 1, "RETURN")]))

    (line,) = read(lab, number).lines

    assert sums(line) == (2, 2, 0, 0)


def test_an_unrouted_line_counts_a_returned_unit_once(lab: Lab) -> None:
    number = lab.order(3, route=False)
    order = lab.known(number)
    line = order.lines[0]
    order.shipments.append(Shipment(1, lab.clock.now, lab.here, [Units(2, line, 2)]))
    order.refunds.append(Refund(1, lab.clock.now, [Units(3, line, 1, "RETURN")]))
    line.current = 2

    assert sums(read(lab, number).lines[0]) == (3, 2, 0, 1)


def test_edited_units_are_cancelled_units(lab: Lab) -> None:
    number = lab.order(3)
    lab.shop.trade.edit_line(number, lab.line(number), 1)

    assert sums(read(lab, number).lines[0]) == (3, 0, 2, 1)


def test_a_cancelled_order_owes_nothing_though_its_closed_work_tells_remaining_units(lab: Lab) -> None:
    number = lab.order(3)
    lab.shop.trade.cancel_order(number)

    order = read(lab, number)

    assert [line.remaining for work in lab.known(number).works for line in work.lines] == [3]
    assert sums(order.lines[0]) == (3, 0, 3, 0)
    assert (order.status, order.store_status, order.paid) == (OrderStatus.CANCELLED, "cancelled", True)


def test_an_order_is_closed_when_nothing_is_owed_any_more(lab: Lab) -> None:
    number = lab.order(2)
    lab.shop.trade.fulfil(number)

    order = read(lab, number)

    assert (order.status, order.store_status) == (OrderStatus.CLOSED, "fulfilled")


def test_lines_that_never_wait_say_why(lab: Lab) -> None:
    lab.shop.trade.add_product("BOOK", tracked=False)
    lines = [
        {"sku": "MUG", "quantity": 1, "gift_card": True},
        {"sku": "MUG", "quantity": 1, "requires_shipping": False},
        {"sku": "BOOK", "quantity": 1},
        {"title": "Engraving", "quantity": 1},
        {"sku": "LAMP", "quantity": 1},
    ]
    number = lab.shop.trade.place_order(lines)
    lab.known(number).lines[4].product = None

    order = read(lab, number)

    assert [line.ignored for line in order.lines] == [
        Ignored.GIFT_CARD,
        Ignored.NO_SHIPPING,
        Ignored.UNTRACKED,
        Ignored.CUSTOM,
        Ignored.PRODUCT_GONE,
    ]
    assert [line.parts for line in order.lines] == [()] * 5


@pytest.mark.parametrize(
    ("financial", "paid"),
    [
        ("PAID", True),
        ("PARTIALLY_REFUNDED", True),
        ("REFUNDED", True),
        ("AUTHORIZED", True),
        ("PENDING", False),
        ("PARTIALLY_PAID", False),
        ("EXPIRED", False),
        ("VOIDED", False),
        ("", False),
    ],
)
def test_an_order_is_paid_when_its_money_is_there(lab: Lab, financial: str, paid: bool) -> None:
    assert read(lab, lab.order(1, financial=financial)).paid is paid


def test_the_price_without_tax_is_per_unit_that_is_left(lab: Lab) -> None:
    number = lab.order(3)
    lab.shop.trade.edit_line(number, lab.line(number), 0)

    assert read(lab, number).lines[0].unit_price == Decimal("18.00")


def test_held_units_are_those_under_our_own_hold_only(lab: Lab) -> None:
    number = lab.order(2, 1)
    order = lab.known(number)
    (work,) = order.works
    lab.shop.trade.hold_work(order, work, Hold(1, "waitline-1", True), {work.lines[0].id: 1})
    rest = lab.works(number)[1]
    lab.shop.trade.hold_work(order, rest, Hold(2, "waitline-2", False), {rest.lines[1].id: 1})
    lab.shop.trade.hold_work(order, lab.works(number)[2], Hold(3, "other-app", True), None)

    assert reading(lab, number).found.held == (Held(lab.line(number), lab.here, units(1)),)


def test_the_other_side_of_a_reading_has_all_tags_and_what_is_shown(lab: Lab) -> None:
    number = lab.order(1, tags=["web", "backorder"])
    lab.known(number).metafield = '{"state": "waiting", "waiting": "2", "from": null, "to": "2026-12-01", "tags": []}'

    found = reading(lab, number).found

    assert found.tags == ("web", "backorder")
    assert found.shown == Shown("waiting", units(2), None, datetime(2026, 12, 1, tzinfo=UTC).date())


@pytest.mark.parametrize(
    "text", ["", "no json", "[1]", '{"state": "waiting"}', '{"state": 1, "waiting": "many"}', None]
)
def test_a_metafield_that_is_not_of_our_writing_is_no_record(text: str | None) -> None:
    assert record_of(text) == Record()


def test_a_record_is_read_as_it_was_written() -> None:
    record = Record(Shown("waiting", Decimal("10"), datetime(2026, 12, 1, tzinfo=UTC).date()), ("backorder",))

    assert record_of(record_text(record)) == record


def test_orders_are_answered_in_the_turn_they_were_asked_for_and_the_gone_are_named(lab: Lab) -> None:
    first, second = lab.order(1), lab.order(2)
    lab.shop.trade.delete_order(first)

    told = lab.client.read_orders([5, second, first])

    assert [one.reading.order.id for one in told.found] == [second]
    assert told.gone == [5, first]


def test_fifty_orders_are_read_in_one_call(lab: Lab) -> None:
    numbers = [lab.order(1) for _ in range(60)]
    lab.transport.calls.clear()

    told = lab.client.read_orders(numbers)

    assert [one.reading.order.id for one in told.found] == numbers
    assert len(lab.transport.calls) == 2


def test_a_long_order_is_the_same_however_many_pages_it_takes(make_lab: Callable[..., Lab]) -> None:
    told = []
    for limit in (250, 1):
        lab = make_lab(page_limit=limit)
        number = lab.order(3, 4)
        order = lab.known(number)
        lab.shop.trade.hold_work(order, order.works[0], Hold(1, "waitline-1", True), {order.works[0].lines[0].id: 2})
        lab.shop.trade.fulfil(number)
        order.refunds.append(Refund(1, lab.clock.now, [Units(each.id, each, 1, "RETURN") for each in order.lines]))
        told.append(reading(lab, number))

    assert told[0] == told[1]
    assert told[0].reading.order.lines[1].shipped == units(4)


def test_stock_comes_from_every_location_with_both_figures_of_one_moment(lab: Lab) -> None:
    lab.shop.trade.receive_stock("LAMP", 4, lab.there)
    lab.order(2, 3)

    told = lab.client.read_stock([lab.lamp, lab.mug])

    assert told.began == lab.clock.now
    assert told.items == [
        Item(lab.lamp, sku="LAMP", title="Desk Lamp"),
        Item(lab.mug, sku="MUG", title="Harbour Mug"),
    ]
    assert told.stock == [
        Stock(Pool(lab.lamp, lab.here), units(-2), units(3), units(1), units(0)),
        Stock(Pool(lab.lamp, lab.there), units(4), units(0), units(4), units(0)),
        Stock(Pool(lab.mug, lab.here), units(3), units(2), units(5), units(0)),
    ]


def test_stock_at_many_locations_is_the_same_however_many_pages_it_takes(make_lab: Callable[..., Lab]) -> None:
    told = []
    for limit in (250, 1):
        lab = make_lab(page_limit=limit)
        lab.shop.trade.receive_stock("LAMP", 4, lab.there)
        told.append(lab.client.read_stock([lab.lamp]))

    assert told[0] == told[1]
    assert len(told[0].stock) == 2


def test_an_item_that_is_gone_or_not_counted_has_no_stock(lab: Lab) -> None:
    book = lab.shop.trade.add_product("BOOK", "Atlas", tracked=False)

    told = lab.client.read_stock([book, 99])

    assert told.items == [Item(book, "BOOK", "Atlas", tracked=False), Item(99, tracked=False, gone=True)]
    assert told.stock == []


def test_the_first_pull_brings_open_orders_however_old_then_every_counted_item(make_lab: Callable[..., Lab]) -> None:
    lab = make_lab(page_limit=2)
    lab.shop.trade.add_product("BOOK", tracked=False)
    old = lab.order(1, placed_at=datetime(2024, 1, 1, tzinfo=UTC))
    lab.shop.trade.cancel_order(lab.order(1))
    rest = [lab.order(1) for _ in range(3)]

    pages = list(lab.client.pull(None))

    assert [one.reading.order.id for page in pages for one in page.orders] == [old, *rest]
    assert [event for page in pages for event in page.events] == [StockTouched(lab.mug), StockTouched(lab.lamp)]
    assert [bool(page.orders) for page in pages] == [True, True, False, False]


def test_a_pull_brings_what_changed_since_then_oldest_change_first(make_lab: Callable[..., Lab]) -> None:
    lab = make_lab(page_limit=1)
    numbers = []
    for _ in range(4):
        numbers.append(lab.order(1))
        lab.clock.later(60)
    since = lab.known(numbers[1]).updated
    lab.shop.trade.add_tag(numbers[1], "late")
    lab.shop.trade.cancel_order(numbers[2])

    pages = list(lab.client.pull(since))

    assert [one.reading.order.id for page in pages for one in page.orders] == [numbers[3], numbers[1], numbers[2]]
    assert [page.changed_until for page in pages] == [
        lab.known(number).updated for number in (numbers[3], *numbers[1:3])
    ]
    assert [page.events for page in pages] == [()] * 3


def test_a_shop_with_nothing_in_it_gives_no_orders(lab: Lab) -> None:
    assert list(lab.client.pull(lab.clock.now)) == []


def test_a_wrong_token_is_lost_access(lab: Lab) -> None:
    client = PLATFORM.client(lab.shop.domain, {"access_token": "shpat_old"}, lab.transport, lab.clock)

    with pytest.raises(AccessLost):
        client.describe()
