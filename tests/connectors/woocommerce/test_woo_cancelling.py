"""What an accepted cancellation becomes in a shop: a refund of these units, or a cancelled order where nobody paid."""

from collections.abc import Mapping
from decimal import Decimal

import pytest

from backorder.domain.errors import OutcomeUnknown, PermanentFailure
from connectors.contract import Cancellation, StoreClient
from connectors.woocommerce.cancelling import CANCELLED_KEY
from demo.stores.woocommerce import WooShop
from demo.stores.woocommerce.things import Order

KEY = "waitline-1"


def placed(woo: WooShop, *, paid: bool = True) -> Order:
    """An order of seven mugs."""
    order = woo.shop.place_order([("MUG", Decimal(7))])
    if not paid:
        woo.shop.set_status(order, "on-hold")
        order.paid = None
    return order


def cancel(
    client: StoreClient,
    order: Order,
    units: Mapping[int, int],
    *,
    restock: bool = True,
    refund: bool = False,
    begun: bool = False,
) -> None:
    wanted = {line: Decimal(count) for line, count in units.items()}
    client.cancel(Cancellation(order.id, wanted, KEY, restock=restock, refund=refund, begun=begun))


def test_units_are_refunded_with_their_part_of_the_money(client: StoreClient, woo: WooShop) -> None:
    woo.shop.settings.gateway_refunds = True
    order = placed(woo)
    line = order.lines[0].id
    cancel(client, order, {line: 2}, refund=True)
    assert (order.refunded(line), order.refunded_amount, order.refunds[0]["reason"]) == (
        2,
        Decimal("37.00"),
        f"Accepted cancellation ({KEY})",
    )
    assert woo.shop.by_sku("MUG").stock == 0


@pytest.mark.parametrize(("restock", "stock"), [(True, 0), (False, -2)])
def test_without_money_only_the_units_go(restock: bool, stock: int, client: StoreClient, woo: WooShop) -> None:
    order = placed(woo)
    line = order.lines[0].id
    cancel(client, order, {line: 2}, restock=restock)
    assert (order.refunded(line), order.refunded_amount, woo.shop.by_sku("MUG").stock) == (2, 0, stock)


def test_parts_of_a_line_never_add_up_to_more_than_it_cost(client: StoreClient, woo: WooShop) -> None:
    woo.shop.settings.gateway_refunds = True
    order = placed(woo)
    line = order.lines[0]
    line.total = Decimal("100.00")
    for number in range(7):
        client.cancel(Cancellation(order.id, {line.id: Decimal(1)}, f"waitline-{number}-", restock=True, refund=True))
    assert order.refunded(line.id) == 7
    assert Decimal("99.96") <= order.refunded_amount <= 100


def test_once_for_a_key_however_often(client: StoreClient, woo: WooShop) -> None:
    order = placed(woo)
    for begun in (False, False, True):
        cancel(client, order, {order.lines[0].id: 2}, begun=begun)
    assert len(order.refunds) == 1


def test_what_was_begun_and_left_no_mark_is_not_repeated(client: StoreClient, woo: WooShop) -> None:
    order = placed(woo)
    with pytest.raises(OutcomeUnknown):
        cancel(client, order, {order.lines[0].id: 2}, begun=True)
    assert order.refunds == []


def test_more_than_is_owed_changes_nothing(client: StoreClient, woo: WooShop) -> None:
    order = placed(woo)
    woo.shop.fulfil_line(order, order.lines[0].id, Decimal(6))
    with pytest.raises(PermanentFailure):
        cancel(client, order, {order.lines[0].id: 2})
    with pytest.raises(PermanentFailure):
        cancel(client, order, {999: 1})
    assert order.refunds == []


def test_an_unpaid_order_is_cancelled_as_a_whole_once(client: StoreClient, woo: WooShop) -> None:
    order = placed(woo, paid=False)
    for begun in (False, True):
        cancel(client, order, {order.lines[0].id: 7}, begun=begun)
    marks = [meta.value for meta in order.meta if meta.key == CANCELLED_KEY]
    assert (order.status, marks, order.refunds, woo.shop.by_sku("MUG").stock) == ("cancelled", [KEY], [], 5)


@pytest.mark.parametrize(("units", "restock"), [(2, True), (7, False)])
def test_of_an_unpaid_order_no_part_is_taken(units: int, restock: bool, client: StoreClient, woo: WooShop) -> None:
    order = placed(woo, paid=False)
    with pytest.raises(PermanentFailure):
        cancel(client, order, {order.lines[0].id: units}, restock=restock)
    assert (order.status, order.meta) == ("on-hold", [])


def test_an_order_that_is_gone_or_closed_is_left_alone(client: StoreClient, woo: WooShop) -> None:
    order = placed(woo)
    woo.shop.set_status(order, "completed")
    with pytest.raises(PermanentFailure):
        cancel(client, order, {order.lines[0].id: 2})
    woo.shop.delete_order(order)
    with pytest.raises(PermanentFailure):
        cancel(client, order, {order.lines[0].id: 2})
