"""Version 2 of AWS's command line tool, for tests that run it."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

#: Debian's, if another one comes first in the path.
PLACES = ["aws", "/usr/bin/aws"]


def version_2() -> str:
    """Where it is. Without it the test is skipped; where CI=true, it fails."""
    for place in PLACES:
        if found := shutil.which(place):
            said = subprocess.run([found, "--version"], capture_output=True, text=True, check=True)
            if said.stdout.startswith("aws-cli/2"):
                return found
    missing = "there is no version 2 of the AWS CLI on this machine"
    if os.environ.get("CI") == "true":
        pytest.fail(missing)
    pytest.skip(missing)
