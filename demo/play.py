"""One run of the demo: until Ctrl-C, or (ONCE=1) to the end of the story and a report."""

import contextlib
import fcntl
import os
import shutil
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import requests

from demo.interrupts import Interrupts
from demo.mailbox import HOST
from demo.report import Report
from demo.stage import DATA, WEB_PORT, Ports, Stage, Trouble
from demo.story import Story
from demo.storyteller import Ended, Storyteller

VAR = Path("var")
REPORT = VAR / "demo-report.json"
LOOK_SECONDS = 0.5
WIDTH = 100
STARTING = "   0 s  The mailbox, both stores and Waitline are started."


def main() -> int:
    """Run the demo; 0 when everything that was told showed in the stores and in the mailbox."""
    # The stand-ins and Waitline call each other on this machine, whatever proxy is set for the world.
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = f"{HOST},localhost"
    once = os.environ.get("ONCE", "") not in ("", "0")
    report = Report()
    try:
        with Interrupts() as interrupts:
            if once:
                return _once(report, interrupts)
            _until_stopped(report, interrupts)
    except KeyboardInterrupt:
        _say("Stopped; nothing is left running.")
        return 0 if report.agrees and not once else 130
    except BrokenPipeError:
        # Whoever read the output went away. Python must not find the pipe broken again at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Trouble as trouble:
        print(trouble, file=sys.stderr)
        return 1


def _once(report: Report, interrupts: Interrupts) -> int:
    _say(f"Waitline's demo, once through on free ports, with an empty database.\n\n{STARTING}")
    REPORT.unlink(missing_ok=True)
    with (
        _temporary_folder(interrupts) as folder,
        Stage(Ports.free(), folder, interrupts) as stage,
        _telling_of_the_stop(),
    ):
        try:
            _play(stage, report)
        finally:
            report.write(REPORT, stage.log.read_text())
    said = "Everything showed as it was told" if report.agrees else "NOT everything showed as it was told"
    _say(f"\n{said}: {len(report.steps)} steps, {report.elapsed:.0f} seconds, see {REPORT}.")
    return 0 if report.agrees else 1


def _until_stopped(report: Report, interrupts: Interrupts) -> NoReturn:
    with _own_folder() as folder:
        ports = Ports.beside(_web_port())
        _say(f"Waitline's demo: two stand-in stores and a story. Each start has an empty database.\n\n{STARTING}")
        with Stage(ports, folder, interrupts) as stage, _telling_of_the_stop():
            _say_addresses(stage, _play(stage, report))
            while True:
                stage.check()
                time.sleep(LOOK_SECONDS)


def _play(stage: Stage, report: Report) -> Story:
    def heading(text: str) -> None:
        _say(f"{report.elapsed:4.0f} s  {text}")

    heading(f"Waitline runs at {stage.web_url}: web, two workers, a clock, SQLite, its own queue server.")
    story = Story(stage, Storyteller(report, heading, _say_fact, stage.check))
    try:
        story.play()
    except Ended:
        _say("\nThe story ends here: this did not come true in time.")
    except requests.RequestException as error:
        stage.check()
        raise Trouble(f"A call got no answer ({type(error).__name__}).") from error
    return story


def _say_addresses(stage: Stage, story: Story) -> None:
    (first, first_link), (second, second_link) = story.signin_links()
    rows = [
        (f"{first}: dashboard", first_link),
        (f"{second}: dashboard", second_link),
        (f"{first}: the store's admin", stage.shopify_url),
        (f"{second}: the store's admin", stage.woocommerce_url),
        ("Mailbox", stage.mailbox_url),
        ("What Waitline logs", str(stage.log)),
    ]
    widest = max(len(name) for name, _ in rows)
    _say("\nLook around; Ctrl-C stops everything. A sign-in link works once, within half an hour.")
    for name, where in rows:
        _say(f"  {name:<{widest}}  {where}")


def _web_port() -> int:
    given = os.environ.get("WAITLINE_PORT", "") or str(WEB_PORT)
    if not given.isascii() or not given.isdigit() or not 1 <= int(given) <= 65000:
        raise Trouble("WAITLINE_PORT must be a number from 1 to 65000.")
    return int(given)


@contextlib.contextmanager
def _telling_of_the_stop() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        _say("\nStopping everything that was started ...")
        raise


@contextlib.contextmanager
def _own_folder() -> Iterator[Path]:
    """An empty var/demo, ours alone. Only the log stays in it."""
    folder = (VAR / "demo").absolute()
    VAR.mkdir(exist_ok=True)
    with (VAR / "demo.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Trouble("The demo already runs in another terminal; stop it there with Ctrl-C first.") from None
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder / DATA, ignore_errors=True)


@contextlib.contextmanager
def _temporary_folder(interrupts: Interrupts) -> Iterator[Path]:
    with interrupts.held():
        folder = Path(tempfile.mkdtemp(prefix="demo-of-waitline-"))
    try:
        yield folder
    finally:
        with interrupts.held():
            shutil.rmtree(folder, ignore_errors=True)


def _say_fact(text: str) -> None:
    _say(textwrap.fill(text, WIDTH, initial_indent=" " * 8, subsequent_indent=" " * 10, break_on_hyphens=False))


def _say(text: str) -> None:
    print(text, flush=True)
