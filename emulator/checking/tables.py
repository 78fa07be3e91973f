"""Tables whose items come and go by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.checking.finding import finding
from emulator.checking.subject import objects

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emulator.checking.finding import Files, Finding
    from emulator.checking.subject import Subject
    from emulator.template import Resource

_TTL = "TimeToLiveSpecification"
_RECOVERY = "PointInTimeRecoverySpecification"


def findings(subject: Subject) -> Iterator[Finding]:
    for table in subject.of_type("AWS::DynamoDB::Table"):
        yield from _time_to_live(table, subject.files)
        yield from _recovery(table, subject.files)


def _time_to_live(table: Resource, files: Files) -> Iterator[Finding]:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html"""
    ttl = table.properties.get(_TTL)
    if not isinstance(ttl, dict):
        return
    if ttl.get("Enabled") not in (True, "true"):
        yield finding(
            "time-to-live",
            files.in_template(f"{table.logical_id}.{_TTL}.Enabled"),
            "it is not enabled, so items are kept for ever",
            write='"Enabled": true',
        )
    types = {
        str(definition.get("AttributeName")): definition.get("AttributeType")
        for definition in objects(table.properties.get("AttributeDefinitions"))
    }
    if types.get(attribute := str(ttl.get("AttributeName")), "N") != "N":
        yield finding(
            "time-to-live",
            files.in_template(f"{table.logical_id}.{_TTL}.AttributeName"),
            f"{attribute} is a key and no number: only a number of seconds since 1970 expires",
            write="the name of an attribute that holds such a number",
        )


def _recovery(table: Resource, files: Files) -> Iterator[Finding]:
    recovery = table.properties.get(_RECOVERY)
    if not (isinstance(recovery, dict) and recovery.get("PointInTimeRecoveryEnabled")):
        yield finding(
            "no-recovery",
            files.in_template(f"{table.logical_id}.{_RECOVERY}"),
            "what is deleted or overwritten by mistake cannot be brought back",
            write=f'"{_RECOVERY}": {{"PointInTimeRecoveryEnabled": true}}',
        )
