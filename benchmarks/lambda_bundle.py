"""A packaged bundle as a function's Python finds it, with what Lambda itself brings."""

from __future__ import annotations

import zipfile
from pathlib import Path

import boto3

#: What Lambda's Python has beside the standard library: boto3 with what it needs, the runtime.
#: https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html
_RUNTIME = [
    "awslambdaric", "boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six.py",
    "snapshot_restore_py", "urllib3", "simplejson",
]  # fmt: skip
#: Compiled for arm64, so that it does not load here: this machine's own is as good.
_COMPILED = ["msgspec"]


def unpack(bundle: Path, folder: Path) -> list[str]:
    """What is to stand in ``sys.path`` before the standard library; all of it is in ``folder``."""
    task = folder / "task"
    with zipfile.ZipFile(bundle) as content:
        content.extractall(task)
    for name in _COMPILED:
        (task / name).rename(folder / f"{name}-of-the-bundle")
    paths = [task, _linked(folder / "runtime", _RUNTIME), _linked(folder / "here", _COMPILED)]
    return [str(path) for path in paths]


def _linked(folder: Path, wanted: list[str]) -> Path:
    """A folder with these packages of this environment, and no others."""
    folder.mkdir()
    installed = Path(boto3.__file__).parents[1]
    for name in wanted:
        (folder / name).symlink_to(installed / name)
    return folder
