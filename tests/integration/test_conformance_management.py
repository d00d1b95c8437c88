"""Content management, as the OCI distribution-spec has it. A docstring line `Twin: CHECK` names the check of the
specification's own conformance suite (workflow Content Management) that the test repeats; the others are what the suite leaves
open."""
import socket
import time

import pytest

from oci_layout import INDEX, digest_of
from repository import EMPTY, Repository, check_error, image_of, index_of

ABSENT = digest_of(b"hello world")


def test_delete_tag_is_202(repository):
    """Twin: DELETE request to manifest tag should return 202, unless tag deletion is disallowed (400/405)
    Twin: Tag delete
    Twin: Tag delete atomic"""
    descriptor, text = repository.push_image("tagtest0")
    repository.put_manifest("stays", text)
    assert repository.request("DELETE", "manifests/tagtest0").status_code == 202
    for method in ("GET", "HEAD"):
        check_error(repository.get_manifest("tagtest0", method=method), 404)
    # The manifest and its other tags stay.
    assert repository.get_manifest(descriptor["digest"]).content == text
    assert repository.tags() == ["stays"]


def test_delete_manifest_is_202(repository):
    """Twin: DELETE request to manifest (digest) should yield 202 response unless already deleted
    Twin: Manifest delete
    Twin: Manifest delete atomic"""
    descriptor, _ = repository.push_image("v1")
    assert repository.request("DELETE", f"manifests/{descriptor['digest']}").status_code == 202
    check_error(repository.request("DELETE", f"manifests/{descriptor['digest']}"), 404, "MANIFEST_UNKNOWN")


def test_deleted_manifest_is_404(repository):
    """Twin: GET request to deleted manifest URL should yield 404 response, unless delete is disallowed"""
    descriptor, _ = repository.push_image("v1")
    assert repository.get_manifest("v1").status_code == 200
    repository.request("DELETE", f"manifests/{descriptor['digest']}")
    for reference in ("v1", descriptor["digest"]):
        for method in ("GET", "HEAD"):
            check_error(repository.get_manifest(reference, method=method), 404)


def test_tags_reflect_the_deletion(repository):
    """Twin: GET request to tags list should reflect manifest deletion
    Twin: Check how many tags there are before anything gets deleted"""
    descriptor, text = repository.push_image("a")
    repository.put_manifest("b", text)
    repository.push_image("c", config=b"another")
    assert repository.tags() == ["a", "b", "c"]
    repository.request("DELETE", f"manifests/{descriptor['digest']}")
    assert repository.tags() == ["c"]


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_delete_blob_is_202(repository, algorithm):
    """Twin: DELETE request to blob URL should yield 202 response
    Twin: GET request to deleted blob URL should yield 404 response
    Twin: Blob delete
    Twin: Blob delete atomic"""
    digest = repository.push_blob(b"to be deleted", algorithm=algorithm)["digest"]
    assert repository.request("DELETE", f"blobs/{digest}").status_code == 202
    for method in ("GET", "HEAD", "DELETE"):
        check_error(repository.request(method, f"blobs/{digest}"), 404, "BLOB_UNKNOWN")
    assert repository.push_blob(b"to be deleted", algorithm=algorithm)["digest"] == digest
    assert repository.request("GET", f"blobs/{digest}").content == b"to be deleted"


@pytest.mark.parametrize("path,code", [("manifests/absent", "MANIFEST_UNKNOWN"), (f"manifests/{ABSENT}", "MANIFEST_UNKNOWN"),
                                       (f"blobs/{ABSENT}", "BLOB_UNKNOWN"), ("manifests/.-", "MANIFEST_UNKNOWN")])
def test_delete_what_is_not_there(repository, path, code):
    repository.push_blob(b"x")
    check_error(repository.request("DELETE", path), 404, code)
    check_error(repository.server.request("DELETE", f"/v2/no/such/repository/{path}"), 404)


def files_of(server, digest):
    return list((server.data / "blobs").rglob(digest.split(":")[1]))


def test_blob_goes_with_its_last_repository(repository):
    """A blob that others mounted stays theirs; the file goes when nobody has it."""
    data = b"shared by two, and by no other test"
    digest, other = repository.push_blob(data)["digest"], Repository(repository.server, repository.name + "/other")
    assert other.request("POST", f"blobs/uploads/?mount={digest}&from={repository.name}").status_code == 201
    assert len(files_of(repository.server, digest)) == 1
    assert repository.request("DELETE", f"blobs/{digest}").status_code == 202
    check_error(repository.request("GET", f"blobs/{digest}"), 404)
    assert other.request("GET", f"blobs/{digest}").content == data
    assert other.request("DELETE", f"blobs/{digest}").status_code == 202
    assert not files_of(repository.server, digest)


def test_pull_of_a_blob_that_is_deleted_meanwhile(repository):
    """Who began to pull gets it whole."""
    data = bytes(range(256)) * 64 * 1024
    digest = repository.push_blob(data)["digest"]
    with socket.create_connection(("127.0.0.1", repository.server.port)) as connection:
        connection.sendall(f"GET /v2/{repository.name}/blobs/{digest} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        pull = connection.makefile("rb")
        while pull.readline() != b"\r\n":
            pass
        first = pull.read(1000)
        assert repository.request("DELETE", f"blobs/{digest}").status_code == 202
        assert first + pull.read() == data
    check_error(repository.request("GET", f"blobs/{digest}"), 404)


def test_manifest_is_pushed_again_after_its_deletion(repository):
    """With the caches between: what was deleted and pushed again is there, and what was deleted last is not."""
    descriptor, text = repository.push_image("v1")
    for _ in range(3):
        assert repository.get_manifest("v1").status_code == 200
        assert repository.request("DELETE", f"manifests/{descriptor['digest']}").status_code == 202
        assert repository.get_manifest("v1").status_code == 404
        assert repository.put_manifest("v1", text).status_code == 201
    assert repository.get_manifest(descriptor["digest"]).content == text


def test_member_of_an_index_is_not_deleted(repository):
    """It is needed; when the index is gone, it can go."""
    member, _ = repository.push_image("member")
    index = repository.push_manifest(index_of([member]), "v1", INDEX)
    outer = repository.push_manifest(index_of([index]), "outer", INDEX)
    for needed, by in ((member, index), (index, outer)):
        error = check_error(repository.request("DELETE", f"manifests/{needed['digest']}"), 409, "DENIED")
        assert needed["digest"] in error["message"] and f"a member of {by['digest']}" in error["message"]
        assert repository.get_manifest(needed["digest"]).status_code == 200
    # Its tag is not needed, and other repositories do not need it.
    assert repository.request("DELETE", "manifests/member").status_code == 202
    other = Repository(repository.server, repository.name + "/other")
    other.push_image("member")
    assert other.request("DELETE", f"manifests/{member['digest']}").status_code == 202
    for descriptor in (outer, index, member):
        assert repository.request("DELETE", f"manifests/{descriptor['digest']}").status_code == 202


@pytest.mark.parametrize("kind", ["config", "layer"])
def test_blob_of_a_manifest_is_not_deleted(repository, kind):
    """Whoever needs it is named, with a tag to find it by."""
    image, text = repository.push_image("v1", config=b"config", layers=(b"layer",))
    repository.put_manifest("v2", text)
    digest = digest_of(kind.encode())
    error = check_error(repository.request("DELETE", f"blobs/{digest}"), 409, "DENIED")
    assert f"a {kind} of {image['digest']} (tag v1 and 1 more)" in error["message"]
    assert repository.request("GET", f"blobs/{digest}").content == kind.encode()
    # Where it is only mounted, it is not needed.
    other = Repository(repository.server, repository.name + "/other")
    assert other.request("POST", f"blobs/uploads/?mount={digest}&from={repository.name}").status_code == 201
    assert other.request("DELETE", f"blobs/{digest}").status_code == 202
    assert repository.request("DELETE", f"manifests/{image['digest']}").status_code == 202
    assert repository.request("DELETE", f"blobs/{digest}").status_code == 202


def test_lost_blob_shows(repository):
    """The disk lost a layer: the image is broken in every list, until it is pushed again."""
    image, _ = repository.push_image("v1", layers=(b"lost by the disk",))
    path = f"/api/v1/repositories/{repository.name}/images"
    assert "missing" not in repository.server.get_json(path)["images"][0]
    for file in files_of(repository.server, digest_of(b"lost by the disk")):
        file.unlink()
    listed = repository.server.get_json(path)["images"][0]
    assert listed["digest"] == image["digest"] and listed["missing"] == [digest_of(b"lost by the disk")]
    assert listed["scan"]["state"] == "failed" and "push it again" in listed["scan"]["error"]
    repository.push_image("v1", layers=(b"lost by the disk",))
    assert "missing" not in repository.server.get_json(path)["images"][0]


def test_idle_uploads_expire(start_server):
    """An upload that nobody touched is dropped, its file and its session; one that is written to stays."""
    server = start_server(config="limits: {upload_expiry: 1s, concurrent_uploads: 2}")
    repository = Repository(server, "expiring")
    idle = repository.start()
    assert repository.patch(idle, b"some bytes").status_code == 202
    busy = repository.start()
    deadline = time.monotonic() + 30
    # Room is made for a new one as soon as the idle one is old enough.
    while (answer := repository.request("POST", "blobs/uploads/")).status_code == 429:
        assert repository.patch(busy, b"x").status_code == 202
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert answer.status_code == 202
    check_error(repository.request("GET", idle), 404, "BLOB_UPLOAD_UNKNOWN")
    assert not (server.data / "uploads" / idle.rsplit("/", 1)[1]).exists()
    size = int(repository.request("GET", busy).headers["Range"].split("-")[1]) + 1
    assert repository.close(busy, digest_of(b"x" * size)).status_code == 201


def test_what_is_deleted_stays_deleted(start_server):
    """Over kill -9; a manifest that refers to a deleted blob is refused."""
    server = start_server()
    repository = Repository(server, "deleted")
    descriptor, text = repository.push_image("v1", config=b"{}")
    blob = digest_of(b"layer")
    for path in ("manifests/v1", f"manifests/{descriptor['digest']}", f"blobs/{blob}"):
        assert repository.request("DELETE", path).status_code == 202
    server.kill()
    server.start()
    assert repository.tags() == []
    check_error(repository.get_manifest(descriptor["digest"]), 404)
    check_error(repository.put_manifest("v1", text), 404, "MANIFEST_BLOB_UNKNOWN")
    assert repository.put_manifest("v2", image_of(repository.push_blob(b"{}", EMPTY), [])).status_code == 201
