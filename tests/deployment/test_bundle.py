"""What Lambda unpacks: complete, without anything for development, and small."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from stage_package import ROOT

if TYPE_CHECKING:
    from stage_package import Packaged

COMPRESSED_BYTES_MAX = 1_000_000
#: What Lambda's Python has beside the standard library: boto3 with what it needs, the runtime.
#: https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html
RUNTIME = [
    "awslambdaric", "boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six.py",
    "snapshot_restore_py", "urllib3", "simplejson",
]  # fmt: skip
FOR_DEVELOPMENT = {
    "awslambdaric", "benchmarks", "boto3", "botocore", "docs", "emulator", "examples", "hypothesis",
    "moto", "psutil", "pytest", "scripts", "tests",
}  # fmt: skip
#: Compiled for arm64, so that it does not load here: this machine's own is as good.
COMPILED = ["msgspec"]
PROGRAM = """
import sys
sys.path[:0] = sys.argv[1:]
import app
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


def names(packaged: Packaged) -> list[str]:
    with zipfile.ZipFile(packaged.bundle) as bundle:
        return bundle.namelist()


def linked(folder: Path, wanted: list[str]) -> Path:
    """A folder with these packages of this environment, and no others."""
    folder.mkdir()
    installed = Path(boto3.__file__).parents[1]
    for name in wanted:
        (folder / name).symlink_to(installed / name)
    return folder


def test_bundle_is_small(packaged: Packaged) -> None:
    """The code, its libraries and Chalice's part; boto3 is Lambda's."""
    with zipfile.ZipFile(packaged.bundle) as bundle:
        sizes = [info.compress_size for info in bundle.infolist()]
    assert 100_000 < sum(sizes) <= packaged.bundle.stat().st_size < COMPRESSED_BYTES_MAX


def test_bundle_has_nothing_for_development(packaged: Packaged) -> None:
    tops = {name.partition("/")[0] for name in names(packaged)}
    assert {"app.py", "chalice", "chalicelib", "msgspec"} <= tops
    assert not tops & FOR_DEVELOPMENT
    assert not [name for name in names(packaged) if name.endswith((".pyc", "policy.json"))]


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


def test_bundle_and_lambda_s_own_libraries_are_all_that_app_needs(
    packaged: Packaged, tmp_path: Path
) -> None:
    """Imported with no site-packages, in the environment of each function of the template."""
    with zipfile.ZipFile(packaged.bundle) as bundle:
        bundle.extractall(tmp_path / "task")
    for name in COMPILED:
        (tmp_path / "task" / name).rename(tmp_path / f"{name}-of-the-bundle")
    paths = [tmp_path / "task", linked(tmp_path / "runtime", RUNTIME)]
    paths.append(linked(tmp_path / "compiled", COMPILED))
    variables = packaged.functions["ProcessJobs"]["Environment"]["Variables"]
    done = subprocess.run(
        [sys.executable, "-S", "-I", "-W", "error", "-c", PROGRAM, *map(str, paths)],
        env={name: str(value) for name, value in variables.items()},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert {"app", "chalice", "chalicelib", "msgspec"} <= set(done.stdout.split())
    assert not {"emulator", "moto"} & set(done.stdout.split())
