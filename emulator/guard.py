"""Keeps this process and its children away from real AWS.

Three locks, one under the other: an environment in which every SDK finds dummy credentials and the
emulator's address; a check in botocore before a request leaves; and an audit hook under every
socket of the process, which no later code can remove.
"""

from __future__ import annotations

import functools
import ipaddress
import os
import re
import socket
import sys
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping

Policy = Literal["aws", "loopback"]
#: From lenient to strict: AWS is refused; everything but this machine is refused.
_POLICIES: tuple[Policy, ...] = ("aws", "loopback")

#: What SDKs read that could lead to real credentials or to another endpoint.
#: https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html
_REMOVED = (
    "AWS_ACCOUNT_ID",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_DEFAULT_PROFILE",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT",
    "AWS_ENDPOINT_URL",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_SECURITY_TOKEN",
    "AWS_SESSION_TOKEN",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
)
_REMOVED_PREFIX = "AWS_ENDPOINT_URL_"
#: Not through a proxy: this machine, and AWS, whose name this process must see to refuse it.
_NO_PROXY = (
    "localhost",
    "127.0.0.1",
    "::1",
    ".amazonaws.com",
    ".amazonaws.com.cn",
    ".amazonaws.eu",
    ".api.aws",
    "169.254.169.254",
    "169.254.170.2",
)

_AWS_NAMES = re.compile(
    r"(^|\.)(amazonaws\.com(\.cn)?|amazonaws\.eu|api\.aws|api\.amazonwebservices\.com\.cn)$"
)
#: Where EC2, ECS and EKS hand out credentials.
_METADATA = frozenset(
    ipaddress.ip_address(address)
    for address in (
        "169.254.169.254",
        "169.254.170.2",
        "169.254.170.23",
        "fd00:ec2::254",
        "fd00:ec2::23",
    )
)
#: Audit events that name whom a socket talks to, and where in their arguments.
#: https://docs.python.org/3/library/audit_events.html
_EVENTS = {
    "socket.connect": 1,
    "socket.sendto": 1,
    "socket.sendmsg": 1,
    "socket.getaddrinfo": 0,
    "socket.gethostbyname": 0,
    "socket.gethostbyaddr": 0,
}


class EgressRefusedError(RuntimeError):
    """A connection that this process must not make. Not an OSError, so that nobody tries again."""


class RealAwsRefusedError(EgressRefusedError):
    """A connection to real AWS, or to a place that hands out its credentials."""


def pinned(endpoint_url: str | None, region: str) -> dict[str, str]:
    """The variables with which an SDK finds the emulator, and credentials that open nothing.

    Without an ``endpoint_url`` SDKs keep AWS's own names, for clients that are answered in process.
    """
    endpoint = {} if endpoint_url is None else {"AWS_ENDPOINT_URL": endpoint_url}
    return {
        **endpoint,
        "AWS_ACCESS_KEY_ID": "emulator",
        "AWS_SECRET_ACCESS_KEY": "emulator",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "BOTO_CONFIG": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def pin_environment(
    environ: MutableMapping[str, str], endpoint_url: str | None, region: str
) -> None:
    """Make ``environ`` (of this process, or of a child) lead to the emulator only."""
    for name in list(environ):
        if name in _REMOVED or name.startswith(_REMOVED_PREFIX):
            del environ[name]
    environ.update(pinned(endpoint_url, region))
    direct = environ.get("NO_PROXY") or environ.get("no_proxy") or ""
    if direct != "*":
        direct = ",".join(dict.fromkeys([*filter(None, direct.split(",")), *_NO_PROXY]))
    environ.update(NO_PROXY=direct, no_proxy=direct)
    if boto3 := sys.modules.get("boto3"):
        # the session that boto3.client() keeps may remember credentials of before
        vars(boto3)["DEFAULT_SESSION"] = None


def forbid(policy: Policy) -> None:
    """Refuse connections in this process from now on: "aws", or everything not "loopback".

    A later call can only make it stricter. Raises EgressRefusedError in whoever tries to connect.
    """
    if policy not in _POLICIES:
        raise ValueError(f"policy {policy!r} must be one of {', '.join(_POLICIES)}")
    _guard.strengthen(policy)


class _Guard:
    """The audit hook and the policy it follows. Holds all it needs: hooks outlive their module."""

    def __init__(self) -> None:
        self._events = _EVENTS
        self._modules = sys.modules
        self._level = -1
        self._botocore_guarded = False

    def strengthen(self, policy: Policy) -> None:
        if self._level < 0:
            sys.addaudithook(self.audit)
        self._level = max(self._level, _POLICIES.index(policy))
        self._guard_botocore()

    def _guard_botocore(self) -> None:
        """Once botocore is there: a function imports it long after its process is guarded."""
        session = getattr(self._modules.get("botocore.httpsession"), "URLLib3Session", None)
        if session is not None:
            self._botocore_guarded = True
            _guard_botocore(session)

    def audit(self, event: str, args: tuple[Any, ...]) -> None:
        if event == "import" and not self._botocore_guarded:
            self._guard_botocore()
        index = self._events.get(event)
        if index is None:
            return
        host = _peer(args[1]) if index else _text(args[0])
        if host is not None and not _is_loopback(host):
            self._check(host, resolving=index == 0)

    def _check(self, host: str, *, resolving: bool) -> None:
        if _is_aws(host):
            raise _real_aws(host)
        own_name = resolving and host == socket.gethostname().lower()
        if _POLICIES[self._level] == "loopback" and not own_name:
            raise EgressRefusedError(f"{host} is not this machine, and nothing else may be reached")


_guard = _Guard()


def _guard_botocore(http_session: type[Any]) -> None:
    """Check the host where botocore hands a request to the network.

    Not a ``before-send`` handler: botocore calls those for requests, too, that another handler
    answers in process, as moto does.
    """
    send: Callable[..., Any] = http_session.send
    if getattr(send, "guarded", False):
        return

    @functools.wraps(send)
    def guarded_send(self: Any, request: Any) -> Any:
        host = (urlsplit(request.url).hostname or "").lower()
        if not _is_loopback(host):
            raise _real_aws(host)
        return send(self, request)

    guarded_send.guarded = True  # type: ignore[attr-defined]
    http_session.send = guarded_send


def _real_aws(host: str) -> RealAwsRefusedError:
    return RealAwsRefusedError(
        f"refused to reach {host}: with the emulator, AWS clients talk to this machine only. "
        "Make the client without endpoint_url and profile, after the emulator is attached."
    )


def _peer(address: Any) -> str | None:
    """The host of a socket address; None for sockets that are no network's, as Unix sockets."""
    return _text(address[0]) if isinstance(address, tuple) else None


def _text(host: Any) -> str | None:
    if isinstance(host, bytes):
        host = host.decode("latin-1")
    return host.lower().rstrip(".") if isinstance(host, str) else None


def _ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return _ip_of_numbers(host)
    return getattr(address, "ipv4_mapped", None) or address


def _ip_of_numbers(host: str) -> ipaddress.IPv4Address | None:
    """The address in one of the spellings that the C library takes too: 0xa9fea9fe, 127.1."""
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except (OSError, ValueError):
        return None


@functools.lru_cache(256)  # asked again for every request
def _is_loopback(host: str) -> bool:
    address = _ip(host)
    if address is None:
        return host in ("", "localhost") or host.endswith(".localhost")
    return address.is_loopback or address.is_unspecified


def _is_aws(host: str) -> bool:
    return _ip(host) in _METADATA or _AWS_NAMES.search(host) is not None
