"""Calls to one shop: the `woocommerce` package makes the address and the signature, our transport makes the call.

The package's own way out follows redirects (which turns a POST into a GET), waits five seconds and checks nothing.
"""

from collections.abc import Iterator, Mapping
from json import dumps
from typing import Any, TypeVar
from urllib.parse import urlencode

import structlog
from pydantic import BaseModel, ValidationError
from requests.auth import HTTPBasicAuth
from woocommerce import API

from backorder.domain.errors import AccessLost, OutcomeUnknown, PermanentFailure, StoreClosed, TemporaryFailure
from connectors.http import Reply, Transport
from connectors.woocommerce.payloads import Index, ShopError

PER_PAGE = 100
"""The most that the shop gives in one answer; it refuses more."""
HOUR = 3600.0
ACCEPT = "application/json"
"""With it, WordPress says in JSON that it is in maintenance or broken; without, in HTML."""

Params = Mapping[str, str | int]
log = structlog.get_logger()
Model = TypeVar("Model", bound=BaseModel)


class NoSuchObject(PermanentFailure):
    """The shop does not have (any more) what was asked for by id."""


class Unreadable(PermanentFailure):
    """The shop answered with an object that is not what it should be: a broken plugin."""


class NoSuchRoute(TemporaryFailure):
    """The shop does not know the route: an older version, a feature switched off, or WooCommerce itself off."""


class Shop:
    """One shop's REST API, version 3, as values."""

    def __init__(self, address: str, key: str, secret: str, transport: Transport) -> None:
        self._api = _Api(address, key, secret, transport)

    def index(self) -> Index:
        """WordPress' description of itself."""
        return _read(Index, _json(self._api.index()))

    def one(self, model: type[Model], endpoint: str, params: Params | None = None) -> Model:
        """One object. Raises NoSuchObject where the id is gone."""
        return _read(model, _json(_checked("GET", self._api.get(endpoint, params=params))))

    def page(self, model: type[Model], endpoint: str, params: Params) -> tuple[list[Model], bool]:
        """One page of a list, and whether more follow it."""
        reply = _checked("GET", self._api.get(endpoint, params={"per_page": PER_PAGE, **params}))
        told = _json(reply)
        objects = _read_all(model, told)
        total = reply.headers.get("x-wp-totalpages", "")
        if total.isdecimal():
            return objects, int(params.get("page", 1)) < int(total)
        return objects, len(told) >= PER_PAGE

    def all(self, model: type[Model], endpoint: str, params: Params | None = None) -> Iterator[Model]:
        """Every page of a list that does not move while it is read."""
        number = 1
        more = True
        while more:
            objects, more = self.page(model, endpoint, {**(params or {}), "page": number})
            yield from objects
            number += 1

    def whole(self, model: type[Model], endpoint: str) -> list[Model]:
        """A list that the shop gives in one piece."""
        return _read_all(model, _json(_checked("GET", self._api.get(endpoint))))

    def put(self, model: type[Model], endpoint: str, changes: Mapping[str, Any]) -> Model:
        """Change an object; the object as it is now."""
        return _written(model, "PUT", self._api.put(endpoint, changes))

    def post(self, model: type[Model], endpoint: str, body: Mapping[str, Any]) -> Model:
        """Make an object. Never safe to repeat: the shop knows no idempotence."""
        return _written(model, "POST", self._api.post(endpoint, body))

    def delete(self, endpoint: str) -> None:
        """Delete an object for good."""
        _checked("DELETE", self._api.delete(endpoint, params={"force": "true"}))


class _Api(API):  # type: ignore[misc]
    """The package, with its one private way out turned to our transport."""

    def __init__(self, address: str, key: str, secret: str, transport: Transport) -> None:
        super().__init__(address, key, secret)
        self._transport = transport

    def index(self) -> Reply:
        """The root of the REST API, outside of any version; asked for without the key."""
        url = f"{self.url.rstrip('/')}/wp-json/?_fields=name,timezone_string,gmt_offset"
        return _checked("GET", self._transport.request("GET", url, headers={"Accept": ACCEPT}))

    def _API__request(self, method: str, endpoint: str, data: Any, params: Params | None = None) -> Reply:
        url = self._API__get_url(endpoint)
        if params:
            url = f"{url}?{urlencode(params)}"
        auth = None
        if self.is_ssl:
            auth = HTTPBasicAuth(self.consumer_key, self.consumer_secret)
        else:
            # Over plain http the shop does not look at Basic authentication. Only stand-ins are reached that way.
            url = self._API__get_oauth_url(url, method)
        headers = {"Accept": ACCEPT}
        body = None
        if data is not None:
            headers["Content-Type"] = "application/json; charset=utf-8"
            body = dumps(data).encode()
        return self._transport.request(method, url, headers=headers, data=body, auth=auth)


def _checked(method: str, reply: Reply) -> Reply:
    """The reply of a call that succeeded; any other becomes one of the error families."""
    status = reply.status
    if 200 <= status < 300:
        return reply
    if 300 <= status < 400:
        raise StoreClosed(
            "The store's URL is wrong: it answers with a redirect. Connect it with the address that it redirects to."
        )
    error = _error(reply)
    said = f" It says: {error.message[:200]}" if error and error.message else ""
    if status in (408, 425, 429, 503):
        raise TemporaryFailure(f"The store is busy ({status}).{said}", reply.retry_after or 60.0)
    if status >= 500:
        if method != "GET":
            # A host that gives up in the middle may have done the work.
            raise OutcomeUnknown(f"The store broke off with {status}.{said}")
        raise TemporaryFailure(f"The store has a problem ({status}).{said}", reply.retry_after or 60.0)
    if status == 403 and error is None:
        raise TemporaryFailure("The store's host answered with a page instead of data (403).", 600.0)
    if status in (401, 403):
        raise AccessLost(f"The store refuses our key.{said}")
    if status == 404 and error is None:
        raise TemporaryFailure(
            "There is a page but no REST API at the store's URL. Is a folder missing, or are its permalinks plain?",
            HOUR,
        )
    if status == 404 and error is not None and error.code == "rest_no_route":
        raise NoSuchRoute("The store does not know this part of the REST API. Is WooCommerce switched on?", HOUR)
    if status == 404:
        raise NoSuchObject(f"The store does not have it.{said}")
    raise PermanentFailure(f"The store refused the call ({status}).{said}")


def _error(reply: Reply) -> ShopError | None:
    """WordPress' own words; `None` for a page of somebody else."""
    try:
        told = reply.json()
    except TemporaryFailure:
        return None
    return ShopError.model_validate(told) if isinstance(told, dict) and "code" in told else None


def _json(reply: Reply) -> Any:
    try:
        return reply.json()
    except TemporaryFailure:
        raise TemporaryFailure(
            "The store answered with a page instead of data. Are its permalinks plain, or is a firewall in front?",
            60.0,
        ) from None


def _read(model: type[Model], told: Any) -> Model:
    try:
        return model.model_validate(told)
    except ValidationError as error:
        raise _unreadable(error) from None


def _read_all(model: type[Model], told: Any) -> list[Model]:
    """Every entry of a list that can be read. One that cannot (a broken plugin) must not cost all the others: it is
    left out, and whoever asked for it by its id finds it neither there nor gone.
    """
    if not isinstance(told, list):
        raise PermanentFailure("The store's answer cannot be read: it is no list.")
    found = []
    for entry in told:
        try:
            found.append(model.model_validate(entry))
        except ValidationError as error:
            log.warning("entry_left_out", kind=model.__name__, reason=str(_unreadable(error)))
    return found


def _unreadable(error: ValidationError) -> Unreadable:
    where = ", ".join(".".join(str(part) for part in found["loc"]) for found in error.errors()[:3])
    return Unreadable(f"The store's answer cannot be read: {where or 'it is of another kind'}.")


def _written(model: type[Model], method: str, reply: Reply) -> Model:
    """The object that a write left behind. An answer that cannot be read leaves open what was done."""
    told = _checked(method, reply)
    try:
        return model.model_validate(told.json())
    except (TemporaryFailure, ValidationError):
        raise OutcomeUnknown("The store's answer to a write cannot be read.") from None
