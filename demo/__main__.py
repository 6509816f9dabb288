"""`make demo`: two stand-in stores and a story to watch. With ONCE=1 it ends by itself and leaves a report."""

import sys
from importlib import import_module


def main() -> int:
    """Run it. Loading the rest takes a moment in which Ctrl-C is to be met with a sentence, too."""
    try:
        return int(import_module("demo.play").main())
    except KeyboardInterrupt:
        print("Stopped; nothing was started yet.")
        return 130


if __name__ == "__main__":
    sys.exit(main())
