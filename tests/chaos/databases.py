"""The databases of a run: an SQLite file on a disk that can be filled, or a PostgreSQL server that can be restarted."""

import os
import pwd
import shutil
import sqlite3
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg

from tests.postgres import server_binaries, server_user

SMALL_DISK = "192m"


class Sqlite:
    """An SQLite file."""

    name = "sqlite"

    def __init__(self, path: Path, *, small: bool) -> None:
        self.path = path
        self.small = small
        """Whether its disk is a small one of its own, which can be filled."""
        self.url = f"sqlite:///{path}"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Somebody else writes, from entering to leaving."""
        writer = sqlite3.connect(self.path, isolation_level=None, timeout=60, check_same_thread=False)
        try:
            writer.execute("BEGIN IMMEDIATE")
            yield
            writer.execute("ROLLBACK")
        finally:
            writer.close()

    def held(self) -> bool:
        """Whether somebody is in the middle of a transaction and does not come to its end for a second."""
        writer = sqlite3.connect(self.path, isolation_level=None, timeout=1)
        try:
            writer.execute("BEGIN IMMEDIATE")
            writer.execute("ROLLBACK")
        except sqlite3.OperationalError:
            return True
        finally:
            writer.close()
        return False

    @contextmanager
    def full(self) -> Iterator[None]:
        """Not a byte is left on its disk, from entering to leaving."""
        ballast = self.path.parent / "ballast"
        over = threading.Event()

        def fill() -> None:
            with ballast.open("ab", buffering=0) as file:
                while not over.is_set():
                    for size in (1 << 20, 4096, 1):
                        try:
                            while not over.is_set():
                                file.write(b"\0" * size)
                        except OSError:
                            # Full for this size; what others give back meanwhile is taken by the next round.
                            continue
                    over.wait(0.05)

        filler = threading.Thread(target=fill, daemon=True)
        filler.start()
        try:
            yield
        finally:
            over.set()
            filler.join()
            ballast.unlink()

    @contextmanager
    def read_only(self) -> Iterator[None]:
        """Nobody may write to its disk, from entering to leaving. Nobody has it open when this begins."""
        disk = str(self.path.parent)
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        try:
            yield
        finally:
            subprocess.run(["mount", "-o", "remount,rw", disk], check=True)

    def sound(self) -> bool:
        """Whether SQLite finds nothing wrong with the file."""
        with closing(sqlite3.connect(self.path)) as conn:
            return bool(conn.execute("PRAGMA integrity_check").fetchall() == [("ok",)])


@contextmanager
def sqlite(folder: Path) -> Iterator[Sqlite]:
    """A file in the folder; on a small disk in memory where this machine lets us mount one."""
    disk = folder / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SMALL_DISK},mode=0700", "waitline-chaos", str(disk)]
    small = os.geteuid() == 0 and subprocess.run(mount, capture_output=True, check=False).returncode == 0
    try:
        yield Sqlite(disk / "waitline.sqlite3", small=small)
    finally:
        if small:
            subprocess.run(["umount", "--lazy", str(disk)], check=True)


class Postgres:
    """A PostgreSQL server of our own on a unix socket."""

    name = "postgres"

    def __init__(self, binaries: Path, folder: Path) -> None:
        self._binaries = binaries
        self._folder = folder
        self._data = folder / "data"
        self._user = server_user()
        if self._user is not None:
            shutil.chown(folder, self._user)
        self.url = f"postgresql://waitline@/postgres?host={quote(str(folder), safe='')}"

    def _run(self, program: str, *options: str, check: bool = True) -> None:
        subprocess.run(
            (str(self._binaries / program), *options),
            user=self._user,
            group=pwd.getpwnam(self._user).pw_gid if self._user else None,
            extra_groups=[] if self._user else None,
            cwd=self._folder,
            check=check,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def start(self) -> None:
        """Start it over what is there."""
        # listen_addresses stays empty: nothing but this machine's own processes reaches it.
        options = f"-c listen_addresses= -c max_connections=200 -c unix_socket_directories={self._folder}"
        self._run("pg_ctl", "-D", str(self._data), "-w", "-l", str(self._folder / "log"), "-o", options, "start")

    def make(self) -> None:
        """Make an empty cluster and start it."""
        self._run("initdb", "-D", str(self._data), "-U", "waitline", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
        self.start()

    def held(self) -> bool:
        """Whether somebody is in the middle of a transaction and does nothing in it for a second."""
        lazy = "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction' AND state_change < %s"
        try:
            with psycopg.connect(self.url) as conn:
                began = conn.execute("SELECT clock_timestamp()").fetchone()
                time.sleep(1)
                found = conn.execute(lazy, began).fetchone()
        except psycopg.OperationalError:
            return False
        return bool(found and found[0])

    def stop(self) -> None:
        """Stop it as a crash does: every transaction at work is lost."""
        self._run("pg_ctl", "-D", str(self._data), "-m", "immediate", "-w", "stop", check=False)


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A server in a folder of its own. Raises FileNotFoundError where its programs are not installed."""
    binaries = server_binaries()
    if binaries is None:
        raise FileNotFoundError("PostgreSQL's server programs are not installed: DATABASE=sqlite does without them.")
    folder = Path(tempfile.mkdtemp(prefix="waitline-pg-", dir="/tmp"))
    server = Postgres(binaries, folder)
    try:
        server.make()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)
