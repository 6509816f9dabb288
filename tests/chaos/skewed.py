"""A worker or the clock with a clock that is wrong: `python -m tests.chaos.skewed FILE front|back|clock`.

FILE holds by how many seconds it goes ahead; it is read each time, so the clock can be stepped while the process runs.
"""

import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app import logs
from app.wiring import jobs, open_world
from backorder.config import load
from jobs.inherit import inherit
from jobs.queues import WORKERS, run_worker
from jobs.schedule import run_clock
from jobs.sweep import SetBack, sweep


def main(skew: Path, what: str) -> None:
    """Run until killed."""
    logs.configure()
    config = load()

    def clock() -> datetime:
        return datetime.now(UTC) + timedelta(seconds=float(skew.read_text()))

    world = open_world(config, clock)
    if what == "clock":
        run_clock(SetBack(world).look, lambda: sweep(world), threading.Event())
    else:
        inherit(world)
        run_worker(config.redis_url.get_secret_value(), WORKERS[what], jobs(world))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
