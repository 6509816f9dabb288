"""The picture of a run: where a value lies, how names keep apart, and which rows become a curve."""

from xml.etree import ElementTree

import pytest

from benchmarks import plot
from benchmarks.long_queue import Count
from benchmarks.row import Row


def measured(workload: str, n: int, engine: str, ms: float, floor: float = 0) -> Row:
    return Row.of(workload, n, engine, ms, floor, Count())


def test_a_power_of_ten_lies_on_its_line_and_its_middle_in_between() -> None:
    assert [plot.placed(value, (1, 3), 300, 100) for value in (10, 100, 1_000)] == [300, 200, 100]
    assert plot.placed(10**1.5, (1, 2), 0, 10) == pytest.approx(5)


@pytest.mark.parametrize(
    ("values", "span"), [([12, 480], (1, 3)), ([100, 1_000], (2, 3)), ([1_000], (3, 4)), ([0.4, 3], (-1, 1))]
)
def test_the_axis_reaches_from_the_power_below_to_the_power_above(values: list[float], span: tuple[int, int]) -> None:
    assert plot.decades(values) == span


def test_names_that_would_cover_each_other_move_apart_and_stay_above_the_axis() -> None:
    assert plot.apart({"b": 102, "a": 100, "far": 20}, 15, 300) == {"far": 20, "a": 100, "b": 115}
    assert plot.apart({"a": 290, "b": 299}, 15, 300) == {"a": 285, "b": 300}


def test_the_curves_are_those_of_one_database_with_the_shorter_queue_first() -> None:
    rows = [
        measured("W1 all filled", 10_000, "sqlite", 900, 100),
        measured("W1 all filled", 1_000, "sqlite", 90, 10),
        measured("W1 all filled, again (W4)", 1_000, "sqlite", 15),
        measured("W2 half filled", 1_000, "sqlite", 60, 8),
        measured("W3 50 units", 1_000, "sqlite", 40),
        measured("W3 50 units", 1_000, "postgresql", 70),
        measured("peer: Tryton 8.2 assigns, all filled", 1_000, "sqlite", 5_000, 90),
    ]
    assert plot.curves(rows, "sqlite") == {
        "all filled": [(1_000, 90), (10_000, 900)],
        "floor": [(1_000, 10), (10_000, 100)],
        "nothing new": [(1_000, 15)],
        "50 units": [(1_000, 40)],
        "Tryton 8.2": [(1_000, 5_000)],
    }


def test_every_curve_is_named_in_the_panel_of_its_database() -> None:
    rows = [
        measured("W1 all filled", 1_000, "sqlite", 90, 20),
        measured("W3 50 units", 1_000, "postgresql", 70),
    ]
    texts = ElementTree.fromstring(plot.picture(rows)).iter("{http://www.w3.org/2000/svg}text")
    words = [text.text for text in texts if text.get("font-weight") == "600"]
    assert words == ["SQLite", "all filled", "floor", "PostgreSQL", "50 units"]


def test_a_run_without_a_filled_queue_is_no_picture() -> None:
    with pytest.raises(ValueError, match=r"^There is nothing to draw"):
        plot.picture([measured("W6 8 workers x 25 receipts", 10_000, "sqlite", 400)])
