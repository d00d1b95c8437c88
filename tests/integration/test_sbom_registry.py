"""sbom:docker://: an SBOM that lies in a registry, by its digest or beside an image, in ours and in one that keeps no lists of referrers."""
import json
import subprocess

import pytest

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
