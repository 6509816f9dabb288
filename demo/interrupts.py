"""Ctrl-C and its kin for the demo: the first one ends it, at a moment at which everything that runs is known."""

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType, TracebackType

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """From entering to leaving, the first stop signal raises KeyboardInterrupt and all later ones do nothing."""

    def __init__(self) -> None:
        self._heard = False
        self._held = False
        self._before: dict[signal.Signals, signal._HANDLER] = {}

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Nothing is interrupted in here; what was heard meanwhile is raised at the end."""
        self._held = True
        heard = self._heard
        try:
            yield
        finally:
            self._held = False
        if self._heard and not heard:
            raise KeyboardInterrupt

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        heard, self._heard = self._heard, True
        if not heard and not self._held:
            raise KeyboardInterrupt

    def __enter__(self) -> "Interrupts":
        # What was ignored at the start stays ignored: a demo under nohup outlives its terminal.
        heard = [number for number in STOP_SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
        self._before = {number: signal.signal(number, self._on_signal) for number in heard}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
