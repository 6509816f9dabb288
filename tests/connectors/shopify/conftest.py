"""A stand-in shop with two goods, the connector's client that reaches it without sockets, and the reference data."""

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLSchema, build_client_schema

from connectors.contract import StoreClient
from connectors.shopify import PLATFORM
from demo.stores.shopify import ShopifyShop
from demo.stores.shopify.state import Order, Work
from demo.stores.wire import LocalTransport

SHARED = Path(__file__).parents[4] / "shared" / "shopify"


def reference(name: str) -> Path:
    """A file of the reference data that may lie beside the project; without it the test is left out."""
    if not SHARED.is_dir():
        pytest.skip("The reference data on Shopify is not beside the project.")
    return SHARED / name


@cache
def real_schema(version: str) -> GraphQLSchema:
    """The Admin API's own schema; read once, for it is large."""
    told = json.loads(gzip.decompress(reference(f"schema/admin-{version}.introspection.json.gz").read_bytes()))
    return build_client_schema(told, assume_valid=True)


@dataclass
class Clock:
    """A clock that stands still until it is told to move."""

    now: datetime = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def later(self, seconds: float = 1) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class Lab:
    """The shop, its client, and the numbers of what is in it."""

    shop: ShopifyShop
    client: StoreClient
    clock: Clock
    transport: LocalTransport
    mug: int
    lamp: int
    here: int
    there: int

    def order(self, *quantities: int, **given: Any) -> int:
        """An order of so many mugs and, if given, so many lamps."""
        lines = [{"sku": sku, "quantity": units} for sku, units in zip(("MUG", "LAMP"), quantities, strict=False)]
        return self.shop.trade.place_order([line for line in lines if line["quantity"]], **given)

    def known(self, order: int) -> Order:
        return self.shop.shop.orders[order]

    def line(self, order: int, at: int = 0) -> int:
        return self.known(order).lines[at].id

    def works(self, order: int) -> list[Work]:
        return [work for work in self.known(order).works if work.open]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make_lab(clock: Clock) -> Callable[..., Lab]:
    def make(**given: Any) -> Lab:
        shop = ShopifyShop(clock=clock, deliver=lambda *_: 200, locations=("Pier 1", "Pier 4"), **given)
        here, there = shop.shop.locations
        mug = shop.trade.add_product("MUG", "Harbour Mug", "18.00", on_hand=5)
        lamp = shop.trade.add_product("LAMP", "Desk Lamp", "60.00", on_hand=1)
        transport = LocalTransport({shop.domain: shop})
        client = PLATFORM.client(shop.domain, {"access_token": shop.token}, transport, clock)
        return Lab(shop, client, clock, transport, mug, lamp, here, there)

    return make


@pytest.fixture
def lab(make_lab: Callable[..., Lab]) -> Lab:
    return make_lab()
