"""The operator's settings: read once at the start, checked, frozen.

What only one platform reads is not a field here: `environ` carries every WAITLINE_ variable as it was given, and the
connectors pick their own.
"""

import os
import re
import secrets
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

PREFIX = "WAITLINE_"
KEY_FILE = "secret.key"
KEY_LENGTH = 32
"""The fewest characters of a secret key."""


class ConfigError(Exception):
    """The settings cannot be used; the message is one sentence for the operator."""


class Config(BaseSettings):
    """Every setting under its name without WAITLINE_. Use `load` to make one from the environment."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", env_ignore_empty=True)

    host: str = "127.0.0.1"
    """The address that the web process listens on."""
    port: int = Field(default=8000, ge=1, le=65535)
    public_url: str = Field(default_factory=lambda given: f"http://localhost:{given['port']}")
    """How stores and customers reach the web process; without a slash at the end."""
    data_dir: Path = Field(default=Path("var"), validate_default=True)
    """Database file, generated key and queue server; absolute, on a local disk."""
    secret_keys: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    """Newest first: the first one seals, all of them open. Empty only before `load` has put a generated key here."""
    database_url: SecretStr = Field(
        default_factory=lambda given: SecretStr(f"sqlite:///{given['data_dir'] / 'waitline.sqlite3'}")
    )
    redis_url: SecretStr = SecretStr("")
    """Empty: `waitline up` starts a server of its own."""
    smtp_url: SecretStr = SecretStr("")
    """Empty: mails are not sent."""
    mail_from: str = ""
    """The bare address that mails come from; needed once mails are sent."""
    allow_private_stores: bool = False
    ca_bundle: str = ""
    """A file of certificates to trust instead of the usual ones when stores are called."""
    store_addresses: Annotated[Mapping[str, str], NoDecode] = Field(default_factory=dict)
    """A store's host name to the "host:port" that is dialled in its place; for stand-in stores only."""
    environ: Mapping[str, str] = Field(default_factory=dict, repr=False)
    """All WAITLINE_ variables as given, for the settings that connectors own."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the name is the framework's
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over the `.env` file; what both hold is kept in `environ`."""
        given: dict[str, Any] = {}
        for source in (dotenv_settings, env_settings):
            if isinstance(source, EnvSettingsSource):
                named = {name.upper(): value for name, value in source.env_vars.items() if value}
                given |= {name: value for name, value in named.items() if name.startswith(PREFIX)}
        return init_settings, InitSettingsSource(settings_cls, {"environ": given}), env_settings, dotenv_settings

    @field_validator("public_url")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("must be an address such as https://waitline.example.com")
        return value.rstrip("/")

    @field_validator("data_dir")
    @classmethod
    def _is_absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("secret_keys", mode="before")
    @classmethod
    def _are_keys(cls, value: Any) -> Any:
        keys = [key.strip() for key in value.split(",") if key.strip()] if isinstance(value, str) else value
        for key in keys:
            if len(key.get_secret_value() if isinstance(key, SecretStr) else key) < KEY_LENGTH:
                raise ValueError(f"needs keys of at least {KEY_LENGTH} characters, separated by commas")
        return tuple(keys)

    @field_validator("database_url", "redis_url", "smtp_url")
    @classmethod
    def _has_a_known_scheme(cls, value: SecretStr, info: Any) -> SecretStr:
        known = _SCHEMES[info.field_name]
        scheme = value.get_secret_value().partition("://")[0]
        if value and scheme not in known:
            raise ValueError(f"must begin with {' or '.join(f'{name}://' for name in known)}")
        return value

    @field_validator("mail_from")
    @classmethod
    def _is_one_address(cls, value: str) -> str:
        if value and not re.fullmatch(r"[^@\s,;:<>()\[\]\\\"]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", value):
            raise ValueError("must be one address such as orders@example.com")
        return value

    @field_validator("ca_bundle")
    @classmethod
    def _is_a_file(cls, value: str) -> str:
        if value and not Path(value).is_file():
            raise ValueError(f"names a file that is not there: {value}")
        return value

    @field_validator("store_addresses", mode="before")
    @classmethod
    def _are_pairs(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        pairs: dict[str, str] = {}
        for part in filter(None, (part.strip() for part in value.split(","))):
            store, _, address = part.partition("=")
            if not re.fullmatch(r"[A-Za-z0-9.-]+", store) or not re.fullmatch(r"(\[[0-9a-f:]+]|[\w.-]+):\d+", address):
                raise ValueError("must be a list such as store.example=127.0.0.1:9443, separated by commas")
            pairs[store.lower()] = address
        return pairs

    @model_validator(mode="after")
    def _fit_together(self) -> "Config":
        if self.smtp_url and not self.mail_from:
            raise ValueError(f"{PREFIX}SMTP_URL needs {PREFIX}MAIL_FROM, the address that mails come from.")
        if self.store_addresses and not self.allow_private_stores:
            raise ValueError(
                f"{PREFIX}STORE_ADDRESSES is for stand-in stores only and needs {PREFIX}ALLOW_PRIVATE_STORES=1."
            )
        return self

    def unknown(self, known_names: Collection[str]) -> list[str]:
        """The WAITLINE_ variables that nothing reads: neither a setting here nor one of `known_names`."""
        ours = {f"{PREFIX}{name.upper()}" for name in SETTINGS}
        return sorted(set(self.environ) - ours - set(known_names))


SETTINGS = tuple(name for name in Config.model_fields if name != "environ")

_SCHEMES = {
    "database_url": ("sqlite", "postgresql"),
    "redis_url": ("redis", "rediss", "unix"),
    "smtp_url": ("smtp", "smtps"),
}


def load(env_file: Path | None = Path(".env")) -> Config:
    """The settings of this process. Generates the secret key on the first start. Raises ConfigError."""
    try:
        config = Config(_env_file=env_file)  # type: ignore[call-arg]
    except ValidationError as error:
        raise ConfigError(_sentence(error)) from None
    if config.secret_keys:
        return config
    return config.model_copy(update={"secret_keys": (SecretStr(_own_key(config.data_dir)),)})


def private_folder(path: Path) -> Path:
    """The folder, made with mode 0700 where it is missing. Raises ConfigError where that cannot be."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"The folder {path} cannot be made ({error.strerror}); set {PREFIX}DATA_DIR.") from None
    return path


def _own_key(folder: Path) -> str:
    """The generated key of this data folder. Two first starts at once agree on the one that was linked first."""
    path = private_folder(folder) / KEY_FILE
    try:
        if not path.exists():
            draft = folder / f".{KEY_FILE}.{os.getpid()}"
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(32))
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(draft, path)
            except FileExistsError:
                return path.read_text().strip()
            finally:
                draft.unlink()
        key = path.read_text().strip()
    except OSError as error:
        raise ConfigError(f"The key file {path} cannot be used ({error.strerror}).") from None
    if len(key) < KEY_LENGTH:
        raise ConfigError(f"The key file {path} is damaged: bring back its copy, or remove it and connect every store.")
    return key


def _sentence(error: ValidationError) -> str:
    """The first fault in plain words; never the value, which may be a secret."""
    fault = error.errors(include_input=False, include_url=False)[0]
    if not fault["loc"]:
        return str(fault["ctx"]["error"])
    reason = str(fault["ctx"]["error"]) if fault["type"] == "value_error" else _REASONS.get(fault["type"], fault["msg"])
    return f"{PREFIX}{str(fault['loc'][0]).upper()} {reason}."


_REASONS = {
    "int_parsing": "must be a number",
    "greater_than_equal": "must be a number between 1 and 65535",
    "less_than_equal": "must be a number between 1 and 65535",
    "bool_parsing": "must be 1 or 0",
}
