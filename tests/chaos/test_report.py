"""What is told of a run: every name, and what its outcome may be."""

import json
from collections import Counter
from pathlib import Path

from demo.stores.journal import Journal
from tests.builders import NOON
from tests.chaos.check import Findings, repeated
from tests.chaos.report import summary, told
from tests.chaos.storm import Result

LOST = [f"delivery {number} of store 1, answered [200]" for number in range(20)]


def result(folder: Path, findings: Findings, kills: int = 0, cut_mails: int = 0, cut_notes: int = 0) -> Result:
    return Result(
        engine="sqlite",
        began=0.0,
        seconds=40.0,
        seed=1,
        findings=findings,
        kills=Counter({"web": kills}),
        orphans=[],
        left_alone=0.0,
        rest=1.0,
        changes_after=0,
        cut_mails=cut_mails,
        cut_notes=cut_notes,
        disk_full=None,
        acts=Counter(),
        mails=0,
        answers=Counter(),
        slowest=[],
        folder=folder,
    )


def test_each_lost_id_is_printed_and_each_recovered_one_is_in_the_file(tmp_path: Path) -> None:
    recovered = [f"chaos-{number}" for number in range(500)]
    run = result(tmp_path, Findings(acknowledged=30, lost=LOST, recovered=recovered))
    printed = [line for line in told(run, tmp_path).splitlines() if line.startswith("  lost: ")]
    file = json.loads((tmp_path / "sqlite.json").read_text())
    assert printed == [f"  lost: {name}" for name in LOST]
    assert (file["lost"], file["recovered"]) == (LOST, recovered)
    said = json.loads(summary([run]))
    assert {name: said[name] for name in ("lost", "recovered", "disk_full", "skipped")} == {
        "lost": 20,
        "recovered": 500,
        "disk_full": 0,
        "skipped": ["disk full on sqlite"],
    }


def test_a_cut_call_to_a_store_allows_a_note_of_unknown_outcome_and_no_message(tmp_path: Path) -> None:
    findings = Findings(unknown_messages=["message 1", "message 2"], unknown_notes=["note wl-2-1", "note wl-2-2"])
    assert [
        result(tmp_path, findings, kills, mails, notes).failures()
        for kills, mails, notes in ((2, 0, 0), (0, 2, 2), (1, 0, 1), (1, 1, 0))
    ] == [
        [],
        [],
        ["2 messages of unknown outcome, and only 1 kills and cuts that allow one."],
        ["2 notes of unknown outcome, and only 1 kills and cuts that allow one."],
    ]


def test_a_hold_twice_under_one_handle_is_doubled_unless_it_was_taken_off_in_between() -> None:
    journal = Journal()
    for work, kind in (
        (1, "fulfillmentOrderHold"),
        (1, "fulfillmentOrderReleaseHold"),
        (1, "fulfillmentOrderHold"),
        (2, "fulfillmentOrderHold"),
        (3, "fulfillmentOrderReleaseHold"),
        (2, "fulfillmentOrderHold"),
    ):
        journal.note(NOON, kind, work, "wl-1-5")
    assert repeated(journal.effects, "shopify") == ["shopify: fulfillmentOrderHold of 2 under wl-1-5"]
