"""Makes a bundle that starts quickly, and is the same whoever makes it.

Lambda unpacks a bundle where nothing can be written: of sources alone, Python would compile every
module again in every new environment. So bytecode stands beside them. It is found by the name of
the Python that made it, which is the one that Chalice deploys; any other passes over it and
compiles the sources. It is not compared with them: both are replaced together.
https://peps.python.org/pep-0552/
"""

from __future__ import annotations

import compileall
import py_compile
import tempfile
import zipfile
from pathlib import Path

#: Where Lambda unpacks a bundle; else the files would name a folder of this machine.
TASK_ROOT = "/var/task"
#: The first that a zip can have.
_DATE = (1980, 1, 1, 0, 0, 0)


def compile_sources(bundle: Path) -> None:
    """Put bytecode into the zip, and nothing else that Python or an editor has left there."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with zipfile.ZipFile(bundle) as made:
            sources = [n for n in made.namelist() if not n.endswith(".pyc")]
            made.extractall(folder, sources)
        # what does not compile stays as it is
        compileall.compile_dir(
            name,
            quiet=2,
            stripdir=name,
            prependdir=TASK_ROOT,
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )
        with zipfile.ZipFile(bundle, "w", zipfile.ZIP_DEFLATED) as into:
            for file in sorted(path for path in folder.rglob("*") if path.is_file()):
                entry = zipfile.ZipInfo(str(file.relative_to(folder)), _DATE)
                entry.external_attr = 0o644 << 16
                into.writestr(entry, file.read_bytes(), zipfile.ZIP_DEFLATED)
