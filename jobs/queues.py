"""RQ, and only here: the bell that wakes a worker, and the worker that answers it.

The database is the queue. A job carries a name and ids; a ring that is lost, doubled or late changes nothing, because
the sweep rings again for whatever is due (`jobs/schedule.py`). So a ring may be merged with others, dropped while Redis
is away, and lost by a worker that is killed.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import redis
import structlog
from redis.backoff import ExponentialWithJitterBackoff
from redis.retry import Retry
from rq import Queue, SimpleWorker, get_current_job
from rq.serializers import JSONSerializer
from rq.timeouts import UnixSignalDeathPenalty
from rq.worker import DequeueStrategy

from backorder.domain.errors import Rejected

QUEUES = ("inbox", "allocate", "write_back", "notify")
WORKERS: Mapping[str, tuple[str, ...]] = {"front": ("inbox", "allocate"), "back": ("write_back", "notify")}
"""Slow calls to stores and mail servers never delay intake and allocation: a process for each half."""

REST_SECONDS = 0.05
"""After a ring, the same ring is held back this long and then made up for: at most twenty a second."""
LONG_RESTS = {"allocate": 0.25}
"""Seconds for jobs that do more in one go the more there is to do: orders that changed are read many in a call."""
SULK_SECONDS = 2.0
"""After a ring that failed, none is tried for this long."""
MERGED_SECONDS = 3
"""A ring that waits in its queue is enough: for this long the same ring is not put beside it, and longer where it has
many before it. So long is lost with a worker that is killed between taking a ring and beginning it.
"""
ANSWERED_A_SECOND = 10
"""Rings that a worker surely answers that have little to do. Were the same rings put beside those that wait there for
long, a queue would grow by what it holds already, and what is new would wait behind rings for what is done.
"""
LONGEST_MERGED = 20
"""Seconds, within which also the work of a killed worker is given up."""
FULL_QUEUE = 5000
"""A queue with this many rings that nobody answers gets no more."""
JOB_SECONDS = 60
LONG_JOBS = {"catch_up": 3600, "erase": 3600}
"""Seconds of jobs that may take longer: the first import of a large store cannot be broken off and begun again, and a
large store is erased row by row.
"""
FAILURE_SECONDS = 60

Job = Callable[..., object]
"""A job that already holds what it works with and takes ids."""
Ring = tuple[str, str, tuple[int, ...]]

log = structlog.get_logger()


class OutOfTime(BaseException):
    """A job took longer than it may. No job may take this for an error of what it works on."""


class Deadline(UnixSignalDeathPenalty):
    """RQ's own deadline, with an end that nothing in a job catches."""

    def __init__(self, timeout: int, _exception: type[Exception], **more: Any) -> None:
        super().__init__(timeout, OutOfTime, **more)  # type: ignore[no-untyped-call]


class UnknownJob(Rejected):
    """A ring names a job that this worker does not have."""


class SilentBell:
    """A bell that nobody hears: for tests, and for commands beside which the sweep runs."""

    def ring(self, queue: str, job: str, *ids: int) -> None:
        """Do nothing."""


class RedisBell:
    """Rings through Redis from a thread of its own, so that no request and no job waits for Redis.

    The thread starts with the first ring: a web server forks after it has built its application.
    """

    def __init__(self, url: str) -> None:
        self.rung = 0
        self.merged = 0
        self.failed = 0
        self.dropped = 0
        self._connection = redis.Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1, retry=None)
        self._queues = {name: Queue(name, connection=self._connection, serializer=JSONSerializer) for name in QUEUES}
        self._changed = threading.Condition()
        self._waiting: dict[Ring, None] = {}
        self._resting: dict[Ring, float] = {}
        self._sulks_until = 0.0
        self._thread: threading.Thread | None = None
        self._closing = False

    def ring(self, queue: str, job: str, *ids: int) -> None:
        """Note the ring; it leaves at once, or 50 ms after the same ring before it. Merged with one that waits."""
        if queue not in self._queues:
            raise ValueError(f"there is no queue {queue}")
        with self._changed:
            self._waiting[(queue, job, ids)] = None
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="bell", daemon=True)
                self._thread.start()
            self._changed.notify()

    def close(self) -> None:
        """Send what waits and end the thread."""
        with self._changed:
            self._closing = True
            self._changed.notify()
            thread = self._thread
        if thread is not None:
            thread.join()
        self._connection.close()

    def _work(self) -> None:
        while (due := self._due()) is not None:
            for ring in due:
                self._send(ring)

    def _due(self) -> list[Ring] | None:
        """Wait for rings whose rest is over and take them; `None` when the bell is closed and nothing waits."""
        with self._changed:
            while True:
                now = time.monotonic()
                self._resting = {ring: until for ring, until in self._resting.items() if until > now}
                due = [ring for ring in self._waiting if self._closing or ring not in self._resting]
                if due:
                    for ring in due:
                        del self._waiting[ring]
                        self._resting[ring] = now + LONG_RESTS.get(ring[1], REST_SECONDS)
                    return due
                if self._closing:
                    return None
                ends = [self._resting[ring] for ring in self._waiting]
                self._changed.wait(min(ends) - now if ends else None)

    def _send(self, ring: Ring) -> None:
        queue_name, job_name, ids = ring
        if time.monotonic() < self._sulks_until:
            self.dropped += 1
            return
        queue = self._queues[queue_name]
        try:
            waiting = queue.count
            if waiting >= FULL_QUEUE:
                self.dropped += 1
                return
            if not self._connection.set(_waits(job_name, ids), 1, nx=True, ex=_merged_for(waiting)):
                self.merged += 1
                return
            queue.enqueue_call(
                "jobs.queues.work",
                (job_name, *ids),
                timeout=LONG_JOBS.get(job_name, JOB_SECONDS),
                result_ttl=0,
                failure_ttl=FAILURE_SECONDS,
            )
            self.rung += 1
        except redis.RedisError as error:
            self.failed += 1
            self._sulks_until = time.monotonic() + SULK_SECONDS
            log.warning("ring failed", job=job_name, ids=ids, error=type(error).__name__)


def _merged_for(waiting: int) -> int:
    """Seconds in which a ring behind so many others is surely answered, and need not be repeated."""
    return min(MERGED_SECONDS + waiting // ANSWERED_A_SECOND, LONGEST_MERGED)


def _waits(job_name: str, ids: Sequence[int]) -> str:
    """The key that stands while such a ring waits for a worker. It goes before the job looks at anything."""
    return f"waitline:waits:{job_name}:{':'.join(map(str, ids))}"


def reachable(url: str) -> bool:
    """Whether the server answers within a second."""
    try:
        with redis.Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1, retry=None) as connection:
            return bool(connection.ping())
    except redis.RedisError:
        return False


def throws_away(url: str) -> str:
    """The server's policy, where it throws away what it likes once its memory is full; empty where it does not, or does
    not answer. What waits there is rung for again, at its price: each lost ring costs a second.
    """
    try:
        with redis.Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1, retry=None) as connection:
            memory = connection.info("memory")
    except redis.RedisError:
        return ""
    policy = str(memory.get("maxmemory_policy", ""))
    return policy if int(memory.get("maxmemory", 0)) and policy != "noeviction" else ""


_jobs: dict[str, Job] = {}


def work(job_name: str, *ids: int) -> None:
    """What every RQ job is a call of. Raises UnknownJob."""
    if job_name not in _jobs:
        raise UnknownJob(f"There is no job {job_name}.")
    current = get_current_job()
    if current is not None:
        current.connection.delete(_waits(job_name, ids))
    began = time.monotonic()
    log.info("job began", job=job_name, ids=ids)
    done = attempt(job_name, _jobs[job_name], *ids)
    log.info("job ended", job=job_name, ids=ids, done=done, seconds=round(time.monotonic() - began, 3))


def attempt(job_name: str, job: Job, *ids: int) -> bool:
    """Run the job; whether it ended without an error. An error is logged: what is still due is rung for again."""
    try:
        job(*ids)
    except OutOfTime:
        log.error("job took too long", job=job_name, ids=ids)
        return False
    except Exception:  # The one wrapper around all work: an error of one job never ends the process.
        log.exception("job failed", job=job_name, ids=ids)
        return False
    return True


def run_worker(redis_url: str, queue_names: Sequence[str], jobs: Mapping[str, Job]) -> None:
    """Answer these queues in turn, so that none starves another, until SIGTERM or SIGINT; the job at hand is
    finished first.

    Redis may be away for a minute or so; after that this returns or raises, and whoever started the process starts
    it again. Over several queues RQ pops a job before it notes who has it, so a killed worker loses that ring. That
    is fine: the row it was about is still due, and the sweep rings again.
    """
    _jobs.update(jobs)
    connection = redis.Redis.from_url(
        redis_url,
        retry=Retry(ExponentialWithJitterBackoff(cap=2, base=0.1), 40),
        retry_on_error=[redis.ConnectionError, redis.TimeoutError, redis.BusyLoadingError],
    )
    worker = SimpleWorker(
        [Queue(name, connection=connection, serializer=JSONSerializer) for name in queue_names],
        connection=connection,
        serializer=JSONSerializer,
        log_job_description=False,
    )
    worker.death_penalty_class = Deadline
    worker.work(logging_level="WARNING", dequeue_strategy=DequeueStrategy.ROUND_ROBIN)
