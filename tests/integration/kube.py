"""A real API server of Kubernetes with etcd, built from Debian's own source package, to judge what the webhooks answer. No nodes: what is
asked is whether an object is stored, and as what.

It takes some minutes once, and is kept in the cache of the tests. `make kubernetes` runs what needs it."""
import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest
import requests

import signing_judges
from assay_server import free_port
from images import cache_folder, cached

SUITE = "bookworm"
PACKAGES = ["golang-1.19-go", "golang-1.19-src", "etcd-server", "golang-github-modern-go-reflect2-dev", "golang-github-json-iterator-go-dev",
            "golang-github-modern-go-concurrent-dev"]
PROJECT = "src/k8s.io/kubernetes"
# Of the vendored ones, those that die with a Go that is newer than they are.
REPLACED = ["github.com/modern-go/reflect2", "github.com/json-iterator/go"]
OPENAPI = "pkg/generated/openapi"


def run(*command, **options):
    done = subprocess.run(["nice", "-n", "15", *map(str, command)], capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, f"{command}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout


def fetch(folder, apt):
    """The packages below folder/root, and the source as a package of Go below folder/go."""
    archives = folder / "debs"
    archives.mkdir()
    run(*apt, "update")
    run(*apt, "download", *PACKAGES, cwd=archives)
    for deb in archives.glob("*.deb"):
        run("dpkg-deb", "--extract", deb, folder / "root")
    run(*apt, "source", "--download-only", "kubernetes", cwd=archives)
    (folder / "go" / PROJECT).parent.mkdir(parents=True)
    run("dpkg-source", "--no-check", "-x", next(archives.glob("*.dsc")), folder / "go" / PROJECT)


def compile_server(folder):
    project, root = folder / "go" / PROJECT, folder / "root"
    environment = {**os.environ, "GOPATH": str(folder / "go"), "GO111MODULE": "off", "GOROOT": str(root / "usr/lib/go-1.19"), "GOFLAGS": "",
                   "GOCACHE": str(folder / "go-cache"), "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOWORK": "off"}
    go = root / "usr/lib/go-1.19/bin/go"
    for name in REPLACED:
        shutil.rmtree(project / "vendor" / name)
        shutil.copytree(root / "usr/share/gocode/src" / name, project / "vendor" / name)
    run(go, "build", "-p", "2", "-o", folder / "openapi-gen", "./vendor/k8s.io/kube-openapi/cmd/openapi-gen", cwd=project, env=environment)
    tagged = run("grep", "-rl", "--include=*.go", "--exclude=*_test.go", "+k8s:openapi-gen=", "pkg", "staging/src/k8s.io/api", "staging/src/k8s.io/apimachinery",
                 "staging/src/k8s.io/apiserver", "staging/src/k8s.io/client-go", "staging/src/k8s.io/component-base", "staging/src/k8s.io/kube-aggregator",
                 "staging/src/k8s.io/kube-controller-manager", "staging/src/k8s.io/kube-proxy", "staging/src/k8s.io/kube-scheduler", "staging/src/k8s.io/kubelet",
                 "staging/src/k8s.io/metrics", "staging/src/k8s.io/apiextensions-apiserver", cwd=project).split()
    folders = sorted({str(Path(name).parent).replace("staging/src/", "k8s.io/kubernetes/vendor/") for name in tagged})
    packages = [name if name.startswith("k8s.io/") else f"k8s.io/kubernetes/{name}" for name in folders]
    run(folder / "openapi-gen", "--logtostderr", "-i", ",".join(packages), "-p", f"k8s.io/kubernetes/{OPENAPI}", "-O", "zz_generated.openapi",
        "-h", "hack/boilerplate/boilerplate.generatego.txt", "-r", folder / "violations", cwd=project, env=environment)
    run(go, "build", "-p", "2", "-o", folder / "bin/kube-apiserver", "./cmd/kube-apiserver", cwd=project, env=environment)
    shutil.copy(root / "usr/bin/etcd", folder / "bin/etcd")


def build(folder):
    work = folder / "apt"
    apt = signing_judges.apt(work, SUITE)
    sources = work / "etc/sources.list"
    sources.write_text(sources.read_text() + sources.read_text().replace("deb ", "deb-src ", 1))
    (folder / "bin").mkdir()
    fetch(folder, apt)
    compile_server(folder)
    for left in folder.iterdir():
        if left.name != "bin":
            run("rm", "-rf", left)


def name_of_build():
    script = hashlib.sha256(Path(__file__).read_bytes().split(b"# ---", maxsplit=1)[0]).hexdigest()[:8]
    return f"kubernetes-{SUITE}-{script}"


def is_built():
    return (cache_folder() / name_of_build()).is_dir()


def programs():
    """The folder with kube-apiserver and etcd."""
    return cached(name_of_build(), build) / "bin"


# --- what follows is no part of the build ---

TOKENS = {"admin": "system:masters", "alice": "developers", "carol": "on-call"}
# What kubectl calls a resource, by the kind.
RESOURCES = {"Pod": "api/v1", "PodTemplate": "api/v1", "ReplicationController": "api/v1", "Deployment": "apis/apps/v1", "ReplicaSet": "apis/apps/v1",
             "StatefulSet": "apis/apps/v1", "DaemonSet": "apis/apps/v1", "Job": "apis/batch/v1", "CronJob": "apis/batch/v1beta1"}


class ApiServer:
    """etcd and kube-apiserver, whose users show their names as tokens."""

    def __init__(self, folder):
        try:
            self.programs = programs()
        except AssertionError as error:
            pytest.skip(f"kube-apiserver cannot be built here: {str(error)[-300:]}")
        self.folder, self.processes = folder, []
        folder.mkdir()
        self.port, self.etcd, peer = free_port(), free_port(), free_port()
        (folder / "tokens").write_text("".join(f"{name},{name},{name},{group}\n" for name, group in TOKENS.items()))
        run("openssl", "genrsa", "-out", folder / "sa.key", "2048")
        self.start("etcd", "--data-dir", folder / "etcd", "--listen-client-urls", f"http://127.0.0.1:{self.etcd}", "--advertise-client-urls",
                   f"http://127.0.0.1:{self.etcd}", "--listen-peer-urls", f"http://127.0.0.1:{peer}")
        self.start("kube-apiserver", "--etcd-servers", f"http://127.0.0.1:{self.etcd}", "--secure-port", self.port, "--bind-address", "127.0.0.1",
                   "--cert-dir", folder / "certs", "--token-auth-file", folder / "tokens", "--authorization-mode", "AlwaysAllow",
                   "--disable-admission-plugins", "ServiceAccount", "--service-account-key-file", folder / "sa.key", "--service-account-signing-key-file",
                   folder / "sa.key", "--service-account-issuer", "https://kubernetes.default.svc", "--service-cluster-ip-range", "10.96.0.0/16",
                   "--feature-gates", "EphemeralContainers=true", "--audit-log-path", folder / "audit.log", "--audit-policy-file", self.audit_policy())
        self.wait()

    def audit_policy(self):
        path = self.folder / "audit.yaml"
        path.write_text(json.dumps({"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": [{"level": "Metadata"}]}))
        return path

    def start(self, name, *arguments):
        with open(self.folder / f"{name}.log", "wb") as log:
            self.processes.append(subprocess.Popen([self.programs / name, *map(str, arguments)], stdout=log, stderr=log, cwd=self.folder))

    def wait(self):
        for _ in range(600):
            with contextlib.suppress(requests.ConnectionError):
                if self.ask("GET", "/readyz").status_code == 200:
                    return
            if self.processes[-1].poll() is not None:
                break
            time.sleep(0.1)
        raise AssertionError((self.folder / "kube-apiserver.log").read_text()[-3000:])

    def ask(self, method, path, body=None, user="admin", **options):
        return requests.request(method, f"https://127.0.0.1:{self.port}{path}", json=body, headers={"Authorization": f"Bearer {user}", **options},
                                verify=False, timeout=60)

    def path(self, kind, namespace):
        return f"/{RESOURCES[kind]}/namespaces/{namespace}/{kind.lower()}s"

    def create(self, item, user="admin", dry_run=False):
        """The answer, as kubectl gets it."""
        group = RESOURCES[item["kind"]].removeprefix("apis/").removeprefix("api/")
        query = "?dryRun=All" if dry_run else ""
        return self.ask("POST", self.path(item["kind"], item["metadata"]["namespace"]) + query, {**item, "apiVersion": group}, user)

    def stop(self):
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=10)
            process.kill()
