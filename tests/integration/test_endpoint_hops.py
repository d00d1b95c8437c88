"""Hops before an endpoint: PROXY headers, X-Forwarded-For and Forwarded name the client where the hop is trusted, and nowhere else;
and what each client may have in a minute. haproxy is the hop that others write."""
import shutil
import socket
import subprocess
import time

import pytest

from assay_server import free_port
from test_endpoints import ask, status

HAPROXY = shutil.which("haproxy", path="/usr/sbin:/usr/bin:/usr/local/sbin")
GET = b"GET /v2/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def version_1(client):
    return f"PROXY TCP4 {client} 127.0.0.1 5555 443\r\n".encode()


def version_2(client, extension=b"", command=0x21):
    body = socket.inet_aton(client) + socket.inet_aton("127.0.0.1") + b"\x15\xb3\x01\xbb" + extension
    return SIGNATURE + bytes([command, 0x11]) + len(body).to_bytes(2, "big") + body


def speak(port, *parts, source="127.0.0.1"):
    """The status that these bytes get, sent one part after the other; None: cut."""
    with socket.create_connection(("127.0.0.1", port), timeout=20, source_address=(source, 0)) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            for part in parts:
                sock.sendall(part)
                time.sleep(0.02 if len(parts) > 1 else 0)
            answer = b""
            while data := sock.recv(65536):
                answer += data
        except ConnectionError:
            return None
    return int(answer.split()[1]) if answer else None


def test_proxy_header(start_server):
    port = free_port()
    server = start_server(config=f"""
endpoints:
  - name: uat
    listen: 127.0.0.1:{port}
    allow: [10.0.0.0/8, 127.0.5.0/24]
    deny: [10.9.0.0/16]
    proxy_protocol: [127.0.0.1, 127.0.5.1]
""")
    header = version_2("10.1.2.3", b"\xee\x00\x02zz")
    assert speak(port, version_1("10.1.2.3") + GET) == 200
    assert speak(port, header + GET) == 200
    assert speak(port, *(header[i:i + 1] for i in range(len(header))), GET) == 200
    for client in ("192.0.2.1", "10.9.1.1", "127.0.0.1"):
        assert speak(port, version_1(client) + GET) is None, client
        assert speak(port, version_2(client) + GET) is None, client
    # A hop that sends none, a broken one or two of them; what it says of itself is judged by its own address.
    assert speak(port, GET) is None
    assert speak(port, b"PROXY TCP4 10.1.2.3\r\n" + GET) is None
    assert speak(port, version_1("10.1.2.3") + version_1("10.1.2.3") + GET) != 200
    assert speak(port, version_2("10.1.2.3", command=0x20) + GET) is None
    assert speak(port, version_2("10.1.2.3", command=0x20) + GET, source="127.0.5.1") == 200
    # Who is no hop cannot say so.
    assert speak(port, GET, source="127.0.5.9") == 200
    for forged in (version_1("10.1.2.3"), version_2("10.1.2.3")):
        assert speak(port, forged + GET, source="127.0.5.9") != 200
        assert speak(port, forged + GET, source="127.0.6.1") is None
        assert speak(server.port, forged + GET) != 200
    clients = {event["client"] for event in server.log_events() if event.get("message") == "request" and event.get("path") == "/v2/"}
    assert {"10.1.2.3", "127.0.5.9"} <= clients


def test_a_header_that_never_comes(start_server):
    port = free_port()
    start_server(config=f"""
limits: {{head_seconds: 1s}}
endpoints:
  - {{name: uat, listen: '127.0.0.1:{port}', allow: 10.0.0.0/8, proxy_protocol: 127.0.0.1}}
""")
    begun = time.monotonic()
    assert speak(port, SIGNATURE[:5]) is None
    assert time.monotonic() - begun < 15


@pytest.mark.parametrize("by,name,value", [("x-forwarded-for", "X-Forwarded-For", "{}"), ("forwarded", "Forwarded", "for={}")])
def test_forwarded(start_server, by, name, value):
    port = free_port()
    start_server(config=f"""
endpoints:
  - name: uat
    listen: 127.0.0.1:{port}
    allow: [10.0.0.0/8, 127.0.5.0/24]
    trusted_proxies: [127.0.0.1, 127.0.0.2]
    forwarded_by: {by}
""")

    def told(*clients):
        return {name: ", ".join(value.format(client) for client in clients)}
    assert status(port, headers=told("10.1.2.3")) == 200
    assert status(port, headers=told("10.1.2.3", "127.0.0.2")) == 200
    assert status(port, headers=told("10.1.2.3", "192.0.2.1")) == 403
    assert status(port, headers=told("192.0.2.1")) == 403
    assert status(port) == 403, "the hop itself is not allowed"
    other = {"Forwarded": "for=10.1.2.3"} if by == "x-forwarded-for" else {"X-Forwarded-For": "10.1.2.3"}
    assert status(port, headers=other) == 403, "the other header is the client's own word"
    assert status(port, headers={**told("192.0.2.1"), **other}) == 403
    assert status(port, headers=told("10.1.2.3"), source="127.0.6.1") is None
    assert status(port, headers=told("192.0.2.1"), source="127.0.5.1") == 200, "nobody believes it"


def test_requests_a_minute(start_server):
    port = free_port()
    server = start_server(config=f"""
endpoints:
  - {{name: uat, listen: '127.0.0.1:{port}', allow: 127.0.0.0/8, limits: {{requests_per_minute: 5}}}}
""")
    assert [status(port) for _ in range(7)] == [200] * 5 + [429] * 2
    answer = ask(port)[1]
    assert "TOOMANYREQUESTS" in answer and "endpoint uat gives each client 5 requests" in answer
    assert status(port, source="127.0.0.2") == 200, "another client"
    assert status(port, "/readyz") == 200 and status(server.port) == 200
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.sendall(GET)
        head = sock.recv(65536).decode()
    after = next(line for line in head.split("\r\n") if line.startswith("Retry-After: "))
    assert 1 <= int(after.removeprefix("Retry-After: ")) <= 12


def test_bytes_a_minute(start_server, program):
    from repository import Repository
    port = free_port()
    server = start_server(config=f"""
endpoints:
  - {{name: uat, listen: '127.0.0.1:{port}', allow: 127.0.0.0/8, limits: {{bytes_per_minute: 100KiB}}}}
""")
    digest = Repository(server, "team/app").push_blob(b"x" * 300_000)["digest"]
    path = f"/v2/team/app/blobs/{digest}"
    assert status(port, path) == 200, "what is more than there is left passes once"
    assert status(port, path) == 429 and status(port, path, source="127.0.0.2") == 200


@pytest.fixture
def haproxy(tmp_path):
    """haproxy(listens at, sends to, options of the server line): runs one, without TLS."""
    if HAPROXY is None:
        pytest.skip("haproxy is not installed: scripts/setup does it")
    running = []

    def start(port, to, server="", mode="tcp", more=""):
        config = tmp_path / f"haproxy{len(running)}.cfg"
        config.write_text(f"defaults\n  mode {mode}\n  timeout connect 5s\n  timeout client 20s\n  timeout server 20s\n"
                          f"listen one\n  bind 127.0.0.1:{port}\n  {more}\n  server assay 127.0.0.1:{to} {server}\n")
        running.append(subprocess.Popen([HAPROXY, "-db", "-f", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError("haproxy does not listen")
    yield start
    for process in running:
        process.terminate()
        process.wait(timeout=20)


@pytest.mark.parametrize("server,mode,more,rule", [
    ("send-proxy", "tcp", "", "proxy_protocol"),
    ("send-proxy-v2", "tcp", "", "proxy_protocol"),
    ("send-proxy-v2-ssl-cn proxy-v2-options unique-id,crc32c", "tcp", "", "proxy_protocol"),
    ("", "http", "option forwardfor", "trusted_proxies"),
])
def test_haproxy(start_server, haproxy, server, mode, more, rule):
    """Its own client's address counts, whatever that says of itself."""
    port, front = free_port(), free_port()
    assay = start_server(config=f"""
endpoints:
  - {{name: uat, listen: '127.0.0.1:{port}', allow: 127.0.7.0/24, {rule}: 127.0.0.1, verbs: [pull]}}
""")
    haproxy(front, port, server, mode, more)
    refused = 403 if mode == "http" else None
    forged = {"X-Forwarded-For": "127.0.7.2", "Forwarded": "for=127.0.7.2"}
    assert status(front, source="127.0.7.1") == 200
    assert status(front, source="127.0.8.1") in (refused, 502)
    assert status(front, source="127.0.8.1", headers=forged) in (refused, 502)
    assert speak(front, version_1("127.0.7.2") + GET, source="127.0.8.1") != 200
    assert status(front, "/v2/_catalog", source="127.0.7.1") == 403
    assert status(port) == (403 if mode == "http" else None)
    assert "127.0.7.1" in {event["client"] for event in assay.log_events() if event.get("path") == "/v2/"}
