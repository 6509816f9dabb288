"""The links to a customer's own status page: signed, not stored, made void by the order's link version."""

import hashlib
from typing import NamedTuple, Protocol

from itsdangerous import BadData, URLSafeSerializer

from backorder.config import Config


class HasConfig(Protocol):
    """Whatever carries the operator's settings."""

    @property
    def config(self) -> Config:
        """The settings."""


class StatusLink(NamedTuple):
    """What a status link names. It opens nothing unless `version` is still the order's link version."""

    store_id: int
    order_id: int
    version: int


def status_url(world: HasConfig, store_id: int, order_id: int, link_version: int) -> str:
    """The address of an order's status page, for its customer only."""
    token = _signer(world.config).dumps([store_id, order_id, link_version])
    return f"{world.config.public_url}/s/{token if isinstance(token, str) else token.decode()}"


def opened(world: HasConfig, token: str) -> StatusLink | None:
    """What a token names; `None` where none of our keys signed it."""
    try:
        store_id, order_id, version = _signer(world.config).loads(token)
    except BadData:
        return None
    return StatusLink(store_id, order_id, version)


def _signer(config: Config) -> URLSafeSerializer:
    # The last key signs, all of them open; the settings name the newest first.
    keys = [key.get_secret_value() for key in reversed(config.secret_keys)]
    return URLSafeSerializer(keys, salt="status page", signer_kwargs={"digest_method": hashlib.sha256})
