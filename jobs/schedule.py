"""The clock process: it sweeps every second. What is due, and when, is known to the rows that the sweep reads.

Two clocks at once do no harm: the sweep only rings, and guards what must happen once with a lease.
"""

import threading
from collections.abc import Callable

from jobs.queues import attempt

SWEEP_SECONDS = 1.0


def run_clock(sweep: Callable[[], object], stop: threading.Event) -> None:
    """Sweep until told to stop. A sweep that fails (the database is away) is logged; the next one comes anyway."""
    attempt("sweep", sweep)
    while not stop.wait(SWEEP_SECONDS):
        attempt("sweep", sweep)
