"""A store that is slow: a call whose caller has given up is carried out later, in the store's own time."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import requests

from connectors.http import Reply
from demo.stores.wire import LocalTransport

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

MOST = timedelta(seconds=55)
"""No store carries out a call later than this: whoever looks for what it did waits for a minute."""


class SlowStores(LocalTransport):
    """The stand-in stores, which may take their time."""

    def __init__(self, apps: Mapping[str, "WSGIApplication"], clock: Callable[[], datetime]) -> None:
        super().__init__(apps)
        self._clock = clock
        self._slow: list[tuple[str, timedelta]] = []
        self._waiting: list[tuple[datetime, requests.PreparedRequest]] = []

    def delay(self, word: str, by: timedelta) -> None:
        """The next call that has this word in its address or its body is carried out so much later."""
        self._slow.append((word, by))

    def catch_up(self) -> int:
        """Carry out what is late; how many calls that were."""
        now = self._clock()
        due = [call for at, call in self._waiting if at <= now]
        self._waiting = [(at, call) for at, call in self._waiting if at > now]
        for call in due:
            # Nobody hears of it if it goes wrong.
            with suppress(requests.RequestException):
                super().carry(call)
        return len(due)

    def carry(self, call: requests.PreparedRequest) -> Reply:
        """As promised by LocalTransport.carry; what is late by now comes first."""
        if self._waiting:
            self.catch_up()
        for slow in self._slow:
            if _has(call, slow[0]):
                self._slow.remove(slow)
                self._waiting.append((self._clock() + slow[1], call))
                raise requests.ReadTimeout("The store takes its time.")
        return super().carry(call)


def _has(call: requests.PreparedRequest, word: str) -> bool:
    body = call.body.decode("utf-8", "replace") if isinstance(call.body, bytes) else str(call.body or "")
    return call.method != "GET" and (word in str(call.url) or word in body)
