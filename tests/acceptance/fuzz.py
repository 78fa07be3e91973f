"""``make fuzz``: thousands of generated requests to a real ``chalice local``, each answer checked.

No answer may be a 5xx or one that the OpenAPI document does not describe, and what the document
forbids must be refused. Arguments are handed on to ``schemathesis run``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from jobs_api import jobs_api

SCHEMATHESIS = Path(sys.executable).parent / "schemathesis"
CONFIG = Path(__file__).with_suffix(".toml")
#: Requests that want to wait are many.
WAIT_SECONDS_MAX = "1"


def main(*arguments: str) -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "project")
        folder.mkdir()
        with jobs_api(folder, WAIT_SECONDS_MAX=WAIT_SECONDS_MAX) as url:
            wanted = ["run", f"{url}/openapi.json", f"--url={url}", *arguments]
            command = [str(SCHEMATHESIS), "--config-file", str(CONFIG), *wanted]
            environment = {**os.environ, "SCHEMATHESIS_HOOKS": "fuzz_hooks"}
            return subprocess.run(command, cwd=name, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
