"""What can go wrong, one class for each thing that a caller does about it.

ClientError
├─ UnreachableError         no usable answer in time: try again later, with the same key
├─ RefusedError             the server said no: the problem tells why
├─ UnexpectedAnswerError    whoever answered is not the job API
├─ JobFailedError           the job ended without a result: the problem tells why
├─ JobCanceledError         somebody canceled the job
└─ NotFinishedError         the job goes on, this wait is over
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class ClientError(Exception):
    """The base of all errors of this client."""


class ProblemError(ClientError):
    """Carries a problem document. https://www.rfc-editor.org/rfc/rfc9457"""

    def __init__(self, problem: Mapping[str, Any]) -> None:
        self.problem = problem
        #: the last part of the problem's type, such as ``invalid-input``
        self.slug = str(problem.get("type", "about:blank")).rpartition("/")[2]
        super().__init__(_sentence(problem))


class RefusedError(ProblemError):
    """The server answered 4xx or 5xx; asking again would not help, or did not."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        super().__init__(problem)
        self.status = status


class JobFailedError(ProblemError):
    """The job ended as ``failed``; ``document`` is the whole of it."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        super().__init__(document.get("error", {}))
        self.document = document


class JobCanceledError(ClientError):
    """The job was canceled; ``document`` is the whole of it."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        super().__init__(f"job {document.get('id')} was canceled")
        self.document = document


class NotFinishedError(ClientError, TimeoutError):
    """The job had no end within the time given; ``document`` is how it stood last."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        super().__init__(f"job {document.get('id')} is still {document.get('status')}")
        self.document = document


class UnreachableError(ClientError):
    """No answer, or only "later", until there was no time left. ``__cause__`` is the last one.

    Of a submission: a job may exist. The same submission with the same key finds out.
    """


class UnexpectedAnswerError(ClientError):
    """An answer without what every answer of the job API has: look at the address."""


def _sentence(problem: Mapping[str, Any]) -> str:
    """The problem in one line, with the places that an input error names."""
    texts = [str(problem[name]) for name in ("title", "detail") if problem.get(name)]
    errors = problem.get("errors", [])
    places = [f"{error.get('pointer') or 'the input'}: {error.get('detail')}" for error in errors]
    return "; ".join([": ".join(texts) or "no reason was given", *places])
