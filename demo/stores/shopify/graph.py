"""GraphQL over the part of Shopify's Admin schema that Waitline uses: executed for real, not matched by text."""

import json
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, TypeVar

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    build_schema,
    get_variable_values,
    parse,
    specified_rules,
    validate,
)

from demo.stores.shopify.bucket import MOST_A_CALL, Bucket
from demo.stores.shopify.plan import Asked, Operation, Tree

T = TypeVar("T")

RATE_LIMITS = "https://shopify.dev/api/usage/rate-limits"

__all__ = ["Asked", "Tree", "answer", "connection", "operation", "refused", "schema", "understood"]


@cache
def schema() -> GraphQLSchema:
    """The schema of `schema.graphql`."""
    return build_schema(files(__package__).joinpath("schema.graphql").read_text(encoding="utf-8"))


def answer(root: Tree, body: bytes, bucket: Bucket | None = None) -> Tree:
    """Execute a request's document over a tree of values and functions; errors are told as Shopify tells them.

    Without a bucket there is no limit of cost.
    """
    asked = json.loads(body)
    document = understood(asked["query"])
    if isinstance(document, list):
        return {"errors": [_told(error, "undefinedField") for error in document]}
    chosen = operation(asked["query"], asked.get("operationName"))
    variables = get_variable_values(
        schema(), chosen.definition.variable_definitions or (), asked.get("variables") or {}, hide_suggestions=True
    )
    if isinstance(variables, list):
        return {"errors": [_told(error, "INVALID_VARIABLE") for error in variables]}
    requested = chosen.requested(variables)
    if requested > MOST_A_CALL:
        return {"errors": [_too_dear(requested)]}
    if bucket is not None and not bucket.admits(requested):
        throttled = {"message": "Throttled", "extensions": {"code": "THROTTLED", "documentation": RATE_LIMITS}}
        return {"errors": [throttled], "extensions": {"cost": _cost(requested, None, bucket)}}
    data, errors, actual = chosen.run(root, variables)
    told: Tree = {}
    if errors:
        told["errors"] = [_told(error, "INVALID_VARIABLE") for error in errors]
    told["data"] = data
    if bucket is not None:
        bucket.take(actual)
        told["extensions"] = {"cost": _cost(requested, actual, bucket)}
    return told


@lru_cache(64)
def understood(text: str) -> DocumentNode | list[GraphQLError]:
    """The document of a text, or what is wrong with it. Callers send few texts, many times."""
    try:
        document = parse(text)
    except GraphQLError as error:
        return [error]
    return validate(schema(), document, [*specified_rules, NoSchemaIntrospectionCustomRule]) or document


@lru_cache(256)
def operation(text: str, name: str | None) -> Operation:
    """The operation of that name, or the only one. Raises LookupError where there is none."""
    document = understood(text)
    found = [
        node
        for node in (document.definitions if isinstance(document, DocumentNode) else ())
        if isinstance(node, OperationDefinitionNode) and (name is None or (node.name and node.name.value == name))
    ]
    if len(found) != 1 or not isinstance(document, DocumentNode):
        raise LookupError(f"There is no one operation {name or ''}.")
    return Operation(schema(), document, found[0])


def refused(message: str, code: str, **more: str) -> GraphQLError:
    """An error of the whole field, such as an unknown id."""
    return GraphQLError(message, extensions={"code": code, **more})


def connection(
    entries: Sequence[T], node: Callable[[T], Tree], limit: int, cursor: Callable[[T], str] | None = None
) -> Callable[..., Tree]:
    """A list that is answered page by page, at most `limit` entries at once. With a `cursor` of their own it holds only
    the entries behind the one that was asked for.
    """

    def page(_info: Any, first: int | None = None, after: str | None = None, **_unused: Any) -> Tree:
        start = int(after) if after and cursor is None else 0
        end = min(start + min(first or limit, limit), len(entries))
        shown = [node(entry) for entry in entries[start:end]]
        marks = [str(at + 1) if cursor is None else cursor(entries[at]) for at in range(start, end)]
        return {
            "nodes": shown,
            "edges": lambda _info: [{"cursor": mark, "node": entry} for mark, entry in zip(marks, shown, strict=True)],
            "pageInfo": {"hasNextPage": end < len(entries), "endCursor": marks[-1] if marks else after},
        }

    return page


def _cost(requested: int, actual: int | None, bucket: Bucket) -> Tree:
    return {"requestedQueryCost": requested, "actualQueryCost": actual, "throttleStatus": bucket.status()}


def _too_dear(requested: int) -> Tree:
    return {
        "message": f"Query cost is {requested}, which exceeds the single query max cost limit ({MOST_A_CALL}).",
        "extensions": {
            "code": "MAX_COST_EXCEEDED",
            "cost": requested,
            "maxCost": MOST_A_CALL,
            "documentation": RATE_LIMITS,
        },
    }


def _told(error: GraphQLError, code: str) -> Tree:
    told: Tree = {"message": error.message}
    if error.locations:
        told["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    told["extensions"] = error.extensions or {"code": code}
    if error.path:
        told["path"] = list(error.path)
    return told
