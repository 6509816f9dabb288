"""Shopify's query cost: calls are paid from the shop's purse before they leave, and each answer tells what is left."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from backorder.domain.errors import StoreBusy
from connectors.joining import Clock
from connectors.purse import Purse, Purses, Status, paid, settled, told, unused

TOO_MANY = "Shopify asks for fewer calls."
TO_BEGIN = 300.0
"""Points that have to be left over when a piece of work begins: so what was begun is mostly ended, not begun anew."""


class Paid:
    """A call that was paid for."""

    def __init__(self, spending: "Spending", operation: str, name: str) -> None:
        self._spending = spending
        self._operation = operation
        self._name = name
        self.open = True

    def told(self, answer: dict[str, Any]) -> None:
        """Take in what an answer tells of the points. One that tells nothing was refused before it cost any."""
        status = _status(answer)
        self.open = False
        if status is None:
            self._spending.change(lambda purse, now: unused(purse, self._name, now))
        else:
            self._spending.change(lambda purse, now: told(purse, self._name, self._operation, status, now))

    def settle(self) -> None:
        """The call has ended; without an answer it may have cost what it was worth."""
        if self.open:
            self._spending.change(lambda purse, now: settled(purse, self._name, now))


class Spending:
    """What one piece of work spends at one shop."""

    def __init__(self, purses: Purses, shop: str, clock: Clock) -> None:
        self._purses = purses
        self._shop = shop
        self._clock = clock
        self._begun = False

    @contextmanager
    def call(self, operation: str) -> Iterator[Paid]:
        """Around a call. Raises StoreBusy, with nothing sent, where it does not fit now."""
        name = uuid.uuid4().hex
        now = self._clock().timestamp()
        spare = 0.0 if self._begun else TO_BEGIN
        wait = self._purses.change(self._shop, lambda purse: paid(purse, name, operation, spare, now))
        if wait > 0:
            raise StoreBusy(TOO_MANY, wait)
        self._begun = True
        call = Paid(self, operation, name)
        try:
            yield call
        finally:
            call.settle()

    def change(self, change: Any) -> None:
        """Change the shop's purse as it is now."""
        now = self._clock().timestamp()

        def kept(purse: Purse) -> tuple[Purse, None]:
            return change(purse, now), None

        self._purses.change(self._shop, kept)


def _status(answer: dict[str, Any]) -> Status | None:
    extensions = answer.get("extensions")
    cost = extensions.get("cost") if isinstance(extensions, dict) else None
    bucket = cost.get("throttleStatus") if isinstance(cost, dict) else None
    if not isinstance(cost, dict) or not isinstance(bucket, dict):
        return None
    left, size, rate = (bucket.get(name) for name in ("currentlyAvailable", "maximumAvailable", "restoreRate"))
    if left is None or not size or not rate:
        return None
    price = cost.get("requestedQueryCost")
    return Status(float(left), float(size), float(rate), None if price is None else float(price))
