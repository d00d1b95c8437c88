"""Certificates that do not hold: our client says why, and the server speaks of its own before others must."""
import contextlib
import datetime
import http.server
import json
import signal
import ssl
import subprocess
import threading
import time

import pytest
import requests
import urllib3

from assay_server import free_port
from test_server import wait_until

KEV = {"title": "CISA Catalog", "catalogVersion": "1", "count": 1, "vulnerabilities": [
    {"cveID": "CVE-2021-3450", "vendorProject": "o", "product": "o", "vulnerabilityName": "o", "dateAdded": "2021-11-03",
     "shortDescription": "x", "requiredAction": "x", "dueDate": "2021-11-17"}]}


def date(days):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)).strftime("%Y-%m-%d %H:%M:%S UTC")


def certificate(folder, name, issuer=None, **lines):
    """A certificate and its key; issued by another (a pair of paths), or by itself."""
    folder.mkdir(exist_ok=True)
    paths = folder / f"{name}.crt", folder / f"{name}.key"
    template = folder / f"{name}.template"
    lines = {"activation_date": f'"{date(-400)}"', "expiration_date": f'"{date(400)}"', "dns_name": '"localhost"', **lines}
    template.write_text(f'cn = "{name}"\n' + "".join(f"{key} = {value}\n" for key, value in lines.items()) +
                        ("signing_key\ntls_www_server\n" if issuer else "ca\ncert_signing_key\nsigning_key\ntls_www_server\n"))
    subprocess.run(["certtool", "--generate-privkey", "--key-type=ecdsa", "--outfile", paths[1]], check=True, capture_output=True)
    how = ["--generate-certificate", "--load-ca-certificate", issuer[0], "--load-ca-privkey", issuer[1]] if issuer \
        else ["--generate-self-signed"]
    subprocess.run(["certtool", *how, "--load-privkey", paths[1], "--template", template, "--outfile", paths[0]], check=True,
                   capture_output=True)
    return paths


@contextlib.contextmanager
def https_server(pair, body):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass
    server = http.server.ThreadingHTTPServer(("127.0.0.1", free_port()), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*pair)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def authorities(tmp_path_factory):
    folder = tmp_path_factory.mktemp("authorities")
    ours = certificate(folder, "ours")
    expired = certificate(folder, "old", expiration_date=f'"{date(-1)}"')
    return {"folder": folder, "ours": ours, "other": certificate(folder, "other"), "old": expired}


# name: (who issued it; the authority that is named, or nobody; lines of the template; what is said, or None when it holds)
CERTIFICATES = {
    "good": ("ours", "ours", {}, None),
    "expired": ("ours", "ours", {"expiration_date": f'"{date(-2)}"'}, ["has expired"]),
    "future": ("ours", "ours", {"activation_date": f'"{date(5)}"'}, ["not valid yet"]),
    "elsewhere": ("ours", "ours", {"dns_name": '"registry.example.com"'}, ["does not match", "localhost"]),
    "unknown": ("ours", None, {}, ["authority is not known", "ca_file"]),
    "foreign": ("ours", "other", {}, ["authority is not known", "the file that is given"]),
    "of-an-old-authority": ("old", "old", {}, ["has expired"]),
    "expired-and-unknown": ("ours", None, {"expiration_date": f'"{date(-2)}"'}, ["authority is not known"]),
}


@pytest.mark.parametrize("name", CERTIFICATES)
def test_client_says_why_a_certificate_does_not_hold(assay, authorities, tmp_path, name):
    issuer, trusted, lines, says = CERTIFICATES[name]
    pair = certificate(authorities["folder"], name, authorities[issuer], **lines)
    config = tmp_path / "assay.yaml"
    with https_server(pair, json.dumps(KEV).encode()) as port:
        config.write_text(f"feeds: [{{name: kev, type: kev, url: 'https://localhost:{port}/kev.json'}}]\n" +
                          (f"ca_file: {authorities[trusted][0]}\n" if trusted else ""))
        result = assay("db", "update", "--config", config, "--data", tmp_path / "data", check=None)
    told = result.stdout + result.stderr
    if says is None:
        assert result.returncode == 0, told
        return
    assert result.returncode != 0
    for word in says:
        assert word in told, told
    if "authority" not in says[0]:
        assert "authority is not known" not in told, "its authority is known"


# --- the server's own ---

def start_with(start_server, pair):
    return start_server(config=f"tls: {{certificate: {pair[0]}, key: {pair[1]}}}", trust=pair[0])


@pytest.fixture
def unverified(monkeypatch):
    """Lets the tests' own client take any certificate."""
    real = requests.request
    monkeypatch.setattr(requests, "request", lambda *a, **options: real(*a, **{**options, "verify": False}))
    urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)


def problems(server):
    return [event["problem"] for event in server.log_events() if event["message"] == "the server's certificate needs attention"]


@pytest.mark.parametrize("lines, says", [
    ({}, None),
    ({"expiration_date": f'"{date(13.5)}"'}, "in 13 days"),
    ({"expiration_date": f'"{date(-1)}"'}, "expired on"),
    ({"activation_date": f'"{date(2)}"'}, "not valid before"),
])
def test_server_speaks_of_its_certificate(start_server, tmp_path, unverified, lines, says):
    pair = certificate(tmp_path / "certificates", "mine", ip_address='"127.0.0.1"', **lines)
    server = start_with(start_server, pair)
    ready = server.request("GET", "/readyz")
    assert ready.status_code == 200
    shown = ready.json()["certificate"]
    expiry = next(float(line.split()[1]) for line in server.request("GET", "/metrics").text.split("\n")
                  if line.startswith("assay_tls_certificate_expiry_seconds "))
    text = subprocess.run(["certtool", "--certificate-info", "--infile", pair[0]], capture_output=True, text=True, check=True).stdout
    until = next(line.split("Not After:")[1].strip() for line in text.split("\n") if "Not After:" in line)
    assert expiry == datetime.datetime.strptime(until, "%a %b %d %H:%M:%S UTC %Y").replace(tzinfo=datetime.timezone.utc).timestamp()
    if says is None:
        time.sleep(0.3)
        assert shown == "ok" and not problems(server)
        return
    assert says in shown
    assert [says in problem for problem in wait_until(lambda: problems(server), "the log tells")] == [True]


def test_a_new_certificate_is_looked_at(start_server, tmp_path, unverified):
    """SIGHUP brings an expired one, and then a good one."""
    folder = tmp_path / "certificates"
    good = certificate(folder, "good", ip_address='"127.0.0.1"')
    old = certificate(folder, "old", ip_address='"127.0.0.1"', expiration_date=f'"{date(-1)}"')
    mine = folder / "mine.crt", folder / "mine.key"

    def replace(pair):
        for source, target in zip(pair, mine):
            target.write_bytes(source.read_bytes())
    replace(good)
    server = start_with(start_server, mine)
    for pair, says in ((old, "expired on"), (good, "ok")):
        replace(pair)
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda says=says: says in server.request("GET", "/readyz").json()["certificate"], says)
        wait_until(lambda: problems(server), "the log tells")


def test_plain_http_has_no_certificate(server):
    assert "certificate" not in server.get_json("/readyz")
    assert "assay_tls_certificate" not in server.request("GET", "/metrics").text
