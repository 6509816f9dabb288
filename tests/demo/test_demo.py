"""The demo, run as a newcomer runs it."""

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.report import Report, Step
from demo.telling import difference, of_order
from demo.witness import Sight

ROOT = Path(__file__).parents[2]
WAITED = Sight(given=0, waiting=20, held=20, tags=("backorder",), record="20 waiting, no date", mails=("waits",))


@pytest.fixture
def folder() -> Iterator[Path]:
    """Short, so that the queue server's socket fits into it."""
    with tempfile.TemporaryDirectory(prefix="d-", dir="/tmp") as made:
        yield Path(made)


def start(folder: Path, **more: str) -> subprocess.Popen[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("WAITLINE_", "ONCE"))}
    return subprocess.Popen(
        [sys.executable, "-u", "-m", "demo"],
        cwd=folder,
        env={**kept, "PYTHONPATH": str(ROOT), "TMPDIR": str(folder), **more},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(demo: subprocess.Popen[str], seconds: float) -> tuple[int, str, str]:
    """Exit code, what was printed, what was said on standard error."""
    try:
        out, err = demo.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        demo.terminate()
        out, err = demo.communicate(timeout=30)
        pytest.fail(f"The demo did not end in time. It printed:\n{out}{err}")
    return demo.returncode, out, err


def running_in(folder: Path) -> list[str]:
    """Commands of the processes that work in the folder."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if (entry / "cwd").readlink().is_relative_to(folder):
                found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found


@pytest.mark.timeout(180)
def test_the_whole_story_shows_in_the_stores_and_in_the_mailbox(folder: Path) -> None:
    code, printed, said = ended(
        start(folder, ONCE="1", WAITLINE_DATABASE_URL="postgresql://nobody@127.0.0.1:9/no"), 150
    )
    report = json.loads((folder / "var" / "demo-report.json").read_text())
    assert [step["found"] for step in report["steps"]] == [step["expected"] for step in report["steps"]]
    assert (code, said, report["agrees"], len(report["steps"])) == (0, "", True, 11)
    assert report["first_allocation_seconds"] < 120
    assert printed.count("order 101: 20 of 20 units allocated, hold released, tagged backorder-ready, mail sent") == 1
    assert running_in(folder) == []
    assert sorted(path.name for path in folder.iterdir()) == ["var"]


@pytest.mark.timeout(120)
def test_a_demo_that_is_stopped_in_the_middle_leaves_nothing_behind(folder: Path) -> None:
    demo = start(folder, ONCE="1")
    assert demo.stdout is not None
    while "are connected" not in (line := demo.stdout.readline()):
        assert line != "", ended(demo, 5)
    demo.send_signal(signal.SIGTERM)
    code, printed, said = ended(demo, 60)
    assert (code, printed.splitlines()[-1], said) == (130, "Stopped; nothing is left running.", "")
    assert running_in(folder) == []
    assert sorted(path.name for path in folder.iterdir()) == ["var"]


def test_a_taken_port_is_one_sentence(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert ended(start(folder, WAITLINE_PORT=str(port)), 60) == (
            1,
            "",
            f"Port {port} is taken or cannot be used; choose others, such as: make demo WAITLINE_PORT=9000 "
            "(uses 9000, 9025, 9101 and 9102).\n",
        )


def test_a_second_start_is_one_sentence_and_leaves_the_first_alone(folder: Path) -> None:
    kept = folder / "var" / "demo" / "data"
    kept.mkdir(parents=True)
    with (folder / "var" / "demo.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert ended(start(folder), 60) == (
            1,
            "",
            "The demo already runs in another terminal; stop it there with Ctrl-C first.\n",
        )
    assert kept.is_dir()


def test_an_order_is_told_in_plain_words() -> None:
    here = Sight(given=20, waiting=0, tags=("backorder-ready",), record="ready", mails=("waits", "here"))
    part = Sight(given=5, waiting=15, held=15, tags=("backorder",), record="15 waiting, no date", mails=("waits",))
    told = [of_order("#101", WAITED, here), of_order("#102", WAITED, part), of_order("7", None, Sight(1, 0))]
    assert told == [
        "order 101: 20 of 20 units allocated, hold released, tagged backorder-ready, mail sent",
        "order 102: 5 of 20 units allocated, 15 still on hold, no mail",
        "order 7: 1 of 1 unit allocated, nothing written, no mail",
    ]


def test_what_did_not_come_true_is_told_and_makes_the_report_disagree(tmp_path: Path) -> None:
    expected, found = {"#1": {"held": 0, "mails": ["here"]}}, {"#1": {"held": 20, "mails": ["here"]}}
    assert difference(expected, found) == ["NOT AS EXPECTED: #1 held is 20 and should be 0"]
    report = Report(steps=[Step("Goods arrive.", difference(expected, found), expected, found)])
    report.ended = report.elapsed
    report.write(tmp_path / "report.json", log="one\ntwo\n")
    written = json.loads((tmp_path / "report.json").read_text())
    assert (written["agrees"], written["steps"][0]["agrees"], written["log"]) == (False, False, ["one", "two"])
