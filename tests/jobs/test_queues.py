"""The bell and the worker, on a real server."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
import redis
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer

from app.embedded_redis import EmbeddedRedis
from jobs import queues
from jobs.queues import (
    QUEUES,
    REST_SECONDS,
    SULK_SECONDS,
    WORKERS,
    RedisBell,
    SilentBell,
    UnknownJob,
    run_worker,
    throws_away,
    work,
)  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedRedis]:
    with EmbeddedRedis(tmp_path_factory.mktemp("redis")) as running:
        yield running


@pytest.fixture
def connection(server: EmbeddedRedis) -> Iterator[redis.Redis]:
    connection = redis.Redis.from_url(server.url)
    connection.flushall()
    yield connection
    connection.close()


@pytest.fixture
def bell(server: EmbeddedRedis, connection: redis.Redis) -> Iterator[RedisBell]:
    bell = RedisBell(server.url)
    yield bell
    bell.close()


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    monkeypatch.setattr(queues, "_jobs", {})
    return []


def waiting(connection: redis.Redis, queue_name: str) -> list[tuple[object, ...]]:
    queue = Queue(queue_name, connection=connection, serializer=JSONSerializer)
    return [tuple(job.args) for job in queue.jobs]


def until(condition: object, seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_every_queue_has_one_worker() -> None:
    assert sorted(name for names in WORKERS.values() for name in names) == sorted(QUEUES)


def test_a_ring_is_a_job_with_a_name_and_ids_and_nothing_else(bell: RedisBell, connection: redis.Redis) -> None:
    bell.ring("write_back", "write_back", 7, 1001)
    until(lambda: bell.rung == 1)
    assert waiting(connection, "write_back") == [("write_back", 7, 1001)]
    job = Queue("write_back", connection=connection, serializer=JSONSerializer).jobs[0]
    assert (job.func_name, job.kwargs, job.timeout, job.result_ttl, job.failure_ttl) == (
        "jobs.queues.work",
        {},
        60,
        0,
        60,
    )


def test_many_rings_of_one_kind_leave_at_most_twenty_times_a_second_and_the_last_is_made_up_for(
    bell: RedisBell, connection: redis.Redis
) -> None:
    began = time.monotonic()
    while time.monotonic() < began + 0.5:
        bell.ring("inbox", "ingest", 7)
    last = time.monotonic()
    until(lambda: not bell._waiting)
    made_up_after = time.monotonic() - last
    bell.close()
    assert made_up_after < REST_SECONDS + 0.1
    # The lower bound is that of a busy machine; the upper one is the promise.
    assert 3 <= bell.rung + bell.merged <= (last - began) / REST_SECONDS + 2


def test_a_ring_that_nobody_has_answered_yet_is_not_put_beside_the_same_ring(
    server: EmbeddedRedis, bell: RedisBell, connection: redis.Redis, calls: list[tuple[object, ...]]
) -> None:
    for _ in range(3):
        bell.ring("inbox", "ingest", 7)
        until(lambda: not bell._waiting)
    bell.ring("inbox", "ingest", 8)
    until(lambda: bell.rung == 2)
    assert waiting(connection, "inbox") == [("ingest", 7), ("ingest", 8)]

    def ingest(store_id: int) -> None:
        # Rung while it is worked on: what came after it began may be news.
        calls.append(("ingest", store_id))
        if len(calls) == 1:
            bell.ring("inbox", "ingest", 7)
            until(lambda: bell.rung == 3)
        if len(calls) == 3:
            os.kill(os.getpid(), signal.SIGTERM)

    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        run_worker(server.url, ("inbox",), {"ingest": ingest})
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert calls == [("ingest", 7), ("ingest", 8), ("ingest", 7)]


def test_a_first_import_may_take_longer_than_other_jobs(bell: RedisBell, connection: redis.Redis) -> None:
    bell.ring("allocate", "catch_up", 7)
    until(lambda: bell.rung == 1)
    [job] = Queue("allocate", connection=connection, serializer=JSONSerializer).jobs
    assert job.timeout == 3600


def test_rings_of_two_stores_do_not_wait_for_each_other(bell: RedisBell, connection: redis.Redis) -> None:
    bell.ring("inbox", "ingest", 7)
    bell.ring("inbox", "ingest", 8)
    bell.ring("inbox", "ingest", 7)
    bell.close()
    rings = waiting(connection, "inbox")
    assert sorted(set(rings)) == [("ingest", 7), ("ingest", 8)]
    assert rings.count(("ingest", 8)) == 1


def test_threads_may_ring_together(bell: RedisBell, connection: redis.Redis) -> None:
    def ring_all() -> None:
        for store_id in range(50):
            bell.ring("allocate", "allocate", store_id)

    threads = [threading.Thread(target=ring_all) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    bell.close()
    assert set(waiting(connection, "allocate")) == {("allocate", store_id) for store_id in range(50)}


def test_after_a_failed_ring_none_is_tried_for_two_seconds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bell = RedisBell(f"unix://{tmp_path}/nobody.sock")
    began = time.monotonic()
    bell.ring("inbox", "ingest", 1)
    assert time.monotonic() - began < 0.1
    until(lambda: bell.failed == 1)
    bell.ring("inbox", "ingest", 2)
    until(lambda: bell.dropped == 1)
    assert (bell.rung, bell.failed) == (0, 1)
    assert bell._sulks_until - began >= SULK_SECONDS
    bell._sulks_until = 0.0
    bell.ring("inbox", "ingest", 3)
    until(lambda: bell.failed == 2)
    bell.close()


def test_a_queue_that_nobody_answers_does_not_grow_for_ever(
    bell: RedisBell, connection: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queues, "FULL_QUEUE", 3)
    for store_id in range(5):
        bell.ring("inbox", "ingest", store_id)
    bell.close()
    assert waiting(connection, "inbox") == [("ingest", 0), ("ingest", 1), ("ingest", 2)]
    assert (bell.rung, bell.dropped) == (3, 2)


def test_a_ring_behind_many_others_is_repeated_later_than_one_that_is_answered_soon(
    bell: RedisBell, connection: redis.Redis
) -> None:
    for notice in range(60):
        bell.ring("notify", "notify", 7, notice)
    bell.close()
    kept = [cast(int, connection.ttl(f"waitline:waits:notify:7:{notice}")) for notice in (0, 59)]
    assert kept[0] <= 3 < kept[1] <= 8


def test_a_queue_that_is_not_declared_is_refused(bell: RedisBell) -> None:
    with pytest.raises(ValueError, match="there is no queue elsewhere"):
        bell.ring("elsewhere", "ingest", 1)


def test_the_silent_bell_does_nothing() -> None:
    SilentBell().ring("inbox", "ingest", 1)


def test_an_unknown_job_is_refused(calls: list[tuple[object, ...]]) -> None:
    with pytest.raises(UnknownJob, match=r"There is no job os\.system\."):
        work("os.system", 1)


def test_a_job_that_raises_does_not_end_the_worker(
    server: EmbeddedRedis, bell: RedisBell, connection: redis.Redis, calls: list[tuple[object, ...]]
) -> None:
    def ingest(store_id: int) -> None:
        calls.append(("ingest", store_id))
        if store_id == 1:
            raise RuntimeError("a fault of ours")
        if store_id == 3:
            os.kill(os.getpid(), signal.SIGTERM)

    def allocate(store_id: int) -> None:
        calls.append(("allocate", store_id))

    for store_id in (1, 2):
        bell.ring("inbox", "ingest", store_id)
        bell.ring("inbox", "nonsense", store_id)
        bell.ring("allocate", "allocate", store_id)
    until(lambda: bell.rung == 6)
    bell.ring("allocate", "allocate", 3)
    bell.ring("inbox", "ingest", 3)
    bell.close()
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        run_worker(server.url, WORKERS["front"], {"ingest": ingest, "allocate": allocate})
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    # SIGTERM arrived in the job of store 3, which was finished; the queues take turns.
    assert [call for call in calls if call[0] == "ingest"] == [("ingest", 1), ("ingest", 2), ("ingest", 3)]
    assert [call for call in calls if call[0] == "allocate"] == [("allocate", 1), ("allocate", 2), ("allocate", 3)]
    assert calls.index(("allocate", 1)) == 1
    assert waiting(connection, "inbox") == []
    assert waiting(connection, "allocate") == []
    assert SimpleWorker.count(connection=connection) == 0


def test_a_server_with_little_memory_is_told_from_one_that_keeps_what_waits(
    server: EmbeddedRedis, connection: redis.Redis
) -> None:
    said = []
    for policy, memory in (("allkeys-lru", 0), ("allkeys-lru", 2**24), ("noeviction", 2**24)):
        connection.config_set("maxmemory-policy", policy)
        connection.config_set("maxmemory", memory)
        said.append(throws_away(server.url))
    connection.config_set("maxmemory", 0)
    assert [*said, throws_away("unix:///nowhere")] == ["", "allkeys-lru", "", ""]
