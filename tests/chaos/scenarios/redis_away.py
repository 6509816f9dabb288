"""F-03, F-08 and F-09: Redis is killed, emptied, too small, or wrong about its jobs. It only ever held rings."""

import random
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import redis

from jobs.queues import QUEUES
from tests.chaos.arena import Arena, arena
from tests.chaos.house import LITTLE_MEMORY
from tests.chaos.load import Load
from tests.chaos.nemesis import Nemesis
from tests.chaos.orphans import Orphans
from tests.chaos.scenarios.expectation import Expectation, at_most, nothing_lost, slowest_answers

ACK_SECONDS = 0.3
DRAINED_SECONDS = 45.0
AWAY_SECONDS = 8.0
LOST, TWICE, FAILED = 0.3, 0.5, 0.2
"""Of the rings that wait: the shares that vanish, that stand twice, and that RQ believes to have failed."""
LITTLE_MEMORY_SAID = (
    "FAULT  redis: Once its memory is full it throws away what waits (maxmemory-policy allkeys-lru): set noeviction."
)

WAYS = ("killed", "emptied by FLUSHALL", "in an empty folder")


def redis_away(here: Arena, load: Load, away_seconds: float, ways: Sequence[str] = WAYS) -> Iterator[Expectation]:
    """Killed, emptied by FLUSHALL, started in an empty folder: webhooks are answered as ever, and all work is done."""
    nemesis = Nemesis(here, Orphans(here.house.world), 3)
    strikes = dict(zip(WAYS, (nemesis.kill_redis, nemesis.flush_redis, nemesis.empty_redis), strict=True))
    for name in ways:
        strike = strikes[name]
        with load.running(rate=60) as driver:
            here.house.hold("redis")
            strike()
            time.sleep(away_seconds)
            here.house.free("redis")
            time.sleep(0.5)
        bad = sum(not 200 <= status < 300 for said in driver.said.values() for status in said.answers)
        yield Expectation(bad == 0, f"Redis {name}: {bad} of {driver.acknowledged} deliveries not acknowledged")
        yield slowest_answers(driver.seconds, ACK_SECONDS, f"Redis {name}: answers")
        yield at_most(here.at_rest_in_time(90), DRAINED_SECONDS, f"Redis {name}: all work done after its return")


def f03(engine: str) -> Iterator[Expectation]:
    """kill -9 of Redis, FLUSHALL, an empty folder."""
    with arena(engine) as here:
        load = Load(here, 3)
        yield from redis_away(here, load, AWAY_SECONDS)
        yield from nothing_lost(here, load, 0)


def f08(engine: str) -> Iterator[Expectation]:
    """Redis with 2 MB and allkeys-lru throws away what it likes."""
    with arena(engine) as here:
        load = Load(here, 8)
        here.house.redis_options = dict(LITTLE_MEMORY)
        here.house.empty_redis()
        with load.running():
            time.sleep(AWAY_SECONDS * 2)
            said = [line for line in here.house.doctor() if " redis: " in line]
            yield Expectation(said == [LITTLE_MEMORY_SAID], f"waitline doctor says: {' '.join(said)}")
        yield from nothing_lost(here, load, 0)


def f09(engine: str) -> Iterator[Expectation]:
    """Rings vanish, stand twice, and are believed to have failed."""
    with arena(engine) as here:
        load = Load(here, 9)
        with _wrong_about_its_jobs(here.house.redis_url), load.running():
            time.sleep(AWAY_SECONDS * 2)
        yield from nothing_lost(here, load, 0)


@contextmanager
def _wrong_about_its_jobs(url: str) -> Iterator[None]:
    """From entering to leaving, what waits in RQ's queues is meddled with."""
    over = threading.Event()
    chance = random.Random(9)

    def meddle() -> None:
        with redis.Redis.from_url(url, socket_timeout=2) as connection:
            while not over.wait(0.005):
                for name in QUEUES:
                    queue = f"rq:queue:{name}"
                    for job in connection.lrange(queue, 0, -1):
                        drawn = chance.random()
                        if drawn < LOST:
                            connection.lrem(queue, 0, job)
                        elif drawn < TWICE:
                            connection.rpush(queue, job)
                        elif drawn < TWICE + FAILED:
                            connection.zadd(f"rq:failed:{name}", {job: int(time.time()) + 60})

    thread = threading.Thread(target=meddle, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
