"""What can go wrong in the service.

ServiceError
├── PermanentError          a task: no further attempt would help
│   └── ResultTooLargeError a task answered more than can be kept
├── RetryableError          a task: try again later
├── CanceledError           a task: a client wants the job to stop
├── StaleAttemptError       another attempt owns the job, or it has ended
├── UnavailableError        DynamoDB or SQS did not do what was asked
├── MessageRefusedError     a message this service did not write
├── WriteRefusedError       (table) an item was not as a write required
├── MessagesLeftError       a batch ends with messages that must come back
├── SettingsError           (settings) the environment is incomplete
└── ProblemError            (problems) an answer to an HTTP client
"""

from __future__ import annotations


class ServiceError(Exception):
    """The base of every error of the service. Without a message the docstring is the message."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or (type(self).__doc__ or "").partition("\n")[0])


class PermanentError(ServiceError):
    """The task failed, and would fail again. Its message is shown to the client."""


class ResultTooLargeError(PermanentError):
    """The result is too large to keep."""


class RetryableError(ServiceError):
    """The task failed, but may succeed later. Its message is shown to the client.

    ``after_seconds`` replaces the usual back-off.
    """

    def __init__(self, message: str = "", *, after_seconds: int | None = None) -> None:
        super().__init__(message)
        self.after_seconds = after_seconds


class CanceledError(ServiceError):
    """A client has asked for the job to stop."""


class StaleAttemptError(ServiceError):
    """This attempt no longer owns the job."""


class UnavailableError(ServiceError):
    """DynamoDB or SQS refused the request, or did not answer.

    ``maybe_done`` says whether the request may have taken effect all the same.
    """

    def __init__(self, message: str = "", *, maybe_done: bool) -> None:
        super().__init__(message)
        self.maybe_done = maybe_done


class MessageRefusedError(ServiceError):
    """The message is none that this service writes."""


class MessagesLeftError(ServiceError):
    """Some messages of the batch must come back to the queue."""
