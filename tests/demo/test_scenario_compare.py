"""The comparison of a scenario: what has to agree, what may be missing, and what is not compared."""

from typing import Any

import pytest

from demo.replay.scenario_compare import differences

POOL = "5101@8801"
WAITS = {
    "order": 7001, "line": 9101, "pool": POOL, "ordered": "2", "shipped": "0", "cancelled": "0",
    "outstanding": "2", "allocated": "1", "waiting": "1",
}  # fmt: skip
OURS: dict[str, Any] = {
    "status": 200, "lines": [WAITS], "pools": [], "ignored": [], "orders": 1, "notifiable": [7001], "stored": 1,
}  # fmt: skip
GONE = {**WAITS, "outstanding": "0"}
ASIDE = {"order": 7001, "line": 9102, "why": ["custom", "deleted_product"]}
SHOWN = {"order": 7001, "line": 9102, "why": "custom"}


def pool(**figures: str) -> dict[str, str]:
    return {"pool": POOL, **figures}


COMPARED: list[tuple[str, dict[str, Any], dict[str, Any], list[str]]] = [
    ("nothing is asked", {}, {}, []),
    ("another status", {"status": 401}, {}, ["answered 200, expected 401"]),
    ("a key that is not given", {"lines": [{"order": 7001, "line": 9101, "pool": POOL}]}, {}, []),
    ("a line that is missing", {"lines": [WAITS]}, {"lines": []}, [f"order 7001 line 9101 in {POOL}: missing"]),
    ("nothing outstanding may be missing", {"lines": [GONE]}, {"lines": []}, []),
    ("but not be wrong", {"lines": [GONE]}, {}, [f"order 7001 line 9101 in {POOL}: outstanding is 2, expected 0"]),
    ("maybe missing", {"lines": [{**WAITS, "maybe": True}]}, {"lines": []}, []),
    (
        "maybe there and wrong",
        {"lines": [{**WAITS, "allocated": "2", "maybe": True}]},
        {},
        [f"order 7001 line 9101 in {POOL}: allocated is 1, expected 2"],
    ),
    ("a further line", {"lines": []}, {}, [f"order 7001 line 9101 in {POOL}: not expected, 2 outstanding"]),
    ("a further line without units", {"lines": []}, {"lines": [GONE]}, []),
    (
        "in no pool",
        {"lines": [{**WAITS, "pool": None}]},
        {},
        [
            "order 7001 line 9101 in no pool: missing",
            f"order 7001 line 9101 in {POOL}: not expected, 2 outstanding",
        ],
    ),
    ("units are numbers, not texts", {"lines": [{**WAITS, "outstanding": "2.0"}]}, {}, []),
    ("a pool that is missing", {"pools": [pool(available="1")]}, {}, [f"pool {POOL}: missing"]),
    ("a pool left out", {"pools": []}, {"pools": [pool(available="1", outstanding="3")]}, []),
    (
        "a pool with another figure",
        {"pools": [pool(available="1", committed="2")]},
        {"pools": [pool(available="1", committed="3")]},
        [f"pool {POOL}: committed is 3, expected 2"],
    ),
    ("a pool without units may be missing", {"pools": [pool(outstanding="0")]}, {}, []),
    ("one of the right answers", {"ignored": [ASIDE]}, {"ignored": [SHOWN]}, []),
    (
        "a wrong answer",
        {"ignored": [ASIDE]},
        {"ignored": [{**SHOWN, "why": "gift_card"}]},
        ["order 7001 line 9102: ignored as gift_card, expected custom or deleted_product"],
    ),
    (
        "not shown as ignored",
        {"ignored": [ASIDE]},
        {},
        ["order 7001 line 9102: not shown as ignored (custom or deleted_product)"],
    ),
    ("removed may be missing", {"ignored": [{**ASIDE, "why": ["removed"]}]}, {}, []),
    (
        "in one of both",
        {"lines": [{**WAITS, "maybe": True}], "ignored": [{**ASIDE, "line": 9101, "maybe": True}]},
        {"lines": []},
        ["order 7001 line 9101: neither among the lines nor among the ignored ones"],
    ),
    (
        "in the lines",
        {"lines": [{**WAITS, "maybe": True}], "ignored": [{**ASIDE, "line": 9101, "maybe": True}]},
        {},
        [],
    ),
    ("orders", {"orders": 2, "stored": 1}, {}, ["orders: 1, expected 2"]),
    ("notifiable", {"notifiable": []}, {}, ["notifiable: [7001], expected []"]),
]


@pytest.mark.parametrize(
    ("expected", "ours", "said"), [case[1:] for case in COMPARED], ids=[case[0] for case in COMPARED]
)
def test_the_comparison_is_the_described_one(expected: dict[str, Any], ours: dict[str, Any], said: list[str]) -> None:
    assert differences({"status": 200, **expected}, {**OURS, **ours}) == said
