"""Deployment packages: a zip, checked and unpacked, or the project where it stands.

https://docs.aws.amazon.com/lambda/latest/dg/python-package.html
"""

from __future__ import annotations

import base64
import hashlib
import io
import shutil
import tempfile
import weakref
import zipfile
import zlib
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from emulator.lambda_api import native_modules
from emulator.lambda_api.errors import invalid_parameter
from emulator.limits import PACKAGE_BYTES_MAX

if TYPE_CHECKING:
    from collections.abc import Iterator

#: What Chalice packages, beside the requirements, which the emulator's own environment holds.
#: https://aws.github.io/chalice/topics/packaging.html
_PROJECT_FILES = ("app.py",)
_PROJECT_FOLDERS = ("chalicelib", "vendor")
#: ZIP's first day: a package depends on the code alone, so that its digest tells a change
_DATE = (1980, 1, 1, 0, 0, 0)
#: what the zipfile module raises for a file that is damaged, encrypted, or of an unknown method
_UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)


class Package(Protocol):
    """The code of one version of a function."""

    @property
    def task_root(self) -> str | None:
        """The folder it runs in; None: the project's."""

    @property
    def zipped(self) -> bytes: ...

    @property
    def sha256(self) -> str:
        """In base64, as AWS shows it."""

    def frozen(self, folder: PackageFolder) -> Package:
        """The same code, as it will always be."""


class PackageFolder:
    """Where packages are unpacked, readable by this user only. Made when the first one comes."""

    def __init__(self, path: Path | None = None) -> None:
        """``path`` need not exist; what is there is removed. None: in the temporary directory."""
        self._path = path
        self._made: Path | None = None
        if path is not None:
            shutil.rmtree(path, ignore_errors=True)

    def new(self) -> Path:
        """A new empty folder."""
        if self._made is None:
            if self._path is not None:
                self._path.mkdir(mode=0o700)
            self._made = self._path or Path(tempfile.mkdtemp(prefix="emulator-functions-"))
            # a process that forgets to remove it still does when it ends
            weakref.finalize(self, shutil.rmtree, self._made, ignore_errors=True)
        return Path(tempfile.mkdtemp(dir=self._made))

    def remove(self) -> None:
        """With everything in it."""
        if self._made is not None:
            shutil.rmtree(self._made, ignore_errors=True)
            self._made = None


class ZipPackage:
    """A zip that somebody uploaded."""

    def __init__(self, zipped: bytes, folder: PackageFolder) -> None:
        """Raises LambdaError if it is none, or too large."""
        self.zipped = zipped
        self.sha256 = _sha256(zipped)
        self.task_root = str(_unpack(zipped, folder))

    def frozen(self, folder: PackageFolder) -> Package:
        return self


class ProjectPackage:
    """A Chalice project: it runs where it stands, and is zipped only when somebody asks."""

    task_root: str | None = None

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    @cached_property
    def zipped(self) -> bytes:
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as package:
            for path in sorted(self._paths()):
                name = zipfile.ZipInfo(path.relative_to(self._directory).as_posix(), _DATE)
                package.writestr(name, path.read_bytes(), zipfile.ZIP_DEFLATED)
        return content.getvalue()

    @cached_property
    def sha256(self) -> str:
        return _sha256(self.zipped)

    def frozen(self, folder: PackageFolder) -> Package:
        return ZipPackage(self.zipped, folder)

    def _paths(self) -> Iterator[Path]:
        yield from (p for name in _PROJECT_FILES if (p := self._directory / name).is_file())
        for folder in _PROJECT_FOLDERS:
            for path in (self._directory / folder).rglob("*"):
                if path.is_file() and "__pycache__" not in path.parts:
                    yield path


def _unpack(zipped: bytes, folder: PackageFolder) -> Path:
    try:
        with zipfile.ZipFile(io.BytesIO(zipped)) as package:
            entries = package.infolist()
            if not entries:
                raise invalid_parameter("Uploaded file must be a non-empty zip")
            if sum(entry.file_size for entry in entries) >= PACKAGE_BYTES_MAX:
                raise invalid_parameter(
                    f"Unzipped size must be smaller than {PACKAGE_BYTES_MAX} bytes"
                )
            target = folder.new()
            elsewhere = native_modules.replaced(package)
            for entry in entries:
                if entry.filename.split("/")[0] not in elsewhere:
                    _extract(package, entry, target)
    except _UNREADABLE:
        raise invalid_parameter(
            "Could not unzip uploaded file. Please check your file, then try to upload again."
        ) from None
    return target


def _extract(package: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path) -> None:
    # extract keeps a name like ../../x inside the target
    path = Path(package.extract(entry, target))
    if path.is_file():
        # a function cannot write into its code on Lambda either
        path.chmod(0o555 if entry.external_attr >> 16 & 0o111 else 0o444)


def _sha256(content: bytes) -> str:
    return base64.b64encode(hashlib.sha256(content).digest()).decode()
