"""Results that are too large for the table, as objects in S3 that only a signed link opens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib import aws, limits

if TYPE_CHECKING:
    from chalicelib.aws import Clients


class ResultObjects:
    """Every method raises UnavailableError if S3 does not do what is asked.

    An object whose attempt is never named by its job, because the worker died in between, is
    deleted by the bucket's lifecycle rule as all others are.
    """

    def __init__(self, clients: Clients, bucket: str) -> None:
        self._clients = clients
        self._bucket = bucket

    def put(self, name: str, result: bytes) -> None:
        """Keep a result, JSON text, under a name that only this attempt writes."""
        try:
            self._clients.s3.put_object(
                Bucket=self._bucket, Key=name, Body=result, ContentType="application/json"
            )
        except aws.ERRORS as error:
            raise aws.unavailable(error) from error

    def link(self, name: str) -> str:
        """A URL that opens the object for five minutes, to whoever has it. Asks S3 nothing."""
        try:
            url: str = self._clients.s3.generate_presigned_url(
                ClientMethod="get_object",
                Params={"Bucket": self._bucket, "Key": name},
                ExpiresIn=limits.RESULT_LINK_SECONDS,
            )
        except aws.ERRORS as error:
            raise aws.unavailable(error) from error
        return url

    def delete(self, name: str) -> None:
        """Deleting what is not there is no error."""
        try:
            self._clients.s3.delete_object(Bucket=self._bucket, Key=name)
        except aws.ERRORS as error:
            raise aws.unavailable(error) from error


def name_of(tenant: str, job_id: str, attempt: int) -> str:
    """An attempt has an object of its own: one that comes late overwrites no other's."""
    return f"results/{tenant}/{job_id}/{attempt}.json"
