"""Client certificates made by openssl, shown by curl and skopeo: whose they are, and those that count for nothing."""
import json
import shutil
import subprocess
import time

import pytest
import requests

from assay_server import Server, free_port
from test_certificates import certificate

PASSWORD = "correct horse"
SPIFFE = "spiffe://example.com/ns/ci/sa/builder"


class Authority:
    """An authority of openssl's `ca`, which can revoke."""

    def __init__(self, folder, name="ours"):
        self.folder, self.name = folder / name, name
        self.folder.mkdir()
        (self.folder / "index.txt").touch()
        (self.folder / "serial").write_text("01\n")
        (self.folder / "crlnumber").write_text("01\n")
        self.certificate, self.key, self.crl = (self.folder / file for file in ("ca.pem", "ca.key", "crl.pem"))
        (self.folder / "ca.cnf").write_text(f"""[ca]
default_ca = own
[own]
database = {self.folder}/index.txt
serial = {self.folder}/serial
crlnumber = {self.folder}/crlnumber
new_certs_dir = {self.folder}
certificate = {self.certificate}
private_key = {self.key}
default_md = sha256
policy = any
copy_extensions = copy
unique_subject = no
[any]
commonName = supplied
""")
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", self.key, "-out",
                     self.certificate, "-days", "30", "-subj", f"/CN={name}", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
        self.make_crl()

    def openssl(self, *arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, cwd=self.folder)

    def make_crl(self, days=7):
        self.openssl("ca", "-config", "ca.cnf", "-gencrl", "-crldays", days, "-out", self.crl)

    def issue(self, name, san=None, usage="clientAuth", dates=("20250101000000Z", "20400101000000Z")):
        """(certificate, key) of a client."""
        key, request, out = (self.folder / f"{name}.{end}" for end in ("key", "csr", "crt"))
        extensions = [part for part in (san and f"subjectAltName={san}", usage and f"extendedKeyUsage={usage}") if part]
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", request, "-subj",
                     f"/CN={name}", *(word for extension in extensions for word in ("-addext", extension)))
        self.openssl("ca", "-config", "ca.cnf", "-batch", "-notext", "-in", request, "-out", out, "-startdate", dates[0], "-enddate", dates[1])
        return out, key

    def revoke(self, pair):
        self.openssl("ca", "-config", "ca.cnf", "-revoke", pair[0])
        self.make_crl()


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def closed(program, tmp_path_factory, ours):
    folder = tmp_path_factory.mktemp("closed")
    pair = certificate(folder / "tls", "localhost", dns_name='"localhost"', ip_address='"127.0.0.1"')
    required = free_port()
    server = Server(program, folder / "server", trust=pair[0], config=f"""tls: {{certificate: '{pair[0]}', key: '{pair[1]}'}}
access: {{mode: closed, client_ca: '{ours.certificate}', client_crl: '{ours.crl}', client_certificate: optional}}
endpoints:
  - {{name: robots, listen: '127.0.0.1:{required}', allow: 127.0.0.0/8, client_certificate: required}}
  - {{name: plain, listen: '127.0.0.1:{free_port()}', allow: 127.0.0.0/8}}
""")
    server.start()
    server.required = f"https://127.0.0.1:{required}"
    server.make("users", {"name": "root", "password": PASSWORD, "administrator": True})
    server.make("users", {"name": "alice", "password": PASSWORD})
    for name in ("ci", "other"):
        server.make("robots", {"name": name})
        server.make("grants", {"subject": name, "role": "developer", "pattern": f"{name}/*"})
    for who, kind, value in (("ci", "uri", SPIFFE), ("other", "dns", "Build.Example.com"), ("alice", "email", "alice@example.com"),
                             ("other", "subject", "CN=plain-name")):
        server.make("certificates", {"principal": who, "kind": kind, "value": value})
    yield server
    server.stop()


def curl(server, pair=None, path="/api/v1/whoami", base=None, more=()):
    """(status, body); status 0: the handshake failed."""
    shown = ["--cert", str(pair[0]), "--key", str(pair[1])] if pair else []
    done = subprocess.run(["curl", "-s", "--cacert", str(server.trust), *shown, *more, "-w", "\n%{http_code}", f"{base or server.url}{path}"],
                          stdout=subprocess.PIPE, text=True, timeout=60)
    body, _, status = done.stdout.rpartition("\n")
    return int(status), body


def who(server, pair, **options):
    status, body = curl(server, pair, **options)
    return (json.loads(body)["name"], json.loads(body)["how"]) if status == 200 else status


def test_whose_it_is(closed, ours):
    for name, san, expected in (("c1", f"URI:{SPIFFE}", "ci"), ("c2", "DNS:build.example.com", "other"), ("c3", "email:alice@example.com", "alice"),
                                ("plain-name", None, "other"), ("c5", f"DNS:nobody.example.com,URI:{SPIFFE}", "ci")):
        assert who(closed, ours.issue(name, san)) == (expected, "certificate"), name
    # TLS 1.2 as well as 1.3
    pair = ours.issue("c6", f"URI:{SPIFFE}")
    for version in ("1.2", "1.3"):
        assert who(closed, pair, more=["--tlsv" + version, "--tls-max", version]) == ("ci", "certificate"), version
    # What is shown besides decides.
    assert who(closed, pair, more=["-u", f"alice:{PASSWORD}"]) == ("alice", "password")
    assert who(closed, pair, more=["-u", "alice:wrong"]) == 401


def test_those_that_count_for_nothing(closed, ours, tmp_path):
    stranger = Authority(tmp_path, "stranger")
    revoked = ours.issue("revoked", f"URI:{SPIFFE}")
    assert who(closed, revoked) == ("ci", "certificate")
    ours.revoke(revoked)
    closed.process.send_signal(1)
    deadline = time.monotonic() + 20
    while who(closed, revoked) != 0 and time.monotonic() < deadline:
        time.sleep(0.2)
    wrong = {"revoked": revoked, "expired": ours.issue("old", f"URI:{SPIFFE}", dates=("20240101000000Z", "20250101000000Z")),
             "not yet": ours.issue("young", f"URI:{SPIFFE}", dates=("20390101000000Z", "20400101000000Z")),
             "of a server": ours.issue("server", f"URI:{SPIFFE}", usage="serverAuth"), "of a stranger": stranger.issue("c1", f"URI:{SPIFFE}"),
             "by itself": certificate(tmp_path / "own", "self", uri=f'"{SPIFFE}"')}
    for name, pair in wrong.items():
        assert curl(closed, pair)[0] == 0, name
    assert who(closed, ours.issue("right", f"URI:{SPIFFE}")) == ("ci", "certificate")


def test_names_that_are_nobodys(closed, ours):
    for name, san, said in (("n1", "URI:spiffe://example.com/ns/ci/sa/builder2", "nobody"), ("n2", None, "nobody"), ("n3", "DNS:" + SPIFFE[9:20], "nobody"),
                            ("n4", f"URI:{SPIFFE},DNS:build.example.com", "both ci and other"), ("n5", "DNS:*.example.com", "nobody")):
        status, body = curl(closed, ours.issue(name, san))
        assert status == 401 and ("is anybody's here" in body if said == "nobody" else said in body), (name, status, body)


def test_optional_and_required(closed, ours):
    assert curl(closed)[0] == 401 and curl(closed, more=["-u", f"root:{PASSWORD}"])[0] == 200
    assert curl(closed, base=closed.required)[0] == 0, "no handshake without one"
    assert curl(closed, base=closed.required, more=["-u", f"root:{PASSWORD}"])[0] == 0
    assert who(closed, ours.issue("r1", f"URI:{SPIFFE}"), base=closed.required) == ("ci", "certificate")
    plain = next(one["urls"][0] for one in closed.request("GET", "/api/v1/endpoints", headers=closed.operator()).json()["endpoints"]
                 if one["name"] == "plain")
    assert who(closed, ours.issue("r2", f"URI:{SPIFFE}"), base=plain) == 401, "an endpoint that asks for none takes none"


def test_required_holds_for_what_is_there_already(closed, ours):
    """A connection that is older than the rule, and an endpoint without TLS, on which nobody can show one."""
    port, host = free_port(), "127.0.0.1"
    made = {"name": "later", "listen": [f"{host}:{port}"], "allow": ["127.0.0.0/8"]}

    def change(**how):
        path = "/api/v1/endpoints"
        if how:
            tag = closed.request("GET", f"{path}/later", headers=closed.operator()).headers["ETag"]
            assert closed.request("DELETE", f"{path}/later", headers={**closed.operator(), "If-Match": tag}).status_code == 204
        answer = closed.request("POST", path, json={**made, **how}, headers=closed.operator())
        assert answer.status_code == 201, answer.text

    def ask(base):
        try:
            return browser.get(f"{base}/api/v1/whoami", auth=("root", PASSWORD), verify=str(closed.trust), timeout=60).status_code
        except requests.ConnectionError:
            return 0
    with requests.Session() as browser:
        change()
        assert ask(f"https://{host}:{port}") == 200
        change(client_certificate="required")
        assert ask(f"https://{host}:{port}") in (0, 403)
    with requests.Session() as browser:
        change(plain_http=True)
        assert ask(f"http://{host}:{port}") == 200
        change(plain_http=True, client_certificate="required")
        assert ask(f"http://{host}:{port}") == 403


def test_rights_and_their_end(closed, ours):
    pair = ours.issue("e1", "DNS:ending.example.com")
    closed.make("robots", {"name": "ending"})
    number = closed.make("certificates", {"principal": "ending", "kind": "dns", "value": "ending.example.com"})["id"]
    assert who(closed, pair) == ("ending", "certificate")
    token = json.loads(curl(closed, pair, path="/token?service=assay")[1])["token"]
    bearer = ["-H", f"Authorization: Bearer {token}"]
    assert curl(closed, path="/v2/", more=bearer)[0] == 200
    assert closed.request("DELETE", f"/api/v1/certificates/{number}", auth=("root", PASSWORD)).status_code == 204
    assert curl(closed, pair)[0] == 401 and curl(closed, path="/v2/", more=bearer)[0] == 401, "also what was made by it"
    assert curl(closed, ours.issue("e2", f"URI:{SPIFFE}"), path="/v2/ci/app/blobs/uploads/", more=["-X", "POST"])[0] == 202
    assert curl(closed, ours.issue("e3", f"URI:{SPIFFE}"), path="/v2/other/app/blobs/uploads/", more=["-X", "POST"])[0] in (403, 404)


def test_a_browser_shows_it_to_all_who_ask(closed, ours):
    pair, write = ours.issue("b1", f"URI:{SPIFFE}"), "/v2/ci/app/blobs/uploads/"
    for header, status in (("Sec-Fetch-Site: cross-site", 403), ("Origin: https://evil.example", 403), ("Sec-Fetch-Site: none", 202)):
        assert curl(closed, pair, path=write, more=["-X", "POST", "-H", header])[0] == status, header


def test_who_may_say_whose(closed):
    rule = {"principal": "ci", "kind": "dns", "value": "new.example.com"}
    for change, status in (({"value": "build.example.com"}, 409), ({"value": "*.example.com"}, 400), ({"kind": "x"}, 400),
                           ({"principal": "nobody"}, 404), ({"value": ""}, 400)):
        if change != {"value": "build.example.com"}:
            change = {**change, "kind": change.get("kind", "dns")}
        assert closed.request("POST", "/api/v1/certificates", json={**rule, **change}, headers=closed.operator()).status_code == status, change
    assert closed.request("POST", "/api/v1/certificates", json=rule, auth=("alice", PASSWORD)).status_code == 403
    told = closed.assay("certificate", "list").stdout
    assert SPIFFE in told and "build.example.com" in told
    closed.assay("certificate", "add", "ci", "--dns", "cli.example.com")
    listed = json.loads(closed.assay("certificate", "list", "--format", "json").stdout)
    closed.assay("certificate", "remove", next(str(one["id"]) for one in listed if one["value"] == "cli.example.com"))
    closed.assay("certificate", "add", "ci", check=2)


def test_a_real_client(closed, ours, tmp_path):
    """skopeo takes them from a folder, as docker and podman do from certs.d."""
    pair = ours.issue("s1", f"URI:{SPIFFE}")
    certs = tmp_path / "certs"
    certs.mkdir()
    for source, name in ((pair[0], "client.cert"), (pair[1], "client.key"), (closed.trust, "ca.crt")):
        shutil.copy(source, certs / name)
    from images import alpine_layout
    layout = alpine_layout(tmp_path / "alpine")
    copy = ["skopeo", "copy", "--quiet", "--dest-cert-dir", str(certs), "--authfile", str(tmp_path / "none.json"), f"oci:{layout}"]
    for repository, fine in (("ci/app", True), ("other/app", False)):
        done = subprocess.run([*copy, f"docker://{closed.address}/{repository}:v1"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=120)
        assert (done.returncode == 0) == fine, done.stdout
