"""The job types. A module in this folder is found by being here."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING

from chalicelib.task import TASKS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.task import Task


def discover() -> Mapping[str, Task]:
    """Every task of this folder's modules, by name."""
    for module in pkgutil.iter_modules(__path__, f"{__name__}."):
        importlib.import_module(module.name)
    return TASKS
