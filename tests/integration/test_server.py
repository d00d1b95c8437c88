"""The server as a process: TLS, where it listens, what it needs to start, how it stops, what it tells the service manager."""
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import pytest
import requests

import raw_http
from assay_server import free_port, sanitizer_environment, sanitizer_reports
from oci_layout import digest_of


def make_certificate(folder, name, *options):
    """A self-signed certificate and its key; returns their paths. Each has the name as its common name."""
    folder.mkdir(exist_ok=True)
    certificate, key = folder / f"{name}.crt", folder / f"{name}.key"
    template = folder / f"{name}.template"
    template.write_text(f'cn = "{name}"\ndns_name = "localhost"\nip_address = "127.0.0.1"\nexpiration_days = 30\nca\n'
                        "signing_key\ntls_www_server\n")
    subprocess.run(["certtool", "--generate-privkey", "--key-type=ecdsa", "--outfile", key], check=True,
                   stderr=subprocess.DEVNULL)
    subprocess.run(["certtool", "--generate-self-signed", "--load-privkey", key, "--template", template, "--outfile",
                    certificate, *options], check=True, stderr=subprocess.DEVNULL)
    return certificate, key


def wait_until(condition, what, timeout=30):
    deadline = time.monotonic() + timeout
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {timeout} s: {what}"
        time.sleep(0.02)
    return found


# --- TLS ---

@pytest.fixture
def secure(start_server, tmp_path):
    """(server, folder with tls.crt and tls.key) of a server whose certificate is named "first"."""
    folder = tmp_path / "certificates"
    certificate, key = make_certificate(folder, "first")
    shutil.copy(certificate, folder / "tls.crt")
    shutil.copy(key, folder / "tls.key")
    config = f"tls:\n  certificate: {folder}/tls.crt\n  key: {folder}/tls.key"
    return start_server(config=config, trust=certificate), folder


def name_on_certificate(server):
    """The common name of what the server shows now."""
    pem = ssl.get_server_certificate(("127.0.0.1", server.port)).encode()
    shown = subprocess.run(["certtool", "--certificate-info"], input=pem, stdout=subprocess.PIPE, check=True).stdout.decode()
    return shown.split("Subject: CN=")[1].split("\n")[0]


def test_tls(secure, command):
    server, folder = secure
    assert server.request("GET", "/v2/").status_code == 200
    assert requests.get(f"https://localhost:{server.port}/v2/", verify=folder / "first.crt", timeout=10).status_code == 200
    assert f"https://127.0.0.1:{server.port}" in server.log_text()
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(f"{server.url}/v2/", timeout=10)
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    with raw_http.connection(server) as plain, pytest.raises(ssl.SSLError):
        old.wrap_socket(plain)
    assert server.request("GET", "/healthz").status_code == 200


def test_tls_blob_arrives_whole(secure):
    server, _ = secure
    data = os.urandom(3_000_000)
    digest = raw_http.push_blob(server, "a", data)
    assert server.request("GET", f"/v2/a/blobs/{digest}").content == data
    part = server.request("GET", f"/v2/a/blobs/{digest}", headers={"Range": "bytes=1000000-2999999"})
    assert part.status_code == 206 and part.content == data[1_000_000:]


def test_certificate_is_replaced_while_connections_go_on(secure):
    server, folder = secure
    data = os.urandom(2_000_000)
    digest = raw_http.push_blob(server, "a", data)
    session = requests.Session()
    options = {"verify": str(folder / "first.crt"), "timeout": 30}
    assert session.get(f"{server.url}/v2/", **options).status_code == 200
    slow = session.get(f"{server.url}/v2/a/blobs/{digest}", stream=True, **options)
    begun = slow.raw.read(100_000)

    second, key = make_certificate(folder, "second")
    shutil.copy(second, folder / "tls.crt")
    shutil.copy(key, folder / "tls.key")
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: name_on_certificate(server) == "second", "the new certificate is shown")
    assert begun + slow.raw.read() == data
    assert session.get(f"{server.url}/v2/", **options).status_code == 200, "the connection with the old one goes on"
    assert requests.get(f"{server.url}/v2/", verify=second, timeout=10).status_code == 200
    server.trust = second


@pytest.mark.parametrize("what,says", [
    ("no PEM", "tls.crt"), ("key of another", "is not the key of"), ("missing", "No such file"), ("broken key", "tls.key")])
def test_broken_certificate_keeps_the_old_and_says_so(secure, what, says):
    server, folder = secure
    if what == "no PEM":
        (folder / "tls.crt").write_text("nothing")
    elif what == "key of another":
        shutil.copy(make_certificate(folder, "other")[1], folder / "tls.key")
    elif what == "missing":
        (folder / "tls.crt").unlink()
    else:
        (folder / "tls.key").write_text("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    server.process.send_signal(signal.SIGHUP)
    failed = wait_until(lambda: [event for event in server.log_events() if "reload failed" in event["message"]],
                        "the failure is told")
    assert says in failed[0]["error"] and failed[0]["level"] == "error"
    assert name_on_certificate(server) == "first"
    assert server.request("GET", "/v2/").status_code == 200


def test_policy_is_replaced_though_the_certificate_is_broken(secure, start_server, tmp_path):
    certificate, key = make_certificate(tmp_path / "more", "first")
    server = start_server(config=f"tls: {{certificate: {certificate}, key: {key}}}", trust=certificate,
                          policy="policies:\n  - {name: open, namespaces: ['**']}\n")
    key.write_text("broken")
    (server.folder / "policy.yaml").write_text("nonsense: [")
    server.process.send_signal(signal.SIGHUP)
    failed = wait_until(lambda: [event for event in server.log_events() if "reload failed" in event["message"]], "told")
    assert "first.key" in failed[0]["error"] and "policy.yaml" in failed[0]["error"]


def test_one_address_stays_plain_beside_tls(assay, start_server, tmp_path):
    certificate, key = make_certificate(tmp_path / "certificates", "both")
    port = free_port()
    config = f"tls: {{certificate: {certificate}, key: {key}}}\n" \
             f"listen:\n  - address: 127.0.0.1:PORT\n  - {{address: '127.0.0.1:{port}', plain_http: true}}"
    server = start_on_config_alone(start_server, config, trust=certificate)
    assert server.request("GET", "/v2/").status_code == 200
    assert requests.get(f"http://127.0.0.1:{port}/v2/", timeout=10).status_code == 200


def start_on_config_alone(start_server, config, **options):
    """A server whose address comes from the config: PORT there is its port."""
    def without_listen(server):
        server.wrap = ["sh", "-c", 'program=$1; config=$4; data=$6; exec "$program" serve --config "$config" --data "$data"',
                       "sh"]
        server.config.write_text(server.config.read_text().replace("PORT", str(server.port)))
    return start_server(config=config, prepare=without_listen, **options)


# --- where it listens ---

@pytest.mark.parametrize("arguments,says", [
    (["--listen", "0.0.0.0:0"], "plain_http: true"),
    (["--listen", "[::]:0"], "plain_http: true"),
    (["--listen", "127.0.0.1"], "HOST:PORT"),
    (["--listen", "127.0.0.1:"], "HOST:PORT"),
    (["--listen", "127.0.0.1:99999"], "127.0.0.1:99999"),
    (["--listen", "nowhere.invalid:5000"], "nowhere.invalid:5000"),
    (["--listen", "203.0.113.7:5000"], "no such address"),
    (["--log-level", "loud"], "--log-level"),
    (["--log-format", "xml"], "--log-format"),
    (["--config", "/nonexistent/assay.yaml"], "/nonexistent/assay.yaml"),
    (["--policy", "/nonexistent/policy.yaml"], "/nonexistent/policy.yaml"),
    (["surplus"], "surplus"),
])
def test_refused_start(assay, tmp_path, arguments, says):
    result = assay("serve", "--data", tmp_path / "data", "--listen", "127.0.0.1:0", *arguments, check=2)
    assert says in result.stderr
    assert result.stdout == ""


def test_plain_http_elsewhere_when_said_so(start_server):
    server = start_on_config_alone(start_server, "listen: [{address: '0.0.0.0:PORT', plain_http: true}]")
    assert server.request("GET", "/v2/").status_code == 200


def addresses_of(server):
    return [event["address"] for event in server.log_events() if event["message"] == "serving"]


def test_listens_on_ipv6_and_by_name(start_server):
    server = start_server(arguments=["--listen", "localhost:0", "--listen", "[::1]:0"])
    # The server listens before it says so.
    serving = wait_until(lambda: addresses_of(server)[2:] and addresses_of(server), "three lines")
    assert len(serving) == 3 and serving[2].startswith("http://[::1]:")
    for url in serving:
        assert requests.get(f"{url}/v2/", timeout=10).status_code == 200
    assert (server.data / "address").read_text() == f"{server.address}\n"
    server.stop()
    assert not (server.data / "address").exists(), "who waits for the next server must not find this one's"


def test_port_in_use(server, assay, tmp_path):
    result = assay("serve", "--data", tmp_path / "other", "--listen", server.address, check=2)
    assert server.address in result.stderr and "another program listens there" in result.stderr
    assert server.request("GET", "/healthz").status_code == 200


def test_second_server_on_the_same_data(server, assay):
    result = assay("serve", "--data", server.data, "--listen", "127.0.0.1:0", check=2)
    assert str(server.data) in result.stderr and "--data" in result.stderr
    assert server.request("GET", "/readyz").status_code == 200
    server.stop()
    server.start()


@pytest.mark.parametrize("prepare,says", [
    (lambda folder: (folder / "data").write_text("a file"), "data"),
    (lambda folder: ((folder / "data").mkdir(), (folder / "data" / "metadata.db").write_text("no database" * 100)),
     "metadata")])
def test_unusable_data_folder(assay, tmp_path, prepare, says):
    prepare(tmp_path)
    result = assay("serve", "--data", tmp_path / "data", "--listen", "127.0.0.1:0", check=2)
    assert says in result.stderr


# --- without any configuration ---

@pytest.fixture
def reachable_program(program):
    """A copy of the program that another user may run, and a folder that it may write to."""
    folder = Path(tempfile.mkdtemp(prefix="assay-test-"))
    shutil.copy(program, folder / "assay")
    home = folder / "home"
    home.mkdir()
    os.chmod(folder, 0o755)
    os.chmod(home, 0o777)
    yield folder / "assay", home
    shutil.rmtree(folder)


def start_and_stop(command, address_file, folder, environment):
    """Starts a server that is not the fixtures' kind, asks it something, and stops it by its own process id."""
    prefix = folder / "sanitizer"
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                   env={**sanitizer_environment(prefix), **environment})
    try:
        def answers():
            assert process.poll() is None, (folder / "log").read_text()
            path = address_file(process)
            if not path.exists():
                return None
            try:
                return requests.get(f"http://{path.read_text().strip()}/readyz", timeout=5).status_code == 200
            except requests.ConnectionError:
                return None
        wait_until(answers, "the server answers", 60)
    finally:
        if process.poll() is None:
            process.terminate()
    assert process.wait(timeout=60) == 0, (folder / "log").read_text()
    assert not sanitizer_reports(prefix)


@pytest.mark.parametrize("environment,expected", [
    ({}, ".local/share/assay"), ({"XDG_DATA_HOME": "HOME/elsewhere"}, "elsewhere/assay")])
def test_user_needs_no_configuration(reachable_program, environment, expected):
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    program, home = reachable_program
    environment = {name: value.replace("HOME", str(home)) for name, value in environment.items()}
    command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", program, "serve", "--listen", "127.0.0.1:0"]
    start_and_stop(command, lambda process: home / expected / "address", home, {"HOME": str(home), **environment})
    data = home / expected
    assert data.stat().st_uid == 65534 and data.stat().st_mode & 0o077 == 0, "nobody else may look into the data"


def test_root_needs_no_configuration(reachable_program):
    if os.geteuid() != 0:
        pytest.skip("only root has /var/lib/assay")
    program, home = reachable_program
    script = 'mount -t tmpfs tmpfs /var/lib && exec "$0" serve --listen 127.0.0.1:0'
    if subprocess.run(["unshare", "--mount", "sh", "-c", "mount -t tmpfs tmpfs /var/lib"], stderr=subprocess.DEVNULL).returncode:
        pytest.skip("no mount namespace is to be had here")
    start_and_stop(["unshare", "--mount", "sh", "-c", script, program],
                   lambda process: Path(f"/proc/{process.pid}/root/var/lib/assay/address"), home, {})
    assert not Path("/var/lib/assay/address").exists() or Path("/var/lib/assay").stat().st_mtime < time.time() - 60


def test_defaults_are_told(assay):
    text = assay("serve", "--help").stdout
    assert "127.0.0.1:5000" in text and "/var/lib/assay" in text and "XDG_DATA_HOME" in text


# --- stop ---

def begin_upload(server, sock, size, sent):
    """A PATCH of `size` bytes of which `sent` have come; returns the rest."""
    location = server.request("POST", "/v2/a/blobs/uploads/").headers["Location"]
    data = os.urandom(size)
    head = f"PATCH {location} HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n".encode()
    sock.sendall(head + data[:sent])
    wait_until(lambda: "assay_http_requests_in_flight 2" in server.request("GET", "/metrics").text, "the upload is in flight")
    return data[sent:]


def refuses_connections(server):
    try:
        socket.create_connection(("127.0.0.1", server.port), timeout=5).close()
        return False
    except ConnectionRefusedError:
        return True
    except ConnectionResetError:
        return False


@pytest.mark.parametrize("signals", [[signal.SIGTERM], [signal.SIGTERM, signal.SIGTERM], [signal.SIGINT]],
                         ids=["SIGTERM", "SIGTERM twice", "SIGINT"])
def test_stop_finishes_a_slow_upload(server, signals):
    with raw_http.connection(server) as sock:
        rest = begin_upload(server, sock, 100_000, 50_000)
        for number in signals:
            server.process.send_signal(number)
            wait_until(lambda: refuses_connections(server), "new connections are refused")
        sock.sendall(rest)
        status, headers, _ = raw_http.read_response(sock)
        assert status == 202 and headers["range"] == "0-99999" and headers["connection"].lower() == "close"
        assert raw_http.is_at_end(sock)
    assert server.process.wait(timeout=60) == 0


def test_stop_finishes_a_slow_download(server):
    data = os.urandom(30_000_000)
    digest = raw_http.push_blob(server, "a", data)
    with raw_http.connection(server) as sock:
        sock.sendall(f"GET /v2/a/blobs/{digest} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        begun = sock.recv(1000)
        server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: refuses_connections(server), "new connections are refused")
        while part := sock.recv(1 << 20):
            begun += part
        assert digest_of(begun.partition(b"\r\n\r\n")[2]) == digest
    assert server.process.wait(timeout=60) == 0


def test_stop_respects_its_deadline(start_server):
    server = start_server(config="limits: {stop_deadline: 1s}")
    with raw_http.connection(server) as sock:
        begin_upload(server, sock, 100_000, 50_000)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(timeout=30) == 0
        assert raw_http.is_at_end(sock)
    assert "cut off at the deadline" in server.log_text()


def test_idle_connections_do_not_hold_the_stop(start_server):
    server = start_server(config="limits: {stop_deadline: 1h}")
    with raw_http.connection(server) as used, raw_http.connection(server), raw_http.connection(server) as half:
        used.sendall(b"GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n")
        assert raw_http.read_response(used)[0] == 200
        half.sendall(b"GET /v2/ HTTP/1.1\r\nHo")
        server.stop()


def test_second_interrupt_ends_at_once(start_server):
    server = start_server(config="limits: {stop_deadline: 1h}")
    with raw_http.connection(server) as sock:
        begin_upload(server, sock, 100_000, 50_000)
        server.process.send_signal(signal.SIGINT)
        wait_until(lambda: refuses_connections(server), "new connections are refused")
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(timeout=30) == -signal.SIGINT
    server.start()
    assert server.request("GET", "/v2/").status_code == 200


def test_service_manager_is_told(start_server, tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(30)
        server = start_server(environment={"NOTIFY_SOCKET": str(tmp_path / "notify")})
        assert manager.recv(100) == b"READY=1"
        server.stop()
        assert manager.recv(100) == b"STOPPING=1"


def test_what_a_starter_may_leave(start_server, skopeo, tiny):
    """Closed standard streams, which an open file must not become, and SIGCHLD ignored, which hides how workers end."""
    hostile = "import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); [os.close(fd) for fd in (0, 1, 2)]; " \
              "os.execv(sys.argv[1], sys.argv[1:])"
    server = start_server(wrap=[sys.executable, "-c", hostile])
    assert {os.readlink(f"/proc/{server.process.pid}/fd/{fd}") for fd in (0, 1, 2)} == {"/dev/null"}
    skopeo("copy", f"oci:{tiny}:latest", f"docker://{server.address}/left/behind:1")
    digest = server.request("HEAD", "/v2/left/behind/manifests/1").headers["Docker-Content-Digest"]
    assert server.wait_for_scan("left/behind", digest)["state"] == "done"
