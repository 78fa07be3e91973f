"""Caches for what moto works out anew in every request: same answers for a fraction of the CPU.

moto is the slowest part of a local AWS call by far. Each change here keeps something that depends
on nothing but its key (how an expression reads, under which names a model finds an attribute), or
does the same walk over an expression with fewer steps. Made for moto 5.2; requests are answered
under one lock.
"""

from __future__ import annotations

import copy
import functools
import pickle
from collections import deque
from typing import Any

import moto.core.responses
import moto.core.serialize
import moto.core.utils
import moto.sqs.models
from moto.core.serialize import AttributePickerContext
from moto.dynamodb.comparisons import ConditionExpressionParser
from moto.dynamodb.parsing import validators
from moto.dynamodb.parsing.ast_nodes import DepthFirstTraverser, Node
from moto.dynamodb.parsing.expressions import UpdateExpressionParser
from moto.dynamodb.parsing.reserved_keywords import ReservedKeywords
from moto.dynamodb.parsing.validators import ActionCountValidator, Validator

#: Apps have a handful of expressions; one that builds them from values must not fill the memory.
EXPRESSIONS_MAX = 1_000


def install() -> None:
    """Put the caches into moto; doing so twice changes nothing."""
    if hasattr(UpdateExpressionParser.make, "cache_info"):
        return
    # a list of 573 words, looked through for every name of every expression
    ReservedKeywords.KEYWORDS = frozenset(ReservedKeywords.get_reserved_keywords())
    UpdateExpressionParser.make = functools.lru_cache(EXPRESSIONS_MAX)(_tree)
    validators.deepcopy = _copy
    moto.core.serialize.ResponseSerializer.get_value = _value
    for module in (moto.core.responses, moto.core.utils, moto.sqs.models):
        module.camelcase_to_underscores = _snake_case
    moto.core.responses.method_names_from_class = functools.lru_cache(None)(
        moto.core.utils.method_names_from_class
    )
    ConditionExpressionParser._lex_condition_expression = _tokens  # noqa: SLF001
    DepthFirstTraverser.traverse = _traverse
    ActionCountValidator.traverse = ActionCountValidator.verify_action_counts
    Validator.validate = _validate


_snake_case = functools.lru_cache(None)(moto.core.utils.camelcase_to_underscores)


_lex = ConditionExpressionParser._lex_condition_expression  # noqa: SLF001


def _tokens(self: Any) -> deque[Any]:
    """The tokens of a condition, which are values, in a queue of the caller's own."""
    return deque(_tokens_of(self.condition_expression))


@functools.lru_cache(EXPRESSIONS_MAX)
def _tokens_of(expression: str) -> tuple[Any, ...]:
    return tuple(_lex(ConditionExpressionParser(expression, None, None)))


_make = UpdateExpressionParser.make


def _tree(expression: str) -> Any:
    """An update expression's tree, shared: whoever changes it works on a copy."""
    tree = _make(expression)
    tree.pickled = pickle.dumps(tree)
    return tree


def _copy(value: Any) -> Any:
    """What a validator works on; unpickling a tree takes a tenth of copying it."""
    pickled = getattr(value, "pickled", None)
    return copy.deepcopy(value) if pickled is None else pickle.loads(pickled)


def _validate(self: Any) -> Any:
    """moto's own validators in their order, without those that have nothing to look at."""
    tree = self.node_to_validate
    for processor in self.processors:
        kinds = tuple(processor._processing_map())  # noqa: SLF001
        if any(_kind(kinds, cls) for cls in _classes(tree)):
            tree = processor.traverse(tree)
    return tree


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
    """moto's own walk, children first, with the kinds of nodes compared once for all."""
    processors = self._processing_map()
    kinds = tuple(processors)
    prepare = self.pre_processing_of_child

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


_get_value = moto.core.serialize.ResponseSerializer.get_value


def _value(self: Any, value: Any, key: str, shape: Any) -> Any:
    """A member of a dict, by the first of its possible names: they depend on the shape alone."""
    picker = self._value_picker
    if type(value) is not dict or picker.response_transformers:
        return _get_value(self, value, key, shape)
    names = shape.__dict__.get("names_in_a_dict")
    if names is None:
        context = AttributePickerContext(obj={}, key=key, shape=shape)
        names = shape.names_in_a_dict = tuple(dict.fromkeys(picker.get_possible_keys(context)))
    for name in names:
        if name in value:
            return value[name]
    return None
