"""A client of the job API that needs nothing but Python: copy this folder into your project.

    client = Client("http://localhost:8000")
    job = client.submit("text.statistics", {"text": "to be or not to be"})
    words = job.result(timeout_seconds=60)["words"]

However often an answer is lost on the way, one call of ``submit`` makes one job. All calls block;
in a coroutine use ``await asyncio.to_thread(job.result, 60)``.
"""

from accepted_client.client import Client, Job, JobDocument
from accepted_client.errors import (
    ClientError,
    JobCanceledError,
    JobFailedError,
    NotFinishedError,
    RefusedError,
    UnexpectedAnswerError,
    UnreachableError,
)

__all__ = [
    "Client",
    "ClientError",
    "Job",
    "JobCanceledError",
    "JobDocument",
    "JobFailedError",
    "NotFinishedError",
    "RefusedError",
    "UnexpectedAnswerError",
    "UnreachableError",
]
