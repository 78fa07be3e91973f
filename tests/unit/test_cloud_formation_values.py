"""How a template's values become an API's, and which libraries of a bundle this machine loads."""

from __future__ import annotations

import importlib.machinery
import io
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest

from emulator.cloud_formation.calls import fitted
from emulator.lambda_api import native_modules

if TYPE_CHECKING:
    from collections.abc import Mapping

FOREIGN = b"\x7fELF\x02\x01\x01" + bytes(11) + b"\xff\xff"


def shape(service: str, operation: str) -> Any:
    model = botocore.session.Session().get_service_model(service)
    return model.operation_model(operation).input_shape


QUEUE = {"DelaySeconds": 4, "RedrivePolicy": {"a": 1}, "FifoQueue": True}
FUNCTION = {"Timeout": "7", "Publish": "true", "Environment": {"Variables": {"A": 1}}}
ALARM = {"Threshold": "0.5", "AlarmActions": ["a"]}
WRONG = {"Timeout": "soon", "Publish": "maybe", "Environment": 1, "Odd": {}}


@pytest.mark.parametrize(
    ("service", "operation", "given", "made"),
    [
        (
            "sqs",
            "CreateQueue",
            {"Attributes": QUEUE},
            {"Attributes": {"DelaySeconds": "4", "RedrivePolicy": '{"a": 1}', "FifoQueue": "true"}},
        ),
        (
            "lambda",
            "CreateFunction",
            FUNCTION,
            {"Timeout": 7, "Publish": True, "Environment": {"Variables": {"A": "1"}}},
        ),
        ("cloudwatch", "PutMetricAlarm", ALARM, {"Threshold": 0.5, "AlarmActions": ["a"]}),
        # botocore says what it wants instead
        ("lambda", "CreateFunction", WRONG, WRONG),
    ],
)
def test_value_of_a_template_is_fitted_where_there_is_one_way(
    service: str, operation: str, given: Any, made: Any
) -> None:
    assert fitted(given, shape(service, operation)) == made


def package(files: Mapping[str, bytes]) -> zipfile.ZipFile:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as made:
        for name, text in files.items():
            made.writestr(name, text)
    return zipfile.ZipFile(content)


def test_library_for_another_machine_is_replaced_by_the_one_that_is_here() -> None:
    """By its name's tag, or by what the file says of itself."""
    own = Path(sys.executable).read_bytes()[:64]
    suffix = importlib.machinery.EXTENSION_SUFFIXES[0]
    bundle = package({
        "msgspec/_core.cpython-39-riscv64-linux-gnu.so": own, "msgspec/__init__.py": b"",
        "yaml/_yaml.abi3.so": FOREIGN,
        f"markupsafe/_speedups{suffix}": own,
        "nobody_has_this/native.so": FOREIGN,
        "boto3.libs/native.so": FOREIGN, "app.py": b"",
    })  # fmt: skip
    assert native_modules.replaced(bundle) == {"msgspec", "yaml"}
