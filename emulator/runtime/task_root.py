"""A deployment package's code in this process: for functions that run in place, in tests.

On Lambda each function has a Python of its own. Here the modules of a package are put into this
one's ``sys.modules`` while the package is loaded or runs, and taken out again: a package may have
an ``app`` as the test's own project has.
"""

from __future__ import annotations

import importlib
import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from awslambdaric import bootstrap

from emulator.runtime.environment_variables import lambda_variables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    from emulator.invocation import FunctionSpec

#: AWS's client stays this process's: it is what reaches the cloud in this process.
_SHARED = {"boto3", "botocore"}


class TaskRootHandler:
    """The handler of a function whose code is in ``spec.task_root``, loaded when first called.

    What cannot be loaded raises awslambdaric's FaultException, the text of which is Lambda's. For
    one thread: modules and environment variables are the process's.
    """

    def __init__(self, spec: FunctionSpec) -> None:
        """``spec.task_root`` is a folder."""
        self._spec = spec
        self._root = spec.task_root or "."
        self._names = set(_modules_in(Path(self._root))) - _SHARED
        self._modules: dict[str, ModuleType] = {}
        self._handler: Callable[[Any, Any], Any] | None = None

    def __call__(self, event: Any, context: Any) -> Any:
        with self._loaded(), self._environment(context.log_stream_name):
            if self._handler is None:
                self._handler = bootstrap._get_handler(self._spec.handler)  # noqa: SLF001
            return self._handler(event, context)

    @contextmanager
    def _loaded(self) -> Iterator[None]:
        """With the package's modules in the place of others of their names."""
        others = self._taken_out()
        sys.modules.update(self._modules)
        sys.path.insert(0, self._root)
        importlib.invalidate_caches()
        try:
            yield
        finally:
            sys.path.remove(self._root)
            self._modules = self._taken_out()
            sys.modules.update(others)

    def _taken_out(self) -> dict[str, ModuleType]:
        found = [name for name in sys.modules if name.partition(".")[0] in self._names]
        return {name: sys.modules.pop(name) for name in found}

    @contextmanager
    def _environment(self, log_stream_name: str) -> Iterator[None]:
        before = dict(os.environ)
        os.environ.update(self._spec.environment)
        os.environ.update(lambda_variables(self._spec, log_stream_name))
        os.environ["LAMBDA_TASK_ROOT"] = self._root
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)


def _modules_in(folder: Path) -> Iterator[str]:
    """The names under which the folder's own modules and packages are imported."""
    for path in folder.iterdir():
        if path.suffix == ".py":
            yield path.stem
        elif path.is_dir() and any(path.rglob("*.py")):
            yield path.name
