"""Quarantine by hand: nobody pulls it, from the next request on and until it is taken out or ends."""
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


def add(server, target, reason="found in an incident", **more):
    return server.request("POST", "/api/v1/quarantine", json={"target": target, "reason": reason, **more})


def remove(server, target):
    return server.request("DELETE", f"/api/v1/quarantine/{target}")


def pulls(server, name, reference):
    """The status of GET."""
    return Repository(server, name).get_manifest(reference).status_code


def test_an_image_everywhere(server):
    one, two = Repository(server, "team/one"), Repository(server, "other/two")
    image, _ = one.push_image("v1")
    two.push_image("v1")
    other, _ = one.push_image("v2", annotations={"a": "b"})
    for _ in range(2):  # the second from the cache
        assert pulls(server, "team/one", "v1") == pulls(server, "other/two", image["digest"]) == 200
    assert add(server, image["digest"]).status_code == 200
    for name, reference in (("team/one", "v1"), ("team/one", image["digest"]), ("other/two", "v1")):
        error = check_error(Repository(server, name).get_manifest(reference), 403, "DENIED")
        assert "found in an incident" in error["message"] and image["digest"] in error["message"]
    assert pulls(server, "team/one", "v2") == 200
    # Lists say so, whatever the policy makes of it.
    listed = {entry["tags"][0]: entry for entry in server.get_json("/api/v1/repositories/team/one/images")["images"]}
    assert "found in an incident" in listed["v1"]["quarantined"] and "quarantined" not in listed["v2"]
    assert " quarantined " in server.assay("images", "team/one").stdout
    # It is there for who asks before a push, and can be pushed; but not deleted.
    assert one.get_manifest("v1", method="HEAD").status_code == 200
    one.push_image("v3")
    assert pulls(server, "team/one", "v3") == 403
    check_error(one.request("DELETE", f"manifests/{image['digest']}"), 403, "DENIED")
    assert remove(server, image["digest"]).status_code == 204
    assert pulls(server, "team/one", "v1") == 200
    assert remove(server, image["digest"]).status_code == 404
    told = [event for event in server.get_json("/api/v1/events")["events"] if event["type"].startswith("quarantine.")]
    assert [(event["type"], event["subject"]) for event in told] == [("quarantine.added", image["digest"]), ("quarantine.removed", image["digest"])]


def test_one_repository_and_its_image(server):
    one, two = Repository(server, "team/one"), Repository(server, "team/two")
    image, text = one.push_image("v1")
    two.push_image("v1")
    layer = json.loads(text)["layers"][0]["digest"]
    add(server, f"team/two@{image['digest']}")
    assert pulls(server, "team/one", "v1") == 200 and pulls(server, "team/two", "v1") == 403
    assert two.request("GET", f"blobs/{layer}").status_code == 200
    add(server, "team/two")
    assert two.request("GET", f"blobs/{layer}").status_code == 403 and one.request("GET", f"blobs/{layer}").status_code == 200
    three = Repository(server, "team/three")
    three.push_blob(b"something")
    assert three.request("POST", f"blobs/uploads/?mount={layer}&from=team/two").status_code == 202, "a mount would be a way around"
    remove(server, "team/two")
    assert two.request("GET", f"blobs/{layer}").status_code == 200 and pulls(server, "team/two", "v1") == 403


def test_indexes_and_members(server):
    app = Repository(server, "team/app")
    members = [app.push_image(annotations={"n": str(n)})[0] for n in range(2)]
    index = app.push_manifest(index_of(members), "v1", INDEX)
    add(server, members[0]["digest"])
    assert [pulls(server, "team/app", each) for each in ("v1", members[0]["digest"], members[1]["digest"])] == [200, 403, 200]
    remove(server, members[0]["digest"])
    add(server, index["digest"])
    assert [pulls(server, "team/app", each) for each in ("v1", members[0]["digest"], members[1]["digest"])] == [403, 403, 403]
    # One that is pushed after it was named.
    other = app.push_image(annotations={"n": "other"})[0]
    text = index_of([other])
    later = "sha256:" + __import__("hashlib").sha256(text).hexdigest()
    add(server, later)
    assert pulls(server, "team/app", other["digest"]) == 200
    app.push_manifest(text, "v2", INDEX)
    assert pulls(server, "team/app", other["digest"]) == 403


def test_it_ends(server):
    app = Repository(server, "team/app")
    app.push_image("v1")
    end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 6))
    add(server, "team/app", until=end)
    assert pulls(server, "team/app", "v1") == 403
    server.stop()
    server.start()
    if time.time() < time.mktime(time.strptime(end, "%Y-%m-%dT%H:%M:%SZ")) - time.timezone - 1:
        assert pulls(server, "team/app", "v1") == 403
    wait_until(lambda: pulls(server, "team/app", "v1") == 200)
    assert server.get_json("/api/v1/quarantine") == {"quarantine": []}


@pytest.mark.parametrize("body", [
    {"target": "team/app"}, {"target": "team/app", "reason": ""}, {"target": "Team", "reason": "x"}, {"reason": "x"},
    {"target": "team/app@sha256:12", "reason": "x"}, {"target": "sha256:12", "reason": "x"}, {"target": "team/app:v1", "reason": "x"},
    {"target": "team/app", "reason": "x" * 1001}, {"target": "team/app", "reason": "x", "until": "2020-01-01T00:00:00Z"},
    {"target": "team/app", "reason": "x", "until": "soon"},
])
def test_bad_ones(module_server, body):
    assert module_server.request("POST", "/api/v1/quarantine", json=body).status_code == 400
    assert module_server.get_json("/api/v1/quarantine") == {"quarantine": []}


def test_real_clients_read_why(server, assay, tmp_path):
    layout = images.tiny_layout(tmp_path / "tiny")
    copy = ["skopeo", "--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false", "--src-tls-verify=false"]
    subprocess.run([*copy, f"oci:{layout}", f"docker://{server.address}/team/app:v1"], check=True)

    def run(*arguments, check=0):
        return assay("quarantine", *arguments, "--server", server.url, check=check).stdout
    assert run("list") == "nothing is in quarantine\n"
    assert "--reason" in assay("quarantine", "add", "team/app", check=2).stderr
    assert run("add", "--reason", "holds a key, INC-7", "--for", "7d", "team/app") == "in quarantine: team/app\n"
    assert "INC-7" in run("list") and json.loads(run("list", "--format", "json"))[0]["target"] == "team/app"
    for command in ([*copy, f"docker://{server.address}/team/app:v1", f"oci:{tmp_path}/pulled"],
                    ["podman", "pull", "--quiet", "--tls-verify=false", f"{server.address}/team/app:v1"]):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=240)
        assert done.returncode != 0 and "holds a key, INC-7" in done.stdout, done.stdout
    assert run("remove", "team/app") == "out of quarantine: team/app\n"
    subprocess.run([*copy, f"docker://{server.address}/team/app:v1", f"oci:{tmp_path}/pulled"], check=True)
