"""SBOMs that the registry keeps beside images where their namespace asks for it: real pushes, what clients see of them, and what
becomes of them when images go, detectors change, a namespace is full or the server is killed."""
import concurrent.futures
import json
import sqlite3

import pytest

import gate
import images
from gate import wait_until
from oci_layout import Layout, digest_of
from repository import Repository, check_error
from schemas_shared import check

FORMATS = {"cyclonedx": ("application/vnd.cyclonedx+json", "bom-1.6.schema.json", "sbom.cdx.json"),
           "spdx": ("application/spdx+json", "spdx-schema-2.3.json", "sbom.spdx.json")}


def ask(server, space, **change):
    answer = server.request("PATCH", f"/api/v1/namespaces/{space}", json=change)
    assert answer.status_code == 200, answer.text
    return answer.json()


def listed(server, repository, digest):
    return Repository(server, repository).referrers(digest).json()["manifests"]


def kept(server, repository, digest, count=1):
    """The SBOMs beside an image, once there are so many."""
    return wait_until(lambda: len(found := listed(server, repository, digest)) == count and found)


def bill_of(server, repository, digest, form):
    """The one SBOM beside the image, as a client gets it, whole and valid."""
    media_type, schema, title = FORMATS[form]
    [entry] = wait_until(lambda: [one for one in listed(server, repository, digest) if one["artifactType"] == media_type])
    app = Repository(server, repository)
    manifest = app.get_manifest(entry["digest"])
    assert digest_of(manifest.content) == entry["digest"] and len(manifest.content) == entry["size"]
    said = manifest.json()
    stored = app.get_manifest(digest)
    assert said["subject"] == {"mediaType": stored.headers["Content-Type"], "digest": digest, "size": len(stored.content)}
    assert digest_of(stored.content) == digest, "the image is as it was pushed"
    assert said["artifactType"] == entry["artifactType"] == media_type
    assert entry["annotations"] == said["annotations"] and set(said["annotations"]) == {"org.opencontainers.image.created"}
    [layer] = said["layers"]
    assert layer["mediaType"] == media_type and layer["annotations"] == {"org.opencontainers.image.title": title}
    text = app.request("GET", f"blobs/{layer['digest']}").content
    assert digest_of(text) == layer["digest"]
    check(schema, json.loads(text))
    return text


def packages_of(text):
    bill = json.loads(text)
    return sorted(one["purl"] for one in bill["components"] if "purl" in one)


@pytest.fixture
def server(start_server):
    return start_server(environment=gate.RUN_TWICE)


@pytest.mark.parametrize("form", FORMATS)
def test_what_is_pushed_gets_one(server, assay, push, tmp_path, form):
    """The bytes are those that the API gives, and, but for the image's name, what `assay sbom` says."""
    assert ask(server, "team", sbom=form)["sbom"] == form
    layout = images.alpine_layout(tmp_path / "alpine")
    digest = push(server, layout, "latest", "team/app", "v1")
    other = push(server, layout, "latest", "other/app", "v1")
    text = bill_of(server, "team/app", digest, form)
    asked = server.request("GET", f"/api/v1/images/{digest}/sbom?format={form}&repository=team/app")
    assert asked.content == text
    target = f"docker://{server.address}/team/app:v1"
    own = json.loads(assay("sbom", "--format", form, target).stdout.replace(target, f"team/app@{digest}"))
    said = json.loads(text)
    for bill in (own, said):  # follow from the name, too
        bill.pop("serialNumber" if form == "cyclonedx" else "documentNamespace")
    assert own == said
    assert listed(server, "other/app", other) == [], "no other namespace asked"
    assert server.get_json("/v2/team/app/tags/list")["tags"] == ["v1"]


def test_once_for_each_image(server, push, tmp_path):
    """Pushed again, under another tag, by several at once: one. Of an index each image has its own, and what is no image none."""
    ask(server, "team", sbom="cyclonedx")
    layout, vulnerable, fixed = gate.alpine_layout(tmp_path / "alpine")
    index = push(server, layout, "both", "team/app")
    for tag in ("one", "two"):
        push(server, layout, "vulnerable", "team/app", tag)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: push(server, layout, "fixed", f"team/many{number % 2}", f"v{number}"), range(6)))
    for repository, digest in (("team/app", vulnerable), ("team/app", fixed), ("team/many0", fixed), ("team/many1", fixed)):
        bill = bill_of(server, repository, digest, "cyclonedx")
        assert any("pkg:apk/alpine/musl@" in purl for purl in packages_of(bill))
        [one] = kept(server, repository, digest)
        assert listed(server, repository, one["digest"]) == [], "an SBOM has none itself"
    assert listed(server, "team/app", index) == []
    app = Repository(server, "team/app")
    signature, _ = app.push_image(layers=(b"signature",), subject={"mediaType": "application/vnd.oci.image.manifest.v1+json",
                                                                   "digest": vulnerable, "size": 1})
    wait_until(lambda: gate.metric(server, "assay_sboms_kept_total") == 4)
    assert listed(server, "team/app", signature["digest"]) == []
    scans = {one["digest"]: one["scan"]["state"] for one in server.get_json("/api/v1/repositories/team/app/images?limit=100")["images"]}
    [bill] = [one for one in listed(server, "team/app", fixed) if one["digest"] != signature["digest"]]
    assert scans[bill["digest"]] == "not-applicable" or "artifact" in scans[bill["digest"]], scans


def test_a_namespace_asks_later_and_otherwise(server, push, tmp_path):
    """What is there gets one when it is asked for; another format replaces it; asked for no more, it stays."""
    layout, vulnerable, fixed = gate.alpine_layout(tmp_path / "alpine")
    push(server, layout, "both", "team/app")
    push(server, layout, "vulnerable", "team")
    push(server, layout, "vulnerable", "team-b/app")
    for digest in (vulnerable, fixed):
        server.wait_for_scan("team/app", digest)
    assert listed(server, "team/app", vulnerable) == []
    told = server.assay("namespace", "set", "--sbom", "cyclonedx", "team").stdout
    assert "SBOM of images  cyclonedx\n" in told, told
    for repository, digest in (("team/app", vulnerable), ("team/app", fixed), ("team", vulnerable)):
        bill_of(server, repository, digest, "cyclonedx")
    assert listed(server, "team-b/app", vulnerable) == []
    ask(server, "team", sbom="spdx")
    for repository, digest in (("team/app", vulnerable), ("team/app", fixed), ("team", vulnerable)):
        bill_of(server, repository, digest, "spdx")
        kept(server, repository, digest, 1)
    before = listed(server, "team/app", vulnerable)
    assert ask(server, "team", sbom=None)["sbom"] == "none"
    assert listed(server, "team/app", vulnerable) == before
    wrong = server.request("PATCH", "/api/v1/namespaces/team", json={"sbom": "spdx-3"})
    assert wrong.status_code == 400 and "none, cyclonedx or spdx" in wrong.json()["detail"], wrong.text
    assert "must be" in server.assay("namespace", "set", "--sbom", "tar", "team", check=2).stderr


def test_made_anew_by_other_detectors(server, push, tmp_path):
    """The older one goes once the newer is there, though a person's own stays."""
    ask(server, "team", sbom="cyclonedx")
    layout, vulnerable, _ = gate.alpine_layout(tmp_path / "alpine")
    push(server, layout, "vulnerable", "team/app")
    [own] = kept(server, "team/app", vulnerable)
    attached = server.assay("sbom", "--attach", f"docker://{server.address}/team/app:vulnerable").stdout.strip()
    server.stop()
    with sqlite3.connect(server.data / "metadata.db") as db:
        # What the registry keeps now is, to its knowledge, of older detectors: that which a person attached.
        assert db.execute("UPDATE image_sboms SET detectors = 7, referrer = ?", (attached,)).rowcount == 1
    server.start()
    left = kept(server, "team/app", vulnerable)
    assert [one["digest"] for one in left] == [own["digest"]]


def test_it_goes_with_its_image(start_server, push, tmp_path):
    """By the collector, and not before: an image that is brought back has it still."""
    server = start_server(config="registry:\n  gc:\n    grace: 0")
    ask(server, "team", sbom="cyclonedx", immutable=["*"])
    layout, vulnerable, _ = gate.alpine_layout(tmp_path / "alpine")
    push(server, layout, "vulnerable", "team/app", "v1")
    [bill] = kept(server, "team/app", vulnerable)
    app = Repository(server, "team/app")
    ask(server, "team", immutable=None)
    assert app.request("DELETE", f"manifests/{bill['digest']}").status_code == 202, "it may be deleted"
    server.stop()
    server.start()
    assert kept(server, "team/app", vulnerable) == [bill], "it is made again while the namespace asks for it"
    assert app.request("DELETE", f"manifests/{vulnerable}").status_code == 202
    assert server.assay("image", "restore", f"team/app@{vulnerable[7:19]}").stdout
    assert kept(server, "team/app", vulnerable) == [bill]
    assert app.request("DELETE", f"manifests/{vulnerable}").status_code == 202
    server.assay("gc", "--grace", "0s", "--forget-deleted", check=None)
    wait_until(lambda: app.get_manifest(bill["digest"]).status_code == 404)
    server.stop()
    with sqlite3.connect(server.data / "metadata.db") as db:
        assert db.execute("SELECT count(*) FROM image_sboms").fetchone() == (0,)
        # A power cut between the end of the manifest and that of its row.
        db.execute("INSERT INTO image_sboms VALUES ('team/app', ?, 'cyclonedx', 7, ?)", (vulnerable, bill["digest"]))
    server.start()
    server.stop()
    with sqlite3.connect(server.data / "metadata.db") as db:
        assert db.execute("SELECT count(*) FROM image_sboms").fetchone() == (0,)


def test_a_full_namespace(server, push, tmp_path):
    """It counts as what others push; where there is no room, the image is there without, and gets it when there is."""
    layout, vulnerable, _ = gate.alpine_layout(tmp_path / "alpine")
    push(server, layout, "vulnerable", "team/app")
    used = server.get_json("/api/v1/namespaces/team")["used"]
    ask(server, "team", sbom="spdx", quota_images=used["images"])
    wait_until(lambda: "quota of images" in server.log_text())
    assert listed(server, "team/app", vulnerable) == []
    ask(server, "team", quota_images=None)
    ask(server, "team", sbom="spdx")
    kept(server, "team/app", vulnerable)
    after = server.get_json("/api/v1/namespaces/team")["used"]
    assert after["images"] == used["images"] + 1 and after["bytes"] > used["bytes"] and after["tags"] == used["tags"]


def test_a_server_that_is_killed(start_server, push, tmp_path):
    """At any moment: after the next start each image has one, and no other referrer is left of the attempt."""
    server = start_server()
    ask(server, "team", sbom="cyclonedx")
    digests = []
    for number in range(6):
        layout, vulnerable, _ = gate.alpine_layout(tmp_path / f"alpine{number}", extra=str(number))
        digests.append(push(server, layout, "vulnerable", "team/app", f"v{number}"))
        if number % 2 == 1:
            server.kill()
            server.start()
    for digest in digests:
        bill_of(server, "team/app", digest, "cyclonedx")
        assert len(listed(server, "team/app", digest)) == 1
    check_error(Repository(server, "team/app").request("DELETE", "manifests/none"), 404, "MANIFEST_UNKNOWN")


def test_moved_repositories_take_theirs_along(server, push, tmp_path):
    ask(server, "team", sbom="cyclonedx")
    layout, vulnerable, _ = gate.alpine_layout(tmp_path / "alpine")
    push(server, layout, "vulnerable", "team/app")
    before = kept(server, "team/app", vulnerable)
    server.assay("repository", "move", "team/app", "team/shop")
    assert listed(server, "team/shop", vulnerable) == before
    server.stop()
    server.start()
    push(server, layout, "fixed", "team/shop")
    wait_until(lambda: gate.metric(server, "assay_sboms_kept_total") == 1)
    assert listed(server, "team/shop", vulnerable) == before, "it is known to be there"


def test_an_empty_image(server, push, tmp_path):
    """One of which nothing is known to be a package has a list of nothing."""
    ask(server, "team", sbom="cyclonedx")
    Layout(tmp_path / "none").add_image("latest", [{"app": "\x7fELF"}])
    digest = push(server, tmp_path / "none", "latest", "team/app")
    assert packages_of(bill_of(server, "team/app", digest, "cyclonedx")) == []
