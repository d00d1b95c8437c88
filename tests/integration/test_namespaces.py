"""What is set for a namespace, over the API, the command line, and with real clients."""
import json
import subprocess

import pytest

import images
from repository import Repository, check_error


def skopeo(server, layout, reference):
    return subprocess.run(["skopeo", "--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false", f"oci:{layout}",
                           f"docker://{server.address}/{reference}"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)


def set_namespace(server, name, _headers=None, **change):
    return server.request("PATCH", f"/api/v1/namespaces/{name}", json=change, headers=_headers or {})


@pytest.fixture
def server(start_server):
    return start_server()


def test_settings(server):
    assert server.get_json("/api/v1/namespaces")["namespaces"] == []
    check_error(server.request("GET", "/api/v1/namespaces/team"), 404, "NAME_UNKNOWN")
    for name in ("team-b/app", "team", "team.c/app", "team/app", "team/other/part", "zoo"):
        Repository(server, name).push_image("v1")
    listed = server.get_json("/api/v1/namespaces")
    assert [one["name"] for one in listed["namespaces"]] == ["team", "team-b", "team.c", "zoo"] and "next" not in listed
    page = server.get_json("/api/v1/namespaces?limit=2")
    assert [one["name"] for one in page["namespaces"]] == ["team", "team-b"] and page["next"] == "team-b"
    assert [one["name"] for one in server.get_json("/api/v1/namespaces?last=team-b")["namespaces"]] == ["team.c", "zoo"]

    first = server.request("GET", "/api/v1/namespaces/team")
    assert first.json() == {"name": "team", "immutable": [], "sbom": "none", "without": [], "scan": "push", "inherited": ["without", "scan"], "used": {"bytes": 7, "images": 3, "tags": 3}, "version": 0, "public": False}
    tag = first.headers["ETag"]
    after = set_namespace(server, "team", {"If-Match": tag}, immutable=["v*"])
    assert after.status_code == 200 and after.headers["ETag"] != tag and after.json()["immutable"] == ["v*"]
    assert set_namespace(server, "team", {"If-Match": tag}, immutable=[]).status_code == 412
    assert set_namespace(server, "team", {"If-Match": "1"}, immutable=[]).status_code == 412
    assert server.get_json("/api/v1/namespaces/team")["immutable"] == ["v*"]
    told = [event for event in server.get_json("/api/v1/events")["events"] if event["type"] == "namespace.changed"]
    assert [(event["subject"], event["data"]) for event in told] == [("team", {"immutable": ["v*"]})]
    assert set_namespace(server, "team", immutable=None).json()["immutable"] == []


@pytest.mark.parametrize("name, change, wrong", [
    ("team", {"imutable": []}, "imutable"), ("team", {"name": "other"}, "name"), ("team", {"version": 7}, "version"),
    ("team", {"immutable": "v*"}, "immutable"), ("team", {"immutable": [1]}, "immutable"), ("team", {"immutable": ["!"]}, "pattern"),
    ("team", {"immutable": ["v*"] * 101}, "immutable"), ("Team", {}, "namespace"),
])
def test_wrong_settings(module_server, name, change, wrong):
    answer = module_server.request("PATCH", f"/api/v1/namespaces/{name}", json=change)
    assert answer.status_code in (400, 413) and wrong in answer.json()["detail"], answer.text
    assert module_server.request("GET", f"/api/v1/namespaces/{name}").status_code in (400, 404)


def test_immutable_tags(server, tmp_path):
    one, other = (images.tiny_layout(tmp_path / name, extra=name.encode()) for name in ("one", "other"))
    set_namespace(server, "prod", immutable=["v*", "!v0*", "prod/web:stable"])
    for repository, tag, moves in (("prod/app", "v1", False), ("prod/app", "v0.1", True), ("prod/app", "latest", True),
                                   ("prod/web", "stable", False), ("prod/app", "stable", True), ("test/app", "v1", True)):
        name = f"{repository}:{tag}"
        assert skopeo(server, one, name).returncode == 0, name
        assert skopeo(server, one, name).returncode == 0, f"{name}: the same digest again is no move"
        moved = skopeo(server, other, name)
        assert (moved.returncode == 0) == moves, f"{name}: {moved.stdout}"
        if not moves:
            assert 'is immutable by the rule' in moved.stdout, moved.stdout
        deleted = Repository(server, repository).request("DELETE", f"manifests/{tag}")
        assert (deleted.status_code == 202) == moves, name
    app = Repository(server, "prod/app")
    digest = app.get_manifest("v1").headers["Docker-Content-Digest"]
    error = check_error(app.request("DELETE", f"manifests/{digest}"), 403, "DENIED")
    assert '"v*"' in error["message"] and "v1" in error["message"]
    assert app.get_manifest("v1").status_code == 200
    set_namespace(server, "prod", immutable=None)
    assert skopeo(server, other, "prod/app:v1").returncode == 0
    assert app.request("DELETE", "manifests/v1").status_code == 202


def test_signatures_are_never_immutable(server):
    app = Repository(server, "prod/app")
    set_namespace(server, "prod", immutable=["*"])
    subject, _ = app.push_image("v1")
    tag = subject["digest"].replace(":", "-") + ".sig"
    app.push_image(tag)
    app.push_image(tag, annotations={"again": "true"})
    assert app.request("DELETE", f"manifests/{tag}").status_code == 202
    referrer, _ = app.push_image(subject=subject)
    assert app.request("DELETE", f"manifests/{referrer['digest']}").status_code == 202


def test_many_tags_of_one_push(server):
    """One that may not move keeps all of them from moving."""
    app = Repository(server, "prod/app")
    set_namespace(server, "prod", immutable=["v*"])
    before, _ = app.push_image("v1")
    after, text = app.push_image(annotations={"another": "image"})
    answer = app.put_manifest(f"{after['digest']}?tag=new&tag=v1", text)
    check_error(answer, 403, "DENIED")
    assert app.get_manifest("new").status_code == 404
    assert app.get_manifest("v1").headers["Docker-Content-Digest"] == before["digest"]


def test_the_commands(server, assay):
    def run(*arguments, check=0):
        return assay("namespace", *arguments, "--server", server.url, check=check)
    assert run("list").stdout == "no namespaces\n"
    assert "immutable tags  v*, !v0*\n" in run("set", "--immutable", "v*", "--immutable", "!v0*", "team").stdout
    assert "v*, !v0*" in run("list").stdout
    assert json.loads(run("show", "--format", "json", "team").stdout)["immutable"] == ["v*", "!v0*"]
    assert json.loads(run("list", "--format", "json").stdout)[0]["name"] == "team"
    assert "immutable tags  none\n" in run("set", "--no-immutable", "team").stdout
    assert "say what to set" in run("set", "team", check=2).stderr
    wrong = run("set", "--quota-bytes", "lots", "team", check=2).stderr
    assert "--quota-bytes lots: must be bytes" in wrong and "say what to set" not in wrong
    assert "nothing was pushed to it" in run("show", "other", check=2).stderr
    run("set", "--public", "other")
    assert "anybody, without a log-in" in run("show", "other").stdout
