"""One shop's Admin GraphQL: a call, its answer, and which of the failures an answer means.

Shopify answers most errors with HTTP 200, and one answer may have both data and errors. What the calls ask for is
in `queries/`; what they mean is in `store`.
"""

import json
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from shopify import ApiVersion

from backorder.domain.errors import (
    AccessLost,
    OutcomeUnknown,
    PermanentFailure,
    StoreBusy,
    StoreClosed,
    TemporaryFailure,
    TurnedAway,
)
from connectors.http import Reply, Transport
from connectors.joining import Clock
from connectors.shopify.spending import TOO_MANY, Spending

API_VERSION = "2026-10"

_CLOSED_SHOP = {
    402: "Shopify has frozen this shop: its owner has to settle the bill with Shopify.",
    404: "Shopify does not know this shop.",
    423: "Shopify has locked this shop.",
}
_MOVED = "Shopify answers with a redirect. Connect the store with the address .myshopify.com that its admin shows."
_SECURITY_WAIT = 3600.0
"""430: Shopify took us for an attacker. Asking again soon makes it worse."""
_PAGE_WAIT = 600.0

_THEIRS = frozenset({"INTERNAL_SERVER_ERROR", "TIMEOUT"})

_NOT_RUN = frozenset({"ACCESS_DENIED", "BAD_REQUEST", "INVALID_FIELD_ARGUMENTS", "NOT_FOUND", "RESOURCE_NOT_FOUND"})
"""Errors of a mutation's field that say that it did not run. Of one with any other code, or none, nobody knows."""

_RUNNING = frozenset({"IDEMPOTENCY_CONCURRENT_REQUEST", "This request is currently in progress, please try again."})
"""What a repeat with the same key is told while the first try still runs: by its code, or by its words alone where the
mutation's refusals have no code.
"""

_STILL = "Shopify is still at an earlier try of the same change."
_UNTOLD = "Shopify does not say what became of the change: it may have been made."

Json = dict[str, Any]


@cache
def document(name: str) -> str:
    """The text of `queries/<name>.graphql`."""
    return files(__package__).joinpath("queries", f"{name}.graphql").read_text(encoding="utf-8")


class Denied(PermanentFailure):
    """The merchant has not allowed what the call asks for."""


@dataclass(frozen=True, slots=True)
class Told:
    """What became of one field of a mutation: what the shop answers, and why it refused it (empty where it is done)."""

    payload: Json
    refused: str = ""


class Admin:
    """The Admin API of one shop, with that shop's own token."""

    def __init__(
        self,
        shop: str,
        token: str,
        transport: Transport,
        clock: Clock,
        renewed: Callable[[], str | None] | None = None,
    ) -> None:
        """`renewed` is asked once when the shop refuses the token: a newer one, or `None`."""
        version = ApiVersion.coerce_to_version(API_VERSION)
        self._url = f"{version.api_path(f'https://{shop}')}/graphql.json"
        self._token = token
        self._transport = transport
        self._renewed = renewed
        self._spending = Spending(transport.purses, shop, clock)

    def ask(self, name: str, operation: str, variables: Mapping[str, Any]) -> Json:
        """The data of a query. Fields that our scopes do not cover are `None`; any other error raises."""
        return _data(self._answer(name, operation, variables, write=False))

    def ask_nodes(
        self, name: str, operation: str, ids: Sequence[str]
    ) -> tuple[list[Json], dict[str, TemporaryFailure | PermanentFailure]]:
        """What the shop has of these ids; and why it cannot tell of some, after they were asked for once more by
        themselves.
        """
        told, failed = self._nodes(name, operation, ids)
        if failed:
            more, failed = self._nodes(name, operation, list(failed))
            told += more
        return told, failed

    def _nodes(
        self, name: str, operation: str, ids: Sequence[str]
    ) -> tuple[list[Json], dict[str, TemporaryFailure | PermanentFailure]]:
        answer = self._answer(name, operation, {"ids": list(ids)}, write=False)
        errors = _listed(answer.get("errors"))
        failed = _failed_nodes(answer.get("data"), errors, len(ids))
        nodes = _data({**answer, "errors": [each for each in errors if _node_at(each) not in failed]})["nodes"]
        return (
            [node for at, node in enumerate(nodes) if node and at not in failed],
            {ids[at]: _failure(error) for at, error in failed.items()},
        )

    def tell(self, name: str, operation: str, variables: Mapping[str, Any], *, done: Collection[str] = ()) -> None:
        """Run a mutation of one field. `done` are the codes or messages that say that it was done before.

        Raises OutcomeUnknown where it may have run, PermanentFailure where the shop refuses it.
        """
        for told in self.tell_all(name, operation, variables, done=done).values():
            if told.refused:
                raise PermanentFailure(told.refused)

    def tell_all(
        self, name: str, operation: str, variables: Mapping[str, Any], *, done: Collection[str] = ()
    ) -> dict[str, Told]:
        """Run a mutation of several fields in one request: what became of each, by its name (or alias) in the text.

        Shopify runs the fields in their order, and a refused one does not stop those behind it. A field that
        `@include` leaves out is not in the answer. Raises OutcomeUnknown where any of them may have run and nobody
        knows.
        """
        answer = self._answer(name, operation, variables, write=True)
        data, refused = _ran(answer)
        told = {}
        for field, payload in data.items():
            errors = [error for error in _user_errors(payload) if not _says(error, done)]
            if any(_says(error, _RUNNING) for error in errors):
                raise OutcomeUnknown(_STILL)
            sentences = [str(error.get("message") or "Shopify refused it.") for error in errors]
            told[field] = Told(payload or {}, refused.get(field) or " ".join(sentences))
        return told

    def _answer(self, name: str, operation: str, variables: Mapping[str, Any], *, write: bool) -> Json:
        body = json.dumps({"query": document(name), "operationName": operation, "variables": dict(variables)}).encode()
        with self._spending.call(operation) as paid:
            reply = self._send(body, write)
            if reply.status == 401 and self._renewed is not None and (newer := self._renewed()) is not None:
                # What was refused was not run, so even a write is sent once more.
                self._token = newer
                reply = self._send(body, write)
            _check_status(reply, write)
            answer = _parsed(reply, write)
            paid.told(answer)
        return answer

    def _send(self, body: bytes, write: bool) -> Reply:
        return self._transport.request(
            "POST",
            self._url,
            headers={
                "Content-Type": "application/json",
                "Accept": "application/json",
                "X-Shopify-Access-Token": self._token,
            },
            data=body,
            write=write,
        )


def _check_status(reply: Reply, write: bool) -> None:
    """Return where the answer is Shopify's own (200); raise what any other status means."""
    status = reply.status
    if status == 200:
        return
    if status == 403 and not _is_json(reply):
        # A page, not Shopify's own word: whatever stands before it may let the next call through.
        raise TemporaryFailure("Something before Shopify answered with a page instead of data.", _PAGE_WAIT)
    if status in (401, 403):
        raise AccessLost("Shopify no longer accepts Waitline's access to this shop.")
    if status in _CLOSED_SHOP:
        raise StoreClosed(_CLOSED_SHOP[status])
    if 300 <= status < 400:
        # Nobody has looked at the call: what it asks for is not refused, it is to be done at another address or later.
        raise StoreClosed(_MOVED)
    if status == 429:
        raise TurnedAway(TOO_MANY, reply.retry_after or 2.0)
    if status == 430:
        raise TemporaryFailure("Shopify refuses calls from this address for now.", _SECURITY_WAIT)
    if status >= 500:
        if write:
            raise OutcomeUnknown(f"Shopify answered {status}: the change may have been made.")
        raise TemporaryFailure(f"Shopify answered {status}.", reply.retry_after or 30.0)
    raise PermanentFailure(f"Shopify refused the call ({status}).")


def _is_json(reply: Reply) -> bool:
    try:
        reply.json()
    except TemporaryFailure:
        return False
    return True


def _parsed(reply: Reply, write: bool) -> Json:
    try:
        answer = reply.json()
    except TemporaryFailure as failure:
        if write:
            raise OutcomeUnknown("Shopify's answer cannot be read: the change may have been made.") from failure
        raise
    if not isinstance(answer, dict):
        if write:
            raise OutcomeUnknown(_UNTOLD)
        raise PermanentFailure("Shopify answered with something that is no GraphQL answer.")
    return answer


def _data(answer: Json) -> Json:
    """A query's data, where its errors leave it whole but for fields that we have no scope for."""
    data = answer.get("data")
    errors = answer.get("errors")
    for error in _listed(errors):
        if _code(error) == "THROTTLED":
            raise StoreBusy(TOO_MANY, _throttled_for(answer))
        if _code(error) != "ACCESS_DENIED" or not _only_field_missing(data, error.get("path")):
            raise _failure(error)
    if not isinstance(data, dict):
        raise PermanentFailure(_message(errors))
    return data


def _ran(answer: Json) -> tuple[Json, dict[str, str]]:
    """What a mutation's fields answer, and why Shopify refused those of them that it did not run.

    Raises OutcomeUnknown where it does not say of each field what became of it: what was made is never taken for
    refused. What is missing below a field that answered is no matter, for it ran.
    """
    data, errors = answer.get("data"), _listed(answer.get("errors"))
    for error in errors:
        if _code(error) == "THROTTLED":
            raise StoreBusy(TOO_MANY, _throttled_for(answer))
        if _code(error) in _THEIRS:
            raise OutcomeUnknown("Shopify had an error of its own: the change may have been made.")
        if _says({"code": _code(error), **error}, _RUNNING):
            raise OutcomeUnknown(_STILL)
    if not isinstance(data, dict):
        # Without a word about data it was not run at all: Shopify did not understand the call, or did not want it.
        if errors and ("data" not in answer or all(_code(error) in _NOT_RUN for error in errors)):
            raise _failure(errors[0])
        raise OutcomeUnknown(_UNTOLD)
    refused = {_field(error): error for error in errors if _code(error) in _NOT_RUN}
    missing = [field for field, payload in data.items() if payload is None]
    if not data or any(field not in refused for field in missing):
        raise OutcomeUnknown(_UNTOLD)
    if len(missing) == len(data):
        raise _failure(refused[missing[0]])
    return data, {field: _message(refused[field]) for field in missing}


def _node_at(error: Json) -> int | None:
    """Which of the nodes that were asked for an error is about."""
    path = error.get("path")
    if isinstance(path, list) and len(path) > 1 and path[0] == "nodes" and isinstance(path[1], int):
        return path[1]
    return None


def _failed_nodes(data: Any, errors: Sequence[Json], asked: int) -> dict[int, Json]:
    """The nodes that an answer lacks, or has only in part, each with its error; a field that we may not see is none."""
    nodes = data.get("nodes") if isinstance(data, dict) else None
    if not isinstance(nodes, list) or len(nodes) != asked:
        return {}
    return {
        at: error
        for error in errors
        if (at := _node_at(error)) is not None
        and not (_code(error) == "ACCESS_DENIED" and _only_field_missing(data, error.get("path")))
    }


def _failure(error: Json) -> TemporaryFailure | PermanentFailure:
    """What an error of a read means."""
    code = _code(error)
    if code in _THEIRS:
        return TemporaryFailure("Shopify had an error of its own.", 30.0)
    return (Denied if code == "ACCESS_DENIED" else PermanentFailure)(_message(error))


def _field(error: Json) -> str:
    """The field of the root that an error is about; nothing where it does not say."""
    path = error.get("path")
    return str(path[0]) if isinstance(path, list) and path else ""


def _user_errors(payload: Json | None) -> list[Json]:
    """A payload's refusals: `userErrors`, or the list that some mutations have in its place (`orderCancel`)."""
    lists = [_listed(told) for name, told in (payload or {}).items() if name.lower().endswith("usererrors")]
    return [error for errors in lists for error in errors]


def _listed(errors: Any) -> list[Json]:
    """Errors as a list of objects: they also come as one text, one object, or a list of texts."""
    if not errors:
        return []
    entries = errors if isinstance(errors, list) else [errors]
    return [entry if isinstance(entry, dict) else {"message": str(entry)} for entry in entries]


def _code(error: Json) -> str:
    extensions = error.get("extensions")
    return str(extensions.get("code") or "") if isinstance(extensions, dict) else ""


def _message(error: Any) -> str:
    said = error.get("message") if isinstance(error, dict) and "message" in error else error
    return f"Shopify refused the call: {said}" if said else "Shopify answered without data."


def _says(error: Json, known: Collection[str]) -> bool:
    return error.get("code") in known or error.get("message") in known


def _only_field_missing(data: Any, path: Sequence[Any] | None) -> bool:
    """Whether the object that the denied field stands on is there, so that nothing else got lost with it."""
    if not path or len(path) < 2 or not isinstance(path[-1], str):
        return False
    found = data
    for step in path[:-1]:
        if isinstance(found, dict) and isinstance(step, str):
            found = found.get(step)
        elif isinstance(found, list) and isinstance(step, int) and step < len(found):
            found = found[step]
        else:
            return False
    return isinstance(found, dict)


def _throttled_for(answer: Json) -> float:
    """Seconds until the bucket holds what the call asks for; 2 where the answer does not tell."""
    cost = (answer.get("extensions") or {}).get("cost") or {}
    bucket = cost.get("throttleStatus") or {}
    asked, there, rate = cost.get("requestedQueryCost"), bucket.get("currentlyAvailable"), bucket.get("restoreRate")
    if asked is None or there is None or not rate:
        return 2.0
    return float(max(1.0, math.ceil(10 * (asked - there) / rate) / 10))
