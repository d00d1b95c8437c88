"""docker and containerd, the engines themselves, push and pull; what comes back is what went in, and a refusal tells their
user why."""
import json
import re

import pytest

import engines
import gate
import images
from gate import STRICT, digest_at, import_advisories

REASON = 'policy "strict" refuses team/app'


@pytest.fixture(scope="module")
def running():
    problem = engines.why_not()
    if problem:
        pytest.skip(problem)
    started = engines.Engines()
    yield started
    started.stop()


@pytest.fixture
def engine(running):
    running.forget_images()
    return running


@pytest.fixture
def gated(start_server, assay, push, tmp_path):
    """(server under strict, layout): team/app:v1 is vulnerable, team/app:both an index of it and of the fixed one.

    No other test has these images: an engine may keep a manifest that it pulled for a while after the image was removed, and
    asks no registry for it then."""
    server = start_server(policy=STRICT)
    layout, _, _ = gate.alpine_layout(tmp_path / "alpine", extra=str(tmp_path))
    import_advisories(assay, server)
    push(server, layout, "vulnerable", "team/app", "v1")
    push(server, layout, "both", "team/app")
    gate.wait_for_advisories(server)
    return server, layout


# --- docker ---

def test_docker_pulls_and_pushes(engine, server, push, tmp_path):
    digest = push(server, images.tiny_layout(tmp_path / "tiny", "v1"), "v1", "team/tiny")
    image, copy = f"{server.address}/team/tiny", f"{server.address}/team/copy"
    assert digest in engine.docker("pull", f"{image}:v1").stdout
    engine.docker("tag", f"{image}:v1", f"{copy}:v2")
    told = re.search(r"digest: (sha256:\w+)", engine.docker("push", f"{copy}:v2").stdout).group(1)
    assert told == digest_at(server, "team/copy", "v2")
    identity = engine.docker("inspect", "--format", "{{.Id}}", f"{copy}:v2").stdout
    engine.forget_images()
    engine.docker("pull", f"{copy}@{told}")
    assert engine.docker("inspect", "--format", "{{.Id}}", f"{copy}@{told}").stdout == identity
    assert server.wait_for_scan("team/copy", told)["state"] == "done"


def test_docker_takes_its_platform_of_an_index(engine, server, push, tmp_path):
    digest = push(server, images.index_layout(tmp_path / "index"), "latest", "team/many")
    assert digest in engine.docker("pull", f"{server.address}/team/many").stdout
    assert engine.docker("inspect", "--format", "{{.Architecture}}", f"{server.address}/team/many").stdout.strip() in ("amd64", "arm64")


def test_docker_builds_and_saves(engine, server, scan, push, tmp_path):
    """An image that docker built is scanned when it is pushed, and so is what docker save writes."""
    layout, vulnerable, _ = gate.alpine_layout(tmp_path / "alpine")
    push(server, layout, "vulnerable", "team/base")
    (tmp_path / "context").mkdir()
    (tmp_path / "context/Dockerfile").write_text(f"FROM {server.address}/team/base:vulnerable\nCOPY Dockerfile /built\n")
    image = f"{server.address}/team/built:v1"
    engine.docker("build", "--quiet", "--tag", image, tmp_path / "context")
    engine.docker("push", "--quiet", image)
    scanned = server.wait_for_scan("team/built", digest_at(server, "team/built", "v1"))
    assert scanned["state"] == "done" and scanned["packages"] == 3
    engine.docker("save", "--output", tmp_path / "saved.tar", image)
    report = json.loads(scan("--format", "json", f"docker-archive:{tmp_path}/saved.tar").stdout)
    assert report["packages"] == 3 and len(report["findings"]) == 3


@pytest.mark.parametrize("reference", ["v1", "both"])
def test_docker_is_refused_and_told_why(engine, gated, reference):
    server, _ = gated
    refused = engine.docker("pull", "--platform", "linux/amd64", f"{server.address}/team/app:{reference}", check=None)
    assert refused.returncode != 0 and REASON in refused.stderr and "CVE-2019-14697" in refused.stderr
    assert "Failed to pull manifest" not in refused.stdout + refused.stderr, "docker doubts the registry"
    assert gate.metric(server, 'assay_pulls_denied_total{policy="strict"}') == 1


def test_docker_repairs_under_the_same_tag(engine, gated, push, tmp_path):
    server, layout = gated
    push(server, layout, "fixed", "team/fixed")
    engine.docker("pull", f"{server.address}/team/fixed:fixed")
    engine.docker("tag", f"{server.address}/team/fixed:fixed", f"{server.address}/team/app:v1")
    engine.docker("push", f"{server.address}/team/app:v1")
    engine.forget_images()
    engine.docker("pull", f"{server.address}/team/app:v1")


# --- containerd, which Kubernetes runs ---

def pull_by_ctr(engine, reference, *options, check=0):
    return engine.ctr("images", "pull", "--plain-http", "--snapshotter", "native", *options, reference, check=check)


@pytest.mark.parametrize("make", [
    lambda folder: images.tiny_layout(folder, "v1"), lambda folder: images.tiny_layout(folder, "v1", "zstd"),
    lambda folder: images.index_layout(folder, "v1"),
], ids=["gzip", "zstd", "index"])
def test_containerd_pulls_and_pushes(engine, server, push, tmp_path, make):
    digest = push(server, make(tmp_path / "layout"), "v1", "team/app")
    image, copy = f"{server.address}/team/app:v1", f"{server.address}/team/copy:v2"
    engine.ctr("content", "fetch", "--plain-http", "--all-platforms", image)
    assert "done" in pull_by_ctr(engine, image).stdout
    engine.ctr("images", "tag", image, copy)
    engine.ctr("images", "push", "--plain-http", copy)
    assert digest_at(server, "team/copy", "v2") == digest
    engine.forget_images()
    pull_by_ctr(engine, copy)
    assert digest in engine.ctr("images", "ls").stdout


@pytest.mark.parametrize("reference", ["v1", "both"])
def test_containerd_is_refused_and_told_why(engine, gated, reference):
    server, _ = gated
    refused = pull_by_ctr(engine, f"{server.address}/team/app:{reference}", "--platform", "linux/amd64", check=None)
    assert refused.returncode != 0 and REASON in refused.stderr and "CVE-2019-14697" in refused.stderr


def test_containerd_repairs_under_the_same_tag(engine, gated, push):
    server, layout = gated
    push(server, layout, "fixed", "team/fixed")
    pull_by_ctr(engine, f"{server.address}/team/fixed:fixed")
    engine.ctr("images", "tag", f"{server.address}/team/fixed:fixed", f"{server.address}/team/app:v1")
    engine.ctr("images", "push", "--plain-http", f"{server.address}/team/app:v1")
    engine.forget_images()
    pull_by_ctr(engine, f"{server.address}/team/app:v1")
