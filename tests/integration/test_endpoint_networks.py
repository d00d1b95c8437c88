"""Hosts in networks of their own (uat, pro, test, internet) and a registry with an endpoint in each: every host reaches what its
endpoint serves, and nothing else, whatever it says of itself. Each network is a namespace of the kernel with a cable to the
registry's machine; haproxy is at the edge to the internet."""
import contextlib
import json
import os
import shutil
import subprocess
import sys
import time

import pytest

from assay_server import Server, free_port
from oci_layout import digest_of
from repository import Repository
from test_certificates import certificate
from test_endpoint_hops import HAPROXY

IP = shutil.which("ip", path="/usr/sbin:/usr/bin:/sbin:/bin")
NETWORKS = ["uat", "pro", "test", "internet", "edge"]
# Run on a host: what it gets at a place, or "cut".
ASK = """
import json, socket, ssl, sys
asked = json.loads(sys.argv[1])
try:
    sock = socket.create_connection((asked["to"], asked["port"]), 5, (asked["source"], 0) if asked["source"] else None)
    sock.sendall(bytes.fromhex(asked["before"]))
    if asked["tls"]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        sock = context.wrap_socket(sock, server_hostname=asked["name"])
    lines = [f"{asked['method']} {asked['path']} HTTP/1.1", *(f"{key}: {value}" for key, value in asked["headers"].items())]
    sock.sendall(("\\r\\n".join([*lines, "Connection: close", "Content-Length: 0"]) + "\\r\\n\\r\\n").encode())
    answer = b""
    while data := sock.recv(65536):
        answer += data
    print(answer.split()[1].decode() if answer.startswith(b"HTTP/") else "cut")
except (OSError, ValueError):
    print("cut")
"""


def ip(*arguments, check=True):
    return subprocess.run([IP, *arguments], check=check, capture_output=True, text=True)


class Networks:
    """Namespaces "assay-PID-NAME"; 10.91.N.1 is the registry's address in network N, 10.91.N.2 the host's."""

    def __init__(self):
        self.prefix = f"assay-{os.getpid()}-"

    def space(self, name):
        return self.prefix + name

    def address(self, name, host=2):
        return f"10.91.{NETWORKS.index(name) + 1}.{host}"

    def build(self):
        for number, name in enumerate(NETWORKS, 1):
            space, near, far = self.space(name), f"as{os.getpid() % 100000}n{number}", f"as{os.getpid() % 100000}f{number}"
            ip("netns", "add", space)
            ip("link", "add", near, "type", "veth", "peer", "name", far, "netns", space)
            ip("address", "add", f"10.91.{number}.1/24", "dev", near)
            ip("link", "set", near, "up")
            ip("-n", space, "address", "add", f"10.91.{number}.2/24", "dev", far)
            ip("-n", space, "link", "set", far, "up")
            ip("-n", space, "link", "set", "lo", "up")
            ip("-n", space, "route", "add", "default", "via", f"10.91.{number}.1")
        # The internet sees the edge, over a cable of their own.
        ip("-n", self.space("edge"), "link", "add", "outer", "type", "veth", "peer", "name", "wan", "netns", self.space("internet"))
        ip("-n", self.space("edge"), "address", "add", "10.92.0.1/24", "dev", "outer")
        ip("-n", self.space("edge"), "link", "set", "outer", "up")
        for host in (2, 7):
            ip("-n", self.space("internet"), "address", "add", f"10.92.0.{host}/24", "dev", "wan")
        ip("-n", self.space("internet"), "link", "set", "wan", "up")

    def remove(self):
        for name in NETWORKS:
            ip("netns", "del", self.space(name), check=False)

    def run(self, name, *command, **options):
        return subprocess.run([IP, "netns", "exec", self.space(name), *map(str, command)], capture_output=True, text=True, timeout=120,
                              **options)

    def ask(self, name, to, port, path="/v2/", method="GET", tls=True, source=None, before=b"", server_name=None, **headers):
        asked = {"to": to, "port": port, "path": path, "method": method, "tls": tls, "source": source, "before": before.hex(),
                 "name": server_name, "headers": {"Host": "x", **{key.replace("_", "-"): value for key, value in headers.items()}}}
        result = self.run(name, sys.executable, "-c", ASK, json.dumps(asked))
        assert result.stdout, result.stderr
        return result.stdout.strip()


@pytest.fixture(scope="module")
def networks():
    if IP is None:
        pytest.skip("iproute2 is not installed: scripts/setup does it")
    made = Networks()
    trial = ip("netns", "add", made.space("trial"), check=False)
    if trial.returncode != 0:
        pytest.skip(f"the kernel forbids network namespaces here: {trial.stderr.strip()}")
    ip("netns", "del", made.space("trial"))
    try:
        made.build()
        yield made
    finally:
        made.remove()


@pytest.fixture(scope="module")
def company(networks, program, tmp_path_factory):
    """(server, port, {repository: digest of a blob}); the endpoint of each network is at port."""
    folder, port = tmp_path_factory.mktemp("company"), free_port()
    at = {name: networks.address(name, 1) for name in NETWORKS}

    def keys(name):
        pair = certificate(folder, name, dns_name=f'"{name}.example.com"')
        return f"certificate: {pair[0]}, key: {pair[1]}"
    server = Server(program, folder / "server", config=f"""
endpoints:
  - {{name: uat, listen: '{at["uat"]}:{port}', {keys("uat")}, allow: 10.91.1.0/24, repositories: [uat/*, base/*]}}
  - {{name: pro, listen: '{at["pro"]}:{port}', {keys("pro")}, allow: 10.91.2.0/24, repositories: [prod/*], verbs: [pull]}}
  - {{name: test, listen: '{at["test"]}:{port}', {keys("test")}, allow: 10.91.3.0/24, deny: 10.91.3.9}}
  - {{name: closed, listen: '{at["internet"]}:{port}', {keys("closed")}}}
  - name: public
    listen: {at["edge"]}:{port}
    {keys("public").replace(", ", chr(10) + "    ")}
    proxy_protocol: {networks.address("edge")}
    allow: 10.92.0.7
    repositories: [prod/*]
    verbs: [pull]
""")
    server.start()
    blobs = {name: Repository(server, name).push_blob(name.encode())["digest"] for name in ("uat/app", "base/os", "prod/app", "lab/x")}
    yield server, port, blobs
    server.stop()


def test_each_reaches_what_it_may(networks, company):
    server, port, blobs = company
    may = {"uat": ("uat/app", "base/os"), "pro": ("prod/app",), "test": tuple(blobs)}
    for network in ("uat", "pro", "test"):
        for name, digest in blobs.items():
            expected = "200" if name in may[network] else "403"
            path = f"/v2/{name}/blobs/{digest}"
            assert networks.ask(network, networks.address(network, 1), port, path) == expected, (network, name)
    upload = "/v2/prod/app/blobs/uploads/"
    assert networks.ask("pro", networks.address("pro", 1), port, upload, "POST") == "403"
    assert networks.ask("uat", networks.address("uat", 1), port, "/v2/uat/app/blobs/uploads/", "POST") == "202"
    mount = f"/v2/uat/app/blobs/uploads/?mount={blobs['lab/x']}&from=lab/x"
    assert networks.ask("uat", networks.address("uat", 1), port, mount, "POST") == "202", "what it does not serve is not mounted"


def test_none_reaches_another(networks, company):
    _, port, _ = company
    forged = {"X_Forwarded_For": "10.91.2.2", "Forwarded": "for=10.91.2.2", "X_Real_IP": "10.91.2.2", "Host": "pro.example.com"}
    header = b"PROXY TCP4 10.91.2.2 10.91.2.1 1 2\r\n"
    for network in NETWORKS[:4]:
        for other in NETWORKS[:4]:
            to = networks.address(other, 1)
            allowed = network == other and network != "internet"
            assert networks.ask(network, to, port) == ("200" if allowed else "cut"), (network, other)
            if not allowed:
                assert networks.ask(network, to, port, server_name=f"{other}.example.com", **forged) == "cut"
                assert networks.ask(network, to, port, before=header) == "cut"
    # Nor one that has an address of another network: answers do not come back to it.
    ip("-n", networks.space("uat"), "address", "add", networks.address("pro"), "dev", "lo")
    assert networks.ask("uat", networks.address("pro", 1), port, source=networks.address("pro")) == "cut"


def test_edge(networks, company, tmp_path):
    """The internet comes by haproxy, which says who it is; only the address that the allowlist has gets in."""
    if HAPROXY is None:
        pytest.skip("haproxy is not installed: scripts/setup does it")
    _, port, blobs = company
    config = tmp_path / "haproxy.cfg"
    config.write_text(f"defaults\n  mode tcp\n  timeout connect 5s\n  timeout client 20s\n  timeout server 20s\n"
                      f"listen edge\n  bind 10.92.0.1:443\n  server assay {networks.address('edge', 1)}:{port} send-proxy-v2\n")
    process = subprocess.Popen([IP, "netns", "exec", networks.space("edge"), HAPROXY, "-db", "-f", config])
    try:
        deadline = time.monotonic() + 20
        while networks.ask("internet", "10.92.0.1", 443, source="10.92.0.7") != "200":
            assert time.monotonic() < deadline
        path = f"/v2/prod/app/blobs/{blobs['prod/app']}"
        assert networks.ask("internet", "10.92.0.1", 443, path, source="10.92.0.7") == "200"
        assert networks.ask("internet", "10.92.0.1", 443, f"/v2/uat/app/blobs/{blobs['uat/app']}", source="10.92.0.7") == "403"
        for headers in ({}, {"X_Forwarded_For": "10.92.0.7", "Forwarded": "for=10.92.0.7"}):
            assert networks.ask("internet", "10.92.0.1", 443, path, source="10.92.0.2", **headers) == "cut"
        forged = b"PROXY TCP4 10.92.0.7 10.92.0.1 1 2\r\n"
        assert networks.ask("internet", "10.92.0.1", 443, path, source="10.92.0.2", before=forged) == "cut"
        assert networks.ask("internet", networks.address("edge", 1), port, path, before=forged) == "cut", "past the edge"
        assert networks.ask("edge", networks.address("edge", 1), port, path) == "cut", "the hop names nobody"
    finally:
        process.terminate()
        process.wait(timeout=20)


def test_closed_until_a_list_opens_it(networks, company):
    """By the API, without a restart: an endpoint in the network of test for one host, opened and closed."""
    server, _, _ = company
    port, to = free_port(), networks.address("test", 1)
    path = "/api/v1/endpoints"
    with contextlib.ExitStack() as stack:
        answer = server.request("POST", path, json={"name": "late", "listen": [f"{to}:{port}"], "plain_http": True})
        assert answer.status_code == 201, answer.text
        stack.callback(server.request, "DELETE", f"{path}/late")
        assert networks.ask("test", to, port, tls=False) == "cut"
        server.request("PATCH", f"{path}/late", json={"allow": [networks.address("test")]})
        assert networks.ask("test", to, port, tls=False) == "200"
        assert networks.ask("uat", to, port, tls=False) == "cut"
        server.request("PATCH", f"{path}/late", json={"allow": []})
        assert networks.ask("test", to, port, tls=False) == "cut"


def test_a_real_client(networks, company, tmp_path):
    """skopeo copies an image from the production endpoint, and can push none to it."""
    server, port, _ = company
    Repository(server, "prod/real").push_image("v1", config=b"{}")
    place = f"docker://{networks.address('pro', 1)}:{port}/prod/real"
    pulled = networks.run("pro", "skopeo", "copy", "--src-tls-verify=false", f"{place}:v1", f"oci:{tmp_path}/image:v1")
    assert pulled.returncode == 0, pulled.stderr
    assert digest_of(b"{}").removeprefix("sha256:") in [path.name for path in (tmp_path / "image/blobs/sha256").iterdir()]
    pushed = networks.run("pro", "skopeo", "copy", "--dest-tls-verify=false", f"oci:{tmp_path}/image:v1", f"{place}:v2")
    assert pushed.returncode != 0 and "endpoint pro serves pull on prod/*" in pushed.stderr
    other = networks.run("uat", "skopeo", "copy", "--src-tls-verify=false", f"{place}:v1", f"oci:{tmp_path}/other:v1")
    assert other.returncode != 0
