"""What ``chalice package`` made: merged with the template, and not too large.

https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING, Any

from emulator import template
from emulator.checking.finding import Finding
from emulator.limits import PACKAGE_BYTES_MAX

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from emulator.declared.project import Declared

BUNDLE = "deployment.zip"
#: What an upload without S3, as of plain ``chalice deploy``, may have.
UPLOAD_BYTES_MAX = 50 * 1024 * 1024


def findings(found: Declared, packaged: Path) -> Iterator[Finding]:
    """``packaged`` is the template that was made. Raises template.TemplateError if it is none."""
    try:
        made = json.loads(packaged.read_text())["Resources"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise template.TemplateError(f"{packaged} is no packaged template: {error}") from None
    lost = [r for r in found.resources if r.logical_id not in {*made, *found.missing}]
    for resource in lost:
        yield Finding(
            severity="hurts", rule="not-merged", file=str(packaged), line=None,
            setting=resource.logical_id,
            text=f"{template.PATH} has it: package with --merge-template {template.PATH}",
        )  # fmt: skip
    yield from _bundle(packaged.with_name(BUNDLE))


def _bundle(file: Path) -> Iterator[Finding]:
    if not file.exists():
        return
    with zipfile.ZipFile(file) as bundle:
        unpacked = sum(info.file_size for info in bundle.infolist())
    place: dict[str, Any] = {"file": str(file), "line": None, "setting": "requirements.txt"}
    if unpacked > PACKAGE_BYTES_MAX:
        yield Finding(
            severity="refused", rule="bundle-size",
            text=f"{unpacked} bytes unpacked, more than the {PACKAGE_BYTES_MAX} of Lambda", **place,
        )  # fmt: skip
    elif file.stat().st_size > UPLOAD_BYTES_MAX:
        yield Finding(
            severity="hurts", rule="bundle-size",
            text=f"{file.stat().st_size} bytes: chalice deploy cannot send it, only S3 takes it",
            **place,
        )  # fmt: skip
