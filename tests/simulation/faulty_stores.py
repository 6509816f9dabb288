"""What connectors do, done wrongly. Each is put in the place of the right one for the length of a run."""

from typing import Any

from backorder.domain.errors import AccessLost, TemporaryFailure
from connectors import get
from connectors.shopify import tokens

_refresh = tokens.refresh


def exchanged_and_not_kept(self: Any, store: Any, held: Any, _lease: Any) -> Any:
    return get(store.platform).installer.refresh(store.address, held, self.wire)


def refresh_or_lost(*what: Any) -> Any:
    try:
        return _refresh(*what)
    except TemporaryFailure as error:
        raise AccessLost(str(error)) from error
