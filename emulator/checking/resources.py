"""Resources that AWS would not create, found by creating them in a cloud of our own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.checking.finding import finding
from emulator.clock import VirtualClock
from emulator.cloud.aws import Cloud
from emulator.cloud.provision import ResourceRefusedError, provision
from emulator.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emulator.checking.finding import Finding
    from emulator.checking.subject import Subject
    from emulator.template import Resource


def findings(subject: Subject) -> Iterator[Finding]:
    clock = VirtualClock()
    cloud = Cloud(clock, Journal(clock), region=subject.names.region)
    return _refusals(subject.found.resources, subject, cloud)


def _refusals(resources: list[Resource], subject: Subject, cloud: Cloud) -> Iterator[Finding]:
    try:
        provision(resources, subject.names, cloud)
    except ResourceRefusedError as error:
        yield finding(
            "resource-refused",
            subject.files.in_template(error.logical_id),
            error.problem,
            write="what the page of its type says",
            severity="refused",
        )
        others = [resource for resource in resources if resource.logical_id != error.logical_id]
        yield from _refusals(others, subject, cloud)
