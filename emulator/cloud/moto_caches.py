"""Caches for what moto works out anew in every request: same answers for a fraction of the CPU.

moto is the slowest part of a local AWS call by far. Each change here keeps something that depends
on nothing but its key (how an expression reads, under which names a model finds an attribute), or
does the same walk over an expression with fewer steps. Made for moto 5.2; requests are answered
under one lock.
"""

from __future__ import annotations

import copy
import functools
from collections import deque
from typing import Any

import moto.core.responses
import moto.core.utils
from moto.core.serialize import AttributePicker, AttributePickerContext
from moto.core.utils import get_value
from moto.dynamodb.comparisons import ConditionExpressionParser
from moto.dynamodb.parsing.ast_nodes import DepthFirstTraverser, Node
from moto.dynamodb.parsing.expressions import UpdateExpressionParser
from moto.dynamodb.parsing.validators import ActionCountValidator, Validator

#: Apps have a handful of expressions; one that builds them from values must not fill the memory.
EXPRESSIONS_MAX = 1_000

_MISSING = object()


def install() -> None:
    """Put the caches into moto; doing so twice changes nothing."""
    if hasattr(UpdateExpressionParser.make, "cache_info"):
        return
    # safe to share: whoever changes the tree works on a copy of it
    UpdateExpressionParser.make = functools.lru_cache(EXPRESSIONS_MAX)(UpdateExpressionParser.make)
    moto.core.responses.method_names_from_class = functools.lru_cache(None)(
        moto.core.utils.method_names_from_class
    )
    ConditionExpressionParser._lex_condition_expression = _tokens  # noqa: SLF001
    DepthFirstTraverser.traverse = _traverse
    ActionCountValidator.traverse = ActionCountValidator.verify_action_counts
    Validator.validate = _validate
    Node.__deepcopy__ = _copy_node
    AttributePicker.__call__ = _pick


_lex = ConditionExpressionParser._lex_condition_expression  # noqa: SLF001


def _tokens(self: Any) -> deque[Any]:
    """The tokens of a condition, which are values, in a queue of the caller's own."""
    return deque(_tokens_of(self.condition_expression))


@functools.lru_cache(EXPRESSIONS_MAX)
def _tokens_of(expression: str) -> tuple[Any, ...]:
    return tuple(_lex(ConditionExpressionParser(expression, None, None)))


def _copy_node(self: Any, memo: dict[int, Any]) -> Any:
    """A node with copies of its children; copying through ``parent`` would copy the whole tree."""
    copied: Any = object.__new__(self.__class__)
    copied.type, copied.parent, copied.children = self.type, None, None
    if self.children is not None:
        copied.children = [copy.deepcopy(child, memo) for child in self.children]
        for child in copied.children:
            if _is_node(child.__class__):
                child.parent = copied
    return copied


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


_names: dict[tuple[Any, ...], tuple[str, ...]] = {}


def _pick(self: Any, context: AttributePickerContext) -> Any:
    """moto's own look-up of a model's attribute, with the possible names remembered."""
    # a picker is made for every answer, from a constant list of classes
    providers = (type(self), *self.alias_providers)
    key = (providers, type(context.obj), context.shape, context.key)
    names = _names.get(key)
    if names is None:
        names = _names[key] = tuple(self.get_possible_keys(context))
    value = _first(context.obj, names)
    if self.response_transformers:
        path = f"{context.key_path}.{context.key}"
        for ending, transform in self.response_transformers.items():
            if path.endswith(ending):
                return transform(value)
    return value


def _first(obj: Any, names: tuple[str, ...]) -> Any:
    """The value of the first name that ``obj`` has, None if it has none of them."""
    if type(obj) is dict:
        return next((obj[name] for name in names if name in obj), None)
    found = (get_value(obj, name, _MISSING) for name in names)
    return next((value for value in found if value is not _MISSING), None)
