"""What an operator may write into the environment, and the sentence that a mistake gets."""

import os
import stat
from pathlib import Path

import pytest

from backorder.config import Config, ConfigError, load

KEY = "k" * 32


@pytest.fixture(autouse=True)
def only_these_variables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith("WAITLINE_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def refused(monkeypatch: pytest.MonkeyPatch, **given: str) -> str:
    for name, value in given.items():
        monkeypatch.setenv(f"WAITLINE_{name}", value)
    with pytest.raises(ConfigError) as raised:
        load()
    return str(raised.value)


def test_nothing_needs_to_be_set(tmp_path: Path) -> None:
    config = load()
    assert config.port == 8000
    assert config.public_url == "http://localhost:8000"
    assert config.data_dir == tmp_path / "var"
    assert config.database_url.get_secret_value() == f"sqlite:///{tmp_path}/var/waitline.sqlite3"
    assert config.redis_url.get_secret_value() == ""
    assert config.store_addresses == {}
    assert config.environ == {}


def test_the_first_start_generates_a_key_that_later_starts_use(tmp_path: Path) -> None:
    first = load().secret_keys
    path = tmp_path / "var" / "secret.key"
    assert load().secret_keys == first
    assert [key.get_secret_value() for key in first] == [path.read_text()]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [entry.name for entry in path.parent.iterdir()] == ["secret.key"]


def test_a_damaged_key_file_is_not_replaced(tmp_path: Path) -> None:
    load()
    path = tmp_path / "var" / "secret.key"
    path.write_text("short")
    with pytest.raises(ConfigError, match=r"secret\.key is damaged"):
        load()
    assert path.read_text() == "short"


def test_given_keys_come_newest_first_and_no_file_is_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WAITLINE_SECRET_KEYS", f"{KEY}1, {KEY}2,")
    assert [key.get_secret_value() for key in load().secret_keys] == [f"{KEY}1", f"{KEY}2"]
    assert list(tmp_path.iterdir()) == []


def test_a_secret_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAITLINE_SECRET_KEYS", f"{KEY}-hidden")
    monkeypatch.setenv("WAITLINE_SMTP_URL", "smtp://user:hidden@mail.example")
    monkeypatch.setenv("WAITLINE_MAIL_FROM", "shop@mail.example")
    monkeypatch.setenv("WAITLINE_DATABASE_URL", "postgresql://user:hidden@db.example/waitline")
    monkeypatch.setenv("WAITLINE_ELSEWHERE", "hidden")
    assert repr(load()).count("hidden") == 0


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        "# comment\nWAITLINE_PORT=8100\nWAITLINE_MAIL_FROM='a@b.example'\nOTHER=1\nWAITLINE_OF_A_PLATFORM=x\n"
    )
    monkeypatch.setenv("WAITLINE_PORT", "8200")
    config = load()
    assert config.port == 8200
    assert config.public_url == "http://localhost:8200"
    assert config.mail_from == "a@b.example"
    assert config.environ == {
        "WAITLINE_PORT": "8200",
        "WAITLINE_MAIL_FROM": "a@b.example",
        "WAITLINE_OF_A_PLATFORM": "x",
    }


def test_a_variable_that_nothing_reads_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAITLINE_PROT", "8000")
    monkeypatch.setenv("WAITLINE_PORT", "8000")
    monkeypatch.setenv("WAITLINE_OF_A_PLATFORM", "x")
    assert load().unknown(["WAITLINE_OF_A_PLATFORM"]) == ["WAITLINE_PROT"]


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAITLINE_PORT", "")
    monkeypatch.setenv("WAITLINE_SECRET_KEYS", "")
    config = load()
    assert config.port == 8000
    assert config.environ == {}


def test_settings_do_not_change_after_the_start() -> None:
    config = load()
    with pytest.raises(ValueError, match="frozen"):
        config.port = 1


def test_stand_in_stores_need_the_switch_for_private_stores(monkeypatch: pytest.MonkeyPatch) -> None:
    assert refused(monkeypatch, STORE_ADDRESSES="a.example=127.0.0.1:9443") == (
        "WAITLINE_STORE_ADDRESSES is for stand-in stores only and needs WAITLINE_ALLOW_PRIVATE_STORES=1."
    )
    monkeypatch.setenv("WAITLINE_ALLOW_PRIVATE_STORES", "1")
    monkeypatch.setenv("WAITLINE_STORE_ADDRESSES", "A.example=127.0.0.1:9443, b.example=[::1]:9444,")
    assert load().store_addresses == {"a.example": "127.0.0.1:9443", "b.example": "[::1]:9444"}


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("PORT", "http", "WAITLINE_PORT must be a number."),
        ("PORT", "70000", "WAITLINE_PORT must be a number between 1 and 65535."),
        ("PUBLIC_URL", "shop.example", "WAITLINE_PUBLIC_URL must be an address such as https://waitline.example.com."),
        ("SECRET_KEYS", "hunter2", "WAITLINE_SECRET_KEYS needs keys of at least 32 characters, separated by commas."),
        ("DATABASE_URL", "mysql://x", "WAITLINE_DATABASE_URL must begin with sqlite:// or postgresql://."),
        ("REDIS_URL", "localhost", "WAITLINE_REDIS_URL must begin with redis:// or rediss:// or unix://."),
        ("SMTP_URL", "mail.example", "WAITLINE_SMTP_URL must begin with smtp:// or smtps://."),
        ("MAIL_FROM", "Shop <a@b.example>", "WAITLINE_MAIL_FROM must be one address such as orders@example.com."),
        ("SMTP_URL", "smtp://mail", "WAITLINE_SMTP_URL needs WAITLINE_MAIL_FROM, the address that mails come from."),
        ("ALLOW_PRIVATE_STORES", "perhaps", "WAITLINE_ALLOW_PRIVATE_STORES must be 1 or 0."),
        ("CA_BUNDLE", "/nowhere.pem", "WAITLINE_CA_BUNDLE names a file that is not there: /nowhere.pem."),
        (
            "STORE_ADDRESSES",
            "a.example",
            "WAITLINE_STORE_ADDRESSES must be a list such as store.example=127.0.0.1:9443, separated by commas.",
        ),
    ],
)
def test_a_mistake_becomes_one_sentence(monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str) -> None:
    assert refused(monkeypatch, **{name: value}) == sentence


def test_a_data_folder_that_cannot_be_made_becomes_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    assert refused(monkeypatch, DATA_DIR=str(tmp_path / "file" / "data")) == (
        f"The folder {tmp_path}/file/data cannot be made (Not a directory); set WAITLINE_DATA_DIR."
    )


def test_a_setting_given_in_code_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WAITLINE_PORT", "8200")
    assert Config(port=1234, data_dir=tmp_path).port == 1234
