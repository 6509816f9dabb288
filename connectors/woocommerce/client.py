"""Calls to one shop: the `woocommerce` package makes the address and the signature, our transport makes the call.

The package's own way out follows redirects (which turns a POST into a GET), waits five seconds and checks nothing.
"""

from collections.abc import Iterator, Mapping
from json import dumps
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

import structlog
from pydantic import BaseModel, ValidationError
from requests.auth import HTTPBasicAuth
from woocommerce import API

from backorder.domain.errors import AccessLost, OutcomeUnknown, PermanentFailure, StoreClosed, TemporaryFailure
from connectors.http import Reply, Transport
from connectors.joining import Credentials
from connectors.woocommerce import answers
from connectors.woocommerce.payloads import Index

PER_PAGE = 100
"""The most that the shop gives in one answer; it refuses more."""
AT_ONCE = 2
"""Calls to one shop at a time: many stand on hosts with few workers, which also serve its customers."""
ACCEPT = "application/json"
"""With it, WordPress says in JSON that it is in maintenance or broken; without, in HTML."""
KEY_IN = "key_in"
IN_QUERY = "query"
"""How a key travels to a shop whose host drops the usual header."""

Params = Mapping[str, str | int]
log = structlog.get_logger()
Model = TypeVar("Model", bound=BaseModel)


class Unreadable(PermanentFailure):
    """The shop answered with an object that is not what it should be: a broken plugin."""


class Shop:
    """One shop's REST API, version 3, as values."""

    def __init__(self, address: str, credentials: Credentials, transport: Transport) -> None:
        self._api = Api(address, credentials, transport)

    def index(self) -> Index:
        """WordPress' description of itself."""
        return _read(Index, answers.told_in(self._api.index()))

    def prove_reading(self) -> None:
        """Raise AccessLost unless the shop takes the key."""
        self._api.get("orders", params={"per_page": 1, "_fields": "id"})

    def prove_writing(self) -> None:
        """Raise AccessLost unless a key that reads may write too: an empty batch changes nothing and needs that right.

        A shop that takes no empty batch looked at the rights first, so it is asked nothing more.
        """
        try:
            self._api.get_by_post("orders/batch")
        except answers.KeyRefused:
            # The shop's words are in its own language; that the same key read a moment ago tells what it lacks.
            raise AccessLost(answers.READS_ONLY) from None
        except (AccessLost, StoreClosed):
            raise
        except (PermanentFailure, answers.NoSuchRoute) as error:
            log.info("writing_not_proven", reason=str(error))

    def one(self, model: type[Model], endpoint: str, params: Params | None = None) -> Model:
        """One object. Raises NoSuchObject where the id is gone."""
        return _read(model, answers.told_in(self._api.get(endpoint, params=params)))

    def page(self, model: type[Model], endpoint: str, params: Params) -> tuple[list[Model], bool]:
        """One page of a list, and whether more follow it."""
        reply = self._api.get(endpoint, params={"per_page": PER_PAGE, **params})
        told = answers.told_in(reply)
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
        return _read_all(model, answers.told_in(self._api.get(endpoint)))

    def put(self, model: type[Model], endpoint: str, changes: Mapping[str, Any]) -> Model:
        """Change an object; the object as it is now."""
        return _written(model, self._api.put(endpoint, changes))

    def post(self, model: type[Model], endpoint: str, body: Mapping[str, Any], params: Params | None = None) -> Model:
        """Make an object. Never safe to repeat: the shop knows no idempotence."""
        return _written(model, self._api.post(endpoint, body, params=params))

    def delete(self, endpoint: str) -> None:
        """Delete an object for good."""
        self._api.delete(endpoint, params={"force": "true"})


class Api(API):  # type: ignore[misc]
    """The package, with its one private way out turned to our transport. Every answer it returns is of a success."""

    def __init__(self, address: str, credentials: Credentials, transport: Transport) -> None:
        in_query = credentials.get(KEY_IN) == IN_QUERY
        super().__init__(address, credentials["key"], credentials["secret"], query_string_auth=in_query)
        self._transport = transport

    def index(self) -> Reply:
        """The root of the REST API, outside of any version; asked for without the key."""
        url = f"{self.url.rstrip('/')}/wp-json/?_fields=name,timezone_string,gmt_offset"
        return _checked("GET", url, self._transport.request("GET", url, headers={"Accept": ACCEPT}))

    def get_by_post(self, endpoint: str) -> Reply:
        """Ask by an empty POST, which changes nothing: no answer is no unknown outcome."""
        return self._API__request("POST", endpoint, {}, write=False)

    def _API__request(
        self, method: str, endpoint: str, data: Any, params: Params | None = None, *, write: bool | None = None
    ) -> Reply:
        url = self._API__get_url(endpoint)
        query = dict(params or {})
        auth = None
        if self.is_ssl and self.query_string_auth:
            query |= {"consumer_key": self.consumer_key, "consumer_secret": self.consumer_secret}
        elif self.is_ssl:
            auth = HTTPBasicAuth(self.consumer_key, self.consumer_secret)
        if query:
            url = f"{url}?{urlencode(query)}"
        if not self.is_ssl:
            # Over plain http the shop does not look at Basic authentication. Only stand-ins are reached that way.
            url = self._API__get_oauth_url(url, method)
        headers = {"Accept": ACCEPT}
        body = None
        if data is not None:
            headers["Content-Type"] = "application/json; charset=utf-8"
            body = dumps(data).encode()
        with self._transport.lane(self.url, AT_ONCE):
            reply = self._transport.request(method, url, headers=headers, data=body, auth=auth, write=write)
        return _checked("GET" if write is False else method, url, reply)


def _checked(method: str, url: str, reply: Reply) -> Reply:
    """The reply of a call that succeeded; any other becomes one of the error families."""
    failure = answers.failure(method, url, reply)
    if failure is not None:
        raise failure
    if reply.body[:1] not in (b"[", b"{", b"") and "json" in reply.headers.get("content-type", ""):
        log.warning("junk_before_data", path=urlsplit(url).path)
    return reply


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


def _written(model: type[Model], reply: Reply) -> Model:
    """The object that a write left behind. An answer that cannot be read leaves open what was done."""
    try:
        return model.model_validate(answers.told_in(reply))
    except (TemporaryFailure, ValidationError):
        raise OutcomeUnknown("The store's answer to a write cannot be read.") from None
