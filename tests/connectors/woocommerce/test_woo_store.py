"""The client against a stand-in shop that behaves as the real one: reading, writing, pulling."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Protocol

import pytest

from backorder.domain.actions import LineDate, Shown, StoreSide
from backorder.domain.errors import OutcomeUnknown, PermanentFailure, TemporaryFailure
from backorder.domain.events import Event, StockTouched
from backorder.domain.orders import Ignored, OrderStatus
from backorder.domain.supply import Item, Pool, Stock
from connectors.contract import Page, StoreClient, StoreFacts
from demo.stores.wire import Fault, LocalTransport, every_write
from demo.stores.woocommerce import WooShop

SHOWN = Shown("waiting", Decimal(2), date(2027, 1, 10), date(2027, 1, 12))
MUG, POSTER, TEE, TEE_S, TEE_L = 11, 12, 13, 14, 15
"""The ids that the stand-in gives to the goods of the fixture."""


class SteppedClock(Protocol):
    """The clock of the fixtures."""

    def __call__(self) -> datetime: ...
    def later(self, seconds: float = 1) -> None: ...


def units(*lines: tuple[str, int]) -> list[tuple[str, Decimal]]:
    return [(sku, Decimal(quantity)) for sku, quantity in lines]


def ids(pages: Iterable[Page]) -> list[int]:
    return [read.reading.order.id for page in pages for read in page.orders]


def events(pages: Iterable[Page]) -> list[Event]:
    return [event for page in pages for event in page.events]


def test_the_shop_describes_itself(client: StoreClient) -> None:
    assert client.describe() == StoreFacts("Harbour Outfitters", "USD", "America/Los_Angeles")


def test_statuses_that_plugins_brought_are_told_and_the_shops_own_are_not(client: StoreClient, woo: WooShop) -> None:
    woo.shop.statuses["parked"] = "Parked"
    assert client.describe().statuses == (("parked", "Parked"),)


def test_each_line_is_read_into_its_pool(client: StoreClient, woo: WooShop, clock: SteppedClock) -> None:
    order = woo.shop.place_order(units(("MUG", 7), ("TEE-S", 2), ("TEE-L", 5), ("POSTER", 1)), via="rest-api")

    read = client.read_orders([order.id])

    assert read.gone == []
    assert read.found[0].reading.began == clock()
    lines = read.found[0].reading.order.lines
    assert [(line.item, [part.pool for part in line.parts], line.ignored) for line in lines] == [
        (MUG, [Pool(MUG)], None),
        (TEE_S, [Pool(TEE_S)], None),
        (TEE_L, [Pool(TEE)], None),
        (POSTER, [], Ignored.UNTRACKED),
    ]
    assert lines[0].unit_price == Decimal("18.5")


def test_refunds_and_parcels_are_taken_off(client: StoreClient, woo: WooShop) -> None:
    order = woo.shop.place_order(units(("MUG", 7)))
    woo.shop.refund_line(order, order.lines[0].id, Decimal(1), restock=False)
    woo.shop.refund_line(order, order.lines[0].id, Decimal(1))
    woo.shop.fulfil_line(order, order.lines[0].id, Decimal(2))

    line = client.read_orders([order.id]).found[0].reading.order.lines[0]

    assert (line.ordered, line.cancelled, line.shipped, line.outstanding) == (7, 2, 2, 3)


def test_an_order_that_has_nothing_beside_it_costs_no_call_for_it(
    client: StoreClient, woo: WooShop, transport: LocalTransport
) -> None:
    orders = [woo.shop.place_order(units(("MUG", 1))) for _ in range(20)]

    client.read_orders([order.id for order in orders])

    assert len(transport.calls) == 2


def test_deleted_trashed_and_unknown_orders_are_gone(client: StoreClient, woo: WooShop) -> None:
    kept, trashed, deleted = (woo.shop.place_order(units(("MUG", 1))) for _ in range(3))
    woo.shop.trash_order(trashed)
    woo.shop.delete_order(deleted)

    read = client.read_orders([trashed.id, kept.id, deleted.id, 99_999])

    assert ([found.reading.order.id for found in read.found], read.gone) == (
        [kept.id],
        [trashed.id, deleted.id, 99_999],
    )


def test_more_orders_than_fit_in_one_answer_are_read_whole(client: StoreClient, woo: WooShop) -> None:
    orders = [woo.shop.place_order(units(("POSTER", 1))).id for _ in range(103)]

    assert [found.reading.order.id for found in client.read_orders(orders).found] == orders


def test_a_line_of_a_deleted_variation_is_not_of_its_parents_stock(client: StoreClient, woo: WooShop) -> None:
    order = woo.shop.place_order(units(("TEE-S", 2)))
    order.lines[0].variation_id = 0

    line = client.read_orders([order.id]).found[0].reading.order.lines[0]

    assert (line.item, line.ignored) == (None, Ignored.VARIANT_GONE)


def test_a_cancelled_order_owes_nothing(client: StoreClient, woo: WooShop) -> None:
    order = woo.shop.place_order(units(("MUG", 7)))
    woo.shop.set_status(order, "cancelled")

    read = client.read_orders([order.id]).found[0].reading.order

    assert (read.status, read.store_status, read.lines[0].cancelled) == (OrderStatus.CANCELLED, "cancelled", 7)


def test_stock_is_read_where_it_is_counted(client: StoreClient, woo: WooShop, clock: SteppedClock) -> None:
    woo.shop.place_order(units(("MUG", 7), ("TEE-L", 5)), via="rest-api")

    read = client.read_stock([MUG, POSTER, TEE_S, TEE_L, 99_999])

    assert read.began == clock()
    assert list(read.items) == [
        Item(MUG, sku="MUG", title="Trail Mug"),
        Item(POSTER, sku="POSTER", title="Art Poster", tracked=False),
        Item(TEE_S, sku="TEE-S", title="Logo Tee - S"),
        Item(TEE_L, sku="TEE-L", title="Logo Tee - L", counted_at=TEE),
        Item(99_999, tracked=False, gone=True),
        Item(TEE, sku="TEE", title="Logo Tee"),
    ]
    assert list(read.stock) == [
        Stock(Pool(MUG), available=Decimal(-2)),
        Stock(Pool(TEE), available=Decimal(-2)),
        Stock(Pool(TEE_S), available=Decimal(1)),
    ]


def test_a_shop_that_cannot_list_variations_is_asked_for_each(
    client: StoreClient, transport: LocalTransport, woo: WooShop
) -> None:
    transport.answer(
        404,
        b'{"code":"rest_no_route","message":"","data":{"status":404}}',
        concerns=lambda method, url: "/variations" in url,
    )

    assert [item.title for item in client.read_stock([TEE_S]).items] == ["Logo Tee - S"]


def test_the_first_pull_brings_every_open_order_and_every_counted_item(
    client: StoreClient, woo: WooShop, clock: SteppedClock
) -> None:
    old = woo.shop.place_order(units(("MUG", 1)), placed_at=clock() - timedelta(days=900))
    special = woo.shop.place_order(units(("MUG", 1)))
    woo.shop.statuses["waiting-for-clay"] = "Waiting for clay"
    woo.shop.set_status(special, "waiting-for-clay")
    woo.shop.set_status(woo.shop.place_order(units(("MUG", 1))), "completed")
    woo.shop.place_order(units(("MUG", 1)), status="checkout-draft")

    pages = list(client.pull(None))

    assert ids(pages) == [old.id, special.id]
    touched = [MUG, TEE, TEE_S, TEE, TEE_L]
    assert events(pages) == [StockTouched(item) for item in touched]


def test_a_shop_that_cannot_list_its_statuses_gives_the_usual_open_ones(
    client: StoreClient, transport: LocalTransport, woo: WooShop
) -> None:
    order = woo.shop.place_order(units(("MUG", 1)), status="on-hold")
    transport.answer(404, b'{"code":"rest_no_route"}', concerns=lambda method, url: "/orders/statuses" in url)

    assert ids(client.pull(None)) == [order.id]


def test_a_later_pull_brings_what_changed_since_oldest_change_first(
    client: StoreClient, woo: WooShop, clock: SteppedClock
) -> None:
    first, second, third = (woo.shop.place_order(units(("MUG", 1))) for _ in range(3))
    clock.later(60)
    since = clock()
    clock.later(60)
    woo.shop.touch(third)
    clock.later(60)
    woo.shop.set_status(first, "completed")

    pages = list(client.pull(since))

    assert ids(pages) == [third.id, first.id]
    assert pages[-1].changed_until == clock()
    assert second.id not in ids(pages)
    assert events(pages) == []


def test_a_pull_goes_over_all_pages_even_of_one_and_the_same_second(client: StoreClient, woo: WooShop) -> None:
    orders = [woo.shop.place_order(units(("POSTER", 1))).id for _ in range(230)]

    assert ids(client.pull(None)) == orders


def test_an_order_that_changes_during_a_pull_makes_none_be_missed(
    client: StoreClient, woo: WooShop, clock: SteppedClock
) -> None:
    orders = []
    for _ in range(150):
        orders.append(woo.shop.place_order(units(("POSTER", 1))))
        clock.later()
    found = set()
    for page in client.pull(None):
        found |= {read.reading.order.id for read in page.orders}
        clock.later()
        woo.shop.touch(orders[0])
        if len(found) == 150:
            break

    assert found == {order.id for order in orders}


def test_a_pull_that_was_stopped_goes_on_with_the_last_second_of_its_page(
    client: StoreClient, woo: WooShop, clock: SteppedClock
) -> None:
    orders = []
    for _ in range(150):
        orders.append(woo.shop.place_order(units(("POSTER", 1))).id)
        clock.later()
    first = next(page for page in client.pull(None) if page.orders)

    rest = ids(client.pull(first.changed_until))

    assert (ids([first]), rest) == (orders[:100], orders[99:])


def test_a_push_writes_the_record_and_the_customers_date_at_once(client: StoreClient, woo: WooShop) -> None:
    order = woo.shop.place_order(units(("MUG", 7)))
    desired = StoreSide(shown=SHOWN, line_dates=(LineDate(order.lines[0].id, date(2027, 1, 12)),))

    has = client.push(order.id, desired, "k-1")

    assert has == desired
    assert {meta.key: meta.value for meta in order.lines[0].meta} == {
        "Backordered": "2",
        "_reduced_stock": "7",
        "Expected to ship": "12 January 2027",
    }
    assert order.meta[0].value["key"] == "k-1"
    assert client.read_orders([order.id]).found[0].found == desired


def test_an_equal_push_writes_nothing_so_that_nothing_echoes(
    client: StoreClient, woo: WooShop, clock: SteppedClock
) -> None:
    order = woo.shop.place_order(units(("MUG", 7)))
    desired = StoreSide(shown=SHOWN, line_dates=(LineDate(order.lines[0].id, None),))
    client.push(order.id, desired, "k-1")
    wrote_at = order.modified
    clock.later(60)

    client.push(order.id, desired, "k-2")

    assert order.modified == wrote_at


def test_a_push_takes_back_only_what_is_ours(client: StoreClient, woo: WooShop) -> None:
    order = woo.shop.place_order(units(("MUG", 7)))
    woo.shop.write_meta(order.meta, {"key": "_backorder_eta", "value": "2026-12-03"})
    client.push(order.id, StoreSide(shown=SHOWN, line_dates=(LineDate(order.lines[0].id, None),)), "k-1")

    has = client.push(order.id, StoreSide(), "k-2")

    assert has == StoreSide()
    assert [meta.key for meta in order.meta] == ["_backorder_eta"]
    assert [meta.key for meta in order.lines[0].meta] == ["Backordered", "_reduced_stock"]
    assert order.lines[0].quantity == 7


def test_after_a_lost_answer_a_push_can_be_repeated(
    client: StoreClient, woo: WooShop, transport: LocalTransport, clock: SteppedClock
) -> None:
    order = woo.shop.place_order(units(("MUG", 7)))
    transport.fail(Fault.LOST_ANSWER, concerns=every_write)
    with pytest.raises(OutcomeUnknown):
        client.push(order.id, StoreSide(shown=SHOWN), "k-1")
    wrote_at = order.modified
    clock.later(60)

    assert client.push(order.id, StoreSide(shown=SHOWN), "k-1") == StoreSide(shown=SHOWN)
    assert order.modified == wrote_at


def test_nothing_is_written_on_an_order_in_the_trash(client: StoreClient, woo: WooShop) -> None:
    order = woo.shop.place_order(units(("MUG", 7)))
    woo.shop.trash_order(order)

    with pytest.raises(PermanentFailure):
        client.push(order.id, StoreSide(shown=SHOWN), "k-1")

    assert order.meta == []


def test_a_note_is_private_and_found_by_its_marker(client: StoreClient, woo: WooShop) -> None:
    order = woo.shop.place_order(units(("MUG", 7)))

    client.post_note(order.id, "Two mugs are waiting.", "wl-1")

    assert (order.notes[0].text, order.notes[0].to_customer) == ("Two mugs are waiting. [wl-1]", False)
    assert [client.has_note(order.id, marker) for marker in ("wl-1", "wl-2", "l-1")] == [True, False, False]


def test_a_note_whose_answer_was_lost_is_found(client: StoreClient, woo: WooShop, transport: LocalTransport) -> None:
    order = woo.shop.place_order(units(("MUG", 7)))
    transport.fail(Fault.LOST_ANSWER, concerns=every_write)

    with pytest.raises(OutcomeUnknown):
        client.post_note(order.id, "Two mugs are waiting.", "wl-1")

    assert client.has_note(order.id, "wl-1") is True


def test_a_call_that_never_left_may_be_tried_again(
    client: StoreClient, woo: WooShop, transport: LocalTransport
) -> None:
    order = woo.shop.place_order(units(("MUG", 7)))
    transport.fail(Fault.UNREACHABLE, concerns=every_write)

    with pytest.raises(TemporaryFailure):
        client.post_note(order.id, "Two mugs are waiting.", "wl-1")

    assert client.has_note(order.id, "wl-1") is False


@pytest.mark.parametrize("to_customer", [False, True])
def test_a_note_goes_to_the_staff_or_to_the_customer(to_customer: bool, client: StoreClient, woo: WooShop) -> None:
    order = woo.shop.place_order(units(("MUG", 7)))
    client.post_note(order.id, "Two mugs are waiting.", "wl-1", to_customer=to_customer)
    ours = [note.to_customer for note in order.notes if note.text == "Two mugs are waiting. [wl-1]"]
    assert ours == [to_customer]


def test_a_note_that_the_network_repeated_is_made_one_again(client: StoreClient, woo: WooShop) -> None:
    order = woo.shop.place_order(units(("MUG", 7)))
    woo.shop.note(order, "Mine [wl-12]", "admin")
    before = [note.text for note in order.notes]
    for _ in range(3):
        client.post_note(order.id, "Two mugs are waiting.", "wl-1")
    assert client.has_note(order.id, "wl-1") is True
    assert sorted(note.text for note in order.notes) == sorted([*before, "Two mugs are waiting. [wl-1]"])
