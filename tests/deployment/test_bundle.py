"""What Lambda unpacks: complete, without anything for development, small, and quick to start."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import zipfile
from importlib.util import cache_from_source
from typing import TYPE_CHECKING

from stage_package import ROOT

from benchmarks.lambda_bundle import unpack

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from stage_package import Packaged

COMPRESSED_BYTES_MAX = 1_000_000
FOR_DEVELOPMENT = {
    "awslambdaric", "benchmarks", "boto3", "botocore", "docs", "emulator", "examples", "hypothesis",
    "moto", "psutil", "pytest", "scripts", "tests",
}  # fmt: skip
#: What a cold start may load beside what boto3 and a client load: each costs every caller time.
#: ``typing_extensions`` is PyJWT's, before Python 3.11.
AT_START = {
    "app", "chalice", "chalicelib", "csv", "difflib", "jwt", "msgspec", "pkgutil",
    "typing_extensions",
}  # fmt: skip
#: Parts of the service that wait until somebody asks for them.
LATER = {"chalicelib.http.openapi", "chalicelib.http.pages.docs_page"}
KEY = {"kid": "1", "kty": "oct", "alg": "HS256", "k": "YQ" * 16}
#: What CloudFormation puts in place of the template's references.
SECRETS = {
    "AUTH_KEYS": json.dumps({"keys": [KEY]}),
    "JOB_ID_KEY": "k" * 32,
    "CALLBACK_SECRET": "s" * 32,
}
ISOLATED = ["-S", "-I", "-B", "-W", "error"]
PROGRAM = """
import os, sys
sys.path[:0] = sys.argv[1:]
import boto3
boto3.session.Session().client("sqs")
known = set(sys.modules)
import app
app.service()
print(*sorted(set(sys.modules) - known))
"""


def names(packaged: Packaged) -> list[str]:
    with zipfile.ZipFile(packaged.bundle) as bundle:
        return bundle.namelist()


def test_bundle_is_small(packaged: Packaged) -> None:
    """The code, its libraries and Chalice's part; boto3 is Lambda's."""
    with zipfile.ZipFile(packaged.bundle) as bundle:
        sizes = [info.compress_size for info in bundle.infolist()]
    assert 100_000 < sum(sizes) <= packaged.bundle.stat().st_size < COMPRESSED_BYTES_MAX


def test_bundle_has_nothing_for_development(packaged: Packaged) -> None:
    tops = {name.partition("/")[0] for name in names(packaged)}
    assert {"app.py", "chalice", "chalicelib", "msgspec"} <= tops
    assert not tops & FOR_DEVELOPMENT
    assert not [name for name in names(packaged) if name.endswith("policy.json")]


def test_bundle_has_every_file_of_the_service(packaged: Packaged) -> None:
    """Pages and their styles, too."""
    files = [path for path in (ROOT / "chalicelib").rglob("*") if path.is_file()]
    own = {str(path.relative_to(ROOT)) for path in files if path.suffix != ".pyc"}
    assert {path.rpartition(".")[2] for path in own} > {"py"}
    assert own <= set(names(packaged))


def test_bundle_is_compiled_for_the_functions_architecture(packaged: Packaged) -> None:
    compiled = [name for name in names(packaged) if name.endswith(".so")]
    assert compiled
    assert all("aarch64" in name for name in compiled)


def test_bundle_has_the_bytecode_of_every_source(packaged: Packaged) -> None:
    """Where Lambda unpacks it nothing can be written. PEP 552: the second word's lowest bit says
    that it is checked by a hash, the next one whether it is checked at all.
    """
    sources = {name for name in names(packaged) if name.endswith(".py")}
    compiled = {name for name in names(packaged) if name.endswith(".pyc")}
    assert set(map(cache_from_source, sources)) == compiled
    assert all(sys.implementation.cache_tag in name for name in compiled)
    with zipfile.ZipFile(packaged.bundle) as bundle:
        assert {bundle.read(name)[4:8] for name in compiled} == {b"\1\0\0\0"}


def test_same_sources_make_the_same_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else CloudFormation would replace every function for nothing."""
    monkeypatch.syspath_prepend(ROOT / "scripts")
    made = []
    for year, left in ((2020, "app.cpython-39.pyc"), (2021, "app.pyc")):
        file = tmp_path / f"{year}.zip"
        with zipfile.ZipFile(file, "w") as content:
            content.writestr(zipfile.ZipInfo("app.py", (year, 1, 1, 0, 0, 0)), "app = 1")
            content.writestr(zipfile.ZipInfo("old.py", (year, 1, 1, 0, 0, 0)), "print 1")
            content.writestr(f"__pycache__/{left}", b"of some other day")
        importlib.import_module("bundle").compile_sources(file)
        made.append(file)
    assert made[0].read_bytes() == made[1].read_bytes()
    with zipfile.ZipFile(made[0]) as content:
        assert set(content.namelist()) == {"app.py", "old.py", cache_from_source("app.py")}


def test_a_cold_start_loads_what_the_bundle_and_lambda_have_and_no_more_than_it_needs(
    packaged: Packaged, tmp_path: Path
) -> None:
    """Imported with no site-packages, in the environment of one function of the template."""
    variables = packaged.functions["ProcessJobs"]["Environment"]["Variables"]
    done = subprocess.run(
        [sys.executable, *ISOLATED, "-c", PROGRAM, *unpack(packaged.bundle, tmp_path)],
        env={
            **{name: str(value) for name, value in variables.items()},
            **SECRETS,
            "AWS_DEFAULT_REGION": "eu-central-1",
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.split())
    tops = {name.partition(".")[0] for name in loaded}
    assert {"app", "chalice", "chalicelib", "msgspec"} <= tops
    # names that begin with an underscore are parts of Python that change with its version
    assert {name for name in tops if not name.startswith("_")} <= AT_START
    assert not loaded & LATER
