"""Filter policies of topics' subscriptions, matched by the rules that event patterns have.

https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.sns.exceptions import SNSInvalidParameter

from emulator.mapping import event_pattern
from emulator.mapping.event_pattern import EventPatternError

if TYPE_CHECKING:
    from collections.abc import Mapping

_BODY = "MessageBody"


class FilterPolicy:
    """What moto asks whether a subscription gets a message."""

    def __init__(self, filter_policy: dict[str, Any], filter_policy_scope: str | None) -> None:
        """Raises SNSInvalidParameter for a policy that is none."""
        self._sees_body = filter_policy_scope == _BODY
        try:
            pattern = _numbers_by_value(filter_policy)
            self._matches = event_pattern.compiled(pattern) if pattern else None
        except EventPatternError as error:
            raise SNSInvalidParameter(f"Invalid parameter: FilterPolicy: {error}") from None

    def matches(self, message_attributes: Mapping[str, Any] | None, message: str) -> bool:
        """Attributes are those of the message, name to type and value."""
        if self._matches is None:
            return True
        if self._sees_body:
            content = _decoded(message)
            return isinstance(content, dict) and self._matches(content)
        named = (message_attributes or {}).items()
        # binary attributes cannot be seen
        visible = {name: a for name, a in named if not a["Type"].startswith("Binary")}
        return self._matches({name: _value(attribute) for name, attribute in visible.items()})


def _numbers_by_value(policy: Any) -> Any:
    """SNS compares a number by its value, where event patterns compare its digits."""
    if not isinstance(policy, dict):
        return policy
    return {
        name: [_numbers_by_value(alternative) for alternative in rule]
        if name == "$or"
        else [_by_value(entry) for entry in rule]
        if isinstance(rule, list)
        else _numbers_by_value(rule)
        for name, rule in policy.items()
    }


def _by_value(entry: Any) -> Any:
    is_number = isinstance(entry, (int, float)) and not isinstance(entry, bool)
    return {"numeric": ["=", entry]} if is_number else entry


def _value(attribute: Mapping[str, Any]) -> Any:
    text = str(attribute["Value"])
    if attribute["Type"].startswith(("Number", "String.Array")):
        content = _decoded(text)
        return text if content is None else content
    return text


def _decoded(text: str) -> Any:
    try:
        return event_pattern.decode(text)
    except ValueError:
        return None
