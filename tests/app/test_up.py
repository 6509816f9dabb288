"""`waitline up`, run as an operator runs it."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from app.embedded_redis import SOCKET_PATH_LIMIT, EmbeddedRedis

ROOT = Path(__file__).parents[2]


class Run:
    """One `waitline up` on a data folder and a port of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.process: subprocess.Popen[str] | None = None
        self.printed = folder / "printed.txt"

    def start(self, **more: str) -> subprocess.Popen[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("WAITLINE_")}
        given = {
            "WAITLINE_DATA_DIR": str(self.folder / "data"),
            "WAITLINE_PORT": str(self.port),
            "PYTHONPATH": str(ROOT),
            **more,
        }
        with self.printed.open("a") as printed:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "app.cli", "up"],
                cwd=self.folder,
                env={**kept, **given},
                stdout=printed,
                stderr=subprocess.STDOUT,
                text=True,
                # Whoever runs the tests in the background has them ignore it, and what is ignored is inherited.
                preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
            )
        return self.process

    def serves(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def processes(self) -> dict[str, int]:
        """What runs over the data folder, by the words of the command that tell it."""
        marks = ("valkey-server", "gunicorn", "worker\0front", "worker\0back", "clock", "up")
        found: dict[str, int] = {}
        for entry in Path("/proc").iterdir():
            try:
                environ = (entry / "environ").read_bytes()
                command = (entry / "cmdline").read_bytes().decode()
                place = (entry / "cwd").readlink()
            except OSError:
                continue
            # The queue server writes its title over its environment, but works in the data folder.
            if f"WAITLINE_DATA_DIR={self.folder / 'data'}\0".encode() in environ or place.is_relative_to(
                self.folder / "data"
            ):
                name = next((mark for mark in marks if mark in command), command)
                found[name] = min(int(entry.name), found.get(name, sys.maxsize))
        return found

    def children(self) -> int:
        """How many children the launcher has at the moment."""
        assert self.process is not None
        return len(Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split())

    def socket(self) -> Path:
        """Where the queue server listens, as the children were told."""
        environ = Path(f"/proc/{self.processes()['clock']}/environ").read_bytes().decode()
        told = dict(entry.partition("=")[::2] for entry in environ.split("\0"))
        return Path(unquote(urlsplit(told["WAITLINE_REDIS_URL"]).path))


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    run = Run(tmp_path)
    yield run
    if run.process is not None and run.process.poll() is None:
        run.process.kill()
        run.process.wait()


def until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that in time"
        time.sleep(0.05)


def test_it_runs_restarts_what_dies_refuses_a_twin_and_leaves_nothing_behind(run: Run) -> None:
    launcher = run.start()
    until(run.serves)
    running = run.processes()
    assert sorted(running) == sorted(["valkey-server", "gunicorn", "worker\0front", "worker\0back", "clock", "up"])
    queue = run.socket()
    assert queue.is_socket()

    twin = Run(run.folder)
    assert twin.start().wait(30) == 1
    assert run.printed.read_text().splitlines()[-1] == (
        f"Waitline already runs over {run.folder}/data; stop it or set another WAITLINE_DATA_DIR."
    )

    for name in ("valkey-server", "worker\0front"):
        os.kill(running[name], signal.SIGKILL)
    looks: list[dict[str, int]] = []

    def all_there_again() -> bool:
        looks.append(run.processes())
        return set(looks[-1]) == set(running) and looks[-1]["worker\0front"] != running["worker\0front"]

    until(all_there_again)
    kept = {name for name in running if looks[-1][name] == running[name]}
    assert kept == set(running) - {"valkey-server", "worker\0front"}
    until(run.serves)

    began = time.monotonic()
    launcher.send_signal(signal.SIGTERM)
    assert launcher.wait(60) == 0
    # Under ten seconds is what is promised; a machine that is busy with other tests gets half as much again.
    assert time.monotonic() - began < 15
    assert run.processes() == {}
    # A folder of its own was made for the socket only where the data folder lies too deep for one.
    assert (queue.exists(), queue.parent.exists()) == (False, queue.parent.is_relative_to(run.folder))
    assert sorted(path.name for path in (run.folder / "data" / "redis").iterdir()) == ["appendonlydir"]


def test_a_taken_port_is_one_sentence_and_nothing_is_started(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        run.port = taken.getsockname()[1]
        assert run.start().wait(30) == 1
    assert run.printed.read_text() == (
        f"Port {run.port} of 127.0.0.1 cannot be used (Address already in use); set another WAITLINE_PORT.\n"
    )
    assert sorted(path.name for path in (run.folder / "data").iterdir()) == ["secret.key", "up.lock"]


def test_a_mistake_in_the_settings_is_one_sentence(run: Run) -> None:
    assert run.start(WAITLINE_SMTP_URL="mail.example").wait(30) == 1
    assert run.printed.read_text() == "WAITLINE_SMTP_URL must begin with smtp:// or smtps://.\n"


@pytest.mark.parametrize(("number", "after"), [(signal.SIGINT, 3), (signal.SIGKILL, 2), (signal.SIGKILL, 4)])
def test_an_interrupted_start_leaves_nothing_running(run: Run, number: signal.Signals, after: int) -> None:
    launcher = run.start()
    while run.children() < after:
        assert launcher.poll() is None
    # At this very moment the newest child is a copy of the launcher that does not know its program yet.
    launcher.send_signal(number)
    assert launcher.wait(60) == (-9 if number == signal.SIGKILL else 0)
    until(lambda: run.processes() == {})


def test_a_child_whose_parent_died_while_it_was_forked_goes_too() -> None:
    child = subprocess.run(
        [sys.executable, "-c", "from app.embedded_redis import die_with; die_with(-1); print('lives on')"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    assert (child.returncode, child.stdout) == (-signal.SIGKILL, b"")


def test_a_deep_data_folder_gets_a_short_socket_that_is_removed(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100) / "redis"
    with EmbeddedRedis(deep) as server:
        assert len(os.fsencode(server.socket)) <= SOCKET_PATH_LIMIT
        assert server.answers()
        short = server.socket.parent
        assert short.stat().st_mode & 0o777 == 0o700
    assert not short.exists()
    assert sorted(path.name for path in deep.iterdir()) == ["appendonlydir"]


def test_a_folder_that_is_not_deep_keeps_the_socket_to_itself(tmp_path: Path) -> None:
    # A pytest folder may already be too deep for a socket; this one is not.
    with EmbeddedRedis(tmp_path / "r") as server:
        assert server.answers()
        mode = (tmp_path / "r").stat().st_mode
    assert mode & 0o777 == 0o700
    assert not server.answers()
