"""The clock process: it sweeps every second. What is due, and when, is known to the rows that the sweep reads.

Two clocks at once do no harm: the sweep only rings, and guards what must happen once with a lease.
"""

import threading
from collections.abc import Callable

from jobs.queues import attempt

SWEEP_SECONDS = 1.0


def run_clock(look: Callable[[], object], sweep: Callable[[], object], stop: threading.Event) -> None:
    """Look at the clock and sweep until told to stop. What fails (the database is away) is logged and comes again."""
    while True:
        attempt("look at the clock", look)
        attempt("sweep", sweep)
        if stop.wait(SWEEP_SECONDS):
            return
