"""What decorators name and the template does not: it must be there before a deployment."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from emulator import template
from emulator.checking.finding import finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emulator.checking.finding import Finding
    from emulator.checking.subject import Subject


def findings(subject: Subject) -> Iterator[Finding]:
    for logical_id, body in subject.found.missing.items():
        name = body["Properties"][template.name_property(body["Type"])]
        yield finding(
            "not-in-template",
            subject.files.at(template.PATH, ["Resources"], logical_id),
            f"{name} ({body['Type']}) is in no template: what is packaged deploys only where it is "
            "there already",
            write=f'"{logical_id}": {json.dumps(body)}',
        )
