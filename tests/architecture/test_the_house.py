"""The rules of the house that a reader would otherwise have to remember."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from backorder.config import PREFIX, SETTINGS
from connectors import PLATFORMS
from jobs.queues import QUEUES, WORKERS

ROOT = Path(__file__).parents[2]
PACKAGES = ("app", "backorder", "benchmarks", "connectors", "demo", "jobs", "tests")
LONGEST_FILE = 400
NO_SUBJECT = re.compile(r"(utils?|helpers?|common|misc|managers?|services?)(\.py)?")
PLATFORM_WORDS = re.compile(r"shopify|woo(?:commerce)?(?![a-z])", re.IGNORECASE)
PAGES = frozenset({".py", ".html", ".txt", ".css", ".js", ".mako", ".graphql"})


def files(*folders: str) -> Iterator[Path]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path


def named_in_example() -> set[str]:
    return set(re.findall(rf"^#?({PREFIX}[A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))


def test_no_file_is_too_long_to_read() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in files(*PACKAGES)
        if path.suffix == ".py" and "migrations" not in path.parts
        if (lines := len(path.read_text().splitlines())) > LONGEST_FILE
    }
    assert long == {}


def test_every_file_and_folder_has_a_subject() -> None:
    rooms = [path.relative_to(ROOT) for path in files(*PACKAGES)]
    assert [str(room) for room in rooms if any(NO_SUBJECT.fullmatch(part) for part in room.parts)] == []


def test_platforms_are_named_in_their_connectors_only() -> None:
    # Their stand-in stores, recordings and measurements in demo, benchmarks and tests name them too.
    shared = [path for path in (ROOT / "connectors").glob("*.py") if path.name != "__init__.py"]
    named = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in (*files("app", "backorder", "jobs"), *shared)
        if path.suffix in PAGES
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if PLATFORM_WORDS.search(line)
    ]
    assert named == []


def test_every_platform_has_a_folder_and_a_stand_in() -> None:
    for name in PLATFORMS:
        assert (ROOT / "connectors" / name).is_dir()
        assert (ROOT / "demo" / "stores" / name).is_dir()


def test_every_setting_is_in_the_example_and_the_example_names_no_other() -> None:
    own = {f"{PREFIX}{name.upper()}" for name in SETTINGS}
    of_platforms = {setting.name for platform in PLATFORMS.values() for setting in platform.operator_settings}
    assert named_in_example() == own | of_platforms


def test_the_procfile_starts_one_worker_for_every_declared_queue() -> None:
    commands = dict(
        line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines() if line and line[0] != "#"
    )
    halves = [command.split()[2] for command in commands.values() if command.startswith("waitline worker ")]
    assert sorted(queue for half in halves for queue in WORKERS[half]) == sorted(QUEUES)
    assert {command for command in commands.values() if not command.startswith("waitline worker ")} == {
        "waitline migrate",
        "waitline web",
        "waitline clock",
    }


def test_floors_are_kept_apart() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    found = subprocess.run(
        [str(linter), "--no-logo", "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert found.returncode == 0, found.stdout


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_file_names_everything_with_its_hash_and_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = list(project["project"]["dependencies"])
    if lock == "requirements-dev.lock":
        wanted += project["dependency-groups"]["dev"]
    locked = set(re.findall(r"^([a-z0-9._-]+)==", text, re.MULTILINE))
    names = {re.split(r"[\[<>=~!; ]", line)[0].lower().replace("_", "-") for line in wanted}
    assert sorted(names - locked) == []
    assert text.count("://") == 0
    assert len(re.findall(r"^[a-z0-9._-]+==", text, re.MULTILINE)) == len(re.findall(r"--hash=\S+\n(?!    --)", text))
