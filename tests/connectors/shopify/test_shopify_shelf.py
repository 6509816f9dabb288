"""What Waitline writes to variants, and how their fields are defined."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

from backorder.domain.item_side import ItemShown
from connectors.contract import ItemChange, ItemFound
from connectors.shopify import definitions
from connectors.shopify.client import Admin
from demo.stores.shopify.state import APP_NAMESPACE, Definition, Metafield
from tests.connectors.shopify.conftest import Lab

SHOWN = ItemShown(True, date(2026, 12, 8), Decimal(20))


def fields(lab: Lab, item: int) -> dict[str, str]:
    """The app's metafields at the item's variant."""
    kept = lab.shop.shop.products[item].metafields.items()
    return {key: found.value for (space, key), found in sorted(kept) if space == APP_NAMESPACE}


def write(lab: Lab, item: int, shown: ItemShown | None, sells: bool | None = None) -> dict[int, str]:
    return dict(lab.client.write_items({item: ItemChange(lab.client.read_items([item])[item], shown, sells)}))


def test_an_item_shows_whether_it_can_be_ordered_by_when_it_ships_and_what_is_due(lab: Lab) -> None:
    assert lab.client.read_items([lab.mug, 999])[lab.mug].shown is None

    assert write(lab, lab.mug, SHOWN) == {}

    assert fields(lab, lab.mug) == {"accepting": "true", "due": "20", "expected": "2026-12-08"}
    found = lab.client.read_items([lab.mug, lab.lamp])
    assert [(item, found[item].shown, found[item].sells) for item in sorted(found)] == [
        (lab.mug, SHOWN, False),
        (lab.lamp, None, False),
    ]


def test_what_is_no_longer_known_or_shown_goes(lab: Lab) -> None:
    write(lab, lab.mug, SHOWN)
    write(lab, lab.mug, ItemShown(False, None, Decimal(0)))
    assert fields(lab, lab.mug) == {"accepting": "false", "due": "0"}

    write(lab, lab.mug, None)

    assert fields(lab, lab.mug) == {}


def test_variants_that_differ_and_fields_that_are_not_whole_are_told_as_mixed_and_written_anew(lab: Lab) -> None:
    write(lab, lab.mug, SHOWN)
    kept = lab.shop.shop.products[lab.mug].metafields
    for key in ("accepting", "due"):
        del kept[APP_NAMESPACE, key]
    found = lab.client.read_items([lab.mug])[lab.mug]
    assert (found.shown, found.mixed) == (None, True)

    assert write(lab, lab.mug, None) == {}

    assert (fields(lab, lab.mug), lab.client.read_items([lab.mug])[lab.mug].mixed) == ({}, False)


def test_every_variant_of_an_item_is_read_and_written(lab: Lab) -> None:
    def page(*nodes: tuple[int, str | None], more: bool) -> dict[str, Any]:
        return {
            "nodes": [
                {
                    "id": f"gid://shopify/ProductVariant/{variant}",
                    "inventoryPolicy": "CONTINUE",
                    "product": {"id": "gid://shopify/Product/1"},
                    "accepting": {"value": "true"} if due else None,
                    "expected": None,
                    "due": {"value": due} if due else None,
                }
                for variant, due in nodes
            ],
            "pageInfo": {"hasNextPage": more, "endCursor": "here"},
        }

    def answers(second: str | None) -> ItemFound:
        item = {"id": f"gid://shopify/InventoryItem/{lab.mug}", "variants": page((1, "4"), (2, "4"), more=True)}
        for data in {"nodes": [item]}, {"node": {"page": page((3, second), more=False)}}:
            lab.transport.answer(200, json.dumps({"data": data}).encode(), [("Content-Type", "application/json")])
        return lab.client.read_items([lab.mug])[lab.mug]

    alike, mixed = answers("4"), answers(None)

    assert [name.rpartition("/")[2] for name in alike.where] == ["1", "1", "1", "2", "1", "3"]
    assert (alike.shown, alike.mixed) == (ItemShown(True, None, Decimal(4)), False)
    assert (mixed.shown, mixed.mixed) == (None, True)


def test_fields_of_others_at_a_variant_stay(lab: Lab) -> None:
    theirs = Metafield(1, "custom", "expected", "soon", "single_line_text_field")
    lab.shop.shop.products[lab.mug].metafields["custom", "expected"] = theirs
    write(lab, lab.mug, SHOWN)

    write(lab, lab.mug, None)

    assert lab.shop.shop.products[lab.mug].metafields == {("custom", "expected"): theirs}


def test_the_inventory_policy_is_turned_product_by_product(lab: Lab) -> None:
    found = lab.client.read_items([lab.mug, lab.lamp])

    lab.client.write_items({item: ItemChange(found[item], None, sells=True) for item in found})

    assert [product.policy for product in lab.shop.shop.products.values()] == ["CONTINUE", "CONTINUE"]
    assert lab.shop.writes == ["productVariantsBulkUpdate", "productVariantsBulkUpdate"]


def test_a_call_carries_at_most_twenty_five_fields(lab: Lab) -> None:
    items = [lab.shop.trade.add_product(f"P{n}") for n in range(10)]
    found = lab.client.read_items(items)

    assert lab.client.write_items({item: ItemChange(found[item], SHOWN) for item in items}) == {}

    assert [fields(lab, item)["due"] for item in items] == ["20"] * 10
    assert lab.shop.writes == [*["metafieldDefinitionCreate"] * 3, "metafieldsSet", "metafieldsSet"]


def test_an_item_that_the_shop_refuses_stops_no_other(lab: Lab) -> None:
    found = lab.client.read_items([lab.mug, lab.lamp])
    lost = ItemFound(None, sells=False, where=("gid://shopify/Product/1", "gid://shopify/ProductVariant/1"))

    refused = lab.client.write_items(
        {lab.mug: ItemChange(lost, None, True), lab.lamp: ItemChange(found[lab.lamp], None, True)}
    )

    assert refused == {lab.mug: "Product variant does not exist"}
    assert lab.shop.shop.products[lab.lamp].policy == "CONTINUE"


def test_the_fields_at_orders_are_defined_when_a_shop_is_subscribed_and_only_once(lab: Lab) -> None:
    lab.client.subscribe("https://waitline.example/webhooks/shopify")
    lab.client.subscribe("https://waitline.example/webhooks/shopify")

    known = lab.shop.shop.definitions
    assert [(d.owner, d.namespace, d.key, d.type) for d in known] == [
        ("ORDER", APP_NAMESPACE, "state", "single_line_text_field"),
        ("ORDER", APP_NAMESPACE, "promise", "date"),
        ("ORDER", APP_NAMESPACE, "position", "number_integer"),
    ]
    assert {tuple(d.access.items()) for d in known} == {(("admin", "MERCHANT_READ"), ("customerAccount", "READ"))}


def test_a_definition_of_another_app_is_none_of_ours(lab: Lab) -> None:
    theirs = Definition(1, "PRODUCTVARIANT", "custom", "expected", "Expected", "date", {})
    lab.shop.shop.definitions.append(theirs)

    definitions.ensure(Admin(lab.shop.domain, lab.shop.token, lab.transport, lab.clock), definitions.VARIANT)

    assert [(d.key, d.access.get("storefront")) for d in lab.shop.shop.definitions] == [
        ("expected", None),
        ("accepting", "PUBLIC_READ"),
        ("expected", "PUBLIC_READ"),
        ("due", "PUBLIC_READ"),
    ]
