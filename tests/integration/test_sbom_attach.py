"""assay sbom --attach: an SBOM as a referrer of its image, in our own registry and in one that keeps no lists of referrers."""
import json
import subprocess
import time

import pytest
import requests

import images
from oci_layout import Layout, digest_of
from schemas_shared import check

INDEX = "application/vnd.oci.image.index.v1+json"
FORMATS = {"cyclonedx": ("application/vnd.cyclonedx+json", "bom-1.6.schema.json"), "spdx": ("application/spdx+json", "spdx-schema-2.3.json")}


@pytest.fixture
def alpine(tmp_path):
    return images.alpine_layout(tmp_path / "alpine")


def push(layout, place):
    subprocess.run(["skopeo", "--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false", f"oci:{layout}", f"docker://{place}"],
                   check=True)


def get(address, path, **headers):
    answer = requests.get(f"http://{address}/v2/team/alpine/{path}", headers=headers, timeout=60)
    assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text}"
    return answer


def attach_both(assay, layout, address, listed):
    """Attaches both kinds twice; listed(image's digest): what the registry lists."""
    target = f"docker://{address}/team/alpine:v1"
    push(layout, f"{address}/team/alpine:v1")
    image = json.loads((layout / "index.json").read_text())["manifests"][0]
    for form, (media_type, schema) in FORMATS.items():
        digest = assay("sbom", "--format", form, "--attach", target).stdout.strip()
        assert assay("sbom", "--format", form, "--attach", target).stdout.strip() == digest
        manifest = get(address, f"manifests/{digest}", Accept="application/vnd.oci.image.manifest.v1+json")
        assert digest_of(manifest.content) == digest
        said = manifest.json()
        assert said["subject"] == {"mediaType": image["mediaType"], "digest": image["digest"], "size": image["size"]}
        assert said["artifactType"] == media_type
        bill = get(address, f"blobs/{said['layers'][0]['digest']}")
        check(schema, bill.json())
        assert bill.text == assay("sbom", "--format", form, target).stdout
        mine = [entry for entry in listed(image["digest"]) if entry["digest"] == digest]
        assert len(mine) == 1 and mine[0]["artifactType"] == media_type and mine[0]["size"] == len(manifest.content)
    assert len(listed(image["digest"])) == 2


def test_an_image_without_a_date_has_one_sbom(assay, alpine):
    """Also a second later: otherwise each attaching would add another referrer."""
    bills = [assay("sbom", f"oci:{alpine}:latest").stdout, (time.sleep(1.1), assay("sbom", f"oci:{alpine}:latest").stdout)[1]]
    assert bills[0] == bills[1] and json.loads(bills[0])["metadata"]["timestamp"].startswith("1970-01-01T00:00:00")


def test_our_own_registry(assay, alpine, server):
    attach_both(assay, alpine, server.address, lambda digest: get(server.address, f"referrers/{digest}").json()["manifests"])
    tags = get(server.address, "tags/list").json()["tags"]
    assert tags == ["v1"], "the registry lists referrers by itself"


def test_a_registry_without_lists(assay, alpine, other_registry):
    attach_both(assay, alpine, other_registry,
                lambda digest: get(other_registry, f"manifests/{digest.replace(':', '-')}", Accept=INDEX).json()["manifests"])


def test_of_an_index_the_platforms_manifest(assay, server, tmp_path):
    layout = Layout(tmp_path / "two")
    members = [(name, layout.add_image(None, [{"etc/hostname": name.encode()}], architecture=name)) for name in ("amd64", "arm64")]
    layout.add_index("latest", members)
    subprocess.run(["skopeo", "--insecure-policy", "copy", "--all", "--quiet", "--dest-tls-verify=false", f"oci:{tmp_path / 'two'}:latest",
                    f"docker://{server.address}/team/alpine:v1"], check=True)
    assay("sbom", "--attach", "--platform", "linux/arm64", f"docker://{server.address}/team/alpine:v1")
    count = {name: len(get(server.address, f"referrers/{member['digest']}").json()["manifests"]) for name, member in members}
    assert count == {"amd64": 0, "arm64": 1}


def test_what_cannot_be(assay, alpine, server):
    assert "no image in a registry" in assay("sbom", "--attach", f"oci:{alpine}", check=2).stderr
    assert "--output" in assay("sbom", "--attach", "--output", "x", f"oci:{alpine}", check=2).stderr
    assert assay("sbom", "--attach", f"docker://{server.address}/team/alpine:none", check=2).stderr


def test_who_may_not_push(assay, alpine, start_server):
    """Nothing is there afterwards, and who is refused is told to log in."""
    server = start_server(config="access: {mode: closed}")
    for name, role in (("reader", "guest"), ("builder", "developer")):
        secret = server.make("robots", {"name": name})["secret"]
        server.make("grants", {"kind": "principal", "subject": name, "role": role, "pattern": "team/*"})
        server.__dict__[name] = f"{name}:{secret}"
    target = f"docker://{server.address}/team/alpine:v1"
    subprocess.run(["skopeo", "--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false", "--dest-creds", server.builder,
                    f"oci:{alpine}", target], check=True)
    assert "assay:" in assay("sbom", "--attach", "--creds", server.reader, target, check=2).stderr
    assert assay("sbom", "--attach", "--creds", server.builder, target).stdout.startswith("sha256:")
