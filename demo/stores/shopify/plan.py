"""One operation of a GraphQL document, made ready once and run many times: what it asks for, and what it costs.

`graphql-core` parses, checks and reads variables. Executing is done here, because it has to be quick and because
Shopify's prices follow what is executed. A test holds both executions against each other.

The prices are those of recorded answers: an object 1, a mutation or a count 10, a connection 2 and its nodes times the
logarithm of their number; money, page information and what stands directly in a mutation's payload are free. What is
asked for costs exactly that; what was answered may in deeply nested lists be a point or two dearer than recorded.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLEnumType,
    GraphQLError,
    GraphQLField,
    GraphQLIncludeDirective,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLSkipDirective,
    GraphQLString,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    is_leaf_type,
)
from graphql.execution import get_argument_values, get_directive_values
from graphql.execution.values import VariableValues

Tree = dict[str, Any]

_TYPENAME = GraphQLField(GraphQLNonNull(GraphQLString))
FREE_TYPES = ("MoneyBag", "MoneyV2", "PageInfo", "ApiVersion")
MUTATION_COST = 10
COUNT_COST = 10
PAGE_WITHOUT_SIZE = 10
"""Entries that a connection without `first` is charged for."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a resolver is told beside its arguments."""

    field: str
    key: str | None = None
    """Of the directive `@idempotent`."""


@dataclass(slots=True)
class Answered:
    """The values of a selection, and what they cost."""

    values: Any
    cost: int = 0


class _Missing(Exception):
    """A value that must be there is not: the object around it is none either. The error was noted already."""


@dataclass
class Field:
    """One field that is asked for, with all of its selections."""

    key: str
    name: str
    parent: str
    definition: GraphQLField
    nodes: list[FieldNode]
    operation: "Operation"
    own: int
    """What it costs itself."""

    def __post_init__(self) -> None:
        kind: Any = self.definition.type
        self.must = isinstance(kind, GraphQLNonNull)
        kind = kind.of_type if self.must else kind
        self.listed = isinstance(kind, GraphQLList)
        inner = kind.of_type if self.listed else kind
        self.must_each = isinstance(inner, GraphQLNonNull)
        self.type: GraphQLNamedType = get_named_type(self.definition.type)
        self.leaf = is_leaf_type(self.type)
        self.words = frozenset(self.type.values) if isinstance(self.type, GraphQLEnumType) else None
        self.paged = self.type.name.endswith("Connection")
        self.entries = self.listed and self.parent.endswith("Connection")
        self._selections: dict[str, list[Field]] = {}
        self._fixed = not any(_varies(node) for node in self.nodes)
        self._switched = any(node.directives for node in self.nodes)

    @cached_property
    def constant(self) -> Tree:
        """Arguments in which no variable stands."""
        return get_argument_values(self.definition, self.nodes[0])

    def arguments(self, variables: VariableValues) -> Tree:
        """The arguments of this call."""
        return self.constant if self._fixed else get_argument_values(self.definition, self.nodes[0], variables)

    def asked_for(self, variables: VariableValues) -> bool:
        """Whether no `@include` or `@skip` leaves it out."""
        return not self._switched or any(_included(node, variables) for node in self.nodes)

    def idempotency_key(self, variables: VariableValues) -> str | None:
        """Of the directive `@idempotent`."""
        if not self.nodes[0].directives:
            return None
        directive = self.operation.schema.get_directive("idempotent")
        given = get_directive_values(directive, self.nodes[0], variables) if directive else None
        return str(given["key"]) if given else None

    def selection(self, type_name: str) -> list["Field"]:
        """What is asked of an object of this type."""
        known = self._selections.get(type_name)
        if known is None:
            sets = [node.selection_set for node in self.nodes if node.selection_set]
            inside = self.operation.writes and self.own == MUTATION_COST
            known = self._selections[type_name] = self.operation.fields(type_name, sets, payload=inside)
        return known

    def price(self, variables: VariableValues) -> int:
        """What it costs before anything is known of the answer."""
        if self.leaf or not self.asked_for(variables):
            return 0
        kinds = self.operation.kinds(self)
        inner = max((sum(each.price(variables) for each in self.selection(kind)) for kind in kinds), default=0)
        if self.entries:
            return inner
        if self.paged:
            size = self.arguments(variables).get("first") or PAGE_WITHOUT_SIZE
            shown = [each for each in self.selection(self.type.name) if each.entries]
            return 2 + max((_logarithm(size) * (1 + each.price(variables)) for each in shown), default=0)
        return self.own + inner


class Operation:
    """One operation of a document that was found to be valid."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode, definition: OperationDefinitionNode) -> None:
        self.schema = schema
        self.definition = definition
        self.writes = definition.operation is OperationType.MUTATION
        self._fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        root = schema.mutation_type if self.writes else schema.query_type
        self._root = root.name if root else ""
        self._kinds: dict[int, list[str]] = {}
        self.roots = self.fields(self._root, [definition.selection_set])

    @property
    def name(self) -> str:
        """Its own name, or nothing."""
        return self.definition.name.value if self.definition.name else ""

    def requested(self, variables: VariableValues) -> int:
        """`requestedQueryCost`: what it may cost."""
        return sum(each.price(variables) for each in self.roots)

    def run(self, root: Tree, variables: VariableValues) -> tuple[Tree | None, list[GraphQLError], int]:
        """The data, the errors and `actualQueryCost`."""
        running = _Running(variables)
        try:
            answered = running.object(self.roots, root, [])
        except _Missing:
            return None, running.errors, running.least(self)
        return answered.values, running.errors, answered.cost

    def fields(self, type_name: str, sets: list[SelectionSetNode], *, payload: bool = False) -> list[Field]:
        """The fields that these selections ask of an object of this type, equal ones merged."""
        found: dict[str, list[FieldNode]] = {}
        for each in sets:
            self._collect(type_name, each, found)
        kind = self.schema.type_map[type_name]
        definitions = kind.fields if isinstance(kind, GraphQLObjectType) else {}
        fields = []
        for key, nodes in found.items():
            name = nodes[0].name.value
            definition = _TYPENAME if name == "__typename" else definitions[name]
            own = self._own(type_name, definition, payload=payload)
            fields.append(Field(key, name, type_name, definition, nodes, self, own))
        return fields

    def kinds(self, asked: Field) -> list[str]:
        """The object types that a field may answer with, as far as its selections tell them apart."""
        known = self._kinds.get(id(asked))
        if known is None:
            if isinstance(asked.type, GraphQLObjectType):
                known = [asked.type.name]
            else:
                known = sorted({name for node in asked.nodes for name in self._conditions(node.selection_set)})
            self._kinds[id(asked)] = known
        return known

    def _own(self, parent: str, definition: GraphQLField, *, payload: bool) -> int:
        told = get_named_type(definition.type)
        if is_leaf_type(told) or payload or told.name in FREE_TYPES or told.name.endswith("Error"):
            return 0
        if told.name == "Count":
            return COUNT_COST
        if parent == self._root and self.writes:
            return MUTATION_COST
        return 0 if parent.endswith("Edge") else 1

    def _conditions(self, selections: SelectionSetNode | None) -> set[str]:
        names: set[str] = set()
        for node in selections.selections if selections else ():
            inner = self._fragment(node)
            if inner is not None:
                condition = inner.type_condition
                if condition and isinstance(self.schema.type_map[condition.name.value], GraphQLObjectType):
                    names.add(condition.name.value)
                else:
                    names |= self._conditions(inner.selection_set)
        return names

    def _collect(self, type_name: str, selections: SelectionSetNode, found: dict[str, list[FieldNode]]) -> None:
        for node in selections.selections:
            if isinstance(node, FieldNode):
                found.setdefault(node.alias.value if node.alias else node.name.value, []).append(node)
            inner = self._fragment(node)
            if inner is not None:
                condition = inner.type_condition
                if condition is None or self._is(type_name, condition.name.value):
                    self._collect(type_name, inner.selection_set, found)

    def _fragment(self, node: SelectionNode) -> InlineFragmentNode | FragmentDefinitionNode | None:
        if isinstance(node, FragmentSpreadNode):
            return self._fragments[node.name.value]
        return node if isinstance(node, InlineFragmentNode) else None

    def _is(self, type_name: str, condition: str) -> bool:
        kind = self.schema.type_map[type_name]
        faces = kind.interfaces if isinstance(kind, GraphQLObjectType) else ()
        return type_name == condition or any(face.name == condition for face in faces)


class _Running:
    """One execution of an operation."""

    def __init__(self, variables: VariableValues) -> None:
        self._variables = variables
        self.errors: list[GraphQLError] = []

    def least(self, operation: Operation) -> int:
        """What an operation without data costs."""
        return sum(each.own for each in operation.roots)

    def object(self, fields: list[Field], source: Mapping[str, Any], path: list[str | int]) -> Answered:
        """The fields of one object."""
        answered = Answered({})
        for each in fields:
            if not each.asked_for(self._variables):
                continue
            value = source.get(each.name)
            if callable(value):
                value = self._resolved(each, value, path)
            if each.leaf:
                answered.values[each.key] = self._leaf(each, value, path)
            else:
                inner = self._value(each, value, [*path, each.key])
                answered.values[each.key] = inner.values
                answered.cost += inner.cost
        return answered

    def _resolved(self, asked: Field, resolver: Callable[..., Any], path: list[str | int]) -> Any:
        try:
            given = asked.arguments(self._variables)
            return resolver(Asked(asked.name, asked.idempotency_key(self._variables)), **given)
        except GraphQLError as error:
            self._note(asked, error, [*path, asked.key])
            if asked.must:
                raise _Missing from None
            return None

    def _leaf(self, asked: Field, value: Any, path: list[str | int]) -> Any:
        if value is None and asked.must:
            raise self._lost(asked, [*path, asked.key])
        if asked.words is not None and value is not None:
            wrong = [each for each in (value if asked.listed else [value]) if each not in asked.words]
            if wrong:
                raise LookupError(f"{asked.type.name} has no {wrong[0]}.")
        return value

    def _value(self, asked: Field, value: Any, path: list[str | int]) -> Answered:
        if value is None:
            if asked.must:
                raise self._lost(asked, path)
            return Answered(None, 2 if asked.paged else asked.own)
        try:
            if asked.listed:
                return self._list(asked, value, path)
            answered = self._one(asked, value, path)
        except _Missing:
            if asked.must:
                raise
            return Answered(None, asked.own)
        if asked.paged and not answered.cost:
            # A connection without entries is charged as if it were full.
            return Answered(answered.values, asked.price(self._variables))
        answered.cost += 2 if asked.paged else asked.own
        return answered

    def _list(self, asked: Field, values: list[Any], path: list[str | int]) -> Answered:
        """A list costs what its dearest entry costs; the entries of a connection count by the logarithm."""
        told: list[Any] = []
        dearest = 0
        for at, value in enumerate(values):
            if value is None:
                if asked.must_each:
                    raise self._lost(asked, [*path, at])
                told.append(None)
                continue
            try:
                one = self._one(asked, value, [*path, at])
            except _Missing:
                if asked.must_each:
                    raise
                told.append(None)
                continue
            told.append(one.values)
            dearest = max(dearest, one.cost)
        if not asked.entries:
            return Answered(told, asked.own + dearest)
        return Answered(told, _logarithm(len(values)) * (1 + dearest) if values else 0)

    def _one(self, asked: Field, value: Mapping[str, Any], path: list[str | int]) -> Answered:
        kind = asked.type.name if isinstance(asked.type, GraphQLObjectType) else str(value["__typename"])
        if kind != asked.type.name or "__typename" not in value:
            value = {"__typename": kind, **value}
        return self.object(asked.selection(kind), value, path)

    def _lost(self, asked: Field, path: list[str | int]) -> _Missing:
        name = f"{asked.parent}.{asked.name}"
        self._note(asked, GraphQLError(f"Cannot return null for non-nullable field {name}."), path)
        return _Missing()

    def _note(self, asked: Field, error: GraphQLError, path: list[str | int]) -> None:
        self.errors.append(GraphQLError(error.message, asked.nodes[:1], path=path, extensions=error.extensions))


def _included(node: FieldNode, variables: VariableValues) -> bool:
    skip = get_directive_values(GraphQLSkipDirective, node, variables)
    include = get_directive_values(GraphQLIncludeDirective, node, variables)
    return not (skip and skip["if"]) and bool(include is None or include["if"])


def _logarithm(entries: int) -> int:
    """Of two, rounded up; at least 1."""
    return max(1, (entries - 1).bit_length())


def _varies(node: FieldNode) -> bool:
    """Whether a variable stands somewhere in the field's arguments."""
    waiting: list[Any] = [argument.value for argument in node.arguments or ()]
    while waiting:
        value = waiting.pop()
        if isinstance(value, VariableNode):
            return True
        waiting += getattr(value, "values", None) or ()
        waiting += [each.value for each in getattr(value, "fields", None) or ()]
    return False
