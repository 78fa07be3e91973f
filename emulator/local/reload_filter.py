"""Lets ``chalice local`` reload for the app's own files only.

Chalice's watcher looks at every file below the project once a second and reloads on any change: a
virtual environment, a cache, git's own files or a compiled module would restart it for nothing.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

import click
from chalice.cli.filewatch import stat

from emulator.local import configuration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: what changes an app: its code, its configuration and templates
SUFFIXES = {".py", ".json", ".html", ".txt", ".toml", ".yaml", ".yml"}
#: folders that are no part of the app
FOLDERS = {
    "venv", "node_modules", "__pycache__", "deployed", "deployments", "tests", "benchmarks",
    "docs", "build", "dist",
}  # fmt: skip


def changes_the_app(path: str, *, project: str) -> bool:
    """Whether a file is one that Chalice would deploy or read at start."""
    *folders, name = PurePath(path).relative_to(project).parts
    return (
        PurePath(name).suffix in SUFFIXES
        and all(_is_part_of_the_app(folder) for folder in folders)
        and not _is_own_output(path)
    )


def _is_part_of_the_app(folder: str) -> bool:
    return folder == ".chalice" or not (folder.startswith(".") or folder in FOLDERS)


def _is_own_output(path: str) -> bool:
    """Whether it is where our own lines go: each reload writes there, and would reload again."""
    for descriptor in (1, 2):
        with contextlib.suppress(OSError):
            if os.path.samestat(os.stat(path), os.fstat(descriptor)):  # noqa: PTH116
                return True
    return False


def snapshot(project: str) -> dict[str, float]:
    """The files of the app with the time of their last change, in seconds since 1970."""
    return dict(_files(project))


def _files(project: str) -> Iterator[tuple[str, float]]:
    for root, folders, names in os.walk(project):
        folders[:] = [folder for folder in folders if _is_part_of_the_app(folder)]
        for name in names:
            path = os.path.join(root, name)  # noqa: PTH118 - Chalice keeps its files as text
            if PurePath(name).suffix in SUFFIXES and not _is_own_output(path):
                try:
                    yield path, os.stat(path).st_mtime  # noqa: PTH116
                except FileNotFoundError:
                    continue  # an editor's temporary file, gone already


def install() -> None:
    """Put the filter into whichever watcher Chalice uses in this process."""
    stat.StatFileWatcher._single_pass_poll = _poll  # noqa: SLF001
    # used instead where watchdog is installed
    if by_events := sys.modules.get("chalice.cli.filewatch.eventbased"):
        restarter = by_events.WatchdogRestarter
        restarter.on_any_event = _only_for_the_app(restarter.on_any_event)


def _poll(self: Any, project: str, restart: Callable[[], None]) -> None:
    # Chalice's watcher has looked at every file before app.py was loaded, and this put in
    if not hasattr(self, "of_the_app"):
        self.of_the_app = {
            path: changed_at
            for path, changed_at in self._mtime_cache.items()
            if changes_the_app(path, project=project)
        }
    now = snapshot(project)
    if now != self.of_the_app and _can_be_loaded(project):
        restart()
    self.of_the_app = now


def _can_be_loaded(project: str) -> bool:
    """Whether Chalice can read its configuration; if not it would end, and the queues with it."""
    if problem := configuration.problem(Path(project)):
        click.echo(f"Not reloaded: {problem}. Correct it and save.", err=True)
    return not problem


def _only_for_the_app(restart: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    project = os.getcwd()  # noqa: PTH109 - Chalice has changed into the project's folder

    def on_any_event(self: Any, event: Any) -> None:
        paths = [str(path) for path in (event.src_path, event.dest_path) if path]
        is_change = event.event_type in ("created", "modified", "moved", "deleted")
        concerned = any(changes_the_app(path, project=project) for path in paths)
        if is_change and concerned and _can_be_loaded(project):
            restart(self, event)

    return on_any_event
