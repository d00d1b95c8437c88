"""Manifests as clients and builders write them, that are no plain image: caches of BuildKit, Go's null for an empty list,
members that carry their own text, layers that are elsewhere."""
import base64
import json

import pytest

import gate
from gate import import_advisories, pull, refusal, wait_until
from oci_layout import CONFIG, INDEX, MANIFEST, Layout, compress, digest_of, tar_of
from repository import EMPTY, Repository, check_error, descriptor_of, image_of, index_of

DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
FOREIGN_LAYER = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
CACHE_CONFIG = "application/vnd.buildkit.cacheconfig.v0"


# --- BuildKit's registry cache (cache/remotecache/export.go, cache/remotecache/v1/types) ---

def cache_config(layers):
    """The config blob: each layer on the one before, and a record for each step of the build, chained by its inputs."""
    created = "2026-03-04T05:06:07.89Z"
    records = [{"digest": digest_of(b"the base image")}]
    for number, _ in enumerate(layers):
        records.append({"layers": [{"layer": number, "createdAt": created}], "digest": digest_of(b"step %d" % number),
                        "inputs": [[{"link": number}] if number else [{"selector": "/src", "link": 0}]]})
    return json.dumps({"layers": [{"blob": digest_of(layer), "parent": number - 1,
                                   "annotations": {"mediaType": LAYER, "size": len(layer), "createdAt": created}}
                                  for number, layer in enumerate(layers)], "records": records}).encode()


def cache_of(repository, mode, image_manifest, docker):
    """Pushes the blobs of a cache; its manifest's text and media type, as `--cache-to type=registry,mode=,image-manifest=,
    oci-mediatypes=` writes it. mode=min has the layers of the result, mode=max those of each step as well."""
    layers = [compress(tar_of({f"step/{number}": f"{mode} {number}"}), "gzip") for number in range(5 if mode == "max" else 2)]
    described = []
    for layer in layers:
        annotations = {"buildkit/createdat": "2026-03-04T05:06:07.89Z",
                       "containerd.io/uncompressed": digest_of(layer + b"unpacked")}
        described.append({**repository.push_blob(layer, DOCKER_LAYER if docker else LAYER), "annotations": annotations})
    config = repository.push_blob(cache_config(layers), CACHE_CONFIG)
    if image_manifest:
        return json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": described}).encode(), MANIFEST
    media_type = DOCKER_LIST if docker else INDEX
    return json.dumps({"schemaVersion": 2, "mediaType": media_type, "manifests": [*described, config]}).encode(), media_type


@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("image_manifest,docker", [(False, False), (False, True), (True, False)],
                         ids=["index", "docker list", "image manifest"])
def test_cache_of_buildkit(repository, mode, image_manifest, docker):
    """It goes in, and an importer finds all of it: the manifest by its tag, then each member as a blob."""
    text, media_type = cache_of(repository, mode, image_manifest, docker)
    answer = repository.put_manifest("cache", text, media_type)
    assert answer.status_code == 201, answer.text
    answer = repository.get_manifest("cache", media_type)
    assert answer.content == text and answer.headers["Content-Type"] == media_type
    manifest = json.loads(text)
    members = manifest.get("manifests") or [manifest["config"], *manifest["layers"]]
    for member in members:
        blob = repository.request("GET", f"blobs/{member['digest']}")
        assert blob.status_code == 200 and digest_of(blob.content) == member["digest"]
    # A member is a blob, and no manifest.
    check_error(repository.get_manifest(members[0]["digest"]), 404, "MANIFEST_UNKNOWN")
    # It is exported again over the old one.
    again, _ = cache_of(repository, "min" if mode == "max" else "max", image_manifest, docker)
    assert repository.put_manifest("cache", again, media_type).status_code == 201


def test_member_of_an_index_may_be_a_blob_of_this_repository_alone(repository):
    elsewhere = Repository(repository.server, repository.name + "/other").push_blob(b"a blob of another", CACHE_CONFIG)
    mixed, _ = repository.push_image()
    here = repository.push_blob(b"a blob of this", CACHE_CONFIG)
    assert repository.put_manifest("mixed", index_of([mixed, here]), INDEX).status_code == 201
    error = check_error(repository.put_manifest("v1", index_of([mixed, here, elsewhere]), INDEX), 404, "MANIFEST_BLOB_UNKNOWN")
    assert elsewhere["digest"] in error["message"] and here["digest"] not in error["message"]
    # What calls itself a manifest is asked for as one, and would not be found.
    for media_type in (MANIFEST, INDEX, DOCKER_MANIFEST, DOCKER_LIST):
        check_error(repository.put_manifest("v1", index_of([{**here, "mediaType": media_type}]), INDEX), 404, "MANIFEST_BLOB_UNKNOWN")


# --- what Go writes for nothing, and leaves out ---

def test_null_is_an_empty_list(repository):
    """`crane index filter` that finds nothing writes "manifests": null; images from nothing have "layers": null."""
    config = repository.push_blob(b"{}", CONFIG)
    for text, media_type in ((image_of(config, None), MANIFEST), (image_of(config, []).replace(b', "layers": []', b""), MANIFEST),
                             (image_of(config, [], manifests=None, annotations=None, subject=None), MANIFEST),
                             (index_of(None), INDEX), (index_of([], layers=None, config=None), INDEX),
                             (json.dumps({"schemaVersion": 2, "mediaType": DOCKER_LIST, "manifests": None}).encode(), DOCKER_LIST)):
        answer = repository.put_manifest("v1", text, media_type)
        assert answer.status_code == 201, f"{text}: {answer.text}"
        assert repository.get_manifest("v1", media_type).content == text


def test_image_from_nothing_is_scanned(start_server, scan, tmp_path):
    """`FROM scratch` alone: null for the layers, and for their diff_ids."""
    repository = Repository(start_server(), "team/app")
    layout = Layout(tmp_path / "layout")
    for number, diff_ids in enumerate(("null", "[]")):
        text = b'{"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": %s}}' % diff_ids.encode()
        config = layout.add_blob(text, CONFIG)
        repository.push_blob(text)
        image = repository.push_manifest(image_of(config, None))
        layout.add_manifest(json.loads(image_of(config, None)), f"v{number}")
        assert repository.server.wait_for_scan(repository.name, image["digest"])["state"] == "done"
        assert scan("--format", "json", f"oci:{layout.folder}:v{number}", check=None).returncode in (0, 1)


def test_one_body_is_of_one_kind(repository):
    """A body with the members of an image and of an index could be either, by the reader."""
    config, layer = repository.push_blob(b"{}", CONFIG), repository.push_blob(b"layer", LAYER)
    for text, media_type in ((image_of(config, [layer], manifests=[]), MANIFEST), (index_of([], layers=[layer]), INDEX),
                             (index_of(None, config=config, layers=[layer]), INDEX), (index_of([], config=config), INDEX)):
        error = check_error(repository.put_manifest("v1", text, media_type), 400, "MANIFEST_INVALID")
        assert "both" in error["message"]


def test_media_types_have_no_case(repository):
    text = image_of(repository.push_blob(b"{}", CONFIG), [])
    assert repository.put_manifest("v1", text, MANIFEST.upper()).status_code == 201
    assert repository.get_manifest("v1").headers["Content-Type"] == MANIFEST


def test_types_of_blobs_may_be_left_out(repository):
    config, layer = repository.push_blob(b"{}", CONFIG), repository.push_blob(b"layer", LAYER)
    for one in (config, layer):
        del one["mediaType"]
    assert repository.put_manifest("v1", image_of(config, [layer])).status_code == 201


# --- layers that are elsewhere ---

def test_layer_that_is_elsewhere_is_in_the_web(repository):
    config, missing = repository.push_blob(b"{}", CONFIG), descriptor_of(b"not pushed", FOREIGN_LAYER)
    for url in ("file:///etc/passwd", "ftp://a.example/x", "https://a.example/x#y", "x"):
        error = check_error(repository.put_manifest("v1", image_of(config, [{**missing, "urls": [url]}])), 400, "MANIFEST_INVALID")
        assert 'layers[0]: "urls[0]"' in error["message"]
    for urls in (["https://a.example/x", "HTTP://b.example"], [], None):
        assert repository.put_manifest("v1", image_of(config, [{**missing, "urls": urls}])).status_code == 201


# --- members that carry their own text ---

def with_data(descriptor, text):
    return {**descriptor, "data": base64.b64encode(text).decode()}


def test_member_that_carries_its_text_is_a_manifest(repository):
    """Clients that read it there ask for no manifest, and so for no verdict."""
    member = image_of(repository.push_blob(b"{}", EMPTY), [])
    descriptor = repository.push_blob(member, "application/x-anything")
    error = check_error(repository.put_manifest("v1", index_of([with_data(descriptor, member)]), INDEX), 404, "MANIFEST_BLOB_UNKNOWN")
    assert descriptor["digest"] in error["message"]
    repository.push_manifest(member)
    assert repository.put_manifest("v1", index_of([with_data(descriptor, member)]), INDEX).status_code == 201
    # What is not what the digest names is left out by clients too.
    blob = repository.push_blob(b"a blob", "application/x-anything")
    assert repository.put_manifest("v2", index_of([with_data(blob, member)]), INDEX).status_code == 201


def test_member_that_carries_its_text_is_judged_with_its_index(start_server, assay, push, tmp_path):
    layout, vulnerable, fixed = gate.alpine_layout(tmp_path / "alpine")
    server = start_server(policy=gate.STRICT)
    import_advisories(assay, server)
    repository = Repository(server, "team/app")
    for tag in ("vulnerable", "fixed"):
        push(server, layout, tag, repository.name)
    wait_until(lambda: pull(server, repository.name, "fixed").status_code == 200)
    texts = {digest: (layout / "blobs/sha256" / digest[7:]).read_bytes() for digest in (vulnerable, fixed)}
    members = {digest: with_data(descriptor_of(text, MANIFEST), text) for digest, text in texts.items()}
    inner = index_of([members[vulnerable]])
    for tag, text in (("good", index_of([members[fixed]])), ("bad", index_of([members[fixed], members[vulnerable]])),
                      ("deep", index_of([with_data(repository.push_manifest(inner, media_type=INDEX), inner)])),
                      ("plain", index_of([descriptor_of(texts[vulnerable], MANIFEST)]))):
        assert repository.put_manifest(tag, text, INDEX).status_code == 201
    for _ in range(2):
        assert pull(server, repository.name, "good").status_code == 200
        assert pull(server, repository.name, "plain").status_code == 200
        for tag in ("bad", "deep"):
            assert vulnerable[:19] in refusal(server, repository.name, tag)


# --- what need not be there ---

def test_sparse_index_is_refused_by_rule(repository):
    """The message names what is missing and the setting."""
    here, _ = repository.push_image()
    missing = descriptor_of(b"of another platform", MANIFEST)
    for media_type in (INDEX, DOCKER_LIST):
        text = json.dumps({"schemaVersion": 2, "mediaType": media_type, "manifests": [here, missing]}).encode()
        error = check_error(repository.put_manifest("v1", text, media_type), 404, "MANIFEST_BLOB_UNKNOWN")
        assert missing["digest"] in error["message"] and here["digest"] not in error["message"]
        assert "registry: {sparse_indexes: true}" in error["message"]


def test_what_is_missing_is_named_within_bounds(repository):
    missing = [descriptor_of(b"%d" % number, LAYER) for number in range(30)]
    error = check_error(repository.put_manifest("v1", image_of(repository.push_blob(b"{}", CONFIG), missing)), 404, "MANIFEST_BLOB_UNKNOWN")
    assert missing[19]["digest"] + " and 10 more" in error["message"] and missing[20]["digest"] not in error["message"]


def test_sparse_indexes_and_the_gate(start_server, assay, push, skopeo, tmp_path):
    """What comes later is judged like what came before; what is not there is not pulled."""
    layout, vulnerable, fixed = gate.alpine_layout(tmp_path / "alpine")
    server = start_server(policy=gate.STRICT, config="registry: {sparse_indexes: true}")
    import_advisories(assay, server)
    repository = Repository(server, "team/app")
    push(server, layout, "fixed", repository.name)
    index = (layout / "blobs/sha256" / gate.digest_of_tag(layout, "both")[7:]).read_bytes()
    answer = repository.put_manifest("both", index, INDEX)
    assert answer.status_code == 201 and vulnerable in answer.headers["Warning"]
    listed = next(image for image in server.get_json(f"/api/v1/repositories/{repository.name}/images")["images"]
                  if image["tags"] == ["both"])
    assert listed["missing"] == [vulnerable] and listed["scan"]["state"] == "not-applicable"
    assert "incomplete" in assay("images", "--server", server.url, repository.name).stdout
    wait_until(lambda: pull(server, repository.name, fixed).status_code == 200)
    assert pull(server, repository.name, "both").status_code == 200
    check_error(repository.get_manifest(vulnerable), 404, "MANIFEST_UNKNOWN")
    skopeo("copy", "--override-arch", "arm64", f"docker://{server.address}/{repository.name}:both", f"dir:{tmp_path}/fixed")
    push(server, layout, "vulnerable", repository.name)
    wait_until(lambda: "CVE-2019-14697" in refusal(server, repository.name, vulnerable))
    assert pull(server, repository.name, "both").status_code == 200
    # A member whose text stands in the index is pulled with it: it cannot be absent.
    text = image_of(repository.push_blob(b"{}", CONFIG), [])
    error = check_error(repository.put_manifest("v1", index_of([with_data(descriptor_of(text, MANIFEST), text)]), INDEX), 404,
                        "MANIFEST_BLOB_UNKNOWN")
    assert "sparse" not in error["message"]


def test_layer_comes_after_its_image(start_server, assay, tmp_path):
    """Without it the image is unscanned, however often it is asked for; with it, it is scanned as if it had come first."""
    layout, vulnerable, fixed = gate.alpine_layout(tmp_path / "alpine")
    server = start_server(policy=gate.STRICT, config="registry: {sparse_indexes: true}")
    import_advisories(assay, server)
    repository = Repository(server, "team/app")
    blobs = layout / "blobs/sha256"
    for digest in (vulnerable, fixed):
        manifest = json.loads((blobs / digest[7:]).read_text())
        config, layer = ((blobs / one["digest"][7:]).read_bytes() for one in (manifest["config"], manifest["layers"][0]))
        repository.push_blob(config)
        repository.push_manifest((blobs / digest[7:]).read_bytes())
        wait_until(lambda: server.wait_for_scan(repository.name, digest)["state"] == "failed")
        refusal(server, repository.name, digest)
        if digest == vulnerable:  # what is known of a layer that is not there goes at a restart
            server.stop()
            server.start()
            gate.wait_for_advisories(server)
            refusal(server, repository.name, digest)
        repository.push_blob(layer)
        wait_until(lambda: server.wait_for_scan(repository.name, digest)["state"] == "done")
    assert "CVE-2019-14697" in refusal(server, repository.name, vulnerable)
    assert pull(server, repository.name, fixed).status_code == 200


# --- layers that are no tar ---

@pytest.mark.parametrize("media_type,data,words", [
    (LAYER + "+encrypted", "TAR", "an encrypted layer"), (LAYER + "+encrypted", "NOISE", "an encrypted layer"),
    ("application/vnd.docker.image.rootfs.diff.tar.gzip+encrypted", "NOISE", "an encrypted layer"),
    ("application/vnd.stacker.image.layer.squashfs+zstd", "NOISE", "a squashfs file system"),
    ("application/vnd.oci.image.layer.nydus.blob.v1", "NOISE", "a Nydus file system"),
    ("application/vnd.sylabs.sif.layer.v1.sif", "NOISE", "a Singularity image (SIF)"),
    ("application/vnd.wasm.content.layer.v1+wasm", "NOISE", "a WebAssembly module")])
def test_what_runtimes_can_read_and_we_cannot_is_named(start_server, assay, tmp_path, media_type, data, words):
    """The image is unscanned, and every output says why; never "clean", although it holds no package that we see."""
    server = start_server(policy=gate.STRICT)
    import_advisories(assay, server)
    layout = Layout(tmp_path / "layout")
    tar = tar_of({"etc/hosts": "127.0.0.1 localhost\n"})
    layer = layout.add_blob(compress(tar, "gzip") if data == "TAR" else bytes(range(256)) * 8, media_type)
    config = layout.add_blob(json.dumps({"architecture": "amd64", "os": "linux", "config": {},
                                         "rootfs": {"type": "layers", "diff_ids": [digest_of(tar)]}}).encode(), CONFIG)
    layout.add_manifest({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]}, "v1")
    repository = Repository(server, "team/app")
    for blob in (config, layer):
        repository.push_blob((layout.folder / "blobs/sha256" / blob["digest"][7:]).read_bytes())
    digest = gate.digest_of_tag(layout.folder, "v1")
    repository.push_manifest((layout.folder / "blobs/sha256" / digest[7:]).read_bytes(), "v1")
    scan = server.wait_for_scan(repository.name, digest)
    reason = f"layer {layer['digest']} is {words} ({media_type}), which is not read"
    assert scan["state"] == "failed" and reason in scan["error"]
    assert reason in refusal(server, repository.name, "v1")
    assert reason in server.request("GET", f"/api/v1/images/{digest}/findings").json()["detail"]
    assert reason in assay("scan", "--data", server.data, f"oci:{layout.folder}:v1", check=2).stderr


def test_snapshotters_own_formats_in_ordinary_layers(start_server, assay, tmp_path):
    """Nydus and overlaybd find their file system in layers that are tars for all others, by annotations."""
    server = start_server()
    repository = Repository(server, "team/app")
    tar = tar_of({"image/image.boot": "RAFS", "overlaybd.commit": "LSMT"})
    config = repository.push_blob(json.dumps({"rootfs": {"type": "layers", "diff_ids": [digest_of(tar)]}}).encode(), CONFIG)
    layer = repository.push_blob(compress(tar, "gzip"), LAYER)
    for annotation, words in ((None, None), ("containerd.io/snapshot/nydus-bootstrap", "a Nydus file system"),
                              ("containerd.io/snapshot/overlaybd/blob-digest", "an overlaybd block device")):
        image = repository.push_manifest(image_of(config, [{**layer, "annotations": {annotation: "true"} if annotation else None}]))
        scan = server.wait_for_scan(repository.name, image["digest"])
        assert scan["state"] == ("failed" if words else "done"), scan
        assert words is None or words in scan["error"]


@pytest.mark.parametrize("config_type,layer_type,named,words", [
    ("application/vnd.cncf.helm.config.v1+json", "application/octet-stream", 0, "a Helm chart"),
    ("application/vnd.in-toto+json", "application/octet-stream", 0, "an in-toto attestation"),
    ("application/x-own", "application/octet-stream", 0, "an artifact"),
    (CONFIG, "application/vnd.dev.cosign.simplesigning.v1+json", 1, "a cosign signature")])
def test_artifacts_are_named(start_server, scan, tmp_path, config_type, layer_type, named, words):
    """What has no packages is called by its name, by the server and by `assay scan`."""
    repository = Repository(start_server(), "team/app")
    layout = Layout(tmp_path / "layout")
    text = b'{"rootfs": {"type": "layers", "diff_ids": ["%s"]}}' % digest_of(b"no tar").encode() if named else b'{"name": "x"}'
    config, layer = layout.add_blob(text, config_type), layout.add_blob(b"no tar", layer_type)
    for data in (text, b"no tar"):
        repository.push_blob(data)
    image = repository.push_manifest(image_of(config, [layer]))
    layout.add_manifest(json.loads(image_of(config, [layer])), "v1")
    said = f"{words} ({(config_type, layer_type)[named]})"
    assert f"is {said} and no container image" in scan(f"oci:{layout.folder}:v1", check=2).stderr
    state = repository.server.wait_for_scan(repository.name, image["digest"])["state"]
    answer = repository.server.request("GET", f"/api/v1/images/{image['digest']}/findings")
    if named:  # an image for all that is known: nothing of it would be unpacked
        assert state == "done"
    else:
        assert state == "not-applicable" and said in answer.json()["detail"]


@pytest.mark.parametrize("config_type,layer_type,words", [
    ("application/vnd.sylabs.sif.config.v1+json", "application/octet-stream", "a Singularity image (SIF)"),
    ("application/vnd.sylabs.sif.config.v1+json", "application/vnd.sylabs.sif.layer.v1.sif", "a Singularity image (SIF)"),
    ("application/vnd.wasm.config.v0+json", "application/wasm", "a WebAssembly module"),
    ("application/x-own", "application/vnd.wasm.content.layer.v1+wasm", "a WebAssembly module"),
    ("application/vnd.cirruslabs.tart.config.v1", "application/vnd.cirruslabs.tart.disk.v2", "a virtual machine (Tart)")])
def test_images_of_other_runtimes_are_unscanned(start_server, assay, scan, tmp_path, config_type, layer_type, words):
    """A runtime runs them, and nobody looked into them: `unscanned` decides, in words that say what they are."""
    server = start_server(policy=gate.STRICT.replace("**", "team/**") +
                          "  - {name: lax, namespaces: ['lab/**'], unscanned: allow, vulnerabilities: {block: [critical]}}\n")
    import_advisories(assay, server)
    repository, lab = Repository(server, "team/app"), Repository(server, "lab/app")
    layout = Layout(tmp_path / "layout")
    config, layer = layout.add_blob(b'{"name": "x"}', config_type), layout.add_blob(b"no tar", layer_type)
    for place in (repository, lab):
        for data in (b'{"name": "x"}', b"no tar"):
            place.push_blob(data)
        image = place.push_manifest(image_of(config, [layer]), "v1")
    scan_of = server.wait_for_scan(repository.name, image["digest"])
    assert scan_of["state"] == "failed" and words in scan_of["error"], scan_of
    assert words in refusal(server, repository.name, "v1")
    assert words in server.request("GET", f"/api/v1/images/{image['digest']}/findings").json()["detail"]
    layout.add_manifest(json.loads(image_of(config, [layer])), "v1")
    assert "no container image" in scan(f"oci:{layout.folder}:v1", check=2).stderr
    # Whoever wants them says so.
    answer = pull(server, lab.name, "v1")
    assert answer.status_code == 200 and words in answer.headers["Warning"]


def test_layer_that_is_elsewhere_is_unscanned(start_server, assay, tmp_path):
    server = start_server(policy=gate.STRICT)
    import_advisories(assay, server)
    repository = Repository(server, "team/app")
    missing = {**descriptor_of(b"of Windows", FOREIGN_LAYER), "urls": ["https://a.example/x"]}
    config = repository.push_blob(b'{"rootfs": {"type": "layers", "diff_ids": ["%s"]}}' % digest_of(b"x").encode(), CONFIG)
    image = repository.push_manifest(image_of(config, [missing]), "v1")
    scan = server.wait_for_scan(repository.name, image["digest"])
    assert scan["state"] == "failed" and "push it too" in scan["error"]
    assert "push it too" in refusal(server, repository.name, "v1")
