"""Libraries of a package that are built for another machine: for Lambda's, as a bundle has to be.

Where the emulator's own environment has a library of the same name, that one is used instead.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import zipfile

_SUFFIX = ".so"
#: the part of a name that says for which Python and machine, such as ``cpython-312-x86_64-…``
_TAG = ".cpython-"
#: where an ELF file says for which machine it is, behind what kind of file it is
#: https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html
_KIND, _MACHINE = slice(0, 6), slice(18, 20)
_HEADER_BYTES = 20


def replaced(package: zipfile.ZipFile) -> set[str]:
    """The libraries (by the first part of their paths) that are better found elsewhere."""
    native = [name for name in package.namelist() if name.endswith(_SUFFIX)]
    foreign = {name.split("/")[0] for name in native if _is_foreign(package, name)}
    return {name for name in foreign if name.isidentifier() and importlib.util.find_spec(name)}


def _is_foreign(package: zipfile.ZipFile, name: str) -> bool:
    if _TAG in name and not name.endswith(tuple(importlib.machinery.EXTENSION_SUFFIXES[:1])):
        return True
    with package.open(name) as file:
        return _built_for(file.read(_HEADER_BYTES)) != _own()


@cache
def _own() -> tuple[bytes, bytes]:
    with Path(sys.executable).open("rb") as file:
        return _built_for(file.read(_HEADER_BYTES))


def _built_for(header: bytes) -> tuple[bytes, bytes]:
    return header[_KIND], header[_MACHINE]
