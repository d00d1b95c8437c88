"""Who is let in, and who is seen off: TLS and plain HTTP at the wrong address, peers that want every place, clients that send, read
or wait too slowly. Thousands of real connections, from several addresses of the loopback network."""
import collections
import contextlib
import resource
import socket
import ssl
import subprocess
import threading
import time

import pytest

import raw_http
from assay_server import Server
from oci_layout import digest_of
from test_server import make_certificate

TRICKLE = b"PATCH %s HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\nx"


@pytest.fixture(scope="module", autouse=True)
def many_files():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def wait_for(condition, what, timeout=60):
    deadline = time.monotonic() + timeout
    while not (found := condition()):
        assert time.monotonic() < deadline, what
        time.sleep(0.05)
    return found


def metric(server, name):
    text = server.request("GET", "/metrics").text
    return next(float(line.split()[-1]) for line in text.split("\n") if line.startswith(f"{name} "))


@contextlib.contextmanager
def connections(server, count, peer="127.0.0.1", first=b""):
    socks = []
    try:
        for _ in range(count):
            socks.append(socket.create_connection(("127.0.0.1", server.port), timeout=60, source_address=(peer, 0)))
            if first:
                socks[-1].sendall(first)
        yield socks
    finally:
        for sock in socks:
            sock.close()


def begin_upload(stack, server, request, peer):
    (sock,) = stack.enter_context(connections(server, 1, peer, request))
    return sock, sock.recv(100)


@contextlib.contextmanager
def upload(server, location, peer="127.0.0.1", status=100):
    """The connection of one that sends a body slowly, after the server has seen its head: until then it only waits, and
    gives way to the next that needs its place. One that was closed before may still hold its place for a moment."""
    request = (TRICKLE % location).removesuffix(b"x").replace(b"Host: x", b"Host: x\r\nExpect: 100-continue")
    deadline = time.monotonic() + 30
    with contextlib.ExitStack() as stack:
        sock, answer = begin_upload(stack, server, request, peer)
        while not answer.startswith(b"HTTP/1.1 %d " % status) and time.monotonic() < deadline:
            stack.pop_all().close()
            time.sleep(0.05)
            sock, answer = begin_upload(stack, server, request, peer)
        assert answer.startswith(b"HTTP/1.1 %d " % status), answer
        sock.sendall(b"x")
        yield sock


def ask(server, peer="127.0.0.1", path="/v2/", timeout=60):
    """The status of one request from an address."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=timeout, source_address=(peer, 0)) as sock:
        sock.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        return raw_http.read_response(sock)[0]


def is_ended(sock):
    sock.setblocking(False)
    try:
        while sock.recv(65536):
            pass
        return True
    except BlockingIOError:
        return False
    except OSError:
        return True
    finally:
        sock.settimeout(60)


# --- TLS and plain HTTP ---

def hello(number=0):
    """What a TLS client sends first; with its random bytes, any byte may be in it."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    connection = context.wrap_bio(incoming, outgoing, server_hostname=f"host{number}.example.com")
    with contextlib.suppress(ssl.SSLWantReadError):
        connection.do_handshake()
    return outgoing.read()


def answer_to(server, *parts, pause=0.0):
    with raw_http.connection(server, timeout=20) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for part in parts:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                sock.sendall(part)
            time.sleep(pause)
        data = b""
        while part := sock.recv(65536):
            data += part
        return data


def test_tls_at_a_plain_address_is_told_so(module_server):
    """Whatever is in the hello: clients fall back to HTTP on the 400, and on nothing else."""
    for number in range(300):
        assert answer_to(module_server, hello(number)).startswith(b"HTTP/1.1 400 ")
    base = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(65 + i % 26 for i in range(506))
    for change in (b"", b"\n", b"\n\n", b"\r\n\r\n", b"\0\n", b" HTTP/1.1\n", b" x HTTP/1.1\r\n\r\n"):
        for place in (1, 4, 40, 500):
            assert answer_to(module_server, base[:place] + change + base[place + len(change):]).startswith(b"HTTP/1.1 400 ")


def test_tls_at_a_plain_address_in_pieces(module_server):
    first = hello()
    assert b"plain HTTP" in answer_to(module_server, first[:1], first[1:], pause=0.05)
    assert answer_to(module_server, first[:5], first[5:], pause=0.05).startswith(b"HTTP/1.1 400 ")
    assert answer_to(module_server, *(first[i:i + 1] for i in range(40)), pause=0.002).startswith(b"HTTP/1.1 400 ")
    # What is still sent when the answer is there must not take it away.
    assert answer_to(module_server, first + b"x" * 3_000_000).startswith(b"HTTP/1.1 400 ")


def test_tls_clients_say_what_they_met(module_server):
    met = subprocess.run(["curl", "-sS", f"https://{module_server.address}/v2/"], capture_output=True, text=True, check=False)
    assert met.returncode == 35, met.stderr
    context = ssl.create_default_context()
    with raw_http.connection(module_server) as sock, pytest.raises(ssl.SSLError, match="(?i)wrong.version|record|http"):
        context.wrap_socket(sock, server_hostname="localhost")


@pytest.fixture(scope="module")
def secure(program, tmp_path_factory):
    certificate, key = make_certificate(tmp_path_factory.mktemp("certificate"), "x")
    server = Server(program, tmp_path_factory.mktemp("secure"), trust=certificate,
                    config=f"tls: {{certificate: {certificate}, key: {key}}}\nlimits: {{connections: 400, slow_seconds: 1s, "
                           "least_bytes_per_second: 2000}")
    server.start()
    yield server
    server.stop()


@pytest.mark.parametrize("request_bytes", [
    b"GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n", b"HEAD / HTTP/1.0\r\n\r\n", b"POST /v2/a/blobs/uploads/ HTTP/1.1\r\n", b"G",
    b"PUT /v2/a/manifests/v1 HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n" + b"x" * 2_000_000])
def test_plain_http_at_a_tls_address_is_told_so(secure, request_bytes):
    answer = answer_to(secure, request_bytes)
    assert answer.startswith(b"HTTP/1.1 400 ") and b"https://" in answer


def test_what_is_neither_is_ended(secure, module_server):
    for garbage in (b"\x80\x2e\x01\x00\x02", b"\0", b"\x15\x03\x01\x00\x02\x02\x28", b"get / HTTP/1.1\r\n\r\n"):
        assert answer_to(secure, garbage) == b""
    for garbage in (b"\0GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n", b"\x80\x01\x02", b"\xff"):
        assert answer_to(module_server, garbage).startswith(b"HTTP/1.1 400 ")
    assert secure.request("GET", "/healthz").status_code == 200


# --- peers ---

def test_a_peer_leaves_places_for_others(start_server):
    """Slow uploads by the thousand, from one address and then from three: each other address is served at once, and so is
    each probe."""
    server = start_server(config="limits: {connections: 1200, slow_seconds: 1h, idle_seconds: 1h}")
    post = b"POST /v2/a/blobs/uploads/?digest=sha256:" + b"e" * 64 + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\nx"
    with contextlib.ExitStack() as stack:
        slow = {peer: stack.enter_context(connections(server, 1300, peer, post)) for peer in ("127.0.0.1", "127.0.0.2", "127.0.0.3")}
        for peer in ("127.0.0.9", "127.0.0.10"):
            for path in ("/healthz", "/v2/", "/v2/_catalog"):
                assert ask(server, peer, path) == 200
        for path in ("/healthz", "/readyz", "/metrics"):
            assert ask(server, "127.0.0.1", path) == 200, "a probe from the same address"
        assert ask(server, "127.0.0.1", "/v2/") == 503
        held = int(metric(server, "assay_http_connections"))
        assert 900 < held < 1300
        refused = sum(is_ended(sock) for socks in slow.values() for sock in socks)
        assert refused > 2500


def logged_reasons(server):
    return collections.Counter(event.get("reason") for event in server.log_events() if event["message"] == "request")


def test_many_that_are_too_slow_end(start_server):
    server = start_server(config="limits: {connections: 1600, slow_seconds: 2s, least_bytes_per_second: 1000}")
    post = b"POST /v2/a/blobs/uploads/?digest=sha256:" + b"e" * 64 + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\nx"
    with connections(server, 500, "127.0.0.2", post) as left:
        deadline = time.monotonic() + 60
        while left and time.monotonic() < deadline:
            for sock in left:
                with contextlib.suppress(OSError):
                    sock.send(b"x")
            time.sleep(0.5)
            left = [sock for sock in left if not is_ended(sock)]
        assert not left, f"{len(left)} slow uploads are still there"
    assert metric(server, "assay_http_slow_bodies_total") == 500
    assert server.request("GET", "/v2/").status_code == 200
    # A connection is ended first and its request is logged after, by the thread that owns it.
    wait_for(lambda: logged_reasons(server)["the body came too slowly"] == 500, "each is logged with its reason")


def test_refused_clients_are_told(start_server):
    """With an answer that says so, and when to come again, also when they send a body meanwhile."""
    server = start_server(config="limits: {connections: 4, connections_per_peer: 2, slow_seconds: 60s}")
    locations = [server.request("POST", "/v2/a/blobs/uploads/").headers["Location"].encode() for _ in range(2)]
    wait_for(lambda: metric(server, "assay_http_connections") == 1, "the former ones are gone")
    with upload(server, locations[0]):
        with upload(server, locations[1]):
            for request in (b"GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n",
                            b"PUT /v2/a/manifests/v1 HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n" + b"x" * 2_000_000):
                with raw_http.connection(server) as sock:
                    sock.sendall(request)
                    status, headers, body = raw_http.read_response(sock)
                    assert status == 503 and int(headers["retry-after"]) > 0 and b"limits.connections" in body
                    assert headers["connection"] == "close" and raw_http.is_at_end(sock)
            assert ask(server, "127.0.0.5") == 200
    wait_for(lambda: server.request("GET", "/v2/").status_code == 200, "the places are free again")


def test_trusted_proxies_have_no_share(start_server):
    config = "limits: {{connections: 40, connections_per_peer: 3, slow_seconds: 60s}}\ntrusted_proxies: [{}]"
    for proxies, served in (("127.0.0.1", 200), ("127.0.0.9", 503)):
        server = start_server(config=config.format(proxies))
        locations = [server.request("POST", "/v2/a/blobs/uploads/").headers["Location"].encode() for _ in range(5)]
        with contextlib.ExitStack() as stack:
            for place, location in enumerate(locations):
                stack.enter_context(upload(server, location, status=100 if place < 3 or served == 200 else 503))
            assert ask(server) == served


@pytest.mark.parametrize("first", [b"", b"GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /v2/ HTTP/1.1\r\nX-Slow: "])
def test_who_waits_gives_way(start_server, first):
    """Connections that wait for a request, before the first or between two, or that drip its head, keep nobody out: from the
    same address or from others."""
    server = start_server(config="limits: {connections: 300, head_seconds: 1h}")
    with contextlib.ExitStack() as stack:
        for peer in ("127.0.0.1", "127.0.0.2", "127.0.0.3"):
            stack.enter_context(connections(server, 400, peer, first))
        for peer in ("127.0.0.1", "127.0.0.2", "127.0.0.9"):
            for _ in range(20):
                assert ask(server, peer) == 200
        assert metric(server, "assay_http_displaced_total") > 200
        assert metric(server, "assay_http_connections") < 450


def test_a_busy_connection_does_not_give_way(start_server):
    server = start_server(config="limits: {connections: 20, slow_seconds: 60s}")
    location = server.request("POST", "/v2/a/blobs/uploads/").headers["Location"].encode()
    with upload(server, location, "127.0.0.8") as sock:
        with connections(server, 200), connections(server, 200, "127.0.0.2"):
            time.sleep(0.3)
            sock.sendall(b"y" * 1000)
            assert not is_ended(sock)
        wait_for(lambda: server.request("GET", location.decode()).headers.get("Range") == "0-1000", "it goes on")


# --- speed ---

def test_speed_is_measured_on_bodies_and_answers(start_server):
    """Slow ones end, whatever they wait with; those that are fast enough stay, however long they take."""
    server = start_server(config="limits: {slow_seconds: 4s, least_bytes_per_second: 1000}")
    data = bytes(40_000_000)
    digest = raw_http.push_blob(server, "a", data)
    locations = [server.request("POST", "/v2/a/blobs/uploads/").headers["Location"].encode() for _ in range(2)]
    pull = f"GET /v2/a/blobs/{digest} HTTP/1.1\r\nHost: x\r\n\r\n".encode()

    def client(first, receive_buffer=None):
        sock = socket.socket()
        if receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        sock.settimeout(60)
        sock.connect(("127.0.0.1", server.port))
        sock.sendall(first)
        return sock
    slow_body, fast_body = (client(TRICKLE % location) for location in locations)
    manifest = client(b"PUT /v2/a/manifests/v1 HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n")
    silent_reader, slow_reader, fast_reader = (client(pull, 8192) for _ in range(3))
    everyone = {"slow body": slow_body, "manifest": manifest, "silent reader": silent_reader, "slow reader": slow_reader}
    start, read = time.monotonic(), 0
    while (waiting := [name for name, sock in everyone.items() if not is_gone(server, sock)]) and time.monotonic() < start + 60:
        for sock, part in ((slow_body, b"x"), (fast_body, b"x" * 20_000), (manifest, b" ")):
            with contextlib.suppress(OSError):
                sock.send(part)
        with contextlib.suppress(OSError):
            slow_reader.recv(10)
        part = fast_reader.recv(4000)
        assert part, "one that reads fast enough is not ended"
        read += len(part)
        time.sleep(0.2)
    assert not waiting
    assert time.monotonic() - start > 2
    assert not is_ended(fast_body) and read > 5000
    for sock in (slow_body, fast_body, manifest, silent_reader, slow_reader, fast_reader):
        sock.close()
    assert metric(server, "assay_http_slow_readers_total") >= 2


def is_gone(server, sock):
    """Whether the server has ended the connection: what was sent before may still have to be read."""
    port = sock.getsockname()[1]
    for path in ("/proc/net/tcp",):
        for line in open(path, encoding="ascii"):
            fields = line.split()
            if fields[1].endswith(f":{server.port:04X}") and fields[2].endswith(f":{port:04X}") and fields[3] == "01":
                return False
    return True


def test_speed_under_tls(secure):
    """The same where the bytes are encrypted, and thousands of connections that never finish a handshake."""
    context = ssl.create_default_context(cafile=secure.trust)
    location = secure.request("POST", "/v2/a/blobs/uploads/").headers["Location"].encode()
    with raw_http.connection(secure) as plain, context.wrap_socket(plain, server_hostname="127.0.0.1") as slow:
        slow.sendall(TRICKLE % location)
        assert wait_for(lambda: slow.recv(1) == b"", "a slow body ends")
    with connections(secure, 500, first=hello()[:100]), connections(secure, 500, "127.0.0.2", hello()[:100]):
        assert secure.request("GET", "/healthz", timeout=10).status_code == 200
        assert secure.request("GET", "/v2/", timeout=10).status_code == 200


def test_a_server_that_is_behind_ends_nobody(start_server, program):
    """While the server is stopped, clients cannot go on: that is not their fault."""
    server = start_server(config="limits: {slow_seconds: 1s, least_bytes_per_second: 1000000}")
    location = server.request("POST", "/v2/a/blobs/uploads/").headers["Location"]
    data = bytes(range(256)) * 200_000

    def push():
        answer = server.request("PUT", location, params={"digest": digest_of(data)}, data=data)
        results.append(answer.status_code)
    results = []
    pusher = threading.Thread(target=push)
    server.process.send_signal(19)
    try:
        pusher.start()
        time.sleep(4)
    finally:
        server.process.send_signal(18)
    pusher.join()
    assert results == [201]
