"""`@idempotent`: the same call with the same key is done once, and answered alike each time; while it runs, a repeat is
told so.
"""

from collections.abc import Callable
from typing import Any

from demo.stores.shopify.graph import Asked, Tree, refused
from demo.stores.shopify.works import Refused


class Repeats:
    """The keys that one app has used in one shop."""

    def __init__(self) -> None:
        self._answers: dict[str, tuple[Any, Tree]] = {}
        self._running: dict[str, Callable[[], Tree]] = {}
        self.late = False
        """Whether the next call with a key takes longer than anybody waits for its answer."""

    def finish(self) -> None:
        """Let the calls that still run come to their end."""
        running, self._running = self._running, {}
        for end in running.values():
            end()

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
        key, what = asked.key, (asked.field, given)

        def end() -> Tree:
            answer = run()
            self._answers[key] = (what, answer)
            return answer

        if self.late:
            self.late, self._running[key] = False, end
        if key in self._running:
            raise Refused("This request is currently in progress, please try again.", "IDEMPOTENCY_CONCURRENT_REQUEST")
        return end()
