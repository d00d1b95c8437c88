"""A data folder on a small file system that runs full: pushes end in a clear error, nothing that was acknowledged is lost, and
pushes work again once there is room."""
import contextlib
import json
import os
import random
import subprocess

import pytest

import images
from gate import wait_until
from oci_layout import MANIFEST, Layout, digest_of
from repository import EMPTY, Repository, image_of

MIB = 1 << 20


@pytest.fixture
def small_disk(tmp_path, request):
    """A folder with room for 96 MiB, or as many as the test's parameter says: below 64, a server says that it is not ready."""
    folder = tmp_path / "server0"
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small file system")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={getattr(request, 'param', 96)}m,mode=700", "tmpfs", str(folder)], stderr=subprocess.PIPE,
                             text=True)
    if mounted.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.strip()}")
    yield folder
    # The server's fixture has stopped it by then.
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def full_server(small_disk, start_server):
    return start_server(name="server0", probe="/healthz")


def room_left(folder):
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize


def ballast(folder, leave):
    """Takes all room but so many bytes."""
    path = folder / "ballast"
    with open(path, "wb") as file:
        os.posix_fallocate(file.fileno(), 0, room_left(folder) - leave)
    return path


def check_full(answer):
    """507, with a reason that a person understands."""
    assert answer.status_code == 507, f"{answer.status_code} {answer.text}"
    assert "disk is full" in answer.json()["errors"][0]["message"]


def check_there(repository, kept):
    for digest, data in kept.items():
        answer = repository.request("GET", f"blobs/{digest}")
        assert answer.status_code == 200 and answer.content == data, f"{digest} is lost"


@pytest.mark.parametrize("way", ["PUT", "PATCH", "POST"])
def test_push_onto_a_full_disk(full_server, small_disk, way):
    repository, data = Repository(full_server, "full"), random.Random(5).randbytes(6 * MIB)
    kept = {digest_of(b"kept"): b"kept"}
    repository.push_blob(b"kept")
    weight = ballast(small_disk, 3 * MIB)
    for _ in range(3):
        if way == "POST":
            answer = repository.request("POST", f"blobs/uploads/?digest={digest_of(data)}", data=data)
        else:
            location = repository.start()
            answer = repository.request(way, f"{location}?digest={digest_of(data)}" if way == "PUT" else location, data=data)
            # What did not fit is no part of the upload, which can be given up.
            assert repository.request("DELETE", location).status_code == 204
        check_full(answer)
        assert not list((full_server.data / "uploads").iterdir()), "what was left takes room from others"
        check_there(repository, kept)
    assert full_server.request("GET", "/healthz").status_code == 200
    weight.unlink()
    assert repository.push_blob(data)["digest"] == digest_of(data)
    check_there(repository, {**kept, digest_of(data): data})


def test_upload_goes_on_when_there_is_room(full_server, small_disk):
    """A chunk that did not fit is sent again, from where the upload stands."""
    repository, data = Repository(full_server, "resumed"), random.Random(6).randbytes(6 * MIB)
    location = repository.start()
    assert repository.patch(location, data[:MIB], first=0).status_code == 202
    weight = ballast(small_disk, 2 * MIB)
    check_full(repository.patch(location, data[MIB:], first=MIB))
    reached = int(repository.request("GET", location).headers["Range"].split("-")[1]) + 1
    assert MIB <= reached < len(data)
    weight.unlink()
    assert repository.patch(location, data[reached:], first=reached).status_code == 202
    assert repository.close(location, digest_of(data)).status_code == 201
    check_there(repository, {digest_of(data): data})


def push_until_full(repository, kept, size):
    """Small images until one does not fit; what was acknowledged goes into `kept`. The answer that refused."""
    numbers = random.Random(size)
    for number in range(10_000):
        data = numbers.randbytes(size)
        start = repository.request("POST", "blobs/uploads/")
        if start.status_code != 202:
            return start
        answer = repository.close(start.headers["Location"], digest_of(data), data)
        if answer.status_code != 201:
            return answer
        kept[digest_of(data)] = data
        text = image_of({"mediaType": EMPTY, "digest": digest_of(data), "size": size}, [])
        answer = repository.put_manifest(f"t{number}", text)
        if answer.status_code != 201:
            return answer
        kept[digest_of(text)] = text
    raise AssertionError("the disk did not run full")


@pytest.mark.parametrize("size", [100, 20_000, 1_500_000])
def test_disk_fills_up(full_server, small_disk, size):
    """Whatever is the first that finds no room: the blob's file, the rows, the manifest. Over a kill -9 in that state, too."""
    repository, kept = Repository(full_server, "filled"), {}
    weight = ballast(small_disk, MIB if size < 1000 else 4 * MIB)
    check_full(push_until_full(repository, kept, size))
    assert len(kept) >= 4

    def check_all():
        for digest, data in kept.items():
            where = "manifests" if data.startswith(b'{"schemaVersion"') else "blobs"
            answer = repository.request("GET", f"{where}/{digest}", headers={"Accept": MANIFEST})
            assert answer.status_code == 200 and answer.content == data, f"{digest} is lost"
    check_all()
    full_server.kill()
    weight.unlink()
    full_server.start()
    check_all()
    repository.push_image("after", layers=[os.urandom(MIB)])


def test_client_shows_the_reason(full_server, small_disk, tmp_path, command):
    """skopeo tells its user, and the same push works later."""
    layout = tmp_path / "noisy"
    Layout(layout).add_image("v1", [images.tiny_files(), {"noise": random.Random(7).randbytes(6 * MIB)}])
    push = ["skopeo", "--insecure-policy", "copy", "--dest-tls-verify=false", f"oci:{layout}:v1",
            f"docker://{full_server.address}/noisy:v1"]
    weight = ballast(small_disk, 4 * MIB)
    refused = command(*push, check=None)
    assert refused.returncode != 0 and "507 Insufficient Storage" in refused.stderr, refused.stderr
    weight.unlink()
    command(*push)
    assert json.loads(full_server.request("GET", "/v2/noisy/manifests/v1").text)["layers"]


def fill_up(folder, name="filled"):
    """To the last byte."""
    with contextlib.suppress(OSError), open(folder / name, "wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))


@pytest.mark.parametrize("small_disk", [24, 48, 96], indirect=True)
def test_deleting_frees_room(full_server, small_disk):
    """With not a byte left, a tag, a manifest and its blobs can be deleted, and what they took is free."""
    repository, size = Repository(full_server, "deleted"), 4 * MIB
    for tag in ("one", "two", "three"):
        repository.push_image(tag, layers=[os.urandom(size)])
    wait_until((full_server.data / "reserve").exists)
    fill_up(small_disk)
    check_full(repository.request("POST", f"blobs/uploads/?digest={digest_of(b'x' * MIB)}", data=b"x" * MIB))
    assert repository.request("GET", "manifests/three", headers={"Accept": MANIFEST}).status_code == 200
    assert repository.request("DELETE", "manifests/two").status_code == 202
    manifest = repository.request("GET", "manifests/one", headers={"Accept": MANIFEST})
    assert repository.request("DELETE", f"manifests/{manifest.headers['Docker-Content-Digest']}").status_code == 202
    layer = json.loads(manifest.text)["layers"][0]["digest"]
    assert repository.request("DELETE", f"blobs/{layer}").status_code == 202
    # A layer that is still inspected is open, and takes its room until it is closed.
    wait_until(lambda: room_left(small_disk) >= size)
    # What is left now is for more of the same, and not for the next push.
    check_full(repository.request("POST", f"blobs/uploads/?digest={digest_of(b'x' * MIB)}", data=b"x" * MIB))
    assert repository.request("DELETE", "manifests/three").status_code == 202
    (small_disk / "filled").unlink()
    repository.push_image("after", layers=[os.urandom(MIB)])


@pytest.mark.parametrize("leave", [0, 40 << 10])
def test_collection_frees_room(full_server, small_disk, assay, leave):
    """With no byte left, images are deleted, and a collection takes their layers."""
    repository, data = Repository(full_server, "full"), random.Random(8)
    wait_until((full_server.data / "reserve").exists)
    config, images = repository.push_blob(b"{}", EMPTY), []
    for _ in range(20):
        layers = [repository.push_blob(data.randbytes(MIB // 2)) for _ in range(3)]
        images.append(repository.push_manifest(image_of(config, layers)))
    ballast(small_disk, leave)
    for image in images[1:]:
        assert repository.request("DELETE", f"manifests/{image['digest']}").status_code == 202
    told = assay("gc", "--server", full_server.url, "--grace", "0", "--forget-deleted", "--format", "json").stdout
    assert json.loads(told)["blobs"] == 57
    assert room_left(small_disk) > 27 * MIB
    assert repository.push_blob(b"room again")
    assert repository.request("GET", f"manifests/{images[0]['digest']}").status_code == 200


def test_start_on_a_full_disk(full_server, small_disk):
    """A server starts where nothing can be written, and serves pulls."""
    repository = Repository(full_server, "pulled")
    repository.push_image("one", layers=[os.urandom(MIB)])
    wait_until((full_server.data / "reserve").exists)
    full_server.kill()
    fill_up(small_disk)
    full_server.start(probe="/healthz")
    assert repository.request("GET", "manifests/one", headers={"Accept": MANIFEST}).status_code == 200
    assert repository.request("DELETE", "manifests/one").status_code == 202
    (small_disk / "filled").unlink()


def test_an_update_keeps_nothing_where_the_disk_is_short(small_disk, assay, tmp_path):
    """What a feed said is kept for the next update only where a GiB is free: it never takes the room of the database."""
    secdb = tmp_path / "secdb.json"
    secdb.write_text(json.dumps(images.ALPINE_SECDB))
    for data, kept in ((small_disk / "data", []), (tmp_path / "data", [".alpine-secdb.parsed"])):
        if kept and room_left(tmp_path) < 1 << 30:
            pytest.skip("the disk of the tests is short, too")
        assay("db", "import", "--data", data, "--type", "alpine-secdb", secdb)
        assert sorted(path.name for path in (data / "feeds").glob(".*.parsed*")) == kept
