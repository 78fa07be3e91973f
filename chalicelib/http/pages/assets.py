"""The files that pages need."""

from __future__ import annotations

import functools
from pathlib import Path

_FOLDER = Path(__file__).parent / "files"
#: by name, with their media types
ASSETS = {
    "icon.svg": "image/svg+xml",
    "style.css": "text/css; charset=utf-8",
    "submit.js": "text/javascript; charset=utf-8",
}


@functools.cache
def content(name: str) -> bytes:
    """One of ASSETS, read once."""
    return (_FOLDER / name).read_bytes()
