"""Addresses: what may be kept of one, what is refused, and which machines are ever contacted."""

from __future__ import annotations

import socket

import pytest

from engine.errors import SourceError
from engine.photos import is_address, is_gone
from indexer.remote.address import address_product, parse_address, without_secrets
from indexer.remote.guard import RefusedAddressError, guarded_socket, why_refused
from indexer.remote.permission import Remote


@pytest.mark.parametrize(
    ("text", "full", "stored"),
    [
        ("https://Shop.example/a/1.jpg", "https://shop.example/a/1.jpg", "https://shop.example/a/1.jpg"),
        ("HTTP://shop.example:8080/1.jpg#top", "http://shop.example:8080/1.jpg", "http://shop.example:8080/1.jpg"),
        ("https://shop.example/a b/é.jpg", "https://shop.example/a%20b/%C3%A9.jpg",
         "https://shop.example/a%20b/%C3%A9.jpg"),
        ("https://s.example/1.jpg?w=300&X-Amz-Signature=abc&X-Amz-Date=1",
         "https://s.example/1.jpg?w=300&X-Amz-Signature=abc&X-Amz-Date=1", "https://s.example/1.jpg?w=300"),
        ("https://s.example/1.jpg?sv=2020&se=x&sig=abc%2F", "https://s.example/1.jpg?sv=2020&se=x&sig=abc%2F",
         "https://s.example/1.jpg"),
        ("https://s.example/p?id=5&sv=2", "https://s.example/p?id=5&sv=2", "https://s.example/p?id=5&sv=2"),
        ("https://s.example/p?access%5Ftoken=s3cret&id=5", "https://s.example/p?access%5Ftoken=s3cret&id=5",
         "https://s.example/p?id=5"),
        ("s3://bucket/a/b#1.jpg", "s3://bucket/a/b#1.jpg", "s3://bucket/a/b#1.jpg"),
        ("https://s.example/p?key=1.jpg&policy=a", "https://s.example/p?key=1.jpg&policy=a",
         "https://s.example/p?key=1.jpg&policy=a"),
        ("https://s.example/p?product-key=99", "https://s.example/p?product-key=99",
         "https://s.example/p?product-key=99"),
        ("https://s.example/1?Expires=9&Signature=abc&Policy=x", "https://s.example/1?Expires=9&Signature=abc&Policy=x",
         "https://s.example/1"),
        ("https://s.example/p?key=AIzaabc4567890123456789012345&id=5",
         "https://s.example/p?key=AIzaabc4567890123456789012345&id=5", "https://s.example/p?id=5"),
    ],
)  # fmt: skip
def test_what_is_asked_and_what_is_kept(text: str, full: str, stored: str) -> None:
    found = parse_address(text)
    assert (found.full, found.stored) == (full, stored)
    assert "abc" not in repr(found) and "s3cret" not in repr(found)
    assert parse_address(stored).stored == stored, "what a catalog keeps is an address again"


@pytest.mark.parametrize(
    "text",
    [
        "https://me:hunter2@shop.example/1.jpg", "https://hunter2@shop.example/1.jpg", "file:///etc/passwd",
        "ftp://shop.example/1.jpg", "simplecache::https://shop.example/1.jpg", "https:///1.jpg", "https://shop\u00e9/1",
        "https://shop.example:99999/1.jpg", "https://shop.example/1\n.jpg", "https://a\\b/1.jpg", "s3:///key",
        "abfs://c:hunter2@account/1.jpg", "https://shop.example/" + "x" * 5000, "https://[::1/1.jpg",
    ],
)  # fmt: skip
def test_what_is_refused_and_never_shown(text: str) -> None:
    with pytest.raises(SourceError) as error:
        parse_address(text)
    assert "hunter2" not in str(error.value)


def test_what_is_shown_of_any_text() -> None:
    assert without_secrets("https://me:pw@h/1.jpg?token=a&w=3#x") == "https://h/1.jpg?w=3"
    assert without_secrets("photos/1.jpg") == "photos/1.jpg"


def test_products_of_addresses() -> None:
    assert address_product("https://h/a/1.jpg?w=3") == "h/a/1"
    assert address_product("https://h/p?id=5") == "h/p?id=5"
    assert address_product("s3://b/photos/dress/1.jpg", "s3://b/photos/") == "dress/1"


def test_an_address_is_never_gone() -> None:
    assert is_address("s3://bucket/1.jpg") and not is_address("/photos/1.jpg") and not is_address("C:/photos/1.jpg")
    assert not is_gone("https://shop.example/1.jpg")


@pytest.mark.parametrize(
    "ip",
    [
        "10.0.0.1", "172.16.0.1", "192.168.1.1", "127.0.0.1", "127.8.8.8", "100.64.0.1", "::1", "fc00::1",
        "::ffff:10.0.0.1", "64:ff9b::10.0.0.1", "2002:0a00:0001::", "198.18.0.1",
        "fec0::1",
    ],
)  # fmt: skip
def test_machines_inside_are_contacted_only_when_that_is_asked_for(ip: str) -> None:
    assert "--allow-private" in why_refused(ip)
    assert why_refused(ip, private=True) == ""
    with pytest.raises(RefusedAddressError, match="--allow-private"):
        guarded_socket(False)((socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 80)))


@pytest.mark.parametrize(
    "ip",
    [
        "169.254.169.254", "fe80::1%eth0", "0.0.0.0", "::", "224.0.0.1", "ff02::1", "168.63.129.16", "100.100.100.200",
        "fd00:ec2::254", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::", "192.0.0.192", "nonsense",
        "fd20:ce::254", "fd00:c1::a9fe:a9fe", "fd00:42::42", "64:ff9b:1:a9fe:a9:fe00:808:808",
    ],
)  # fmt: skip
def test_metadata_of_clouds_is_never_asked(ip: str) -> None:
    assert why_refused(ip) and why_refused(ip, private=True)


@pytest.mark.parametrize("ip", ["93.184.216.34", "8.8.8.8", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:8.8.8.8"])
def test_public_machines_may_be_contacted(ip: str) -> None:
    assert why_refused(ip) == ""


def test_the_environment_permits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOUNDSTOOTH_ALLOW_REMOTE", raising=False)
    monkeypatch.setenv("HOUNDSTOOTH_ALLOW_PRIVATE", "1")
    assert Remote.of_environment() is None
    monkeypatch.setenv("HOUNDSTOOTH_ALLOW_REMOTE", "yes")
    assert Remote.of_environment() == Remote(private=True)
    monkeypatch.setenv("HOUNDSTOOTH_ALLOW_PRIVATE", "0")
    assert Remote.of_environment() == Remote()
