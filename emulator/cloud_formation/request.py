"""What somebody wants a stack to become."""

from __future__ import annotations

from typing import Any

import msgspec


class Source(msgspec.Struct, frozen=True):
    """A template as it was sent, and as it is after its transform."""

    text: str
    template: dict[str, Any]


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What a stack is to become."""

    stack_name: str
    source: Source
    parameters: dict[str, str] = {}
    tags: dict[str, str] = {}
    capabilities: list[str] = []
    notification_arns: list[str] = []
    role_arn: str | None = None
    rolls_back: bool = True
    is_protected: bool = False
    #: why the template cannot be had as it is wanted
    problem: str | None = None
