"""assay scan docker://: Assay itself, docker-registry with a password, tokens, TLS, and registries that lie or break off."""
import base64
import contextlib
import gzip
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import time

import pytest
import requests

import images
from assay_server import findings_of as findings
from assay_server import free_port
from images import ALPINE_FOUND as FOUND
from lying_registry import Registry
from oci_layout import digest_of


def skopeo(*arguments):
    subprocess.run(["skopeo", "--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false", *map(str, arguments)],
                   check=True)


@pytest.fixture
def alpine(tmp_path):
    return images.alpine_layout(tmp_path / "alpine")


def test_our_own_registry(scan, alpine, server):
    skopeo(f"oci:{alpine}", f"docker://{server.address}/team/alpine:v1")
    digest = json.loads((alpine / "index.json").read_text())["manifests"][0]["digest"]
    for reference in (":v1", f"@{digest}"):
        target = f"docker://{server.address}/team/alpine{reference}"
        report = json.loads(scan("--no-cache", "--format", "json", target).stdout)
        assert report["digest"] == digest and len(report["findings"]) == len(FOUND)
    assert "MANIFEST_UNKNOWN" in scan(f"docker://{server.address}/team/alpine:v2", check=2).stderr
    assert scan(f"docker://{server.address}/Team/alpine", check=2).stderr
    assert scan(f"docker://127.0.0.1:{free_port()}/team/alpine", check=2).stderr


def test_policy_of_the_repository(scan, alpine, server, tmp_path):
    skopeo(f"oci:{alpine}", f"docker://{server.address}/team/alpine:v1")
    (tmp_path / "p.yaml").write_text('policies: [{name: team, namespaces: ["team/*"], vulnerabilities: {block: [high]}}]')
    refused = scan("--policy", tmp_path / "p.yaml", f"docker://{server.address}/team/alpine:v1", check=1)
    assert "team/alpine" in refused.stdout


@pytest.mark.skipif(not shutil.which("htpasswd"), reason="htpasswd is missing: make setup installs it")
def test_password(scan, alpine, tmp_path):
    """Debian's docker-registry with HTTP Basic; the auth file is what skopeo login writes."""
    port, passwords, config = free_port(), tmp_path / "htpasswd", tmp_path / "registry.yml"
    passwords.write_bytes(subprocess.run(["htpasswd", "-nbB", "user", "word"], check=True, capture_output=True).stdout)
    config.write_text(f"version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {tmp_path}/blobs}}}}\n"
                      f"http: {{addr: '127.0.0.1:{port}'}}\nauth: {{htpasswd: {{realm: test, path: {passwords}}}}}\n")
    process = subprocess.Popen(["docker-registry", "serve", str(config)], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with contextlib.suppress(requests.ConnectionError):
                requests.get(f"http://127.0.0.1:{port}/v2/", timeout=5)
                break
            time.sleep(0.05)
        auth = tmp_path / "auth.json"
        subprocess.run(["skopeo", "login", "--authfile", str(auth), "--tls-verify=false", "-u", "user", "-p", "word",
                        f"127.0.0.1:{port}"], check=True, stdout=subprocess.DEVNULL)
        skopeo("--dest-authfile", auth, f"oci:{alpine}", f"docker://127.0.0.1:{port}/team/alpine:v1")
        target = f"docker://127.0.0.1:{port}/team/alpine:v1"
        assert findings(scan("--format", "json", "--authfile", auth, target)) == FOUND
        assert findings(scan("--format", "json", target, env={"REGISTRY_AUTH_FILE": str(auth)})) == FOUND
        assert "login" in scan(target, check=2, env={"HOME": str(tmp_path)}).stderr
        auth.write_text(json.dumps({"auths": {f"127.0.0.1:{port}": {"auth": base64.b64encode(b"user:no").decode()}}}))
        assert scan("--authfile", auth, target, check=2).stderr
        assert "absent" in scan("--authfile", tmp_path / "absent", target, check=2).stderr
    finally:
        process.terminate()
        process.wait(timeout=30)


@pytest.fixture
def registry(alpine):
    made = Registry(alpine)
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_words_for_terminals(scan, registry):
    """A registry's own words are shown, but drive no terminal."""
    registry.changed[registry.manifest] = b'{"schemaVersion": 2, "mediaType": "\\u001b[31mred\\n"}'
    told = scan(registry.target, check=2).stderr
    assert "?[31mred" in told and "\x1b" not in told


def test_a_layer_larger_than_any_disk(scan, registry):
    manifest = json.loads(registry.blobs[registry.manifest])
    manifest["layers"][0]["size"] = 1 << 40
    registry.changed[registry.manifest] = json.dumps(manifest).encode()
    told = scan("--no-cache", registry.target, check=2).stderr
    assert "limits.layer_unpacked_bytes" in told and not any(path.rpartition("/")[2] in registry.layers for path in registry.asked)


def test_token(scan, registry, tmp_path):
    registry.token = "abc.def"
    auth = tmp_path / "auth.json"
    auth.write_text(json.dumps({"auths": {f"127.0.0.1:{registry.port}/team": {
        "auth": base64.b64encode(b"me:secret").decode()}}}))
    assert findings(scan("--format", "json", "--authfile", auth, registry.target)) == FOUND
    asked = next(path for path in registry.asked if path.startswith("/token"))
    assert asked == "/token?service=a%2C%20b&scope=repository%3Ateam%2Falpine%3Apull"
    assert "login" in scan(registry.target, check=2, env={"HOME": str(tmp_path)}).stderr
    registry.token = "with\r\nInjected: header"
    assert "no token" in scan("--no-cache", "--authfile", auth, registry.target, check=2).stderr


def test_a_token_that_expires_is_asked_for_again(scan, registry, tmp_path):
    registry.token, registry.expires, registry.cut = "first", True, 1
    assert findings(scan("--format", "json", "--creds", "me:secret", registry.target)) == FOUND
    tokens = [path for path in registry.asked if path.startswith("/token")]
    assert len(tokens) == len(registry.asked) - 2 * len(tokens) >= 3


def test_credentials_of_the_command_line(scan, registry):
    registry.token = "abc"
    assert findings(scan("--format", "json", "--creds", "me:secret", registry.target)) == FOUND
    for wrong in ("me:wrong", "me"):
        assert "login" in scan("--no-cache", "--creds", wrong, registry.target, check=2).stderr
    assert "USER:PASSWORD" in scan("--creds", ":x", registry.target, check=2).stderr


HELPERS = {"good": 'read -r host; printf \'{"ServerURL":"%s","Username":"me","Secret":"secret"}\' "$host"',
           "none": "echo credentials not found in native keychain; exit 1", "broken": "echo the vault is sealed; exit 1",
           "odd": "echo '{}'", "noise": "head -c 100000 /dev/urandom"}


def test_credential_helpers(scan, registry, tmp_path):
    """docker-credential-NAME, as config.json of docker names them for a host or for all."""
    registry.token = "abc"
    programs, home = tmp_path / "bin", tmp_path / "home"
    for folder in (programs, home / ".docker", home / "other"):
        folder.mkdir(parents=True)
    for name, script in HELPERS.items():
        (programs / f"docker-credential-{name}").write_text(f"#!/bin/sh\n{script}\n")
        (programs / f"docker-credential-{name}").chmod(0o755)
    config, host = home / ".docker/config.json", f"127.0.0.1:{registry.port}"
    environment = {"HOME": str(home), "PATH": f"{programs}:{os.environ['PATH']}"}

    def run(content, check=0, **more):
        config.write_text(json.dumps(content))
        return scan("--no-cache", "--format", "json", registry.target, check=check, env={**environment, **more})
    assert findings(run({"credHelpers": {host: "good"}})) == FOUND
    assert findings(run({"auths": {host: {}}, "credsStore": "good"})) == FOUND
    assert "login" in run({"credsStore": "none"}, check=2).stderr
    assert "the vault is sealed" in run({"credsStore": "broken"}, check=2).stderr
    assert "Username" in run({"credsStore": "odd"}, check=2).stderr
    assert "docker-credential-noise" in run({"credsStore": "noise"}, check=2).stderr
    assert "docker-credential-absent" in run({"credsStore": "absent"}, check=2).stderr
    assert "credential helper" in run({"credsStore": "../bin/good"}, check=2).stderr
    # The keys of docker's files are addresses, and the entries of some have the two apart.
    assert findings(run({"auths": {f"http://{host}/v1/": {"username": "me", "password": "secret"}}})) == FOUND
    config.rename(home / "other/config.json")
    assert "login" in scan("--no-cache", registry.target, check=2, env=environment).stderr
    assert findings(scan("--format", "json", registry.target, env={**environment, "DOCKER_CONFIG": str(home / "other")})) == FOUND


def test_a_busy_registry_is_waited_for(scan, registry):
    registry.busy = [(429, "1"), (503, None)]
    assert findings(scan("--format", "json", registry.target)) == FOUND
    registry.busy = [(429, "0")] * 100
    assert "TOOMANYREQUESTS: slow down" in scan("--no-cache", registry.target, check=2).stderr
    assert len(registry.busy) == 96


@pytest.mark.parametrize("knows_ranges", [True, False])
def test_broken_transfer_goes_on(scan, registry, knows_ranges):
    registry.cut, registry.knows_ranges = 1, knows_ranges
    assert findings(scan("--format", "json", registry.target)) == FOUND
    assert registry.ranges == ([50] if knows_ranges else [])
    registry.cut = 100
    assert scan("--no-cache", registry.target, check=2).stderr


def test_full_disk(scan, registry):
    """RLIMIT_FSIZE stands for the end of the disk."""
    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
    assert "$TMPDIR" in scan("--no-cache", registry.target, check=2, preexec_fn=limit).stderr


def test_registry_that_lies(scan, registry):
    manifest = json.loads(registry.blobs[registry.manifest])
    layer, config = manifest["layers"][0], manifest["config"]["digest"]
    size = layer["size"]
    for name, body, message in (
            (layer["digest"], bytes(size), "other bytes"), (layer["digest"], b"short", "less than"),
            (layer["digest"], bytes(size + 1), "more than"), (config, b"{}", "other bytes"),
            (layer["digest"], gzip.compress(b"x" * 9999).ljust(size, b"\0")[:size], "other bytes")):
        registry.changed = {name: body}
        assert message in scan("--no-cache", registry.target, check=2).stderr, (name, message)
    other = b'{"schemaVersion": 2}'
    registry.changed = {registry.manifest: other, digest_of(other): other}
    assert scan("--no-cache", registry.target, check=2).stderr
    assert "other bytes" in scan("--no-cache", registry.target.replace(":v1", f"@{registry.manifest}"), check=2).stderr


def test_tls(scan, alpine, start_server, tmp_path):
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days",
                    "2", "-subj", "/CN=registry.test", "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    plain = start_server()
    skopeo(f"oci:{alpine}", f"docker://{plain.address}/team/alpine:v1")
    assert "plain HTTP? --insecure" in scan("--no-cache", f"docker://0.0.0.0:{plain.port}/team/alpine:v1", check=2).stderr
    plain.stop()
    plain.config.write_text(plain.config.read_text() + f"\ntls: {{certificate: {certificate}, key: {key}}}\n")
    process = subprocess.Popen([plain.program, "serve", "--config", plain.config, "--data", plain.data, "--listen",
                                plain.address], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", plain.port), 5).close()
                break
            time.sleep(0.1)
        target = f"docker://{plain.address}/team/alpine:v1"
        assert findings(scan("--insecure", "--format", "json", target)) == FOUND
        told = scan("--no-cache", target, check=2).stderr
        assert "its authority is not known" in told and "--cert-dir" in told and "--insecure" in told
        # Its authority: in a folder of our own, where containers-certs.d(5) has it, or in the configuration.
        config, places = tmp_path / "scan.yaml", tmp_path / "home/.config/containers/certs.d" / plain.address
        config.write_text(f"ca_file: {certificate}\n")
        for folder in (places, tmp_path / "certs"):
            folder.mkdir(parents=True)
            shutil.copy(certificate, folder / "ca.crt")
        for arguments, environment in ((["--cert-dir", tmp_path / "certs"], {}), (["--config", config], {}),
                                       ([], {"HOME": str(tmp_path / "home"), "XDG_CONFIG_HOME": ""})):
            assert findings(scan("--no-cache", "--format", "json", *arguments, target, env=environment)) == FOUND
        (tmp_path / "certs/client.cert").write_bytes(certificate.read_bytes())
        assert "client.key" in scan("--no-cache", "--cert-dir", tmp_path / "certs", target, check=2).stderr
        assert "absent" in scan("--no-cache", "--cert-dir", tmp_path / "absent", target, check=2).stderr
    finally:
        process.terminate()
        assert process.wait(timeout=60) == 0
