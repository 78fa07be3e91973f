"""The part of a traceback that is the user's."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType


def own_frames(trace: TracebackType | None, project: Path) -> TracebackType | None:
    """From the first frame of the project's own code on; all of it if there is none.

    Chalice and Python's import are in front of it, and have nothing to say.
    """
    own = trace
    while own is not None and not _is_own(own.tb_frame.f_code.co_filename, project):
        own = own.tb_next
    return own or trace


def _is_own(file: str, project: Path) -> bool:
    # an environment may stand in the project's folder
    return file.startswith(f"{project}/") and "site-packages" not in file
