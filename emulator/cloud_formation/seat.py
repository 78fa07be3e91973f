"""The seat of CloudFormation in moto. Imported with the first request for it: its types take moto
a second to load.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from moto.cloudformation.models import cloudformation_backends

from emulator.cloud_formation.backend import StacksBackend

if TYPE_CHECKING:
    from emulator.cloud.aws import Cloud
    from emulator.journal import Journal


def seat(cloud: Cloud, journal: Journal) -> None:
    """Have stacks made by us. Starts with none; unseats an earlier one."""
    backend = type("SeatedBackend", (StacksBackend,), {"cloud": cloud, "journal": journal})
    cloudformation_backends.backend = backend
    for regions in cloudformation_backends.values():
        regions.backend = backend
        regions.clear()
