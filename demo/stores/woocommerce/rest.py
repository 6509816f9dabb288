"""How WooCommerce's REST API answers lists and errors: pages, filters, totals in headers, codes in bodies."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any, Protocol, TypeVar
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import Response, request
from werkzeug.datastructures import MultiDict

Object = dict[str, Any]
PREFIX = "/wp-json/wc/v3"
LARGEST_PAGE = 100
GMT = ZoneInfo("UTC")


class Dated(Protocol):
    """What can stand in a list."""

    @property
    def id(self) -> int: ...
    @property
    def created(self) -> datetime: ...
    @property
    def modified(self) -> datetime: ...


Listed = TypeVar("Listed", bound=Dated)


class ApiError(Exception):
    """The shop refuses a call: what its answer says."""

    def __init__(self, code: str | int, message: str, status: int, data: Any = None) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"code": code, "message": message, "data": {"status": status} if data is None else data}

    def answer(self) -> Response:
        """As the answer to a single call."""
        return told(self.body, self.status)


def php_json(value: Any) -> bytes:
    """JSON as PHP writes it: no spaces, and slashes and everything beyond ASCII escaped."""
    return json.dumps(value, separators=(",", ":")).replace("/", "\\/").encode()


def told(body: Any, status: int = 200) -> Response:
    """An answer."""
    return Response(php_json(body), status, content_type="application/json; charset=UTF-8")


def stamp(moment: datetime) -> str:
    """A `*_gmt` field: UTC in whole seconds, without a zone."""
    return moment.astimezone(UTC).replace(tzinfo=None, microsecond=0).isoformat()


def error(code: str, message: str, status: int) -> Response:
    """An error as WordPress words it."""
    return ApiError(code, message, status).answer()


def invalid_id(what: str) -> Response:
    """The answer for an id that the shop does not have."""
    return no_such(what).answer()


def no_such(what: str, status: int = 404) -> ApiError:
    """The refusal of an id that the shop does not have. Batches word it with a status of their own."""
    return ApiError(f"woocommerce_rest_{what}_invalid_id", "Invalid ID.", status)


def no_route() -> Response:
    """The answer for a path that this version or this set of features does not have."""
    return error("rest_no_route", "No route was found matching the URL and request method.", 404)


def invalid(name: str, why: str, code: str, extra: Any = None) -> ApiError:
    """The refusal of a parameter."""
    data = {"status": 400, "params": {name: why}, "details": {name: {"code": code, "message": why, "data": extra}}}
    return ApiError("rest_invalid_param", f"Invalid parameter(s): {name}", 400, data)


def not_in_enum(name: str, words: Sequence[str], place: str = "") -> ApiError:
    """The refusal of a word that is not among those allowed; `place` is where in a list it stands."""
    return invalid(name, f"{name}{place} is not one of {', '.join(words[:-1])}, and {words[-1]}.", "rest_not_in_enum")


@dataclass(frozen=True, slots=True)
class ListQuery:
    """What a call wants of a list. Moments are compared in whole seconds, their bounds left out."""

    page: int
    size: int
    include: Sequence[int]
    included: frozenset[int]
    exclude: frozenset[int]
    bounds: Sequence[tuple[str, int, datetime]]
    """Attribute, direction (1 after, -1 before), moment."""
    orderby: str
    descending: bool
    args: Mapping[str, str]

    @classmethod
    def of(cls, args: Mapping[str, str], zone: ZoneInfo = GMT) -> "ListQuery":
        """Read it. Dates are in the shop's local time unless the call says otherwise."""
        orderby, order = args.get("orderby", "date"), args.get("order", "desc")
        words = ["date", "id", "include", "title", "slug", "modified", "price", "popularity", "rating", "menu_order"]
        if orderby not in words:
            raise not_in_enum("orderby", words)
        if order not in ("asc", "desc"):
            raise not_in_enum("order", ["asc", "desc"])
        if args.get("dates_are_gmt", "false") in ("true", "1"):
            zone = GMT
        found = []
        for name, attribute, direction in (
            ("after", "created", 1),
            ("before", "created", -1),
            ("modified_after", "modified", 1),
            ("modified_before", "modified", -1),
        ):
            if args.get(name):
                found.append((attribute, direction, _moment(name, args[name], zone)))
        include = _ids("include", args.get("include", ""))
        return cls(
            _whole("page", args.get("page", "1"), 1, None),
            _whole("per_page", args.get("per_page", "10"), 1, LARGEST_PAGE),
            include,
            frozenset(include),
            frozenset(_ids("exclude", args.get("exclude", ""))),
            found,
            orderby,
            order == "desc",
            args,
        )

    def wants(self, one: Dated) -> bool:
        """Whether the filters that every list has let it pass."""
        if one.id in self.exclude or (self.included and one.id not in self.included):
            return False
        return all(
            getattr(one, attribute) > bound if way > 0 else getattr(one, attribute) < bound
            for attribute, way, bound in self.bounds
        )

    def answer(self, found: list[Listed], show: Callable[[Listed], Object]) -> Response:
        """The page of these that was asked for, in its order. Only what is on the page is shown."""
        if self.orderby == "include":
            found.sort(key=lambda one: self.include.index(one.id) if one.id in self.included else -1)
        else:
            first = {"modified": "modified", "id": "id"}.get(self.orderby, "created")
            found.sort(key=attrgetter(first, "id"), reverse=self.descending)
        start = (self.page - 1) * self.size
        answer = told([fields(show(one), self.args) for one in found[start : start + self.size]])
        pages = -(-len(found) // self.size)
        answer.headers["X-WP-Total"] = str(len(found))
        answer.headers["X-WP-TotalPages"] = str(pages)
        links = [self._link("prev", min(self.page - 1, pages))] if self.page > 1 and pages else []
        if self.page < pages:
            links.append(self._link("next", self.page + 1))
        if links:
            answer.headers["Link"] = ", ".join(links)
        return answer

    def _link(self, word: str, page: int) -> str:
        return f'<{request.base_url}?{urlencode({**self.args, "page": page})}>; rel="{word}"'


@dataclass(frozen=True, slots=True)
class _Shown:
    """A body that is there already, as something that can be listed."""

    id: int
    created: datetime
    modified: datetime
    body: Object


def listed(objects: Iterable[Object], args: Mapping[str, str], keep: Callable[[Object], bool]) -> Response:
    """One page of the bodies that pass `keep` and the filters every list has."""
    try:
        query = ListQuery.of(args)
        entries = [_entry(body) for body in objects if keep(body)]
        return query.answer([one for one in entries if query.wants(one)], lambda one: one.body)
    except ApiError as refusal:
        return refusal.answer()


def _entry(body: Object) -> _Shown:
    created = _of_body(body.get("date_created_gmt"))
    return _Shown(body["id"], created, max(created, _of_body(body.get("date_modified_gmt"))), body)


def _of_body(told: str | None) -> datetime:
    return datetime.fromisoformat(told).replace(tzinfo=UTC) if told else datetime.min.replace(tzinfo=UTC)


def fields(one: Object, args: Mapping[str, str]) -> Object:
    """The object with only the fields that were asked for; a dot leads into an object."""
    names = args.get("_fields", "")
    if not names:
        return one
    wanted: dict[str, list[str]] = {}
    for name in names.split(","):
        top, _, rest = name.strip().partition(".")
        wanted.setdefault(top, []).append(rest)
    return {key: _inner(value, wanted[key]) for key, value in one.items() if key in wanted}


def _inner(value: Any, names: Sequence[str]) -> Any:
    return fields(value, {"_fields": ",".join(names)}) if isinstance(value, dict) and all(names) else value


def with_status(args: Mapping[str, str]) -> Callable[[Object], bool]:
    """The status filter of a list of bodies. "any" does not bring what is in the trash."""
    words = set(args.get("status", "any").split(","))
    if words == {"any"}:
        return lambda one: bool(one["status"] != "trash")
    return lambda one: one["status"] in words


def query_args() -> Mapping[str, str]:
    """The call's query. A list in PHP's way (`status[]=a&status[]=b`) is read as `status=a,b`."""
    given: MultiDict[str, str] = request.args
    if not any(name.endswith("]") for name in given):
        return given
    read: dict[str, list[str]] = {}
    for name, value in given.items(multi=True):
        read.setdefault(name.partition("[")[0], []).append(value)
    return {name: ",".join(values) for name, values in read.items()}


def asked() -> Object:
    """The call's body; an empty object where it has none."""
    given = request.get_json(silent=True, force=True) if request.data else {}
    if not isinstance(given, dict):
        raise ApiError("rest_invalid_json", "Invalid JSON body passed.", 400)
    return given


def _whole(name: str, text: str, least: int, most: int | None) -> int:
    try:
        found = int(text)
    except ValueError:
        raise invalid(name, f"{name} is not of type integer.", "rest_invalid_type", {"param": name}) from None
    if most is not None and not least <= found <= most:
        why = f"{name} must be between {least} (inclusive) and {most} (inclusive)"
        raise invalid(name, why, "rest_out_of_bounds")
    if found < least:
        raise invalid(name, f"{name} must be greater than or equal to {least}", "rest_out_of_bounds")
    return found


def _ids(name: str, text: str) -> Sequence[int]:
    found = []
    for place, one in enumerate(text.split(",") if text else []):
        where = f"{name}[{place}]"
        try:
            found.append(int(one))
        except ValueError:
            why = f"{where} is not of type integer."
            raise invalid(name, why, "rest_invalid_type", {"param": where}) from None
    return found


def _moment(name: str, text: str, zone: ZoneInfo) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise invalid(name, "Invalid date.", "rest_invalid_date") from None
    return found.replace(tzinfo=zone) if found.tzinfo is None else found
