"""Attacks between networks: a host that may come to one endpoint says that it is another host, comes to another endpoint, or is the
server's own machine, in each way that a connection and a request have for that."""
import itertools
import socket
import struct

import pytest

from assay_server import Server, free_port
from attacked import PASSWORD
from test_endpoint_networks import NETWORKS, company, ip, networks

assert networks and company, "fixtures"
SERVED = {"uat": ("uat/app", "base/os"), "pro": ("prod/app",), "test": ("uat/app", "base/os", "prod/app", "lab/x")}


def proxy_headers(client, to):
    """A PROXY header of each version that says that the connection is of another."""
    first = f"PROXY TCP4 {client} {to} 1 2\r\n".encode()
    second = b"\r\n\r\n\0\r\nQUIT\n\x21\x11" + struct.pack("!H", 12) + socket.inet_aton(client) + socket.inet_aton(to) + struct.pack("!HH", 1, 2)
    local = b"\r\n\r\n\0\r\nQUIT\n\x20\x00\0\0"
    return first, second, local, b"PROXY UNKNOWN\r\n"


def claims(address):
    """Headers by which proxies say whom they ask for."""
    return {"X_Forwarded_For": f"{address}, {address}", "Forwarded": f'for={address};host=pro.example.com;proto=https', "X_Real_IP": address,
            "X_Client_IP": address, "True_Client_IP": address, "X_Forwarded_Host": "pro.example.com", "X_Forwarded_Proto": "https", "Via": "1.1 proxy"}


@pytest.mark.parametrize("network", SERVED)
def test_a_forged_origin_opens_no_other_service(networks, company, network):
    """At its own endpoint a host gets what that one serves: nothing more for the name in SNI or Host, or for who it says that it is, and
    nothing less."""
    server, port, blobs = company
    to = networks.address(network, 1)
    others = [name for name in SERVED if name != network]
    for other, (name, digest) in itertools.product(others, blobs.items()):
        expected = "200" if name in SERVED[network] else "403"
        path = f"/v2/{name}/blobs/{digest}"
        for server_name, host in [(f"{other}.example.com", f"{other}.example.com"), (f"{other}.example.com", f"{network}.example.com"), (None, f"{other}.example.com"),
                                  ("closed.example.com", "public.example.com")]:
            headers = {**claims(networks.address(other)), "Host": host}
            assert networks.ask(network, to, port, path, server_name=server_name, **headers) == expected, (network, other, name, server_name, host)
    upload = networks.ask("pro", networks.address("pro", 1), port, "/v2/prod/app/blobs/uploads/", "POST", server_name="uat.example.com",
                          **{**claims(networks.address("uat")), "Host": "uat.example.com"})
    assert upload == "403", "pulls alone"


def test_proxy_headers_of_who_is_no_hop(networks, company):
    """Who is no hop of the endpoint is cut with a header of any version, also where it would be let in without one."""
    _, port, _ = company
    for network in SERVED:
        to = networks.address(network, 1)
        assert networks.ask(network, to, port) == "200"
        for client in (networks.address("pro"), networks.address("uat"), "127.0.0.1"):
            for header in proxy_headers(client, to):
                assert networks.ask(network, to, port, before=header) == "cut", (network, client, header)
                assert networks.ask("internet", to, port, before=header) == "cut", (network, client, header)
    to = networks.address("edge", 1)
    for header in proxy_headers("10.92.0.7", to):
        for network in NETWORKS[:4]:
            assert networks.ask(network, to, port, before=header) == "cut", "not from the edge"
    for header in proxy_headers("10.92.0.2", to):
        assert networks.ask("edge", to, port, "/v2/prod/app/tags/list", before=header) == "cut", "the hop names who is not allowed, or nobody"
    first, second, *_ = proxy_headers("10.92.0.7", to)
    for header in (first, second):
        assert networks.ask("edge", to, port, before=header) == "200", "the hop names who is"
        assert networks.ask("edge", to, port, before=header + first) == "cut", "twice"


def test_a_host_that_is_denied(networks, company):
    """deny beats allow, whatever the host says; another address of the same host is another host."""
    _, port, _ = company
    to, denied = networks.address("test", 1), networks.address("test", 9)
    space = networks.space("test")
    link = next(line.split(":")[1].split("@")[0].strip() for line in ip("-n", space, "-o", "link").stdout.splitlines() if "veth" in line or "@" in line)
    ip("-n", space, "address", "add", f"{denied}/24", "dev", link)
    for headers in ({}, claims(networks.address("test")), claims("127.0.0.1")):
        assert networks.ask("test", to, port, source=denied, **headers) == "cut"
        assert networks.ask("test", to, port, source=networks.address("test"), **headers) == "200"


@pytest.fixture
def fresh(networks, program, tmp_path):
    """One that nobody administers yet, with an endpoint in the network of uat."""
    port = free_port()
    server = Server(program, tmp_path / "fresh", config=f"""
access: {{mode: closed}}
endpoints:
  - {{name: uat, listen: '{networks.address("uat", 1)}:{port}', allow: 10.91.1.0/24, plain_http: true}}
""")
    server.start()
    yield server, port
    server.stop()


def test_nobody_becomes_the_servers_own_machine(networks, fresh):
    """The operator's key counts from the machine alone, and so does a registry that nobody administers yet: not for who says that it
    comes from there."""
    server, port = fresh
    to, key = networks.address("uat", 1), server.operator()["Authorization"]
    local = [{}, claims("127.0.0.1"), claims("::1"), claims("[::1]"), claims("localhost"), {**claims("127.0.0.1"), "Host": "localhost"}]
    for headers in local:
        for path in ("/v2/", "/api/v1/users", "/token?scope=repository:a/b:pull", "/api/v1/session"):
            assert networks.ask("uat", to, port, path, tls=False, **headers) in ("401", "403"), (path, headers)
            assert networks.ask("uat", to, port, path, tls=False, Authorization=key, **headers) in ("401", "403"), (path, headers)
        assert networks.ask("uat", to, port, "/api/v1/users", "POST", tls=False, Authorization=key, **headers) in ("401", "403")
    made = server.request("POST", "/api/v1/users", headers=server.operator(), json={"name": "root", "password": PASSWORD, "administrator": True})
    assert made.status_code == 201
    for headers in local:
        assert networks.ask("uat", to, port, "/api/v1/users", tls=False, Authorization=key, **headers) == "401", headers
