"""What scopes the app's own queries need, computed from the reference data."""

import gzip
import json
from pathlib import Path

from graphql import (
    FieldNode,
    OperationDefinitionNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    parse,
    visit,
)

from connectors.shopify import client
from tests.connectors.shopify.conftest import real_schema, reference

FOLDER = Path(client.__file__).parent / "queries"


class _Used(Visitor):
    """Collects the names under which the access data may say something of a document."""

    def __init__(self, types: TypeInfo) -> None:
        super().__init__()
        self._types = types
        self.names: set[str] = set()

    def enter_field(self, node: FieldNode, *_: object) -> None:
        parent, told = self._types.get_parent_type(), self._types.get_type()
        if parent is not None:
            self.names.add(f"{parent.name}.{node.name.value}")
        if told is not None:
            self.names.add(get_named_type(told).name)

    def enter_fragment_definition(self, *_: object) -> None:
        self._note_type()

    def enter_inline_fragment(self, *_: object) -> None:
        self._note_type()

    def _note_type(self) -> None:
        told = self._types.get_type()
        if told is not None:
            self.names.add(get_named_type(told).name)


def groups_needed(version: str) -> set[frozenset[str]]:
    """Of each group one scope is enough: what all texts in `queries/` ask for under this version of the API."""
    schema = real_schema(version)
    told = json.loads(gzip.decompress(reference(f"schema/admin-{version}.access-scopes.json.gz").read_bytes()))
    names: set[str] = set()
    for path in sorted(FOLDER.glob("*.graphql")):
        document = parse(path.read_text(encoding="utf-8"))
        assert any(isinstance(node, OperationDefinitionNode) for node in document.definitions)
        types = TypeInfo(schema)
        used = _Used(types)
        visit(document, TypeInfoVisitor(types, used))
        names |= used.names
    return {frozenset(found["any_of"]) for name in names if (found := told.get(name)) and found["any_of"]}
