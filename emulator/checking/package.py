"""What ``chalice package`` made: merged with the template, and not too large."""

from __future__ import annotations

import json
import zipfile
from collections import Counter
from typing import TYPE_CHECKING

from emulator import template
from emulator.checking.finding import Place, finding
from emulator.limits import PACKAGE_BYTES_MAX

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from emulator.checking.finding import Finding
    from emulator.checking.subject import Subject

BUNDLE = "deployment.zip"
#: What an upload without S3, as of plain ``chalice deploy``, may have.
UPLOAD_BYTES_MAX = 50 * 1024 * 1024
#: Ours: from here on it is the bundle that makes cold starts slow.
ADVISED_BYTES_MAX = 50 * 1024 * 1024


def findings(subject: Subject) -> Iterator[Finding]:
    """Raises template.TemplateError if the packaged template is none."""
    packaged = subject.packaged
    if packaged is None:
        return
    try:
        made = json.loads(packaged.read_text())["Resources"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise template.TemplateError(f"{packaged} is no packaged template: {error}") from None
    for resource in subject.resources:
        if resource.logical_id not in made:
            yield finding(
                "not-merged",
                Place(str(packaged), None, resource.logical_id),
                f"{template.PATH} has it, and what was packaged does not",
                write=f"chalice package --merge-template {template.PATH} …",
            )
    yield from _bundle(packaged.with_name(BUNDLE))


def _bundle(file: Path) -> Iterator[Finding]:
    if not file.exists():
        return
    parts: Counter[str] = Counter()
    try:
        with zipfile.ZipFile(file) as bundle:
            for info in bundle.infolist():
                parts[info.filename.partition("/")[0]] += info.file_size
    except (OSError, zipfile.BadZipFile) as error:
        raise template.TemplateError(f"{file} is no bundle: {error}") from None
    unpacked = parts.total()
    size = file.stat().st_size
    if unpacked > PACKAGE_BYTES_MAX:
        problem = f"{unpacked} bytes unpacked, more than the {PACKAGE_BYTES_MAX} that Lambda takes"
    elif size > UPLOAD_BYTES_MAX:
        problem = f"{size} bytes: chalice deploy cannot send it, only S3 takes it"
    elif unpacked > ADVISED_BYTES_MAX:
        problem = f"{unpacked} bytes unpacked: every cold start waits for what it loads of them"
    else:
        return
    largest = ", ".join(name for name, _ in parts.most_common(3))
    yield finding(
        "bundle-size",
        Place(str(file), None, "requirements.txt"),
        problem,
        write=f"fewer libraries; the largest are {largest}",
        severity="refused" if unpacked > PACKAGE_BYTES_MAX else "hurts",
    )
