"""`@idempotent`: the same call with the same key is done once, and answered alike each time."""

from collections.abc import Callable
from typing import Any

from demo.stores.shopify.graph import Asked, Tree, refused
from demo.stores.shopify.works import Refused


class Repeats:
    """The keys that one app has used in one shop."""

    def __init__(self) -> None:
        self._answers: dict[str, tuple[Any, Tree]] = {}

    def once(self, asked: Asked, given: Any, run: Callable[[], Tree]) -> Tree:
        """Run it, or answer as before. A key stands for one mutation with one set of arguments; what was refused
        leaves its key free.
        """
        if asked.key is None:
            raise refused(
                "The @idempotent directive is required for this mutation but was not provided.", "BAD_REQUEST"
            )
        if asked.key in self._answers:
            before, answer = self._answers[asked.key]
            if before != (asked.field, given):
                raise Refused(
                    "The same idempotency key cannot be used with different operation parameters.",
                    "IDEMPOTENCY_KEY_PARAMETER_MISMATCH",
                )
            return answer
        answer = run()
        self._answers[asked.key] = ((asked.field, given), answer)
        return answer
