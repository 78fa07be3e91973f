"""DynamoDB's expressions, read once: how one reads depends on its text alone.

An app sends the same few expressions again and again; moto lexes, parses, copies and walks each of
them several times a request. Its rules stay; what depends on the text, the names and the table's
keys is kept, and the walks over an expression take fewer steps.
"""

from __future__ import annotations

import copy
import functools
import pickle
from typing import Any

import moto.dynamodb.models
import moto.dynamodb.responses
from moto.dynamodb import comparisons
from moto.dynamodb.comparisons import ConditionExpressionParser
from moto.dynamodb.parsing import validators
from moto.dynamodb.parsing.ast_nodes import (
    DepthFirstTraverser,
    Node,
    UpdateExpressionSetAction,
)
from moto.dynamodb.parsing.expressions import UpdateExpressionParser
from moto.dynamodb.parsing.reserved_keywords import ReservedKeywords
from moto.dynamodb.parsing.validators import (
    ActionCountValidator,
    EmptyStringKeyValueValidator,
    OverlappingPathsValidator,
    TypeMismatchValidator,
    UpdateHashRangeKeyValidator,
    Validator,
)

#: Apps have a handful of expressions; one that builds them from values must not fill the memory.
EXPRESSIONS_MAX = 1_000
#: What looks at an expression, its names and the table's keys, and at no value.
_STATIC = (ActionCountValidator, OverlappingPathsValidator, UpdateHashRangeKeyValidator)
#: What looks at values of key attributes only.
_OF_KEYS = (TypeMismatchValidator, EmptyStringKeyValueValidator)


def install() -> None:
    """Put the caches into moto."""
    # a list of 573 words, looked through for every name of every expression
    ReservedKeywords.KEYWORDS = frozenset(ReservedKeywords.get_reserved_keywords())
    UpdateExpressionParser.make = functools.lru_cache(EXPRESSIONS_MAX)(_tree)
    validators.deepcopy = _copy
    ConditionExpressionParser.parse = _parse
    ConditionExpressionParser._make_operand = _operand  # noqa: SLF001
    conditions = _Conditions()
    for module in (comparisons, moto.dynamodb.models, moto.dynamodb.responses):
        module.create_condition_expression_parser = conditions.parser
    DepthFirstTraverser.traverse = _traverse
    ActionCountValidator.traverse = ActionCountValidator.verify_action_counts
    Validator.validate = _validate


_parse_condition = ConditionExpressionParser.parse
_make_operand = ConditionExpressionParser._make_operand  # noqa: SLF001


class _TreeParser(ConditionExpressionParser):  # type: ignore[misc]
    """Reads a condition without its values, and stops at the tree."""

    def _lookup_expression_attribute_value(self, name: str) -> Any:
        return name

    def _make_op_condition(self, node: Any) -> Any:
        return node


@functools.lru_cache(EXPRESSIONS_MAX)
def _condition(expression: str, names: frozenset[tuple[str, str]]) -> tuple[Any, ...]:
    """A condition's tree, and the names and values it has used."""
    parser = _TreeParser(expression, dict(names), None)
    tree = _parse_condition(parser)
    return tree, parser.expr_attr_names_found, parser.expr_attr_values_found


def _parse(self: Any) -> Any:
    """The condition with this request's values, put together once."""
    if not self.condition_expression:
        return _parse_condition(self)
    if "parsed" not in self.__dict__:
        names = frozenset((self.expression_attribute_names or {}).items())
        tree, names_used, values_used = _condition(self.condition_expression, names)
        self.expr_attr_names_found.extend(names_used)
        self.expr_attr_values_found.extend(values_used)
        self.parsed = self._make_op_condition(tree)
    return self.parsed


def _operand(self: Any, node: Any) -> Any:
    if node.kind == self.Kind.EXPRESSION_ATTRIBUTE_VALUE:
        value = self._lookup_expression_attribute_value(node.text)
        node = node._replace(value=value)
    return _make_operand(self, node)


class _Conditions:
    """The last condition's parser: moto asks for it twice, to check names and to compare."""

    def __init__(self) -> None:
        self._asked: tuple[Any, ...] = ()
        self._parser: Any = None

    def parser(self, expression: Any, names: Any, values: Any) -> Any:
        asked = (expression, names, values)
        # the very same objects: others, though equal now, may be changed later
        if len(self._asked) != len(asked) or any(
            a is not b for a, b in zip(asked, self._asked, strict=True)
        ):
            self._asked, self._parser = asked, ConditionExpressionParser(*asked)
        return self._parser


_make = UpdateExpressionParser.make


def _tree(expression: str) -> Any:
    """An update expression's tree, shared: whoever changes it works on a copy."""
    tree = _make(expression)
    pickled = pickle.dumps(tree)
    tree.pickled = pickled
    #: the first names of what is SET
    tree.set_names = {
        action.children[0].children[0].children[0]
        for action in tree.find_clauses([UpdateExpressionSetAction])
    }
    tree.classes = _classes(tree)
    #: under which names and keys the static validators have passed it
    tree.passed = set()
    return tree


def _copy(value: Any) -> Any:
    """What a validator works on; unpickling a tree takes a tenth of copying it."""
    if not hasattr(value, "pickled"):
        return copy.deepcopy(value)
    tree = pickle.loads(value.pickled)
    tree.shared = value
    return tree


def _validate(self: Any) -> Any:
    """moto's own validators in their order, without those that have nothing to find."""
    tree = self.node_to_validate
    shared = getattr(tree, "shared", None)
    kept = [p for p in self.processors if shared is None or not _is_idle(p, self, shared)]
    classes = _classes(tree) if shared is None else set(shared.classes)
    for processor in kept:
        kinds = tuple(processor._processing_map())  # noqa: SLF001
        if any(_kind(kinds, cls) for cls in classes):
            tree = _walk(processor, tree, classes)
    if shared is not None and len(shared.passed) < EXPRESSIONS_MAX:
        shared.passed.add(_static_key(self))
    return tree


def _is_idle(processor: Any, validator: Any, shared: Any) -> bool:
    if isinstance(processor, _STATIC):
        return _static_key(validator) in shared.passed
    if isinstance(processor, _OF_KEYS):
        table = validator.table
        named = {attribute["AttributeName"] for attribute in table.attr}
        return bool(shared.set_names.isdisjoint(named.union(table.attribute_keys)))
    return False


def _static_key(validator: Any) -> tuple[Any, ...]:
    names = validator.expression_attribute_names or {}
    return frozenset(names.items()), tuple(validator.table.table_key_attrs)


def _classes(tree: Any) -> set[type]:
    """The classes of the nodes of a tree."""
    found: set[type] = set()
    nodes = [tree]
    while nodes:
        node = nodes.pop()
        cls: type = type(node)
        if _is_node(cls):
            found.add(cls)
            nodes.extend(node.children or ())
    return found


def _traverse(self: Any, tree: Any) -> Any:
    return _walk(self, tree, set())


def _walk(processor: Any, tree: Any, classes: set[type]) -> Any:
    """moto's own walk, children first, with the kinds of nodes compared once for all.

    Adds to ``classes`` those of the nodes that it puts in.
    """
    processors = processor._processing_map()  # noqa: SLF001
    kinds = tuple(processors)
    prepare = processor.pre_processing_of_child

    def walk(node: Any, child_id: int) -> Any:
        cls: type = type(node)
        if not _is_node(cls):
            return node
        parent = node.parent
        for position, child in enumerate(node.children or ()):
            prepare(node, position)
            walk(child, position)
        kind = _kind(kinds, cls)
        if kind is None:
            return node
        processed = processors[kind](node)
        processed.parent = parent
        classes.add(type(processed))
        if parent:
            parent.children[child_id] = processed
        return processed

    return walk(tree, -1)


@functools.lru_cache(None)
def _is_node(cls: type) -> bool:
    return issubclass(cls, Node)


@functools.lru_cache(None)
def _kind(kinds: tuple[type, ...], cls: type) -> type | None:
    """The first of ``kinds`` that ``cls`` is one of."""
    return next((kind for kind in kinds if issubclass(cls, kind)), None)
