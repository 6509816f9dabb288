"""The documents name everything that they are for, and nothing that is not there."""

import re
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path

import click
import pytest
from pydantic import SecretStr

from app import create_app
from app.cli import cli
from app.wiring import open_world
from backorder.config import KEY_LENGTH, PREFIX, SETTINGS, Config
from backorder.db.tables import metadata
from backorder.domain.actions import ActionKind, Capability
from backorder.domain.allocation import Rule
from backorder.domain.lifecycle import LineState, WorkState
from backorder.domain.orders import OrderStatus
from backorder.domain.policy import FIELDS, NoticeKind, Split
from backorder.domain.reasons import Code
from backorder.domain.store import Health, Mode
from backorder.domain.supply import Balance
from connectors import PLATFORMS
from jobs.queues import QUEUES, WORKERS

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "connectors").rglob("*.md")),
]
OF_MACHINES = ("/api/", "/webhooks/", "/healthz", "/readyz")
"""Addresses that programs use; pages are found by looking at them."""
SETTING = re.compile(rf"{PREFIX}[A-Z]+(?:_[A-Z]+)*")
SOURCE = re.compile(r"(?:app|backorder|benchmarks|connectors|demo|docs|jobs|tests)/[\w./-]+\.[a-z]+")


def document(name: str) -> str:
    return (ROOT / name).read_text()


def not_named(words: Iterable[str], *documents: str) -> list[str]:
    """Words that stand in none of these documents as code."""
    text = "\n".join(map(document, documents))
    return [word for word in words if f"`{word}`" not in text]


def settings() -> set[str]:
    of_platforms = {setting.name for platform in PLATFORMS.values() for setting in platform.operator_settings}
    return {f"{PREFIX}{name.upper()}" for name in SETTINGS} | of_platforms


def commands() -> list[str]:
    group = cli.commands["connect"]
    assert isinstance(group, click.Group)
    return [*cli.commands, *(f"connect {name}" for name in group.commands)]


def test_every_choice_of_the_merchant_is_told_in_the_domain() -> None:
    assert not_named(FIELDS, "docs/domain.md") == []


def test_every_setting_of_the_operator_is_told_in_operations() -> None:
    assert not_named(sorted(settings()), "docs/operations.md") == []


def test_every_kind_of_message_is_told_in_the_domain() -> None:
    assert not_named(NoticeKind, "docs/domain.md") == []


def test_every_queue_and_every_half_of_the_workers_is_told() -> None:
    assert not_named(QUEUES, "ARCHITECTURE.md") == not_named(QUEUES, "docs/operations.md") == []
    assert not_named((f"waitline worker {half}" for half in WORKERS), "docs/operations.md") == []


def test_every_platform_has_its_part_of_the_connectors_and_its_own_page() -> None:
    text = document("docs/connectors.md")
    told = re.findall(r"^\*\*(.+)\*\*$", text, re.MULTILINE)
    assert told == [platform.label for platform in PLATFORMS.values()]
    assert [name for name in PLATFORMS if f"](../connectors/{name}/README.md)" not in text] == []


def test_every_command_is_told_in_operations() -> None:
    assert not_named((f"waitline {name}" for name in cli.commands), "docs/operations.md") == []


def test_every_address_for_programs_is_told_in_the_api(tmp_path: Path) -> None:
    config = Config(data_dir=tmp_path, secret_keys=(SecretStr("k" * KEY_LENGTH),))
    routes = [
        f"{method} {re.sub(r'<[a-z]+:', '<', rule.rule)}"
        for rule in create_app(open_world(config)).url_map.iter_rules()
        if rule.rule.startswith(OF_MACHINES)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    ]
    assert len(routes) > len(OF_MACHINES)
    assert not_named(sorted(routes), "docs/api.md") == []


@pytest.mark.parametrize(
    ("words", "name"),
    [
        *((words, "ARCHITECTURE.md") for words in (LineState, OrderStatus, WorkState, Balance, Mode, Health)),
        *((words, "docs/domain.md") for words in (Rule, Split)),
        *((words, "docs/api.md") for words in (Code, ActionKind, LineState, WorkState)),
    ],
)
def test_every_state_rule_and_reason_is_told(words: type[StrEnum], name: str) -> None:
    assert not_named(words, name) == []


def test_every_capability_is_told_in_the_connectors() -> None:
    rows = re.findall(r"^\| `(\w+)`.*\|$", document("docs/connectors.md"), re.MULTILINE)
    assert [word for word in Capability if word not in rows] == []


def test_every_table_is_told_in_the_architecture() -> None:
    assert not_named(sorted(metadata.tables), "ARCHITECTURE.md") == []


def test_every_rule_of_imports_is_told_in_the_architecture() -> None:
    text = document("ARCHITECTURE.md")
    names = re.findall(
        r'^\[\[tool\.importlinter\.contracts\]\]\nname = "(.+)"$', document("pyproject.toml"), re.MULTILINE
    )
    assert len(names) > 0
    assert [name for name in names if f"| {name} |" not in text] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_document_names_only_what_is_there(path: Path) -> None:
    text = path.read_text()
    linked = [
        link.partition("#")[0]
        for link in re.findall(r"\]\(([^)\s]+)\)", text)
        if not link.startswith(("http://", "https://", "mailto:", "#"))
    ]
    assert [link for link in linked if not (path.parent / link).exists()] == []
    code = re.findall(r"`([^`\n]+)`", text)
    sources = [word for word in code if SOURCE.fullmatch(word)]
    assert [source for source in sources if not (ROOT / source).exists()] == []
    assert sorted(set(SETTING.findall(text)) - settings()) == []
    targets = set(re.findall(r"^([a-z-]+):.*##", document("Makefile"), re.MULTILINE))
    assert [word for word in re.findall(r"`make ([a-z-]+)", text) if word not in targets] == []
    told = [match.split() for match in re.findall(r"(?:`|bin/)waitline ([a-z]+(?: [a-z]+)?)", text)]
    known = commands()
    assert [words for words in told if words[0] not in known] == []
    assert [words for words in told if words[0] == "connect" and " ".join(words) not in known] == []
