"""GraphQL over the part of Shopify's Admin schema that Waitline uses: executed for real, not matched by text."""

import json
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, TypeVar

from graphql import DocumentNode, GraphQLError, GraphQLSchema, build_schema, execute_sync, parse, validate

Tree = dict[str, Any]
T = TypeVar("T")


@cache
def schema() -> GraphQLSchema:
    """The schema of `schema.graphql`."""
    return build_schema(files(__package__).joinpath("schema.graphql").read_text(encoding="utf-8"))


def answer(root: Tree, body: bytes) -> Tree:
    """Execute a request's document over a tree of values and functions; errors are told as Shopify tells them."""
    asked = json.loads(body)
    document = understood(asked["query"])
    if isinstance(document, list):
        return {"errors": [_told(error, "undefinedField") for error in document]}
    result = execute_sync(
        schema(),
        document,
        root_value=root,
        variable_values=asked.get("variables") or {},
        operation_name=asked.get("operationName"),
    )
    told: Tree = {}
    if result.errors:
        told["errors"] = [_told(error, "INVALID_VARIABLE") for error in result.errors]
    if result.data is not None:
        told["data"] = result.data
    told["extensions"] = {
        "cost": {
            "requestedQueryCost": 10,
            "actualQueryCost": 10,
            "throttleStatus": {"maximumAvailable": 2000.0, "currentlyAvailable": 1990, "restoreRate": 100.0},
        }
    }
    return told


@lru_cache(64)
def understood(text: str) -> DocumentNode | list[GraphQLError]:
    """The document of a text, or what is wrong with it. Callers send few texts, many times."""
    try:
        document = parse(text)
    except GraphQLError as error:
        return [error]
    return validate(schema(), document) or document


@lru_cache(maxsize=100)
def _checked(text: str) -> tuple[DocumentNode, list[GraphQLError]]:
    """A document and what is wrong with it; the connector sends the same few again and again."""
    document = parse(text)
    return document, validate(schema(), document)


def refused(message: str, code: str) -> GraphQLError:
    """An error of the whole field, such as an unknown id."""
    return GraphQLError(message, extensions={"code": code})


def connection(entries: Sequence[T], node: Callable[[T], Tree], limit: int) -> Callable[..., Tree]:
    """A list that is answered page by page, at most `limit` entries at once."""

    def page(_info: Any, first: int | None = None, after: str | None = None, **_unused: Any) -> Tree:
        start = int(after) if after else 0
        end = start + min(first or limit, limit)
        return {
            "nodes": [node(entry) for entry in entries[start:end]],
            "pageInfo": {"hasNextPage": end < len(entries), "endCursor": str(end)},
        }

    return page


def _told(error: GraphQLError, code: str) -> Tree:
    told: Tree = {"message": error.message, "extensions": error.extensions or {"code": code}}
    if error.path:
        told["path"] = list(error.path)
    return told
