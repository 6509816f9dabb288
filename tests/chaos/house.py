"""Waitline's processes, each started by its own command and started again when it dies, as a supervisor would.

Unlike `waitline up` it starts a process again after half a second however often it died, and may run several workers
of a kind: a nemesis kills more often than any machine does.
"""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import redis

from app.embedded_redis import server_program
from app.up import commands
from backorder.config import private_folder
from backorder.db.session import migrate
from jobs.queues import reachable
from tests.processes.running import START_SECONDS, STOP_SECONDS, Waitline, children, until

PAUSE_SECONDS = 0.5
TICK_SECONDS = 0.05
LEASH = "import ctypes, os, sys; ctypes.CDLL(None).prctl(1, 9); os.execv(sys.argv[1], sys.argv[1:])"
"""A program that asks to be killed with its parent, whatever happens to that, and becomes the one that is named."""
LITTLE_MEMORY = {"maxmemory": "2mb", "maxmemory-policy": "allkeys-lru"}


def on_leash(command: Sequence[str]) -> list[str]:
    """The command of a process that never outlives this one."""
    return [sys.executable, "-S", "-E", "-c", LEASH, *command]


@dataclass
class Resident:
    """A process that is to run."""

    name: str
    command: Sequence[str]
    environ: Mapping[str, str]
    printed: Path
    process: subprocess.Popen[bytes] | None = None
    due: float = 0.0
    starts: int = field(default=0)

    @property
    def pid(self) -> int:
        """The process of the moment; 0 while none runs."""
        return self.process.pid if self.process is not None and self.process.poll() is None else 0

    def start(self, folder: Path) -> None:
        """Start it now."""
        self.starts += 1
        with self.printed.open("ab") as printed:
            self.process = subprocess.Popen(
                on_leash(self.command),
                cwd=folder,
                env=dict(self.environ),
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )


class House(Waitline):
    """Redis, web, workers and clock over one database, from entering to leaving."""

    def __init__(
        self,
        folder: Path,
        database_url: str,
        smtp_url: str,
        store_addresses: str = "",
        *,
        workers: int = 1,
        instead: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        super().__init__(folder, database_url, smtp_url, store_addresses)
        self._redis_folder = folder / "redis"
        self.socket = self._redis_folder / "redis.sock"
        self._environ["WAITLINE_REDIS_URL"] = self.redis_url = f"unix://{self.socket}"
        self.redis_options: dict[str, str] = {}
        """What the next start of the server is told beyond the usual."""
        found = commands()
        asked = {"web": found["web"], "clock": found["clock"]}
        for number in range(1, workers + 1):
            asked |= {f"front {number}": found["worker front"], f"back {number}": found["worker back"]}
        self.residents = {
            name: Resident(name, command, self._environ, self.printed)
            for name, command in {"redis": self._redis_command(), **asked, **(instead or {})}.items()
        }
        """By name: redis, web, clock, front 1, back 1, ...; `instead` has other commands for some of them."""
        self._over = threading.Event()
        self._held: set[str] = set()
        self._lock = threading.Lock()
        self._keeper = threading.Thread(target=self._keep, name="keeper", daemon=True)

    def _redis_command(self) -> list[str]:
        options = {
            "port": "0", "unixsocket": str(self.socket), "unixsocketperm": "700", "dir": str(self._redis_folder),
            "appendonly": "yes", "appendfsync": "everysec", "save": "", "daemonize": "no", "loglevel": "warning",
            **self.redis_options,
        }  # fmt: skip
        return [server_program(), *(word for name, value in options.items() for word in (f"--{name}", value))]

    def __enter__(self) -> "House":
        private_folder(self._redis_folder)
        migrate(self.world.database.url)
        try:
            self.residents["redis"].start(self.folder)
            until(lambda: reachable(self.redis_url), "Redis answers", START_SECONDS)
            for name, resident in self.residents.items():
                if name != "redis":
                    resident.start(self.folder)
            self._keeper.start()
            until(self.ready, "Waitline serves", START_SECONDS)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *what: object) -> None:
        self._over.set()
        if self._keeper.is_alive():
            self._keeper.join()
        running = [resident.process for resident in self.residents.values() if resident.pid]
        for process in running:
            if process is not None:
                process.send_signal(signal.SIGCONT)
                process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for process in running:
            if process is not None:
                try:
                    process.wait(max(deadline - time.monotonic(), 0))
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
        self.world.database.close()

    def _keep(self) -> None:
        while not self._over.wait(TICK_SECONDS):
            now = time.monotonic()
            with self._lock:
                for resident in self.residents.values():
                    self._look_after(resident, now)

    def _look_after(self, resident: Resident, now: float) -> None:
        if resident.process is not None and resident.process.poll() is not None:
            resident.process, resident.due = None, now + PAUSE_SECONDS
        elif resident.process is None and now >= resident.due and resident.name not in self._held:
            if resident.name == "redis":
                private_folder(self._redis_folder)
                self.socket.unlink(missing_ok=True)
                resident.command = self._redis_command()
            resident.start(self.folder)

    def pids(self) -> dict[str, int]:
        """The processes that run at the moment, by name."""
        return {name: resident.pid for name, resident in self.residents.items() if resident.pid}

    def all_up(self) -> bool:
        """Whether every process runs and the web process serves."""
        return len(self.pids()) == len(self.residents) and self.ready()

    def web_workers(self) -> list[int]:
        """The processes that answer webhooks."""
        return sorted(children(self.residents["web"].pid))

    def signal(self, pid: int, number: signal.Signals) -> bool:
        """Send a signal to one of our processes; whether it was still there."""
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return False
        return True

    def kill_everything(self) -> None:
        """SIGKILL all processes at once, as a power cut of the machine's software would."""
        with self._lock:
            for pid in [*self.web_workers(), *self.pids().values()]:
                self.signal(pid, signal.SIGKILL)

    def hold(self, name: str) -> None:
        """Do not start this one again until `free` is called."""
        self._held.add(name)

    def free(self, name: str) -> None:
        """Let it be started again."""
        self._held.discard(name)

    def tell_redis(self, *words: str) -> None:
        """One command, if it answers."""
        with redis.Redis.from_url(self.redis_url, socket_timeout=2, retry=None) as connection:
            try:
                connection.execute_command(*words)
            except redis.RedisError:
                # It is down at the moment, and so are its rings.
                return

    def doctor(self) -> list[str]:
        """The lines of `waitline doctor`, which sees what our processes see."""
        command = [sys.executable, "-m", "app.cli", "doctor"]
        ended = subprocess.run(
            command, cwd=self.folder, env=self._environ, capture_output=True, text=True, timeout=60, check=False
        )
        return ended.stdout.splitlines()

    def empty_redis(self) -> None:
        """Kill Redis and delete all that it kept; the keeper starts it in an empty folder."""
        self.hold("redis")
        pid = self.residents["redis"].pid
        if pid:
            self.signal(pid, signal.SIGKILL)
            until(lambda: not self.residents["redis"].pid, "Redis is gone", 5)
        shutil.rmtree(self._redis_folder, ignore_errors=True)
        self.free("redis")
