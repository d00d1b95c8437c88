"""The clients that people use, each with credentials that are right, wrong, expired, revoked, and of somebody who is disabled, by the
file that their log-in writes and by what a Kubernetes pull secret holds. Debian's: skopeo, podman, buildah, docker, and containerd by ctr;
and, where `make clients` has built them (by Go), helm, oras, crane, and crictl at containerd's CRI."""
import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

import engines
import images
from assay_server import free_port
from attacked import PASSWORD, attacked

GO_TOOLS = ("crane", "oras", "helm", "crictl")
KINDS = {"right": True, "token": True, "person": True, "wrong": False, "expired": False, "revoked": False, "expired token": False,
         "revoked token": False, "disabled": False}


@pytest.fixture(scope="module")
def server(program, tmp_path_factory):
    server = attacked(program, tmp_path_factory.mktemp("clients"))
    layout = images.alpine_layout(tmp_path_factory.mktemp("alpine") / "alpine")
    server.image = f"{server.address}/team/image:v1"
    subprocess.run(["skopeo", "copy", "--quiet", "--dest-tls-verify=false", "--dest-creds", ":".join(server.mallory), f"oci:{layout}",
                    f"docker://{server.image}"], check=True)
    server.layout, server.credentials = layout, make_credentials(server)
    yield server
    server.stop()


def make_credentials(server):
    """(name, secret) of each of KINDS; what is to expire has."""
    def patch(path, body):
        answer = server.request("PATCH", f"/api/v1/{path}", headers=server.operator(), json=body)
        assert answer.status_code == 200, answer.text

    def end(path):
        answer = server.request("DELETE", f"/api/v1/{path}", headers=server.operator())
        assert answer.status_code == 204, answer.text
    def soon():
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3))
    server.make("users", {"name": "alice", "password": PASSWORD})
    server.make("grants", {"kind": "principal", "subject": "alice", "role": "developer", "pattern": "team/*"})
    found = {"right": server.mallory, "person": ("alice", PASSWORD), "wrong": (server.mallory[0], server.guest[1])}
    found["expired"] = "brief", server.make("robots", {"name": "brief", "expires": soon()})["secret"]
    server.make("grants", {"kind": "principal", "subject": "brief", "role": "developer", "pattern": "team/*"})
    found["revoked"] = server.robot("revoked", "developer")
    end("robots/revoked/secrets/1")
    found["disabled"] = server.robot("disabled", "developer")
    patch("robots/disabled", {"disabled": True})
    tokens = {name: server.make("tokens", {"user": "alice", "name": name, **more})
              for name, more in (("good", {}), ("old", {"expires": soon()}), ("gone", {}))}
    end(f"tokens/{tokens['gone']['id']}")
    found |= {"token": ("alice", tokens["good"]["token"]), "expired token": ("alice", tokens["old"]["token"]),
              "revoked token": ("alice", tokens["gone"]["token"])}
    time.sleep(3.5)
    return found


def pull_secret(server, name, secret):
    """The content of a Secret of type kubernetes.io/dockerconfigjson, as `kubectl create secret docker-registry` writes it."""
    entry = {"username": name, "password": secret, "auth": base64.b64encode(f"{name}:{secret}".encode()).decode()}
    return json.dumps({"auths": {server.address: entry}}).encode()


class Tool:
    """A client's command, with a HOME of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.environment = {**os.environ, "HOME": str(folder), "DOCKER_CONFIG": str(folder), "REGISTRY_AUTH_FILE": str(folder / "config.json"),
                            "HELM_REGISTRY_CONFIG": str(folder / "config.json"), "XDG_RUNTIME_DIR": str(folder)}

    def __call__(self, *command, stdin="", more=None):
        done = subprocess.run([*map(str, command)], input=stdin, text=True, errors="replace", env={**self.environment, **(more or {})}, timeout=120,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.output = done.stdout
        return done.returncode == 0


@pytest.fixture
def tool(tmp_path):
    return Tool(tmp_path)


def go_tool(name):
    """The path of a client that `make clients` has built; skips without."""
    folder = os.environ.get("ASSAY_GO_CLIENTS")
    path = shutil.which(name, path=folder) if folder else shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is no package of Debian's: `make clients` builds it and runs this (needs Go)")
    return path


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["skopeo", "podman", "buildah"])
def test_clients_of_containers(server, tool, tmp_path, name, kind):
    """Log-in, push and pull; the same by what a pull secret holds."""
    user, secret = server.credentials[kind]
    allowed = KINDS[kind]
    assert tool(name, "login", "--tls-verify=false", "--username", user, "--password-stdin", server.address, stdin=secret) == allowed, tool.output
    target = f"docker://{server.address}/team/{name}-{kind.replace(' ', '-')}:v1"
    assert tool("skopeo", "copy", "--quiet", "--dest-tls-verify=false", f"oci:{server.layout}", target) == allowed, tool.output
    (tmp_path / "config.json").write_bytes(pull_secret(server, user, secret))
    if name == "skopeo":
        assert tool("skopeo", "copy", "--quiet", "--src-tls-verify=false", f"docker://{server.image}", f"oci:{tmp_path / 'back'}") == allowed, tool.output
        return
    storage = tempfile.mkdtemp(prefix="assay-")
    try:
        pulled = tool(name, "--root", f"{storage}/storage", "--runroot", f"{storage}/run", "--storage-driver", "vfs", "pull", "--quiet",
                      "--tls-verify=false", server.image)
        if not pulled and allowed and "remount" in tool.output:
            pytest.skip("layers are unpacked only where / is a mount point")
        assert pulled == allowed, tool.output
    finally:
        subprocess.run(["rm", "-rf", "--one-file-system", storage], check=False)


@pytest.mark.parametrize("kind", KINDS)
def test_docker(running, server, kind):
    """Log-in, pull and push by the daemon; then with a pull secret's content as its file."""
    user, secret = server.credentials[kind]
    expected = 0 if KINDS[kind] else 1
    running.docker("logout", server.address, check=None)
    running.docker("login", "--username", user, "--password", secret, server.address, check=expected)
    running.docker("pull", server.image, check=expected)
    if KINDS[kind]:
        running.docker("push", server.image)
        running.docker("rmi", server.image)
    running.docker("logout", server.address, check=None)
    config = Path(running.environment["HOME"]) / ".docker/config.json"
    config.parent.mkdir(exist_ok=True)
    config.write_bytes(pull_secret(server, user, secret))
    running.docker("pull", server.image, check=expected)
    running.docker("rmi", server.image, check=None)
    config.unlink()


@pytest.mark.parametrize("kind", KINDS)
def test_containerd(running, server, kind):
    done = running.ctr("images", "pull", "--plain-http", "--user", ":".join(server.credentials[kind]), server.image, check=None)
    assert (done.returncode == 0) == KINDS[kind], done.stderr
    if KINDS[kind]:
        running.ctr("images", "push", "--plain-http", "--user", ":".join(server.credentials[kind]), server.image)
        running.ctr("images", "rm", "--sync", server.image)


class Cri:
    """containerd with its CRI, as a kubelet talks to it; crictl asks it."""

    def __init__(self, server, auth):
        self.folder = Path(tempfile.mkdtemp(prefix="assay-"))
        usr = images.cached("engines", engines.unpack) / "usr"
        host = self.folder / "certs.d" / server.address
        host.mkdir(parents=True)
        (host / "hosts.toml").write_text(f'server = "http://{server.address}"\n[host."http://{server.address}"]\n  capabilities = ["pull", "resolve"]\n')
        cri = f'[plugins."io.containerd.grpc.v1.cri".registry]\n  config_path = "{self.folder}/certs.d"\n'
        if auth:
            cri += f'[plugins."io.containerd.grpc.v1.cri".registry.configs."{server.address}".auth]\n  username = "{auth[0]}"\n  password = "{auth[1]}"\n'
        (self.folder / "containerd.toml").write_text(
            f'version = 2\nroot = "{self.folder}/root"\nstate = "{self.folder}/state"\n[grpc]\n  address = "{self.folder}/cri.sock"\n'
            f'[plugins."io.containerd.grpc.v1.cri".containerd]\n  snapshotter = "native"\n  disable_snapshot_annotations = true\n'
            f'[plugins."io.containerd.grpc.v1.cri"]\n  stream_server_port = "{free_port()}"\n{cri}')
        with open(self.folder / "log", "wb") as log:
            self.process = subprocess.Popen([f"{usr}/bin/containerd", "--config", self.folder / "containerd.toml"], stdout=log, stderr=log,
                                            env={**os.environ, "PATH": f"{usr}/bin:{usr}/sbin:{os.environ['PATH']}"})

    def ask(self, crictl, *arguments):
        endpoint = f"unix://{self.folder}/cri.sock"
        return subprocess.run([crictl, "--runtime-endpoint", endpoint, "--image-endpoint", endpoint, "--timeout", "60s", *arguments],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)

    def wait(self, crictl):
        deadline = time.monotonic() + 60
        while self.ask(crictl, "images").returncode != 0:
            assert time.monotonic() < deadline and self.process.poll() is None, (self.folder / "log").read_text()[-3000:]
            time.sleep(0.2)

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=60)
        subprocess.run(["rm", "-rf", "--one-file-system", str(self.folder)], check=False)


def test_containerds_cri(server):
    """As a kubelet has it pull: with the credentials of a request, in both of their forms, and with those of its own configuration."""
    crictl, reason = go_tool("crictl"), engines.why_not()
    if reason:
        pytest.skip(reason)
    cri = Cri(server, None)
    try:
        cri.wait(crictl)
        assert cri.ask(crictl, "pull", server.image).returncode != 0, "nobody"
        for kind, allowed in KINDS.items():
            credentials = ":".join(server.credentials[kind])
            for form in (("--creds", credentials), ("--auth", base64.b64encode(credentials.encode()).decode())):
                done = cri.ask(crictl, "pull", *form, server.image)
                assert (done.returncode == 0) == allowed, (kind, form[0], done.stdout)
                cri.ask(crictl, "rmi", server.image)
    finally:
        cri.stop()
    for kind in ("right", "revoked"):
        cri = Cri(server, server.credentials[kind])
        try:
            cri.wait(crictl)
            done = cri.ask(crictl, "pull", server.image)
            assert (done.returncode == 0) == KINDS[kind], done.stdout
        finally:
            cri.stop()


@pytest.mark.parametrize("kind", KINDS)
def test_crane(server, tool, tmp_path, kind):
    crane, (user, secret), allowed = go_tool("crane"), server.credentials[kind], KINDS[kind]
    assert tool(crane, "auth", "login", "--insecure", "--username", user, "--password-stdin", server.address, stdin=secret), "it only writes it down"
    for source in ("log-in", "pull secret"):
        if source == "pull secret":
            (tmp_path / "config.json").write_bytes(pull_secret(server, user, secret))
        assert tool(crane, "--insecure", "pull", "--format=oci", server.image, tmp_path / f"image of {source}") == allowed, tool.output
        assert tool(crane, "--insecure", "copy", server.image, f"{server.address}/team/crane:{kind.replace(' ', '-')}") == allowed, tool.output
        assert tool(crane, "--insecure", "ls", f"{server.address}/team/image") == allowed, tool.output
    if allowed:
        assert not tool(crane, "--insecure", "copy", server.image, f"{server.address}/other/crane:v1")


@pytest.mark.parametrize("kind", KINDS)
def test_oras(server, tool, tmp_path, kind):
    oras, (user, secret), allowed = go_tool("oras"), server.credentials[kind], KINDS[kind]
    (tmp_path / "file.txt").write_text("of an artifact\n")
    assert tool(oras, "login", "--plain-http", "--username", user, "--password-stdin", server.address, stdin=secret) == allowed, tool.output
    for source in ("log-in", "pull secret"):
        if source == "pull secret":
            (tmp_path / "config.json").write_bytes(pull_secret(server, user, secret))
        target = f"{server.address}/team/oras:{kind.replace(' ', '-')}"
        pushed = tool(oras, "push", "--plain-http", "--disable-path-validation", target, f"{tmp_path}/file.txt:text/plain")
        assert pushed == allowed, tool.output
        if allowed:
            assert tool(oras, "attach", "--plain-http", "--artifact-type", "application/x-note", "--disable-path-validation", target, f"{tmp_path}/file.txt"), tool.output
            assert tool(oras, "discover", "--plain-http", target) and "x-note" in tool.output
            assert tool(oras, "pull", "--plain-http", "--output", tmp_path / "out", target, "--allow-path-traversal"), tool.output


@pytest.mark.parametrize("kind", KINDS)
def test_helm(server, tool, tmp_path, kind):
    """A chart is made, pushed, shown and pulled."""
    helm, (user, secret), allowed = go_tool("helm"), server.credentials[kind], KINDS[kind]
    assert tool(helm, "create", tmp_path / "web") and tool(helm, "package", tmp_path / "web", "--destination", tmp_path), tool.output
    done = tool(helm, "registry", "login", "--plain-http", "--username", user, "--password-stdin", server.address, stdin=secret)
    assert done == allowed, tool.output
    for source in ("log-in", "pull secret"):
        if source == "pull secret":
            (tmp_path / "config.json").write_bytes(pull_secret(server, user, secret))
        repository = f"oci://{server.address}/team/{kind.replace(' ', '-')}"
        assert tool(helm, "push", "--plain-http", tmp_path / "web-0.1.0.tgz", repository) == allowed, tool.output
        if allowed:
            assert tool(helm, "show", "chart", "--plain-http", f"{repository}/web", "--version", "0.1.0") and "name: web" in tool.output
            assert tool(helm, "pull", "--plain-http", f"{repository}/web", "--version", "0.1.0", "--destination", tmp_path), tool.output
            assert not tool(helm, "push", "--plain-http", tmp_path / "web-0.1.0.tgz", f"oci://{server.address}/other"), tool.output
