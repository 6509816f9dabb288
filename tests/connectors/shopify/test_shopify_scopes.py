"""What is asked of the merchant is what our queries need, and what is missing is said in a sentence."""

import pytest
from shopify import ApiAccess

from backorder.domain.errors import PermanentFailure
from connectors.shopify.scopes import BEYOND, MANDATORY, NEEDED, OPTIONAL, TO_ASK, TO_ASK_ALSO, missing_features
from tests.connectors.shopify.conftest import Lab
from tests.connectors.shopify.scope_needs import groups_needed


@pytest.mark.parametrize("version", ["2026-10", "2026-07"])
def test_the_table_is_what_our_queries_need(version: str) -> None:
    computed = groups_needed(version)
    assert {"new": computed - NEEDED, "gone": NEEDED - computed} == {"new": set(), "gone": set()}


def test_whatever_a_query_needs_is_asked_for() -> None:
    asked = ApiAccess([*MANDATORY, *OPTIONAL])
    uncovered = [sorted(group) for group in NEEDED if not any(asked.covers(ApiAccess([scope])) for scope in group)]
    assert uncovered == []


def test_nothing_is_asked_for_that_is_not_needed() -> None:
    known = {scope for group in NEEDED for scope in group} | set(BEYOND)
    assert [scope for scope in (*MANDATORY, *OPTIONAL) if scope not in known] == []


def test_a_scope_to_write_asks_for_reading_as_well() -> None:
    assert TO_ASK == (
        "read_inventory",
        "read_locations",
        "read_products",
        "write_merchant_managed_fulfillment_orders",
        "write_orders",
    )


def test_nothing_is_off_where_all_is_allowed() -> None:
    assert missing_features([*TO_ASK, *TO_ASK_ALSO]) == ()


@pytest.mark.parametrize("scope", TO_ASK_ALSO)
def test_a_feature_whose_scope_is_missing_is_off_with_a_sentence(scope: str) -> None:
    granted = {*TO_ASK, *TO_ASK_ALSO} - {scope}
    assert missing_features([*granted, "customer_read_orders", "unauthenticated_read_content"]) == (OPTIONAL[scope],)


def test_a_mandatory_scope_that_is_missing_is_named_with_its_reason() -> None:
    with pytest.raises(PermanentFailure) as caught:
        missing_features([*TO_ASK_ALSO, "read_orders", "read_products", "read_inventory", "read_locations"])
    assert str(caught.value) == (
        "Waitline is not allowed all that it cannot work without: write_orders (to put its tags and its record on "
        "orders), read_merchant_managed_fulfillment_orders (to read what is still to be shipped from where), "
        "write_merchant_managed_fulfillment_orders (to hold what has no stock yet, release it, and record parcels). "
        "Allow it in Shopify."
    )


def test_a_shop_says_what_it_does_not_allow(lab: Lab) -> None:
    assert lab.client.describe().lacks == ()
    lab.shop.office.scopes.remove("read_customers")
    assert lab.client.describe().lacks == (OPTIONAL["read_customers"],)
    lab.shop.office.scopes.remove("read_products")
    lab.shop.office.scopes.remove("write_products")
    with pytest.raises(PermanentFailure):
        lab.client.describe()
