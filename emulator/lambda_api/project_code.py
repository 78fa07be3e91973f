"""The code of a Chalice project as a deployment package: what Chalice puts into one."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: https://aws.github.io/chalice/topics/packaging.html
_FILES = ("app.py",)
_FOLDERS = ("chalicelib", "vendor")
#: ZIP's first day: a package depends on the code alone, so that its digest tells a change
_DATE = (1980, 1, 1, 0, 0, 0)


class ProjectCode:
    """Runs where it stands; zipped only when somebody asks."""

    task_root: str | None = None

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    @cached_property
    def zipped(self) -> bytes:
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as package:
            for path in sorted(self._paths()):
                name = zipfile.ZipInfo(path.relative_to(self._directory).as_posix(), _DATE)
                package.writestr(name, path.read_bytes(), zipfile.ZIP_DEFLATED)
        return content.getvalue()

    @cached_property
    def sha256(self) -> str:
        return base64.b64encode(hashlib.sha256(self.zipped).digest()).decode()

    def _paths(self) -> Iterator[Path]:
        yield from (p for name in _FILES if (p := self._directory / name).is_file())
        for folder in _FOLDERS:
            for path in (self._directory / folder).rglob("*"):
                if path.is_file() and "__pycache__" not in path.parts:
                    yield path
