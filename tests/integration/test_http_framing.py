"""Requests that a proxy in front may read otherwise than the server: refused with 400, and the connection with them, over plain
HTTP and TLS, whole or in pieces, alone or after others."""
import contextlib
import os
import re
import socket
import ssl
import time
from pathlib import Path

import pytest

import raw_http
from assay_server import Server
from test_server import make_certificate

HOST = b"Host: registry"
INNER = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture(scope="module")
def servers(program, tmp_path_factory):
    certificate, key = make_certificate(tmp_path_factory.mktemp("certificate"), "x")
    made = {"plain": Server(program, tmp_path_factory.mktemp("plain")),
            "tls": Server(program, tmp_path_factory.mktemp("tls"), trust=certificate,
                          config=f"tls: {{certificate: {certificate}, key: {key}}}")}
    for server in made.values():
        server.start()
    yield made
    for server in made.values():
        server.stop()


@contextlib.contextmanager
def connect(server):
    with raw_http.connection(server) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if not server.trust:
            yield sock
            return
        context = ssl.create_default_context(cafile=server.trust)
        with context.wrap_socket(sock, server_hostname="127.0.0.1") as secure:
            yield secure


def read_all(sock):
    data = b""
    with contextlib.suppress(OSError):
        while part := sock.recv(65536):
            data += part
    return data


def post(*lines, end=b"\r\n\r\n"):
    return b"POST /v2/a/blobs/uploads/ HTTP/1.1\r\n" + b"\r\n".join((HOST, *lines)) + end + INNER


def get(*lines, line=b"GET /healthz HTTP/1.1\r\n"):
    return line + b"\r\n".join((HOST, *lines)) + b"\r\n\r\n"


SIZE = b"%d" % len(INNER)
BAD = {
    "folded with a space": get(b"X: a", b" b"),
    "folded with a tab": get(b"X: a", b"\tb"),
    "folded after nothing": get(b"X:", b" b"),
    "folded twice": get(b"X: a", b" b", b" c"),
    "folded to nothing": get(b"X: a", b" "),
    "first line folded": b"GET /healthz HTTP/1.1\r\n X: a\r\n" + HOST + b"\r\n\r\n",
    "last line folded": get(b"X: a", b"  "),
    "folded coding": post(b"Transfer-Encoding:", b" chunked", end=b"\r\n\r\n0\r\n\r\n"),
    "folded coding, and a length": post(b"Content-Length: 5", b"Transfer-Encoding:", b" chunked", end=b"\r\n\r\n0\r\n\r\n"),
    "coding folded by a tab": post(b"Content-Length: 5", b"Transfer-Encoding: ", b"\tchunked", end=b"\r\n\r\n0\r\n\r\n"),
    "folded length": post(b"Content-Length:", b" " + SIZE),
    "length with a folded digit": post(b"Content-Length: 0", b" 5"),
    "folded host": b"GET /healthz HTTP/1.1\r\nHost:\r\n registry\r\n\r\n",
    "second host folded": get(b"Host:", b" y"),
    "second length folded": post(b"Content-Length: 0", b"Content-Length:", b" " + SIZE),
    "fold by bare LF": get(b"X: a\n b"),
    "bare CR begins a length": post(b"X: a\rContent-Length: " + SIZE),
    "bare CR in a value": get(b"X: a\rb"),
    "bare CR in a name": get(b"X\rY: a"),
    "bare CR ends a value": get(b"X: a\r"),
    "bare CR before the name": get(b"\rX: a"),
    "bare CR in the target": b"GET /heal\rthz HTTP/1.1\r\n" + HOST + b"\r\n\r\n",
    "bare LF ends a line": get(b"X: a\nY: b"),
    "bare LF ends the head": get()[:-2] + b"\n",
    "bare LF ends the request line": b"GET /healthz HTTP/1.1\n" + HOST + b"\r\n\r\n",
    "all by bare LF": get().replace(b"\r\n", b"\n"),
    "NUL in a value": get(b"X: a\0b"),
    "NUL ends a value": get(b"X: a\0"),
    "NUL begins a value": get(b"X:\0a"),
    "NUL in a name": get(b"X\0Y: a"),
    "NUL ends a name": get(b"X\0: a"),
    "NUL begins a line": get(b"\0X: a"),
    "NUL for the head's end": post(b"\0Content-Length: " + SIZE),
    "NUL in the coding": post(b"Transfer-Encoding: chunked\0x", b"Content-Length: 5", end=b"\r\n\r\n0\r\n\r\n"),
    "NUL in the coding's name": post(b"Transfer-Encoding\0: chunked", b"Content-Length: 5", end=b"\r\n\r\n0\r\n\r\n"),
    "NUL in the target": b"GET /v2/_catalog\0/../healthz HTTP/1.1\r\n" + HOST + b"\r\n\r\n",
    "NUL ends the target": b"GET /healthz\0 HTTP/1.1\r\n" + HOST + b"\r\n\r\n",
    "NUL in the query": b"GET /v2/_catalog?n=1\0 HTTP/1.1\r\n" + HOST + b"\r\n\r\n",
    "NUL in the method": b"GE\0T /healthz HTTP/1.1\r\n" + HOST + b"\r\n\r\n",
    "bare CR in the method": get(line=b"G\rET /healthz HTTP/1.1\r\n"),
    "bare CR before another method": get(line=b"X\rGET /healthz HTTP/1.1\r\n"),
    "no token for a method": get(line=b"G(T /healthz HTTP/1.1\r\n"),
    "other control in a value": get(b"X: a\x01b"),
    "delete in a value": get(b"X: a\x7fb"),
    "empty name": get(b": a"),
    "blank name": get(b"X: a", b" : b"),
    "space before the colon": get(b"X : a"),
    "tab before the colon": get(b"X\t: a"),
    "space before the coding's colon": post(b"Transfer-Encoding : chunked", end=b"\r\n\r\n0\r\n\r\n"),
    "no colon": get(b"X"),
    "space in a name": get(b"X Y: a"),
    "parenthesis in a name": get(b"X(: a"),
    "name beyond ASCII": get(b"X\xe9: a"),
    "no host": b"GET /healthz HTTP/1.1\r\n\r\n",
    "two hosts": get(HOST),
    "two lengths, the same": post(b"Content-Length: 5", b"Content-Length: 5"),
    "two lengths": post(b"Content-Length: 0", b"Content-Length: " + SIZE),
    "two lengths, one in capitals": post(b"Content-Length: 0", b"CONTENT-LENGTH: " + SIZE),
    "list of lengths": post(b"Content-Length: 0, " + SIZE),
    "list of the same lengths": post(b"Content-Length: 5, 5"),
    "length with a sign": post(b"Content-Length: +0"),
    "negative length": post(b"Content-Length: -1"),
    "hexadecimal length": post(b"Content-Length: 0x0"),
    "empty length": post(b"Content-Length:"),
    "length with a blank": post(b"Content-Length: 1 2"),
    "length with a fraction": post(b"Content-Length: 0.0"),
    "length and coding": post(b"Content-Length: 5", b"Transfer-Encoding: chunked", end=b"\r\n\r\n0\r\n\r\n"),
    "coding and length": post(b"Transfer-Encoding: chunked", b"Content-Length: 5", end=b"\r\n\r\n0\r\n\r\n"),
    "empty coding and length": post(b"Content-Length: 0", b"Transfer-Encoding:"),
    "empty coding": post(b"Transfer-Encoding:"),
    "unknown coding": post(b"Transfer-Encoding: xchunked"),
    "identity": post(b"Transfer-Encoding: identity"),
    "codings in a list": post(b"Transfer-Encoding: gzip, chunked"),
    "chunked twice": post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"),
    "quoted coding": post(b"Transfer-Encoding: \"chunked\""),
    "coding with a parameter": post(b"Transfer-Encoding: chunked;q=1"),
    "coding with a vertical tab": post(b"Transfer-Encoding: \x0bchunked"),
    "coding with 1.0": post(b"Transfer-Encoding: chunked").replace(b"HTTP/1.1", b"HTTP/1.0"),
    "two spaces before the target": get(line=b"GET  /healthz HTTP/1.1\r\n"),
    "two spaces after the target": get(line=b"GET /healthz  HTTP/1.1\r\n"),
    "space in the target": get(line=b"GET /healthz x HTTP/1.1\r\n"),
    "tab in the target": get(line=b"GET /healthz\tx HTTP/1.1\r\n"),
    "space after the version": get(line=b"GET /healthz HTTP/1.1 \r\n"),
    "small version": get(line=b"GET /healthz http/1.1\r\n"),
}


def check_refused(server, answer, before=0):
    statuses = re.findall(rb"(?:^|\n|\})HTTP/1\.[01] (\d+)", answer)
    # Where the library itself finds the length broken, its head comes twice.
    assert statuses in ([b"200"] * before + [b"400"] * times for times in (1, 2)), answer
    assert "/smuggled" not in server.log_text() and b"smuggled" not in answer


@pytest.mark.parametrize("way", ["plain", "tls"])
@pytest.mark.parametrize("name", BAD)
def test_refused(servers, way, name):
    with connect(servers[way]) as sock:
        sock.sendall(BAD[name])
        check_refused(servers[way], read_all(sock))


@pytest.mark.parametrize("way", ["plain", "tls"])
def test_refused_after_others(servers, way):
    for name, request in BAD.items():
        with connect(servers[way]) as sock:
            sock.sendall(get() + get(b"X: y") + request)
            try:
                check_refused(servers[way], read_all(sock), before=2)
            except AssertionError as problem:
                raise AssertionError(name) from problem


@pytest.mark.parametrize("way", ["plain", "tls"])
def test_refused_byte_by_byte(servers, way):
    """However a head is cut into packets: the server sees each part alone."""
    for name in ("folded coding, and a length", "coding folded by a tab", "bare CR begins a length", "NUL ends a value",
                 "NUL begins a line", "bare LF ends the head", "second length folded"):
        with connect(servers[way]) as sock:
            with contextlib.suppress(OSError):
                for byte in BAD[name]:
                    sock.sendall(bytes([byte]))
                    time.sleep(0.0003)
            try:
                check_refused(servers[way], read_all(sock))
            except AssertionError as problem:
                raise AssertionError(name) from problem


@pytest.mark.parametrize("way", ["plain", "tls"])
@pytest.mark.parametrize("lines", [
    (b"X:",), (b"X: ",), (b"X:a",), (b"X:\t a",), (b"X: a \t",), (b"X: a b\tc:d",), (b"X: \xe9",), (b"!#$%&'*+-.^_`|~9: a",),
    (b"Cookie: a=b; c=d",), (b"X: a",) * 50, (b"Content-Length: 0",),
    (b"X: " + b"a" * 20_000, b"Y: b"),
])
def test_taken(servers, way, lines):
    """What the rules allow, whole, cut anywhere, and one after the other on a connection."""
    request = get(*lines)
    with connect(servers[way]) as sock:
        responses = raw_http.Responses(sock)
        sock.sendall(b"\r\n" + request * 3)
        assert [responses.next()[0] for _ in range(3)] == [200] * 3
        step = max(1, len(request) // 200)
        for start in range(0, len(request), step):
            sock.sendall(request[start:start + step])
        assert responses.next()[0] == 200


@pytest.mark.parametrize("way", ["plain", "tls"])
def test_heads_of_many_sizes(servers, way):
    """The library keeps a head in one piece of memory, and moves it as it grows; what stands there is what was sent."""
    with connect(servers[way]) as sock:
        responses = raw_http.Responses(sock)
        for size in list(range(0, 3000, 37)) + [4096, 8191, 16384, 32768, 50_000, 60_000]:
            sock.sendall(get(b"X: " + b"a" * size, *[b"Y: %d" % number for number in range(size % 30)]))
            assert responses.next()[0] == 200, size


# --- chunks ---

@pytest.mark.parametrize("way", ["plain", "tls"])
@pytest.mark.parametrize("body, received", [
    (b"5\r\nhello\r\n0\r\n\r\n", 5), (b"05\r\nhello\r\n0\r\n\r\n", 5), (b"5;a=b\r\nhello\r\n0;c\r\n\r\n", 5),
(b"0\r\n\r\n", 0), (b"1\r\na\r\n" * 300 + b"0\r\n\r\n", 300),
    (b"5\r\nhello\r\n0\r\nX: y\r\n\r\n", None), (b"5\r\nhello\r\n0\r\nContent-Length: 9\r\n y\r\n\r\n", None),
    (b"5x\r\nhello\r\n0\r\n\r\n", None), (b"0x5\r\nhello\r\n0\r\n\r\n", None), (b"-5\r\nhello\r\n0\r\n\r\n", None),
    (b"+5\r\nhello\r\n0\r\n\r\n", None), (b" 5\r\nhello\r\n0\r\n\r\n", None), (b"5 \r\nhello\r\n0\r\n\r\n", None),
    (b";a\r\nhello\r\n0\r\n\r\n", None), (b"\r\nhello\r\n0\r\n\r\n", None), (b"5\r\nhelloXX0\r\n\r\n", None),
    (b"5\r\nhello0\r\n\r\n", None), (b"ffffffffffffffff1\r\nhello\r\n0\r\n\r\n", None), (b"5;" + b"a" * 300_000, None),
    (b"5\r\nhello\r\n0\r\n" + b"X: y\r\n" * 50_000, None),
], ids=lambda value: "" if value is None or isinstance(value, int) else repr(value[:40]))
def test_chunks(servers, way, body, received):
    """A chunk's size is hexadecimal digits and nothing else; what follows a broken one is no request."""
    server = servers[way]
    location = server.request("POST", "/v2/a/blobs/uploads/").headers["Location"]
    with connect(server) as sock:
        with contextlib.suppress(OSError):
            sock.sendall(f"PATCH {location} HTTP/1.1\r\n".encode() + HOST + b"\r\nTransfer-Encoding: chunked\r\n\r\n" + body)
            if received is None:
                sock.sendall(INNER)
            else:
                sock.sendall(get(b"Connection: close"))
        answer = read_all(sock)
    statuses = re.findall(rb"HTTP/1\.[01] (\d+)", answer)
    if received is None:
        # 500 is the library's word for a line of a chunk that its memory cannot hold.
        assert all(status in (b"400", b"413", b"431", b"500") for status in statuses) and len(statuses) <= 1, answer
        assert "/smuggled" not in server.log_text()
    else:
        assert statuses == [b"202", b"200"], answer
        shown = server.request("GET", location).headers["Range"]
        assert shown == f"0-{max(received - 1, 0)}"


def test_samples(servers):
    """The samples that lie beside the project, where they are."""
    samples = Path(os.environ.get("ASSAY_SHARED", "/nonexistent")) / "cases/faults/fold.py"
    if not samples.exists():
        pytest.skip("no samples here")
    server, asked = servers["plain"], []

    def ask(name, request):
        with connect(server) as sock:
            sock.sendall(request)
            sock.shutdown(socket.SHUT_WR)
            asked.append((name, read_all(sock)))
    text = samples.read_text()
    names = {"st": ask}
    exec(compile(text[text.index("inner="):], str(samples), "exec"), names)  # pylint: disable=exec-used
    assert len(asked) > 10
    for name, answer in asked:
        assert re.findall(rb"HTTP/1\.[01] (\d+)", answer) == [b"400"], (name, answer)
