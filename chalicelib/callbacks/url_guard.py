"""Where callbacks may go: only to what the whole internet can reach, never into our own network.

A URL is checked twice. Its form when a job is submitted, without asking DNS, whose answer then says
nothing of the answer later; and every address its name has when it is called. The connection is
then made to the addresses that were checked, so a second answer of DNS changes nothing.
https://cheatsheetseries.owasp.org/cheatsheets/Server_Side_Request_Forgery_Prevention_Cheat_Sheet.html
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable, Sequence

import msgspec

from chalicelib import limits
from chalicelib.errors import ServiceError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
#: a host's name to its addresses; raises OSError if there are none
Resolve = Callable[[str], Sequence[str]]

HTTPS_PORT = 443

#: One reading of a URL: what this does not match, two readers could understand differently.
_URL = re.compile(
    r"(?P<scheme>[a-z]+)://(?P<host>\[[0-9a-f:.]+\]|[^\[\]/?#@:\\]+)(:(?P<port>\d{1,5})?)?"
    r"(?P<path>[/?][!-~]*)?",
    re.IGNORECASE,
)
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
#: The end of what the C library, and browsers, read as an IPv4 address: 2130706433, 0x7f.1
#: https://url.spec.whatwg.org/#ends-in-a-number-checker
_NUMBER = re.compile(r"(\d+|0x[0-9a-f]*)")
_NAME_CHARACTERS_MAX = 253

#: Names that lead into a machine or a private network by convention.
_PRIVATE_NAMES = ("localhost", "localdomain", "local", "internal", "home.arpa")
_LOOPBACK_NAMES = ("localhost",)

#: The registries of special addresses, the same for every version of Python.
#: https://www.iana.org/assignments/iana-ipv4-special-registry
_SPECIAL_IPV4 = tuple(
    ipaddress.IPv4Network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT
        "127.0.0.0/8",
        "169.254.0.0/16",  # link-local: metadata, and the credentials of functions
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",  # relays of 6to4
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
#: Everything else of IPv6 is special: mapped IPv4, NAT64, unique local, link-local, multicast.
#: https://www.iana.org/assignments/ipv6-address-space
_GLOBAL_IPV6 = ipaddress.IPv6Network("2000::/3")
#: https://www.iana.org/assignments/iana-ipv6-special-registry
_SPECIAL_IPV6 = tuple(
    ipaddress.IPv6Network(network)
    for network in (
        "2001::/23",  # protocols, Teredo among them
        "2001:db8::/32",
        "2002::/16",  # 6to4, with an IPv4 address inside
        "3fff::/20",
    )
)


class UrlRefusedError(ServiceError):
    """Callbacks do not go there. The message says why, for the client."""


class Target(msgspec.Struct, frozen=True):
    """A URL whose form is in order: what to connect to, and what to ask for there."""

    #: lower case, ASCII, without a final dot; an IPv6 address without brackets
    host: str
    port: int
    #: path and query
    path: str
    secure: bool = True

    @property
    def authority(self) -> str:
        """The Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = HTTPS_PORT if self.secure else 80
        return host if self.port == usual else f"{host}:{self.port}"


class UrlGuard:
    """``allow_loopback`` is for development: this machine too, by http and on any port."""

    def __init__(self, resolve: Resolve | None = None, *, allow_loopback: bool = False) -> None:
        self._resolve = resolve or addresses_of
        self._allow_loopback = allow_loopback

    def check(self, url: str) -> Target:
        """What a URL says, without asking DNS. Raises UrlRefusedError."""
        if len(url) > limits.CALLBACK_URL_CHARACTERS_MAX:
            limit = limits.CALLBACK_URL_CHARACTERS_MAX
            raise UrlRefusedError(f"The URL has more than {limit} characters")
        found = _URL.fullmatch(url)
        if found is None or "#" in url:
            raise UrlRefusedError(_unreadable(url))
        host, secure = _host(found["host"]), found["scheme"].lower() == "https"
        port = int(found["port"] or (HTTPS_PORT if secure else 80))
        path = found["path"] or ""
        target = Target(host, port, path if path.startswith("/") else f"/{path}", secure)
        if self._allow_loopback and _is_loopback(host):
            return target
        if not secure:
            raise UrlRefusedError("The URL must begin with https://")
        if port != HTTPS_PORT:
            raise UrlRefusedError(f"The port must be {HTTPS_PORT}")
        _refuse_private_host(host)
        return target

    def addresses(self, target: Target) -> list[str]:
        """The addresses to connect to, all of them checked.

        Raises UrlRefusedError if any is not public, OSError if the name has none.
        """
        found = [_without_zone(text) for text in self._resolve(target.host)]
        if not found:
            raise OSError("the name has no address")
        if self._allow_loopback and all(address.is_loopback for address in found):
            return [str(address) for address in found]
        for address in found:
            if not is_public(address):
                raise UrlRefusedError("The host has an address that is not public")
        return [str(address) for address in found]


def is_public(address: Address) -> bool:
    """Whether anybody on the internet could reach that address."""
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _SPECIAL_IPV4)
    special = any(address in network for network in _SPECIAL_IPV6)
    return address in _GLOBAL_IPV6 and not special


def addresses_of(host: str) -> list[str]:
    """What DNS says now. Raises OSError."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(info[4][0]) for info in found))


def _unreadable(url: str) -> str:
    """Why a URL is none that can be called, in the order in which people make mistakes."""
    if "#" in url:
        return "The URL must not have a fragment"
    if "@" in url.partition("://")[2].partition("/")[0]:
        return "The URL must not hold a user name or password"
    return "The URL must be https://host/path, with anything unusual percent-encoded"


def _host(text: str) -> str:
    """The host in the one form that is compared, resolved and put into the certificate's check."""
    if text.startswith("["):
        return _ipv6(text[1:-1])
    try:
        # as the resolver and TLS will, so that neither finds fault with it later
        name = text.encode("idna").decode().lower()
    except UnicodeError:
        raise UrlRefusedError("The host is not a name of the DNS") from None
    name = name.removesuffix(".")
    labels = name.split(".")
    if len(name) > _NAME_CHARACTERS_MAX or not all(map(_LABEL.fullmatch, labels)):
        raise UrlRefusedError("The host is not a name of the DNS")
    if _NUMBER.fullmatch(labels[-1]):
        return _ipv4(name)
    return name


def _ipv4(text: str) -> str:
    try:
        return str(ipaddress.IPv4Address(text))
    except ValueError:
        raise UrlRefusedError("An IPv4 address must be four decimal numbers") from None


def _ipv6(text: str) -> str:
    try:
        return str(ipaddress.IPv6Address(text))
    except ValueError:
        raise UrlRefusedError("The host is not an IPv6 address") from None


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _is_loopback(host: str) -> bool:
    address = _literal(host)
    return host in _LOOPBACK_NAMES if address is None else address.is_loopback


def _refuse_private_host(host: str) -> None:
    address = _literal(host)
    if address is not None:
        if not is_public(address):
            raise UrlRefusedError("The address is not public")
    elif "." not in host or host.endswith(tuple(f".{name}" for name in _PRIVATE_NAMES)):
        raise UrlRefusedError("The host is not a public name")


def _without_zone(text: str) -> Address:
    return ipaddress.ip_address(text.partition("%")[0])
