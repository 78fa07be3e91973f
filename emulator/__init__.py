"""Runs a whole Chalice app on a laptop: call ``emulator.attach(app)``, then ``chalice local``."""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chalice import Chalice

__all__ = ["attach"]


def attach(app: Chalice) -> None:
    """Let ``chalice local`` run the app's event sources too, against an AWS of its own.

    Call it in ``app.py`` right after ``Chalice(…)``, before anything makes an AWS client. It does
    nothing anywhere else: not in Lambda, in a test, or while Chalice deploys or packages.
    """
    if os.environ.get("AWS_CHALICE_CLI_MODE"):
        # imported only here: nothing else that imports this package should pay for Chalice's tools
        importlib.import_module("emulator.local.attach").attach(app)
