"""What a recorded parcel becomes in a shop, and when nothing is posted."""

from decimal import Decimal

import pytest

from backorder.domain.errors import OutcomeUnknown, PermanentFailure
from backorder.domain.parcels import GONE_MEANWHILE, Packed, Parcel, Teller
from connectors.contract import Dispatch, StoreClient
from connectors.woocommerce.shipping import ALREADY, FEATURE_OFF, MARK
from demo.stores.woocommerce import WooShop
from demo.stores.woocommerce.things import Order

KEY = "waitline-1"


@pytest.fixture
def order(woo: WooShop) -> Order:
    """An order of seven mugs."""
    return woo.shop.place_order([("MUG", Decimal(7))])


def dispatch(order: Order, units: int | str, *, number: str = "1Z1", key: str = KEY, begun: bool = False) -> Dispatch:
    packed = (Packed(order.lines[0].id, 0, Decimal(units)),)
    return Dispatch(order.id, Parcel(packed, number, "DHL  Express", "", Teller.STORE), key, begun)


def why_not(client: StoreClient, wanted: Dispatch) -> str:
    with pytest.raises(PermanentFailure) as refused:
        client.ship(wanted)
    return str(refused.value)


def test_a_parcel_is_posted_with_its_mark_and_the_shop_writes_to_the_customer_if_that_was_chosen(
    client: StoreClient, woo: WooShop, order: Order
) -> None:
    client.ship(dispatch(order, 2))
    (made,) = order.fulfilments
    assert {meta["key"]: meta["value"] for meta in made["meta_data"]} == {
        "_items": [{"item_id": order.lines[0].id, "qty": 2}],
        "_tracking_number": "1Z1",
        "_shipment_provider": "dhl-express",
        MARK: KEY,
    }
    effect = woo.shop.journal.effects[-1]
    assert (effect.kind, effect.operation, effect.detail) == ("POST fulfillment", KEY, "fulfilled and told")


def test_a_parcel_is_found_by_its_mark_and_not_posted_again(client: StoreClient, order: Order) -> None:
    client.ship(dispatch(order, 2))
    client.ship(dispatch(order, 2, begun=True))
    assert len(order.fulfilments) == 1
    assert why_not(client, dispatch(order, 2, key="waitline-2")) == ALREADY


def test_what_was_refunded_shipped_or_closed_is_not_shipped(client: StoreClient, woo: WooShop, order: Order) -> None:
    woo.shop.aftermath.refund(order, Decimal(10), [(order.lines[0], Decimal(3), Decimal(10))])
    woo.shop.fulfil_line(order, order.lines[0].id, Decimal(2))
    assert why_not(client, dispatch(order, 3)) == GONE_MEANWHILE
    client.ship(dispatch(order, 2))
    woo.shop.set_status(order, "completed")
    assert why_not(client, dispatch(order, 1, number="1Z2", key="waitline-2")) == GONE_MEANWHILE


def test_parts_of_a_unit_are_posted_as_numbers(client: StoreClient, order: Order) -> None:
    client.ship(dispatch(order, "1.5"))
    assert order.fulfilments[0]["meta_data"][0]["value"][0]["qty"] == 1.5


def test_without_the_feature_nothing_is_posted(client: StoreClient, woo: WooShop, order: Order) -> None:
    woo.shop.settings.fulfilments = False
    assert why_not(client, dispatch(order, 2)) == FEATURE_OFF
    with pytest.raises(OutcomeUnknown):
        client.ship(dispatch(order, 2, begun=True))
    assert order.fulfilments == []
