"""The launcher behind `waitline up`: all of Waitline on one machine, started in order, kept running, stopped as one.

Queue server (where no WAITLINE_REDIS_URL is set), migration, then web, two workers and the clock. The Procfile names
the same processes for other launchers. Nothing that was started here outlives it: the system ends every child when
the launcher is killed.
"""

import contextlib
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import FrameType

from app.embedded_redis import EmbeddedRedis, die_with
from backorder.config import Config, ConfigError, private_folder
from backorder.db.session import StorageError, migrate

TICK_SECONDS = 0.1
START_SECONDS = 60.0
GRACE_SECONDS = 7.0
"""How long children may take to finish what they are doing; with the queue server's share, a stop takes under 10 s."""
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
STEADY_SECONDS = 60.0
"""A child that ran this long has its pause set back to the first one."""

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

Say = Callable[[str], None]


def web_command() -> list[str]:
    """The web process. gunicorn is one choice; any server of WSGI applications takes `app.wsgi:make`."""
    return [sys.executable, "-m", "gunicorn", "--config", "python:app.gunicorn_conf", "app.wsgi:make()"]


def commands() -> dict[str, list[str]]:
    """The children and how each is started."""
    waitline = [sys.executable, "-m", "app.cli"]
    return {
        "web": web_command(),
        "worker front": [*waitline, "worker", "front"],
        "worker back": [*waitline, "worker", "back"],
        "clock": [*waitline, "clock"],
    }


@dataclass
class Child:
    """A process that is to run, with the pause before it is started again."""

    name: str
    spawn: Callable[[], subprocess.Popen[bytes]]
    process: subprocess.Popen[bytes] | None = None
    pause: float = FIRST_PAUSE
    due: float = 0.0
    began: float = field(default=0.0)

    def start(self) -> None:
        """Start it now."""
        self.began = time.monotonic()
        self.process = self.spawn()

    def look_after(self, say: Say) -> None:
        """Note its death, or start it again once its pause is over."""
        now = time.monotonic()
        if self.process is None:
            if now >= self.due:
                self.start()
            return
        code = self.process.poll()
        if code is None:
            return
        if now - self.began > STEADY_SECONDS:
            self.pause = FIRST_PAUSE
        ended = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
        say(f"{self.name} {ended}; it starts again in {self.pause:g} s.")
        self.process, self.due = None, now + self.pause
        self.pause = min(self.pause * 2, LONGEST_PAUSE)


class Launcher:
    """One run of `waitline up`."""

    def __init__(self, config: Config, say: Say) -> None:
        self._config = config
        self._say = say
        self._server: list[Child] = []
        self._children: list[Child] = []
        self._stopping = False
        self._migrating = False

    def run(self) -> None:
        """Start, watch until a signal says stop, stop. Raises ConfigError with the sentence why it cannot start."""
        config = self._config
        with _alone(config.data_dir):
            _check_port(config.host, config.port)
            heard = [number for number in STOP_SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
            before = {number: signal.signal(number, self._on_signal) for number in heard}
            try:
                self._start_and_watch()
            finally:
                for number, handler in before.items():
                    signal.signal(number, handler)

    def _start_and_watch(self) -> None:
        config = self._config
        redis = None if config.redis_url else EmbeddedRedis(config.data_dir / "redis")
        environ = dict(os.environ)
        try:
            if redis is not None:
                environ["WAITLINE_REDIS_URL"] = redis.url
                self._server = [_started(Child("queue server", redis.spawn))]
                self._wait_for(redis.answers, "The queue server did not start.")
            self._migrate()
            if not self._stopping:
                for name, command in commands().items():
                    self._children.append(_started(Child(name, _spawner(command, environ))))
            self._wait_for(lambda: _listens(config.host, config.port), "The web process did not start; see above.")
            if not self._stopping:
                self._say(f"Waitline runs at {config.public_url} (Ctrl-C stops it).")
            while not self._stopping:
                self._look_after()
        finally:
            self._stop(redis)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self._stopping = True
        if self._migrating:
            raise KeyboardInterrupt

    def _migrate(self) -> None:
        if self._stopping:
            return
        self._migrating = True
        try:
            bring_up_to_date(self._config)
        except KeyboardInterrupt:
            self._stopping = True
        finally:
            self._migrating = False

    def _wait_for(self, ready: Callable[[], bool], sentence: str) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self._stopping and not ready():
            if time.monotonic() > deadline:
                raise ConfigError(sentence)
            self._look_after()

    def _look_after(self) -> None:
        for child in (*self._server, *self._children):
            child.look_after(self._say)
        time.sleep(TICK_SECONDS)

    def _stop(self, redis: EmbeddedRedis | None) -> None:
        """Stop the children, then the queue server that they still needed."""
        running = [child.process for child in self._children if child.process is not None]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + GRACE_SECONDS
        for process in running:
            try:
                process.wait(max(deadline - time.monotonic(), 0))
            except subprocess.TimeoutExpired:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        if redis is not None:
            redis.close()


def bring_up_to_date(config: Config) -> None:
    """Create or migrate the database. Raises ConfigError where it does not answer."""
    try:
        migrate(config.database_url.get_secret_value())
    except StorageError as error:
        raise ConfigError(f"The database cannot be used: {str(error).splitlines()[0]}") from error


def _started(child: Child) -> Child:
    child.start()
    return child


def _spawner(command: Sequence[str], environ: dict[str, str]) -> Callable[[], subprocess.Popen[bytes]]:
    tied = partial(die_with, os.getpid())
    # A session of its own: Ctrl-C in the terminal reaches the launcher only, which then stops the children in order.
    return lambda: subprocess.Popen(
        command, env=environ, stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=tied
    )


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the data folder for this launcher."""
    with (private_folder(folder) / "up.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigError(
                f"Waitline already runs over {folder}; stop it or set another WAITLINE_DATA_DIR."
            ) from None
        yield


def _check_port(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        reason = (error.strerror or "").partition(" (")[0]
        raise ConfigError(f"Port {port} of {host} cannot be used ({reason}); set another WAITLINE_PORT.") from None


def _listens(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True
