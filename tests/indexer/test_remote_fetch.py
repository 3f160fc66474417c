"""Photos over a network: limits, retries, redirects, and machines that are not to be contacted. All on this machine."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from web_shop import WebShop, open_web_shop

from engine.errors import MissingDependencyError, PictureError
from indexer.decode.limits import DecodeLimits
from indexer.remote import Remote, connect, fetch, guard, parse_address

pytest.importorskip("aiohttp", reason="aiohttp is optional: pip install 'houndstooth[remote]'")
HERE = Remote(private=True)


@pytest.fixture
def web() -> Iterator[WebShop]:
    with open_web_shop() as shop:
        yield shop
    connect._web.cache_clear()


def get(address: str, remote: Remote = HERE, megabytes: float = 1) -> tuple[bytes, list[float]]:
    waits: list[float] = []
    return fetch(parse_address(address), remote, DecodeLimits(megabytes=megabytes), waits.append), waits


def reason(address: str, remote: Remote = HERE, megabytes: float = 1) -> str:
    with pytest.raises(PictureError) as error:
        get(address, remote, megabytes)
    return str(error.value)


def test_bytes_come_whole_with_what_signs_the_address(web: WebShop) -> None:
    web.photos["/a%20b/1.jpg"] = bytes(range(256)) * 3000
    assert get(web.address("/a b/1.jpg?X-Amz-Signature=a%2Fb%3D"))[0] == web.photos["/a%20b/1.jpg"]
    assert web.asked == ["/a%20b/1.jpg?X-Amz-Signature=a%2Fb%3D"], "asked once, and a signature is sent as it was told"


def test_a_busy_server_is_asked_again_and_one_that_refuses_is_not(web: WebShop) -> None:
    web.photos["/1.jpg"] = b"photo"
    web.busy["/1.jpg"] = 2
    data, waits = get(web.address("/1.jpg"))
    assert data == b"photo" and len(waits) == 2
    assert 0.25 <= waits[0] <= 0.5 <= waits[1] <= 1
    web.busy["/1.jpg"] = 9
    assert reason(web.address("/1.jpg")) == "the server says 503 Service Unavailable (4 times)"
    web.asked.clear()
    assert reason(web.address("/status/403?token=hunter2")) == "the server says 403 Forbidden"
    assert reason(web.address("/gone.jpg")) == "not found there"
    assert len(web.asked) == 2


def test_long_pages_that_say_not_found_leave_connections_for_other_photos(web: WebShop) -> None:
    web.sorry = b"<p>Sorry!</p>" * 100_000
    web.photos["/1.jpg"] = b"photo"
    errors = []
    for number in range(connect.CONNECTIONS + 2):
        with pytest.raises(PictureError) as error:
            get(web.address(f"/gone-{number}.jpg"), Remote(private=True, seconds=5, tries=1))
        errors.append(error.value)  # kept, as a batch keeps them
    assert {str(error) for error in errors} == {"not found there"}
    assert get(web.address("/1.jpg"))[0] == b"photo"


def test_what_has_no_end_is_cut_off_at_the_limit(web: WebShop) -> None:
    assert "over the limit of 1 (--max-megabytes)" in reason(web.address("/endless"))
    web.photos["/large.jpg"] = b"x" * 1_000_001
    assert "over the limit" in reason(web.address("/large.jpg"))
    web.photos["/empty.jpg"] = b""
    assert reason(web.address("/empty.jpg")) == "empty file"


def test_half_a_photo_is_no_photo(web: WebShop) -> None:
    assert reason(web.address("/cut.jpg")) == "the connection failed (ClientPayloadError) (4 times)"


def test_a_server_that_is_too_slow_or_not_there(web: WebShop) -> None:
    assert reason(web.address("/slow.jpg"), Remote(True, seconds=0.3, tries=1)) == "no whole answer within 0.3 seconds"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    told = reason(f"http://127.0.0.1:{port}/1.jpg")
    assert told.startswith("the connection failed") and "127.0.0.1" not in told


def test_machines_inside_are_not_asked_by_number_name_or_redirect(
    web: WebShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    web.photos["/1.jpg"] = b"photo"
    assert "--allow-private" in reason(web.address("/1.jpg"), Remote())
    assert "--allow-private" in reason(web.address("/1.jpg", "localhost"), Remote())
    assert web.asked == []
    for host in ("169.254.169.254", "[fe80::1]"):
        web.redirects["/out.jpg"] = f"http://{host}/latest/meta-data"
        assert "never read (link-local, metadata of a cloud)" in reason(web.address("/out.jpg"))
    web.redirects["/out.jpg"] = "file:///etc/passwd"
    assert "leads nowhere" in reason(web.address("/out.jpg"))
    web.redirects["/out.jpg"] = web.address("/1.jpg")
    assert get(web.address("/out.jpg"))[0] == b"photo"


def test_a_name_that_leads_inside_at_the_second_look_gains_nothing(
    web: WebShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """127.0.0.2 stands for a public machine; the name leads to it first and to 127.0.0.1 after the redirect."""
    plain = guard.why_refused
    monkeypatch.setattr(guard, "why_refused", lambda ip, private=False: "" if ip == "127.0.0.2" else plain(ip, private))
    look, answers = socket.getaddrinfo, iter(["127.0.0.2", "127.0.0.1", "127.0.0.1"])

    def rebind(host: str, *asked: object, **more: object) -> object:
        return look(next(answers) if host == "shop.example" else host, *asked, **more)

    monkeypatch.setattr(socket, "getaddrinfo", rebind)
    web.photos["/secret.jpg"] = b"inside"
    with open_web_shop("127.0.0.2") as public:
        public.photos["/1.jpg"] = b"photo"
        public.redirects["/2.jpg"] = web.address("/secret.jpg", "127.0.0.1")
        public.redirects["/3.jpg"] = web.address("/secret.jpg", "shop.example")
        assert get(public.address("/1.jpg", "shop.example"), Remote())[0] == b"photo"
        for path in ("/2.jpg", "/3.jpg"):
            assert "--allow-private" in reason(public.address(path, "127.0.0.2"), Remote())
    assert web.asked == []


def test_a_proxy_of_the_environment_is_not_asked(web: WebShop, monkeypatch: pytest.MonkeyPatch) -> None:
    web.photos["/1.jpg"] = b"photo"
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    connect._web.cache_clear()
    assert get(web.address("/1.jpg"))[0] == b"photo"


def test_without_the_libraries_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    connect._web.cache_clear()
    monkeypatch.setitem(__import__("sys").modules, "aiohttp", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'houndstooth\[remote\]'"):
        get("http://127.0.0.1/1.jpg")
    monkeypatch.setitem(__import__("sys").modules, "s3fs", None)
    with pytest.raises(MissingDependencyError, match="pip install s3fs"):
        get("s3://bucket/1.jpg")
