"""`make test-postgres`: a PostgreSQL server of our own in a temporary folder, the tests on it, and its end.

Listens on a unix socket only. PostgreSQL refuses to run as root, so root hands it to the user `postgres` or `nobody`.
What follows on the command line goes to pytest.
"""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from tests.room import in_memory

BINARIES = Path("/usr/lib/postgresql")
INSTALL = ("apt-get", "install", "-y", "-qq", "--no-install-recommends", "postgresql")
ROOT = Path(__file__).parents[1]
WITHOUT_SERVER = ("app/test_up.py", "architecture", "backorder", "connectors", "demo", "domain", "jobs")
"""Tests, by their path in `tests`, that use no database, or an SQLite file whatever is served: once is enough."""

SETTINGS = ("listen_addresses=", "max_connections=200", "fsync=off")
"""fsync: what the tests write does not have to survive the machine."""


def server_binaries() -> Path | None:
    """The folder with the newest server's programs, or the one on the PATH."""
    versions = [path for path in BINARIES.glob("*/bin") if (path / "initdb").is_file()]
    if versions:
        return max(versions, key=lambda path: float(path.parent.name))
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


def install() -> None:
    """Install the server where this machine lets us."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        sys.exit("PostgreSQL's server programs are not there: install PostgreSQL, then run make test-postgres again.")
    print("Installing PostgreSQL, once.", flush=True)
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (("apt-get", "update", "-qq"), INSTALL):
        subprocess.run(command, env=environ, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def server_user() -> str | None:
    """Whom root hands the server to; `None` where we are not root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def test(binaries: Path, folder: Path, arguments: Sequence[str]) -> int:
    """Run the tests on a server in this folder; pytest's exit status."""
    user = server_user()
    if user is not None:
        shutil.chown(folder, user)
    data = folder / "data"

    def run(program: str, *options: str) -> None:
        subprocess.run(
            (str(binaries / program), *options),
            user=user,
            group=pwd.getpwnam(user).pw_gid if user else None,
            extra_groups=[] if user else None,
            cwd=folder,
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )

    run("initdb", "-D", str(data), "-U", "waitline", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
    options = " ".join(f"-c {setting}" for setting in (*SETTINGS, f"unix_socket_directories={folder}"))
    run("pg_ctl", "-D", str(data), "-w", "-l", str(folder / "log"), "-o", options, "start")
    try:
        url = f"postgresql://waitline@/postgres?host={quote(str(folder), safe='')}"
        environ: Mapping[str, str] = {**os.environ, "WAITLINE_TEST_DATABASE_URL": url}
        command = [sys.executable, "-m", "pytest", "-q", *(f"--ignore=tests/{path}" for path in WITHOUT_SERVER)]
        return subprocess.run([*command, *arguments], cwd=ROOT, env=environ, check=False).returncode
    finally:
        run("pg_ctl", "-D", str(data), "-m", "immediate", "stop")


def main() -> int:
    """The exit status of the tests."""
    # Asked to end, it ends by way of the `finally` blocks: no server stays behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    binaries = server_binaries()
    if binaries is None:
        install()
        binaries = server_binaries()
    if binaries is None:
        sys.exit("PostgreSQL was installed, and its server programs are not where they belong.")
    folder = Path(tempfile.mkdtemp(prefix="waitline-pg-", dir=in_memory() or "/tmp"))
    try:
        return test(binaries, folder, sys.argv[1:] or ["-n", "2"])
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main())
