"""A stand-in shop with a few goods, and the connector's client that reaches it without sockets."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from connectors.contract import StoreClient
from connectors.woocommerce import PLATFORM
from demo.stores.wire import LocalTransport
from demo.stores.woocommerce import WooShop

ADDRESS = "https://shop.example"
CREDENTIALS = {"key": "ck_demo", "secret": "cs_demo", "webhook_secret": 'öffne "es" & <los>'}


@dataclass
class Clock:
    """A clock that stands still until it is told to move."""

    now: datetime = datetime(2027, 1, 4, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def later(self, seconds: float = 1) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class Receiver:
    """Where the shop's deliveries go; answers with `status`."""

    status: int = 200
    received: list[tuple[str, Mapping[str, str], bytes]] = field(default_factory=list)

    def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        self.received.append((url, headers, body))
        return self.status


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def woo(clock: Clock, receiver: Receiver) -> WooShop:
    shop = WooShop(address=ADDRESS, clock=clock, deliver=receiver)
    shop.shop.add_product("Trail Mug", "MUG", Decimal(5), price=Decimal("18.50"))
    shop.shop.add_product("Art Poster", "POSTER", None, price=Decimal(12))
    tee = shop.shop.add_product("Logo Tee", "TEE", Decimal(3), variable=True)
    shop.shop.add_product("S", "TEE-S", Decimal(1), parent=tee.id)
    shop.shop.add_product("L", "TEE-L", None, parent=tee.id, counted_by_parent=True)
    return shop


@pytest.fixture
def transport(woo: WooShop) -> LocalTransport:
    return LocalTransport({"shop.example": woo})


@pytest.fixture
def client(transport: LocalTransport, clock: Clock) -> StoreClient:
    return PLATFORM.client(ADDRESS, CREDENTIALS, transport, clock)
