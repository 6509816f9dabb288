"""One look at several orders before they are written, and what the answers to the writes tell."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

import pytest

from backorder.domain.actions import LineDate, Shown, StoreSide
from connectors.contract import StoreClient
from connectors.woocommerce.answers import NoSuchObject
from demo.stores.wire import LocalTransport
from demo.stores.woocommerce import WooShop
from demo.stores.woocommerce.things import Order


class SteppedClock(Protocol):
    """The clock of the fixtures."""

    def __call__(self) -> datetime: ...
    def later(self, seconds: float = 1) -> None: ...


def waits(order: Order) -> StoreSide:
    shown = Shown("waiting", Decimal(2), date(2027, 1, 10), date(2027, 1, 12))
    return StoreSide(shown=shown, line_dates=tuple(LineDate(line.id, date(2027, 1, 12)) for line in order.lines))


def place(woo: WooShop, *skus: str) -> Order:
    return woo.shop.place_order([(sku, Decimal(2)) for sku in skus or ("MUG",)])


def methods(transport: LocalTransport) -> Sequence[str]:
    return [method for method, _ in transport.calls]


def test_orders_that_were_looked_at_together_cost_one_request_each(
    client: StoreClient, woo: WooShop, transport: LocalTransport
) -> None:
    orders = [place(woo) for _ in range(3)]
    client.look_ahead([order.id for order in orders])

    assert [client.push(order.id, waits(order), "k") for order in orders] == [waits(order) for order in orders]
    assert methods(transport) == ["GET", "PUT", "PUT", "PUT"]


def test_what_was_seen_counts_once_and_for_ten_seconds(
    client: StoreClient, woo: WooShop, transport: LocalTransport, clock: SteppedClock
) -> None:
    first, second = place(woo), place(woo)
    client.look_ahead([first.id, second.id])
    client.push(first.id, waits(first), "k")
    client.push(first.id, StoreSide(), "k")
    clock.later(11)
    client.push(second.id, waits(second), "k")

    assert methods(transport) == ["GET", "PUT", "GET", "PUT", "GET", "PUT"]


def test_a_line_that_went_away_since_the_look_is_left_out(client: StoreClient, woo: WooShop) -> None:
    order = place(woo, "MUG", "TEE-S")
    wanted = waits(order)
    client.look_ahead([order.id])
    woo.shop.edit_line(order, order.lines[0].id, Decimal(0))

    assert client.push(order.id, wanted, "k") == waits(order)


def test_an_order_that_was_deleted_since_the_look_is_gone(client: StoreClient, woo: WooShop) -> None:
    order = place(woo)
    client.look_ahead([order.id])
    woo.shop.delete_order(order)

    with pytest.raises(NoSuchObject):
        client.push(order.id, waits(order), "k")


def test_what_others_wrote_since_the_look_stays(client: StoreClient, woo: WooShop) -> None:
    order = place(woo)
    client.look_ahead([order.id])
    woo.shop.write_meta(order.meta, {"key": "gift", "value": "yes"})
    woo.shop.write_meta(order.lines[0].meta, {"key": "Engraving", "value": "A"})
    woo.shop.edit_line(order, order.lines[0].id, Decimal(5))
    woo.shop.set_status(order, "on-hold")
    client.push(order.id, waits(order), "k")

    assert [meta.value for meta in order.meta if meta.key == "gift"] == ["yes"]
    assert [meta.value for meta in order.lines[0].meta if meta.key == "Engraving"] == ["A"]
    assert (order.status, order.lines[0].quantity) == ("on-hold", 5)


def test_the_answer_to_a_write_tells_the_order_unless_its_units_are_in_other_lists(
    client: StoreClient, woo: WooShop
) -> None:
    plain, parted = place(woo), place(woo)
    woo.shop.fulfil_line(parted, parted.lines[0].id, Decimal(1))
    for order in (plain, parted):
        client.push(order.id, waits(order), "k")
    told = client.last_answer(plain.id)

    assert told is not None
    assert (told.id, told.changed_at) == (plain.id, plain.modified)
    assert client.last_answer(parted.id) is None
    client.push(plain.id, waits(plain), "k")
    assert client.last_answer(plain.id) is None
