"""How long to leave alone whoever failed. Chance is passed in: who failed together must not come back together."""

SPREAD = 0.25
"""Share of a wait that was asked for, over which those who were asked spread behind it."""


def wait_seconds(failures: int, *, first: float, most: float, chance: float, at_least: float = 0.0) -> float:
    """Seconds after so many earlier failures in a row: any time up to one that begins with `first` and doubles with
    each failure to `most`, but never less than was asked for (`at_least`). `chance`, from 0 to 1, says where between.
    """
    longest = min(most, first * 2.0 ** min(failures, 40))
    return at_least + chance * max(longest - at_least, at_least * SPREAD)


def asked_for(seconds: float, chance: float) -> float:
    """Seconds where nothing failed, and when to come again was told: not before that, and not all at once."""
    return wait_seconds(0, first=0.0, most=0.0, chance=chance, at_least=seconds)
