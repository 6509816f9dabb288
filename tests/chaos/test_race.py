"""F-19, F-20 and F-22, short: processes of their own are at one thing in the same moment."""

from pathlib import Path

from tests.chaos.scenarios.cancelling import mixed
from tests.chaos.scenarios.race import race
from tests.chaos.scenarios.tokens import renewals


def test_of_several_processes_that_allocate_the_last_unit_one_gives_it_once(database_url: str, tmp_path: Path) -> None:
    found = race(database_url, tmp_path, processes=2, rounds=4)
    assert (found.holds, found.sentence) == (True, "2 processes, 4 rounds: 0 without one winner []")


def test_of_several_processes_whose_token_is_refused_one_renews_it(database_url: str, tmp_path: Path) -> None:
    found = list(renewals(database_url, tmp_path, processes=2, rounds=3, kills=0))
    assert [each.sentence for each in found if not each.holds] == []


def test_an_order_that_many_cancel_while_staff_ships_it_has_one_outcome(database_url: str, tmp_path: Path) -> None:
    found = list(mixed(database_url, tmp_path, rounds=3, people=2))
    assert [each.sentence for each in found if not each.holds] == []
