"""A worker on a machine that swaps: `python -m tests.chaos.ailing FILE front|back`.

FILE holds for how many seconds it has each answer of a store in hand before it goes on; it is read each time. Meanwhile
a file with its process number at the end of FILE's name is there.
"""

import os
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from app import logs
from app.wiring import jobs, open_world
from backorder.config import load
from connectors.http import Reply, Transport
from jobs.inherit import inherit
from jobs.queues import WORKERS, run_worker


class InHand(Transport):
    """Answers are in hand for a while before anybody looks at them."""

    def __init__(self, before: Transport, late: Path) -> None:
        super().__init__(before.outgoing, before.purses)
        self._late = late

    def request(self, *words: Any, **named: Any) -> Reply:
        """As promised by `Transport.request`, and then the wait."""
        reply = super().request(*words, **named)
        if seconds := float(self._late.read_text()):
            shown = in_hand(self._late, os.getpid())
            shown.touch()
            time.sleep(seconds)
            shown.unlink()
        return reply


def in_hand(late: Path, pid: int) -> Path:
    """What is there while a process has an answer in hand."""
    return late.with_name(f"{late.name}.{pid}")


def main(late: Path, half: str) -> None:
    """Run until killed."""
    logs.configure()
    config = load()
    world = open_world(config)
    world = replace(world, transport=InHand(world.transport, late))
    inherit(world)
    run_worker(config.redis_url.get_secret_value(), WORKERS[half], jobs(world))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
