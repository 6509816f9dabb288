"""`make chaos`: Waitline's real processes under a nemesis.

SECONDS= of faults in all (300), shared by the databases; DATABASE=sqlite, postgres or both; SEED= for the same order of
faults; SCENARIO= for one named scenario instead of all faults at once, SCENARIO=all for each of them, one by one.
"""

import json
import os
import secrets
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import requests

from backorder.db.session import StorageError
from backorder.domain.errors import WaitlineError
from demo.interrupts import Interrupts
from tests.chaos.report import summary, told
from tests.chaos.scenarios import SCENARIOS
from tests.chaos.scenarios.expectation import FAULT, OK, SKIPPED, Expectation
from tests.chaos.storm import SHOWN, storm

SECONDS = 300.0
LEAST_ACKNOWLEDGED = 20_000
"""So many deliveries have to be acknowledged in a run of full length, of which none may be lost."""
ENGINES = {"sqlite": ("sqlite",), "postgres": ("postgres",), "both": ("sqlite", "postgres")}


def main() -> int:
    """The exit status: 1 where an expectation does not hold."""
    engines = ENGINES.get(os.environ.get("DATABASE", "") or "both")
    if engines is None:
        sys.exit(f"DATABASE is one of {', '.join(ENGINES)}.")
    asked = os.environ.get("SCENARIO", "").upper()
    wanted = list(SCENARIOS) if asked == "ALL" else [asked] if asked else []
    if unknown := set(wanted) - SCENARIOS.keys():
        sys.exit(f"There is no scenario {unknown.pop()}: SCENARIO is all, or one of {', '.join(SCENARIOS)}.")
    seed = int(os.environ.get("SEED", "") or secrets.randbelow(10**6))
    folder = Path(tempfile.mkdtemp(prefix="waitline-found-", dir="/tmp"))
    if wanted:
        return scenarios(wanted, engines, folder)
    in_all = float(os.environ.get("SECONDS", "") or SECONDS)
    seconds = in_all / len(engines)
    print(
        f"Faults for {seconds:g} s on each of: {', '.join(engines)}; then rest and the check. SEED={seed}", flush=True
    )
    results = []
    for engine in engines:
        results.append(storm(engine, seconds, seed, quiet=False))
        print(told(results[-1], folder), flush=True)
    acknowledged = sum(result.findings.acknowledged for result in results)
    few = in_all >= SECONDS and acknowledged < LEAST_ACKNOWLEDGED
    if few:
        print(f"FAULT: only {acknowledged} deliveries were acknowledged; under {LEAST_ACKNOWLEDGED} prove too little.")
    print(summary(results))
    return 1 if few or any(result.failures() for result in results) else 0


@dataclass(frozen=True, slots=True)
class Played:
    """A scenario that was played on one database."""

    scenario: str
    database: str
    seconds: int
    state: str
    """ok, FAULT, or SKIPPED where a part of it could not be tried here."""
    broken: str
    """What ended it before its end; empty for nothing."""
    skipped: tuple[str, ...]
    """What could not be tried, and why."""
    seen: tuple[Expectation, ...]

    def line(self) -> str:
        """It in one line."""
        faults = sum(not each.holds for each in self.seen)
        said = self.broken or (f"{faults} of {len(self.seen)} expectations do not hold" if faults else "")
        said = "; ".join([*([said] if said else []), *self.skipped])
        return f"{self.state:8}{self.scenario} {self.database:9}{self.seconds:5} s  {said}".rstrip()


def scenarios(wanted: Sequence[str], engines: Sequence[str], folder: Path) -> int:
    """Run scenarios on each database: what was expected, a line for each, and one line of JSON for programs."""
    played = [play(name, engine, folder) for engine in engines for name in wanted]
    print(*(each.line() for each in played), sep="\n")
    print(json.dumps([{k: v for k, v in asdict(each).items() if k != "seen"} for each in played]))
    return 1 if any(each.state == FAULT for each in played) else 0


def play(name: str, engine: str, folder: Path) -> Played:
    """Run one. The names of all that it counted go into a file of the folder. What it waits for and does not come, or
    whatever else ends it, is a fault of this one, and the next one begins.
    """
    print(f"== {name} on {engine}: {SCENARIOS[name].about} ==", flush=True)
    began = time.monotonic()
    seen: list[Expectation] = []
    broken = ""
    try:
        for expectation in SCENARIOS[name].play(engine):
            seen.append(expectation)
            print(f"{expectation.word:8}{expectation.sentence}", flush=True)
            if not expectation.holds or len(expectation.names) <= SHOWN:
                for each in expectation.names:
                    print(f"        {each}", flush=True)
    except (AssertionError, requests.RequestException, WaitlineError, StorageError) as error:
        broken = f"{type(error).__name__}: {error}"
        print(f"{FAULT:8}{broken}", flush=True)
    file = folder / f"{name}-{engine}.json"
    file.write_text(json.dumps([asdict(each) for each in seen], indent=1))
    print(f"        The names of all that was counted are in {file}.", flush=True)
    not_tried = tuple(each.sentence for each in seen if each.skipped)
    state = FAULT if broken or not all(each.holds for each in seen) else SKIPPED if not_tried else OK
    return Played(name, engine, round(time.monotonic() - began), state, broken, not_tried, tuple(seen))


if __name__ == "__main__":
    with Interrupts():
        sys.exit(main())
