"""How WooCommerce's REST API answers lists and errors: pages, filters, totals in headers, codes in bodies."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from flask import Response, jsonify

Object = dict[str, Any]
PREFIX = "/wp-json/wc/v3"
LARGEST_PAGE = 100


def stamp(moment: datetime) -> str:
    """A `*_gmt` field: UTC in whole seconds, without a zone."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}"


def error(code: str, message: str, status: int) -> Response:
    """An error as WordPress words it."""
    answer = jsonify({"code": code, "message": message, "data": {"status": status}})
    answer.status_code = status
    return answer


def invalid_id(what: str) -> Response:
    """The answer for an id that the shop does not have."""
    return error(f"woocommerce_rest_{what}_invalid_id", "Invalid ID.", 404)


def no_route() -> Response:
    """The answer for a path that this version or this set of features does not have."""
    return error("rest_no_route", "No route was found matching the URL and request method.", 404)


def listed(objects: Iterable[Object], args: Mapping[str, str], keep: Callable[[Object], bool]) -> Response:
    """One page of the objects that pass `keep` and the filters every list has (include, modified_after)."""
    size, number = int(args.get("per_page", "10")), int(args.get("page", "1"))
    if not 1 <= size <= LARGEST_PAGE:
        return error("rest_invalid_param", "Invalid parameter(s): per_page", 400)
    after, include = args.get("modified_after", ""), args.get("include", "")
    ids = {int(one) for one in include.split(",")} if include else None
    found = [
        one
        for one in objects
        if keep(one) and (ids is None or one["id"] in ids) and (not after or (one["date_modified_gmt"] or "") > after)
    ]
    by = {"modified": "date_modified_gmt", "id": "id"}.get(args.get("orderby", "date"), "date_created_gmt")
    found.sort(key=lambda one: (one.get(by) or "", one["id"]), reverse=args.get("order", "desc") != "asc")
    answer = jsonify([fields(one, args) for one in found[(number - 1) * size : number * size]])
    answer.headers["X-WP-Total"] = str(len(found))
    answer.headers["X-WP-TotalPages"] = str(-(-len(found) // size))
    return answer


def fields(one: Object, args: Mapping[str, str]) -> Object:
    """The object with only the top-level fields that were asked for."""
    names = args.get("_fields", "")
    wanted = {name.partition(".")[0] for name in names.split(",")}
    return {key: value for key, value in one.items() if key in wanted} if names else one


def with_status(args: Mapping[str, str]) -> Callable[[Object], bool]:
    """The status filter of a list. "any" does not bring what is in the trash."""
    words = set(args.get("status", "any").split(","))
    if words == {"any"}:
        return lambda one: one["status"] != "trash"
    return lambda one: one["status"] in words
