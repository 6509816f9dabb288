"""What stores allow, kept in Redis for all processes: together they stay within it though each sees only its own calls.

Losing Redis loses nothing: until it is back each process plans with its share of what the stores tell.
"""

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from hashlib import sha256
from typing import Any, TypeVar

import redis
import structlog

from connectors.purse import LocalPurses, Purse

T = TypeVar("T")

log = structlog.get_logger()

KEPT_SECONDS = 3600
"""A purse that nobody used for so long is full again."""
PROCESSES = 4
"""So many processes call stores in a usual house; without Redis each takes its share."""
SULK_SECONDS = 2.0
"""How long nobody asks a Redis that failed."""


class RedisPurses:
    """Purses in Redis, changed by whoever was not disturbed meanwhile."""

    def __init__(self, url: str) -> None:
        self._connection = redis.Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1, retry=None)
        self._alone = LocalPurses(1 / PROCESSES)
        self._sulks_until = 0.0

    def change(self, store: str, change: Callable[[Purse], tuple[Purse, T]]) -> T:
        """See Purses."""
        if time.monotonic() >= self._sulks_until:
            try:
                # A digest: Redis keeps in its files what it was ever told, and a store that is erased is named nowhere.
                return self._shared(f"waitline:purse:{sha256(store.encode()).hexdigest()[:32]}", change)
            except redis.RedisError as error:
                log.warning("purses_without_redis", error=type(error).__name__)
                self._sulks_until = time.monotonic() + SULK_SECONDS
        return self._alone.change(store, change)

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def _shared(self, key: str, change: Callable[[Purse], tuple[Purse, T]]) -> T:
        with self._connection.pipeline() as pipe:
            while True:
                try:
                    pipe.watch(key)  # type: ignore[no-untyped-call]
                    purse, answer = change(_read(pipe.get(key)))
                    pipe.multi()
                    pipe.set(key, json.dumps(asdict(purse)), ex=KEPT_SECONDS)
                    pipe.execute()
                except redis.WatchError:
                    # Somebody else paid meanwhile: what is there now is looked at anew.
                    continue
                return answer


def _read(kept: Any) -> Purse:
    if kept is None:
        return Purse()
    fields = json.loads(kept)
    out = {call: (points, until) for call, (points, until) in fields.pop("out").items()}
    return Purse(**fields, out=out)
