"""What is written to products: our offer and the shop's switch, in batches, and never a word of stock."""

from datetime import date
from decimal import Decimal
from typing import Any

from backorder.domain.item_side import ItemShown
from connectors.contract import ItemChange, StoreClient
from connectors.woocommerce.shelf import BEFORE_KEY, OFFER_KEY
from demo.stores.wire import LocalTransport
from demo.stores.woocommerce import WooShop

MUG, POSTER, TEE, TEE_S, TEE_L = 11, 12, 13, 14, 15
SHOWN = ItemShown(accepting=True, expected=date(2027, 1, 12), due=Decimal(3))


def show(client: StoreClient, items: list[int], shown: ItemShown | None, sells: bool | None = None) -> dict[int, str]:
    """Write this to items as they are found; what was refused."""
    found = client.read_items(items)
    return dict(client.write_items({item: ItemChange(found[item], shown, sells) for item in items}))


def metas(woo: WooShop, item: int) -> dict[str, Any]:
    return {meta.key: meta.value for meta in woo.shop.products[item].meta}


def writes(transport: LocalTransport) -> list[str]:
    return [url.partition("/wc/v3/")[2] for method, url in transport.calls if method != "GET"]


def test_an_offer_is_written_and_found_and_taken_off_again(client: StoreClient, woo: WooShop) -> None:
    assert show(client, [MUG], SHOWN) == {}
    assert metas(woo, MUG) == {
        OFFER_KEY: {"version": 1, "accepting": True, "expected": "2027-01-12", "due": "3"},
    }
    assert client.read_items([MUG])[MUG].shown == SHOWN
    show(client, [MUG], None)
    assert metas(woo, MUG) == {}


def test_products_and_variations_go_in_a_batch_each(
    client: StoreClient, woo: WooShop, transport: LocalTransport
) -> None:
    more = [woo.shop.add_product(f"Cup {n}", f"CUP-{n}", Decimal(1)).id for n in range(100)]
    show(client, [MUG, TEE, TEE_S, *more], SHOWN)
    assert writes(transport) == ["products/batch", "products/batch", f"products/{TEE}/variations/batch"]
    assert {len(metas(woo, item)) for item in (MUG, TEE, TEE_S, *more)} == {1}


def test_what_does_not_differ_is_not_written(client: StoreClient, transport: LocalTransport) -> None:
    show(client, [MUG], SHOWN, sells=True)
    before = len(transport.calls)
    show(client, [MUG], SHOWN, sells=True)
    assert [method for method, _ in transport.calls[before:]] == ["GET"]


def test_what_has_no_number_of_its_own_is_left_alone(client: StoreClient) -> None:
    assert sorted(client.read_items([MUG, POSTER, TEE, TEE_S, TEE_L, 99])) == [MUG, TEE, TEE_S]


def test_the_switch_keeps_in_mind_how_the_shop_sold_it(client: StoreClient, woo: WooShop) -> None:
    product = woo.shop.products[MUG]
    seen = []
    for begins in ("yes", "notify", "no"):
        product.backorders = begins
        for turned in (True, False, True):
            show(client, [MUG], None, sells=turned)
            seen.append((product.backorders, metas(woo, MUG).get(BEFORE_KEY)))
    assert seen == [
        ("yes", None), ("no", "yes"), ("yes", None),
        ("notify", None), ("no", None), ("notify", None),
        ("notify", None), ("no", None), ("notify", None),
    ]  # fmt: skip


def test_the_shops_number_and_other_peoples_meta_stay(client: StoreClient, woo: WooShop) -> None:
    woo.shop.write_meta(woo.shop.products[MUG].meta, {"key": "supplier", "value": "Smith"})
    show(client, [MUG], SHOWN, sells=False)
    show(client, [MUG], None, sells=True)
    product = woo.shop.products[MUG]
    assert (product.stock, product.manage_stock, metas(woo, MUG)) == (5, True, {"supplier": "Smith"})


def test_a_product_that_is_refused_costs_only_itself(client: StoreClient, woo: WooShop) -> None:
    found = client.read_items([MUG, TEE])
    del woo.shop.products[TEE]
    refused = client.write_items({item: ItemChange(found[item], SHOWN) for item in (MUG, TEE)})
    assert (dict(refused), list(metas(woo, MUG))) == ({TEE: "The store refused it: Invalid ID."}, [OFFER_KEY])


def test_an_offer_in_another_form_is_written_anew(client: StoreClient, woo: WooShop) -> None:
    for value in ("text", {"version": 2}, {"version": 1, "due": "x"}, {"version": 1, "due": "1", "expected": 7}):
        woo.shop.write_meta(woo.shop.products[MUG].meta, {"key": OFFER_KEY, "value": value})
        assert client.read_items([MUG])[MUG].shown is None
        show(client, [MUG], SHOWN)
        assert client.read_items([MUG])[MUG].shown == SHOWN
