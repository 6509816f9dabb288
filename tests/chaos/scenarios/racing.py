"""Processes of their own that do what they are told at the same moment, over one database and one stand-in shop."""

import multiprocessing
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr
from werkzeug.serving import make_server

from app.wiring import open_world
from backorder.config import Config
from backorder.db import stores
from backorder.domain.errors import WaitlineError
from demo.mailbox import HOST, SilentRequests
from jobs import steer
from jobs.accept_cancel import accept_cancel
from jobs.cancel import cancel
from jobs.drain import JOBS
from jobs.steer import Nonsense
from jobs.sweep import due
from jobs.world import World
from tests.chaos import databases
from tests.processes.running import SHOPIFY_DOMAIN

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

WAIT_SECONDS = 180.0
"""Long enough for eight processes to start on a machine that others use as well."""
KEY = "a key that seals the credentials of one run"
WORK_ROUNDS = 4
DONE, DEAD = "done", "dead"

Asked = tuple[str, *tuple[int, ...]]
"""The name of an act, and its ids."""


def world_at(folder: Path, url: str, port: int, environ: Mapping[str, str] | None = None) -> World:
    """A Waitline whose only shop is on that port of this machine."""
    config = Config(
        data_dir=folder,
        database_url=SecretStr(url),
        secret_keys=(SecretStr(KEY),),
        allow_private_stores=True,
        store_addresses={SHOPIFY_DOMAIN: f"{HOST}:{port}"},
    )
    return open_world(config.model_copy(update={"environ": dict(environ or {})}))


@contextmanager
def serving(app: "WSGIApplication") -> Iterator[int]:
    """The port on which an application answers, from entering to leaving."""
    server = make_server(HOST, 0, app, threaded=True, request_handler=SilentRequests)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def a_database(engine: str) -> Iterator[tuple[Path, str]]:
    """A folder, and an empty database of that kind, from entering to leaving."""
    folder = Path(tempfile.mkdtemp(prefix="waitline-race-", dir="/tmp"))
    try:
        if engine == "sqlite":
            yield folder, f"sqlite:///{folder / 'waitline.sqlite3'}"
        else:
            with databases.postgres() as server:
                yield folder, server.url
    finally:
        shutil.rmtree(folder)


def _call(world: World, store_id: int) -> None:
    with world.database.read() as conn:
        store = stores.get(conn, store_id)
    world.client(store).describe()


def _work(world: World) -> None:
    """What is due now, some rounds of it; what somebody else is at is left to them."""
    for _ in range(WORK_ROUNDS):
        for _, job, *ids in due(world):
            JOBS[job](world, *ids)


ACTS: Mapping[str, Callable[..., object]] = {
    "call": _call,
    "wish": lambda world, store, order: steer.wish_cancel(world, store, order, line_ids=None, reason="Too late"),
    "accept": lambda world, store, order: accept_cancel(world, store, order, restock=True, refund=True),
    "cancel": cancel,
    "work": _work,
}
"""What a process may be told to do: each takes the world and ids."""


def _racer(folder: Path, url: str, port: int, environ: Mapping[str, str], told: Connection) -> None:
    world = world_at(folder, url, port, environ)
    told.send(DONE)
    while (asked := told.recv()) is not None:
        name, *ids = asked
        try:
            ACTS[name](world, *ids)
            told.send(DONE)
        except (WaitlineError, Nonsense) as error:
            told.send(type(error).__name__)
    world.database.close()


class Racers:
    """So many processes, from entering to leaving. One that was killed is started again when it is asked next."""

    def __init__(self, count: int, folder: Path, url: str, port: int, environ: Mapping[str, str]) -> None:
        self._given = (folder, url, port, environ)
        self._spawn = multiprocessing.get_context("spawn")
        self._count = count
        self._running: list[tuple[SpawnProcess, Connection]] = []

    def __enter__(self) -> "Racers":
        self._running = [self._start() for _ in range(self._count)]
        for _, pipe in self._running:
            _heard(pipe)
        return self

    def __exit__(self, *what: object) -> None:
        for process, pipe in self._running:
            if process.is_alive():
                pipe.send(None)
            process.join(WAIT_SECONDS)
            pipe.close()

    def race(self, asked: Sequence[Asked], meanwhile: Callable[[], object] = lambda: None) -> list[str]:
        """Let each do its own at the same moment, with `meanwhile` done here; what became of each."""
        for at, (process, _) in enumerate(self._running):
            if not process.is_alive():
                self._running[at] = self._start()
                _heard(self._running[at][1])
        for (_, pipe), each in zip(self._running, asked, strict=True):
            pipe.send(each)
        meanwhile()
        return [_heard(pipe) for _, pipe in self._running]

    def kill(self, pid: int) -> bool:
        """Kill the process of that number, if it is one of these; whether it was."""
        found = [process for process, _ in self._running if process.pid == pid]
        for process in found:
            process.kill()
            process.join()
        return bool(found)

    def _start(self) -> tuple[SpawnProcess, Connection]:
        ours, theirs = self._spawn.Pipe()
        process = self._spawn.Process(target=_racer, args=(*self._given, theirs), daemon=True)
        process.start()
        theirs.close()
        return process, ours


def _heard(pipe: Connection) -> str:
    """What a process says; that it is dead where it says nothing more."""
    try:
        if not pipe.poll(WAIT_SECONDS):
            raise TimeoutError(f"A process has not answered for {WAIT_SECONDS:g} s.")
        return str(pipe.recv())
    except EOFError:
        return DEAD
