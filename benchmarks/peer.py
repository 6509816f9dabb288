"""Tryton's job that assigns stock to waiting shipments, on the same lines: a peer that everybody can install.

Tryton is under the GNU General Public License, version 3, and is no part of Waitline and no dependency of it: no lock
names it, nothing of it is imported or shipped. Whoever asks for it (PEER=1) installs it from the package index into an
environment of its own, `.venv-peer`, where `benchmarks/peer_tryton.py` runs as a program of its own.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from benchmarks.long_queue import Count, lines
from benchmarks.row import Row

PINNED = ("trytond[postgresql]==8.2.1", "trytond-stock==8.2.1", "psycopg[binary]==3.3.9")
HOME = Path(__file__).parents[1] / ".venv-peer"
PROGRAM = Path(__file__).with_name("peer_tryton.py")
LARGEST = 1_000
"""The longest queue that is played: a trial of it takes Tryton half a minute with what has to be there before."""
MOST_TRIALS = 3
DATABASE = "peer"


class NotInstalledError(Exception):
    """The peer is not there and could not be installed."""


def installed() -> Path:
    """The interpreter of the peer's environment, which is made where it is missing or holds other versions."""
    python, stamp, wanted = HOME / "bin" / "python", HOME / "installed", "\n".join(PINNED)
    if stamp.exists() and stamp.read_text() == wanted:
        return python
    print(f"Installing {', '.join(PINNED)} into {HOME.name}, once.", file=sys.stderr)
    shutil.rmtree(HOME, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(HOME)], check=True)
    pip = [str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-input"]
    tried = subprocess.run([*pip, "--only-binary", ":all:", *PINNED], check=False, capture_output=True, text=True)
    if tried.returncode:
        why = next((line for line in reversed(tried.stderr.splitlines()) if line.startswith("ERROR: ")), "ERROR: ?")
        raise NotInstalledError(f"The peer is left out, pip could not install it: {why.removeprefix('ERROR: ')}")
    stamp.write_text(wanted)
    return python


def beside(python: Path, url_of: Callable[[Path], str], ours: Row, trials: int) -> Row:
    """The peer's median on the same lines and kind of database; its ratio is to Waitline's row."""
    with tempfile.TemporaryDirectory() as folder:
        version, took = _played(python, url_of(Path(folder)), Path(folder), ours.n, min(trials, MOST_TRIALS))
    series = ".".join(version.split(".")[:2])
    return Row.of(f"peer: Tryton {series} assigns, all filled", ours.n, ours.engine, took, ours.ms, Count())


def _played(python: Path, url: str, folder: Path, count: int, trials: int) -> tuple[str, float]:
    """Tryton's version, and the median of its milliseconds."""
    if url.startswith("sqlite"):
        url = "sqlite://"
        (folder / f"{DATABASE}.sqlite").touch()
    else:
        with psycopg.connect(url, autocommit=True) as conn:
            conn.execute(f"DROP DATABASE IF EXISTS {DATABASE}")
            conn.execute(f"CREATE DATABASE {DATABASE}")
        # Tryton puts the name of the database in there itself.
        url = urlsplit(url)._replace(path="").geturl()
    in_turn = sorted(lines(count), key=lambda line: (line.time, line.order, line.id))
    today = max(line.time for line in in_turn).date()
    wanted = [((today - line.time.date()).days, line.units) for line in in_turn]
    answer = subprocess.run(
        [str(python), "-I", str(PROGRAM)],
        env={**os.environ, "TRYTOND_DATABASE_URI": url, "TRYTOND_DATABASE__PATH": str(folder)},
        input=json.dumps({"database": DATABASE, "trials": trials, "wanted": wanted}),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    told = json.loads(answer.stdout)
    return told["version"], statistics.median(told["ms"])
