"""Blobs that the disk has changed: found when they are served and in the round over all of them, set aside, told, and healed by a
push of the same bytes."""
import json
import os
import random

import pytest

from gate import metric, wait_until
from oci_layout import MANIFEST, digest_of
from repository import Repository


def blob_path(server, digest):
    return server.data / "blobs" / "sha256" / digest[7:9] / digest[7:]


def turn_a_bit(path):
    path.chmod(0o600)
    with open(path, "r+b") as file:
        file.seek(path.stat().st_size // 2)
        byte = file.read(1)[0]
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte ^ 1]))


def cut(path):
    os.truncate(path, path.stat().st_size // 2)


def damaged(server):
    return metric(server, "assay_blobs_damaged_total")


@pytest.mark.parametrize("change", [turn_a_bit, cut], ids=["a bit", "half of it"])
def test_found_when_served(start_server, change):
    server = start_server(config="scrub_bytes_per_second: 100MiB")
    repository, layer = Repository(server, "team/app"), random.Random(1).randbytes(1 << 20)
    # The round is over before there is anything.
    repository.push_image("v1", layers=[layer])
    digest = digest_of(layer)
    change(blob_path(server, digest))
    repository.request("GET", f"blobs/{digest}")
    wait_until(lambda: damaged(server) == 1)
    for method in ("GET", "HEAD"):
        assert repository.request(method, f"blobs/{digest}").status_code == 404
    assert (server.data / "damaged" / digest[7:]).exists()
    assert any(event.get("digest") == digest and "set aside" in event["message"] for event in server.log_events())
    assert server.request("GET", "/readyz").status_code == 200
    listed = server.get_json("/api/v1/repositories/team/app/images")["images"][0]
    assert listed["missing"] == [digest]
    # No mount from elsewhere either; the client pushes, and all is well.
    mount = server.request("POST", f"/v2/team/other/blobs/uploads/?mount={digest}&from=team/app")
    assert mount.status_code == 202
    repository.push_blob(layer)
    assert repository.request("GET", f"blobs/{digest}").content == layer
    assert "missing" not in server.get_json("/api/v1/repositories/team/app/images")["images"][0]
    manifest = repository.request("GET", "manifests/v1", headers={"Accept": MANIFEST})
    assert json.loads(manifest.text)["layers"][0]["digest"] == digest


def test_found_in_the_round(start_server):
    """Nobody asks for them: after a start they are found nevertheless, and those that are whole stay."""
    server = start_server(config="scrub_bytes_per_second: 0")
    repository, numbers = Repository(server, "team/app"), random.Random(2)
    blobs = [numbers.randbytes(50_000) for _ in range(40)]
    for blob in blobs:
        repository.push_blob(blob)
    server.stop()
    for blob in blobs[:10]:
        turn_a_bit(blob_path(server, digest_of(blob)))
    server.config.write_text(server.config.read_text().replace("scrub_bytes_per_second: 0", "scrub_bytes_per_second: 100MiB"))
    (server.data / "scrub").write_text("garbage")
    server.start()
    wait_until(lambda: damaged(server) == 10 and metric(server, "assay_blobs_checked_total") >= 40)
    for number, blob in enumerate(blobs):
        assert repository.request("HEAD", f"blobs/{digest_of(blob)}").status_code == (404 if number < 10 else 200)


def test_rate(start_server):
    """It takes no more of the disk than it may."""
    server = start_server(config="scrub_bytes_per_second: 256KiB")
    repository = Repository(server, "team/app")
    digests = [repository.push_blob(os.urandom(1 << 20))["digest"] for _ in range(3)]
    for digest in digests:
        repository.request("GET", f"blobs/{digest}")
    assert metric(server, "assay_blobs_checked_total") == 0  # each takes four seconds
    server.stop()  # at once, in the middle of one


def test_off(start_server):
    server = start_server(config="scrub_bytes_per_second: 0")
    repository = Repository(server, "team/app")
    digest = repository.push_blob(b"x" * 1000)["digest"]
    turn_a_bit(blob_path(server, digest))
    assert repository.request("GET", f"blobs/{digest}").status_code == 200 and damaged(server) == 0
