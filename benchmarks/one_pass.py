"""One pass in a process of its own: its peak of memory in megabytes. Arguments: database, store, units that came in."""

import resource
import sys
import tempfile
from pathlib import Path

from benchmarks.long_queue import Shelf, receive, world_of
from jobs import allocate as work


def main(url: str, store: int, units: int) -> None:
    """Everybody who waits for item 1 gets units."""
    with tempfile.TemporaryDirectory() as folder:
        world = world_of(url, Path(folder), Shelf({1: 0}, {1: units}))
        receive(world, store, {1: units})
        work.allocate(world, store)
        world.database.close()
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
