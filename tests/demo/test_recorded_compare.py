"""The judge of a replay: it must neither let a wrong figure pass nor complain where the recording settles nothing."""

from typing import Any

import pytest

from demo.replay.recorded_compare import differences

POOL = {"pool": 11, "on_hand": "5", "outstanding": "9", "waiting": "4"}
LINE = {"order": 20, "line": 2, "pool": 11, "outstanding": "4", "allocated": "2", "waiting": "2"}
IDLE = {**LINE, "order": 21, "outstanding": "0", "allocated": "0", "waiting": "0"}
RIGHT = {"pools": [POOL, {"pool": None, "kind": "none", "products": [14]}], "lines": [LINE]}


def rows(pool: dict[str, Any] | None = None, line: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"pools": [{**POOL, **(pool or {})}], "lines": [{**LINE, **(line or {})}]}


def test_equal_rows_agree_however_the_units_are_written() -> None:
    assert differences(RIGHT, rows({"on_hand": "5.0000"}, {"waiting": "2.0"})) == []


@pytest.mark.parametrize("figure", ["on_hand", "outstanding", "waiting"])
def test_each_figure_of_a_pool_counts(figure: str) -> None:
    assert differences(RIGHT, rows({figure: "99"})) == [f"pool 11: {figure} is 99, expected {POOL[figure]}"]


@pytest.mark.parametrize("figure", ["pool", "outstanding", "allocated", "waiting"])
def test_each_figure_of_a_line_counts(figure: str) -> None:
    assert differences(RIGHT, rows(line={figure: 99})) == [f"order 20 line 2: {figure} is 99, expected {LINE[figure]}"]


def test_missing_and_surplus_lines_are_told() -> None:
    assert differences(RIGHT, {"pools": [POOL], "lines": [{**LINE, "order": 30}]}) == [
        "order 20 line 2: missing, 4 outstanding",
        "order 30 line 2: not expected, 4 outstanding",
    ]


def test_rows_with_nothing_outstanding_may_be_missing_on_either_side() -> None:
    assert differences({**RIGHT, "lines": [LINE, IDLE]}, rows()) == []
    assert differences(RIGHT, {"pools": [POOL], "lines": [LINE, IDLE]}) == []


@pytest.mark.parametrize(
    "undetermined",
    [
        {"pools": [11], "why": "the shop was changed in between"},
        {"pools": [{"pool": 11, "why": "?"}], "lines": []},
        [{"pool": 11, "reason": "?"}],
    ],
)
def test_a_pool_that_the_recording_does_not_settle_is_left_out_with_its_lines(undetermined: Any) -> None:
    right = {"pools": [], "lines": [], "undetermined": undetermined}

    assert differences(right, rows({"on_hand": "99"})) == []


@pytest.mark.parametrize("undetermined", [{"lines": [{"order": 20, "line": 2, "why": "?"}]}, {"lines": [[20, 2]]}])
def test_a_line_that_the_recording_does_not_settle_is_left_out(undetermined: Any) -> None:
    assert differences({"pools": [POOL], "lines": [], "undetermined": undetermined}, rows(line={"waiting": "9"})) == []
