"""What is fetched because a server named it: nothing inward, nothing twice resolved, no redirect away."""

import contextlib
import gzip
import socket
import sys

import httpx
import pytest
from watched_servers import secured, visited

from tools.credentials.addresses import CheckedTransport
from tools.credentials.fetching import MAX_BYTES, fetch, url_of
from tools.errors import AddressRefused, NotSent

ELSEWHERE = httpx.URL("https://login.example.com")


@pytest.fixture
async def inside(tmp_path):
    async with secured(tmp_path) as (seen, _):
        yield seen


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.0.0.2",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "017700000001",
        "0",
        "0.0.0.0",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[0:0:0:0:0:ffff:127.0.0.1]",
        "[::127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "[64:ff9b:1::7f00:1]",
        "[2002:7f00:1::]",
        "127。0。0。1",
        "①②⑦.⓪.⓪.①",
        "169.254.169.254",
        "0xa9fea9fe",
        "10.0.0.1",
        "192.168.0.1",
        "[fd00:ec2::254]",
        socket.gethostname(),
    ],
)
async def test_a_place_inside_that_a_server_names_gets_no_connection(inside, host):
    with pytest.raises((AddressRefused, NotSent)) as refused:
        await fetch(httpx.Request("GET", url_of(f"https://{host}:{inside.port}/")), operator=ELSEWHERE)

    assert inside.connections == 0
    assert isinstance(refused.value, AddressRefused) or "has no address" in str(refused.value)


@pytest.mark.parametrize("scheme", ["http", "ftp", "file", "gopher", "ws"])
async def test_a_server_sends_us_nowhere_but_by_https(inside, scheme):
    with pytest.raises(AddressRefused, match="https"):
        await fetch(httpx.Request("GET", f"{scheme}://127.0.0.1:{inside.port}/"), operator=ELSEWHERE)

    assert inside.connections == 0


@pytest.mark.parametrize("text", ["https://", "https://good@127.0.0.1/", "https://[::1", "x"])
def test_an_address_that_is_none_is_refused(text):
    with pytest.raises(AddressRefused):
        url_of(text)


async def test_a_name_is_resolved_once_and_the_checked_address_connected_to(tmp_path):
    resolved = []
    watching = True

    def watch(event, arguments):
        if watching and event == "socket.getaddrinfo":
            resolved.append(arguments[0])

    sys.addaudithook(watch)
    async with secured(tmp_path) as (seen, tls):
        transport = CheckedTransport(lambda address: str(address) in {"127.0.0.1", "::1"}, tls=tls)
        async with httpx.AsyncClient(transport=transport) as client:
            answer = await client.get(f"https://localhost:{seen.port}/keys")
    watching = False

    assert answer.json() == {}
    assert resolved == ["localhost"]
    assert seen.names == ["localhost"]
    assert f"host: localhost:{seen.port}" in seen.heads[0].lower()


async def test_a_certificate_is_held_against_the_name_and_not_the_number(tmp_path):
    async with secured(tmp_path, name="other.example") as (seen, tls):
        transport = CheckedTransport(lambda _: True, tls=tls)
        async with httpx.AsyncClient(transport=transport) as client:
            with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                await client.get(f"https://localhost:{seen.port}/")

    assert seen.heads == []


async def test_every_address_of_a_name_must_be_admitted(tmp_path):
    async with secured(tmp_path) as (seen, tls):
        transport = CheckedTransport(lambda address: address.version == 6, tls=tls)
        async with httpx.AsyncClient(transport=transport) as client:
            with pytest.raises(AddressRefused):
                await client.get(f"https://localhost:{seen.port}/")

    assert seen.connections == 0


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_redirect_from_the_operators_address_to_another_origin_is_not_followed(inside, method):
    async with visited(answer=redirect(f"https://127.0.0.1:{inside.port}/")) as seen:
        url = httpx.URL(f"http://127.0.0.1:{seen.port}/")
        answer = await fetch(httpx.Request(method, url), operator=url)

    assert answer.status_code == 307
    assert (seen.connections, inside.connections) == (1, 0)


@pytest.mark.parametrize(("method", "visits"), [("GET", 3), ("POST", 1)])
async def test_redirects_within_an_origin_are_followed_a_few_times_and_never_by_a_post(method, visits):
    async with visited(answer=redirect("/again")) as seen:
        url = httpx.URL(f"http://127.0.0.1:{seen.port}/")
        with contextlib.suppress(NotSent):
            await fetch(httpx.Request(method, url), operator=url)

    assert seen.connections == visits


async def test_an_answer_without_end_is_cut_off():
    endless = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"x" * (MAX_BYTES + 1)
    async with visited(answer=endless) as seen:
        url = httpx.URL(f"http://127.0.0.1:{seen.port}/")
        with pytest.raises(NotSent, match="more than"):
            await fetch(httpx.Request("GET", url), operator=url)


async def test_an_answer_packed_small_is_not_unpacked():
    packed = gzip.compress(b"{}")
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
    async with visited(answer=head + packed) as seen:
        url = httpx.URL(f"http://127.0.0.1:{seen.port}/")
        answer = await fetch(httpx.Request("GET", url), operator=url)

    assert answer.content == packed


def redirect(to):
    return (
        b"HTTP/1.1 307 Away\r\nLocation: %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % to.encode()
    )
