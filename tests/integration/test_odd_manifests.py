"""Odd manifests beside Debian's docker-registry: where Assay answers in another way, there is a reason in odd_manifests.py, and
docs/conformance.md gives it."""
import shutil
import socket
import subprocess
import time

import pytest
import requests

import odd_manifests
from assay_server import ROOT
from odd_manifests import CACHE_TEXT, CONFIG_TEXT, LAYER_BYTES, ODD
from repository import Repository


class Peer:
    """docker-registry on a folder of its own; speaks like Server to Repository."""

    def __init__(self, folder):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = "127.0.0.1:%d" % free.getsockname()[1]
        self.url = f"http://{self.address}"
        folder.mkdir()
        (folder / "config.yml").write_text(f"version: 0.1\nlog: {{level: error}}\nhttp: {{addr: '{self.address}'}}\n"
                                           f"storage: {{filesystem: {{rootdirectory: {folder}/data}}}}\n")
        with open(folder / "log", "wb") as log:
            self.process = subprocess.Popen(["docker-registry", "serve", folder / "config.yml"], stdout=log, stderr=log)

    def request(self, method, path, **options):
        return requests.request(method, self.url + path, timeout=60, **options)

    def wait(self):
        deadline = time.monotonic() + 30
        while True:
            try:
                return self.request("GET", "/v2/")
            except requests.ConnectionError:
                assert self.process.poll() is None and time.monotonic() < deadline
                time.sleep(0.1)


@pytest.fixture(scope="module")
def peer(tmp_path_factory):
    if not shutil.which("docker-registry"):
        pytest.skip("docker-registry is not installed")
    server = Peer(tmp_path_factory.mktemp("peer") / "registry")
    try:
        server.wait()
        yield server
    finally:
        server.process.kill()
        server.process.wait()


def status_of(server, name, text, media_type):
    repository = Repository(server, name)
    for blob in (CONFIG_TEXT, LAYER_BYTES, CACHE_TEXT):
        location = repository.start().removeprefix(server.url)
        assert repository.close(location, odd_manifests.digest_of(blob), blob).status_code == 201
    headers = {"Content-Type": media_type} if media_type else {}
    return repository.request("PUT", "manifests/v1", data=text, headers=headers).status_code


@pytest.mark.parametrize("name,text,media_type,theirs,ours,why", ODD, ids=[row[0] for row in ODD])
def test_beside_docker_registry(module_server, peer, name, text, media_type, theirs, ours, why):
    repository = "odd/" + "".join(letter for letter in name.lower() if letter.isascii() and letter.isalnum())
    assert status_of(peer, repository, text, media_type) == theirs
    assert status_of(module_server, repository, text, media_type) == ours
    assert (theirs == ours) == (why == "")


def test_the_differences_are_documented():
    page = (ROOT / "docs/conformance.md").read_text(encoding="utf-8")
    for name, _, _, theirs, ours, why in ODD:
        assert (f"| {name} | {theirs} | {ours} | {why} |" in page) == (why != ""), name
