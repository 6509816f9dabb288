"""A recorded shop against the whole application: real route, real database, every step as the recording says."""

import base64
import hashlib
import hmac
import json
import shutil
from pathlib import Path

import pytest

from demo.replay.recorded import BadRequest, Request, replay, request_from

FOLDER = Path(__file__).parents[3] / "shared" / "woocommerce"
SECRET = "whsec_lab_shared_7Qm2"

with_the_recording = pytest.mark.skipif(not FOLDER.is_dir(), reason="the recording is not beside the project")


def disagreements(request: Request) -> dict[int, list[str]]:
    results = list(replay(request))
    assert [result["quarantined"] for result in results] == [0] * len(results)
    return {result["step"]: result["differences"] for result in results if not result["agrees"]}


@with_the_recording
@pytest.mark.parametrize(
    "how",
    [
        {},
        {"shuffled": True, "seed": 7},
        {"shuffled": True, "seed": 11, "drop_percent": 10, "catch_up": True},
    ],
    ids=["as recorded", "shuffled and doubled", "with a tenth lost and a catch-up"],
)
def test_every_step_agrees(how: dict[str, int | bool]) -> None:
    assert disagreements(Request(FOLDER, SECRET, **how)) == {}  # type: ignore[arg-type]


@with_the_recording
def test_a_wrong_secret_agrees_with_nothing() -> None:
    first = next(result for result in replay(Request(FOLDER, "another secret")) if result["step"] == 3)

    assert first["differences"][0].endswith("answered 401")


@with_the_recording
def test_a_part_of_a_recording_with_a_secret_of_any_letters_and_nothing_expected(tmp_path: Path) -> None:
    secret = "a \"quote\" & <b> 'c' $d äöü"
    steps = json.loads((FOLDER / "steps.json").read_bytes())[:10]
    (tmp_path / "steps.json").write_text(json.dumps(steps))
    shutil.copytree(FOLDER / "rest", tmp_path / "rest")
    (tmp_path / "deliveries").mkdir()
    for name in [name for step in steps for name in step["deliveries"]]:
        body = (FOLDER / "deliveries" / f"{name}.body").read_bytes()
        signature = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
        told = json.loads((FOLDER / "deliveries" / f"{name}.headers.json").read_bytes())
        told["headers"] = [
            [key, signature if key == "X-WC-Webhook-Signature" else value] for key, value in told["headers"]
        ]
        (tmp_path / "deliveries" / f"{name}.headers.json").write_text(json.dumps(told))
        (tmp_path / "deliveries" / f"{name}.body").write_bytes(body)

    request = request_from({"RECORDING": str(tmp_path), "SECRET": secret, "CATCH_UP": "1"})
    last = list(replay(request))[-1]
    right = json.loads((FOLDER / "expected.json").read_bytes())[9]

    assert [(line["line"], line["allocated"], line["waiting"]) for line in last["lines"]] == [
        (line["line"], line["allocated"], line["waiting"]) for line in right["lines"]
    ]


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"RECORDING": "/nowhere", "SECRET": "s"},
        {"SECRET": "s"},
        {"RECORDING": "{folder}", "SECRET": ""},
        {"RECORDING": "{folder}", "SECRET": "s", "ORDER": "backwards"},
        {"RECORDING": "{folder}", "SECRET": "s", "SEED": "x"},
        {"RECORDING": "{folder}", "SECRET": "s", "DROP": "101"},
    ],
)
def test_an_environment_that_does_not_say_what_to_play_is_refused(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "steps.json").write_text("[]")

    with pytest.raises(BadRequest):
        request_from({key: value.replace("{folder}", str(tmp_path)) for key, value in environ.items()})


def test_empty_values_mean_what_is_usual(tmp_path: Path) -> None:
    (tmp_path / "steps.json").write_text("[]")
    given = {"RECORDING": str(tmp_path), "SECRET": "s", "ORDER": "", "SEED": "", "DROP": "", "CATCH_UP": ""}

    assert request_from(given) == Request(tmp_path, "s")
