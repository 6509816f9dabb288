"""The page of an order leads to a form for a parcel, where that is switched on; what is wrong is said at its field."""

from decimal import Decimal

import pytest
from flask.testing import FlaskClient

from backorder.db.tables import decisions, parcels, parts
from backorder.domain.allocation import Rule
from backorder.domain.lifecycle import WorkState
from backorder.domain.parcels import NOT_GIVEN, Teller
from backorder.domain.policy import NoticeKind
from tests.app.shop import Merchant, Shop, a_line

FORM = {"units-1-0": "1", "company": "UPS", "number": "1Z1", "url": "", "teller": "store"}


@pytest.fixture
def packing(shop: Shop) -> Shop:
    """An order of two lamps that waited, both of them given."""
    shop.item(7, sku="LAMP", title="Desk lamp", on_hand="2")
    shop.order(1, a_line(7, "2", "2"), days_ago=3)
    shop.policy(ship_in_store=True)
    return shop


def test_nothing_is_offered_while_it_is_switched_off(packing: Shop, merchant: Merchant) -> None:
    packing.policy(ship_in_store=False)
    assert merchant.get("/orders/1").text.count("Record a parcel") == 0
    assert (merchant.get("/orders/1/parcel").status_code, merchant.post("/orders/1/parcel", **FORM).status_code) == (
        404,
        404,
    )
    assert packing.rows(parcels) == []


def test_a_parcel_is_due_once_and_its_units_are_firm(packing: Shop, merchant: Merchant) -> None:
    assert merchant.get("/orders/1").text.count("Record a parcel") == 1
    assert merchant.post("/orders/1/parcel", **FORM).status_code == 303
    assert merchant.post("/orders/1/parcel", **FORM).status_code == 422
    (row,) = packing.rows(parcels)
    assert (row["units"], row["company"], row["number"], row["teller"], row["state"]) == (
        [[1, 0, "1"]],
        "UPS",
        "1Z1",
        Teller.STORE,
        WorkState.DUE,
    )
    page = merchant.get("/orders/1").text
    assert (page.count("Record a parcel"), page.count("1 × <bdi>Desk lamp</bdi>")) == (0, 1)


@pytest.mark.parametrize(
    ("entered", "said"),
    [
        ({"number": ""}, "Enter the tracking number: by it the parcel is found again in your store."),
        ({"units-1-0": "3"}, NOT_GIVEN),
        ({"units-1-0": "0"}, "Say how many units are in the parcel."),
        ({"units-1-0": "many"}, "The units must be numbers, such as 3."),
        ({"units-1-0": "-1"}, "The units must be whole numbers above 0."),
        ({"url": "javascript:alert(1)"}, "This must be an address that begins with https:// or http://"),
        ({"company": "x" * 61}, "This must be one line of at most 60 characters."),
        ({"teller": "everybody"}, "Choose one of these."),
    ],
)
def test_what_cannot_be_is_said_at_its_field_and_nothing_is_recorded(
    packing: Shop, merchant: Merchant, entered: dict[str, str], said: str
) -> None:
    answer = merchant.post("/orders/1/parcel", **{**FORM, **entered})
    assert (answer.status_code, answer.text.count(said), packing.rows(parcels)) == (422, 1, [])


def test_our_own_message_is_offered_only_where_it_would_be_sent(packing: Shop, merchant: Merchant) -> None:
    assert merchant.get("/orders/1/parcel").text.count('value="waitline"') == 0
    packing.order(2, a_line(7, "2", "1"), days_ago=2)
    assert merchant.get("/orders/2/parcel").text.count('value="waitline" checked') == 1
    packing.policy(notices=frozenset({NoticeKind.BACKORDERED}))
    assert merchant.get("/orders/2/parcel").text.count('value="waitline"') == 0


def test_a_stranger_may_not_record_a_parcel(packing: Shop, browser: FlaskClient) -> None:
    assert browser.post("/orders/1/parcel", data=FORM).status_code == 302
    assert packing.rows(parcels) == []


def test_planned_units_in_a_parcel_become_firm(packing: Shop, merchant: Merchant) -> None:
    merchant.post("/orders/1/parcel", **{**FORM, "units-1-0": "2"})
    assert [row["firm"] for row in packing.rows(parts)] == [Decimal(2)]
    assert [row["rule"] for row in packing.rows(decisions)] == [Rule.PACKED]
