"""Real clients push and pull: skopeo, podman, buildah and umoci, with gzip and zstd layers, multi-architecture indexes and
artifacts. What comes back has the digests that went in, byte for byte."""
import json
import subprocess
from pathlib import Path

import pytest

import images
from oci_layout import CONFIG, INDEX, MANIFEST, Layout, digest_of, reachable, tar_of

ANY_MANIFEST = ", ".join([MANIFEST, INDEX, "application/vnd.docker.distribution.manifest.v2+json",
                          "application/vnd.docker.distribution.manifest.list.v2+json"])
HELM_CONFIG = "application/vnd.cncf.helm.config.v1+json"
HELM_CHART = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"


def pushed_and_pulled(skopeo, server, layout, tag, tmp_path, *options):
    """Pushes a tag of a layout, pulls it into another layout, and returns what both reach."""
    remote = f"docker://{server.address}/{Path(layout).name.replace('_', '-')}:{tag}"
    skopeo("copy", *options, f"oci:{layout}:{tag}", remote)
    skopeo("copy", *options, remote, f"oci:{tmp_path / 'back'}:{tag}")
    return reachable(layout, tag), reachable(tmp_path / "back", tag)


@pytest.mark.parametrize("make,options", [
    (lambda folder: images.tiny_layout(folder, "v1"), []),
    (lambda folder: images.tiny_layout(folder, "v1", "zstd"), []),
    (lambda folder: images.tiny_layout(folder, "v1", None), ["--preserve-digests"]),
    (lambda folder: images.index_layout(folder, "v1"), ["--all"]),
    (lambda folder: images.alpine_layout(folder, "v1"), []),
    (lambda folder: images.rpm_layout(folder, "v1"), []),
], ids=["gzip", "zstd", "plain tar", "index of three architectures", "alpine", "rpm"])
def test_skopeo(skopeo, server, tmp_path, make, options):
    layout = make(tmp_path / "sent")
    sent, back = pushed_and_pulled(skopeo, server, layout, "v1", tmp_path, *options)
    assert set(sent) == set(back)
    assert len(sent) >= 3


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
def test_skopeo_with_a_real_image(skopeo, module_server, tmp_path, compression):
    layout = images.debian_layout("bullseye") if compression == "gzip" else images.debian_zstd_layout("bullseye")
    media_type = json.loads(skopeo("inspect", "--raw", f"oci:{layout}:vulnerable").stdout)["layers"][0]["mediaType"]
    assert media_type.endswith(f"+{compression}")
    sent, back = pushed_and_pulled(skopeo, module_server, layout, "vulnerable", tmp_path)
    assert set(sent) == set(back)


def test_skopeo_docker_schema2(skopeo, server, tiny, tmp_path):
    """A manifest in Docker's format keeps it, and its digest."""
    remote = f"docker://{server.address}/docker/format:v1"
    skopeo("copy", "--format", "v2s2", f"oci:{tiny}:latest", remote)
    raw = skopeo("inspect", "--raw", remote).stdout
    assert json.loads(raw)["mediaType"] == "application/vnd.docker.distribution.manifest.v2+json"
    skopeo("copy", remote, f"dir:{tmp_path / 'back'}")
    assert (tmp_path / "back" / "manifest.json").read_text() == raw
    assert server.request("HEAD", "/v2/docker/format/manifests/v1").headers["Docker-Content-Digest"] == \
        digest_of(raw.encode())


def test_skopeo_lists_and_deletes(skopeo, server, tiny):
    remote = f"docker://{server.address}/some/name"
    for tag in ("b", "a"):
        skopeo("copy", f"oci:{tiny}:latest", f"{remote}:{tag}")
    assert json.loads(skopeo("list-tags", remote).stdout)["Tags"] == ["a", "b"]
    skopeo("delete", f"{remote}:a")
    assert skopeo("inspect", f"{remote}:a", check=None).returncode != 0


def test_umoci_image_round(skopeo, command, server, tmp_path):
    """An image that umoci made goes through the registry; umoci changes what came back, and that goes through as well."""
    layout = tmp_path / "made"
    (tmp_path / "layer.tar").write_bytes(tar_of(images.tiny_files()))
    command("umoci", "init", "--layout", layout)
    command("umoci", "new", "--image", f"{layout}:v1")
    command("umoci", "raw", "add-layer", "--image", f"{layout}:v1", tmp_path / "layer.tar")
    remote = f"docker://{server.address}/umoci/image"
    skopeo("copy", f"oci:{layout}:v1", f"{remote}:v1")
    skopeo("copy", f"{remote}:v1", f"oci:{tmp_path / 'back'}:v1")
    assert set(reachable(layout, "v1")) == set(reachable(tmp_path / "back", "v1"))

    command("umoci", "unpack", "--rootless", "--image", f"{tmp_path / 'back'}:v1", tmp_path / "bundle")
    (tmp_path / "bundle/rootfs/etc/added").write_text("by umoci\n")
    command("umoci", "repack", "--image", f"{tmp_path / 'back'}:v2", tmp_path / "bundle")
    skopeo("copy", f"oci:{tmp_path / 'back'}:v2", f"{remote}:v2")
    skopeo("copy", f"{remote}:v2", f"oci:{tmp_path / 'again'}:v2")
    assert set(reachable(tmp_path / "again", "v2")) == set(reachable(tmp_path / "back", "v2"))


def manifest_digest(server, name, tag):
    answer = server.request("GET", f"/v2/{name}/manifests/{tag}", headers={"Accept": ANY_MANIFEST})
    assert answer.status_code == 200, answer.text
    assert answer.headers["Docker-Content-Digest"] == digest_of(answer.content)
    return answer.headers["Docker-Content-Digest"]


@pytest.mark.parametrize("tool", ["podman", "buildah"])
def test_podman_and_buildah(skopeo, podman, server, tiny, tmp_path, tool):
    """Pulls what skopeo pushed, pushes it under another name; the digest that it reports is what the server holds."""
    skopeo("copy", f"oci:{tiny}:latest", f"docker://{server.address}/from/skopeo:v1")
    podman("pull", "--tls-verify=false", f"{server.address}/from/skopeo:v1", program=tool)
    digest = podman("images", "--digests", "--format", "{{.Digest}}", program=tool).stdout.strip()
    assert digest == manifest_digest(server, "from/skopeo", "v1")

    podman("push", "--tls-verify=false", "--digestfile", tmp_path / "digest", f"{server.address}/from/skopeo:v1",
           f"{server.address}/from/{tool}:v1", program=tool)
    pushed = (tmp_path / "digest").read_text()
    assert pushed == manifest_digest(server, f"from/{tool}", "v1")
    skopeo("copy", f"docker://{server.address}/from/{tool}:v1", f"oci:{tmp_path / 'back'}:v1")
    assert pushed in reachable(tmp_path / "back", "v1")


@pytest.mark.parametrize("tool", ["podman", "buildah"])
@pytest.mark.parametrize("kind", ["zstd", "index"])
def test_podman_and_buildah_pull(skopeo, podman, server, tmp_path, tool, kind):
    """zstd layers are unpacked to what the config says; of an index the machine's own member is taken."""
    layout = images.tiny_layout(tmp_path / "layout", "v1", "zstd") if kind == "zstd" else images.index_layout(tmp_path / "layout", "v1")
    skopeo("copy", "--all", f"oci:{layout}:v1", f"docker://{server.address}/pulled/{kind}:v1")
    podman("pull", "--tls-verify=false", f"{server.address}/pulled/{kind}:v1", program=tool)
    top = json.loads(server.request("GET", f"/v2/pulled/{kind}/manifests/v1", headers={"Accept": ANY_MANIFEST}).text)
    manifest = top
    if kind == "index":
        ours = next(member for member in top["manifests"] if member["platform"]["architecture"] == "amd64")
        manifest = json.loads(server.request("GET", f"/v2/pulled/{kind}/manifests/{ours['digest']}",
                                             headers={"Accept": ANY_MANIFEST}).text)
    config = server.get_json(f"/v2/pulled/{kind}/blobs/{manifest['config']['digest']}")
    inspected = json.loads(podman("inspect", "--type", "image", f"{server.address}/pulled/{kind}:v1", program=tool).stdout)
    if tool == "podman":
        assert inspected[0]["RootFS"]["Layers"] == config["rootfs"]["diff_ids"]
        assert f"{server.address}/pulled/{kind}@{manifest_digest(server, f'pulled/{kind}', 'v1')}" in inspected[0]["RepoDigests"]
    else:
        assert inspected["OCIv1"]["rootfs"]["diff_ids"] == config["rootfs"]["diff_ids"]


def test_buildah_builds_and_pushes_zstd(podman, skopeo, server, tiny, tmp_path):
    """An image that buildah builds on one of ours, pushed with zstd layers."""
    skopeo("copy", f"oci:{tiny}:latest", f"docker://{server.address}/base:v1")
    container = podman("from", "--tls-verify=false", f"{server.address}/base:v1", program="buildah").stdout.strip()
    (tmp_path / "file").write_text("added\n")
    podman("copy", container, tmp_path / "file", "/srv/file", program="buildah")
    podman("commit", container, "built", program="buildah")
    podman("push", "--tls-verify=false", "--compression-format", "zstd", "--format", "oci", "--digestfile",
           tmp_path / "digest", "built", f"{server.address}/built:zstd", program="podman")
    assert (tmp_path / "digest").read_text() == manifest_digest(server, "built", "zstd")
    raw = json.loads(skopeo("inspect", "--raw", f"docker://{server.address}/built:zstd").stdout)
    # Layers that the repository's neighbour already holds are mounted as they are; the new one is zstd.
    assert raw["layers"][-1]["mediaType"].endswith("+zstd")


def test_buildah_manifest_list(podman, skopeo, server, tmp_path):
    """An index that buildah puts together and pushes with all its members."""
    layout = images.index_layout(tmp_path / "index", "v1")
    skopeo("copy", "--all", f"oci:{layout}:v1", f"docker://{server.address}/multi:v1")
    members = json.loads(skopeo("inspect", "--raw", f"docker://{server.address}/multi:v1").stdout)["manifests"]
    podman("manifest", "create", "list", program="buildah")
    for member in members:
        podman("manifest", "add", "--tls-verify=false", "list",
               f"docker://{server.address}/multi@{member['digest']}", program="buildah")
    podman("manifest", "push", "--all", "--tls-verify=false", "--format", "oci", "list",
           f"docker://{server.address}/multi:again", program="buildah")
    again = json.loads(skopeo("inspect", "--raw", f"docker://{server.address}/multi:again").stdout)["manifests"]
    assert {member["digest"] for member in again} == {member["digest"] for member in members}
    assert {member["platform"]["architecture"] for member in again} == {"amd64", "arm64", "s390x"}


def helm_chart(layout, tag):
    """A chart as `helm push` lays it down: its Chart.yaml as config, the packed chart as the one layer."""
    metadata = {"name": "web", "version": "0.1.0", "apiVersion": "v2", "description": "A test chart", "type": "application"}
    chart = "".join(f"{key}: {value}\n" for key, value in metadata.items())
    packed = Path(layout.folder / "chart.tgz")
    tar = layout.folder / "chart.tar"
    tar.write_bytes(tar_of({"web/Chart.yaml": chart, "web/values.yaml": "replicas: 1\n"}))
    subprocess.run(["gzip", "-n", "-c", str(tar)], stdout=packed.open("wb"), check=True)
    return layout.add_manifest({
        "schemaVersion": 2, "mediaType": MANIFEST,
        "config": layout.add_blob(json.dumps(metadata).encode(), HELM_CONFIG),
        "layers": [layout.add_blob(packed.read_bytes(), HELM_CHART)],
        "annotations": {"org.opencontainers.image.title": "web", "org.opencontainers.image.version": "0.1.0"}}, tag)


def test_helm_chart(skopeo, server, tmp_path):
    """A Helm chart, pushed as an artifact by skopeo and pulled as helm does: by the manifest's one layer."""
    layout = Layout(tmp_path / "charts")
    descriptor = helm_chart(layout, "0.1.0")
    sent, back = pushed_and_pulled(skopeo, server, layout.folder, "0.1.0", tmp_path)
    assert set(sent) == set(back)
    answer = server.request("GET", "/v2/charts/manifests/0.1.0", headers={"Accept": MANIFEST})
    assert answer.headers["Docker-Content-Digest"] == descriptor["digest"]
    layer = answer.json()["layers"][0]
    assert layer["mediaType"] == HELM_CHART
    assert digest_of(server.request("GET", f"/v2/charts/blobs/{layer['digest']}").content) == layer["digest"]


def push_by_http(server, name, layout, descriptor, tag=None):
    """Pushes a manifest and its blobs as oras does: monolithic uploads, then the manifest."""
    data = (layout.folder / "blobs/sha256" / descriptor["digest"].split(":")[1]).read_bytes()
    manifest = json.loads(data)
    for blob in [manifest["config"], *manifest["layers"]]:
        start = server.request("POST", f"/v2/{name}/blobs/uploads/")
        assert start.status_code == 202, start.text
        location = start.headers["Location"].removeprefix(server.url)
        content = (layout.folder / "blobs/sha256" / blob["digest"].split(":")[1]).read_bytes()
        separator = "&" if "?" in location else "?"
        end = server.request("PUT", f"{location}{separator}digest={blob['digest']}", data=content,
                             headers={"Content-Type": "application/octet-stream"})
        assert end.status_code == 201, end.text
    answer = server.request("PUT", f"/v2/{name}/manifests/{tag or descriptor['digest']}", data=data,
                            headers={"Content-Type": descriptor["mediaType"]})
    assert answer.status_code == 201, answer.text
    return answer


def test_artifact_that_refers_to_an_image(skopeo, server, tmp_path):
    """An artifact with artifactType and subject, as oras attaches one, is found by the referrers of its image."""
    layout = Layout(tmp_path / "image")
    image = layout.add_image("v1", [images.tiny_files()])
    skopeo("copy", f"oci:{layout.folder}:v1", f"docker://{server.address}/attached:v1")
    empty = layout.add_blob(b"{}", "application/vnd.oci.empty.v1+json")
    artifact = layout.add_manifest({
        "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": "application/vnd.example.report",
        "config": empty, "layers": [layout.add_blob(b"all is well\n", "text/plain")], "subject": image})
    answer = push_by_http(server, "attached", layout, artifact)
    assert answer.headers["OCI-Subject"] == image["digest"]
    referrers = server.get_json(f"/v2/attached/referrers/{image['digest']}")["manifests"]
    assert [(entry["digest"], entry["artifactType"]) for entry in referrers] == \
        [(artifact["digest"], "application/vnd.example.report")]


def test_layer_shared_by_two_repositories(skopeo, server, tiny):
    """A client that knows a blob from another repository mounts it; both stay whole."""
    for name in ("first", "second"):
        skopeo("copy", f"oci:{tiny}:latest", f"docker://{server.address}/{name}:v1")
    assert manifest_digest(server, "first", "v1") == manifest_digest(server, "second", "v1")
    assert CONFIG in server.request("GET", "/v2/second/manifests/v1", headers={"Accept": ANY_MANIFEST}).text
