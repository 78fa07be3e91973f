"""Which type handles which resource."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.cloud_formation.resource_types import (
    apis,
    buckets,
    foreign,
    functions,
    monitoring,
    queues,
    roles,
    rules,
    tables,
    topics,
)

if TYPE_CHECKING:
    from emulator.cloud_formation.resource import ResourceType

_TYPES: dict[str, ResourceType] = {
    kind.type: kind
    for module in (
        apis, buckets, functions, monitoring, queues, roles, rules, tables, topics,
    )
    for kind in module.TYPES
}  # fmt: skip


def names() -> set[str]:
    """The types that are made with AWS's own calls."""
    return set(_TYPES)


def find(name: str) -> ResourceType:
    """How resources of a type are handled: with AWS's own calls, or by moto, or not at all."""
    return _TYPES.get(name) or foreign.find(name)
