"""Which images go by themselves, which stay whatever the rules say, and what happens between a look and a run."""
import json
import sqlite3
import subprocess
import threading
import time

import pytest

import images
from gate import wait_until
from repository import INDEX, MANIFEST, Repository, index_of

DAY = 86400
NOW = 1_000_000


@pytest.fixture
def server(start_server):
    return start_server(config="registry: {retention: 0, gc: {interval: 0}}")


def age(server, digest, days, pulled=None):
    """As if it had been pushed, and pulled, so many days ago."""
    server.get_json("/api/v1/repositories/team/app/pulls")
    then = int((time.time() - days * DAY) * NOW)
    with sqlite3.connect(server.data / "metadata.db", timeout=30) as database:
        database.execute("UPDATE manifests SET pushed = ? WHERE digest = ?", (then, digest))
        database.execute("UPDATE tags SET updated = ? WHERE digest = ?", (then, digest))
        database.execute("UPDATE image_use SET pushed = 0 WHERE digest = ?", (digest,))
        if pulled is not None:
            database.execute("INSERT INTO image_use (repository, digest, pulled, pulls, pushed) VALUES ('team/app', ?, ?, 1, 0) "
                             "ON CONFLICT (repository, digest) DO UPDATE SET pulled = excluded.pulled",
                             (digest, int((time.time() - pulled * DAY) * NOW)))
    database.close()


def rules(server, keep=(), delete=(), headers=None, **more):
    answer = server.request("PUT", "/api/v1/namespaces/team/retention", headers=headers or {}, json={"keep": list(keep), "delete": list(delete), **more})
    assert answer.status_code == 200, answer.text
    return answer


def preview(server, query=""):
    return server.get_json(f"/api/v1/namespaces/team/retention/preview{query}")["images"]


def run(server, space="team"):
    answer = server.request("POST", f"/api/v1/namespaces/{space}/retention/runs")
    assert answer.status_code == 202, answer.text
    before = answer.json()["runs"]
    return wait_until(lambda: (lambda now: now if now["runs"] > before else None)(server.get_json(f"/api/v1/namespaces/{space}/retention")))


def pushed(repository, tag, days, pulled=None, **members):
    digest = repository.push_image(tag, layers=(f"{tag} {days} {time.time_ns()}".encode(),), **members)[0]["digest"]
    age(repository.server, digest, days, pulled)
    return digest


def held(server, name="team/app"):
    return {image["digest"] for image in server.get_json(f"/api/v1/repositories/{name}/images?limit=1000")["images"]}


def answers(server):
    return {one["digest"]: (one["deletes"], one["by"]) for one in preview(server)}


def test_rules(server):
    app = Repository(server, "team/app")
    old = [pushed(app, f"dev-{number}", 40 + number) for number in range(4)]
    release = pushed(app, "v1", 400)
    both = pushed(app, "v2", 300)
    text = app.get_manifest("v2")
    app.put_manifest("dev-x", text.content, MANIFEST)
    age(server, both, 300)
    bare = pushed(app, None, 50)
    used = pushed(app, "dev-used", 60, pulled=2)
    young = pushed(app, "dev-young", 0)
    assert answers(server) == {digest: (False, "no-rule" if digest != young else "grace") for digest in held(server)}

    rules(server, delete=[{"tags": ["dev-*"], "pulled_before": 30 * DAY}])
    gone = {digest for digest, (deletes, _) in answers(server).items() if deletes}
    assert gone == set(old), "all tags must match a rule that deletes; what was pulled lately stays"
    rules(server, delete=[{"tags": ["dev-*"], "beyond_newest": 3}])
    assert {digest for digest, (deletes, _) in answers(server).items() if deletes} == {*old[2:], used}, "of dev-*: young, and the two next"
    rules(server, keep=[{"newest": 2}, {"tags": ["v*"]}, {"pulled_within": 10 * DAY}], delete=[{"all": True}])
    found = {one["digest"]: one for one in preview(server)}
    assert {digest for digest, one in found.items() if one["deletes"]} == {*old[1:], bare}
    assert found[release]["reason"] == "keep 2: tags v*" and found[both]["by"] == "keep"
    assert found[bare]["reason"] == "delete 1: all" and found[used]["reason"] == "keep 3: pulled within 10 days"
    rules(server, delete=[{"untagged": True}, {"repositories": ["team/other"], "all": True}])
    assert {digest for digest, (deletes, _) in answers(server).items() if deletes} == {bare}
    rules(server, delete=[{"repositories": ["team/*", "!team/app"], "all": True}])
    assert not any(deletes for deletes, _ in answers(server).values())


def test_a_run(server):
    app = Repository(server, "team/app")
    old, young = pushed(app, "v1", 40), pushed(app, "v2", 1)
    Repository(server, "other/app").push_image("v1")
    rules(server, delete=[{"pushed_before": 30 * DAY}])
    after = run(server)
    assert after["deleted"] == 1 and "error" not in after and held(server) == {young}
    told, = [event for event in server.get_json("/api/v1/events")["events"] if event["type"] == "image.deleted"]
    assert told["subject"] == old and told["data"]["retention"] == "delete 1: pushed more than 30 days ago"
    record = wait_until(lambda: [one for one in server.request("GET", "/api/v1/audit?type=image.deleted&limit=1000",
                                                               headers=server.operator()).json()["records"]])[0]
    assert record["actor"] == {"kind": "system", "name": "retention"} and record["object"] == old
    # It is brought back, and its age begins anew.
    assert server.request("POST", f"/api/v1/deleted/team/app/manifests/{old}").status_code == 200
    assert answers(server)[old] == (False, "grace") and run(server)["deleted"] == 0 and held(server) == {old, young}
    assert app.get_manifest("v1").status_code == 200
    assert server.request("POST", "/api/v1/namespaces/other/retention/runs").status_code == 404, "there are no rules"


def test_protected(server):
    app = Repository(server, "team/app")
    names = ["immutable", "quarantine", "signed-by-tag", "signed-by-referrer", "plain"]
    digests = {name: pushed(app, name, 400) for name in names}
    hexes = {name: digest.removeprefix("sha256:") for name, digest in digests.items()}
    signature = pushed(app, f"sha256-{hexes['signed-by-tag']}.sig", 400)
    subject = {"mediaType": MANIFEST, "digest": digests["signed-by-referrer"], "size": len(app.get_manifest("signed-by-referrer").content)}
    referrer = pushed(app, None, 400, subject=subject, artifactType="application/vnd.dev.sigstore.bundle.v0.3+json")
    note = {"mediaType": MANIFEST, "digest": digests["plain"], "size": len(app.get_manifest("plain").content)}
    sbom = pushed(app, None, 400, subject=note, artifactType="application/spdx+json")
    for digest in digests.values():
        age(server, digest, 400)
    server.request("PATCH", "/api/v1/namespaces/team", json={"immutable": ["immut*"]})
    server.request("POST", "/api/v1/quarantine", json={"target": f"team/app@{digests['quarantine']}", "reason": "evidence"})
    rules(server, delete=[{"all": True}], grace=0)
    found = answers(server)
    assert found == {digests["immutable"]: (False, "immutable"), digests["quarantine"]: (False, "quarantine"),
                     digests["signed-by-tag"]: (False, "signature"), digests["signed-by-referrer"]: (False, "signature"),
                     signature: (False, "subject"), referrer: (False, "subject"), sbom: (False, "subject"),
                     digests["plain"]: (True, "delete")}
    assert run(server)["deleted"] == 1 and held(server) == set(found) - {digests["plain"]}


def test_indexes(server):
    """Members stay with an index that stays, and go with one that goes, unless another has them."""
    app = Repository(server, "team/app")

    def member(name):
        text = app.push_image(None, layers=(name.encode(),))
        age(server, text[0]["digest"], 400)
        return text[0]

    def index(tag, *members):
        made = app.push_manifest(index_of(list(members)), tag, INDEX)["digest"]
        age(server, made, 400)
        return made
    shared, own, tagged, other = member("shared"), member("own"), member("tagged"), member("other")
    app.put_manifest("mine", app.get_manifest(tagged["digest"]).content, MANIFEST)
    age(server, tagged["digest"], 400)
    stays, goes = index("v1", shared, other), index("dev-1", shared, own, tagged)
    rules(server, delete=[{"tags": ["dev-*"]}, {"untagged": True}], grace=0)
    assert answers(server) == {stays: (False, "no-rule"), goes: (True, "delete"), shared["digest"]: (False, "need"),
                               other["digest"]: (False, "need"), own["digest"]: (True, "delete"), tagged["digest"]: (False, "no-rule")}
    rules(server, delete=[{"tags": ["dev-*"]}], grace=0)
    assert answers(server)[own["digest"]] == (True, "index")
    assert run(server)["deleted"] == 2
    assert held(server) == {stays, shared["digest"], other["digest"], tagged["digest"]}
    restored = server.request("POST", f"/api/v1/deleted/team/app/manifests/{goes}").json()["restored"]
    assert [one["digest"] for one in restored] == [own["digest"], goes], "members come first"


def test_an_index_that_belongs_to_another(server):
    """It stays as long as that can be brought back, and its members with it."""
    app = Repository(server, "team/app")
    stays, goes = pushed(app, "v1", 400), pushed(app, "dev-1", 400)
    for subject in (stays, goes):
        member = pushed(app, None, 400)
        described = {"mediaType": MANIFEST, "digest": member, "size": len(app.get_manifest(member).content)}
        text = index_of([described], subject={"mediaType": MANIFEST, "digest": subject, "size": len(app.get_manifest(subject).content)})
        index = app.push_manifest(text, None, INDEX)["digest"]
        for digest in (subject, index):
            age(server, digest, 400)
        for delete in ({"tags": ["dev-*"]}, {"untagged": True}):
            rules(server, delete=[{"tags": ["dev-*"]}, delete], grace=0)
            found = answers(server)
            assert found[index] == (False, "subject") and found[member] == (False, "need")
    listed = {digest for digest, (deletes, _) in found.items() if deletes}
    assert listed == {goes} and run(server)["deleted"] == 1 and held(server) == set(found) - listed


def test_what_happens_before_a_run(server):
    """What was listed to go and is pulled, tagged, or pushed again meanwhile stays."""
    app = Repository(server, "team/app")
    digests = {name: pushed(app, f"dev-{name}", 400) for name in ("pulled", "tagged", "pushed", "left")}
    rules(server, delete=[{"tags": ["dev-*"], "pulled_before": 30 * DAY}])
    assert all(deletes for deletes, _ in answers(server).values())
    app.get_manifest("dev-pulled")
    text = app.get_manifest(digests["tagged"], method="HEAD")
    bodies = {name: server.request("GET", f"/v2/team/app/manifests/{digests[name]}").content for name in ("tagged", "pushed")}
    for name in ("tagged", "pushed"):
        age(server, digests[name], 400, pulled=400)
    app.put_manifest("v1", bodies["tagged"], MANIFEST)
    app.put_manifest(digests["pushed"], bodies["pushed"], MANIFEST)
    assert text.status_code == 200 and run(server)["deleted"] == 1
    assert held(server) == {digests[name] for name in ("pulled", "tagged", "pushed")}


def test_pushes_and_pulls_while_it_runs(server):
    """Nothing that was pushed or tagged anew while runs go on is lost."""
    app = Repository(server, "team/app")
    rules(server, delete=[{"untagged": True}, {"tags": ["old-*"]}], grace=60)
    stop = threading.Event()
    lost = []

    def push(number):
        for turn in range(12):
            digest = app.push_image(f"new-{number}-{turn}", layers=(f"{number} {turn}".encode(),))[0]["digest"]
            if app.get_manifest(digest, method="HEAD").status_code != 200:
                lost.append(digest)
    threads = [threading.Thread(target=push, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for turn in range(5):
        pushed(app, f"old-{turn}", 10)
        assert run(server)["deleted"] == 1
    for thread in threads:
        thread.join()
    stop.set()
    assert lost == [] and len(held(server)) == 36


def test_many(server):
    """More than one transaction's, with a page of the preview after another."""
    app = Repository(server, "team/app")
    layer = app.push_blob(b"layer")
    config = app.push_blob(b"{}")
    for number in range(450):
        body = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "annotations": {"n": str(number)},
                           "config": {**config, "mediaType": "application/vnd.oci.image.config.v1+json"},
                           "layers": [{**layer, "mediaType": "application/vnd.oci.image.layer.v1.tar"}]}).encode()
        assert app.put_manifest(f"t{number}", body, MANIFEST).status_code == 201
    with sqlite3.connect(server.data / "metadata.db", timeout=30) as database:
        database.execute("UPDATE manifests SET pushed = pushed - 86400000000 * 30")
        database.execute("UPDATE tags SET updated = updated - 86400000000 * 30")
    database.close()
    rules(server, keep=[{"newest": 3}], delete=[{"all": True}])
    page = server.get_json("/api/v1/namespaces/team/retention/preview?limit=400&deletes=true")
    rest = preview(server, f"?limit=400&deletes=true&last={page['next']}")
    assert len(page["images"]) == 400 and len(rest) == 47 and all(one["deletes"] for one in rest)
    assert run(server)["deleted"] == 447 and len(held(server)) == 3


def test_indexes_one_in_the_other(server):
    """However many there are, and however deep: they go from the outermost inwards, some at a time."""
    Repository(server, "team/app").push_image("v1")
    digests = [f"sha256:{number:064x}" for number in range(40000)]
    with sqlite3.connect(server.data / "metadata.db", timeout=30) as database:
        database.executemany("INSERT INTO manifests (repository, digest, media_type, content, pushed) VALUES ('team/app', ?, ?, '{}', 0)",
                             [(digest, INDEX) for digest in digests])
        database.executemany("INSERT INTO manifest_references (repository, digest, manifest, kind) VALUES ('team/app', ?, ?, 'member')",
                             zip(digests, digests[1:]))
    database.close()
    rules(server, delete=[{"untagged": True}], grace=0)
    assert server.request("POST", "/api/v1/namespaces/team/retention/runs").status_code == 202
    some = wait_until(lambda: server.get_json("/api/v1/deleted?limit=1000")["deleted"], timeout=120)
    gone = {one["digest"] for one in some}
    assert gone == set(digests[-len(gone):])


@pytest.mark.parametrize("body, wrong", [
    ({"delete": [{}]}, "must say which images"), ({"delete": [{"all": True, "untagged": True}]}, "leave one out"),
    ({"keep": [{"tags": ["v*"], "untagged": True}]}, "two rules"), ({"keep": [{"tags": ["!"]}]}, "pattern"), ({"rules": []}, "rules"),
    ({"version": 7}, "version"), ({"delete": [{"untagged": 1}]}, "untagged"), ({"delete": "all"}, "delete"), ([], "object"),
    ({"keep": [{"newest": -1}]}, "newest"),
])
def test_wrong_rules(module_server, body, wrong):
    answer = module_server.request("PUT", "/api/v1/namespaces/team/retention", json=body)
    assert answer.status_code == 400 and wrong in answer.text, answer.text


def test_versions(server):
    first = server.request("GET", "/api/v1/namespaces/team/retention")
    tag = first.headers["ETag"]
    assert first.json() == {"keep": [], "delete": [], "grace": DAY, "version": 0, "runs": 0, "deleted": 0}
    assert rules(server, headers={"If-Match": tag}).headers["ETag"] != tag
    for value, code in ((tag, 412), ("1", 412)):
        assert server.request("PUT", "/api/v1/namespaces/team/retention", headers={"If-Match": value}, json={}).status_code == code


def test_by_schedule(start_server):
    server = start_server(config="registry: {retention: 1s, gc: {interval: 0}}")
    wait_until(lambda: any(job["kind"] == "retention" and "next" in job for job in server.get_json("/api/v1/jobs")["jobs"]))


def test_by_command(server, tmp_path):
    layout = images.tiny_layout(tmp_path / "tiny")
    subprocess.run(["skopeo", "--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false", f"oci:{layout}",
                    f"docker://{server.address}/team/app:dev-1"], check=True)
    digest, = held(server)
    age(server, digest, 100)
    said = server.assay("retention", "set", "--keep", "tag=v*,newest=10", "--keep", "pulled=90d", "--delete", "untagged,pushed=7d",
                        "--delete", "tag=dev-*,repository=team/*,pushed=36h", "--grace", "2h", "team").stdout
    assert "keep    1  tag=v*,newest=10\n" in said and "delete  2  repository=team/*,tag=dev-*,pushed=36h\n" in said
    assert said == server.assay("retention", "show", "team").stdout
    listed = server.assay("retention", "preview", "team").stdout
    assert "delete 2: repositories team/*, tags dev-*, pushed more than 36 hours ago" in listed and "1 of the 1 listed" in listed
    assert json.loads(server.assay("retention", "preview", "--deletes", "--format", "json", "team").stdout)[0]["digest"] == digest
    assert server.assay("retention", "run", "team").stdout.startswith("1 image deleted; `assay image restore`")
    assert held(server) == set()
    server.assay("image", "restore", "team/app:dev-1")
    assert held(server) == {digest}
    assert "nothing is deleted" in server.assay("retention", "set", "--none", "team").stdout
    for wrong in (["--keep", "tags=v*"], ["--delete", "newest"], ["--keep", "all"], [], ["--none", "--keep", "newest=1"], ["--delete", "pushed=x"]):
        server.assay("retention", "set", *wrong, "team", check=2)
