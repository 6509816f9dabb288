"""What the demo writes down: for each step what was told, what was expected and what really showed."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

Facts = Mapping[str, Any]
"""Anything that JSON can hold, by the name of what it is about."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the story."""

    step: str
    told: Sequence[str]
    expected: Facts
    found: Facts

    @property
    def agrees(self) -> bool:
        """Whether everything showed as it was to be."""
        return self.found == self.expected


@dataclass
class Report:
    """The steps so far, and the times in seconds since the demo began."""

    began: float = field(default_factory=time.monotonic)
    steps: list[Step] = field(default_factory=list)
    first_allocation: float | None = None
    story_began: float | None = None
    ended: float | None = None

    @property
    def elapsed(self) -> float:
        """Seconds since the demo began."""
        return time.monotonic() - self.began

    @property
    def agrees(self) -> bool:
        """Whether the story was told to its end and every step agreed."""
        return self.ended is not None and all(step.agrees for step in self.steps)

    def write(self, path: Path, log: str = "") -> None:
        """Save it as JSON; with the end of Waitline's log where something did not agree."""
        told: dict[str, Any] = {
            "agrees": self.agrees,
            "seconds": round(self.ended if self.ended is not None else self.elapsed, 1),
            "first_allocation_seconds": _rounded(self.first_allocation),
            "story_seconds": _rounded(
                None if self.ended is None or self.story_began is None else self.ended - self.story_began
            ),
            "steps": [{**asdict(step), "agrees": step.agrees} for step in self.steps],
        }
        if not self.agrees:
            told["log"] = log.splitlines()[-60:]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n")


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)
