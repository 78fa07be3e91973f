"""Tables whose items come and go by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.checking.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emulator.checking.finding import Files
    from emulator.declared.project import Declared

_RECOVERY = "PointInTimeRecoverySpecification"


def findings(found: Declared, files: Files) -> Iterator[Finding]:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html and
    .../Point-in-time-recovery.html.
    """
    for table in found.resources:
        if table.type != "AWS::DynamoDB::Table" or table.logical_id in found.missing:
            continue
        ttl = table.properties.get("TimeToLiveSpecification")
        if isinstance(ttl, dict) and ttl.get("Enabled") not in (True, "true"):
            yield Finding(
                severity="hurts", rule="time-to-live",
                text="it is not enabled, so items are kept for ever",
                **files.in_template(f"{table.logical_id}.TimeToLiveSpecification.Enabled"),
            )  # fmt: skip
        recovery = table.properties.get(_RECOVERY)
        if not (isinstance(recovery, dict) and recovery.get("PointInTimeRecoveryEnabled")):
            yield Finding(
                severity="hurts", rule="no-recovery",
                text="what is deleted or overwritten by mistake cannot be brought back",
                **files.in_template(f"{table.logical_id}.{_RECOVERY}"),
            )  # fmt: skip
