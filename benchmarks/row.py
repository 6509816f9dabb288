"""What a benchmark of the allocation prints."""

from dataclasses import dataclass

from benchmarks.long_queue import Count


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement. `ratio` is to the floor of the same run; 0 where there is none. In a peer's row Waitline's own
    pass stands in the place of the floor.
    """

    workload: str
    n: int
    engine: str
    ms: float
    floor_ms: float
    ratio: float
    statements: int
    rows_written: int

    @classmethod
    def of(cls, workload: str, n: int, engine: str, ms: float, floor: float, count: Count) -> "Row":
        """Rounded for reading."""
        ratio = round(ms / floor, 1) if floor else 0.0
        return cls(workload, n, engine, round(ms, 1), round(floor, 1), ratio, count.statements, count.rows)
