"""Starts a real nginx and a real Apache on the configurations of ``examples/``, for anybody."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from chalice_process import ROOT, eventually, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Debian keeps servers where only root's PATH looks.
PLACES = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
MODULES = ("/usr/lib/apache2/modules", "/usr/lib64/httpd/modules", "/usr/libexec/apache2")
#: What stands in the examples for the port of clients and for the API.
CLIENTS_PORT, API = "80", "127.0.0.1:8000"
FORMS = ("strips-prefix", "keeps-prefix")

# nginx of root gives up its rights for the workers, which then cannot use a test's folder
NGINX = """
{user}
daemon off;
pid {folder}/nginx.pid;
error_log stderr;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/*-prefix.conf;
}}
"""
APACHE = """
ServerRoot {folder}
DefaultRuntimeDir {folder}
PidFile {folder}/apache.pid
ErrorLog /dev/stderr
ServerName localhost
User #{user}
Group #{user}
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule proxy_module {modules}/mod_proxy.so
LoadModule proxy_http_module {modules}/mod_proxy_http.so
{listen}
Include {folder}/*-prefix.conf
"""
NOBODY = 65_534


def program(*names: str) -> str:
    """Where a program is. Without it the test is skipped; where CI=true, it fails."""
    for name in names:
        if found := shutil.which(name, path=PLACES):
            return found
    missing = f"there is no {' or '.join(names)} on this machine"
    if os.environ.get("CI") == "true":
        pytest.fail(missing)
    pytest.skip(missing)


@contextlib.contextmanager
def nginx(folder: Path, api: str) -> Iterator[dict[str, int]]:
    """Runs nginx in front of ``api``; gives the port of each form of the configuration."""
    binary = program("nginx")
    ports = _configure("nginx", folder, api)
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, user=user))
    command = [binary, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"]
    with _running(command, folder, ports):
        yield ports


@contextlib.contextmanager
def apache(folder: Path, api: str) -> Iterator[dict[str, int]]:
    """Runs Apache in front of ``api``; gives the port of each form of the configuration."""
    binary = program("apache2", "httpd")
    ports = _configure("apache", folder, api)
    modules = next(path for path in MODULES if Path(path).exists())
    listen = "\n".join(f"Listen 127.0.0.1:{port}" for port in ports.values())
    text = APACHE.format(folder=folder, modules=modules, listen=listen, user=NOBODY)
    (folder / "apache.conf").write_text(text)
    with _running([binary, "-D", "FOREGROUND", "-f", str(folder / "apache.conf")], folder, ports):
        yield ports


def _configure(server: str, folder: Path, api: str) -> dict[str, int]:
    """Copy the examples with other ports in them; everything else is theirs."""
    ports = {form: free_port() for form in FORMS}
    for form, port in ports.items():
        text = (ROOT / f"examples/{server}/{form}.conf").read_text()
        for shown in (f"listen {CLIENTS_PORT};", f"<VirtualHost *:{CLIENTS_PORT}>"):
            text = text.replace(shown, shown.replace(CLIENTS_PORT, str(port)))
        text = text.replace("listen ", "listen 127.0.0.1:")
        assert API in text
        (folder / f"{form}.conf").write_text(text.replace(API, api))
    return ports


@contextlib.contextmanager
def _running(command: list[str], folder: Path, ports: dict[str, int]) -> Iterator[None]:
    output = folder / "output"
    with output.open("w") as out:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def listens() -> bool:
        assert process.poll() is None, output.read_text()
        with contextlib.suppress(OSError):
            for port in ports.values():
                socket.create_connection(("127.0.0.1", port), 1).close()
            return True
        return False

    try:
        eventually(listens)
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            process.wait(10)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)
