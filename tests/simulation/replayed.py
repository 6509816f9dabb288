"""A pass decides what `allocate()` decides on what the pass was given, and was given what the tables say.

`allocate()` itself is held against its rules in `tests/domain`; here nothing on the way from the tables to it and back
may change what it says.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from sqlalchemy import Connection

from backorder.domain.allocation import Binding, Demand, Supply, allocate
from backorder.domain.supply import Pool, Units
from jobs import plan
from tests.simulation.box import Box, Violation
from tests.simulation.happened import Actor
from tests.simulation.rules import SCALE
from tests.simulation.within import within

ASKS = (
    "SELECT order_id, line_id, item, location, outstanding, allocated, firm, NOT decided FROM parts WHERE store_id = ?"
)
MADE = (
    "SELECT order_id, line_id, item, location, before, allocated, firm, rule, overtook, on_hand FROM decisions "
    "WHERE id > (SELECT COALESCE(MAX(id), 0) - :new FROM decisions) ORDER BY id"
)
LEASE = "allocate:"


@dataclass(frozen=True, slots=True)
class _Pass:
    """What one pass was given."""

    demand: Sequence[Demand]
    supply: Mapping[Pool, Supply]
    binding: Binding
    how: Mapping[str, Any]

    def right(self) -> list[tuple[object, ...]]:
        """The rows of decisions that follow from it."""
        return [
            (
                *_key(made.demand),
                *(_kept(units) for units in (made.demand.allocated, made.allocated, made.firm)),
                *(made.rule.value, made.overtook, _kept(self.supply[made.demand.pool].units)),
            )
            for made in allocate(self.demand, self.supply, self.binding, **self.how).decisions
        ]


def _key(part: Demand) -> tuple[int, int, int, int]:
    return part.turn.order_id, part.turn.line_id, part.pool.item, part.pool.location


def _kept(units: Units) -> int:
    return int(units * SCALE)


class Replayed:
    """Remembers what each pass was given until it saves what it decided."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._passes: dict[str, _Pass] = {}

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Note what passes are given. Who decides in the place of `allocate()` stays: it may be a planted fault."""
        decides = plan.allocate

        def noted(demand: Sequence[Demand], supply: Mapping[Pool, Supply], binding: Binding, **how: Any) -> Any:
            actor = self._box.actors[-1] if self._box.actors else None
            for lease in actor.leases if actor else ():
                if actor and lease.startswith(LEASE):
                    self._as_kept(int(lease.removeprefix(LEASE)), demand)
                    self._passes[actor.name] = _Pass(tuple(demand), supply, binding, how)
            return decides(demand, supply, binding, **how)

        with patch.object(plan, "allocate", noted):
            yield

    def _as_kept(self, store_id: int, demand: Sequence[Demand]) -> None:
        """What each line has and is owed is what the tables said before the pass."""
        kept = {tuple(row[:4]): tuple(row[4:]) for row in self._box.sql.execute(ASKS, (store_id,))}
        for part in demand:
            units = (*(_kept(units) for units in (part.outstanding, part.allocated, part.firm)), int(part.first_pass))
            if kept.get(_key(part)) != units:
                raise Violation(f"A pass took {_key(part)} for {units}, and it is {kept.get(_key(part))}.")

    def committing(self, conn: Connection, actor: Actor, new: int) -> None:
        """Before a transaction with so many new decisions is committed."""
        given = self._passes.pop(actor.name, None)
        if given is None:
            return
        right = given.right()
        # What is made firm in the same transaction, because the store lets all of it ship, stands behind.
        made = [tuple(row) for row in within(conn, MADE, {"new": new})][: len(right)] if new else []
        if made != right:
            wrong = next(((a, b) for a, b in zip(right, made, strict=False) if a != b), (right, made))
            raise Violation(f"A pass decided otherwise than allocate() does: {wrong[0]} became {wrong[1]}.")
