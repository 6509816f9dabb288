"""How many calls one store gets at a time."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from backorder.domain.errors import TemporaryFailure
from connectors import lanes
from connectors.http import Outgoing, Reply, Transport
from connectors.woocommerce.client import AT_ONCE, Api

KEYS = {"key": "ck_a", "secret": "cs_b"}


class Counting(Transport):
    """Answers by itself, and counts how many calls are on their way at a time."""

    def __init__(self, folder: Path) -> None:
        super().__init__(Outgoing(lanes=folder))
        self.turn = threading.Lock()
        self.now: dict[str, int] = {}
        self.most: dict[str, int] = {}

    def request(self, method: str, url: str, **_: object) -> Reply:
        host = url.split("/")[2]
        with self.turn:
            self.now[host] = self.now.get(host, 0) + 1
            self.most[host] = max(self.most.get(host, 0), self.now[host])
        time.sleep(0.05)
        with self.turn:
            self.now[host] -= 1
        return Reply(200, {}, b"[]")


def test_a_shop_gets_two_calls_at_a_time_and_another_shop_two_of_its_own(tmp_path: Path) -> None:
    transport = Counting(tmp_path)
    shops = [Api(f"https://{name}.example", KEYS, transport) for name in ("one", "two") for _ in range(6)]

    with ThreadPoolExecutor(len(shops)) as callers:
        list(callers.map(lambda shop: shop.get("orders"), shops))

    assert transport.most == {"one.example": AT_ONCE, "two.example": AT_ONCE}


@contextmanager
def both_taken(folder: Path) -> Iterator[None]:
    with lanes.lane(folder, "a", 2), lanes.lane(folder, "a", 2):
        yield


def test_whoever_waits_too_long_calls_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "PATIENCE_SECONDS", 0.05)

    with both_taken(tmp_path), pytest.raises(TemporaryFailure):
        Transport(Outgoing(lanes=tmp_path)).lane("a", 2).__enter__()


def test_a_lane_is_free_again_whatever_happened_in_it(tmp_path: Path) -> None:
    for _ in range(5):
        with pytest.raises(KeyError), lanes.lane(tmp_path, "a", 1):
            raise KeyError
    with lanes.lane(tmp_path, "a", 1):
        pass
