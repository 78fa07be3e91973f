"""Where a request says that the code of a function is: in itself, or in a bucket.

https://docs.aws.amazon.com/lambda/latest/api/API_FunctionCode.html
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from moto.s3.exceptions import MissingBucket, MissingKey

from emulator.lambda_api.errors import invalid_parameter
from emulator.lambda_api.package import ZipPackage

if TYPE_CHECKING:
    from emulator.lambda_api.errors import LambdaError
    from emulator.lambda_api.package import Package, PackageFolder


def read(source: dict[str, Any], *, buckets: Any, folder: PackageFolder) -> Package:
    """The package, unpacked. ``buckets`` is moto's backend of S3. Raises LambdaError."""
    if "ImageUri" in source:
        raise invalid_parameter("Container images do not run here: give the function a zip.")
    if "ZipFile" in source:
        return ZipPackage(_decoded(source["ZipFile"]), folder)
    if "S3Bucket" in source and "S3Key" in source:
        return ZipPackage(_object(source, buckets), folder)
    raise invalid_parameter("Please provide a source for function code.")


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text)
    except (binascii.Error, ValueError):
        # a damaged zip, and refused as such
        return b""


def _object(source: dict[str, Any], buckets: Any) -> bytes:
    version = source.get("S3ObjectVersion")
    try:
        key = buckets.get_object(source["S3Bucket"], source["S3Key"], version_id=version)
    except MissingBucket:
        raise _not_got("NoSuchBucket", "The specified bucket does not exist") from None
    except MissingKey:
        key = None
    if key is None:
        raise _not_got("NoSuchKey", "The specified key does not exist.")
    return bytes(key.value)


def _not_got(code: str, text: str) -> LambdaError:
    return invalid_parameter(
        f"Error occurred while GetObject. S3 Error Code: {code}. S3 Error Message: {text}"
    )
