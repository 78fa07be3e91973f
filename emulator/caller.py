"""Whether the program that sent the current request still waits for its answer.

A long poll asks this before it hands out messages: a message given to a caller that has hung up
would stay invisible for its whole visibility timeout. The endpoint sets the question for each
request; a call made inside the process has a caller that never goes away.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def _never_gone() -> bool:
    return False


caller_is_gone: ContextVar[Callable[[], bool]] = ContextVar("caller_is_gone", default=_never_gone)
"""The question to ask about the caller of the request being handled: ``caller_is_gone.get()()``."""


@contextmanager
def calling_from(is_gone: Callable[[], bool]) -> Iterator[None]:
    """Answer ``caller_is_gone`` with ``is_gone`` for everything called inside the block."""
    token = caller_is_gone.set(is_gone)
    try:
        yield
    finally:
        caller_is_gone.reset(token)
