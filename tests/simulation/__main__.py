"""`make simulate`: as many fresh seeds as the time allows, and some planted faults that must be caught.

SEED=n           replay one seed and print its trace
SEEDS=n          that many fresh seeds instead of as many as SECONDS (default 360) allow, which are at least 150
FAULT=name       play with a planted fault until a seed catches it (exit 1), at most SEEDS (default 300)
FAULTS=all|n     after the fresh seeds: every planted fault, or n of the quick ones in rotation (default 3)
LIST=1           name the planted faults

In half of the worlds merchants use every policy, in the others they keep to a few.

Each state of the files that a world is made of has fresh seeds and planted faults of its own: whoever runs it twice
plays the same ones.

The last line is JSON.
"""

import hashlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import structlog

from backorder.db.session import migrate
from tests import compiled
from tests.simulation.faults import FAULTS, QUICK
from tests.simulation.play import STEPS_A_SEED, Move, Outcome, moves_of, play, shorten
from tests.simulation.weather import STORM

PROCESSES = 2
MADE_OF = ("app", "backorder", "connectors", "jobs", "demo", "tests/simulation")
"""The folders whose files decide what happens in a world. Words elsewhere give no other seeds."""
NOT_YET = (
    "one store's load beside another's (`make chaos` has it)",
    "taking out of a store what is ours before it is left (`tests/story` has it)",
    "a product's switch that a person turns back (`tests/story` has it)",
    "numbers that a merchant counted and typed (`tests/domain` has them)",
)
"""What the checks do not see, so that nobody believes they do."""
SEEDS_A_FAULT = 300
LEAST_SEEDS = 150
FRESH_SECONDS = 360.0
PATIENCE = 30
"""Seeds after which a fault that none of them ever met is given up: it is planted where nobody goes."""
MORE = 15
"""So often a step is played of the kind that a fault asks for; where much goes wrong, that all that is due is worked
off while writes fail.
"""
MOST_TIMES = 2
"""A slow machine takes so many times as long for the least seeds, and no longer."""


def main() -> int:
    """Run what the environment asks for; 0 where all is as it should be."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    compiled.keep()
    asked = os.environ
    with tempfile.TemporaryDirectory(prefix="waitline-simulation-") as folder:
        template = Path(folder) / "waitline.db"
        migrate(f"sqlite:///{template}")
        if asked.get("LIST"):
            for name, fault in FAULTS.items():
                print(f"{name:34} {fault.sentence}")
            return 0
        if asked.get("FAULT"):
            return _one_fault(asked["FAULT"], int(asked.get("SEEDS") or SEEDS_A_FAULT), template)
        if asked.get("SEED"):
            return _replay(int(asked["SEED"]), template)
        return _everything(template)


def _replay(seed: int, template: Path) -> int:
    outcome = play(seed, moves_of(seed), template)
    print("\n".join(outcome.trace))
    again = play(seed, moves_of(seed), template)
    print(f"seed {seed}: {outcome.steps} steps, trace {outcome.trace_hash}, again {again.trace_hash}")
    if outcome.trace_hash != again.trace_hash:
        print("The two runs differ: something in them is left to chance.")
        return 1
    if outcome.violation:
        print(outcome.violation)
        _tell_short(shorten(outcome, template))
    return int(bool(outcome.violation))


def _tell_short(short: Outcome) -> None:
    print(f"\nThe shortest run found, {len(short.moves)} steps: {[(move.kind, move.seed) for move in short.moves]}")
    print("\n".join(short.trace))
    print(short.violation)


def _one_fault(name: str, seeds: int, template: Path) -> int:
    if name not in FAULTS:
        print(f"There is no planted fault {name!r}. LIST=1 names them.")
        return 2
    hunt = _hunt(name, seeds, template)
    print(hunt)
    return int(bool(hunt.caught))


@dataclass
class _Hunt:
    """How a planted fault fared."""

    name: str
    seeds: int = 0
    caught: int = 0
    """The seed that caught it; 0 for none."""
    how: str = ""
    reached: set[str] = field(default_factory=set)
    """Where it was met."""
    by_itself: list[int] = field(default_factory=list)
    """Seeds that fail without the fault too."""

    def __str__(self) -> str:
        alone = f" Seeds {self.by_itself} fail without it." if self.by_itself else ""
        if self.caught:
            return f"{self.name} was caught by seed {self.caught} {self.how}{alone}"
        if not self.reached:
            return f"{self.name} was NEVER REACHED in {self.seeds} seeds: nobody comes by where it is planted.{alone}"
        missed = sorted(FAULTS[self.name].plant.places - self.reached)
        never = f" Never reached: {', '.join(missed)}." if missed else ""
        return f"{self.name} SURVIVED {self.seeds} seeds.{never}{alone}"


def _hunt(name: str, seeds: int, template: Path) -> _Hunt:
    """Play with a planted fault until a seed catches it. An error that escapes says that it is badly planted, not that
    it is seen.
    """
    hunt, fault = _Hunt(name), FAULTS[name]
    for seed in range(1, seeds + 1):
        world = partial(
            play,
            seed,
            _with_more(seed, fault.more or ("gale" if fault.stormy else ""), ways=fault.ways),
            template,
            pair=fault.pair,
            rich=fault.rich,
            weather=STORM if fault.stormy else fault.weather,
            queues=True if fault.stormy else None,
            ways=fault.ways,
        )
        outcome = world(fault=fault.plant)
        hunt.seeds = seed
        hunt.reached |= outcome.reached
        if outcome.violation and "escaped" not in outcome.violation:
            # A world that fails without the fault has not seen it.
            if not world().violation:
                hunt.caught, hunt.how = seed, f"after {outcome.steps} steps: {outcome.violation}"
                break
            hunt.by_itself.append(seed)
        if seed == PATIENCE and not hunt.reached:
            break
    return hunt


def _with_more(seed: int, kind: str, *, ways: bool) -> list[Move]:
    """The steps of a seed; after every so many of them one of that kind."""
    moves = moves_of(seed, ways=ways)
    if not kind:
        return moves
    each = len(moves) // MORE
    return [
        move
        for at in range(0, len(moves), each)
        for move in (*moves[at : at + each], Move(kind, f"{seed}/{kind} {at}"))
    ]


@dataclass
class _Tally:
    """What the fresh seeds gave."""

    seeds: int = 0
    steps: int = 0
    seconds: float = 0.0
    failures: list[Outcome] = field(default_factory=list)
    caught: dict[str, int] = field(default_factory=dict)
    survived: list[str] = field(default_factory=list)
    never_reached: list[str] = field(default_factory=list)


def _everything(template: Path) -> int:
    tally = _Tally()
    first = _first_seed()
    rotated = _rotated(first)
    with ProcessPoolExecutor(PROCESSES, initializer=_quiet) as pool:
        _fresh(pool, first, template, tally)
        for hunt in pool.map(_catch, rotated, [str(template)] * len(rotated)):
            print(hunt)
            if hunt.caught:
                tally.caught[hunt.name] = hunt.caught
            else:
                (tally.survived if hunt.reached else tally.never_reached).append(hunt.name)
    for outcome in tally.failures[:3]:
        print(f"\nSeed {outcome.seed} fails after {outcome.steps} steps: {outcome.violation}")
        _tell_short(shorten(outcome, template))
    too_few = tally.seeds < LEAST_SEEDS and not os.environ.get("SEEDS")
    if too_few:
        print(f"Only {tally.seeds} seeds were played; {LEAST_SEEDS} are asked for.")
    told = {
        "seeds": tally.seeds,
        "steps": tally.steps,
        "per_second": round(tally.steps / max(tally.seconds, 0.001)),
        "failures": len(tally.failures),
        "failed_seeds": [outcome.seed for outcome in tally.failures],
        "faults_caught": len(tally.caught),
        "faults_run": len(rotated),
        "seeds_to_catch": tally.caught,
        "survived": tally.survived,
        "never_reached": tally.never_reached,
    }
    print(f"Not checked here: {'; '.join(NOT_YET)}.")
    print(json.dumps(told))
    return int(bool(tally.failures or tally.survived or tally.never_reached or too_few))


def _first_seed() -> int:
    """One for each state of what a world is made of, as it is in Git, so that a failure elsewhere can be repeated; else
    a new one.
    """
    git = shutil.which("git")
    asked = ("rev-parse", *(f"HEAD:{folder}" for folder in MADE_OF))
    told = subprocess.run([git, *asked], capture_output=True, text=True, check=False) if git else None
    if told is None or told.returncode:
        return secrets.randbelow(10**9)
    return int(hashlib.sha256(told.stdout.encode()).hexdigest()[:7], 16) * 1000


def _rotated(first: int) -> list[str]:
    """The planted faults of this run: all, or a few of the quick ones, others each time."""
    asked = os.environ.get("FAULTS", "3")
    if asked == "all":
        return list(FAULTS)
    names = QUICK
    return [
        names[(first // 1000 + at * (len(names) // 3 or 1)) % len(names)] for at in range(min(int(asked), len(names)))
    ]


def _fresh(pool: ProcessPoolExecutor, first: int, template: Path, tally: _Tally) -> None:
    began = time.monotonic()
    fixed = int(os.environ.get("SEEDS") or 0)
    until = began + (float(os.environ.get("SECONDS") or FRESH_SECONDS) if not fixed else 1e9)
    print(f"Fresh seeds from {first} on, {STEPS_A_SEED} steps each; repeat one with: make simulate SEED=n")
    seeds = iter(range(first, first + (fixed or 10**6)))
    running: set[Future[Outcome]] = {pool.submit(_play, seed, str(template)) for seed in _some(seeds, PROCESSES * 2)}
    while running:
        done, running = wait(running, return_when=FIRST_COMPLETED)
        for future in done:
            outcome = future.result()
            tally.seeds += 1
            tally.steps += outcome.steps
            if outcome.violation:
                tally.failures.append(outcome)
                print(f"seed {outcome.seed} FAILED after {outcome.steps} steps: {outcome.violation}")
        few = not fixed and tally.seeds < LEAST_SEEDS and time.monotonic() < began + MOST_TIMES * (until - began)
        if (few or time.monotonic() < until) and len(tally.failures) < 10:
            running |= {pool.submit(_play, seed, str(template)) for seed in _some(seeds, len(done))}
    tally.seconds = time.monotonic() - began


def _some(seeds: Iterator[int], count: int) -> list[int]:
    return [seed for _, seed in zip(range(count), seeds, strict=False)]


def _quiet() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))


def _play(seed: int, template: str) -> Outcome:
    outcome = play(seed, moves_of(seed), Path(template))
    # A trace is long, and only that of a failure is looked at.
    kept = outcome.trace if outcome.violation else ()
    return Outcome(seed, outcome.moves, outcome.steps, outcome.trace_hash, kept, outcome.violation)


def _catch(name: str, template: str) -> _Hunt:
    return _hunt(name, SEEDS_A_FAULT, Path(template))


if __name__ == "__main__":
    sys.exit(main())
