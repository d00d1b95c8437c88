"""What was deleted can be brought back for a time, whole, and is then forgotten."""
import json
import subprocess
import time

import pytest

import images
from gate import wait_until
from repository import INDEX, Repository, check_error, index_of



@pytest.fixture
def server(start_server):
    return start_server()


def skopeo(*arguments):
    return subprocess.run(["skopeo", "--insecure-policy", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)


def push(server, layout, reference):
    done = skopeo("copy", "--quiet", "--all", "--dest-tls-verify=false", f"oci:{layout}", f"docker://{server.address}/{reference}")
    assert done.returncode == 0, done.stdout


def pull(server, reference, folder):
    return skopeo("copy", "--quiet", "--all", "--src-tls-verify=false", f"docker://{server.address}/{reference}", f"oci:{folder}")


def deleted(server, query=""):
    return server.get_json(f"/api/v1/deleted{query}")["deleted"]


def restore(server, repository, digest):
    return server.request("POST", f"/api/v1/deleted/{repository}/manifests/{digest}")


def events(server, kind):
    return [event for event in server.get_json("/api/v1/events")["events"] if event["type"] == kind]


def test_an_image_comes_back(server, assay, tmp_path):
    push(server, images.tiny_layout(tmp_path / "tiny"), "team/app:v1")
    app = Repository(server, "team/app")
    answer = app.get_manifest("v1")
    digest = answer.headers["Docker-Content-Digest"]
    assert app.put_manifest("v2", answer.content, answer.headers["Content-Type"]).status_code == 201
    server.wait_for_scan("team/app", digest)
    assay("delete", "--server", server.url, "--yes", f"team/app@{digest}")
    assert app.get_manifest("v1").status_code == 404 and app.tags() == []
    assert server.get_json("/api/v1/repositories/team/app/images")["images"] == []
    one, = deleted(server)
    assert (one["repository"], one["digest"], sorted(one["tags"])) == ("team/app", digest, ["v1", "v2"])
    assert one["pushed"] <= one["deleted"] < one["until"]
    assert "team/app" in assay("image", "deleted", "--server", server.url).stdout

    told = assay("image", "restore", "--server", server.url, f"team/app@{digest.removeprefix('sha256:')[:12]}").stdout
    assert told == f"restored team/app@{digest} with v1, v2\n"
    assert pull(server, "team/app:v2", tmp_path / "pulled").returncode == 0
    assert server.wait_for_scan("team/app", digest)["state"] == "done"
    assert deleted(server) == []
    assert [event["subject"] for event in events(server, "image.restored")] == [digest]
    check_error(restore(server, "team/app", digest), 404, "MANIFEST_UNKNOWN")
    assert "not among what was deleted" in assay("image", "restore", "--server", server.url, "team/app:v1", check=2).stderr


def test_an_index_comes_back_with_its_members(server, assay, tmp_path):
    push(server, images.index_layout(tmp_path / "index"), "team/app:v1")
    assay("delete", "--server", server.url, "--yes", "team/app")
    assert len(deleted(server)) == 4
    told = json.loads(assay("image", "restore", "--server", server.url, "--format", "json", "team/app:v1").stdout)["restored"]
    assert len(told) == 4 and told[-1]["tags"] == ["v1"]
    assert pull(server, "team/app:v1", tmp_path / "pulled").returncode == 0


def test_a_tag_that_is_used_again_stays(server):
    app = Repository(server, "team/app")
    old, _ = app.push_image("v1")
    assert app.request("DELETE", f"manifests/{old['digest']}").status_code == 202
    new, _ = app.push_image("v1", annotations={"a": "b"})
    assert restore(server, "team/app", old["digest"]).json()["restored"][0].get("tags", []) == []
    assert app.get_manifest("v1").headers["Docker-Content-Digest"] == new["digest"]
    assert app.get_manifest(old["digest"]).status_code == 200


def test_pushed_again(server):
    app = Repository(server, "team/app")
    image, text = app.push_image("v1")
    app.request("DELETE", f"manifests/{image['digest']}")
    app.push_manifest(text, "v3")
    assert deleted(server) == []
    assert app.tags() == ["v3"]


def test_a_layer_that_is_gone(server):
    """A deleted image keeps nobody from deleting its layers; without them it does not come back."""
    app = Repository(server, "team/app")
    image, text = app.push_image("v1")
    layer = json.loads(text)["layers"][0]["digest"]
    assert app.request("DELETE", f"blobs/{layer}").status_code == 409
    app.request("DELETE", f"manifests/{image['digest']}")
    assert app.request("DELETE", f"blobs/{layer}").status_code == 202
    error = check_error(restore(server, "team/app", image["digest"]), 404, "MANIFEST_BLOB_UNKNOWN")
    assert layer in error["message"]
    assert [one["digest"] for one in deleted(server)] == [image["digest"]]
    app.push_blob(b"layer")
    assert restore(server, "team/app", image["digest"]).status_code == 200


def test_pages_and_repositories(server):
    for name in ("team/a", "team/b", "zoo"):
        for number in range(2):
            image, _ = Repository(server, name).push_image(annotations={"n": str(number)})
            Repository(server, name).request("DELETE", f"manifests/{image['digest']}")
    seen, path = [], "/api/v1/deleted?limit=4"
    page = server.get_json(path)
    seen += page["deleted"]
    seen += server.get_json(f"{path}&last={page['next']}")["deleted"]
    assert [one["repository"] for one in seen] == ["team/a"] * 2 + ["team/b"] * 2 + ["zoo"] * 2
    assert len({(one["repository"], one["digest"]) for one in seen}) == 6
    assert [one["repository"] for one in deleted(server, "?repository=team/b")] == ["team/b"] * 2


def test_forgotten_after_its_time(start_server, tmp_path):
    server = start_server(name="short", config="registry: {undelete: 1s}\n")
    app = Repository(server, "team/app")
    image, _ = app.push_image("v1")
    app.request("DELETE", f"manifests/{image['digest']}")
    assert len(deleted(server)) == 1
    server.stop()
    time.sleep(1.1)
    server.start()  # and each minute
    wait_until(lambda: deleted(server) == [], timeout=90)
    check_error(restore(server, "team/app", image["digest"]), 404, "MANIFEST_UNKNOWN")
    assert [event["subject"] for event in events(server, "image.purged")] == [image["digest"]]


def test_not_kept_at_all(start_server):
    server = start_server(name="none", config="registry: {undelete: 0}\n")
    app = Repository(server, "team/app")
    image, _ = app.push_image("v1")
    assert app.request("DELETE", f"manifests/{image['digest']}").status_code == 202
    assert deleted(server) == []


def test_members_of_a_deleted_index_are_free(server):
    app = Repository(server, "team/app")
    member, _ = app.push_image()
    index = app.push_manifest(index_of([member]), "v1", INDEX)
    assert app.request("DELETE", f"manifests/{member['digest']}").status_code == 409
    assert app.request("DELETE", f"manifests/{index['digest']}").status_code == 202
    assert app.request("DELETE", f"manifests/{member['digest']}").status_code == 202
    assert len(restore(server, "team/app", index["digest"]).json()["restored"]) == 2
    assert app.get_manifest(member["digest"]).status_code == 200
