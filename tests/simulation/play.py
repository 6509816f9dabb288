"""Plays one seed: its steps, the checks after each, the rest at the end; and shortens what fails."""

import json
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.simulation.acts import BESIDES, MEANWHILE, STEPS
from tests.simulation.besides import open_besides
from tests.simulation.box import Box, Violation
from tests.simulation.checks import Checks
from tests.simulation.farewell import farewell
from tests.simulation.merchant import open_shop
from tests.simulation.planting import Reach
from tests.simulation.rest import Rest
from tests.simulation.staged import STAGED
from tests.simulation.ways import FEWER, OTHERS, PRESSES, ways_of
from tests.simulation.weather import Chances

STEPS_A_SEED = 400
Fault = Callable[[], AbstractContextManager[Reach | None]]


@dataclass(frozen=True, slots=True)
class Move:
    """One step: what kind, and the seed of its die."""

    kind: str
    seed: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended."""

    seed: int
    moves: Sequence[Move]
    steps: int
    trace_hash: str
    trace: Sequence[str]
    violation: str = ""
    reached: frozenset[str] = frozenset()
    """Where a planted fault was met."""


def moves_of(seed: int, steps: int = STEPS_A_SEED, *, ways: bool | None = None) -> list[Move]:
    """The steps of a seed. In a world where more is done there are steps of that among them, by a die of their own.
    `ways`: whether it is such a world; as the seed says, unless told otherwise.
    """
    die, other = Random(f"moves {seed}"), Random(f"more moves {seed}")
    kinds = list(STEPS)
    weights = [STEPS[kind][0] for kind in kinds]
    moves = [Move(die.choices(kinds, weights)[0], f"{seed}/{at}") for at in range(steps)]
    if not ways_of(seed, asked=ways):
        return moves
    # Each step does more there: a world is to take no longer than others.
    moves = moves[: int(steps * FEWER)]
    for at in range(len(moves)):
        kind = other.choices(("", "packs", "besides"), (1 - PRESSES - OTHERS, PRESSES, OTHERS))[0]
        if kind:
            moves[at] = Move(kind, f"{seed}/{kind} {at}")
    return moves


def play(
    seed: int,
    moves: Sequence[Move],
    template: Path,
    fault: Fault = nullcontext,
    *,
    rich: bool | None = None,
    pair: str | None = None,
    weather: Chances | None = None,
    queues: bool | None = None,
    ways: bool | None = None,
) -> Outcome:
    """Play these steps in the world of this seed, and let it come to rest. `rich`: whether merchants use every policy,
    `pair`: which shops there are, `weather`: how much goes wrong, `queues`: whether each has workers of its own,
    `ways`: whether merchants have more done than usual; all as the seed says, unless told otherwise.
    """
    with fault() as reach:
        box = Box(seed, template, rich=rich, pair=pair, weather=weather, queues=queues, ways=ways_of(seed, asked=ways))
        checks = Checks(box)
        rest = Rest(box, checks)
        done, violation = 0, ""
        try:
            with checks.given.replayed.watching():
                _prepare(box, checks)
                for move in moves:
                    _step(box, checks, move)
                    done += 1
                rest.come()
                farewell(box)
        except Violation as found:
            violation = str(found)
        except Exception as error:  # noqa: BLE001 - whatever escapes from a step is what the run is there to find
            violation = f"{type(error).__name__} escaped: {error}"
            box.tell(_where(error))
        finally:
            box.close()
    reached = frozenset(reach.places) if reach is not None else frozenset()
    return Outcome(seed, moves, done, box.trace_hash, box.trace, violation, reached)


def _where(error: BaseException) -> str:
    at = error.__traceback__
    lines = []
    while at is not None:
        lines.append(f"{at.tb_frame.f_code.co_filename.rpartition('/')[2]}:{at.tb_lineno}")
        at = at.tb_next
    return " > ".join(lines[-12:])


def _prepare(box: Box, checks: Checks) -> None:
    box.watching = checks.committing
    box.reading = checks.taken
    box.calling = checks.calling
    box.answered = checks.access.answered

    def meanwhile(die: Random) -> None:
        kind = die.choice((*MEANWHILE, *BESIDES) if box.ways else MEANWHILE)
        _look_at_modes(box)
        # What was just taken into the book counts in what is there, until the next act changes it again.
        checks.sample()
        box.tell(f"meanwhile {kind}: {STEPS[kind][1](box, Random(die.random()))}")
        checks.sample()
        _look_at_modes(box)

    box.act_meanwhile = meanwhile
    if box.rich:
        open_shop(box, Random(f"choices {box.seed}"))
    open_besides(box)


def _step(box: Box, checks: Checks, move: Move) -> None:
    box.may_act.clear()
    box.step_began = box.now
    box.chance_of_step = Random(f"step {move.seed}")
    _look_at_modes(box)
    step = STAGED.get(move.kind) or STEPS[move.kind][1]
    told = step(box, Random(move.seed))
    box.tell(f"{move.kind}: {told}")
    _look_at_modes(box)
    checks.after_step()


def _look_at_modes(box: Box) -> None:
    """Note who may be written to: whoever was on at any time during a step may have been."""
    told = {row[0]: row[1:] for row in box.sql.execute("SELECT id, mode, policy FROM stores")}
    for site in box.sites:
        mode, policy = told[box.ids[site.name]]
        choices = json.loads(policy)
        free = mode == "on" and not choices["paused"]
        box.may_act[site.name] = box.may_act.get(site.name, False) or free
        for kind in ("backordered", "allocated"):
            takes = kind == "allocated" or choices["accept_backorders"]
            if free and takes and kind in choices["notices"]:
                box.telling.setdefault((site.name, kind), box.now)
            else:
                box.telling.pop((site.name, kind), None)


QUIET = ("begin", "commit", "committed", "statement", "answer", "mailed")


def readable(trace: Sequence[str]) -> list[str]:
    """A trace without what goes without saying."""
    return [line for line in trace if line.rpartition(" ")[2] not in QUIET and " ring " not in line]


def shorten(outcome: Outcome, template: Path, fault: Fault = nullcontext, seconds: float = 60.0) -> Outcome:
    """The shortest run with the same kind of failure that is found in that time: steps are left out, many, then few."""
    best = outcome
    kind = _kind(outcome.violation)
    until = time.monotonic() + seconds
    size = max(1, outcome.steps // 2)
    moves = list(outcome.moves[: outcome.steps + 1])
    while size and time.monotonic() < until:
        at = 0
        while at < len(moves) and time.monotonic() < until:
            fewer = moves[:at] + moves[at + size :]
            found = play(outcome.seed, fewer, template, fault)
            if found.violation and _kind(found.violation) == kind:
                best, moves = found, list(fewer[: found.steps + 1])
            else:
                at += size
        size //= 2
    return best


def _kind(violation: str) -> str:
    """Two violations are alike when they differ in numbers only."""
    return "".join(char for char in violation if char.isalpha())[:60]
