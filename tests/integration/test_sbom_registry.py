"""sbom:docker://: an SBOM that lies in a registry, by its digest or beside an image, in ours and in one that keeps no lists of referrers."""
import base64
import json
import subprocess

import pytest
import requests

import images
from repository import EMPTY, MANIFEST, Repository

CYCLONEDX = "application/vnd.cyclonedx+json"


def packages_of(result):
    return sorted((one["type"], one["name"], one["version"]) for one in json.loads(result.stdout)["packages"])


def push(layout, place):
    subprocess.run(["skopeo", "--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false", f"oci:{layout}", f"docker://{place}"], check=True)


def artifact(server, name, data, media_type=CYCLONEDX, subject=None, layers=1):
    app = Repository(server, name)
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "artifactType": media_type, "config": app.push_blob(b"{}", EMPTY),
                "layers": [app.push_blob(data, media_type)] * layers, **({"subject": subject} if subject else {})}
    return app.push_manifest(json.dumps(manifest).encode())["digest"]


@pytest.fixture
def alpine(tmp_path):
    return images.alpine_layout(tmp_path / "alpine")


def check_beside(assay, alpine, address):
    target = f"docker://{address}/team/alpine:v1"
    push(alpine, f"{address}/team/alpine:v1")
    assert "none lies beside it" in assay("packages", f"sbom:{target}", check=2).stderr
    own = assay("sbom", "--attach", target).stdout.strip()
    expected = packages_of(assay("packages", "--format", "json", target))
    assert len(expected) > 2
    for named in (f"sbom:{target}", f"sbom:docker://{address}/team/alpine@{own}"):
        assert packages_of(assay("packages", "--format", "json", named)) == expected, named
    other = assay("sbom", "--attach", "--format", "spdx", target).stdout.strip()
    several = assay("packages", f"sbom:{target}", check=2).stderr
    assert own in several and other in several and "by its digest" in several
    assert packages_of(assay("packages", "--format", "json", f"sbom:docker://{address}/team/alpine@{other}")) == expected


def test_our_own_registry(assay, alpine, server):
    check_beside(assay, alpine, server.address)


def test_a_registry_without_lists(assay, alpine, other_registry):
    check_beside(assay, alpine, other_registry)


def test_findings(scan, assay, alpine, server):
    """Those of the image."""
    target = f"docker://{server.address}/team/alpine:v1"
    push(alpine, f"{server.address}/team/alpine:v1")
    assay("sbom", "--attach", target)
    found = [[(one["id"], one["package"]) for one in json.loads(scan("--format", "json", name).stdout)["findings"]]
             for name in (target, f"sbom:{target}")]
    assert found[0] == found[1] and len(found[0]) == len(images.ALPINE_FOUND)


@pytest.mark.parametrize("data", [b"{}", b"[" * 3_000_000, b"\x1f\x8b" + b"\0" * 100_000, b""], ids=["no list", "deep", "packed", "empty"])
def test_hostile_documents(assay, server, data):
    """Read in the cage; what is none is said, and never an empty list that looks whole."""
    digest = artifact(server, "team/app", data)
    result = assay("packages", "--format", "json", f"sbom:docker://{server.address}/team/app@{digest}", check=None)
    assert result.returncode in (0, 2), result.stderr
    assert result.returncode == 2 or json.loads(result.stdout)["incomplete"], result.stdout


def test_what_is_none(assay, server):
    two = artifact(server, "team/app", b"{}", layers=2)
    assert "no SBOM" in assay("packages", f"sbom:docker://{server.address}/team/app@{two}", check=2).stderr
    other = artifact(server, "team/app", b"{}", "application/vnd.openvex+json")
    assert "no SBOM" in assay("packages", f"sbom:docker://{server.address}/team/app@{other}", check=2).stderr
    assert assay("packages", f"sbom:docker://{server.address}/team/none:v1", check=2).stderr


DSSE, BUNDLE = "application/vnd.dsse.envelope.v1+json", "application/vnd.dev.sigstore.bundle.v0.3+json"


def statement(digest, bill):
    return json.dumps({"_type": "https://in-toto.io/Statement/v1", "predicateType": "https://cyclonedx.org/bom", "predicate": json.loads(bill),
                       "subject": [{"name": "app", "digest": {"sha256": digest.removeprefix("sha256:")}}]}).encode()


def envelope(inner):
    return json.dumps({"payloadType": "application/vnd.in-toto+json", "payload": base64.b64encode(inner).decode(), "signatures": []}).encode()


FORMS = {"application/vnd.in-toto+json": lambda inner: inner, DSSE: envelope,
         BUNDLE: lambda inner: json.dumps({"mediaType": BUNDLE, "dsseEnvelope": json.loads(envelope(inner))}).encode()}


def head(server, name):
    answer = requests.head(f"http://{server.address}/v2/{name}/manifests/v1", headers={"Accept": MANIFEST}, timeout=60)
    return {"mediaType": MANIFEST, "digest": answer.headers["docker-content-digest"], "size": int(answer.headers["content-length"])}


@pytest.mark.parametrize("media_type", FORMS)
def test_attestation(assay, scan, alpine, server, media_type):
    """Opened, not verified, and only for the image that it is about."""
    target = f"docker://{server.address}/team/alpine:v1"
    push(alpine, f"{server.address}/team/alpine:v1")
    subject, bill = head(server, "team/alpine"), assay("sbom", target).stdout
    digest = artifact(server, "team/alpine", FORMS[media_type](statement(subject["digest"], bill)), media_type, subject)
    for name in (f"sbom:{target}", f"sbom:docker://{server.address}/team/alpine@{digest}"):
        result = assay("packages", "--format", "json", name)
        assert packages_of(result) == packages_of(assay("packages", "--format", "json", target))
        for shown in (result, scan("--format", "json", name)):
            notes = json.loads(shown.stdout)["notes"]
            assert any("not verified" in note for note in notes), notes
        for shown in (scan(name), assay("packages", name)):
            assert "not verified" in " ".join(shown.stdout.split())


def test_attestation_of_another_image(assay, scan, alpine, server):
    """Nothing of it counts, and it says why."""
    target = f"docker://{server.address}/team/alpine:v1"
    push(alpine, f"{server.address}/team/alpine:v1")
    subject, bill = head(server, "team/alpine"), assay("sbom", target).stdout
    artifact(server, "team/alpine", envelope(statement("sha256:" + "0" * 64, bill)), DSSE, subject)
    result = json.loads(scan("--format", "json", f"sbom:{target}", check=None).stdout)
    assert result["packages"] == 0 and result["incomplete"], result
    assert any("no attestation of " + subject["digest"] in note for note in result["notes"]), result["notes"]


def test_attestation_at_the_tag_of_cosign(assay, alpine, server):
    """Of several, the one whose annotation says that it is an SBOM."""
    target = f"docker://{server.address}/team/alpine:v1"
    push(alpine, f"{server.address}/team/alpine:v1")
    subject, bill = head(server, "team/alpine"), assay("sbom", target).stdout
    app = Repository(server, "team/alpine")
    layers = [{**app.push_blob(envelope(statement(subject["digest"], bill)), DSSE), "annotations": {"predicateType": "https://cyclonedx.org/bom"}},
              {**app.push_blob(envelope(b"{}"), DSSE), "annotations": {"predicateType": "https://slsa.dev/provenance/v1"}}]
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": app.push_blob(b"{}", EMPTY), "layers": layers}
    app.push_manifest(json.dumps(manifest).encode(), subject["digest"].replace(":", "-") + ".att")
    assert packages_of(assay("packages", "--format", "json", f"sbom:{target}")) == packages_of(assay("packages", "--format", "json", target))


def test_a_statement_under_another_media_type(assay, scan, alpine, server):
    """What somebody calls an SBOM is one about this image, or counts for nothing."""
    target = f"docker://{server.address}/team/alpine:v1"
    push(alpine, f"{server.address}/team/alpine:v1")
    subject, bill = head(server, "team/alpine"), assay("sbom", target).stdout
    artifact(server, "team/alpine", statement("sha256:" + "0" * 64, bill), "application/spdx+json", subject)
    result = json.loads(scan("--format", "json", f"sbom:{target}", check=None).stdout)
    assert result["packages"] == 0 and result["incomplete"], result


def test_an_sbom_beside_an_image_is_not_trusted(assay, scan, alpine, server):
    """A clean one that anybody pushed says so."""
    push(alpine, f"{server.address}/team/alpine:v1")
    clean = {"bomFormat": "CycloneDX", "specVersion": "1.5", "components": []}
    artifact(server, "team/alpine", json.dumps(clean).encode(), "application/vnd.cyclonedx+json", head(server, "team/alpine"))
    result = scan(f"sbom:docker://{server.address}/team/alpine:v1", check=None)
    assert "not verified" in " ".join(result.stdout.split()), result.stdout
