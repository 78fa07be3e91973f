"""The Prefer header: what a client would like, which is advice and never an error.

https://www.rfc-editor.org/rfc/rfc7240
"""

from __future__ import annotations

import re

import msgspec

_PREFERENCE = re.compile(r'\s*([!#$%&\'*+.^_`|~\w-]+)\s*(?:=\s*("[^"]*"|[^\s;,]*))?\s*(?:;.*)?')
#: longer numbers are as good as infinity
_SECONDS = re.compile(r"[0-9]{1,9}")


class Preferences(msgspec.Struct, frozen=True, kw_only=True):
    """What is understood of the header."""

    #: how long the answer may be held back; None if not asked for
    wait_seconds: int | None = None
    #: an early answer is welcome
    respond_async: bool = False
    #: a short answer is enough
    minimal: bool = False


def parse(header: str) -> Preferences:
    """Preferences that are ill-formed or unknown are ignored; of two the first counts."""
    found: dict[str, str] = {}
    for part in header.split(","):
        preference = _PREFERENCE.fullmatch(part)
        if preference is not None:
            found.setdefault(preference[1].lower(), (preference[2] or "").strip('"'))
    wait = found.get("wait", "")
    return Preferences(
        wait_seconds=int(wait) if _SECONDS.fullmatch(wait) else None,
        respond_async="respond-async" in found,
        minimal=found.get("return") == "minimal",
    )
