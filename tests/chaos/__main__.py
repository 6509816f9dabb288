"""`make chaos`: Waitline's real processes under a nemesis.

SECONDS= of faults in all (300), shared by the databases; DATABASE=sqlite, postgres or both; SEED= for the same order of
faults; SCENARIO= for one named scenario instead of all faults at once.
"""

import json
import os
import secrets
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from demo.interrupts import Interrupts
from tests.chaos.report import summary, told
from tests.chaos.scenarios import SCENARIOS
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
    wanted = os.environ.get("SCENARIO", "").upper()
    seed = int(os.environ.get("SEED", "") or secrets.randbelow(10**6))
    folder = Path(tempfile.mkdtemp(prefix="waitline-found-", dir="/tmp"))
    if wanted:
        return scenario(wanted, engines, folder)
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


def scenario(wanted: str, engines: tuple[str, ...], folder: Path) -> int:
    """Run one named scenario on each database. The names of all that it counted go into a file of the folder."""
    run = SCENARIOS.get(wanted)
    if run is None:
        sys.exit(f"SCENARIO is one of {', '.join(SCENARIOS)}.")
    failed = False
    for engine in engines:
        print(f"== {wanted} on {engine}: {run.about} ==", flush=True)
        seen = []
        for expectation in run.play(engine):
            seen.append(expectation)
            failed = failed or not expectation.holds
            print(f"{'ok   ' if expectation.holds else 'FAULT'}  {expectation.sentence}", flush=True)
            if not expectation.holds or len(expectation.names) <= SHOWN:
                for name in expectation.names:
                    print(f"       {name}", flush=True)
        file = folder / f"{wanted}-{engine}.json"
        file.write_text(json.dumps([asdict(each) for each in seen], indent=1))
        print(f"       The names of all that was counted are in {file}.", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    with Interrupts():
        sys.exit(main())
