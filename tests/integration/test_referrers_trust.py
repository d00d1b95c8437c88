"""What strangers put beside an image: SBOMs and VEX documents are listed as not trusted yet, and change nothing of what the registry says of
the image, whatever is in them and however many they are."""
import concurrent.futures
import json

import pytest

import gate
from gate import pull, refusal, wait_until
from oci_layout import digest_of
from repository import EMPTY, MANIFEST, Repository, check_error
from test_api import check_described

STRICT = "policies:\n  - {name: all, namespaces: ['**'], vulnerabilities: {block: [critical], only_fixed: true, unknown_as: critical}}\n"
OPENVEX, IN_TOTO = "application/vnd.openvex+json", "application/vnd.in-toto+json"
CYCLONEDX, SPDX = "application/vnd.cyclonedx+json", "application/spdx+json"
PATH = "/api/v1/repositories/{name}/referrers/{digest}"


def attach(server, repository, subject, media_type, data, **members):
    """What oras does: the document as a blob, and a manifest whose subject is the image."""
    app = Repository(server, repository)
    stored = app.get_manifest(subject)
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "artifactType": media_type, "config": app.push_blob(b"{}", EMPTY),
                "layers": [app.push_blob(data, media_type)],
                "subject": {"mediaType": MANIFEST, "digest": subject, "size": len(stored.content)}, **members}
    return app.push_manifest(json.dumps(manifest).encode())["digest"]


def listed(server, repository, digest):
    found, last = [], None
    while True:
        answer = server.request("GET", f"/api/v1/repositories/{repository}/referrers/{digest}" + (f"?last={last}" if last else ""))
        check_described(PATH, answer)
        found += answer.json()["referrers"]
        last = answer.json().get("next")
        if last is None:
            return found


def said_of(server, digest):
    """All that the registry says of the image's content."""
    findings = server.get_json(f"/api/v1/images/{digest}/findings?repository=team/app&limit=1000")
    bill = server.request("GET", f"/api/v1/images/{digest}/sbom?repository=team/app").text
    verdict = server.get_json(f"/api/v1/images/{digest}/verdict?repository=team/app")
    packages = server.get_json(f"/api/v1/images/{digest}/packages?limit=1000")
    return findings, bill, verdict, packages


def vex(*identities):
    return json.dumps({"@context": "https://openvex.dev/ns/v0.2.0", "author": "A stranger", "timestamp": "2030-01-01T00:00:00Z", "statements": [
        {"vulnerability": {"name": identity}, "status": "not_affected", "justification": "vulnerable_code_not_present",
         "products": [{"@id": "pkg:apk/alpine/musl"}, {"@id": "pkg:apk/alpine/libcrypto1.1"}]} for identity in identities]}).encode()


def bill(*packages):
    return json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": [
        {"type": "library", "name": name, "version": version, "purl": f"pkg:apk/alpine/{name}@{version}?distro=alpine-3.10"}
        for name, version in packages]}).encode()


ALL = ("CVE-2019-14697", "CVE-2019-1547", "CVE-2019-1563")
HOSTILE = {"a VEX document of all": (OPENVEX, vex(*ALL)), "the same as an attestation": (IN_TOTO, json.dumps({
    "_type": "https://in-toto.io/Statement/v1", "predicateType": "https://openvex.dev/ns", "predicate": json.loads(vex(*ALL))}).encode()),
    "an SBOM without packages": (CYCLONEDX, bill()), "one of fixed versions": (CYCLONEDX, bill(("musl", "9"), ("libcrypto1.1", "9"))),
    "one that adds what is vulnerable": (CYCLONEDX, bill(("not-installed", "0"))), "no JSON": (SPDX, b"\x00\xff" * 1000),
    "deep JSON": (CYCLONEDX, b"[" * 5_000_000), "a bomb": (SPDX, b"\x1f\x8b" + b"\0" * 1000)}


@pytest.fixture
def server(start_server, assay, push, tmp_path):
    server = start_server(policy=STRICT, prepare=lambda server: gate.import_advisories(assay, server))
    gate.wait_for_advisories(server)
    layout, server.vulnerable, server.fixed = gate.alpine_layout(tmp_path / "alpine")
    for tag in ("vulnerable", "fixed"):
        server.wait_for_scan("team/app", push(server, layout, tag, "team/app"))
    return server


def test_no_effect(server):
    refused = refusal(server, "team/app", "vulnerable")
    before = {digest: said_of(server, digest) for digest in (server.vulnerable, server.fixed)}
    for name, (media_type, data) in HOSTILE.items():
        for digest in before:
            attached = attach(server, "team/app", digest, media_type, data)
            assert attached in [one["digest"] for one in listed(server, "team/app", digest)], name
    # Also after all was judged anew.
    gate.reload(server, STRICT)
    assert refusal(server, "team/app", "vulnerable") == refused
    assert pull(server, "team/app", "fixed").status_code == 200
    assert {digest: said_of(server, digest) for digest in before} == before
    shown = listed(server, "team/app", server.vulnerable)
    assert {one["trust"] for one in shown} == {"not-trusted-yet"}
    assert {one["what"] for one in shown} >= {"an OpenVEX document (application/vnd.openvex+json)", "an in-toto attestation (application/vnd.in-toto+json)"}


def test_what_the_registry_made_is_told_from_forgeries(server):
    assert server.request("PATCH", "/api/v1/namespaces/team", json={"sbom": "cyclonedx"}).status_code == 200
    [own] = wait_until(lambda: [one for one in listed(server, "team/app", server.vulnerable) if one["trust"] == "registry"])
    assert own["artifact_type"] == CYCLONEDX
    app = Repository(server, "team/app")
    said = app.get_manifest(own["digest"]).json()
    forged = attach(server, "team/app", server.vulnerable, CYCLONEDX, bill(), annotations=said["annotations"])
    assert {one["digest"]: one["trust"] for one in listed(server, "team/app", server.vulnerable)} == \
        {own["digest"]: "registry", forged: "not-trusted-yet"}
    table = server.assay("image", "referrers", "team/app:vulnerable").stdout
    assert f"{own['digest'][7:19]}" in table and "made by the registry" in table and "not trusted yet" in table
    assert len(json.loads(server.assay("image", "referrers", "--format", "json", "team/app:vulnerable").stdout)) == 2
    wait_until(lambda: server.assay("image", "referrers", "team/app:fixed").stdout.count("\n") == 2)


def test_explained(server, assay):
    """It is named beside the finding, as overruled."""
    attached = attach(server, "team/app", server.vulnerable, OPENVEX, vex(*ALL))
    gate.reload(server, "policies: []\n")
    target = f"docker://{server.address}/team/app@{server.vulnerable}"
    said = assay("explain", "--data", server.data, "--format", "json", target, "CVE-2019-14697").stdout
    [exception] = json.loads(said)["packages"][0]["exceptions"]
    assert exception["by"] == f"referrer {attached}" and not exception["holds"] and "not trusted yet" in exception["overruled"]
    assert "not trusted yet" in assay("explain", "--data", server.data, target, "CVE-2019-14697").stdout


def test_many_at_once(server):
    """A thousand, by several clients: all are listed, the image is judged as before, and its deletion takes them along."""
    refused = refusal(server, "team/app", "vulnerable")
    app = Repository(server, "team/app")
    app.push_blob(b"{}", EMPTY)
    document = app.push_blob(vex("CVE-2019-14697"), OPENVEX)
    size = len(app.get_manifest(server.vulnerable).content)

    def push_one(number):
        manifest = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "artifactType": OPENVEX, "annotations": {"number": "x" * 5000 + str(number)},
                               "config": {"mediaType": EMPTY, "digest": digest_of(b"{}"), "size": 2}, "layers": [document],
                               "subject": {"mediaType": MANIFEST, "digest": server.vulnerable, "size": size}}).encode()
        return app.push_manifest(manifest)["digest"]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        pushed = set(pool.map(push_one, range(1000)))
    shown = listed(server, "team/app", server.vulnerable)
    assert len(shown) == 1000 and {one["digest"] for one in shown} == pushed
    assert refusal(server, "team/app", "vulnerable") == refused


def test_a_large_document(server):
    refused = refusal(server, "team/app", "vulnerable")
    attach(server, "team/app", server.vulnerable, CYCLONEDX, b" " * 100_000_000)
    assert len(listed(server, "team/app", server.vulnerable)) == 1
    assert refusal(server, "team/app", "vulnerable") == refused


def test_wrong_questions(server):
    assert server.get_json(f"/api/v1/repositories/team/app/referrers/sha256:{'0' * 64}") == {"referrers": []}
    check_error(server.request("GET", "/api/v1/repositories/team/app/referrers/latest"), 400, "DIGEST_INVALID")
