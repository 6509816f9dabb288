"""Where tests keep their files: in memory where that has room, for waiting for a disk took half of their time.

What a test writes does not have to survive the machine.
"""

import shutil
from pathlib import Path

MEMORY = Path("/dev/shm")
LEAST = 4 * 2**30
"""Bytes that have to be free there."""


def in_memory() -> Path | None:
    """A folder in memory; none where the system has none, or little of it."""
    return MEMORY if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= LEAST else None
