"""What the packaged bundle adds to a cold start, beside boto3 and two clients.

Each sample is a fresh process that has the bundle and what Lambda brings, and no site-packages.
It writes no bytecode, as in Lambda, where it could not. Stock is what ``chalice package`` makes,
without the bytecode that ``make package`` adds.
"""

from __future__ import annotations

import functools
import json
import shutil
import statistics
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import msgspec

from benchmarks.lambda_bundle import unpack
from benchmarks.measurement import Figure, Plan, Result, interleaved
from benchmarks.processes import BIN, ROOT, BenchmarkError, aws_environment, output_of
from benchmarks.stacks import project_copy

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_CPU_MS_MAX = 60
_COMPRESSED_BYTES_MAX = 1_000_000
_SLOWEST = 25
_SECONDS_MAX = 120
_TIMED = """
import sys, time
sys.path[:0] = sys.argv[1:]
started = time.process_time()
{body}
print((time.process_time() - started) * 1000)
"""
_CLIENTS = """
import boto3
session = boto3.session.Session()
session.client("dynamodb"), session.client("sqs")
"""
#: What the first event of a function does before its own work: see ``bootstrap.service``.
_APP = """
import app, os
from chalicelib import bootstrap, tasks
from chalicelib.aws import Clients
from chalicelib.settings import Settings
clients = Clients()
bootstrap.build(Settings.from_environment(os.environ), clients, tasks.discover())
clients.dynamodb, clients.sqs
"""
#: Those of a stage that is closed: it loads what checks tokens.
_VARIABLES = {
    "AUTH": "jwt",
    "AUTH_AUDIENCE": "benchmark",
    "AUTH_ISSUER": "benchmark",
    "AUTH_KEYS": json.dumps({"keys": [{"kid": "1", "kty": "oct", "alg": "HS256", "k": "YQ" * 16}]}),
    "CALLBACKS_QUEUE": "callbacks",
    "CALLBACK_SECRET": "a-secret-of-this-benchmark-only",
    "JOBS_DEAD_LETTER_QUEUE": "dead",
    "JOBS_QUEUE": "jobs",
    "JOBS_TABLE": "jobs",
    "JOB_ID_KEY": "a secret of this benchmark's own",
}


def measure(plan: Plan) -> Result:
    bundle = _packaged(plan)
    as_made = unpack(bundle, _emptied(plan.folder / "bundle"))
    sources = unpack(bundle, _emptied(plan.folder / "sources"))
    for made in [*plan.folder.glob("sources/task/**/__pycache__")]:
        shutil.rmtree(made)
    cpu_ms = functools.partial(_cpu_ms, plan)
    samples = interleaved(
        msgspec.structs.replace(plan, rounds=plan.size(15, 3)),
        {
            "ours_cpu_ms": lambda: cpu_ms(_APP, as_made),
            "boto3_cpu_ms": lambda: cpu_ms(_CLIENTS, as_made),
            "stock_cpu_ms": lambda: cpu_ms(_APP, sources),
        },
    )
    ours, boto3, stock = (statistics.median(values) for values in samples.values())
    size = bundle.stat().st_size
    with zipfile.ZipFile(bundle) as content:
        unpacked = sum(info.file_size for info in content.infolist())
        stock_size = size - sum(i.compress_size for i in content.infolist() if _is_bytecode(i))
    return Result(
        figures=[
            Figure(
                what="cold start: boto3, two clients and the app", unit="ms CPU",
                ours=ours, stock=stock,
            ),
            Figure(
                what="of it what the app adds (stock: as chalice packages it)", unit="ms CPU",
                ours=round(ours - boto3, 1), stock=round(stock - boto3, 1),
                target=f"<= {_CPU_MS_MAX} ms", is_met=ours - boto3 <= _CPU_MS_MAX,
            ),
            Figure(
                what="bundle, compressed", unit="bytes", ours=size, stock=stock_size,
                target=f"< {_COMPRESSED_BYTES_MAX}", is_met=size < _COMPRESSED_BYTES_MAX,
            ),
            Figure(what="bundle, unpacked", unit="bytes", ours=unpacked, stock=None),
        ],
        samples={**samples, "slowest_modules_ms": _slowest(plan, as_made)},
    )  # fmt: skip


def _packaged(plan: Plan) -> Path:
    """What ``make package STAGE=prod`` makes, of a copy."""
    policies = [str(path.relative_to(ROOT)) for path in (ROOT / ".chalice").glob("policy-*.json")]
    folder = project_copy(plan, "packaged", "requirements.txt", *policies)
    output_of(
        [str(BIN / "python"), str(ROOT / "scripts" / "stage.py"), "package", "prod"],
        folder=folder, environment=aws_environment(plan.folder / "tmp", None),
        seconds_max=_SECONDS_MAX,
    )  # fmt: skip
    return folder / "build" / "prod" / "deployment.zip"


def _emptied(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def _is_bytecode(info: zipfile.ZipInfo) -> bool:
    return info.filename.endswith(".pyc")


def _cpu_ms(plan: Plan, body: str, paths: Sequence[str]) -> float:
    return round(float(_run(plan, body, paths).stdout), 2)


def _slowest(plan: Plan, paths: Sequence[str]) -> list[tuple[str, float]]:
    """The modules beside boto3's own that take longest to load, without what they import."""
    known = set(_self_ms(plan, _CLIENTS, paths))
    found = _self_ms(plan, _APP, paths)
    added = [(name, value) for name, value in found.items() if name not in known]
    total = round(sum(value for _, value in added), 2)
    slowest = sorted(added, key=lambda pair: -pair[1])[:_SLOWEST]
    return [("all that boto3 does not load", total), *slowest]


def _self_ms(plan: Plan, body: str, paths: Sequence[str]) -> dict[str, float]:
    """https://docs.python.org/3/using/cmdline.html#cmdoption-X"""
    lines = _run(plan, body, paths, "-X", "importtime").stderr.splitlines()
    rows = [line.removeprefix("import time:").split("|") for line in lines if line.count("|") == 2]
    return {name.strip(): int(own) / 1000 for own, _, name in rows if own.strip().isdecimal()}


def _run(
    plan: Plan, body: str, paths: Sequence[str], *options: str
) -> subprocess.CompletedProcess[str]:
    """In an isolated Python: no user's or environment's packages, no bytecode written."""
    done = subprocess.run(
        [sys.executable, "-S", "-I", "-B", *options, "-c", _TIMED.format(body=body), *paths],
        env=aws_environment(plan.folder / "tmp", None, **_VARIABLES),
        cwd=plan.folder, capture_output=True, text=True, timeout=_SECONDS_MAX, check=False,
    )  # fmt: skip
    if done.returncode:
        raise BenchmarkError(f"the bundle does not start:\n{done.stderr[-3000:]}")
    return done
