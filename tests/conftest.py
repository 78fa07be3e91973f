"""What every test stands on: the app's fixtures, and no way out of this machine."""

from __future__ import annotations

import os

from emulator import guard

pytest_plugins = ["emulator.pytest_plugin", "least_privilege", "stage_package"]

# Before any test module is imported: a client made at import time must find nothing either.
guard.pin_environment(os.environ, None, "us-east-1")
guard.forbid("loopback")
