"""A real OpenBao, which is Vault's open successor, built from its source: its transit engine judges how keys in it are used, and its policies,
tokens and log-ins what opens them. A server in memory, on this machine alone.

It takes some minutes once, where Go is there and the source and its modules can be had, and is kept in the cache of the tests. `make bao` runs
what needs it."""
import contextlib
import hashlib
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest
import requests

from assay_server import free_port
from images import cache_folder, cached

SOURCE = "https://github.com/openbao/openbao"
# Newer ones want a newer Go.
RELEASE = "v2.5.5"


def run(*command, **options):
    done = subprocess.run(["nice", "-n", "15", *map(str, command)], capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, f"{command}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout


def build(folder):
    """$ASSAY_BAO_SOURCE: a copy of the repository, else it is cloned; the Go of the path, or the one below /usr/local."""
    source, go = folder / "source", shutil.which("go") or "/usr/local/go/bin/go"
    assert Path(go).exists(), "there is no Go"
    folder.mkdir()
    run("git", "clone", "--quiet", "--depth", "1", "--branch", RELEASE, os.environ.get("ASSAY_BAO_SOURCE", SOURCE), source)
    environment = {**os.environ, "GOPATH": str(folder / "go"), "GOCACHE": str(folder / "cache"), "CGO_ENABLED": "0", "GOTOOLCHAIN": "local",
                   "GOFLAGS": "-buildvcs=false -modcacherw"}
    run(go, "build", "-p", "2", "-ldflags", "-s -w", "-o", folder / "bao", ".", cwd=source, env=environment)
    for left in ("source", "go", "cache"):
        shutil.rmtree(folder / left)


def name_of_build():
    script = hashlib.sha256(Path(__file__).read_bytes().split(b"# ---", maxsplit=1)[0]).hexdigest()[:8]
    return f"openbao-{RELEASE}-{script}"


def is_built():
    return (cache_folder() / name_of_build() / "bao").exists()


def program():
    return cached(name_of_build(), build) / "bao"


# --- what follows is no part of the build ---

ROOT_TOKEN = "root-of-the-test"


class Bao:
    """A server with the engine `transit`."""

    def __init__(self, folder):
        if not os.environ.get("ASSAY_BAO") and not is_built():
            pytest.skip("OpenBao is not built; `make bao` does it")
        try:
            path = program()
        except AssertionError as error:
            pytest.skip(f"OpenBao cannot be built here: {str(error)[-300:]}")
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        with open(folder / "bao.log", "wb") as log:
            self.process = subprocess.Popen([path, "server", "-dev", "-dev-no-store-token", f"-dev-root-token-id={ROOT_TOKEN}",
                                             f"-dev-listen-address=127.0.0.1:{port}"], stdout=log, stderr=log,
                                            env={**os.environ, "HOME": str(folder)})
        for _ in range(300):
            with contextlib.suppress(requests.ConnectionError):
                if requests.get(f"{self.url}/v1/sys/health", timeout=5).status_code == 200:
                    break
            time.sleep(0.1)
        self.ask("POST", "sys/mounts/transit", {"type": "transit"})

    def ask(self, method, path, body=None, token=ROOT_TOKEN, status=(200, 204)):
        answer = requests.request(method, f"{self.url}/v1/{path}", json=body, headers={"X-Vault-Token": token}, timeout=30)
        assert answer.status_code in status, (path, answer.status_code, answer.text)
        return answer.json() if answer.content else None

    def policy(self, name, text):
        self.ask("PUT", f"sys/policies/acl/{name}", {"policy": text})

    def token(self, *policies, **options):
        return self.ask("POST", "auth/token/create", {"policies": list(policies), **options})["auth"]["client_token"]

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
