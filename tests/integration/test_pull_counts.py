"""How often, when last, and by whom an image was pulled."""
import json
import subprocess
import threading

import pytest

import images
from repository import Repository

OCI = {"Accept": "application/vnd.oci.image.manifest.v1+json"}


@pytest.fixture
def server(start_server):
    return start_server()


def image(server, reference="v1", name="team/app"):
    found = server.get_json(f"/api/v1/repositories/{name}/images?reference={reference}")["images"]
    return found[0]


def pull(server, reference="v1", name="team/app", **options):
    return server.request("GET", f"/v2/{name}/manifests/{reference}", **options)


def pulls(server, name="team/app", query=""):
    return server.get_json(f"/api/v1/repositories/{name}/pulls{query}")["pulls"]


def test_counts(server):
    repository = Repository(server, "team/app")
    digest = repository.push_image("v1")[0]["digest"]
    other = repository.push_image("v2", layers=(b"another",))[0]["digest"]
    assert "pulled" not in image(server) and "pulls" not in image(server) and pulls(server) == []
    for reference in ("v1", "v1", digest):
        assert pull(server, reference).status_code == 200
    assert pull(server, headers={"If-None-Match": f'"{digest}"'}).status_code == 304
    for reference, accept in (("nothing", None), ("v1", "text/plain")):
        assert pull(server, reference, headers={"Accept": accept} if accept else {}).status_code == 404
    server.request("HEAD", "/v2/team/app/manifests/v2")
    counted = pulls(server)
    assert [(one["digest"], one["pulls"]) for one in counted] == [(digest, 4)]
    assert image(server)["pulls"] == 4 and image(server)["pulled"] >= image(server)["pushed"] and "pulled" not in image(server, "v2")
    pull(server, "v2")
    assert [one["pulls"] for one in pulls(server, query=f"?digest={other}")] == [1]
    assert server.get_json("/api/v1/repositories/team/app/pulls?limit=1")["total"] == 2
    assert server.request("GET", "/api/v1/repositories/team/none/pulls").status_code == 404


def test_counts_are_kept_over_a_stop(server):
    Repository(server, "team/app").push_image("v1")
    for _ in range(3):
        pull(server)
    server.stop()
    server.start()
    pull(server)
    assert [one["pulls"] for one in pulls(server)] == [4] and image(server)["pulls"] == 4


def test_many_at_once(server):
    """None is lost between those who note and the one who writes."""
    Repository(server, "team/app").push_image("v1")

    def some():
        for _ in range(100):
            assert pull(server).status_code == 200
    threads = [threading.Thread(target=some) for _ in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        pulls(server)
    for thread in threads:
        thread.join()
    assert sum(one["pulls"] for one in pulls(server)) == 400


def test_who(program, start_server, tmp_path):
    server = start_server(config="access: {mode: closed}")
    for name in ("alice", "bob"):
        server.request("POST", "/api/v1/users", headers=server.operator(), json={"name": name, "password": "correct horse battery"})
        server.request("POST", "/api/v1/grants", headers=server.operator(),
                       json={"kind": "principal", "subject": name, "role": "owner", "pattern": "team/*"})
    layout = images.tiny_layout(tmp_path / "layout")
    subprocess.run(["skopeo", "--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false", "--dest-creds", "alice:correct horse battery",
                    f"oci:{layout}", f"docker://{server.address}/team/app:v1"], check=True)
    for name, times in (("alice", 1), ("bob", 2)):
        for turn in range(times):
            subprocess.run(["skopeo", "--insecure-policy", "copy", "--quiet", "--src-tls-verify=false", "--src-creds", f"{name}:correct horse battery",
                            f"docker://{server.address}/team/app:v1", f"dir:{tmp_path / name}{turn}"], check=True)
    # Of the owner's rights, none is to read the audit.
    assert server.request("GET", "/api/v1/repositories/team/app/pulls", auth=("bob", "correct horse battery")).status_code == 403
    listed = server.request("GET", "/api/v1/repositories/team/app/pulls", headers=server.operator()).json()["pulls"]
    assert {one["who"]: one["pulls"] for one in listed} == {"alice": 1, "bob": 2}
    said = json.loads(server.assay("audit", "pulls", "--format", "json", "team/app").stdout)
    assert said == listed


def test_public(start_server):
    server = start_server(config="access: {mode: closed}")
    server.request("POST", "/api/v1/users", headers=server.operator(), json={"name": "alice", "password": "correct horse battery"})
    server.request("POST", "/api/v1/grants", headers=server.operator(),
                   json={"kind": "principal", "subject": "alice", "role": "owner", "pattern": "team/*"})

    def set_public(public, auth=("alice", "correct horse battery"), **more):
        return server.request("PATCH", "/api/v1/namespaces/team", auth=auth, json={"public": public, **more})

    def seen():
        return server.request("GET", "/v2/team/app/tags/list").status_code
    assert set_public(True, quota_tags=7).status_code == 400 and set_public("yes").status_code == 400
    assert set_public(True, auth=None).status_code == 401 and seen() == 401
    answer = server.request("PATCH", "/api/v1/namespaces/team", headers=server.operator(), json={"public": True})
    assert answer.status_code == 200 and answer.json()["public"] is True, answer.text
    assert seen() == 404, "nothing was pushed, and everybody may know"
    shown = server.request("GET", "/api/v1/namespaces/team", auth=("alice", "correct horse battery"))
    assert shown.status_code in (200, 404)
    answer = server.request("PATCH", "/api/v1/namespaces/team", headers=server.operator(), json={"public": False})
    assert answer.json()["public"] is False and seen() == 401
