"""What answers and log lines carry besides their content: the root, OPTIONS and CORS, conditional requests, who asked."""
import json
import socket
import time

import pytest

import raw_http
from assay_server import Server
from oci_layout import MANIFEST, digest_of
from repository import descriptor_of, image_of

PAGE = "https://ui.example.com"


def push_image(server, repository="a", tag="v1"):
    """An image of nothing; the digests of its manifest and its config, and the size of each."""
    config = b"{}"
    raw_http.push_blob(server, repository, config)
    manifest = image_of(descriptor_of(config, "application/vnd.oci.image.config.v1+json"), [])
    answer = server.request("PUT", f"/v2/{repository}/manifests/{tag}", data=manifest, headers={"Content-Type": MANIFEST})
    assert answer.status_code == 201, answer.text
    return {digest_of(manifest): len(manifest), digest_of(config): len(config)}


def test_root_tells_what_it_is(module_server):
    answer = module_server.get_json("/")
    assert answer["name"] == "assay" and answer["version"]
    for path in answer["paths"].values():
        assert module_server.request("GET", path).status_code in (200, 503), path
    assert module_server.request("HEAD", "/").status_code == 200
    assert module_server.request("POST", "/").status_code == 405


# --- OPTIONS, CORS ---

@pytest.mark.parametrize("path, methods", [
    ("/", {"GET", "HEAD", "OPTIONS"}), ("/v2/", {"GET", "HEAD", "OPTIONS"}), ("/v2/_catalog", {"GET", "HEAD", "OPTIONS"}),
    ("/v2/a/b/manifests/v1", {"GET", "HEAD", "PUT", "DELETE", "OPTIONS"}),
    ("/v2/a/blobs/uploads/x", {"GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"}),
])
def test_options_tells_the_methods(module_server, path, methods):
    answer = module_server.request("OPTIONS", path, headers={"Origin": PAGE, "Access-Control-Request-Method": "GET"})
    assert answer.status_code == 204 and "Content-Length" not in answer.headers
    assert set(answer.headers["Allow"].split(", ")) == methods
    assert not [name for name in answer.headers if name.lower().startswith("access-control")], "off by default"


def test_options_of_the_server_and_of_nothing(module_server):
    with raw_http.connection(module_server) as sock:
        sock.sendall(b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\nOPTIONS /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        responses = raw_http.Responses(sock)
        status, headers, _ = responses.next()
        assert status == 204 and "DELETE" in headers["allow"]
        assert responses.next()[0] == 404


@pytest.fixture(scope="module")
def with_cors(program, tmp_path_factory):
    servers = {}
    for name, origins in {"one": [PAGE, "http://localhost:3000"], "all": ["*"]}.items():
        servers[name] = Server(program, tmp_path_factory.mktemp(name), config=f"cors_origins: {json.dumps(origins)}").start()
    yield servers
    for server in servers.values():
        server.stop()


@pytest.mark.parametrize("server, origin, allowed", [
    ("one", PAGE, PAGE), ("one", "http://localhost:3000", "http://localhost:3000"), ("one", "https://ui.example.com.evil.org", None),
    ("one", "http://ui.example.com", None), ("one", "null", None), ("all", "https://anything", "*"),
])
def test_cors(with_cors, server, origin, allowed):
    server = with_cors[server]
    preflight = server.request("OPTIONS", "/v2/a/manifests/v1", headers={
        "Origin": origin, "Access-Control-Request-Method": "DELETE", "Access-Control-Request-Headers": "authorization"})
    assert preflight.status_code == 204
    assert preflight.headers.get("Access-Control-Allow-Origin") == allowed
    if allowed:
        assert "DELETE" in preflight.headers["Access-Control-Allow-Methods"].split(", ")
        assert "authorization" in preflight.headers["Access-Control-Allow-Headers"].lower()
        assert int(preflight.headers["Access-Control-Max-Age"]) > 0
    else:
        assert "Access-Control-Allow-Methods" not in preflight.headers
    for path, status in (("/v2/_catalog", 200), ("/v2/never/tags/list", 404)):
        answer = server.request("GET", path, headers={"Origin": origin})
        assert answer.status_code == status and answer.headers.get("Access-Control-Allow-Origin") == allowed
        assert "Origin" in answer.headers["Vary"]
        assert ("Docker-Content-Digest" in answer.headers.get("Access-Control-Expose-Headers", "")) == bool(allowed)
    assert "Access-Control-Allow-Origin" not in server.request("GET", "/v2/").headers, "no page asks"


@pytest.mark.parametrize("setting, says", [
    ("cors_origins: [ui.example.com]", "cors_origins[0]"), ("cors_origins: ['https://ui.example.com/']", "cors_origins[0]"),
    ("trusted_proxies: [10.0.0.0/8, proxy.example.com]", "trusted_proxies[1]"),
])
def test_settings_are_checked(assay, tmp_path, setting, says):
    (tmp_path / "assay.yaml").write_text(setting + "\n")
    result = assay("serve", "--config", tmp_path / "assay.yaml", "--data", tmp_path / "data", check=None)
    assert result.returncode != 0 and says in result.stderr and "assay.yaml:1" in result.stderr


# --- conditional requests ---

def test_not_modified(module_server):
    for digest, size in push_image(module_server).items():
        path = f"/v2/a/manifests/{digest}" if size > 2 else f"/v2/a/blobs/{digest}"
        whole = module_server.request("GET", path)
        assert whole.status_code == 200 and int(whole.headers["Content-Length"]) == size
        for method in ("GET", "HEAD"):
            with raw_http.connection(module_server) as sock:
                sock.sendall(f"{method} {path} HTTP/1.1\r\nHost: x\r\nIf-None-Match: \"{digest}\"\r\n\r\n"
                             "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
                data = b""
                while part := sock.recv(65536):
                    data += part
            head, _, rest = data.partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 304") and digest.encode() in head
            assert f"\r\nContent-Length: {size}\r\n".encode() in head + b"\r\n", "the size that 200 would have, or none"
            assert rest.startswith(b"HTTP/1.1 200"), "304 has no body"


# --- who asked, and for how much ---

def line_of(server, request_id, message="request", timeout=20):
    """The log line of a request, which follows its answer."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        for event in server.log_events():
            if event["message"] == message and event.get("request_id") == request_id:
                return event
        time.sleep(0.02)
    raise AssertionError(f"no line of {request_id}:\n{server.log_text()[-3000:]}")


def test_log_line_of_a_request(server):
    digest = raw_http.push_blob(server, "a", b"x" * 1000)
    server.request("POST", "/v2/a/blobs/uploads/", params={"digest": digest}, data=b"x" * 1000,
                   headers={"X-Request-Id": "push", "User-Agent": "pusher/1 (é)".encode("latin-1")})
    server.request("GET", f"/v2/a/blobs/{digest}", headers={"X-Request-Id": "pull", "User-Agent": "puller/" + "9" * 5000})
    with socket.create_connection(("127.0.0.1", server.port), source_address=("127.0.0.7", 0)) as sock:
        sock.sendall(b"GET /v2/ HTTP/1.1\r\nHost: x\r\nX-Request-Id: other\r\nX-Forwarded-For: 192.0.2.9\r\n\r\n")
        raw_http.read_response(sock)
    server.request("GET", "/healthz", headers={"X-Request-Id": "probe"})
    server.request("GET", "/metrics", headers={"X-Request-Id": "scrape"})
    push, pull, other = (line_of(server, name) for name in ("push", "pull", "other"))
    assert (push["client"], push["received"], push["status"], push["route"], push["method"]) == ("127.0.0.1", 1000, 201, "uploads", "POST")
    assert push["user_agent"].startswith("pusher/1")
    assert (pull["sent"], pull["received"], pull["route"]) == (1000, 0, "blob") and 0 <= pull["seconds"] < 60
    assert pull["user_agent"].startswith("puller/99") and len(pull["user_agent"]) < 300
    assert (other["client"], other.get("user_agent")) == ("127.0.0.7", None), "nobody is trusted by default"
    assert not [event for event in server.log_events() if event.get("request_id") in ("probe", "scrape")]


def test_probes_are_logged_at_debug(start_server):
    server = start_server(config="log_level: debug")
    server.request("GET", "/healthz", headers={"X-Request-Id": "probe"})
    assert line_of(server, "probe")["level"] == "debug"


@pytest.mark.parametrize("peer, forwarded, client", [
    ("127.0.0.1", "192.0.2.9", "192.0.2.9"), ("127.0.0.1", "203.0.113.1, 192.0.2.9", "192.0.2.9"),
    ("127.0.0.1", "192.0.2.9, 10.1.2.3, 10.3.2.1", "192.0.2.9"), ("127.0.0.1", "2001:db8::1", "2001:db8::1"),
    ("127.0.0.1", "10.1.2.3", "10.1.2.3"), ("127.0.0.1", "evil\"line", "127.0.0.1"), ("127.0.0.1", "192.0.2.9, unknown", "127.0.0.1"),
    ("127.0.0.1", "", "127.0.0.1"), ("127.0.0.2", "192.0.2.9", "127.0.0.2"),
])
def test_client_behind_a_trusted_proxy(behind_proxy, peer, forwarded, client):
    name = str(abs(hash((peer, forwarded))))
    with socket.create_connection(("127.0.0.1", behind_proxy.port), source_address=(peer, 0)) as sock:
        sock.sendall(f"GET /v2/ HTTP/1.1\r\nHost: x\r\nX-Request-Id: {name}\r\nX-Forwarded-For: {forwarded}\r\n\r\n".encode())
        assert raw_http.read_response(sock)[0] == 200
    assert line_of(behind_proxy, name)["client"] == client


@pytest.fixture(scope="module")
def behind_proxy(program, tmp_path_factory):
    server = Server(program, tmp_path_factory.mktemp("proxied"), config="trusted_proxies: [127.0.0.1, 10.0.0.0/8]").start()
    yield server
    server.stop()


def test_refused_pull_has_a_line(start_server):
    server = start_server(policy="strict")
    digest = next(iter(push_image(server, "team/app")))
    server.wait_for_scan("team/app", digest)
    answer = server.request("GET", "/v2/team/app/manifests/v1", headers={"X-Request-Id": "pull", "User-Agent": "someone/2"})
    assert answer.status_code == 403, answer.text
    line = line_of(server, "pull", "pull refused")
    assert (line["repository"], line["reference"], line["policy"]) == ("team/app", "v1", "strict")
    assert (line["digest"], line["client"], line["user_agent"], line["request_id"]) == (digest, "127.0.0.1", "someone/2", "pull")
    assert line["reasons"].startswith("its scan failed: ") and line["reasons"] in answer.text, line
    assert 'assay_pulls_denied_total{policy="strict"} 1\n' in server.request("GET", "/metrics").text
