"""A front worker in which two deliveries do what no test can send: one ends the process, one never comes to its end.

`python -m tests.chaos.deadly`. Both are known by words in their bodies.
"""

import os
import time
from dataclasses import replace
from typing import Any, cast

from app import logs
from app.wiring import jobs, open_world
from backorder.config import load
from backorder.domain.events import Event
from connectors import PLATFORMS
from connectors.contract import Delivery, Webhooks
from jobs.inherit import inherit
from jobs.queues import WORKERS, run_worker

KILLS = b'{"id":1,"deadly":"kills"}'
LOOPS = b'{"id":1,"deadly":"loops"}'


class Deadly:
    """The webhooks of a platform, but for these two."""

    def __init__(self, webhooks: Webhooks) -> None:
        self._webhooks = webhooks

    def __getattr__(self, name: str) -> Any:
        return getattr(self._webhooks, name)

    def normalise(self, delivery: Delivery) -> list[Event]:
        """As promised by `Webhooks.normalise`, if it comes back."""
        if delivery.body == KILLS:
            os._exit(3)
        while delivery.body == LOOPS:
            time.sleep(0.01)
        return self._webhooks.normalise(delivery)


def main() -> None:
    """Run until killed."""
    logs.configure()
    for name, platform in list(PLATFORMS.items()):
        PLATFORMS[name] = replace(platform, webhooks=cast(Webhooks, Deadly(platform.webhooks)))
    config = load()
    world = open_world(config)
    inherit(world)
    run_worker(config.redis_url.get_secret_value(), WORKERS["front"], jobs(world))


if __name__ == "__main__":
    main()
