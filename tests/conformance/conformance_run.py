"""Runs moto's own SQS and DynamoDB tests against our queues, and compares with what is documented.

The tests are in moto's source distribution. They are fetched from the package index, unpacked
under ``build/``, and run as they are. What fails must stand in ``docs/conformance.md``, with the
reason; what stands there must fail.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import xml.etree.ElementTree as ET
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
FOLDER = ROOT / "build" / "conformance"
DOCUMENT = ROOT / "docs" / "conformance.md"
#: moto's web server, its Lambda and its CloudFormation are not what runs here.
LEFT_OUT = ("test_server.py", "test_sqs_integration.py", "_cloudformation.py")

_ROW = re.compile(r"^\| `(\w+\.py::\w+)` \|", re.MULTILINE)


def main() -> int:
    source = fetch(f"moto=={version('moto')}")
    failed, passed = run(source)
    documented = set(_ROW.findall(DOCUMENT.read_text()))
    for name in sorted(failed - documented):
        print(f"fails, and {DOCUMENT.name} does not say why: {name}")
    for name in sorted(documented - failed):
        print(f"passes, or is gone, and stands in {DOCUMENT.name}: {name}")
    print(f"{passed} tests of moto's pass; {len(failed)} differ, {len(documented)} are documented")
    return int(failed != documented)


def fetch(requirement: str) -> Path:
    """The unpacked source distribution."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    unpacked = FOLDER / requirement.replace("==", "-")
    if not unpacked.exists():
        subprocess.run(
            [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
             "--no-deps", "--no-binary", "moto", "--dest", FOLDER, requirement],
            check=True,
        )  # fmt: skip
        with tarfile.open(f"{unpacked}.tar.gz") as archive:
            archive.extractall(FOLDER, filter="data")
    return unpacked


def run(source: Path) -> tuple[set[str], int]:
    """The names of the tests that fail, and how many pass."""
    report = FOLDER / "report.xml"
    files = [
        path
        for folder in ("test_sqs", "test_dynamodb")
        for path in sorted((source / "tests" / folder).rglob("test_*.py"))
        if not path.name.endswith(LEFT_OUT)
    ]
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "seat_plugin", "-p", "no:randomly",
         "-p", "no:cacheprovider", "--tb=short", f"--junitxml={report}", *files],
        cwd=source,
        env=environment(source),
        check=False,
    )  # fmt: skip
    return outcomes(report)


def environment(source: Path) -> dict[str, str]:
    """Ours first, without anything that points to an AWS account."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    paths = [str(source), str(ROOT), str(Path(__file__).parent)]
    return {**own, "PYTHONPATH": os.pathsep.join(paths), "AWS_DEFAULT_REGION": "us-east-1"}


def outcomes(report: Path) -> tuple[set[str], int]:
    failed: set[str] = set()
    passed = 0
    for case in ET.parse(report).iter("testcase"):
        name = f"{file_of(case.get('classname', ''))}::{case.get('name', '').partition('[')[0]}"
        children = {child.tag for child in case}
        if children & {"failure", "error"}:
            failed.add(name)
        elif "skipped" not in children:
            passed += 1
    return failed, passed


def file_of(dotted: str) -> str:
    """``tests.test_sqs.test_sqs`` and ``tests.test_sqs.test_sqs.TestX`` are of ``test_sqs.py``."""
    return next(part for part in reversed(dotted.split(".")) if part.startswith("test_")) + ".py"


if __name__ == "__main__":
    sys.exit(main())
