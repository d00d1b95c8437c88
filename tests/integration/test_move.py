"""Another name for a repository or a namespace: all goes along, and the old name answers pulls for a time."""
import json
import subprocess
import threading
import time
from unittest.mock import ANY

import pytest

import images
from gate import wait_until
from oci_layout import digest_of
from repository import INDEX, MANIFEST, Repository, index_of

PASSWORD = "correct horse battery"


@pytest.fixture
def server(start_server):
    return start_server(config="registry: {gc: {interval: 0}}")


def move(server, old, new, **body):
    return server.request("POST", f"/api/v1/repositories/{old}/move", json={"to": new, **body})


def moved(server, old, new, **body):
    answer = move(server, old, new, **body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def rename(server, old, new, **body):
    return server.request("POST", f"/api/v1/namespaces/{old}/rename", json={"to": new, **body})


def get(server, name, reference="v1"):
    return server.request("GET", f"/v2/{name}/manifests/{reference}", headers={"Accept": f"{MANIFEST}, {INDEX}"})


def repositories(server):
    return [one["name"] for one in server.get_json("/api/v1/repositories")["repositories"]]


def listed(server, name):
    found = server.get_json(f"/api/v1/repositories/{name}/images?limit=1000")["images"]
    return {image["digest"]: {key: image.get(key) for key in ("tags", "pushed", "pulled", "pulls")} for image in found}


def test_all_goes_along(server):
    app = Repository(server, "team/app")
    image, text = app.push_image("v1")
    other = app.push_image("gone", layers=(b"gone",))[0]["digest"]
    index = app.push_manifest(index_of([image]), "all", INDEX)["digest"]
    subject = {"mediaType": MANIFEST, "digest": image["digest"], "size": len(text)}
    app.push_image(None, layers=(b"sbom",), subject=subject, artifactType="application/spdx+json")
    server.request("DELETE", f"/v2/team/app/manifests/{other}")
    for _ in range(3):
        assert get(server, "team/app").status_code == 200
    pulls = server.get_json("/api/v1/repositories/team/app/pulls")["pulls"]
    server.request("POST", "/api/v1/quarantine", json={"target": f"team/app@{index}", "reason": "looked at"})
    referrers = server.get_json(f"/v2/team/app/referrers/{image['digest']}")["manifests"]
    server.wait_for_scan("team/app", image["digest"])
    before = listed(server, "team/app")

    assert moved(server, "team/app", "prod/shop/app") == {"from": "team/app", "to": "prod/shop/app", "redirect_for": 2592000, "grants": True}
    assert repositories(server) == ["prod/shop/app"] and listed(server, "prod/shop/app") == before
    assert server.get_json(f"/v2/prod/shop/app/referrers/{image['digest']}")["manifests"] == referrers != []
    assert server.get_json("/api/v1/repositories/prod/shop/app/pulls")["pulls"] == pulls != []
    assert get(server, "prod/shop/app", "all").status_code == 403, "it is in quarantine"
    assert [row["target"] for row in server.get_json("/api/v1/quarantine")["quarantine"]] == [f"prod/shop/app@{index}"]
    assert server.request("POST", f"/api/v1/deleted/prod/shop/app/manifests/{other}").status_code == 200
    assert server.get_json("/api/v1/namespaces/prod")["used"]["images"] == 4
    assert server.request("GET", "/api/v1/namespaces/team").status_code == 404
    wait_until(lambda: [one["repository"] for one in server.get_json("/api/v1/images")["images"]] == ["prod/shop/app"] * 3, timeout=90)
    told, = [event for event in server.get_json("/api/v1/events")["events"] if event["type"] == "repository.moved"]
    assert told["subject"] == "team/app" and told["data"] == {"from": "team/app", "to": "prod/shop/app", "redirect_for": 2592000}
    server.stop()
    server.assay("fsck", "--data", server.data)


def test_the_old_name(server):
    """Reads are answered, what writes is refused and told the new name, and it ends when it is to."""
    app = Repository(server, "team/app")
    app.push_image("v1")
    layer = b"layer of an upload that was begun before"
    session = app.start()
    moved(server, "team/app", "team/shop", redirect_for=4)
    old, new = get(server, "team/app"), get(server, "team/shop")
    assert old.status_code == new.status_code == 200 and old.content == new.content
    assert server.get_json("/v2/team/app/tags/list")["tags"] == ["v1"]
    blob = json.loads(old.content)["layers"][0]["digest"]
    assert server.request("GET", f"/v2/team/app/blobs/{blob}").status_code == server.request("HEAD", f"/v2/team/app/blobs/{blob}").status_code == 200
    answer = server.request("PUT", "/v2/team/app/manifests/v2", data=old.content, headers={"Content-Type": MANIFEST})
    assert answer.status_code == 403 and "team/shop" in answer.text
    assert server.request("POST", "/v2/team/app/blobs/uploads/").status_code == 403
    ended = server.request("PUT", f"{session.removeprefix(server.url)}?digest={digest_of(layer)}", data=layer)
    assert ended.status_code == 403 and "team/shop" in ended.text
    assert server.request("DELETE", "/v2/team/app/manifests/v1").status_code == 404
    assert repositories(server) == ["team/shop"]
    wait_until(lambda: get(server, "team/app").status_code == 404)
    Repository(server, "team/app").push_image("v9")
    assert repositories(server) == ["team/app", "team/shop"]


def test_chains(server):
    Repository(server, "team/a").push_image("v1")
    moved(server, "team/a", "team/b")
    moved(server, "team/b", "team/c")
    want = get(server, "team/c").content
    assert get(server, "team/a").content == get(server, "team/b").content == want
    # Another takes the first name: that is no alias any more.
    Repository(server, "team/x").push_image("v1", layers=(b"x",))
    moved(server, "team/x", "team/a", redirect_for=0)
    assert get(server, "team/a").content != want and get(server, "team/b").content == want and get(server, "team/x").status_code == 404
    # ... and back again.
    moved(server, "team/c", "team/b")
    assert get(server, "team/c").content == get(server, "team/b").content == want
    server.stop()
    server.start()
    assert get(server, "team/c").content == want, "aliases are kept over a start"


def test_old_names_are_listed_and_ended(server):
    for name in ("team/a", "team/b"):
        Repository(server, name).push_image("v1")
        moved(server, name, f"{name}2")
    assert [(one["name"], one["to"]) for one in server.get_json("/api/v1/moved")["moved"]] == [("team/a", "team/a2"), ("team/b", "team/b2")]
    page = server.get_json("/api/v1/moved?limit=1")
    assert page["next"] == "team/a" and [one["name"] for one in server.get_json("/api/v1/moved?last=team/a")["moved"]] == ["team/b"]
    assert "team/b2" in server.assay("repository", "moved").stdout
    assert server.assay("repository", "forget", "team/a").stdout == "team/a answers nothing any more\n"
    assert get(server, "team/a").status_code == 404 and get(server, "team/b").status_code == 200
    assert server.request("DELETE", "/api/v1/moved/team/a").status_code == 404
    Repository(server, "team/a").push_image("v1")


@pytest.mark.parametrize("body, code, wrong", [
    ({"to": "team/other"}, 409, "already"), ({"to": "team/app"}, 400, "already"), ({"to": "Team/x"}, 400, "Team/x"), ({}, 400, "to"),
    ({"to": "team/x", "redirect_for": -1}, 400, "redirect_for"), ({"to": "team/x", "redirect_for": 10 ** 10}, 400, "redirect_for"),
])
def test_refused(module_server, body, code, wrong):
    for name in ("team/app", "team/other"):
        Repository(module_server, name).push_image("v1")
    answer = module_server.request("POST", "/api/v1/repositories/team/app/move", json=body)
    assert answer.status_code in (code, 413) and wrong in answer.text, answer.text
    assert {"team/app", "team/other"} <= set(repositories(module_server))
    assert module_server.request("POST", "/api/v1/repositories/team/none/move", json={"to": "team/y"}).status_code == 404


def test_quota(server):
    Repository(server, "team/app").push_image("v1", layers=(b"12345",))
    Repository(server, "prod/app").push_image("v1", layers=(b"other",))
    server.request("PATCH", "/api/v1/namespaces/prod", json={"quota_images": 1})
    answer = move(server, "team/app", "prod/new")
    said = server.assay("repository", "move", "team/app", "prod/new", check=2).stderr
    assert "raise the quota" in said and "assay login" not in said, "no right helps here"
    assert answer.status_code == 403 and "quota" in answer.text and repositories(server) == ["prod/app", "team/app"]
    server.request("PATCH", "/api/v1/namespaces/prod", json={"quota_images": 2})
    moved(server, "team/app", "prod/new")
    assert server.get_json("/api/v1/namespaces/prod")["used"] == {"bytes": 12, "images": 2, "tags": 2}


def test_a_namespace(server):
    for name in ("team", "team/app", "team/deep/er", "team-b/app"):
        Repository(server, name).push_image("v1")
    server.request("PATCH", "/api/v1/namespaces/team", json={"immutable": ["team/app:v*", "w*"], "quota_images": 1})
    server.request("PUT", "/api/v1/namespaces/team/retention", json={"delete": [{"repositories": ["!team/app", "team/*"], "pushed_before": 999999}]})
    assert rename(server, "team", "team-b").status_code == 409
    said = server.assay("namespace", "rename", "--redirect-for", "90d", "team", "crew").stdout
    assert said == "team is crew now; the old name answers pulls for 90 days\n"
    assert repositories(server) == ["crew", "crew/app", "crew/deep/er", "team-b/app"]
    space = server.get_json("/api/v1/namespaces/crew")
    # It holds more than its quota says, as before.
    assert space["immutable"] == ["crew/app:v*", "w*"] and space["quota_images"] == 1 and space["used"]["images"] == 3
    assert server.get_json("/api/v1/namespaces/crew/retention")["delete"][0]["repositories"] == ["!crew/app", "crew/*"]
    for name in ("team", "team/app", "team/deep/er"):
        assert get(server, name).status_code == 200
    assert server.request("DELETE", "/v2/crew/app/manifests/v1").status_code == 403, "it is immutable there, too"
    assert server.get_json("/api/v1/namespaces/team/retention")["version"] == 0
    server.stop()
    server.assay("fsck", "--data", server.data)


def test_clients_by_both_names(server, tmp_path):
    layout = images.tiny_layout(tmp_path / "tiny")

    def skopeo(*arguments):
        return subprocess.run(["skopeo", "--insecure-policy", "copy", "--quiet", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert skopeo("--dest-tls-verify=false", f"oci:{layout}", f"docker://{server.address}/team/app:v1").returncode == 0
    said = server.assay("repository", "move", "team/app", "prod/app").stdout
    assert said == "team/app is prod/app now; the old name answers pulls for 30 days\n"
    for number, name in enumerate(("team/app", "prod/app")):
        done = skopeo("--src-tls-verify=false", f"docker://{server.address}/{name}:v1", f"dir:{tmp_path / str(number)}")
        assert done.returncode == 0, done.stdout
        pulled = subprocess.run(["podman", "pull", "--quiet", "--tls-verify=false", f"{server.address}/{name}:v1"], stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True)
        assert pulled.returncode == 0, pulled.stdout
        subprocess.run(["podman", "rmi", "--force", f"{server.address}/{name}:v1"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    done = skopeo("--dest-tls-verify=false", f"oci:{layout}", f"docker://{server.address}/team/app:v2")
    assert done.returncode != 0, "nobody pushes to the old name"


def test_rights(start_server, tmp_path):
    """Old names are pulled by the rights to the new one, by tokens, too; grants go along with who may give them."""
    server = start_server(config="access: {mode: closed}")
    for name in ("owner", "mover", "reader", "other"):
        server.make("users", {"name": name, "password": PASSWORD})
    for name, role, pattern in (("owner", "owner", "team/*"), ("owner", "owner", "prod/*"), ("mover", "owner", "team/*"), ("mover", "developer", "prod/*"),
                                ("reader", "guest", "team/app"), ("other", "guest", "team/*")):
        server.make("grants", {"kind": "principal", "subject": name, "role": role, "pattern": pattern})

    def ask(who, method, path, **options):
        return server.request(method, path, auth=(who, PASSWORD), **options)

    def push(name):
        layout = images.tiny_layout(tmp_path / name.replace("/", "-"))
        subprocess.run(["skopeo", "--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false", "--dest-creds", f"owner:{PASSWORD}", f"oci:{layout}",
                        f"docker://{server.address}/{name}:v1"], check=True)

    def pulls(who, name):
        done = subprocess.run(["skopeo", "--insecure-policy", "inspect", "--tls-verify=false", "--creds", f"{who}:{PASSWORD}",
                               f"docker://{server.address}/{name}:v1"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return done.returncode == 0
    push("team/app")
    assert pulls("reader", "team/app") and pulls("other", "team/app")
    assert ask("reader", "POST", "/api/v1/repositories/team/app/move", json={"to": "prod/app"}).status_code == 403
    answer = ask("mover", "POST", "/api/v1/repositories/team/app/move", json={"to": "free/app"})
    assert answer.status_code == 403 and "push" in answer.text
    answer = ask("owner", "POST", "/api/v1/repositories/team/app/move", json={"to": "prod/app"})
    assert answer.status_code == 200 and answer.json()["grants"] is True
    assert pulls("reader", "team/app") and pulls("reader", "prod/app"), "the grant names prod/app now"
    assert not pulls("other", "team/app") and not pulls("other", "prod/app"), "the rights to the new name count"
    scope = "service=assay&scope=repository:team/app:pull"
    granted = [ask(who, "GET", f"/token?{scope}").json().get("scope", "") for who in ("reader", "other")]
    assert "repository:prod/app:pull" in granted[0] and "prod/app" not in granted[1]
    # Who may push to the new name and not give rights there takes none along.
    push("team/b")
    server.make("grants", {"kind": "principal", "subject": "reader", "role": "guest", "pattern": "team/b"})
    assert ask("mover", "POST", "/api/v1/repositories/team/b/move", json={"to": "prod/b"}).json()["grants"] is False
    assert not pulls("reader", "prod/b") and not pulls("reader", "team/b")
    # Of old names of what one may not see not even the cursor tells, nor of namespaces.
    push("team/z")
    assert ask("owner", "POST", "/api/v1/repositories/team/z/move", json={"to": "prod/hidden"}).status_code == 200
    server.make("grants", {"kind": "principal", "subject": "other", "role": "owner", "pattern": "zoo/*"})
    for space in ("prod", "team", "zoo", "zz"):
        assert server.request("PATCH", f"/api/v1/namespaces/{space}", headers=server.operator(), json={"quota_images": 9}).status_code == 200
    assert [one["name"] for one in ask("owner", "GET", "/api/v1/moved").json()["moved"]] == ["team/app", "team/b", "team/z"]
    assert ask("reader", "GET", "/api/v1/moved?limit=1").json() == {"limit": 1, "moved": [{"name": "team/app", "to": "prod/app", "until": ANY}], "next": "team/app"}
    assert ask("reader", "GET", "/api/v1/moved?limit=1&last=team/app").json() == {"limit": 1, "moved": []}
    page = ask("other", "GET", "/api/v1/namespaces?limit=1").json()
    assert [one["name"] for one in page["namespaces"]] == ["zoo"] and page["next"] == "zoo"
    assert ask("other", "GET", "/api/v1/namespaces?limit=1&last=zoo").json() == {"limit": 1, "namespaces": []}
    names, last = [], ""
    while last is not None:
        page = server.request("GET", f"/api/v1/namespaces?limit=1&last={last}", headers=server.operator()).json()
        names, last = names + [one["name"] for one in page["namespaces"]], page.get("next")
    assert names == ["prod", "team", "zoo", "zz"]
    # Who may not pull it does not move it to where they may, not even with the whole namespace.
    push("team/c")
    server.make("grants", {"kind": "principal", "subject": "mover", "role": "guest", "effect": "deny", "pattern": "team/c"})
    server.make("grants", {"kind": "principal", "subject": "mover", "role": "owner", "pattern": "free/*"})
    for path, to in (("repositories/team/c/move", "free/c"), ("namespaces/team/rename", "free")):
        answer = ask("mover", "POST", f"/api/v1/{path}", json={"to": to})
        assert answer.status_code == 403 and "pull" in answer.text, answer.text
    assert pulls("owner", "team/c") and not pulls("mover", "free/c")


def test_nobody_gets_round_a_policy(start_server):
    """An old name is judged by the new one's policy: so who cannot change policies moves nothing from one to another."""
    server = start_server(config="access: {mode: closed}", policy="policies:\n  - {name: prod, namespaces: ['prod/**'], unscanned: block}\n")
    for name, administrator in (("root", True), ("bob", False)):
        server.make("users", {"name": name, "password": PASSWORD, "administrator": administrator})
    for pattern in ("prod/*", "bob/*"):
        server.make("grants", {"kind": "principal", "subject": "bob", "role": "owner", "pattern": pattern})

    def ask(who, path, to):
        return server.request("POST", f"/api/v1/{path}", auth=(who, PASSWORD), json={"to": to})
    for name in ("prod/app", "prod/other", "bob/app"):
        started = server.request("POST", f"/v2/{name}/blobs/uploads/?digest={digest_of(b'{}')}", auth=("bob", PASSWORD), data=b"{}")
        assert started.status_code == 201, started.text
    refused = ask("bob", "repositories/prod/app/move", "bob/taken")
    assert refused.status_code == 403 and "manage-policy" in refused.text
    assert ask("bob", "namespaces/prod/rename", "bob").status_code in (403, 409)
    assert ask("bob", "repositories/bob/app/move", "prod/taken").status_code == 403
    assert ask("bob", "repositories/prod/app/move", "prod/moved").status_code == 200
    assert ask("root", "repositories/prod/moved/move", "bob/taken").status_code == 200


def test_what_is_public_once_is_ended_at_once(start_server):
    """A namespace whose new name was public before is private when it is made so: no grant is there twice."""
    server = start_server(config="access: {mode: closed}")

    def ask(method, path, **options):
        return server.request(method, path, headers=server.operator(), **options)
    made = ask("POST", "/api/v1/users", json={"name": "owner", "password": PASSWORD, "administrator": True})
    assert made.status_code == 201, made.text
    started = server.request("POST", "/v2/team/app/blobs/uploads/", auth=("owner", PASSWORD))
    pushed = server.request("PUT", f"{started.headers['Location'].removeprefix(server.url)}?digest={digest_of(b'{}')}", auth=("owner", PASSWORD), data=b"{}")
    assert pushed.status_code == 201, pushed.text
    for space in ("team", "crew"):
        assert ask("PATCH", f"/api/v1/namespaces/{space}", json={"public": True}).status_code in (200, 404)
    assert ask("POST", "/api/v1/namespaces/team/rename", json={"to": "crew"}).json()["grants"] is True
    blob = f"/v2/crew/app/blobs/{digest_of(b'{}')}"
    assert server.request("GET", blob).status_code == 200
    assert len(ask("GET", "/api/v1/grants").json()["grants"]) == 3, "the administrator's, and two that make it public"
    assert ask("PATCH", "/api/v1/namespaces/crew", json={"public": False}).json()["public"] is False
    assert server.request("GET", blob).status_code == 401


def test_pushes_while_it_moves(server):
    """What was acknowledged is there afterwards, under one name, and the other end is told where to push."""
    for turn in range(6):
        old, new = f"team/m{turn}", f"team/n{turn}"
        Repository(server, old).push_image("first")
        accepted, refused, go = [], [], threading.Event()

        def push(number, old=old, accepted=accepted, refused=refused, go=go):
            go.wait()
            for attempt in range(8):
                tag = f"t{number}-{attempt}"
                text = get(server, old, "first").content
                answer = server.request("PUT", f"/v2/{old}/manifests/{tag}", data=text, headers={"Content-Type": MANIFEST})
                if answer.status_code == 201:
                    accepted.append(tag)
                else:
                    refused.append(answer)
        threads = [threading.Thread(target=push, args=(number,)) for number in range(3)]
        for thread in threads:
            thread.start()
        go.set()
        time.sleep(0.02 * turn)
        moved(server, old, new)
        for thread in threads:
            thread.join()
        assert all(answer.status_code == 403 and new in answer.text for answer in refused), [answer.text for answer in refused]
        assert set(server.get_json(f"/v2/{new}/tags/list")["tags"]) == {"first", *accepted}
        assert old not in repositories(server)
    server.stop()
    server.assay("fsck", "--data", server.data)
