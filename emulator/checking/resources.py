"""What AWS would not create, found by creating it: in a cloud of our own, where nothing runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from emulator.checking.finding import Place, finding
from emulator.clock import VirtualClock
from emulator.cloud.provision import ResourceRefusedError
from emulator.emulator import Emulator
from emulator.runtime.in_place import InPlaceFunction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emulator.checking.finding import Finding
    from emulator.checking.subject import Subject
    from emulator.declared.project import Project


def findings(subject: Subject) -> Iterator[Finding]:
    return _refusals(subject.described, subject) if subject.described else iter(())


def _refusals(project: Project, subject: Subject) -> Iterator[Finding]:
    """One after the other: each is left out once it has been refused."""
    clock = VirtualClock()
    emulator = Emulator(clock, make_function=lambda spec: InPlaceFunction(spec, print, clock))
    try:
        emulator.apply(project)
    except ResourceRefusedError as error:
        refused = error.logical_id
        yield finding(
            "resource-refused",
            subject.files.in_template(refused) if refused else Place("app.py", None, "decorators"),
            error.problem,
            write="what the page of its type says",
            severity="refused",
        )
        left = [resource for resource in project.resources if resource.logical_id != refused]
        if refused:
            yield from _refusals(msgspec.structs.replace(project, resources=left), subject)
    finally:
        emulator.close()
