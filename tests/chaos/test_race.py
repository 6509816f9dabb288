"""F-20, short: processes of their own allocate the last unit at the same moment."""

from pathlib import Path

from tests.chaos.scenarios.race import race


def test_of_several_processes_that_allocate_the_last_unit_one_gives_it_once(database_url: str, tmp_path: Path) -> None:
    found = race(database_url, tmp_path, processes=2, rounds=4)
    assert (found.holds, found.sentence) == (True, "2 processes, 4 rounds: 0 without one winner []")
