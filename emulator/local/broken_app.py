"""What an app.py that cannot be loaded has to say to its author."""

from __future__ import annotations

import traceback
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


def told(error: BaseException, project: Path) -> str:
    """The error in one line, with its place in the project."""
    error = cause(error)
    if isinstance(error, SyntaxError):
        where = f"{error.filename}:{error.lineno}"
        return f"{where}: {type(error).__name__}: {error.msg}"
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if _is_own(frame.filename, project)]
    place = f"{own[-1].filename}:{own[-1].lineno}: " if own else ""
    return f"{place}{type(error).__name__}: {' '.join(str(error).split())}"


def cause(error: BaseException) -> BaseException:
    """Chalice says a syntax error again, less well."""
    return error.__context__ if isinstance(error.__context__, SyntaxError) else error


def _is_own(file: str, project: Path) -> bool:
    # an environment may stand in the project's folder
    return file.startswith(f"{project}/") and "site-packages" not in file
