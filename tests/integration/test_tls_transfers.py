"""Blobs over TLS, where they are encrypted by the server instead of sent by the kernel: whatever the client does, it gets the
right bytes, or sees that it did not."""
import concurrent.futures
import contextlib
import random
import socket
import ssl
import struct
import time

import pytest

import openssl_client
from assay_server import Server
from oci_layout import digest_of
from raw_http import Responses, push_blob
from test_certificates import certificate
from test_conformance_pull import parts_of
from test_server import wait_until

RECORD = 16384
# Around a record, around what is read at a time, and more than any buffer.
SIZES = [0, 1, RECORD - 1, RECORD, RECORD + 1, 4 * RECORD - 1, 4 * RECORD, 4 * RECORD + 1, 12 * RECORD, 1000003]
LARGE = 12 << 20


def noise(size):
    return random.Random(size).randbytes(size)


@pytest.fixture(scope="module")
def secure(program, tmp_path_factory):
    folder = tmp_path_factory.mktemp("secure")
    pair = certificate(folder / "certificates", "mine", ip_address='"127.0.0.1"')
    server = Server(program, folder / "server", config=f"tls: {{certificate: {pair[0]}, key: {pair[1]}}}", trust=pair[0])
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def large(secure):
    """The digest of a blob that no socket's buffer takes, and its bytes."""
    data = noise(LARGE)
    return push_blob(secure, "team/large", data), data


@contextlib.contextmanager
def connection(server, receive_buffer=None):
    """A TLS connection of Python's own. receive_buffer: bytes that the kernel keeps for a client that does not read."""
    context = ssl.create_default_context(cafile=str(server.trust))
    with socket.socket() as plain:
        if receive_buffer:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        plain.settimeout(60)
        plain.connect(("127.0.0.1", server.port))
        with context.wrap_socket(plain, server_hostname="127.0.0.1") as secured:
            yield secured


def request_for(repository, digest, **headers):
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"GET /v2/{repository}/blobs/{digest} HTTP/1.1\r\nHost: test\r\n{lines}\r\n".encode()


@pytest.mark.parametrize("size", SIZES)
def test_bytes_and_ranges(secure, size):
    data = noise(size)
    digest = push_blob(secure, "team/sizes", data)

    def ask(**headers):
        return secure.request("GET", f"/v2/team/sizes/blobs/{digest}", headers={name.replace("_", "-"): value
                                                                              for name, value in headers.items()})
    whole = ask()
    assert whole.status_code == 200 and whole.content == data and int(whole.headers["Content-Length"]) == size
    if size < 2:
        return
    middle, end = size // 2, size - 1
    cases = [(f"bytes=0-{end}", data), ("bytes=0-0", data[:1]), (f"bytes={middle}-", data[middle:]),
             (f"bytes={middle}-{middle + RECORD - 1}", data[middle:middle + RECORD]), ("bytes=-1", data[-1:]),
             (f"bytes=-{RECORD}", data[-RECORD:])]
    for header, expected in cases:
        answer = ask(Range=header)
        assert (answer.status_code, answer.content == expected) == (206, True), header
    assert ask(Range=f"bytes={size}-").status_code == 416
    several = ask(Range=f"bytes=0-0,{middle}-{end - 1},-1")
    assert [part for _, part in parts_of(several)] == [data[:1], data[middle:end], data[-1:]]
    assert ask(Range="bytes=0-0", If_Range=f'"{digest}"').content == data[:1]
    assert ask(Range="bytes=0-0", If_Range='"other"').content == data


def test_pipelined_requests_are_answered_in_order(secure, large):
    digest, data = large
    small = push_blob(secure, "team/large", b"small")
    wanted = [(small, {}, b"small"), (digest, {}, data), (digest, {"Range": f"bytes=0-{RECORD - 1}"}, data[:RECORD]),
              (digest, {"Range": "bytes=-70000"}, data[-70000:]), (small, {}, b"small")]
    with connection(secure) as line:
        line.sendall(b"".join(request_for("team/large", asked, **headers) for asked, headers, _ in wanted))
        responses = Responses(line)
        for _, headers, expected in wanted:
            status, _, body = responses.next()
            assert (status, body == expected) == (206 if headers else 200, True)


def test_query_without_room_is_refused_at_once(secure):
    """Else libmicrohttpd waits for a head that it no longer reads."""
    for count, status in ((500, b"200"), (1500, b"414"), (15_000, b"414")):
        with connection(secure) as sock:
            sock.sendall(b"GET /v2/?" + b"a=b&" * count + b" HTTP/1.1\r\nHost: registry\r\n\r\n")
            assert sock.recv(100).startswith(b"HTTP/1.1 " + status)


def push_head(method, path, size):
    return f"{method} {path} HTTP/1.1\r\nHost: test\r\nContent-Type: application/octet-stream\r\nContent-Length: {size}\r\n\r\n".encode()


def begin_upload(server):
    return server.request("POST", "/v2/team/pushed/blobs/uploads/").headers["Location"].removeprefix(server.url)


@pytest.mark.parametrize("piece", [777, RECORD, 100000, LARGE], ids=["small records", "records", "pauses", "at once"])
def test_pushes_and_what_follows_at_once(secure, piece):
    """Several records are read at a time: also the first of the next request, which must not be lost in it."""
    data = noise(min(LARGE, 3000 * piece) - 5) + b"%5d" % (piece % 99999)
    digest, path = digest_of(data), begin_upload(secure)
    with connection(secure) as line:
        sent = push_head("PUT", f"{path}{'&' if '?' in path else '?'}digest={digest}", len(data)) + data
        sent += request_for("team/pushed", digest, Range="bytes=0-9") * 200
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
        for first in range(0, len(sent), piece):
            line.sendall(sent[first:first + piece])
            if piece == 100000:
                time.sleep(0.005)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)
        responses = Responses(line)
        assert responses.next()[0] == 201
        assert [responses.next()[2] for _ in range(200)] == [data[:10]] * 200
    assert secure.request("GET", f"/v2/team/pushed/blobs/{digest}").content == data


def test_push_that_is_cut_off_can_be_resumed(secure):
    """The server sees that the client is gone; all that came of whole records is there."""
    data, path = noise(4 << 20), begin_upload(secure)
    with connection(secure) as line:
        line.sendall(push_head("PATCH", path, len(data)) + data[:2 << 20])
        wait_until(lambda: secure.request("GET", path).headers["Range"] == f"0-{(2 << 20) - 1}", 30)
    with connection(secure) as line:
        line.sendall(push_head("PATCH", path, len(data)) + data[2 << 20:3 << 20])
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    wait_until(lambda: secure.request("GET", path).headers["Range"] is not None, 30)
    reached = int(secure.request("GET", path).headers["Range"].split("-")[1]) + 1
    answer = secure.request("PUT", f"{path}{'&' if '?' in path else '?'}digest={digest_of(data)}", data=data[reached:])
    assert answer.status_code == 201, answer.text


def test_slow_reader_gets_all(secure, large):
    """It stops again and again, so that the server has a record that it cannot send."""
    digest, data = large
    with connection(secure, receive_buffer=8192) as line:
        line.sendall(request_for("team/large", digest, Range=f"bytes=0-{(6 << 20) - 1}"))
        received = b""
        while len(received) < 6 << 20:
            if len(received) % 5 == 0:
                time.sleep(0.01)
            part = line.recv(40000)
            assert part, "the connection ended"
            received += part
            if b"\r\n\r\n" in received[:2000]:
                received = received.partition(b"\r\n\r\n")[2]
        assert received == data[:6 << 20]


def records_of(server, request, enough):
    """What the server sends for a request: the sizes of its TLS records, read beside the decryption, until @enough plain bytes."""
    context = ssl.create_default_context(cafile=str(server.trust))
    incoming, outgoing, raw, sizes, got = ssl.MemoryBIO(), ssl.MemoryBIO(), bytearray(), [], 0
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as plain:
        line = context.wrap_bio(incoming, outgoing, server_hostname="127.0.0.1")

        def turn(step):
            while True:
                try:
                    return step()
                except ssl.SSLWantReadError:
                    plain.sendall(outgoing.read())
                    data = plain.recv(1 << 20)
                    assert data, "the connection ended"
                    incoming.write(data)
                    raw.extend(data)
        turn(line.do_handshake)
        line.write(request)
        while got < enough:
            got += len(turn(lambda: line.read(1 << 20)))
    at = 0
    while at + 5 <= len(raw):
        sizes.append(struct.unpack(">H", raw[at + 3:at + 5])[0])
        at += 5 + sizes[-1]
    return sizes


def test_bodies_leave_in_full_records(secure, large):
    """Small ones cost the server a system call each: four times as many made a pull a third as fast."""
    digest, _ = large
    sizes = records_of(secure, request_for("team/large", digest), LARGE)
    full = [size for size in sizes if size > RECORD]
    assert len(full) >= LARGE // RECORD - 4, f"{len(full)} full records of {len(sizes)}"


def test_resets_in_the_middle_harm_nobody(secure, large):
    digest, data = large
    before = gauge(secure)
    for number in range(20):
        with connection(secure, receive_buffer=8192) as line:
            line.sendall(request_for("team/large", digest))
            for _ in range(number):
                assert line.recv(RECORD)
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    answer = secure.request("GET", f"/v2/team/large/blobs/{digest}")
    assert answer.content == data
    wait_until(lambda: gauge(secure) <= before, 30)


def gauge(server):
    text = server.request("GET", "/metrics").text
    return int(next(line for line in text.split("\n") if line.startswith("assay_http_connections ")).split()[1])


def test_change_of_keys_in_the_middle(secure, large):
    """TLS 1.3: the client changes its keys and wants the server to change its own, which it does with what it sends next."""
    digest, data = large
    with openssl_client.connection(secure, "1.3") as line:
        for _ in range(3):
            line.sendall(request_for("team/large", digest))
            received = bytearray()
            while len(received) < LARGE or b"\r\n\r\n" in received[:2000]:
                received += line.recv_some(65536)
                if b"\r\n\r\n" in received[:2000]:
                    received = received.partition(b"\r\n\r\n")[2]
                    line.change_keys()
            assert received == data


def test_change_of_keys_right_before_a_request(secure, large):
    """Both arrive at once: the request is not forgotten until more comes."""
    digest, data = large
    request = request_for("team/large", digest, Range="bytes=0-9")
    with openssl_client.connection(secure, "1.3") as line:
        line.plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 10, 0))
        for number in range(6):
            line.plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
            if number > 0:
                line.change_keys()
            line.sendall(request)
            line.plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)
            received = b""
            while not received.endswith(b"\r\n\r\n" + data[:10]):
                received += line.recv_some(65536)
            assert received.startswith(b"HTTP/1.1 206")


def test_another_handshake_in_the_middle(secure, large):
    """TLS 1.2: the server makes none. What it sent before the connection ends is right, and others are served."""
    digest, data = large
    with openssl_client.connection(secure, "1.2") as line:
        line.sendall(request_for("team/large", digest))
        received = bytearray(line.recv(1 << 20))
        line.renegotiate()
        while part := line.recv(1 << 20):
            received += part
        head, _, body = received.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200") and body and data.startswith(body)
    assert secure.request("GET", f"/v2/team/large/blobs/{digest}").content == data


@pytest.mark.parametrize("ranges", ["", "bytes=0-", f"bytes=0-9,100-{LARGE - 1}"], ids=["whole", "one range", "several"])
def test_truncated_file_is_a_broken_connection(secure, ranges):
    """Never a whole body: of the length that the head said, or ended as if it were."""
    data = noise(LARGE)[:-1] + ranges[-1:].encode()
    digest = push_blob(secure, "team/short", data)
    stored = secure.data / "blobs/sha256" / digest[7:9] / digest[7:]
    with connection(secure, receive_buffer=8192) as line:
        line.sendall(request_for("team/short", digest, **({"Range": ranges} if ranges else {})))
        received = bytearray(line.recv(RECORD))
        with open(stored, "r+b") as file:
            file.truncate(LARGE // 2)
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            while part := line.recv(1 << 20):
                received += part
        head, _, body = received.partition(b"\r\n\r\n")
        promised = int(next(row for row in head.lower().split(b"\r\n") if row.startswith(b"content-length:")).split()[1])
        assert 0 < len(body) < promised and len(body) <= LARGE // 2 + 1000


def test_many_clients_at_once(secure, large):
    digest, data = large
    size = 2 << 20

    def pull(number):
        first = (number * 330007) % (LARGE - size)
        answer = secure.request("GET", f"/v2/team/large/blobs/{digest}", headers={"Range": f"bytes={first}-{first + size - 1}"})
        return answer.status_code == 206 and answer.content == data[first:first + size]
    with concurrent.futures.ThreadPoolExecutor(64) as pool:
        assert all(pool.map(pull, range(64)))
