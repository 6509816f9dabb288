"""Bulk queries: run in the background on the shop's clock, their answer is a file of lines of JSON."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from graphql import GraphQLError, OperationDefinitionNode, OperationType, get_variable_values, parse

from demo.stores.shopify.graph import Asked, Tree, operation, refused, schema, understood
from demo.stores.shopify.names import at, gid, named
from demo.stores.shopify.outbox import Outbox
from demo.stores.shopify.plan import Field
from demo.stores.shopify.works import Ids, Refused

STARTS_AFTER = timedelta(seconds=1)
TAKES = timedelta(seconds=4)
"""From when it starts to when it is done."""
KEPT = timedelta(days=7)
"""How long the file of a bulk query is there."""
CONNECTIONS_AT_MOST = 5
DEPTH_AT_MOST = 2
DONE = ("COMPLETED", "CANCELED", "FAILED", "EXPIRED")


@dataclass
class Bulk:
    """One bulk query."""

    id: int
    query: str
    created: datetime
    grouped: bool
    takes: timedelta
    status: str = "CREATED"
    error: str | None = None
    completed: datetime | None = None
    rows: list[Tree] = field(default_factory=list)
    """What it found when it began to run; what changes while it runs need not be in it."""
    lines: bytes = b""
    """Of one that failed only a part, and not at its `url`."""
    objects: int = 0
    roots: int = 0


class Bulks:
    """All bulk queries of an app in a shop; `root` is what they ask, with lists of any length."""

    def __init__(
        self,
        domain: str,
        root: Tree,
        ids: Ids,
        outbox: Outbox,
        clock: Callable[[], datetime],
        at_once: int,
    ) -> None:
        self._domain = domain
        self._root_tree = root
        self._ids = ids
        self._outbox = outbox
        self._clock = clock
        self._at_once = at_once
        self.all: dict[int, Bulk] = {}
        """Every one that there ever was, by its number."""
        self.takes = TAKES
        """From when the next one starts to when it is done."""
        self._fails: list[str] = []

    def root(self) -> Tree:
        """The query fields that tell of them."""
        return {
            "bulkOperation": lambda _asked, id: self.tree(named(id)[1]),
            "currentBulkOperation": lambda _asked, **_type: self.tree(max(self.all, default=0)),
        }

    def tree(self, number: int) -> Tree | None:
        """A bulk query, as it is now."""
        self.go_on()
        found = self.all.get(number)
        if found is None:
            return None
        done = found.status == "COMPLETED"
        address = f"https://{self._domain}/_bulk/{found.id}.jsonl"
        return {
            "__typename": "BulkOperation",
            "id": gid("BulkOperation", found.id),
            "status": found.status,
            "type": "QUERY",
            "errorCode": found.error,
            "createdAt": at(found.created),
            "completedAt": at(found.completed) if found.completed else None,
            "objectCount": str(found.objects),
            "rootObjectCount": str(found.roots),
            "fileSize": str(len(found.lines)) if done else None,
            "url": address if done and found.lines else None,
            "partialDataUrl": address if found.status == "FAILED" and found.lines else None,
            "query": found.query,
        }

    def file(self, number: int) -> bytes | None:
        """The lines of a completed one, or that part of a failed one's that there is; none where they are gone."""
        self.go_on()
        found = self.all.get(number)
        return found.lines if found is not None and found.status in ("COMPLETED", "FAILED", "EXPIRED") else None

    def fail_next(self, code: str) -> None:
        """The next one that would end well fails with this code, half of its lines written."""
        self._fails.append(code)

    def start(self, _asked: Asked, query: str, groupObjects: bool = False) -> Tree:
        """`bulkOperationRunQuery`."""
        self.go_on()
        _check(query)
        running = [each for each in self.all.values() if each.status not in DONE]
        if len(running) >= self._at_once > 1:
            raise Refused("Bulk operations limit reached. Please try again later.", "LIMIT_REACHED")
        if len(running) >= self._at_once:
            raise Refused(
                "A bulk query operation for this app and shop is already in progress: "
                f"{gid('BulkOperation', running[-1].id)}.",
                "OPERATION_IN_PROGRESS",
            )
        new = Bulk(self._ids.next("bulk"), query, self._clock(), groupObjects, self.takes)
        self.all[new.id] = new
        return {"bulkOperation": self.tree(new.id)}

    def cancel(self, _asked: Asked, id: str) -> Tree:
        """`bulkOperationCancel`: it is cancelling at once and cancelled a little later."""
        self.go_on()
        found = self.all.get(named(id)[1])
        if found is None:
            raise refused(f"Invalid id: {id}", "RESOURCE_NOT_FOUND")
        if found.status in DONE:
            said = f"A bulk operation cannot be canceled when it is {found.status.lower()}"
            raise Refused(said, None, ())
        found.status = "CANCELING"
        return {"bulkOperation": self.tree(found.id)}

    def go_on(self) -> None:
        """Bring every bulk query to where it is by the shop's clock. One that ends tells so by webhook."""
        now = self._clock()
        for each in self.all.values():
            if each.status == "COMPLETED" and each.completed and now >= each.completed + KEPT:
                each.status, each.lines = "EXPIRED", b""
            if each.status in DONE or now < each.created + STARTS_AFTER:
                continue
            if each.status == "CREATED":
                each.status = "RUNNING"
                each.rows, each.error = self._rows(each)
            ran = now - each.created - STARTS_AFTER
            each.objects = int(len(each.rows) * min(1.0, ran / each.takes))
            if each.status == "CANCELING" or ran >= each.takes:
                self._end(each, now)

    def _end(self, bulk: Bulk, now: datetime) -> None:
        bulk.completed = now
        if bulk.status == "CANCELING":
            bulk.status = "CANCELED"
        else:
            if bulk.error is None and self._fails:
                bulk.error = self._fails.pop(0)
            rows = bulk.rows if bulk.error is None else bulk.rows[: len(bulk.rows) // 2]
            bulk.status = "COMPLETED" if bulk.error is None else "FAILED"
            bulk.roots = sum("__parentId" not in row for row in rows)
            bulk.objects = len(rows)
            bulk.lines = b"".join(json.dumps(row, separators=(",", ":")).encode() + b"\n" for row in rows)
        bulk.rows = []
        self._outbox.begin()
        self._outbox.tell(
            "bulk_operations/finish",
            {
                "admin_graphql_api_id": gid("BulkOperation", bulk.id),
                "completed_at": at(now),
                "created_at": at(bulk.created),
                "error_code": bulk.error,
                "status": bulk.status.lower(),
                "type": "query",
            },
        )

    def _rows(self, bulk: Bulk) -> tuple[list[Tree], str | None]:
        """What it finds; and the code with which it will fail where it may not see all of it."""
        asked = operation(bulk.query, None)
        variables = get_variable_values(schema(), (), {})
        if isinstance(variables, list):
            raise variables[0]
        data, errors, _ = asked.run(self._root_tree, variables)
        code = str((errors[0].extensions or {}).get("code") or "INTERNAL_SERVER_ERROR") if errors else None
        rows = list(_flat(asked.roots, data or {}, None))
        if bulk.grouped:
            return [row for _, row in rows], code
        # Children only stand behind their parents: here every order comes before the first line of any.
        return [row for _, row in sorted(rows, key=lambda deep: deep[0])], code


def _flat(fields: list[Field], values: Tree, parent: str | None, depth: int = 0) -> Iterator[tuple[int, Tree]]:
    """The nodes of every connection with their depth, each before those inside it, which name it as their parent."""
    for each in fields:
        inside = values.get(each.key)
        if each.paged and inside is not None:
            (node,) = _node(each)
            for edge in inside["edges"]:
                entry = edge[node.key]
                nested = node.selection(node.type.name)
                own = {deep.key: entry[deep.key] for deep in nested if not deep.paged}
                yield depth, own if parent is None else {**own, "__parentId": parent}
                yield from _flat([deep for deep in nested if deep.paged], entry, entry.get("id"), depth + 1)


def _node(connection: Field) -> list[Field]:
    edges = [each for each in connection.selection(connection.type.name) if each.name == "edges"]
    return [node for each in edges for node in each.selection(each.type.name) if node.name == "node"]


def _check(query: str) -> None:
    """Refuse what Shopify does not run in bulk, in its words."""
    said = list(_faults(query))
    if said:
        raise Refused(said[0], "INVALID", ("query",))


def _faults(query: str) -> Iterator[str]:
    try:
        text = parse(query)
    except GraphQLError:
        yield "Invalid bulk query: syntax error, unexpected end of file"
        return
    operations = [node.operation for node in text.definitions if isinstance(node, OperationDefinitionNode)]
    if operations != [OperationType.QUERY]:
        yield "Invalid operation type. Only `query` operations are supported."
        return
    document = understood(query)
    if isinstance(document, list):
        yield f"Invalid bulk query: {document[0].message}"
        return
    asked = operation(query, None)
    if any(each.name == "node" for each in asked.roots):
        yield "Bulk queries cannot contain a top level `node` field."
    found = list(_connections(asked.roots, 0, None, listed=False))
    if not found:
        yield "Bulk queries must contain at least one connection."
    without = [field.name for field, *_ in found if not _node(field)]
    if without:
        yield (
            "All connection fields in a bulk query must select their contents using 'edges' > 'node', e.g: "
            f"'{without[0]} {{ edges {{ node {{'. Selecting via 'nodes' is not supported. Invalid connection fields: "
            f"{', '.join(repr(name) for name in without)}."
        )
        return
    if len(found) > CONNECTIONS_AT_MOST:
        yield f"Bulk queries cannot contain more than {CONNECTIONS_AT_MOST} connections."
    if any(depth > DEPTH_AT_MOST for _, depth, _, _ in found):
        yield f"Bulk queries cannot contain connections with a nesting depth greater than {DEPTH_AT_MOST}."
    if any(listed for *_, listed in found):
        yield "Queries that contain a connection field within a list field are not currently supported."
    nameless = [around.name for _, _, around, _ in found if around is not None and not _names_id(around)]
    if nameless:
        yield (
            "The parent 'node' field for a nested connection must select the 'id' field without an alias and must be "
            f"of 'ID' return type. Connection fields without 'id': {', '.join(dict.fromkeys(nameless))}."
        )


def _connections(
    fields: list[Field], depth: int, around: Field | None, *, listed: bool
) -> Iterator[tuple[Field, int, Field | None, bool]]:
    """Every connection with its depth (0: not inside another), the connection around it, and whether a list is."""
    for each in fields:
        if each.leaf:
            continue
        if each.paged:
            yield each, depth, around, listed
        inner = depth + 1 if each.paged else depth
        in_list = listed or (each.listed and not each.entries)
        for kind in each.operation.kinds(each):
            yield from _connections(each.selection(kind), inner, each if each.paged else around, listed=in_list)


def _names_id(connection: Field) -> bool:
    nested: list[Any] = [field for node in _node(connection) for field in node.selection(node.type.name)]
    return any(field.key == "id" == field.name for field in nested)
