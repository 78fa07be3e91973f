"""Where deployed APIs are found, and who may ask for them by which name."""

from __future__ import annotations

import pytest

from emulator.api_gateway import address
from emulator.api_gateway.address import Address

LOCAL = "127.0.0.1:4566"


@pytest.mark.parametrize(
    ("target", "host", "expected"),
    [
        ("/_aws/execute-api/abc/v1/jobs?a=/b", LOCAL, Address("abc", "v1", "/jobs?a=/b")),
        ("/_aws/execute-api/abc/v1", LOCAL, Address("abc", "v1", "/")),
        ("/_aws/execute-api/abc/v1?a=1", LOCAL, Address("abc", "v1", "/?a=1")),
        ("/_aws/execute-api/abc", LOCAL, Address("abc", "", "/")),
        ("/v1/jobs", "abc.execute-api.us-east-1.amazonaws.com", Address("abc", "v1", "/jobs")),
        ("/v1", "ABC.execute-api.localhost:4566", Address("abc", "v1", "/")),
        ("/v1/jobs", LOCAL, None),
        ("/v1/jobs", "abc.execute-api.us-east-1.example.com", None),
        ("/v1/jobs", "abc.execute-api.evil.amazonaws.com.example.com", None),
    ],
)
def test_api_has_its_own_host_or_a_path(target: str, host: str, expected: Address | None) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-call-api.html"""
    assert address.find(target, host) == expected


def test_path_of_a_request_has_its_stage_in_front() -> None:
    assert Address("abc", "v1", "/jobs?a=1").path == "/v1/jobs"
