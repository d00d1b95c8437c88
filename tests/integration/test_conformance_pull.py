"""Pulling, as the OCI distribution-spec has it. A docstring line `Twin: CHECK` names the check of the specification's own
conformance suite (workflow Pull) that the test repeats; the others are what the suite leaves open."""
import email
import hashlib
import http.client
import json
import socket

import pytest

from oci_layout import INDEX, MANIFEST, digest_of
from repository import EMPTY, ERROR_CODES, LAYER, check_error, descriptor_of, image_of, index_of

DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
ABSENT = digest_of(b"hello world")
BYTES = bytes(range(256)) * 8


# --- blobs ---

def test_head_nonexistent_blob_is_404(repository):
    """Twin: HEAD request to nonexistent blob should result in 404 response"""
    check_error(repository.request("HEAD", f"blobs/{ABSENT}"), 404)


def test_head_existing_blob_is_200(repository):
    """Twin: HEAD request to existing blob should yield 200
    Twin: Blob head"""
    blob = repository.push_blob(BYTES)
    answer = repository.request("HEAD", f"blobs/{blob['digest']}")
    assert answer.status_code == 200
    assert answer.headers["Docker-Content-Digest"] == blob["digest"]
    assert int(answer.headers["Content-Length"]) == len(BYTES)
    assert answer.content == b""


def test_get_nonexistent_blob_is_404(repository):
    """Twin: GET nonexistent blob should result in 404 response"""
    check_error(repository.request("GET", f"blobs/{ABSENT}"), 404, "BLOB_UNKNOWN")


def test_get_existing_blob_is_200(repository):
    """Twin: GET request to existing blob URL should yield 200
    Twin: Blob get"""
    blob = repository.push_blob(BYTES)
    answer = repository.request("GET", f"blobs/{blob['digest']}")
    assert answer.status_code == 200 and answer.content == BYTES
    assert answer.headers["Docker-Content-Digest"] == blob["digest"]
    assert answer.headers["ETag"] == f'"{blob["digest"]}"'


def test_blob_of_another_repository_is_404(repository, module_server):
    digest = repository.push_blob(b"mine alone")["digest"]
    check_error(module_server.request("GET", f"/v2/somebody/else/blobs/{digest}"), 404, "BLOB_UNKNOWN")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_client_has_the_blob(repository, method):
    digest = repository.push_blob(BYTES)["digest"]
    answer = repository.request(method, f"blobs/{digest}", headers={"If-None-Match": f'"other", "{digest}"'})
    assert answer.status_code == 304 and answer.content == b""


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
@pytest.mark.parametrize("data", [b"", b"{}", BYTES], ids=["empty", "empty JSON", "bytes"])
def test_blobs_of_both_algorithms(repository, algorithm, data):
    """Twin: Blobs sha256
    Twin: Blobs sha512"""
    blob = repository.push_blob(data, algorithm=algorithm)
    for method in ("GET", "HEAD"):
        answer = repository.request(method, f"blobs/{blob['digest']}")
        assert answer.status_code == 200
        assert answer.headers["Docker-Content-Digest"] == blob["digest"]
        assert int(answer.headers["Content-Length"]) == len(data)
    assert hashlib.new(algorithm, repository.request("GET", f"blobs/{blob['digest']}").content).hexdigest() == \
        blob["digest"].split(":")[1]


@pytest.mark.parametrize("digest", ["sha256:totallywrong", "sha256:" + "A" * 64, "sha256:" + "a" * 63, "md5:" + "a" * 32,
                                    "sha512:" + "a" * 64])
def test_digest_that_is_none(repository, digest):
    for method in ("GET", "HEAD", "DELETE"):
        check_error(repository.request(method, f"blobs/{digest}"), 400, "DIGEST_INVALID")


# --- ranges of blobs (RFC 9110, section 14) ---

@pytest.mark.parametrize("header,expected", [
    ("bytes=500-1499", (500, 1500)), ("bytes=500-", (500, 2048)), ("bytes=-500", (1548, 2048)), ("bytes=2000-5000", (2000, 2048)),
    ("bytes=0-0", (0, 1)), ("bytes=0-18446744073709551615", (0, 2048)), ("bytes=-5000", (0, 2048)),
    ("bytes=500-0", 416), ("bytes=2048-", 416), ("bytes=5000-10000", 416), ("bytes=-0", 416),
    ("bytes=a-b", 200), ("bytes=18446744073709551616-", 200), ("lines=1-2", 200), ("bytes=", 200)])
def test_single_range(repository, header, expected):
    """Twin: Blob get range"""
    digest = repository.push_blob(BYTES)["digest"]
    answer = repository.request("GET", f"blobs/{digest}", headers={"Range": header})
    assert answer.headers["Accept-Ranges"] == "bytes"
    if expected == 200:
        assert answer.status_code == 200 and answer.content == BYTES
    elif expected == 416:
        check_error(answer, 416)
        assert answer.headers["Content-Range"] == f"bytes */{len(BYTES)}"
    else:
        first, end = expected
        assert answer.status_code == 206 and answer.content == BYTES[first:end]
        assert answer.headers["Content-Range"] == f"bytes {first}-{end - 1}/{len(BYTES)}"
        assert int(answer.headers["Content-Length"]) == end - first


def parts_of(answer):
    """[(Content-Range, bytes)] of a multipart/byteranges answer."""
    assert answer.status_code == 206, answer.text
    assert answer.headers["Content-Type"].startswith("multipart/byteranges; boundary=")
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    message = email.message_from_bytes(b"Content-Type: " + answer.headers["Content-Type"].encode() + b"\r\n\r\n" + answer.content)
    assert message.is_multipart()
    return [(part["Content-Range"], part.get_payload(decode=True)) for part in message.get_payload()]


def test_several_ranges(repository):
    data = b"".join(b"%04d" % number for number in range(1000))
    digest = repository.push_blob(data)["digest"]
    answer = repository.request("GET", f"blobs/{digest}", headers={"Range": "bytes=0-3, 400-407,9000-, -4"})
    assert parts_of(answer) == [("bytes 0-3/4000", b"0000"), ("bytes 400-407/4000", b"01000101"), ("bytes 3996-3999/4000", b"0999")]


@pytest.mark.parametrize("header", ["bytes=0-,0-,0-", "bytes=" + ",".join(f"{2 * i}-{2 * i}" for i in range(100))],
                         ids=["overlapping", "very many"])
def test_ranges_that_ask_for_too_much_give_the_whole(repository, header):
    digest = repository.push_blob(BYTES)["digest"]
    answer = repository.request("GET", f"blobs/{digest}", headers={"Range": header})
    assert answer.status_code == 200 and answer.content == BYTES


@pytest.mark.parametrize("condition,status", [('"{digest}"', 206), ('W/"{digest}"', 200), ('"other"', 200),
                                              ("Wed, 21 Oct 2015 07:28:00 GMT", 200)])
def test_if_range(repository, condition, status):
    digest = repository.push_blob(BYTES)["digest"]
    answer = repository.request("GET", f"blobs/{digest}", headers={"Range": "bytes=0-1",
                                                                   "If-Range": condition.format(digest=digest)})
    assert answer.status_code == status
    assert answer.content == (BYTES[:2] if status == 206 else BYTES)


def test_pull_is_resumed(repository):
    """What a broken connection left is completed by a range."""
    data = BYTES * 2000
    digest = repository.push_blob(data)["digest"]
    with socket.create_connection(("127.0.0.1", repository.server.port)) as connection:
        connection.sendall(f"GET /v2/{repository.name}/blobs/{digest} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        part = connection.makefile("rb")
        while part.readline() != b"\r\n":
            pass
        got = part.read(1_000_000)
    rest = repository.request("GET", f"blobs/{digest}", headers={"Range": f"bytes={len(got)}-"})
    assert rest.status_code == 206 and got + rest.content == data


# --- manifests ---

def test_head_nonexistent_manifest_is_404(repository):
    """Twin: HEAD request to nonexistent manifest should return 404"""
    for reference in (".INVALID_MANIFEST_NAME", "absent", ABSENT):
        check_error(repository.get_manifest(reference, method="HEAD"), 404)


def test_get_nonexistent_manifest_is_404(repository):
    """Twin: GET nonexistent manifest should return 404"""
    for reference in (".INVALID_MANIFEST_NAME", "absent", ABSENT, "a" * 129):
        check_error(repository.get_manifest(reference), 404, "MANIFEST_UNKNOWN")


@pytest.mark.parametrize("method", ["HEAD", "GET"])
@pytest.mark.parametrize("by", ["digest", "tag"])
def test_existing_manifest_is_200(repository, method, by):
    """Twin: HEAD request to manifest[0] path (digest) should yield 200 response
    Twin: HEAD request to manifest[1] path (digest) should yield 200 response
    Twin: HEAD request to manifest path (tag) should yield 200 response
    Twin: GET request to manifest[0] path (digest) should yield 200 response
    Twin: GET request to manifest[1] path (digest) should yield 200 response
    Twin: GET request to manifest path (tag) should yield 200 response
    Twin: Manifest head by digest
    Twin: Manifest head by tag
    Twin: Manifest get by digest
    Twin: Manifest get by tag"""
    for tag in ("one", "two"):
        descriptor, text = repository.push_image(tag, config=tag.encode())
        answer = repository.get_manifest(tag if by == "tag" else descriptor["digest"], MANIFEST, method)
        assert answer.status_code == 200
        assert answer.headers["Docker-Content-Digest"] == descriptor["digest"]
        assert answer.headers["Content-Type"] == MANIFEST
        assert int(answer.headers["Content-Length"]) == len(text)
        assert answer.content == (text if method == "GET" else b"")


def test_error_body(repository):
    """Twin: 400 response body should contain OCI-conforming JSON message
    Twin: Invalid Manifest Digest"""
    check_error(repository.get_manifest("sha256:totallywrong"), 400, "DIGEST_INVALID")


def test_head_answers_as_get(repository):
    """Each header of a GET but the request's id, and the gate's warning, which judges what is fetched, is that of a HEAD."""
    descriptor, _ = repository.push_image("v1", layers=[BYTES])
    paths = [f"manifests/{descriptor['digest']}", "manifests/v1", f"blobs/{digest_of(BYTES)}", "manifests/absent",
             f"blobs/{ABSENT}", "tags/list", f"referrers/{ABSENT}"]
    for path in paths:
        get, head = repository.request("GET", path), repository.request("HEAD", path)
        skip = {"X-Request-Id", "Date", "Warning"}
        assert get.status_code == head.status_code
        assert {k: v for k, v in get.headers.items() if k not in skip} == {k: v for k, v in head.headers.items() if k not in skip}
        assert head.content == b""


@pytest.mark.parametrize("stored,accept,found", [
    (MANIFEST, None, True), (MANIFEST, "", True), (MANIFEST, "*/*", True), (MANIFEST, "application/*", True),
    (MANIFEST, f"{DOCKER}, {MANIFEST};q=0.5", True), (MANIFEST, f"{INDEX};q=0.9,{MANIFEST.upper()}", True),
    (MANIFEST, DOCKER, False), (MANIFEST, INDEX, False), (MANIFEST, f"*/*, {MANIFEST};q=0", False), (MANIFEST, "text/*", False),
    (INDEX, MANIFEST, False), (INDEX, f"{MANIFEST}, {INDEX}", True), (DOCKER_LIST, DOCKER, False), (DOCKER_LIST, "*/*;q=0.1", True)])
def test_accept(repository, stored, accept, found):
    member, _ = repository.push_image()
    if stored == MANIFEST:
        repository.push_image("v1")
    else:
        data = json.dumps({"schemaVersion": 2, "mediaType": stored, "manifests": [member]}).encode()
        repository.push_manifest(data, "v1", stored)
    for method in ("GET", "HEAD"):
        answer = repository.server.request(method, f"/v2/{repository.name}/manifests/v1", headers={"Accept": accept})
        assert answer.headers["Vary"] == "Accept"
        if found:
            assert answer.status_code == 200 and answer.headers["Content-Type"] == stored
        else:
            check_error(answer, 404, "MANIFEST_UNKNOWN")
            assert method == "HEAD" or stored in answer.text, "the message is to say what is stored"


def test_accept_in_several_headers(repository):
    """As docker and containerd send it: a header each."""
    repository.push_image("v1")
    for values, status in (((DOCKER, MANIFEST), 200), ((DOCKER, INDEX), 404)):
        lines = "".join(f"Accept: {value}\r\n" for value in values)
        with socket.create_connection(("127.0.0.1", repository.server.port)) as connection:
            connection.sendall(f"GET /v2/{repository.name}/manifests/v1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{lines}\r\n".encode())
            assert connection.makefile("rb").readline().split()[1] == str(status).encode()


def test_manifest_that_the_client_has(repository):
    descriptor, _ = repository.push_image("v1")
    answer = repository.request("GET", "manifests/v1", headers={"If-None-Match": f'"{descriptor["digest"]}"'})
    assert answer.status_code == 304


@pytest.mark.parametrize("name", ["Upper", "a//b", "-a", "a-", "a..b", "a___b", "a/", "a" * 256, "a/../b", "%2e%2e/b", "a%2f..%2fb",
                                  "a%00b", "%ff"])
def test_names_that_are_none(module_server, name):
    """As they stand: requests would take ".." out of a path."""
    connection = http.client.HTTPConnection("127.0.0.1", module_server.port, timeout=30)
    for path in ("tags/list", f"blobs/{ABSENT}", "manifests/v1", f"referrers/{ABSENT}"):
        connection.request("GET", f"/v2/{name}/{path}")
        answer = connection.getresponse()
        error = json.loads(answer.read())["errors"][0]
        assert answer.status in (400, 404) and error["code"] in ERROR_CODES, error
    connection.close()


# --- what the images of the suite look like ---

def pushed_and_pulled(repository, data, media_type, algorithm="sha256"):
    descriptor = repository.push_manifest(data, media_type=media_type, algorithm=algorithm)
    answer = repository.get_manifest(descriptor["digest"], media_type)
    assert answer.status_code == 200 and answer.content == data
    assert answer.headers["Docker-Content-Digest"] == descriptor["digest"]
    return descriptor


def test_kinds_of_images(repository):
    """Twin: Image
    Twin: Image Uncompressed
    Twin: No Layers
    Twin: Custom Fields
    Twin: Data Field
    Twin: Artifact
    Twin: Artifact without Layers
    Twin: Non-distributable Layers"""
    config, layer = repository.push_blob(b'{"os":"linux"}', "application/vnd.oci.image.config.v1+json"), \
        repository.push_blob(BYTES, LAYER)
    empty = repository.push_blob(b"{}", EMPTY)
    elsewhere = descriptor_of(b"of Windows", "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
                              urls=["https://store.example.com/x"])
    for data in (image_of(config, [layer]), image_of(config, []),
                 image_of(config, [layer], **{"org.example.field": {"deep": [1, 2.5, None]}}),
                 image_of({**empty, "data": "e30="}, [layer]),
                 image_of(empty, [layer], artifactType="application/vnd.example"),
                 image_of(empty, [empty], artifactType="application/vnd.example"),
                 image_of(config, [elsewhere, layer])):
        pushed_and_pulled(repository, data, MANIFEST)


def test_kinds_of_indexes(repository):
    """Twin: Index
    Twin: Nested Index
    Twin: Empty Index
    Twin: Artifact Index
    Twin: Digest Algorithm sha512"""
    member, _ = repository.push_image()
    index = pushed_and_pulled(repository, index_of([{**member, "platform": {"os": "linux", "architecture": "amd64"}}]), INDEX)
    for data in (index_of([index, member]), index_of([]), index_of([member], artifactType="application/vnd.example")):
        pushed_and_pulled(repository, data, INDEX)
    text = image_of(repository.push_blob(b"{}", EMPTY, "sha512"), [repository.push_blob(BYTES, LAYER, "sha512")])
    long = pushed_and_pulled(repository, text, MANIFEST, "sha512")
    pushed_and_pulled(repository, index_of([long]), INDEX, "sha512")


def test_large_manifest(repository):
    """Twin: Image with Large Manifest"""
    annotations = {f"large-annotation-{number}": "A" * 10000 for number in range(390)}
    config = repository.push_blob(b"{}", EMPTY)
    data = image_of(config, [], annotations=annotations)
    assert 3_900_000 < len(data) < 4 << 20
    pushed_and_pulled(repository, data, MANIFEST)
