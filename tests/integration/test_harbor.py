"""Assay as Harbor's scanner: images of Debian's docker-registry with a password, and of another Assay; the credential, refusals, what is
read again, cancelling and restarts. docs/openapi.yaml holds for each answer."""
import contextlib
import json
import re
import shutil
import subprocess
import time

import pytest
import requests

import images
import test_api
from assay_server import free_port, run_assay
from harbor import CYCLONEDX, DOCKER, OCI, OLD_REPORT, REPORT, SBOM, SPDX, Harbor, Refused, basic
from images import ALPINE_FOUND
from lying_registry import Registry
from oci_layout import Layout, digest_of, tar_of

SECRET = "pull-secret-of-the-robot"


class PasswordRegistry:
    """docker-registry that only "robot" may pull from, and what it was asked for."""

    def __init__(self, folder):
        folder.mkdir()
        self.port, self.log = free_port(), folder / "log"
        passwords, config = folder / "htpasswd", folder / "registry.yml"
        passwords.write_bytes(subprocess.run(["htpasswd", "-nbB", "robot", SECRET], check=True, capture_output=True).stdout)
        config.write_text(f"version: 0.1\nlog: {{level: info}}\nstorage: {{filesystem: {{rootdirectory: {folder}/blobs}}}}\n"
                          f"http: {{addr: '127.0.0.1:{self.port}'}}\nauth: {{htpasswd: {{realm: test, path: {passwords}}}}}\n"
                          "validation: {manifests: {urls: {allow: ['.*']}}}\n")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(["docker-registry", "serve", config], stdout=log, stderr=subprocess.STDOUT)
        for _ in range(200):
            with contextlib.suppress(requests.ConnectionError):
                requests.get(f"{self.url}/v2/", timeout=5)
                return
            time.sleep(0.1)
        raise AssertionError(self.log.read_text())

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    @property
    def url(self):
        return f"http://{self.address}"

    def push(self, layout, repository, tag=""):
        """The digest of the manifest, or index, that is pushed."""
        subprocess.run(["skopeo", "--insecure-policy", "copy", "--all", "--quiet", "--dest-tls-verify=false", "--dest-creds", f"robot:{SECRET}",
                        f"oci:{layout}{tag}", f"docker://{self.address}/{repository}"], check=True)
        return json.loads((layout / "index.json").read_text())["manifests"][0]["digest"]

    def blobs_read(self):
        return len(re.findall(r'"GET /v2/[^ ]*/blobs/[^"]*" 200', self.log.read_text()))


@pytest.fixture
def registry(tmp_path):
    if not shutil.which("docker-registry") or not shutil.which("htpasswd"):
        pytest.skip("docker-registry or htpasswd is not installed")
    registry = PasswordRegistry(tmp_path / "registry")
    yield registry
    registry.process.terminate()
    registry.process.wait(timeout=30)


@pytest.fixture
def start_scanner(start_server, alpine_data, program):
    """A server with the advisories of images.ALPINE_SECDB that may pull from the registries that are given."""
    def start(*registries, config="", data=alpine_data, **options):
        def prepare(server):
            if data is not None:
                shutil.copytree(data, server.data)
        listed = "".join(f"    - {registry}\n" for registry in registries)
        return start_server(config=f"harbor:\n  registries:\n{listed}{config}", prepare=prepare, **options)
    return start


def found_in(report):
    """Without what is said of the image: this one of Alpine's gets no more fixes."""
    return sorted((item["id"], item["package"], item["fix_version"]) for item in report["vulnerabilities"]
                  if not item["id"].startswith("ASSAY-"))


def test_vulnerabilities(start_scanner, registry, tmp_path):
    scanner = start_scanner(registry.url)
    digest = registry.push(images.alpine_layout(tmp_path / "alpine"), "team/alpine:v1")
    harbor = Harbor(f"{scanner.url}/harbor")
    metadata = harbor.metadata()
    assert [each["type"] for each in metadata["capabilities"]] == ["vulnerability", "sbom"]
    assert metadata["properties"]["harbor.scanner-adapter/vulnerability-database-updated-at"].startswith("20")
    report = harbor.scan(registry.url, "team/alpine", digest, basic("robot", SECRET))
    test_api.check_schema(report, test_api.DESCRIPTION["components"]["schemas"]["HarborVulnerabilityReport"])
    assert found_in(report) == sorted(ALPINE_FOUND)
    assert [item["id"] for item in report["vulnerabilities"] if item["id"].startswith("ASSAY-")] == ["ASSAY-NO-MORE-FIXES"]
    item = report["vulnerabilities"][0]
    assert item["status"] == "fixed" and item["layer"]["digest"].startswith("sha256:")
    assert report["artifact"] == {"repository": "team/alpine", "digest": digest, "tag": "v1", "mime_type": OCI}
    # The older form has the same content.
    assert found_in(harbor.scan(registry.url, "team/alpine", digest, basic("robot", SECRET), accept=OLD_REPORT)) == sorted(ALPINE_FOUND)


def test_known_layers_are_not_read(start_scanner, registry, tmp_path):
    """Neither after a restart: the config alone is."""
    scanner = start_scanner(registry.url)
    digest = registry.push(images.alpine_layout(tmp_path / "alpine"), "team/alpine:v1")
    arguments = (registry.url, "team/alpine", digest, basic("robot", SECRET))
    Harbor(f"{scanner.url}/harbor").scan(*arguments)
    assert registry.blobs_read() == 2
    scanner.stop()
    scanner.start()
    assert found_in(Harbor(f"{scanner.url}/harbor").scan(*arguments)) == sorted(ALPINE_FOUND)
    assert registry.blobs_read() == 3


def test_sboms(start_scanner, registry, tmp_path):
    scanner = start_scanner(registry.url)
    digest = registry.push(images.alpine_layout(tmp_path / "alpine"), "team/alpine:v1")
    harbor, arguments = Harbor(f"{scanner.url}/harbor"), (registry.url, "team/alpine", digest, basic("robot", SECRET))
    report = harbor.scan(*arguments, accept=SBOM, sbom=SPDX)
    test_api.check_schema(report, test_api.DESCRIPTION["components"]["schemas"]["HarborSbomReport"])
    assert report["media_type"] == SPDX and report["sbom"]["spdxVersion"] == "SPDX-2.3"
    assert {"musl", "busybox"} <= {package["name"] for package in report["sbom"]["packages"]}
    # All that there is, where nothing is said.
    scan = harbor.submit(*arguments, enabled_capabilities=[])
    assert harbor.report(scan, SBOM, CYCLONEDX)["sbom"]["bomFormat"] == "CycloneDX"
    assert found_in(harbor.report(scan)) == sorted(ALPINE_FOUND)
    # One that was not asked for, and one without its query.
    only = harbor.submit(*arguments)
    harbor.report(only)
    for accept, sbom in ((SBOM, SPDX), (SBOM, None), (SBOM, "application/xml")):
        with pytest.raises(Refused) as refused:
            harbor.report(only, accept, sbom)
        assert refused.value.status == 400
    with pytest.raises(Refused) as refused:
        harbor.report(only, "application/vnd.security.vulnerability.report; version=2.0")
    assert refused.value.status == 501 and REPORT in refused.value.message


# name, what of the request is another, the status, what the message has
WRONG = [
    ("other-registry", {"registry": {"url": "https://registry.example.org"}}, 422, "registry.example.org"),
    ("private-address", {"registry": {"url": "http://169.254.169.254"}}, 422, "169.254.169.254"),
    ("loopback", {"registry": {"url": "http://127.0.0.1:1"}}, 422, "127.0.0.1:1"),
    ("other-scheme", {"registry": {"url": "file:///etc/passwd"}}, 422, "file:"),
    ("no-registry", {"registry": None}, 422, "registry is missing"),
    ("registry-is-a-text", {"registry": "http://a"}, 400, "must be an object"),
    ("url-is-a-number", {"registry": {"url": 1}}, 400, "must be a text"),
    ("artifact-is-missing", {"artifact": None}, 422, "artifact is missing"),
    ("tag-for-digest", {"artifact": {"repository": "a", "digest": "v1", "mime_type": OCI}}, 422, "no digest"),
    ("name-is-none", {"artifact": {"repository": "../a", "digest": "sha256:" + "0" * 64, "mime_type": OCI}}, 422, "no name"),
    ("a-chart", {"artifact": {"repository": "a", "digest": "sha256:" + "0" * 64, "mime_type": "application/x"}}, 501, "not scanned"),
    ("no-type", {"artifact": {"repository": "a", "digest": "sha256:" + "0" * 64}}, 422, "mime_type"),
    ("malware", {"enabled_capabilities": [{"type": "malware"}]}, 501, "neither"),
    ("capability-is-none", {"enabled_capabilities": ["sbom"]}, 400, "objects"),
    ("xml", {"enabled_capabilities": [{"type": "sbom", "parameters": {"sbom_media_types": ["text/xml"]}}]}, 501, "SBOM"),
]


def test_wrong_requests(start_scanner):
    scanner = start_scanner("http://127.0.0.1:9")
    for name, change, status, said in WRONG:
        body = {"registry": {"url": "http://127.0.0.1:9"},
                "artifact": {"repository": "a", "digest": "sha256:" + "0" * 64, "mime_type": OCI}, **change}
        answer = scanner.request("POST", "/harbor/api/v1/scan", json=body)
        assert answer.status_code == status, f"{name}: {answer.status_code} {answer.text}"
        assert said in answer.json()["error"]["message"], f"{name}: {answer.text}"
        test_api.check_described("/harbor/api/v1/scan", answer, "post")
    for body in (b"", b"{", b"[]", b"\xff", b"[" * 100_000, b'{"a":' + b"[1]," * 300_000):
        answer = scanner.request("POST", "/harbor/api/v1/scan", data=body)
        assert answer.status_code in (400, 413), f"{body[:20]}: {answer.status_code}"
        assert answer.json()["error"]["message"]


# name, which authorization, which image, what the error has
FAILING = [
    ("wrong-password", basic("robot", "guess"), "there", "who asks|UNAUTHORIZED|authentication"),
    ("no-password", "", "there", "who asks|UNAUTHORIZED|authentication"),
    ("no-header", "Digest abc", "there", "must be"),
    ("lines", "Bearer a\r\nX-Evil: 1", "there", "must be"),
    ("missing", basic("robot", SECRET), "missing", "unknown"),
    ("index", basic("robot", SECRET), "index", "one by one"),
]


def test_failing_scans(start_scanner, registry, tmp_path):
    """A scan that fails says why, and nothing of how to log in here."""
    scanner = start_scanner(registry.url)
    digests = {"there": registry.push(images.alpine_layout(tmp_path / "alpine"), "team/alpine:v1"), "missing": digest_of(b""),
               "index": registry.push(images.index_layout(tmp_path / "index", "v1"), "team/alpine:i", ":v1")}
    harbor = Harbor(f"{scanner.url}/harbor")
    for name, authorization, image, said in FAILING:
        with pytest.raises(Refused) as refused:
            harbor.scan(registry.url, "team/alpine", digests[image], authorization)
        assert refused.value.status == 500, name
        assert re.search(said, refused.value.message), f"{name}: {refused.value.message}"
        assert "skopeo" not in refused.value.message and "--" not in refused.value.message, name


def test_registries_that_lie(start_scanner, tmp_path):
    """Bytes of another digest, layers that are too large or cut, configs and manifests that are none: the scan fails, and the next is
    done. Tokens, of the service that is named and as they come."""
    lying = Registry(images.alpine_layout(tmp_path / "alpine"))
    url, layer = f"http://127.0.0.1:{lying.port}", next(iter(lying.layers))
    scanner = start_scanner(url)
    harbor = Harbor(f"{scanner.url}/harbor")

    def manifest_with(**members):
        text = json.dumps({**json.loads(lying.blobs[lying.manifest]), **members}).encode()
        return digest_of(text), {digest_of(text): text}
    layers = json.loads(lying.blobs[lying.manifest])["layers"]
    cases = [("other-bytes", lying.manifest, {lying.manifest: lying.blobs[lying.manifest] + b" "}),
             ("no-manifest", lying.manifest, {lying.manifest: b"\x1b[31mred"}),
             ("too-large", *manifest_with(layers=[{**layers[0], "size": 1 << 40}])),
             ("too-many", *manifest_with(layers=layers * 20_000)),
             ("other-layer", lying.manifest, {layer: lying.blobs[layer] + b"x"}),
             ("cut-layer", lying.manifest, {layer: lying.blobs[layer][:50]}),
             ("no-config", lying.manifest, {json.loads(lying.blobs[lying.manifest])["config"]["digest"]: b"{}"})]
    for name, digest, changed in cases:
        lying.changed = changed
        with pytest.raises(Refused) as refused:
            harbor.scan(url, "team/alpine", digest)
        assert refused.value.status == 500 and refused.value.message, name
    lying.changed, lying.token = {}, "abc.def"
    for authorization in ("Basic bWU6c2VjcmV0", "Bearer abc.def"):
        assert found_in(harbor.scan(url, "team/alpine", lying.manifest, authorization)) == sorted(ALPINE_FOUND)
    with pytest.raises(Refused):
        harbor.scan(url, "team/alpine", lying.manifest, "Bearer abc")
    lying.server.shutdown()
    lying.server.server_close()


def test_secret_is_nowhere(start_scanner, registry, tmp_path):
    """Neither in the log nor in a file, also of a scan that fails."""
    scanner = start_scanner(registry.url, config="log_level: debug\n")
    digest = registry.push(images.alpine_layout(tmp_path / "alpine"), "team/alpine:v1")
    harbor = Harbor(f"{scanner.url}/harbor")
    harbor.scan(registry.url, "team/alpine", digest, basic("robot", SECRET))
    with pytest.raises(Refused):
        harbor.scan(registry.url, "team/other", digest, basic("robot", SECRET))
    scanner.stop()
    secrets = [SECRET.encode(), basic("robot", SECRET)[6:].encode()]
    for path in [scanner.log, *scanner.data.rglob("*")]:
        if path.is_file():
            assert not any(secret in path.read_bytes() for secret in secrets), path
    scanner.start()


def test_of_another_assay(start_scanner, start_server, skopeo, tmp_path):
    """Whose tokens are for its robots; and layers that are ours too are known."""
    other = start_server(name="other", config="access:\n  mode: closed\n")
    secret = other.make("robots", {"name": "pull"})["secret"]
    other.make("grants", {"kind": "principal", "subject": "pull", "role": "developer", "pattern": "*"})
    layout = images.alpine_layout(tmp_path / "alpine")
    subprocess.run(["skopeo", "--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false", "--dest-creds", f"pull:{secret}",
                    f"oci:{layout}", f"docker://{other.address}/team/alpine:v1"], check=True)
    digest = json.loads((layout / "index.json").read_text())["manifests"][0]["digest"]
    scanner = start_scanner(other.url)
    harbor = Harbor(f"{scanner.url}/harbor")
    assert found_in(harbor.scan(other.url, "team/alpine", digest, basic("pull", secret))) == sorted(ALPINE_FOUND)
    with pytest.raises(Refused):
        harbor.scan(other.url, "team/alpine", digest)


def test_a_layer_of_somebody_else(start_scanner, registry, tmp_path):
    """A manifest may name any layer as one that clients fetch from elsewhere. What Assay knows of it, from its own images or from scans
    for others, is not told to who names its digest."""
    status = "Package: topsecret\nStatus: install ok installed\nVersion: 1.0-1\nArchitecture: amd64\nMaintainer: x\nDescription: x\n\n"
    layout = Layout(tmp_path / "secret")
    tar = tar_of({"etc/os-release": images.DEBIAN_12, "var/lib/dpkg/status": status})
    layout.add_image("v1", [tar])
    manifest = json.loads((layout.folder / "blobs/sha256" / layout.entries[0]["digest"].split(":")[1]).read_text())
    layer = manifest["layers"][0]
    scanner = start_scanner(registry.url)
    subprocess.run(["skopeo", "--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false", f"oci:{layout.folder}:v1",
                    f"docker://{scanner.address}/secret/app:v1"], check=True)
    scanner.wait_for_scan("secret/app", layout.entries[0]["digest"])
    foreign = {**layer, "mediaType": "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", "urls": ["https://example.com/layer"]}
    config = (layout.folder / "blobs/sha256" / manifest["config"]["digest"].split(":")[1]).read_bytes()
    text = json.dumps({**manifest, "layers": [foreign]}).encode()
    auth, base = ("robot", SECRET), f"{registry.url}/v2/team/stolen"
    place = requests.post(f"{base}/blobs/uploads/", auth=auth, timeout=30).headers["Location"]
    requests.put(f"{place}&digest={digest_of(config)}", data=config, auth=auth, timeout=30).raise_for_status()
    requests.put(f"{base}/manifests/v1", data=text, auth=auth, timeout=30, headers={"Content-Type": OCI}).raise_for_status()
    harbor = Harbor(f"{scanner.url}/harbor")
    for _ in range(2):
        with pytest.raises(Refused) as refused:
            harbor.report(harbor.submit(registry.url, "team/stolen", digest_of(text), basic(*auth), enabled_capabilities=[]), SBOM, SPDX)
        assert refused.value.status == 500 and "topsecret" not in refused.value.message
        # Who has the layer there is told, and that makes it known by another way.
        own = registry.push(layout.folder, "team/own:v1", ":v1")
        report = harbor.scan(registry.url, "team/own", own, basic(*auth), accept=SBOM, sbom=SPDX)
        assert "topsecret" in {package["name"] for package in report["sbom"]["packages"]}


def test_rights(start_scanner, registry, tmp_path):
    """The verb scan on all repositories, and nothing else; reports are for who asked."""
    scanner = start_scanner(registry.url, config="access:\n  mode: closed\n")
    digest = registry.push(images.alpine_layout(tmp_path / "alpine"), "team/alpine:v1")
    scanner.assay("role", "create", "harbor-scanner", "scan")
    robots = {}
    for name, role, pattern in (("harbor", "harbor-scanner", "*"), ("second", "harbor-scanner", "*"),
                                ("narrow", "harbor-scanner", "team/*"), ("reader", "guest", "*")):
        robots[name] = basic(name, scanner.make("robots", {"name": name})["secret"])
        scanner.make("grants", {"kind": "principal", "subject": name, "role": role, "pattern": pattern})
    harbor = Harbor(f"{scanner.url}/harbor", robots["harbor"])
    harbor.metadata()
    scan = harbor.submit(registry.url, "team/alpine", digest, basic("robot", SECRET))
    assert found_in(harbor.report(scan)) == sorted(ALPINE_FOUND)
    for name, status in (("narrow", 403), ("reader", 403), (None, 401)):
        for ask in (lambda other: other.metadata(), lambda other: other.report(scan),
                    lambda other: other.submit(registry.url, "team/alpine", digest)):
            with pytest.raises(Refused) as refused:
                ask(Harbor(f"{scanner.url}/harbor", robots.get(name)))
            assert refused.value.status == status and refused.value.message, name
    with pytest.raises(Refused) as refused:
        Harbor(f"{scanner.url}/harbor", robots["second"]).report(scan)
    assert refused.value.status == 404
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        listed = scanner.get_json("/api/v1/audit?type=scan.asked", headers=scanner.operator())["records"]
        if listed:
            break
        time.sleep(0.2)
    assert f"{registry.address}/team/alpine@{digest}" in json.dumps(listed) and SECRET not in json.dumps(listed)


def test_off_by_default(server):
    for method, path in (("GET", "/metadata"), ("POST", "/scan"), ("GET", "/scan/x/report")):
        answer = server.request(method, f"/harbor/api/v1{path}", json={} if method == "POST" else None)
        assert answer.status_code == 404 and "harbor.registries" in answer.json()["error"]["message"]
        test_api.check_described(f"/harbor/api/v1{path}", answer, method.lower())


def test_what_is_not_known(start_scanner, registry, tmp_path):
    """Is an entry of the report, or an error where the operator wants that; without advisories there is no report."""
    layout = Layout(tmp_path / "odd")
    layout.add_image("v1", [{"etc/os-release": 'NAME="Odd"\nID=odd\nVERSION_ID="1"\n', "bin/x": b"\0odd"}])
    digest = registry.push(tmp_path / "odd", "team/odd:v1", ":v1")
    arguments = (registry.url, "team/odd", digest, basic("robot", SECRET))
    report = Harbor(f"{start_scanner(registry.url).url}/harbor").scan(*arguments)
    assert {item["id"] for item in report["vulnerabilities"]} == {"ASSAY-NOT-KNOWN"}
    assert all(item["severity"] == "Unknown" and item["package"] for item in report["vulnerabilities"])
    test_api.check_schema(report, test_api.DESCRIPTION["components"]["schemas"]["HarborVulnerabilityReport"])
    with pytest.raises(Refused) as refused:
        Harbor(f"{start_scanner(registry.url, config='  unknown: fail' + chr(10)).url}/harbor").scan(*arguments)
    assert "not all of the image is known" in refused.value.message
    alpine = registry.push(images.alpine_layout(tmp_path / "alpine"), "team/alpine:v1")
    with pytest.raises(Refused) as refused:
        Harbor(f"{start_scanner(registry.url, data=None).url}/harbor").scan(registry.url, "team/alpine", alpine, arguments[3])
    assert "there are no advisories" in refused.value.message


def test_cancelled_and_restarted(start_scanner, tmp_path):
    """A registry that does not answer: the scan waits, is cancelled by a person; one that a restart has cut off is not there."""
    import socket
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        scanner = start_scanner(url)
        harbor = Harbor(f"{scanner.url}/harbor")
        scans = [harbor.submit(url, "a", digest_of(b"a")) for _ in range(4)]
        answer = scanner.request("GET", f"/harbor/api/v1/scan/{scans[0]}/report", headers={"Accept": REPORT}, allow_redirects=False)
        assert answer.status_code == 302 and answer.content == b""
        for scan in (scans[0], scans[3]):  # one that runs, one that waits
            answer = scanner.request("DELETE", f"/api/v1/jobs/harbor-scan:{scan}")
            assert answer.status_code in (200, 202), answer.text
            with pytest.raises(Refused) as refused:
                harbor.report(scan)
            assert refused.value.status == 500 and "cancelled" in refused.value.message
        scanner.kill()
        scanner.start()
        for scan in (scans[1], "no-such-scan"):
            with pytest.raises(Refused) as refused:
                harbor.report(scan)
            assert refused.value.status == 404 and "ask for the scan again" in refused.value.message
        harbor.submit(url, "a", digest_of(b"a"), mime_type=DOCKER)  # a stop does not wait for it


def test_registries_of_the_configuration(program, tmp_path):
    for line, wrong in (("harbor.example.org", False), ("http://core:8080", False), ("https://a:443/", False), ("[::1]:5000", False),
                        ("ftp://a", True), ("https://user@a", True), ("a/b", True), ("a:port", True), ("http://", True)):
        (tmp_path / "c.yaml").write_text(f"harbor:\n  registries: [\"{line}\"]\n")
        said = run_assay(program, "check", "--config", tmp_path / "c.yaml", "--data", tmp_path / "data", check=None,
                         log_prefix=tmp_path / "sanitizer")
        assert ("harbor.registries" in said.stdout + said.stderr) == wrong, line
