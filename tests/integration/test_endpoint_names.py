"""Endpoints that share an address and are told apart by the name that a TLS client asks for."""
import signal
import socket
import ssl

import pytest

from assay_server import free_port
from test_certificates import certificate, date
from test_server import wait_until


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("names")
    return {name: certificate(folder, name, dns_name=f'"{name}.example.com"') for name in ("uat", "pro", "other", "new")}


def ask(port, server_name, path="/v2/", source="127.0.0.1", host="x", least=None):
    """(status, common name of the certificate); None: cut, or no handshake."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if least is not None:
        context.maximum_version = least
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=20, source_address=(source, 0)) as plain, \
                context.wrap_socket(plain, server_hostname=server_name) as sock:
            sock.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
            answer = b""
            while data := sock.recv(65536):
                answer += data
            der = sock.getpeercert(binary_form=True)
    except (ssl.SSLError, ConnectionError):
        return None
    name = next(name for name in ("uat", "pro", "other", "new") if f"{name}.example.com".encode() in der)
    return int(answer.split()[1]), name


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_names(start_server, pairs, version):
    port = free_port()
    listen = f"listen: '127.0.0.1:{port}'"
    keys = {name: f"certificate: {pair[0]}, key: {pair[1]}" for name, pair in pairs.items()}
    start_server(config=f"""
endpoints:
  - {{name: uat, {listen}, {keys['uat']}, server_names: [uat.example.com], allow: [127.0.1.0/24]}}
  - {{name: pro, {listen}, {keys['pro']}, server_names: [pro.example.com, www.example.com], allow: [127.0.2.0/24], verbs: [pull]}}
""")
    catalog = "/v2/_catalog"
    assert ask(port, "uat.example.com", catalog, "127.0.1.1", least=version) == (200, "uat")
    assert ask(port, "UAT.example.com", catalog, "127.0.1.1", least=version) == (200, "uat")
    assert ask(port, "pro.example.com", catalog, "127.0.2.1", least=version) == (403, "pro")
    assert ask(port, "www.example.com", "/v2/", "127.0.2.1", least=version) == (200, "pro")
    # A name that is not for its address, is nobody's, or none; and what Host says is nothing.
    for name, source in [("uat.example.com", "127.0.2.1"), ("pro.example.com", "127.0.1.1"), ("else.example.com", "127.0.1.1"),
                         (None, "127.0.1.1"), ("uat.example.com", "127.0.3.1")]:
        assert ask(port, name, "/v2/", source, host="uat.example.com", least=version) is None, (name, source)
    assert ask(port, "pro.example.com", catalog, "127.0.2.1", host="uat.example.com", least=version) == (403, "pro")


def test_one_without_names(start_server, pairs):
    """It is for who asks for no other, and being refused at another does not lead to it."""
    port = free_port()
    keys = {name: f"certificate: {pair[0]}, key: {pair[1]}" for name, pair in pairs.items()}
    start_server(config=f"""
endpoints:
  - {{name: uat, listen: '127.0.0.1:{port}', {keys['uat']}, server_names: uat.example.com, allow: 127.0.1.1}}
  - {{name: rest, listen: '127.0.0.1:{port}', {keys['other']}, allow: 127.0.0.0/8}}
""")
    assert ask(port, "uat.example.com", source="127.0.1.1") == (200, "uat")
    assert ask(port, "uat.example.com") is None
    assert ask(port, "else.example.com") == ask(port, None) == (200, "other")


def test_certificates_are_read_again(start_server, pairs, tmp_path):
    port = free_port()
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"

    def put(name):
        chain.write_bytes(pairs[name][0].read_bytes())
        key.write_bytes(pairs[name][1].read_bytes())
    put("uat")
    server = start_server(config=f"""
endpoints:
  - {{name: uat, listen: '127.0.0.1:{port}', certificate: {chain}, key: {key}, allow: 127.0.0.0/8}}
""")
    assert ask(port, "uat.example.com") == (200, "uat")
    put("new")
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: ask(port, "uat.example.com") == (200, "new"), "the new certificate")


def test_certificates_are_looked_at(start_server, assay, tmp_path):
    """One that has expired is spoken of by the server and by `assay check`, and still shown."""
    pair = certificate(tmp_path, "uat", dns_name='"uat.example.com"', expiration_date=f'"{date(-1)}"')
    port = free_port()
    server = start_server(config=f"""
endpoints:
  - {{name: uat, listen: '127.0.0.1:{port}', certificate: {pair[0]}, key: {pair[1]}, allow: 127.0.0.0/8}}
  - {{name: closed, listen: '127.0.0.1:{free_port()}'}}
""")
    wait_until(lambda: any("certificate of an endpoint" in event["message"] and "expired on" in event["problem"]
                           for event in server.log_events() if "problem" in event), "a line of the log")
    assert ask(port, "uat.example.com") == (200, "uat")
    server.stop()
    said = assay("check", "--config", server.config, "--data", server.data, check=None).stdout
    assert f"{pair[0]}: expired on" in said and "closed: it is closed" in said and f"127.0.0.1:{port}: free" in said
