"""A layer is inspected while its bytes arrive: what comes of it is the same, however the push goes. A push that breaks off, lies
about its digest, stalls or is cancelled leaves nothing behind that anybody takes for a layer's inspection."""
import json
import random
import signal
import threading

import pytest

import gate
import raw_http
from assay_server import Server, run_assay
from oci_layout import Layout, compress, digest_of, reachable, tar_of

OCTETS = {"Content-Type": "application/octet-stream"}
MIB = 1 << 20
OUTCOMES = ("used", "failed", "dropped")


def layer_tar(seed, size=9 * MIB):
    """A system whose packages are known only at the layer's end."""
    files = gate.alpine_files(extra=str(seed))
    installed = files.pop("lib/apk/db/installed")
    return tar_of({**files, "usr/share/data": random.Random(seed).randbytes(size), "lib/apk/db/installed": installed})


class Push:
    """An image of one layer, whose layer is pushed as the test wants it."""

    def __init__(self, server, folder, seed, how="gzip", repository=None):
        self.server, self.repository = server, repository or f"early/{seed}-{how or 'tar'}"
        layout = Layout(folder / f"{seed}-{how}")
        layout.add_image("v1", [layer_tar(seed)], compression=how)
        self.folder, blobs = layout.folder, reachable(layout.folder, "v1")
        self.digest = layout.entries[0]["digest"]
        self.manifest = blobs[self.digest]
        layer, config = json.loads(self.manifest)["layers"][0], json.loads(self.manifest)["config"]
        self.layer, self.bytes, self.config = layer["digest"], blobs[layer["digest"]], blobs[config["digest"]]
        self.begin()

    def begin(self):
        self.location = self.path_of(self.server.request("POST", f"/v2/{self.repository}/blobs/uploads/"))
        self.sent = 0

    def path_of(self, answer):
        return answer.headers["Location"].removeprefix(self.server.url)

    def patch(self, until):
        answer = self.server.request("PATCH", self.location, data=self.bytes[self.sent:until], headers=OCTETS)
        assert answer.status_code == 202, answer.text
        self.sent = until

    def put(self, digest=None, data=None, want=201):
        answer = self.server.request("PUT", self.location, params={"digest": digest or self.layer}, data=data, headers=OCTETS)
        assert answer.status_code == want, answer.text

    def finish(self):
        """The rest of the layer, the config, the manifest."""
        self.patch(len(self.bytes))
        self.put()
        return self.push_manifest()

    def push_manifest(self):
        raw_http.push_blob(self.server, self.repository, self.config)
        answer = self.server.request("PUT", f"/v2/{self.repository}/manifests/v1", data=self.manifest,
                                     headers={"Content-Type": "application/vnd.oci.image.manifest.v1+json"})
        assert answer.status_code == 201, answer.text
        return self.server.wait_for_scan(self.repository, self.digest, timeout=180)

    def packages(self):
        found = self.server.get_json(f"/api/v1/images/{self.digest}/packages?limit=1000")["packages"]
        return sorted((package["name"], package["version"], package.get("location")) for package in found)

    def packages_of_layout(self):
        """As one says who reads the layer when it is whole."""
        report = run_assay(self.server.program, "sbom", "--format", "cyclonedx", f"oci:{self.folder}:v1",
                           log_prefix=self.server.folder / "sbom")
        return sorted((component["name"], component["version"]) for component in json.loads(report.stdout)["components"]
                      if component["type"] == "library")


def outcomes(server):
    return {name: gate.metric(server, f'assay_early_inspections_total{{outcome="{name}"}}') for name in OUTCOMES}


def since(server, before):
    return {name: value - before[name] for name, value in outcomes(server).items() if value != before[name]}


def running(server):
    """How many are inspected while they arrive."""
    job = next(job for job in server.get_json("/api/v1/jobs")["jobs"] if job["kind"] == "inspect-arriving")
    return len(job["running"])


def check_whole(push, scan):
    assert scan["state"] == "done", scan
    assert len(push.packages()) == 3
    assert [package[:2] for package in push.packages()] == push.packages_of_layout()


@pytest.mark.parametrize("how", ["gzip", "zstd", None])
def test_a_layer_is_inspected_while_it_arrives(module_server, tmp_path, how):
    """On a machine so busy that a push stands still for seconds it is given up, and read when it is whole."""
    used = []
    while not any(used) and len(used) < 3:
        push, before = Push(module_server, tmp_path, 100 + len(used), how), outcomes(module_server)
        push.patch(5 * MIB)
        gate.wait_until(lambda: running(module_server) == 1 or since(module_server, before))
        for until in (6 * MIB, 7 * MIB + 12345):
            push.patch(until)
        check_whole(push, push.finish())
        assert sum(since(module_server, before).values()) == 1
        used.append(since(module_server, before) == {"used": 1})
    assert any(used)


@pytest.mark.parametrize("way", ["POST", "PUT", "chunked PUT"])
def test_every_way_to_push(module_server, tmp_path, way):
    push = Push(module_server, tmp_path, {"POST": 11, "PUT": 12, "chunked PUT": 13}[way])
    if way == "POST":
        raw_http.push_blob(module_server, push.repository, push.bytes)
    elif way == "PUT":
        push.put(data=push.bytes)
    else:
        push.put(data=(push.bytes[at:at + 100_000] for at in range(0, len(push.bytes), 100_000)))
    check_whole(push, push.push_manifest())
    gate.wait_until(lambda: running(module_server) == 0)


def test_small_and_other_blobs_are_not_begun(module_server, tmp_path):
    before = outcomes(module_server)
    push = Push(module_server, tmp_path, 21)
    raw_http.push_blob(module_server, "early/other", random.Random(21).randbytes(8 * MIB))
    raw_http.push_blob(module_server, "early/other", push.bytes[:3 * MIB])
    assert since(module_server, before) == {} and running(module_server) == 0


def test_a_lying_digest_is_bound_to_nothing(module_server, tmp_path):
    """Bytes of one layer under the digest of another: the other is inspected by its own bytes alone."""
    before, liar, honest = outcomes(module_server), Push(module_server, tmp_path, 31), Push(module_server, tmp_path, 32)
    liar.bytes = compress(tar_of({"usr/share/data": random.Random(33).randbytes(9 * MIB)}), "gzip")
    liar.patch(len(liar.bytes))
    liar.put(digest=honest.layer, want=400)
    assert since(module_server, before) in ({"dropped": 1}, {"failed": 1})
    check_whole(honest, honest.finish())
    gate.wait_until(lambda: running(module_server) == 0)


def test_a_push_that_breaks_off_ends_it(module_server, tmp_path):
    """And is gone on with later."""
    push = Push(module_server, tmp_path, 41)
    with raw_http.connection(module_server) as connection:
        head = f"PATCH {push.location} HTTP/1.1\r\nHost: {module_server.address}\r\nContent-Type: application/octet-stream\r\n" \
               f"Content-Length: {len(push.bytes)}\r\n\r\n"
        connection.sendall(head.encode() + push.bytes[:6 * MIB])
        gate.wait_until(lambda: running(module_server) == 1)
    gate.wait_until(lambda: running(module_server) == 0)
    answer = module_server.request("GET", push.location)
    assert answer.status_code == 204, answer.text
    push.sent = int(answer.headers["Range"].split("-")[1]) + 1
    assert 4 * MIB <= push.sent <= 6 * MIB
    check_whole(push, push.finish())


def test_a_cancelled_upload_ends_it(module_server, tmp_path):
    push, before = Push(module_server, tmp_path, 51), outcomes(module_server)
    push.patch(6 * MIB)
    assert module_server.request("DELETE", push.location).status_code == 204
    assert since(module_server, before) in ({"dropped": 1}, {"failed": 1})
    gate.wait_until(lambda: running(module_server) == 0)
    push.begin()
    check_whole(push, push.finish())


def test_a_cancelled_job_costs_the_image_nothing(module_server, tmp_path):
    push = Push(module_server, tmp_path, 52)
    push.patch(6 * MIB)
    gate.wait_until(lambda: running(module_server) == 1)
    job = next(job for job in module_server.get_json("/api/v1/jobs")["jobs"] if job["kind"] == "inspect-arriving")
    assert push.location.rsplit("/", 1)[1] not in json.dumps(job)  # who knows it can write to the upload
    key = job["running"][0]["key"]
    assert module_server.request("DELETE", f"/api/v1/jobs/inspect-arriving:{key}", headers=module_server.operator()).status_code < 300
    gate.wait_until(lambda: running(module_server) == 0)
    check_whole(push, push.finish())


@pytest.mark.parametrize("damage", ["a flipped byte", "cut off", "bytes behind its end"])
def test_a_damaged_layer_fails_as_one_does_that_is_read_whole(module_server, tmp_path, damage):
    push = Push(module_server, tmp_path, {"a flipped byte": 61, "cut off": 62, "bytes behind its end": 63}[damage])
    data, old = push.bytes, push.layer
    damaged = {"a flipped byte": lambda: data[:5 * MIB] + bytes([data[5 * MIB] ^ 255]) + data[5 * MIB + 1:],
            "cut off": lambda: data[:-MIB], "bytes behind its end": lambda: data + b"no member of gzip" * 1000}[damage]()
    push.bytes, push.layer = damaged, digest_of(damaged)
    push.manifest = push.manifest.replace(old.encode(), push.layer.encode()).replace(
        f'"size": {len(data)}'.encode(), f'"size": {len(damaged)}'.encode())
    push.digest = digest_of(push.manifest)
    before = outcomes(module_server)
    for until in (5 * MIB, 6 * MIB, 7 * MIB):
        push.patch(until)
        gate.wait_until(lambda: running(module_server) == 1 or since(module_server, before))
    scan = push.finish()
    whole = run_assay(module_server.program, "scan", "--format", "json", layout_of(push, tmp_path), check=None,
                      log_prefix=module_server.folder / "whole")
    assert (scan["state"] == "failed") == (whole.returncode not in (0, 1)), (scan, whole.stderr)
    assert sum(since(module_server, before).values()) == 1
    if scan["state"] == "failed":
        assert "used" not in since(module_server, before)
        assert push.layer in scan["error"]


def layout_of(push, folder):
    """What was pushed, as a layout."""
    layout = Layout(folder / "damaged")
    for data in (push.bytes, push.config):
        layout.add_blob(data, "")
    layout.add_manifest(json.loads(push.manifest), "v1")
    return f"oci:{layout.folder}:v1"


def test_many_at_once(module_server, tmp_path):
    """More than are read early."""
    pushes = [Push(module_server, tmp_path, 70 + number) for number in range(5)]
    threads = [threading.Thread(target=lambda push=push: [push.patch(until * MIB) for until in range(4, 9)]) for push in pushes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for push in pushes:
        check_whole(push, push.finish())


def test_a_known_layer_is_kept_by_nobody(module_server, tmp_path):
    """What is found in it once more, while it comes again, is let go at once."""
    before = outcomes(module_server)
    for number in range(3):
        push = Push(module_server, tmp_path, 75, repository=f"early/known{number}")
        push.patch(6 * MIB)
        check_whole(push, push.finish())
        gate.wait_until(lambda: sum(since(module_server, before).values()) == number + 1, timeout=30)


def test_two_equal_pushes_at_once(module_server, tmp_path):
    before = outcomes(module_server)
    pushes = [Push(module_server, tmp_path, 76, repository=f"early/equal{number}") for number in range(2)]
    for until in (5 * MIB, 7 * MIB):
        for push in pushes:
            push.patch(until)
    for push in pushes:
        check_whole(push, push.finish())
    gate.wait_until(lambda: sum(since(module_server, before).values()) == 2, timeout=30)


def test_a_digest_of_another_algorithm(module_server, tmp_path):
    push = Push(module_server, tmp_path, 77)
    digest = digest_of(push.bytes, "sha512")
    push.manifest = push.manifest.replace(push.layer.encode(), digest.encode())
    push.layer, push.digest = digest, digest_of(push.manifest)
    push.patch(6 * MIB)
    check_whole(push, push.finish())


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_a_server_that_ends_meanwhile(program, tmp_path, end):
    server = Server(program, tmp_path / "server").start()
    push = Push(server, tmp_path, 81)
    push.patch(6 * MIB)
    gate.wait_until(lambda: running(server) == 1)
    if end == signal.SIGKILL:
        server.kill()
    else:
        server.stop()
    server.start()
    push.location = f"/v2/{push.repository}/blobs/uploads/{push.location.rsplit('/', 1)[1]}"
    check_whole(push, push.finish())
    server.stop()
