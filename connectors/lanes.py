"""At most so many calls to one store at a time, in all processes of this machine: small hosts stand no more.

A lane is a locked file. The system gives it back when its holder dies, and nobody has to ask the database before a
call. Machines do not know of each other's.
"""

import fcntl
import hashlib
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from backorder.domain.errors import TemporaryFailure

PATIENCE_SECONDS = 4.0
"""With the longest call behind it this is still less than a lease lasts, which was renewed before."""
LOOK_SECONDS = 0.02
FULL_SECONDS = 5.0


@contextmanager
def lane(folder: Path, store: str, at_once: int) -> Iterator[None]:
    """One of the store's lanes for the length of a block. Raises TemporaryFailure where none comes free in time."""
    folder.mkdir(parents=True, exist_ok=True)
    name = hashlib.sha256(store.encode()).hexdigest()[:32]
    until = time.monotonic() + PATIENCE_SECONDS
    with ExitStack() as opened:
        files = [opened.enter_context((folder / f"{name}.{number}").open("ab")) for number in range(at_once)]
        while not any(_taken(file) for file in files):
            if time.monotonic() > until:
                raise TemporaryFailure("Other calls to the store take all the time it has for us.", FULL_SECONDS)
            time.sleep(LOOK_SECONDS)
        yield


def _taken(file: IO[bytes]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
