"""Where callbacks may go: every way to write a place inside is refused, every public one is not."""

# ruff: noqa: RUF001 (letters that look like others are what is tested)

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chalicelib.callbacks.url_guard import (
    Address,
    Target,
    UrlGuard,
    UrlRefusedError,
    addresses_of,
    is_public,
)

PUBLIC = ("93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c")


def guard(*addresses: str, allow_loopback: bool = False) -> UrlGuard:
    """A guard whose DNS knows one answer."""
    return UrlGuard(lambda host: addresses or PUBLIC, allow_loopback=allow_loopback)


ALLOWED = {
    "https://example.org": Target("example.org", 443, "/"),
    "https://example.org/": Target("example.org", 443, "/"),
    "https://example.org:443/hooks?token=a%20b&x=1": Target(
        "example.org", 443, "/hooks?token=a%20b&x=1"
    ),
    "https://example.org?x=/../@:": Target("example.org", 443, "/?x=/../@:"),
    "https://example.org:/hooks": Target("example.org", 443, "/hooks"),
    "HTTPS://EXAMPLE.Org/Hooks": Target("example.org", 443, "/Hooks"),
    "https://example.org./hooks": Target("example.org", 443, "/hooks"),
    "https://my_service.example.org/": Target("my_service.example.org", 443, "/"),
    "https://bücher.example/": Target("xn--bcher-kva.example", 443, "/"),
    "https://ｅｘａｍｐｌｅ。org/": Target("example.org", 443, "/"),
    "https://93.184.215.14/": Target("93.184.215.14", 443, "/"),
    "https://[2606:2800:21F:CB07::1]/": Target("2606:2800:21f:cb07::1", 443, "/"),
    # a name that only looks like a number, and ones that only look private
    "https://7f000001.example/": Target("7f000001.example", 443, "/"),
    "https://localhost.example/": Target("localhost.example", 443, "/"),
    "https://not-local.example/": Target("not-local.example", 443, "/"),
}


@pytest.mark.parametrize(("url", "target"), ALLOWED.items())
def test_public_url_is_read_in_one_form(url: str, target: Target) -> None:
    assert guard().check(url) == target


REFUSED = [
    # scheme
    "http://example.org/", "ftp://example.org/", "file:///etc/passwd", "gopher://example.org/",
    "javascript:alert(1)", "data:text/plain,x", "//example.org/", "example.org/hooks", "",
    "https:/example.org/", "https:example.org", "https:///hooks", "https://",
    # port
    "https://example.org:80/", "https://example.org:8443/", "https://example.org:22/",
    "https://example.org:0443x/", "https://example.org:65979/", "https://example.org:-443/",
    # credentials, and hosts that two readers would find in two places
    "https://user@example.org/", "https://user:password@example.org/", "https://@example.org/",
    "https://example.org@127.0.0.1/", "https://127.0.0.1#@example.org/",
    "https://127.0.0.1\\@example.org/", "https://example.org\\.evil.org/",
    "https://example.org:443@127.0.0.1/", "https://example.org:443:443/",
    "https://[::1]@example.org/", "https://example.org[::1]/", "https://[::1]example.org/",
    # fragment, white space, control characters, unencoded text
    "https://example.org/#", "https://example.org/hooks#part", "https://example.org#",
    " https://example.org/", "https://example.org/ ", "https://example.org/a b",
    "https://exam\tple.org/", "https://example.org/\r\nX-Header: 1", "https://example.org\n",
    "https://example.org/hooks\x00", "https://example.org/b\xfccher", "https:\\\\example.org",
    # names that are no names, or lead inside
    "https://localhost/", "https://LOCALHOST/", "https://localhost./", "https://a.localhost/",
    "https://intranet/", "https://printer.local/", "https://metadata.google.internal/",
    "https://db.localdomain/", "https://router.home.arpa/", "https://example..org/",
    "https://example.org../", "https://.example.org/", "https://-example.org/",
    "https://example-.org/", "https://%6cocalhost/", "https://exam%70le.org/",
    f"https://{'a' * 64}.org/", f"https://{'a.' * 127}org/", "https://*.example.org/",
    "https://ⓛocalhost/", "https://a\u200d.example\udc80/", "https://xn--\u00fc.example/",
    # loopback, in every spelling
    "https://127.0.0.1/", "https://127.0.0.1./", "https://127.1/", "https://127.0.1/",
    "https://2130706433/", "https://017700000001/", "https://0177.0.0.1/", "https://0x7f000001/",
    "https://0x7f.0.0.1/", "https://0X7F.1/", "https://127.0.0.0x1/", "https://127.255.255.254/",
    "https://00000177.0.0.01/", "https://0/", "https://0.0.0.0/", "https://0x/",
    "https://127.0.0.1.1/", "https://256.0.0.1/", "https://08.1.1.1/", "https://4294967297/",
    "https://①②⑦.⓪.⓪.①/", "https://127。0。0。1/", "https://１２７.0.0.1/",
    "https://[::1]/", "https://[0:0:0:0:0:0:0:1]/", "https://[::]/", "https://[::1%25lo]/",
    # private, link-local, carrier's, reserved, multicast, documentation
    "https://10.0.0.1/", "https://10.1/", "https://012.0.0.1/", "https://172.16.0.1/",
    "https://172.31.255.255/", "https://192.168.0.1/", "https://3232235521/",
    "https://169.254.169.254/latest/meta-data/", "https://0xa9fea9fe/", "https://2852039166/",
    "https://169.254.170.2/", "https://0251.0376.0251.0376/", "https://100.64.0.1/",
    "https://100.100.100.200/", "https://192.0.0.192/", "https://192.0.2.1/",
    "https://198.18.0.1/", "https://198.51.100.1/", "https://203.0.113.1/",
    "https://224.0.0.1/", "https://240.0.0.1/", "https://255.255.255.255/",
    "https://192.88.99.1/",
    # IPv6 that is private, or has IPv4 inside
    "https://[fe80::1]/", "https://[fc00::1]/", "https://[fd00:ec2::254]/", "https://[ff02::1]/",
    "https://[::ffff:127.0.0.1]/", "https://[::ffff:a9fe:a9fe]/", "https://[::127.0.0.1]/",
    "https://[::ffff:0:127.0.0.1]/", "https://[64:ff9b::7f00:1]/", "https://[64:ff9b:1::a00:1]/",
    "https://[2002:7f00:1::]/", "https://[2001:0:7f00:1::]/", "https://[2001:db8::1]/",
    "https://[100::1]/", "https://[fec0::1]/", "https://[3fff::1]/", "https://[5f00::1]/",
    "https://[::ffff:93.184.215.14]/", "https://[1::2::3]/", "https://[]/", "https://[::1/",
    # length
    "https://example.org/" + "a" * 2_029,
]  # fmt: skip


@pytest.mark.parametrize("url", REFUSED)
def test_url_that_leads_elsewhere_or_could_be_read_in_two_ways_is_refused(url: str) -> None:
    with pytest.raises(UrlRefusedError):
        guard().check(url)


def test_longest_url_is_2048_characters() -> None:
    assert guard().check("https://example.org/" + "a" * 2_028).host == "example.org"


def test_refusal_says_what_to_change() -> None:
    reasons = {
        "http://example.org/": "The URL must begin with https://",
        "https://example.org:8443/": "The port must be 443",
        "https://a:b@example.org/": "The URL must not hold a user name or password",
        "https://example.org/#x": "The URL must not have a fragment",
        "https://10.0.0.1/": "The address is not public",
        "https://0x7f.1/": "An IPv4 address must be four decimal numbers",
        "https://localhost/": "The host is not a public name",
    }
    for url, reason in reasons.items():
        with pytest.raises(UrlRefusedError, match=reason):
            guard().check(url)


def test_every_address_of_a_name_is_given_to_connect_to() -> None:
    checked = guard()
    assert checked.addresses(checked.check("https://example.org/")) == list(PUBLIC)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "::1",
        "::ffff:10.0.0.1", "fe80::1%eth0", "fd00:ec2::254", "64:ff9b::a00:1", "2002:a00:1::",
    ],
)  # fmt: skip
def test_name_with_one_private_address_is_refused_when_it_is_called(address: str) -> None:
    """Also if it stands behind a public one: which of them is used is not ours to say."""
    checked = guard(PUBLIC[0], address)
    with pytest.raises(UrlRefusedError):
        checked.addresses(checked.check("https://example.org/"))


def test_name_without_an_address_may_have_one_later() -> None:
    nowhere = UrlGuard(lambda host: [])
    with pytest.raises(OSError, match="no address"):
        nowhere.addresses(nowhere.check("https://example.org/"))


def test_literal_address_is_checked_again_when_it_is_called() -> None:
    """By the real resolver, which makes nothing else of it."""
    assert addresses_of("127.0.0.1") == ["127.0.0.1"]
    with pytest.raises(UrlRefusedError):
        UrlGuard().addresses(Target("127.0.0.1", 443, "/"))


@given(st.ip_addresses())
@example(ipaddress.ip_address("192.88.99.1"))
def test_what_python_does_not_call_global_is_never_public(address: Address) -> None:
    """Python's registries grow with its version; the ones here are the same everywhere."""
    assert address.is_global or not is_public(address)


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("http://localhost:9000/hook", Target("localhost", 9000, "/hook", secure=False)),
        ("http://127.0.0.1/", Target("127.0.0.1", 80, "/", secure=False)),
        ("https://[::1]:8443/", Target("::1", 8443, "/")),
    ],
)
def test_this_machine_may_be_called_in_development(url: str, target: Target) -> None:
    assert guard(allow_loopback=True).check(url) == target


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/", "http://10.0.0.1/", "https://127.1/", "https://169.254.169.254/",
        "http://a.localhost/", "https://example.org:8443/", "http://127.0.0.1.example.org/",
    ],
)  # fmt: skip
def test_development_opens_this_machine_only(url: str) -> None:
    with pytest.raises(UrlRefusedError):
        guard(allow_loopback=True).check(url)


def test_development_mixes_no_private_address_with_this_machine() -> None:
    checked = guard("127.0.0.1", "10.0.0.1", allow_loopback=True)
    with pytest.raises(UrlRefusedError):
        checked.addresses(checked.check("http://localhost/"))


def test_authority_names_the_port_where_it_is_not_the_usual_one() -> None:
    assert Target("example.org", 443, "/").authority == "example.org"
    assert Target("::1", 8443, "/").authority == "[::1]:8443"
