"""Pushing, as the OCI distribution-spec has it. A docstring line `Twin: CHECK` names the check of the specification's own
conformance suite (workflow Push) that the test repeats; the others are what the suite leaves open."""
import contextlib
import json
import re
import socket
import threading
import time

import pytest
import requests

from oci_layout import CONFIG, INDEX, MANIFEST, digest_of
from raw_http import is_at_end
from repository import EMPTY, LAYER, Repository, check_error, descriptor_of, image_of, index_of

ABSENT = digest_of(b"hello world")
BLOB = b"0123456789" * 100
UUID = re.compile(r"/v2/.*/blobs/uploads/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def check_created(repository, answer, digest, data):
    """201, and the Location is a pullable URL."""
    assert answer.status_code == 201, answer.text
    assert answer.headers["Docker-Content-Digest"] == digest
    assert repository.request("GET", answer.headers["Location"]).content == data


# --- blobs, streamed ---

def test_patch_with_the_whole_blob_is_202(repository):
    """Twin: PATCH request with blob in body should yield 202 response"""
    answer = repository.patch(repository.start(), BLOB)
    assert answer.status_code == 202
    assert answer.headers["Range"] == f"0-{len(BLOB) - 1}"
    assert UUID.fullmatch(answer.headers["Location"])


def test_put_closes_a_streamed_upload(repository):
    """Twin: PUT request to session URL with digest should yield 201 response
    Twin: Blob streaming"""
    location = repository.patch(repository.start(), BLOB).headers["Location"]
    check_created(repository, repository.close(location, digest_of(BLOB)), digest_of(BLOB), BLOB)


def test_stream_without_content_length(repository):
    """Transfer-Encoding: chunked, as clients send what they compress on the fly."""
    answer = repository.request("PATCH", repository.start(), data=iter([BLOB[:300], BLOB[300:]]))
    assert answer.status_code == 202 and answer.headers["Range"] == f"0-{len(BLOB) - 1}"
    check_created(repository, repository.close(answer.headers["Location"], digest_of(BLOB)), digest_of(BLOB), BLOB)
    location = repository.start()
    answer = repository.request("PUT", f"{location}?digest={digest_of(BLOB * 2)}", data=iter([BLOB, BLOB]))
    check_created(repository, answer, digest_of(BLOB * 2), BLOB * 2)


# --- blobs, monolithic ---

def test_get_before_the_push_is_404(repository):
    """Twin: GET nonexistent blob should result in 404 response"""
    check_error(repository.request("GET", f"blobs/{digest_of(BLOB)}"), 404, "BLOB_UNKNOWN")


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_single_post(repository, algorithm):
    """Twin: POST request with digest and blob should yield a 201 or 202
    Twin: GET request to blob URL from prior request should yield 200 or 404 based on response code
    Twin: Blob post only"""
    digest = digest_of(BLOB, algorithm)
    answer = repository.request("POST", f"blobs/uploads/?digest={digest}", data=BLOB,
                                headers={"Content-Type": "application/octet-stream"})
    check_created(repository, answer, digest, BLOB)


def test_single_post_without_a_body_starts_an_upload(repository):
    """As clients do that know registries without the single POST."""
    answer = repository.request("POST", f"blobs/uploads/?digest={digest_of(BLOB)}", headers={"Content-Length": "0"})
    assert answer.status_code == 202
    check_created(repository, repository.close(answer.headers["Location"], digest_of(BLOB), BLOB), digest_of(BLOB), BLOB)
    empty = repository.request("POST", f"blobs/uploads/?digest={digest_of(b'')}", headers={"Content-Length": "0"})
    check_created(repository, empty, digest_of(b""), b"")


def test_post_yields_a_session(repository):
    """Twin: POST request should yield a session ID"""
    answer = repository.request("POST", "blobs/uploads/")
    assert answer.status_code == 202 and UUID.fullmatch(answer.headers["Location"])
    assert answer.headers["Range"] == "0-0"
    assert repository.start() != answer.headers["Location"]


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_post_then_put(repository, algorithm):
    """Twin: PUT upload of a blob should yield a 201 Response
    Twin: GET request to existing blob should yield 200 response
    Twin: PUT upload of a layer blob should yield a 201 Response
    Twin: GET request to existing layer should yield 200 response
    Twin: Blob post put
    Twin: Blob push"""
    for data in (b'{"config": 1}', BLOB):
        digest = digest_of(data, algorithm)
        check_created(repository, repository.close(repository.start(f"?digest-algorithm={algorithm}"), digest, data), digest, data)
        check_created(repository, repository.close(repository.start(), digest, data), digest, data)


@pytest.mark.parametrize("digest,code", [
    ("", "DIGEST_INVALID"), ("sha256:x", "DIGEST_INVALID"), ("md5:" + "0" * 32, "DIGEST_INVALID"), (ABSENT, "DIGEST_INVALID")])
def test_digest_that_does_not_hold(repository, digest, code):
    """Every way of pushing refuses a digest that is none, or not that of the bytes; nothing is stored.
    Twin: Bad Digest Image"""
    location = repository.start()
    repository.patch(location, BLOB)
    for answer in (repository.close(location, digest), repository.close(repository.start(), digest, BLOB),
                   repository.request("POST", f"blobs/uploads/?digest={digest}", data=BLOB)):
        check_error(answer, 400, code)
    check_error(repository.request("GET", f"blobs/{ABSENT}"), 404)


def test_put_without_digest(repository):
    check_error(repository.request("PUT", repository.start(), data=BLOB), 400, "DIGEST_INVALID")


def test_algorithm_that_is_not_known(repository):
    check_error(repository.request("POST", "blobs/uploads/?digest-algorithm=md5"), 400, "UNSUPPORTED")


def test_body_without_digest(repository):
    check_error(repository.request("POST", "blobs/uploads/", data=BLOB), 413, "SIZE_INVALID")


# --- blobs, in chunks ---

def test_chunk_out_of_order_is_416(repository):
    """Twin: Out-of-order blob upload should return 416"""
    location = repository.start()
    for answer in (repository.patch(location, BLOB[500:], first=500),
                   repository.close(location, digest_of(BLOB), BLOB[500:], **{"Content-Range": "500-999"})):
        check_error(answer, 416, "BLOB_UPLOAD_INVALID")
        assert answer.headers["Range"] == "0-0" and UUID.fullmatch(answer.headers["Location"])


def test_first_chunk_is_202(repository):
    """Twin: PATCH request with first chunk should return 202"""
    answer = repository.patch(repository.start(), BLOB[:500], first=0)
    assert answer.status_code == 202 and answer.headers["Range"] == "0-499"


def test_chunk_sent_again_is_416(repository):
    """Twin: Retry previous blob chunk should return 416"""
    location = repository.start()
    assert repository.patch(location, BLOB[:500], first=0).status_code == 202
    answer = repository.patch(location, BLOB[:500], first=0)
    check_error(answer, 416)
    assert answer.headers["Range"] == "0-499"


def test_status_of_an_upload(repository):
    """Twin: Get on stale blob upload should return 204 with a range and location"""
    location = repository.start()
    repository.patch(location, BLOB[:500], first=0)
    repository.patch(location, BLOB[:500], first=0)
    answer = repository.request("GET", location)
    assert answer.status_code == 204 and answer.headers["Range"] == "0-499"
    assert UUID.fullmatch(answer.headers["Location"])


@pytest.mark.parametrize("last_by", ["PATCH", "PUT"])
def test_chunks_make_the_blob(repository, last_by):
    """Twin: PATCH request with second chunk should return 202
    Twin: PUT request with digest should return 201
    Twin: Blob chunked"""
    location = repository.start()
    for first in range(0, 700, 350):
        answer = repository.patch(location, BLOB[first:first + 350], first=first)
        assert answer.status_code == 202 and answer.headers["Range"] == f"0-{first + 349}"
        location = answer.headers["Location"]
    if last_by == "PATCH":
        assert repository.patch(location, BLOB[700:], first=700).status_code == 202
        answer = repository.close(location, digest_of(BLOB))
    else:
        answer = repository.close(location, digest_of(BLOB), BLOB[700:], **{"Content-Range": "700-999"})
    check_created(repository, answer, digest_of(BLOB), BLOB)
    check_error(repository.request("GET", location), 404, "BLOB_UPLOAD_UNKNOWN")


@pytest.mark.parametrize("content_range,length", [
    ("0-9", 11), ("0-9", 9), ("5-4", 1), ("a-b", 1), ("0-", 1), ("-5", 5), ("0-18446744073709551615", 1),
    ("0-9223372036854775807", 1), ("18446744073709551616-18446744073709551617", 2), ("", 3)])
def test_content_range_that_is_wrong(repository, content_range, length):
    location = repository.start()
    check_error(repository.patch(location, b"x" * length, **{"Content-Range": content_range}), 400, "BLOB_UPLOAD_INVALID")
    assert repository.request("GET", location).headers["Range"] == "0-0", "a refused chunk left something"


@pytest.mark.parametrize("sent", [9, 11])
def test_content_range_against_a_stream(repository, sent):
    """Without Content-Length the bytes themselves are counted."""
    location = repository.start()
    answer = repository.request("PATCH", location, data=iter([b"x" * sent]), headers={"Content-Range": "0-9"})
    check_error(answer, 416, "BLOB_UPLOAD_INVALID")
    assert answer.headers["Range"] == repository.request("GET", location).headers["Range"]


def test_unit_in_content_range(repository):
    """Some clients write it as RFC 9110 has it."""
    location = repository.start()
    assert repository.patch(location, BLOB, **{"Content-Range": f"bytes 0-{len(BLOB) - 1}/*"}).status_code == 202


def test_upload_of_another_repository(repository):
    location = repository.start()
    other = location.replace(repository.name, "somebody/else")
    for method in ("GET", "PATCH", "PUT", "DELETE"):
        check_error(repository.request(method, f"{other}?digest={ABSENT}"), 404, "BLOB_UPLOAD_UNKNOWN")
    assert repository.request("GET", location).status_code == 204


@pytest.mark.parametrize("name", ["x", "..", "%2e%2e%2fblobs", "00000000-0000-4000-8000-000000000000"])
def test_uploads_that_are_none(repository, name):
    for method in ("GET", "PATCH", "PUT", "DELETE"):
        answer = repository.request(method, f"blobs/uploads/{name}")
        assert answer.status_code in (400, 404, 405), answer.text


def test_upload_is_cancelled(repository):
    """Twin: Blob upload cancel"""
    location = repository.start()
    repository.patch(location, BLOB)
    assert repository.request("DELETE", location).status_code == 204
    for answer in (repository.request("GET", location), repository.patch(location, BLOB),
                   repository.close(location, digest_of(BLOB)), repository.request("DELETE", location)):
        check_error(answer, 404, "BLOB_UPLOAD_UNKNOWN")
    assert not list((repository.server.data / "uploads").glob(location.rsplit("/", 1)[1]))


def half_a_patch(repository, location):
    """A connection whose PATCH announces more bytes than have come."""
    connection = socket.create_connection(("127.0.0.1", repository.server.port))
    connection.sendall(f"PATCH {location} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n".encode() + BLOB[:400])
    return connection


def wait_for_range(repository, location, expected):
    for _ in range(400):
        answer = repository.request("GET", location)
        assert answer.status_code == 204
        if answer.headers["Range"] == expected:
            return
        threading.Event().wait(0.02)
    raise AssertionError(f"{answer.headers['Range']} instead of {expected}")


def test_a_new_request_takes_an_upload_over(repository):
    """While one writes, its progress can be read. A client whose connection went silent comes back with another: it goes on at
    once where the former came to, and the former is ended, whatever it still sends."""
    location = repository.start()
    with half_a_patch(repository, location) as silent:
        wait_for_range(repository, location, "0-399")
        answer = repository.patch(location, BLOB[400:800], first=400)
        assert answer.status_code == 202 and answer.headers["Range"] == "0-799"
        assert answer.elapsed.total_seconds() < 30, "it waited until the silent one had been silent for idle_seconds"
        with contextlib.suppress(OSError):
            silent.sendall(b"!" * 600)
        assert is_at_end(silent)
        with half_a_patch(repository, location):
            wait_for_range(repository, location, "0-1199")
            # Not where the upload stands: the session stays as it is.
            check_error(repository.patch(location, BLOB, first=5), 416, "BLOB_UPLOAD_INVALID")
        with half_a_patch(repository, location):
            wait_for_range(repository, location, "0-1599")
            whole = BLOB[:800] + BLOB[:400] + BLOB[:400]
            check_created(repository, repository.close(location, digest_of(whole)), digest_of(whole), whole)


def test_a_closing_request_that_is_taken_over_ends_nothing(repository):
    """Its last bytes may come in the very moment: they are neither taken nor do they end the body, and the upload goes on."""
    for turn in range(25):
        location = repository.start()
        assert repository.patch(location, BLOB[:400], first=0).status_code == 202
        with socket.create_connection(("127.0.0.1", repository.server.port)) as closing:
            closing.sendall(f"PUT {location}?digest={digest_of(BLOB)} HTTP/1.1\r\nHost: x\r\nContent-Length: 600\r\n\r\n".encode())
            time.sleep(0.002 * (turn % 5))
            rest = threading.Thread(target=send_quietly, args=(closing, BLOB[400:]))
            rest.start()
            answer = repository.patch(location, b"", first=None)
            rest.join()
        for _ in range(200):  # the closing one has not let go of it yet: where a machine is slow
            if answer.status_code != 429:
                break
            time.sleep(0.1)
            answer = repository.patch(location, b"", first=None)
        if answer.status_code == 404:  # the closing one had all its bytes first
            check_closed_by_the_other(repository)
            continue
        assert answer.status_code == 202, answer.text
        size = int(answer.headers["Range"].split("-")[1]) + 1
        assert size >= 400
        closed = repository.close(location, digest_of(BLOB), BLOB[size:])
        if closed.status_code == 404:  # the other one began after the answer, and has closed it
            check_closed_by_the_other(repository)
            continue
        check_created(repository, closed, digest_of(BLOB), BLOB)


def check_closed_by_the_other(repository):
    """The upload is gone from when its closing begins; the blob is there when that has ended."""
    deadline = time.monotonic() + 20
    while (found := repository.request("GET", f"blobs/{digest_of(BLOB)}")).status_code == 404 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert found.content == BLOB
    repository.request("DELETE", f"blobs/{digest_of(BLOB)}")


def send_quietly(sock, data):
    with contextlib.suppress(OSError):
        for byte in range(0, len(data), 50):
            sock.sendall(data[byte:byte + 50])


def test_delete_takes_an_upload_over(repository):
    location = repository.start()
    with half_a_patch(repository, location) as silent:
        wait_for_range(repository, location, "0-399")
        assert repository.request("DELETE", location).status_code == 204
        assert is_at_end(silent)
    check_error(repository.request("GET", location), 404, "BLOB_UPLOAD_UNKNOWN")


def test_many_requests_for_one_upload(repository):
    """However they overlap, each part that was acknowledged is there, whole and in the order in which it was."""
    location = repository.start()
    parts, lock = [], threading.Lock()

    def write(number):
        for turn in range(12):
            part = bytes([65 + number]) * (20_000 + turn)
            try:
                answer = repository.patch(location, part)
            except requests.ConnectionError:
                continue  # taken over by another
            assert answer.status_code in (202, 429), answer.text
            if answer.status_code == 202:
                with lock:
                    parts.append((int(answer.headers["Range"].split("-")[1]) + 1, part))
    threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    path = repository.server.data / "uploads" / location.rsplit("/", 1)[1]
    data = path.read_bytes()
    assert len(parts) >= 12 and len({end for end, _ in parts}) == len(parts)
    for end, part in parts:
        assert data[end - len(part):end] == part


def test_one_blob_pushed_by_many_at_once(repository):
    data = BLOB * 500
    answers, ready = [], threading.Barrier(8)

    def push(number):
        mine = Repository(repository.server, f"{repository.name}/{number % 3}")
        location = mine.start()
        ready.wait(timeout=60)
        answers.append(mine.close(location, digest_of(data), data))
    threads = [threading.Thread(target=push, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert [answer.status_code for answer in answers] == [201] * 8
    for number in range(3):
        assert repository.server.request("GET", f"/v2/{repository.name}/{number}/blobs/{digest_of(data)}").content == data


# --- mounts ---

def other_of(repository):
    return Repository(repository.server, repository.name + "/other")


def test_mount_of_a_blob_that_is_nowhere(repository):
    """Twin: Cross-mounting of a blob without the from argument should yield session id
    Twin: Cross-mounting of nonexistent blob should yield session id"""
    for query in ("", f"&from={repository.name}", "&from=no/such", "&from=NOT//VALID"):
        answer = other_of(repository).request("POST", f"blobs/uploads/?mount={digest_of(b'nowhere')}{query}")
        assert answer.status_code == 202 and UUID.fullmatch(answer.headers["Location"])


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_mount_from_another_repository(repository, algorithm):
    """Twin: POST request to mount another repository's blob should return 201 or 202
    Twin: GET request to test digest within cross-mount namespace should return 200
    Twin: Blob mount"""
    digest, other = repository.push_blob(BLOB, algorithm=algorithm)["digest"], other_of(repository)
    answer = other.request("POST", f"blobs/uploads/?mount={digest}&from={repository.name}")
    assert answer.headers["Location"] == f"/v2/{other.name}/blobs/{digest}"
    check_created(other, answer, digest, BLOB)


def test_mount_without_from(repository):
    """Twin: Cross-mounting without from, and automatic content discovery enabled should return a 201
    Twin: Cross-mounting without from, and automatic content discovery disabled should return a 202
    Twin: Blob anonymous mount"""
    digest, other = repository.push_blob(b"to be mounted")["digest"], other_of(repository)
    check_created(other, other.request("POST", f"blobs/uploads/?mount={digest}"), digest, b"to be mounted")


def test_mount_of_the_wrong_repository_starts_an_upload(repository):
    digest = repository.push_blob(b"not there")["digest"]
    answer = other_of(repository).request("POST", f"blobs/uploads/?mount={digest}&from=somewhere/else")
    assert answer.status_code == 202


def test_mount_of_a_digest_that_is_none(repository):
    check_error(repository.request("POST", "blobs/uploads/?mount=sha256:x&from=a"), 400, "DIGEST_INVALID")


# --- manifests ---

def test_get_before_the_manifest_is_pushed(repository):
    """Twin: GET nonexistent manifest should return 404"""
    check_error(repository.get_manifest(".INVALID_MANIFEST_NAME"), 404, "MANIFEST_UNKNOWN")


def test_put_manifest(repository):
    """Twin: PUT should accept a manifest upload
    Twin: GET request to manifest URL (digest) should yield 200 response
    Twin: Manifest put by tag
    Twin: Manifest put by digest"""
    text = image_of(repository.push_blob(b"{}", CONFIG), [repository.push_blob(BLOB, LAYER)])
    for reference in ("test0", "test1", "A_b-c.d", "x" * 128, digest_of(text), digest_of(text, "sha512")):
        answer = repository.put_manifest(reference, text)
        algorithm = "sha512" if reference.startswith("sha512:") else "sha256"
        check_created(repository, answer, digest_of(text, algorithm), text)
        assert repository.get_manifest(reference).content == text


def test_put_manifest_without_layers(repository):
    """Twin: Registry should accept a manifest upload with no layers"""
    text = image_of(repository.push_blob(b"{}", CONFIG), [])
    check_created(repository, repository.put_manifest("emptylayer", text), digest_of(text), text)


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_tags_beside_the_digest(repository, algorithm):
    """Twin: Manifest put with tag params
    Twin: Tag Param
    Twin: Tag Param sha512"""
    text = image_of(repository.push_blob(b"{}", CONFIG), [])
    digest, tags = digest_of(text, algorithm), [f"1.{number}" for number in range(12)]
    answer = repository.put_manifest(digest + "?" + "&".join(f"tag={tag}" for tag in tags), text)
    check_created(repository, answer, digest, text)
    assert answer.headers["OCI-Tag"].split(", ") == tags
    for tag in tags:
        assert repository.get_manifest(tag).headers["Docker-Content-Digest"] == digest
    assert sorted(repository.tags()) == sorted(tags)
    check_error(repository.put_manifest(f"{digest}?tag=fine&tag=-", text), 400, "MANIFEST_INVALID")
    assert "fine" not in repository.tags()


def test_tags_beside_the_digest_are_bounded(repository):
    """All of them come back in one header, for which there is room."""
    text = image_of(repository.push_blob(b"{}", CONFIG), [])
    digest, tags = digest_of(text), [f"{number:x<128}" for number in range(101)]
    check_error(repository.put_manifest(digest + "?" + "&".join(f"tag={tag}" for tag in tags), text), 414, "UNSUPPORTED")
    check_error(repository.get_manifest(digest), 404)
    answer = repository.put_manifest(digest + "?" + "&".join(f"tag={tag}" for tag in tags[1:]), text)
    assert answer.status_code == 201 and answer.headers["OCI-Tag"].split(", ") == tags[1:]


def test_tag_moves(repository):
    first, _ = repository.push_image("v1", config=b"1")
    second, _ = repository.push_image("v1", config=b"2")
    assert repository.get_manifest("v1").headers["Docker-Content-Digest"] == second["digest"]
    assert repository.get_manifest(first["digest"]).status_code == 200


def test_what_a_manifest_refers_to_must_be_there(repository):
    config = repository.push_blob(b"{}", CONFIG)
    missing = descriptor_of(b"missing", LAYER)
    elsewhere = other_of(repository).push_blob(b"elsewhere", LAYER)
    for text, media_type, digest in ((image_of(config, [missing]), MANIFEST, missing["digest"]),
                                     (image_of(missing, []), MANIFEST, missing["digest"]),
                                     (image_of(config, [elsewhere]), MANIFEST, elsewhere["digest"]),
                                     (index_of([{**missing, "mediaType": MANIFEST}]), INDEX, missing["digest"])):
        error = check_error(repository.put_manifest("v1", text, media_type), 404, "MANIFEST_BLOB_UNKNOWN")
        assert digest in error["message"]
    check_error(repository.get_manifest("v1"), 404)


def test_sparse_manifests(start_server):
    """Taken where the configuration says so, and then served and deleted like others; otherwise refused.
    Twin: Sparse Manifests"""
    for sparse in (True, False):
        repository = Repository(start_server(config=f"registry: {{sparse_indexes: {str(sparse).lower()}}}"), "sparse")
        config, missing = repository.push_blob(b"{}", CONFIG), descriptor_of(b"missing", LAYER)
        image, _ = repository.push_image(config=b"here")
        for text, media_type in ((image_of(config, [missing]), MANIFEST), (index_of([image, {**missing, "mediaType": MANIFEST}]), INDEX)):
            answer = repository.put_manifest("v1", text, media_type)
            if not sparse:
                assert missing["digest"] in check_error(answer, 404, "MANIFEST_BLOB_UNKNOWN")["message"]
                continue
            check_created(repository, answer, digest_of(text), text)
            assert missing["digest"] in answer.headers["Warning"]
            assert repository.request("DELETE", f"manifests/{digest_of(text)}").status_code == 202


@pytest.mark.parametrize("reference,text,media_type,status,code", [
    ("-tag", "GOOD", MANIFEST, 400, "MANIFEST_INVALID"), ("a" * 129, "GOOD", MANIFEST, 400, "MANIFEST_INVALID"),
    ("sha256:x", "GOOD", MANIFEST, 400, "DIGEST_INVALID"), (ABSENT, "GOOD", MANIFEST, 400, "DIGEST_INVALID"),
    ("v1", "", MANIFEST, 400, "MANIFEST_INVALID"), ("v1", "{", MANIFEST, 400, "MANIFEST_INVALID"),
    ("v1", "[" * 100_000, MANIFEST, 400, "MANIFEST_INVALID"), ("v1", "\xff", MANIFEST, 400, "MANIFEST_INVALID"),
    ("v1", "GOOD", INDEX, 400, "MANIFEST_INVALID"), ("v1", "{}", "text/plain", 400, "MANIFEST_INVALID"),
    ("v1", '{"schemaVersion": 2}', "text/plain", 415, "UNSUPPORTED"),
    ("v1", '{"schemaVersion": 2, "mediaType": "%s"}' % MANIFEST, MANIFEST, 400, "MANIFEST_INVALID"),
    ("v1", '{"schemaVersion": 2, "schemaVersion": 2}', MANIFEST, 400, "MANIFEST_INVALID")])
def test_manifests_that_are_refused(repository, reference, text, media_type, status, code):
    if text == "GOOD":
        text = image_of(repository.push_blob(b"{}", CONFIG), []).decode()
    check_error(repository.put_manifest(reference, text.encode("latin-1"), media_type), status, code)
    assert repository.get_manifest(reference).status_code in (400, 404)


@pytest.mark.parametrize("media_type", ["application/vnd.docker.distribution.manifest.v1+json",
                                        "application/vnd.docker.distribution.manifest.v1+prettyjws"])
def test_schema_1_is_refused(repository, media_type):
    text = json.dumps({"schemaVersion": 1, "name": "a", "tag": "b", "fsLayers": [], "history": [], "signatures": []}).encode()
    error = check_error(repository.put_manifest("v1", text, media_type), 415, "UNSUPPORTED")
    assert "schema 1" in error["message"] and "schema 2" in error["message"]


def test_docker_schema_2_and_list(repository):
    """What docker pushes keeps its types and its digests."""
    docker = "application/vnd.docker.distribution.manifest.v2+json"
    docker_list = "application/vnd.docker.distribution.manifest.list.v2+json"
    image = json.dumps({"schemaVersion": 2, "mediaType": docker,
                        "config": repository.push_blob(b"{}", "application/vnd.docker.container.image.v1+json"),
                        "layers": [repository.push_blob(BLOB, "application/vnd.docker.image.rootfs.diff.tar.gzip")]}).encode()
    member = repository.push_manifest(image, media_type=docker)
    whole = json.dumps({"schemaVersion": 2, "mediaType": docker_list, "manifests": [
        {**member, "platform": {"os": "linux", "architecture": "amd64"}}]}).encode()
    repository.push_manifest(whole, "v1", docker_list)
    for reference, text, media_type in (("v1", whole, docker_list), (member["digest"], image, docker)):
        answer = repository.get_manifest(reference, media_type)
        assert answer.content == text and answer.headers["Content-Type"] == media_type


def test_content_type_is_optional_and_has_parameters(repository):
    text = image_of(repository.push_blob(b"{}", CONFIG), [])
    for headers in ({}, {"Content-Type": f"{MANIFEST}; charset=utf-8"}, {"Content-Type": ""}):
        assert repository.request("PUT", "manifests/v1", data=text, headers=headers).status_code == 201
        assert repository.get_manifest("v1").headers["Content-Type"] == MANIFEST


def test_subject_is_recorded(repository):
    """Twin: Manifest put with subject
    Twin: Artifacts with Subject
    Twin: Index with Subject
    Twin: Missing Subject"""
    image, _ = repository.push_image("v1")
    config = repository.push_blob(b"{}", EMPTY)
    for text, media_type in ((image_of(config, [], subject=image), MANIFEST), (index_of([], subject=image), INDEX)):
        answer = repository.put_manifest(digest_of(text), text, media_type)
        assert answer.status_code == 201 and answer.headers["OCI-Subject"] == image["digest"]
        assert "Warning" not in answer.headers
    missing = descriptor_of(b"not pushed", MANIFEST)
    text = image_of(config, [], subject=missing)
    answer = repository.put_manifest(digest_of(text), text)
    assert answer.status_code == 201 and answer.headers["OCI-Subject"] == missing["digest"]
    assert re.fullmatch(r'299 - "[^"\\]*"', answer.headers["Warning"]) and missing["digest"] in answer.headers["Warning"]
    assert "OCI-Subject" not in repository.put_manifest("plain", image_of(config, [])).headers


def test_warning_of_a_layer_that_is_elsewhere(repository):
    foreign = descriptor_of(b"of Windows", "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip")
    answer = repository.put_manifest("v1", image_of(repository.push_blob(b"{}", CONFIG), [foreign]))
    assert answer.status_code == 201
    assert re.fullmatch(r'299 - "[^"\\]*"', answer.headers["Warning"]) and "not scanned" in answer.headers["Warning"]


def test_manifest_of_four_mebibytes(repository):
    """The default limit is what the specification asks for, to the byte."""
    config = repository.push_blob(b"{}", EMPTY)
    text = image_of(config, [], annotations={"a": ""})
    full = text.replace(b'{"a": ""}', b'{"a": "%s"}' % (b"x" * ((4 << 20) - len(text))))
    assert len(full) == 4 << 20
    assert repository.put_manifest("v1", full).status_code == 201
    for data in (full + b" ", iter([full, b" "])):
        check_error(repository.put_manifest("v2", data), 413, "SIZE_INVALID")
    check_error(repository.get_manifest("v2"), 404)


# --- limits, methods and paths ---

def test_limits_of_the_config(start_server):
    server = start_server(config="limits: {manifest_bytes: 1000, blob_bytes: 2000, chunk_bytes: 1000, concurrent_uploads: 3}")
    repository = Repository(server, "limited")
    check_error(repository.put_manifest("v1", b" " * 1001), 413, "SIZE_INVALID")
    for data in (b"x" * 1001, iter([b"x" * 1001])):
        location = repository.start()
        check_error(repository.patch(location, data), 413, "SIZE_INVALID")
        assert repository.request("DELETE", location).status_code == 204
    # The whole blob in a PUT is no chunk.
    repository.push_blob(b"x" * 2000)
    for answer in (repository.close(repository.start(), digest_of(b"x" * 2001), b"x" * 2001),
                   repository.request("POST", f"blobs/uploads/?digest={digest_of(b'y' * 2001)}", data=b"y" * 2001)):
        check_error(answer, 413, "SIZE_INVALID")
    locations = [repository.start() for _ in range(2)]
    answer = repository.request("POST", "blobs/uploads/")
    check_error(answer, 429, "TOOMANYREQUESTS")
    assert int(answer.headers["Retry-After"]) > 0
    assert repository.request("DELETE", locations[0]).status_code == 204
    assert repository.request("POST", "blobs/uploads/").status_code == 202


@pytest.mark.parametrize("method,path,status,allow", [
    ("PUT", "/v2/", 405, "GET, HEAD"), ("DELETE", "/v2/_catalog", 405, "GET, HEAD"), ("POST", "/v2/a/tags/list", 405, "GET, HEAD"),
    ("GET", "/v2/a/blobs/uploads/", 405, "POST"), ("PATCH", f"/v2/a/blobs/{ABSENT}", 405, "GET, HEAD, DELETE"),
    ("POST", "/v2/a/manifests/v1", 405, "GET, HEAD, PUT, DELETE"), ("PUT", f"/v2/a/referrers/{ABSENT}", 405, "GET, HEAD"),
    ("GET", "/v2/a", 404, None), ("GET", "/v2/a/b/c", 404, None), ("GET", "/v2/a/tags", 404, None), ("GET", "/v2/tags/list", 404, None),
    ("GET", "/v2/a/manifests/", 404, None), ("GET", "/v2//manifests/v1", 404, None), ("GET", "/v3/", 404, None)])
def test_wrong_methods_and_paths(module_server, method, path, status, allow):
    answer = module_server.request(method, path)
    assert answer.status_code == status and answer.json()["errors"][0]["message"]
    assert allow is None or sorted(answer.headers["Allow"].split(", ")) == sorted(allow.split(", "))


def test_ping(module_server):
    """Twin: Ping"""
    for path in ("/v2/", "/v2"):
        answer = module_server.request("GET", path)
        assert answer.status_code == 200 and answer.headers["Docker-Distribution-Api-Version"] == "registry/2.0"
