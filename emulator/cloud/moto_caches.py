"""Caches for what moto works out anew in every request: same answers, about half the CPU.

moto is the slowest part of a local AWS call by far. Each cache here holds something that depends on
nothing but its key: how an expression parses, which node of it a validator looks at, under which
names a model finds an attribute. Made for moto 5.2; requests are answered under one lock.
"""

from __future__ import annotations

import functools
from typing import Any

import moto.core.responses
import moto.core.utils
from moto.core.serialize import AttributePicker, AttributePickerContext
from moto.core.utils import get_value
from moto.dynamodb.parsing.ast_nodes import DepthFirstTraverser, Node
from moto.dynamodb.parsing.expressions import UpdateExpressionParser

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
    DepthFirstTraverser.traverse_node_recursively = _traverse
    AttributePicker.__call__ = _pick


def _traverse(self: Any, node: Any, child_id: int = -1) -> Any:
    """moto's own walk, children first, with the kinds of nodes compared once for all."""
    cls: type = type(node)
    if not _is_node(cls):
        return node
    parent = node.parent
    for position, child in enumerate(node.children or ()):
        self.pre_processing_of_child(node, position)
        _traverse(self, child, position)
    processors = self._processing_map()
    kind = _kind(tuple(processors), cls)
    if kind is None:
        return node
    processed = processors[kind](node)
    processed.parent = parent
    if parent:
        parent.children[child_id] = processed
    return processed


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
    found = (get_value(context.obj, name, _MISSING) for name in names)
    value = next((value for value in found if value is not _MISSING), None)
    path = f"{context.key_path}.{context.key}"
    for ending, transform in self.response_transformers.items():
        if path.endswith(ending):
            return transform(value)
    return value
