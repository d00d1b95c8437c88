"""Quotas of namespaces: bytes counted once, images, tags; refused whole, with used, limit and needed."""
import json
import os
import sqlite3
import subprocess

import pytest

import images
from gate import wait_until
from repository import Repository, check_error


@pytest.fixture
def server(start_server):
    return start_server(config="registry: {undelete: 0, gc: {interval: 0, grace: 0}}")


def set_namespace(server, name, **change):
    answer = server.request("PATCH", f"/api/v1/namespaces/{name}", json=change)
    assert answer.status_code == 200, answer.text
    return answer.json()


def used(server, name):
    found = server.get_json(f"/api/v1/namespaces/{name}")["used"]
    assert found == counted(server, name), "what is counted in steps is what there is"
    return found["bytes"], found["images"], found["tags"]


def counted(server, name):
    """The same, from the rows."""
    with sqlite3.connect(f"file:{server.data}/metadata.db?mode=ro", uri=True) as db:
        within = f"(repository = '{name}' OR repository GLOB '{name}/*')"
        size, = db.execute(f"SELECT coalesce(sum(size), 0) FROM blobs WHERE digest IN (SELECT digest FROM repository_blobs WHERE {within})").fetchone()
        return {"bytes": size, **{key: db.execute(f"SELECT count(*) FROM {table} WHERE {within}").fetchone()[0]
                                  for key, table in (("images", "manifests"), ("tags", "tags"))}}


def files(server):
    return sum(len(names) for _, _, names in os.walk(server.data / "blobs")), sum(len(names) for _, _, names in os.walk(server.data / "uploads"))


def test_what_counts(server, assay):
    """A blob once a namespace, from its first repository to its last; other namespaces beside it."""
    one, two, other, alone = (Repository(server, name) for name in ("team/one", "team/two", "team-b/one", "team"))
    blob = one.push_blob(b"x" * 100)
    assert used(server, "team") == (100, 0, 0)
    one.push_blob(b"x" * 100)
    two.push_blob(b"x" * 100)
    assert two.request("POST", f"blobs/uploads/?mount={blob['digest']}&from=team/one").status_code == 201
    alone.push_blob(b"x" * 100)
    other.push_blob(b"x" * 100)
    assert used(server, "team") == (100, 0, 0) and used(server, "team-b") == (100, 0, 0)
    for repository in (one, two):
        assert repository.request("DELETE", f"blobs/{blob['digest']}").status_code == 202
        assert used(server, "team") == (100, 0, 0)
    assert alone.request("DELETE", f"blobs/{blob['digest']}").status_code == 202
    assert used(server, "team") == (0, 0, 0) and used(server, "team-b") == (100, 0, 0)

    image, text = one.push_image("v1", layers=(b"y" * 50,))
    assert used(server, "team") == (52, 1, 1)
    one.push_manifest(text, "v1")
    one.push_manifest(text, "v2")
    assert used(server, "team") == (52, 1, 2)
    one.push_image("v2", layers=(b"y" * 50,), annotations={"a": "b"})
    assert used(server, "team") == (52, 2, 2)
    assert one.request("DELETE", "manifests/v2").status_code == 202
    assert used(server, "team") == (52, 2, 1)
    assert one.request("DELETE", f"manifests/{image['digest']}").status_code == 202
    assert used(server, "team") == (52, 1, 0)
    set_namespace(server, "team", quota_bytes=1000)  # it stays, when its repositories go
    assay("delete", "--server", server.url, "--yes", "team/one")
    assay("gc", "--server", server.url, "--grace", "0")
    assert used(server, "team") == (0, 0, 0)


def test_restored_images_count(start_server):
    server = start_server(name="kept")
    one = Repository(server, "team/one")
    image, _ = one.push_image("v1")
    one.request("DELETE", f"manifests/{image['digest']}")
    assert used(server, "team") == (7, 0, 0)
    set_namespace(server, "team", quota_tags=1)
    one.push_image("v2", annotations={"a": "b"})
    check_error(server.request("POST", f"/api/v1/deleted/team/one/manifests/{image['digest']}"), 403, "DENIED")
    set_namespace(server, "team", quota_tags=None)
    assert server.request("POST", f"/api/v1/deleted/team/one/manifests/{image['digest']}").status_code == 200
    assert used(server, "team") == (7, 2, 2)


def test_bytes(server):
    one, two = Repository(server, "team/one"), Repository(server, "team/two")
    set_namespace(server, "team", quota_bytes=100)
    blob = one.push_blob(b"x" * 60)
    before = files(server)
    digest = "sha256:" + __import__("hashlib").sha256(b"y" * 41).hexdigest()
    location = two.start()
    error = check_error(two.close(location, digest, b"y" * 41), 403, "DENIED")
    assert all(word in error["message"] for word in ("is 100,", "60 are used", "needs 41 more")), error
    assert files(server) == before, "nothing half stored"
    assert two.request("GET", location).status_code == 404 and two.request("HEAD", f"blobs/{digest}").status_code == 404
    two.push_blob(b"z" * 40)
    assert used(server, "team") == (100, 0, 0)
    two.push_blob(b"x" * 60)  # is there already
    assert two.request("POST", f"blobs/uploads/?mount={blob['digest']}&from=team/one").status_code == 201
    outside = Repository(server, "other/one").push_blob(b"o" * 10)
    check_error(two.request("POST", f"blobs/uploads/?mount={outside['digest']}&from=other/one"), 403, "DENIED")
    set_namespace(server, "team", quota_bytes=50)
    check_error(two.close(two.start(), outside["digest"], b"o" * 10), 403, "DENIED")
    assert one.request("DELETE", f"blobs/{blob['digest']}").status_code == 202
    set_namespace(server, "team", quota_bytes=None)
    two.push_blob(b"o" * 10)


def test_images_and_tags(server):
    one = Repository(server, "team/one")
    set_namespace(server, "team", quota_images=1, quota_tags=2)
    _, text = one.push_image("v1")
    one.push_manifest(text, "v2")
    check_error(one.put_manifest("v3", text), 403, "DENIED")
    one.push_manifest(text, "v2")
    other = text.replace(b"}", b"} ", 1)
    error = check_error(one.put_manifest("v1", other), 403, "DENIED")
    assert "quota of images is 1, 1 are used, and this needs 1 more" in error["message"]
    assert used(server, "team") == (7, 1, 2)


def test_real_clients(server, tmp_path):
    layout = images.tiny_layout(tmp_path / "tiny")
    set_namespace(server, "small", quota_bytes=1000)
    for command in (["skopeo", "--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false", f"oci:{layout}", f"docker://{server.address}/small/app:v1"],
                    ["podman", "push", "--quiet", "--tls-verify=false", "IMAGE", f"docker://{server.address}/small/app:v1"]):
        if command[0] == "podman":
            pulled = subprocess.run(["podman", "pull", "--quiet", f"oci:{layout}"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120)
            if pulled.returncode != 0:
                pytest.skip(f"podman cannot store images here: {pulled.stderr}")
            command[command.index("IMAGE")] = pulled.stdout.strip()
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=240)
        assert done.returncode != 0 and "quota of bytes is 1000" in done.stdout, done.stdout
    assert used(server, "small")[1:] == (0, 0)
    set_namespace(server, "small", quota_bytes=None)


def test_what_was_there_before_is_counted(server):
    """A data folder of a version that did not count."""
    Repository(server, "team/one").push_image("v1")
    Repository(server, "old/one").push_image("v1")
    server.stop()
    with sqlite3.connect(server.data / "metadata.db") as db:
        db.execute("DELETE FROM namespace_usage")
    db.close()
    server.start()
    Repository(server, "team/one").push_image("v2", layers=(b"more",))
    assert set_namespace(server, "team", quota_bytes=1000)["used"]["bytes"] == 11
    wait_until(lambda: "used" in server.get_json("/api/v1/namespaces/old"), timeout=90)
    assert used(server, "old") == (7, 1, 1) and used(server, "team") == (11, 2, 2)


def test_the_commands(server, assay):
    def run(*arguments, check=0):
        return assay("namespace", *arguments, "--server", server.url, check=check)
    Repository(server, "team/one").push_blob(b"x" * 1000)
    text = run("set", "--quota-bytes", "1MiB", "--quota-images", "10", "team").stdout
    assert "of 1.0 MB" in text and "0 of 10" in text, text
    run("set", "--quota-tags", "5", "team")
    shown = json.loads(run("show", "--format", "json", "team").stdout)
    assert (shown["quota_bytes"], shown["quota_images"], shown["quota_tags"], shown["used"]["bytes"]) == (2**20, 10, 5, 1000)
    assert "of" in run("list").stdout
    run("set", "--no-quota", "team")
    assert "quota_bytes" not in json.loads(run("show", "--format", "json", "team").stdout)
    assert "--quota-bytes" in run("set", "--quota-bytes", "much", "team", check=2).stderr
