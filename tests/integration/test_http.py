"""HTTP as hostile and busy clients speak it: malformed requests, slow ones, many at once; ids, log lines and metrics."""
import concurrent.futures
import contextlib
import json
import os
import pty
import re
import resource
import selectors
import signal
import socket
import sqlite3
import subprocess
import threading
import time
import zlib

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

import images
import raw_http
from assay_server import sanitizer_environment, workers_of
from oci_layout import Layout, digest_of

HOST = b"Host: registry\r\n"
ID = re.compile(r"[A-Za-z0-9_.-]{1,63}")


def exchange(server, request, timeout=30):
    """(status, headers, body, whether the connection is closed) of the first response to these bytes."""
    with raw_http.connection(server, timeout) as sock:
        sock.sendall(request)
        status, headers, body = raw_http.read_response(sock)
        if headers.get("connection", "").lower() == "close":
            assert raw_http.is_at_end(sock)
        return status, headers, body


def upload(*headers):
    return b"POST /v2/a/blobs/uploads/ HTTP/1.1\r\n" + HOST + b"".join(header + b"\r\n" for header in headers) + b"\r\n"


# --- requests that break the rules ---

# A proxy in front may see another request in these: they are refused, and the connection with them.
@pytest.mark.parametrize("request_bytes", [
    upload(b"Content-Length: 5", b"Transfer-Encoding: chunked") + b"0\r\n\r\nGET /smuggled HTTP/1.1\r\n" + HOST + b"\r\n",
    upload(b"Content-Length: 0", b"Content-Length: 40") + b"GET /smuggled HTTP/1.1\r\n" + HOST + b"\r\n",
    upload(b"Content-Length: 0, 0"),
    upload(b"Content-Length: +0"),
    upload(b"Content-Length: -1"),
    upload(b"Content-Length: 0x0"),
    upload(b"Content-Length : 5"),
    upload(b"Transfer-Encoding: xchunked"),
    upload(b"Transfer-Encoding: identity"),
    upload(b"Transfer-Encoding: gzip, chunked") + b"0\r\n\r\n",
    upload(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked") + b"0\r\n\r\n",
    upload(b"Transfer-Encoding: chunked").replace(b"HTTP/1.1", b"HTTP/1.0") + b"0\r\n\r\n",
    upload(b"Na\x01me: x"),
    b"GET /v2/ HTTP/1.1\r\n\r\n",
    b"GET /v2/ HTTP/1.1\r\n" + HOST + HOST + b"\r\n",
])
def test_ambiguous_requests_are_refused(module_server, request_bytes):
    with raw_http.connection(module_server) as sock:
        sock.sendall(request_bytes)
        answer = b""
        while part := sock.recv(65536):
            answer += part
    assert answer.startswith(b"HTTP/1.1 400 "), answer
    assert b"/smuggled" not in answer and b"\r\nHTTP/1.1 404" not in answer
    assert "/smuggled" not in module_server.log_text()


@pytest.mark.parametrize("line,status", [
    (b"GET /v2/%00 HTTP/1.1", 404), (b"GET /v2/_catalog?n=1%00 HTTP/1.1", 400), (b"GET /healthz%00 HTTP/1.1", 404),
    (b"GET /v2/\xff\xfe/tags/list HTTP/1.1", 400), (b"GET /v2/%ff%fe/tags/list HTTP/1.1", 400),
    (b"GET /v2/%zz/tags/list HTTP/1.1", 400), (b"GET /v2/a%0d%0aX-Evil:%20y/tags/list HTTP/1.1", 400),
    (b"GET /v2/..%2f..%2fetc/passwd HTTP/1.1", 404), (b"GET /v2/../../etc/blobs/sha256:0 HTTP/1.1", 400),
    (b"GET /%68%65althz HTTP/1.1", 200), (b"GET http://registry/healthz HTTP/1.1", 200), (b"OPTIONS * HTTP/1.1", 204),
    (b"CONNECT other:443 HTTP/1.1", 404), (b"FOO /healthz HTTP/1.1", 405), (b"get /healthz HTTP/1.1", 405),
    (b"POST /healthz HTTP/1.1", 405), (b"GET / HTTP/1.1", 200), (b"GET //v2/ HTTP/1.1", 404),
    (b"GET /" + b"a" * 60_000 + b" HTTP/1.1", 404), (b"GET /v2/" + b"a/" * 20_000 + b"tags/list HTTP/1.1", 400),
    (b"GET /v2/_catalog?n=" + b"9" * 30 + b" HTTP/1.1", 400), (b"GET /v2/?" + b"a=b&" * 500 + b" HTTP/1.1", 200),
])
def test_odd_targets(module_server, line, status):
    answer = exchange(module_server, line + b"\r\n" + HOST + b"\r\n")
    assert answer[0] == status
    assert ID.fullmatch(answer[1]["x-request-id"]) and "x-evil" not in answer[1]
    if status >= 400:
        error = json.loads(answer[2])["errors"][0]
        assert error["code"] and error["message"]
    if status == 405:
        assert answer[1]["allow"] == "GET, HEAD"


@pytest.mark.parametrize("request_bytes,status", [
    (b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
    (b"GET /healthz HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 200_000 + b"\r\n\r\n", 431),
    (b"GET /healthz HTTP/1.1\r\n" + HOST + b"X: a\r\n" * 20_000 + b"\r\n", 431),
    (b"GET /healthz HTTP/1.1\r\n" + HOST + b"Cookie: " + b"a=b; " * 3000 + b"\r\n\r\n", 431),
    # What libmicrohttpd has no room for beside what has come: it would wait, and answer nothing.
    (b"GET /healthz?" + b"a=b&" * 1500 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
    (b"GET /healthz?" + b"&" * 30_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
    (b"POST /healthz?" + b"a=b&" * 1500 + b" HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\r\nhello", 414),
    (b"GET /healthz?" + b"a=b&" * 700 + b" HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 35_000 + b"\r\n\r\n", 414),
    (b"GET /healthz?" + b"a=b&" * 500 + b" HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 35_000 + b"\r\n\r\n", 200),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    (b"GET /healthz\r\n\r\n", 400),
])
def test_bounds_of_a_head(module_server, request_bytes, status):
    with raw_http.connection(module_server) as sock:
        try:
            sock.sendall(request_bytes)
        except (ConnectionResetError, BrokenPipeError):
            pass
        try:
            assert sock.recv(100).startswith(f"HTTP/1.1 {status} ".encode())
        except ConnectionResetError:
            pass
    assert module_server.request("GET", "/healthz").status_code == 200


@pytest.mark.parametrize("size", range(81_700, 81_920, 20))
def test_targets_as_long_as_the_memory(module_server, size):
    """Where the line fits, and nothing else does: not the head's end, or not an answer. That ends the connection."""
    for mark in (b"?", b"/"):
        with raw_http.connection(module_server) as sock:
            sock.sendall(b"GET /healthz" + mark + b"a" * size + b" HTTP/1.1\r\n" + HOST + b"\r\n")
            assert sock.recv(100)[:13] in (b"HTTP/1.1 414 ", b"HTTP/1.1 431 ", b"HTTP/1.1 404 ", b""), mark


def test_head_answers_as_get_does(module_server):
    digest = raw_http.push_blob(module_server, "head", b"x" * 1000)
    for path in ("/healthz", "/v2/", "/readyz", "/v2/head/tags/list", "/nothing", f"/v2/head/blobs/{digest}"):
        got, headed = module_server.request("GET", path), module_server.request("HEAD", path)
        assert got.status_code == headed.status_code and headed.content == b""
        assert got.headers["Content-Length"] == headed.headers["Content-Length"] == str(len(got.content))
        assert got.headers["Content-Type"] == headed.headers["Content-Type"]


def test_connection_lives_on_after_errors(module_server):
    requests = [(b"GET /nothing HTTP/1.1\r\n" + HOST + b"\r\n", 404),
                (b"GET /healthz HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\r\nhello", 413),
                (b"PATCH /v2/a/blobs/uploads/nope HTTP/1.1\r\n" + HOST + b"Content-Length: 100000\r\n\r\n" + b"x" * 100_000, 404),
                (b"HEAD /healthz HTTP/1.1\r\n" + HOST + b"\r\n", 200), (b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n", 200)]
    with raw_http.connection(module_server) as sock:
        for request_bytes, expected in requests:
            sock.sendall(request_bytes)
            if request_bytes.startswith(b"HEAD"):
                assert sock.recv(65536).startswith(b"HTTP/1.1 200")
            else:
                assert raw_http.read_response(sock)[0] == expected


@pytest.mark.parametrize("line,status", [
    (b"PUT /v2/a/manifests/x HTTP/1.1", 413), (b"PATCH /v2/a/blobs/uploads/nope HTTP/1.1", 404), (b"POST /nothing HTTP/1.1", 404)])
def test_who_asks_before_a_large_body_is_told_before_it(module_server, line, status):
    answer = exchange(module_server, line + b"\r\n" + HOST + b"Expect: 100-continue\r\nContent-Length: 99999999\r\n\r\n")
    assert answer[0] == status


def test_accepted_body_is_asked_for(module_server):
    location = module_server.request("POST", "/v2/a/blobs/uploads/").headers["Location"].encode()
    with raw_http.connection(module_server) as sock:
        sock.sendall(b"PATCH " + location + b" HTTP/1.1\r\n" + HOST + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        assert sock.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(b"hello")
        assert raw_http.read_response(sock)[0] == 202


# --- ids and log lines ---

@pytest.mark.parametrize("given,kept", [
    ("abc-1.2_X", True), ("a" * 63, True), ("a" * 64, False), ("", False), ("a b", False), ("a\x1b[31m", False), ("ä", False)])
def test_request_id(module_server, given, kept):
    answer = module_server.request("GET", "/healthz", headers={"X-Request-Id": given.encode("utf-8")})
    shown = answer.headers["X-Request-Id"]
    assert (shown == given) == kept and ID.fullmatch(shown)


def test_log_lines_carry_the_id(server, tmp_path):
    for number, (method, path) in enumerate([("GET", "/v2/"), ("GET", "/nothing"), ("PUT", "/healthz"),
                                             ("GET", "/v2/never/tags/list"), ("DELETE", f"/v2/a/blobs/sha256:{'0' * 64}")]):
        server.request(method, path, headers={"X-Request-Id": f"mine-{number}"})
    layout = Layout(tmp_path / "broken")
    layout.add_image("x", [b"no tar"])
    digest = raw_http.push_layout(server, "broken", "x", tmp_path / "broken")
    server.wait_for_scan("broken", digest)
    events = server.log_events()
    for number in range(5):
        assert [event["path"] for event in events if event.get("request_id") == f"mine-{number}"]
    failed = next(event for event in events if "could not be" in event["message"])
    pushes = {event["request_id"] for event in events if event["message"] == "request" and event["method"] in ("POST", "PUT")}
    assert failed["request_id"] in pushes, "the inspection belongs to the push that caused it"
    requests = [event for event in events if event["message"] == "request"]
    assert all("request_id" in event for event in requests)
    assert all(isinstance(event["status"], int) and event["seconds"] < 60 for event in requests), "numbers, to be compared"


EVIL = b"GET /v2/%0a%7b%22level%22:%22error%22%7d%1b%5b31m%c2%9b31m%e2%80%aexe%00%ff HTTP/1.1\r\n" + HOST + b"\r\n"


def test_json_lines_cannot_be_forged(server):
    exchange(server, EVIL)
    lines = [line for line in server.log.read_bytes().split(b"\n") if line]
    for line in lines:
        event = json.loads(line)
        assert {"time", "level", "message"} <= set(event) and event["level"] != "error"
    assert b"\x1b" not in server.log.read_bytes()


def test_text_on_a_terminal_that_cannot_be_driven(program, tmp_path):
    """Standard error is a terminal: lines of text, which the same request can neither forge nor colour."""
    master, terminal = pty.openpty()
    process = subprocess.Popen([program, "serve", "--data", tmp_path / "data", "--listen", "127.0.0.1:0"], stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=terminal, env=sanitizer_environment(tmp_path / "sanitizer"))
    os.close(terminal)
    shown = b""

    def read(until):
        nonlocal shown
        while until not in shown:
            shown += os.read(master, 65536)
    try:
        read(b"serving address=")
        port = int(re.search(rb"address=http://127\.0\.0\.1:(\d+)", shown).group(1))
        with socket.create_connection(("127.0.0.1", port), timeout=30) as sock:
            sock.sendall(EVIL)
            raw_http.read_response(sock)
        read(b"status=404")
    finally:
        process.send_signal(signal.SIGTERM)
    read(b"stopped")
    os.close(master)
    assert process.wait(timeout=60) == 0
    for line in shown.decode().split("\r\n"):
        assert line == "" or re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ (info|warning) ", line), line
        assert line.isprintable()


# --- slow and many ---

def descriptors(server):
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


def wait_for(condition, what, timeout=60):
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def metric(server, name):
    return next(float(line.split()[-1]) for line in server.request("GET", "/metrics").text.split("\n") if line.startswith(f"{name} "))


def test_slow_heads_are_ended(start_server):
    """One byte now and then keeps a connection alive for libmicrohttpd, but not for us."""
    server = start_server(config="limits: {head_seconds: 1s, connections: 50}")
    socks = [socket.create_connection(("127.0.0.1", server.port), timeout=60) for _ in range(20)]
    socks[0].sendall(b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n")
    assert raw_http.read_response(socks[0])[0] == 200, "one that had a whole request before"
    # So many arguments that libmicrohttpd has no memory left to refuse them.
    socks[1].sendall(b"GET /v2/?" + b"a=b&" * 10_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n")
    open_socks = set(socks)
    deadline = time.monotonic() + 60
    while open_socks and time.monotonic() < deadline:
        for sock in list(open_socks):
            try:
                sock.sendall(b"G")
                sock.settimeout(0.01)
                if sock.recv(1) == b"":
                    open_socks.discard(sock)
            except TimeoutError:
                continue
            except OSError:
                open_socks.discard(sock)
        time.sleep(0.1)
    assert not open_socks
    assert metric(server, "assay_http_slow_heads_total") >= 19
    for sock in socks:
        sock.close()


def test_slow_manifests_are_ended(start_server):
    """A manifest is kept in memory while it comes; a blob, which is not, may take as long as it likes."""
    server = start_server(config="limits: {head_seconds: 1s}")
    location = server.request("POST", "/v2/a/blobs/uploads/").headers["Location"]
    with raw_http.connection(server) as manifest, raw_http.connection(server) as blob:
        for sock, line in ((manifest, b"PUT /v2/a/manifests/v1"), (blob, b"PATCH " + location.encode())):
            sock.sendall(line + b" HTTP/1.1\r\n" + HOST + b"Content-Length: 1000000\r\n\r\n")
        started, closed = time.monotonic(), False
        while not closed and time.monotonic() < started + 60:
            blob.sendall(b"x")
            try:
                manifest.sendall(b" ")
                manifest.settimeout(0.2)
                closed = manifest.recv(1) == b""
            except TimeoutError:
                continue
            except OSError:
                closed = True
        assert closed and time.monotonic() > started + 9
        blob.settimeout(2)
        with pytest.raises(TimeoutError):
            blob.recv(1)


def test_connection_limit(start_server):
    """More connections than allowed wait for their turn; those that come to it are answered."""
    server = start_server(config="limits: {connections: 8}")
    idle = [socket.create_connection(("127.0.0.1", server.port), timeout=60) for _ in range(40)]
    with raw_http.connection(server) as late:
        late.sendall(b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n")
        for sock in idle:
            sock.close()
        assert raw_http.read_response(late)[0] == 200
    wait_for(lambda: metric(server, "assay_http_connections") <= 2, "the connections are closed")


def test_silent_upload_is_ended(start_server):
    server = start_server(config="limits: {idle_seconds: 1s}")
    location = server.request("POST", "/v2/a/blobs/uploads/").headers["Location"]
    with raw_http.connection(server) as sock:
        sock.sendall(f"PATCH {location} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhello".encode())
        assert raw_http.is_at_end(sock)
    wait_for(lambda: server.request("GET", location).headers.get("Range") == "0-4", "what came can be gone on with")


def test_pushes_that_wait_for_the_database_hold_nobody_up(server):
    """Somebody else writes to the metadata database, and blobs in one POST wait for that; nobody else does."""
    url, blobs = f"{server.url}/v2/a/blobs/uploads/?digest=", [f"blob {i}".encode() for i in range(8)]
    known = raw_http.push_blob(server, "a", b"known")
    with sqlite3.connect(server.data / "metadata.db", isolation_level=None) as database, \
            concurrent.futures.ThreadPoolExecutor(len(blobs)) as pushers:
        database.execute("BEGIN IMMEDIATE")
        pushed = [pushers.submit(requests.post, url + digest_of(blob), data=blob, timeout=60) for blob in blobs]
        time.sleep(0.5)
        for _ in range(8):
            assert server.request("GET", f"/v2/a/blobs/{known}", timeout=2).content == b"known"
        assert not any(push.done() for push in pushed)
        database.execute("ROLLBACK")
        assert [push.result().status_code for push in pushed] == [201] * len(blobs)


def test_bodies_in_memory_are_bounded(start_server):
    """Who pushes manifests without an end takes no more than 256 MiB, and gives them back."""
    server = start_server(config="limits: {manifest_bytes: 64 MiB, idle_seconds: 120s}")
    part = b" " * (1 << 20)

    def status():
        return server.request("PUT", "/v2/a/manifests/v1", data=part * 8).status_code
    assert status() == 400
    with contextlib.ExitStack() as stack:
        for _ in range(4):
            sock = stack.enter_context(raw_http.connection(server))
            sock.sendall(b"PUT /v2/a/manifests/v1 HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (64 << 20))
            for _ in range(63):
                sock.sendall(part)
        wait_for(lambda: status() == 503, "there is no more room")
        assert server.request("GET", "/v2/").status_code == 200
    wait_for(lambda: status() == 400, "there is room again")


class Pull:
    """What came of a response: its head, and the size and checksum of its body."""

    def __init__(self):
        self.head, self.size, self.checksum = b"", 0, 0

    def take(self, data):
        assert data, f"the connection ended after {self.size} bytes"
        if b"\r\n\r\n" not in self.head:
            self.head, end, data = (self.head + data).partition(b"\r\n\r\n")
            self.head += end
        self.size += len(data)
        self.checksum = zlib.crc32(data, self.checksum)


def test_500_pulls_at_once(start_server):
    """Each client takes its blob slowly, all at the same time; memory stays far below what they take together, descriptors
    come back, and a low soft limit of open files does not stop them."""
    size, count = 6_000_000, 500  # more than a socket buffers
    server = start_server(wrap=["sh", "-c", 'ulimit -Sn 256 && exec "$0" "$@"'])
    data = os.urandom(size)
    digest = raw_http.push_blob(server, "a", data)
    checksum = zlib.crc32(data)
    wait_for(lambda: metric(server, "assay_http_connections") <= 1, "only this connection is open")
    before, memory = descriptors(server), server.resident_bytes()
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)  # for our own ends
    selector = selectors.DefaultSelector()
    pulls = {}
    for _ in range(count):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
        sock.connect(("127.0.0.1", server.port))
        sock.sendall(f"GET /v2/a/blobs/{digest} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        pulls[sock] = Pull()
    wait_for(lambda: metric(server, "assay_http_requests_in_flight") == count + 1, "all are in flight")
    assert server.request("GET", "/healthz").status_code == 200
    assert server.resident_bytes() - memory < size * count / 4
    for sock in pulls:
        sock.setblocking(False)
        selector.register(sock, selectors.EVENT_READ)
    left = count
    while left > 0:
        ready = selector.select(60)
        assert ready, f"{left} pulls got nothing for a minute"
        for key, _ in ready:
            pull = pulls[key.fileobj]
            pull.take(key.fileobj.recv(1 << 20))
            if pull.size >= size:
                selector.unregister(key.fileobj)
                left -= 1
    for sock, pull in pulls.items():
        assert pull.head.startswith(b"HTTP/1.1 200") and (pull.size, pull.checksum) == (size, checksum)
        sock.close()
    # The metadata's readers, at most 16 with two files each, stay open.
    wait_for(lambda: descriptors(server) <= before + 32, "the descriptors come back")


# --- pulls that wait for a scan ---

@pytest.fixture
def pending(start_server, tmp_path):
    """(server, digest of an image, pids of the inspections, which are held): the pull of the image waits for them."""
    server = start_server(policy="strict", config="limits: {layer_ratio: 100000, workers: 1}")
    layout = Layout(tmp_path / "large")
    layout.add_image("v1", [{**images.tiny_files(), "srv/large": b"\0" * 100_000_000}])
    held = []

    def hold():
        deadline = time.monotonic() + 60
        while not held and time.monotonic() < deadline:
            for pid in workers_of(server.process.pid):
                os.kill(pid, signal.SIGSTOP)
                held.append(pid)
            time.sleep(0.001)
    holder = threading.Thread(target=hold)
    holder.start()
    digest = raw_http.push_layout(server, "a", "v1", tmp_path / "large")
    holder.join()
    assert held, "no inspection was seen"
    yield server, digest, held
    for pid in workers_of(server.process.pid):
        if pid in held:
            os.kill(pid, signal.SIGCONT)


def start_pulls(server, count):
    socks = []
    for _ in range(count):
        sock = socket.create_connection(("127.0.0.1", server.port), timeout=60)
        sock.sendall(b"GET /v2/a/manifests/v1 HTTP/1.1\r\n" + HOST + b"\r\n")
        socks.append(sock)
    wait_for(lambda: metric(server, "assay_http_requests_waiting") == count, "all pulls wait")
    return socks


def test_pulls_that_wait_for_a_scan_hold_nobody_up(pending):
    server, _, held = pending
    socks = start_pulls(server, 200)
    for path in ("/healthz", "/readyz", "/v2/_catalog", "/v2/a/tags/list", "/api/v1/repositories", "/metrics"):
        assert server.request("GET", path, timeout=10).status_code == 200
    assert raw_http.push_blob(server, "b", b"x" * 100_000)
    assert metric(server, "assay_http_requests_waiting") == 200, "none gave up meanwhile"
    for pid in held:
        os.kill(pid, signal.SIGCONT)
    statuses = {raw_http.read_response(sock)[0] for sock in socks}
    # Without advisories a scan says nothing, and the strict policy refuses what was not scanned; what counts is that all end.
    assert statuses == {403}
    for sock in socks:
        sock.close()
    assert metric(server, 'assay_pulls_denied_total{policy="strict"}') == 200


def test_stop_ends_pulls_that_wait(pending):
    """They are answered at the latest when their time is up, or at the deadline; the server ends in order."""
    server, _, held = pending
    socks = start_pulls(server, 50)
    server.process.send_signal(signal.SIGTERM)
    wait_for(lambda: "stopping" in server.log_text(), "the stop began")
    for pid in held:
        os.kill(pid, signal.SIGCONT)
    assert {raw_http.read_response(sock)[0] for sock in socks} <= {403, 503}
    assert server.process.wait(timeout=60) == 0
    for sock in socks:
        sock.close()


# --- metrics ---

def parse_metrics(text):
    """{(name, labels): value}, read by Prometheus' own client, which fails on what breaks the text format 0.0.4; and what it
    lets pass is held against the same rules as promtool's."""
    samples, names = {}, set()
    assert text.endswith("\n")
    for family in text_string_to_metric_families(text):
        assert family.name not in names and family.type in ("counter", "gauge", "histogram") and family.documentation, family
        names.add(family.name)
        for sample in family.samples:
            of = "".join(f'{name}="{value}",' for name, value in sample.labels.items())[:-1]
            assert (sample.name, of) not in samples, f"twice: {sample}"
            assert family.type != "counter" or sample.name.endswith("_total"), sample
            samples[sample.name, of] = sample.value
    assert len(names) == text.count("# TYPE ") == text.count("# HELP ")
    for (name, labels), value in samples.items():
        if name.endswith("_count"):
            assert samples[name.replace("_count", "_bucket"), labels + ',le="+Inf"'] == value
    return samples


def test_metrics(start_server, alpine_data, tmp_path):
    server = start_server(policy="strict", prepare=lambda server: setattr(server, "data", alpine_data))
    answer = server.request("GET", "/metrics")
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    before = parse_metrics(answer.text)
    digest = raw_http.push_layout(server, "a", "v1", images.alpine_layout(tmp_path / "alpine", "v1"))
    server.wait_for_scan("a", digest)
    layer = raw_http.push_blob(server, "a", b"x" * 12345)
    assert server.request("GET", f"/v2/a/blobs/{layer}").status_code == 200
    assert server.request("HEAD", f"/v2/a/blobs/{layer}").status_code == 200
    assert server.request("GET", "/v2/never/tags/list").status_code == 404
    large = raw_http.push_blob(server, "a", bytes(16 << 20))
    with raw_http.connection(server) as sock:
        sock.sendall(f"GET /v2/a/blobs/{large} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        sock.recv(1000)
    wait_for(lambda: 'status="499"' in server.request("GET", "/metrics").text, "the pull that broke off is counted")
    after = parse_metrics(server.request("GET", "/metrics").text)

    def labels(route, method, *status):
        return f'route="{route}",method="{method}"' + "".join(f',status="{one}"' for one in status)
    assert after["assay_http_requests_total", labels("tags", "GET", 404)] == 1
    assert after["assay_http_requests_total", labels("blob", "GET", 200)] == 1
    assert after["assay_http_requests_total", labels("blob", "GET", 499)] == 1
    assert after["assay_http_response_bytes_total", labels("blob", "GET")] == 12345, "what broke off is not counted"
    assert after["assay_http_response_bytes_total", labels("blob", "HEAD")] == 0
    assert after["assay_http_request_bytes_total", labels("uploads", "POST")] > 12345
    assert after["assay_http_request_duration_seconds_count", labels("blob", "GET")] == 2
    assert not any("duration" in name and "status=" in of for name, of in after), "statuses have no histograms"
    assert after["assay_images_scanned_total", ""] == before["assay_images_scanned_total", ""] + 1
    assert after["assay_inspections_total", 'outcome="done"'] == before["assay_inspections_total", 'outcome="done"'] + 1
    assert after["assay_advisories_available", ""] == 1
    feed = next(labels for name, labels in after if name == "assay_advisories_updated_seconds")
    assert abs(after["assay_advisories_updated_seconds", feed] - time.time()) < 3600
    assert after["assay_advisories_statements", feed] > 0
    for name in ("process_resident_memory_bytes", "assay_disk_free_bytes", "assay_http_connections"):
        assert after[name, ""] > 0
    assert {"assay_repositories", "assay_manifests", "assay_blobs", "assay_blob_bytes", "assay_uploads_open",
            "assay_inspections_queued", "assay_http_requests_in_flight"} <= {name for name, _ in after}
