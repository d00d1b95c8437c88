"""Layers that were made to do harm, pushed to a running server and scanned by the command: each ends in a clear error or
note, with the server alive, its memory flat and its next scan good; and workers that are killed, stopped or taken over."""
import contextlib
import gzip
import json
import os
import re
import signal
import subprocess
import sqlite3
import tempfile
import time
from pathlib import Path

import pytest

import hostile
import images
from assay_server import Server, has_ended, nurseries_of, workers_of
from hostile import MIB, file, gzip_of, header, tar_of_members, zstd_of
from oci_layout import CONFIG, LAYER, MANIFEST, Layout, digest_of, tar_of

GZIP, ZSTD = LAYER["gzip"], LAYER["zstd"]
# What a server may grow by over all of this file: it never holds a layer, only what a worker says of it.
MEMORY_BOUND = 96 * MIB
DATABASE = "var/lib/dpkg/status"


# --- pushing what no client would make ---

def put_blob(server, repository, data):
    digest = digest_of(data)
    location = server.request("POST", f"/v2/{repository}/blobs/uploads/").headers["Location"]
    path = location[location.index("/v2/"):]
    answer = server.request("PUT", f"{path}{'&' if '?' in path else '?'}digest={digest}", data=data)
    assert answer.status_code == 201, answer.text
    return digest


def manifest_of(layers, diff_ids):
    """(config, manifest) as bytes; layers: [(bytes, media type)]."""
    config = json.dumps({"architecture": "amd64", "os": "linux", "config": {},
                         "rootfs": {"type": "layers", "diff_ids": diff_ids}}).encode()
    return config, json.dumps({
        "schemaVersion": 2, "mediaType": MANIFEST,
        "config": {"mediaType": CONFIG, "digest": digest_of(config), "size": len(config)},
        "layers": [{"mediaType": media_type, "digest": digest_of(data), "size": len(data)}
                   for data, media_type in layers]}).encode()


def put_manifest(server, repository, manifest):
    answer = server.request("PUT", f"/v2/{repository}/manifests/latest", data=manifest, headers={"Content-Type": MANIFEST})
    assert answer.status_code == 201, answer.text
    return answer.headers["Docker-Content-Digest"]


def push(server, repository, layers, diff_ids):
    config, manifest = manifest_of(layers, diff_ids)
    for data in (*(data for data, _ in layers), config):
        put_blob(server, repository, data)
    return put_manifest(server, repository, manifest)


def notes_of(server, digest):
    return {note["kind"] for note in server.get_json(f"/api/v1/images/{digest}/packages")["notes"]}


def push_good(server, repository, number):
    """An image that was never seen, and what is known of it once it is scanned."""
    tar = tar_of(images.tiny_files(str(number).encode()))
    digest = push(server, repository, [(gzip_of(tar), GZIP)], [digest_of(tar)])
    scan = server.wait_for_scan(repository, digest)
    assert (scan["state"], scan["packages"]) == ("done", 2), scan


def peak_bytes(server):
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status).group(1)) * 1024


def children(server):
    """[(pid, state)] of the server's workers."""
    found = []
    for pid in workers_of(server.process.pid):
        with contextlib.suppress(OSError):
            found.append((pid, re.search(r"State:\s+(\S)", Path(f"/proc/{pid}/status").read_text()).group(1)))
    return found


@pytest.fixture(scope="module")
def shared(program, tmp_path_factory):
    """A server on the default limits, but for the unpacked size, which would take a while to reach."""
    # AddressSanitizer keeps what was freed, to catch its use; that is not what is measured here.
    before = os.environ.get("ASAN_OPTIONS", "")
    os.environ["ASAN_OPTIONS"] = f"{before}:quarantine_size_mb=8" if before else "quarantine_size_mb=8"
    server = Server(program, tmp_path_factory.mktemp("hostile"), config="limits:\n  layer_unpacked_bytes: 1GiB")
    server.start()
    push_good(server, "warm/up", 0)
    server.peak_at_start = peak_bytes(server)
    yield server
    server.stop()
    os.environ["ASAN_OPTIONS"] = before


# --- layers that end in an error ---

GOOD = tar_of(images.tiny_files())
STATUS = images.DPKG_STATUS.encode()
SMALL_BLOCK = hostile.sparse_ratio(MIB)

# name: (layer, media type, what the error says)
REFUSED = {
    "zip bomb": lambda: (hostile.zeros_bomb(8), GZIP, "limits.layer_ratio"),
    "zstd bomb": lambda: (zstd_of(bytes(64 * MIB)), ZSTD, "limits.layer_ratio"),
    "endless gzip": lambda: (hostile.Repeated(header("f", 1 << 32), SMALL_BLOCK * 16, 80).packed, GZIP,
                             "limits.layer_unpacked_bytes"),
    "members of nothing": lambda: (gzip_of(b"") * 200000, GZIP, "no tar inside"),
    "long path": lambda: (gzip_of(file("x", b"p/" * 3000, b"L") + file("cut", b"")), GZIP, "limits.path_bytes"),
    "long link": lambda: (gzip_of(file("x", b"p/" * 3000, b"K") + header("l", 0, b"2", "cut")), GZIP, "limits.path_bytes"),
    "deep path": lambda: (gzip_of(file("x", b"d/" * 200, b"L") + file("cut", b"")), GZIP, "limits.path_depth"),
    "huge long name": lambda: (gzip_of(header("x", 1 << 30, b"L") + SMALL_BLOCK), GZIP, "the tar is broken"),
    "huge pax header": lambda: (gzip_of(header("x", 1 << 30, b"x") + SMALL_BLOCK), GZIP, "the tar is broken"),
    "first header that is nearly one": lambda: (gzip_of(hostile.careless_header("f", checksum=b"x\0") + GOOD), GZIP,
                                                "the tar is broken: a header has a wrong checksum"),
    "negative size": lambda: (gzip_of(header("f", size_field=b"\xff" * 12) + bytes(1024)), GZIP, "negative size"),
    "largest size": lambda: (gzip_of(header("f", size_field=b"\x80" + bytes(3) + b"\x7f" + b"\xff" * 7) + bytes(1024)), GZIP,
                             "the tar is broken"),
    "sparse database that overlaps itself": lambda: (hostile.Repeated(
        hostile.sparse_header(DATABASE, 200 * MIB, *[(0, 200 * MIB)] * 4), SMALL_BLOCK, 800).packed, GZIP,
        "parts of the sparse file var/lib/dpkg/status overlap"),
    "truncated gzip": lambda: (gzip_of(GOOD)[:-20], GZIP, "truncated"),
    "truncated zstd": lambda: (zstd_of(GOOD)[:-20], ZSTD, "truncated"),
    "truncated tar": lambda: (gzip_of(GOOD[:200000]), GZIP, "the tar is broken"),
    "garbage behind": lambda: (gzip_of(GOOD) + b"garbage", GZIP, "behind the end"),
    "no deflate data": lambda: (gzip_of(GOOD)[:10] + b"\xff" * 1000, GZIP, "the gzip data is broken"),
    "no tar": lambda: (gzip_of(b"no tar " * 1000), GZIP, "no tar inside"),
    "no layer": lambda: (b'{"not":"a layer"}', GZIP, "no tar inside"),
    "zstd window of 2 GiB": lambda: (zstd_of(GOOD, "--ultra", "--long=31"), ZSTD, "the zstd data is broken"),
    "wrong sum": lambda: (gzip_of(GOOD)[:-8] + b"\0" * 8, GZIP, "the gzip data is broken"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name, shared, scan, tmp_path):
    data, media_type, message = REFUSED[name]()
    digest = push(shared, "hostile/refused", [(data, media_type)], [digest_of(b"")])
    result = shared.wait_for_scan("hostile/refused", digest)
    assert result["state"] == "failed" and message in result["error"] and digest_of(data) in result["error"], result
    assert any(event.get("digest") == digest_of(data) and message in event.get("error", "") for event in shared.log_events())
    push_good(shared, "hostile/good", name)
    layout = Layout(tmp_path / "layout")
    layout.add_manifest(json.loads(manifest_with_blobs(layout, data, media_type)), "latest")
    config = tmp_path / "assay.yaml"
    config.write_text("limits:\n  layer_unpacked_bytes: 400MiB\n")
    told = scan("--config", config, "--no-cache", f"oci:{layout.folder}", check=None)
    assert told.returncode not in (0, -signal.SIGSEGV) and message in told.stderr, (told.returncode, told.stderr)


@pytest.mark.parametrize("how", hostile.two_faced(DATABASE, STATUS))
def test_tars_that_are_read_in_two_ways(how, shared, tmp_path):
    """umoci unpacks by Go's archive/tar: the database that it finds is the one that was inspected, and what it refuses, or
    unpacks without one, has none for us."""
    system = file("etc/os-release", images.DEBIAN_12.encode())
    tar = system + hostile.two_faced(DATABASE, STATUS)[how] + bytes(1024)
    unpacked = tmp_path / "bundle/rootfs" / DATABASE
    Layout(tmp_path / "layout").add_image("tag", [tar])
    rootless = [] if os.geteuid() == 0 else ["--rootless"]
    told = subprocess.run(["umoci", "unpack", *rootless, "--image", f"{tmp_path}/layout:tag", str(tmp_path / "bundle")],
                          capture_output=True, text=True)
    digest = push(shared, "hostile/two-faced", [(gzip_of(tar), GZIP)], [digest_of(tar)])
    result = shared.wait_for_scan("hostile/two-faced", digest)
    if told.returncode == 0:
        assert unpacked.read_bytes() == STATUS
        assert (result["state"], result["packages"]) == ("done", 2), result
    elif result["state"] == "failed":
        assert "the tar is broken" in result["error"], result
    else:  # umoci refuses a global header as an entry, which others leave out
        assert result["packages"] == 2 and "global header" in how, (result, told.stderr)


def manifest_with_blobs(layout, data, media_type):
    config, manifest = manifest_of([(data, media_type)], [digest_of(b"")])
    layout.add_blob(config, CONFIG)
    layout.add_blob(data, media_type)
    return manifest


def test_ten_million_entries(shared):
    """More than the default limit, in 31 MB that unpack to 5 GB."""
    data = hostile.many_entries(10)
    digest = push(shared, "hostile/entries", [(data, GZIP)], [digest_of(b"")])
    result = shared.wait_for_scan("hostile/entries", digest, timeout=300)
    assert result["state"] == "failed" and "more than 2000000 entries (limits.layer_entries)" in result["error"], result


# --- layers that are read, with notes ---

ODD = tar_of_members(
    ("../../etc/group", b"0", ""), ("/absolute", b"0", ""), ("a/../../../b", b"5", ""), ("dev/sda", b"4", ""),
    ("dev/tty", b"3", ""), ("pipe", b"6", ""), ("outside", b"1", "../../../../etc/shadow"), ("absolute-link", b"1", "/etc/shadow"),
    ("loop", b"2", "loop"), ("around/a", b"2", "b"), ("around/b", b"2", "a"), ("folder", b"2", "/etc"),
    ("folder/through-a-link", b"0", ""), ("", b"0", ""), ("..", b"5", ""), (DATABASE, b"2", "../../../../../../etc/passwd"),
    ("lib/apk/db/installed", b"2", "installed"), ("usr/lib/os-release", b"1", "/etc/os-release"))


def endless_view():
    """An rpm database whose table of packages never ends."""
    with tempfile.NamedTemporaryFile() as file_of_database:
        with contextlib.closing(sqlite3.connect(file_of_database.name)) as database:
            database.execute("CREATE VIEW Packages AS WITH RECURSIVE n(hnum) AS (SELECT 1 UNION ALL SELECT hnum + 1 FROM n) "
                             "SELECT hnum, zeroblob(1000000) AS blob FROM n")
            database.commit()
        return Path(file_of_database.name).read_bytes()


BOMB_INSIDE = gzip_of(gzip_of(bytes(64 * MIB)))

# name: (layer, media type, notes)
READ = {
    "odd entries": lambda: (gzip_of(ODD), GZIP, {"path-escape", "device-node", "hard-link"}),
    "bomb inside": lambda: (gzip_of(tar_of({"bomb.gz": BOMB_INSIDE})), GZIP, set()),
    "wrong media type": lambda: (zstd_of(GOOD), GZIP, set()),
    "no media type of a layer": lambda: (gzip_of(GOOD), "application/octet-stream", set()),
    "no layer, and not said to be one": lambda: (b'{"a":"payload"}', "application/json", set()),
    "garbage for databases": lambda: (gzip_of(tar_of({
        DATABASE: os.urandom(100000), "lib/apk/db/installed": os.urandom(100000), "var/lib/rpm/rpmdb.sqlite": os.urandom(100000),
        "usr/lib/sysimage/rpm/Packages.db": b"RpmP" + os.urandom(100000)})), GZIP, {"broken-database"}),
    "endless rpm database": lambda: (gzip_of(tar_of({"var/lib/rpm/rpmdb.sqlite": endless_view()})), GZIP, {"broken-database"}),
    "names for terminals": lambda: (gzip_of(tar_of({DATABASE: "Package: \x1b[31mred\nVersion: 1\n"})), GZIP,
                                    {"broken-database"}),
}


@pytest.mark.parametrize("name", READ)
def test_read(name, shared):
    data, media_type, notes = READ[name]()
    plain = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else GOOD
    digest = push(shared, "hostile/read", [(data, media_type)], [digest_of(plain)])
    assert shared.wait_for_scan("hostile/read", digest)["state"] == "done"
    assert notes_of(shared, digest) == notes
    push_good(shared, "hostile/good", name)


# --- layers of which some file is beyond a bound: the rest is known, and that not all of it is ---

UNREAD = {
    "sparse database": lambda: (gzip_of(hostile.sparse_file(DATABASE, 1 << 32) + bytes(1024)), "too-large"),
    "large database": lambda: (hostile.Repeated(header(DATABASE, 300 * MIB), SMALL_BLOCK, 300).packed, "too-large"),
}


def check_unread(server, data, note, packages):
    digest = push(server, "hostile/unread", [(data, GZIP)], [digest_of(gzip.decompress(data))])
    result = server.wait_for_scan("hostile/unread", digest)
    assert result["state"] == "done" and notes_of(server, digest) == {note}, result
    assert DATABASE in result["incomplete"][0] and result["packages"] == packages, result
    push_good(server, "hostile/good", note)


@pytest.mark.parametrize("name", UNREAD)
def test_unread(name, shared):
    data, note = UNREAD[name]()
    check_unread(shared, data, note, 0)


# What runtimes that read the same tar then treat in different ways.
DOUBTFUL = {
    "global header of that name": (file("etc/x", b"") + file(DATABASE, STATUS) +
                                   file(DATABASE, hostile.pax_record(b"comment", b"c"), b"g"), "global header"),
    "global header of its whiteout's name": (file(DATABASE, STATUS) + file("var/lib/dpkg/.wh.status", hostile.pax_record(b"comment", b"c"), b"g"),
                                             "global header"),
    "global header of its folder's whiteout": (file(DATABASE, STATUS) + file("pax", hostile.pax_record(b"path", b"var/lib/.wh.dpkg"), b"g"),
                                               "global header"),
    "global header that hides its folder": (file(DATABASE, STATUS) + file("var/.wh..wh..opq", hostile.pax_record(b"comment", b"c"), b"g"),
                                            "global header"),
    "global header that hides all": (file(DATABASE, STATUS) + file(".wh..wh..opq", hostile.pax_record(b"comment", b"c"), b"g"),
                                     "global header"),
    "global header below it": (file(DATABASE, STATUS) + file(f"{DATABASE}/x", hostile.pax_record(b"comment", b"c"), b"g"), "above the name"),
    "global header of a whiteout below it": (file(DATABASE, STATUS) + file(f"{DATABASE}/.wh.x", hostile.pax_record(b"comment", b"c"), b"g"),
                                             "above the name"),
    "global header of a whiteout of nothing": (file(DATABASE, STATUS) + file("var/lib/dpkg/.wh.", hostile.pax_record(b"comment", b"c"), b"g"),
                                               "names nothing"),
    "unknown type": (file(DATABASE, STATUS, b"Z"), "is of a type that not every runtime unpacks"),
    "old sparse file": (hostile.sparse_header(DATABASE, len(STATUS), (0, len(STATUS))) + STATUS + bytes(-len(STATUS) % 512),
                        "is of a type that not every runtime unpacks"),
    "attributes of overlayfs": (file("pax", hostile.pax_record(b"SCHILY.xattr.trusted.overlay.opaque", b"y"), b"x") +
                                header("var/lib/dpkg/", kind=b"5"), "attributes by which overlayfs"),
}


@pytest.mark.parametrize("name", DOUBTFUL)
def test_doubtful(name, shared):
    tar, reason = DOUBTFUL[name]
    tar = file("etc/os-release", images.DEBIAN_12.encode()) + tar + bytes(1024)
    digest = push(shared, "hostile/doubtful", [(gzip_of(tar), GZIP)], [digest_of(tar)])
    result = shared.wait_for_scan("hostile/doubtful", digest)
    assert result["state"] == "done" and any(reason in text for text in result["incomplete"]), result


def test_a_file_below_a_link_to_a_database(shared):
    """containerd makes a folder of the database, others refuse the layer."""
    lower = file("etc/os-release", images.DEBIAN_12.encode()) + file(DATABASE, STATUS) + bytes(1024)
    upper = header("usr/share/data", kind=b"2", link=f"/{DATABASE}") + file("usr/share/data/status", STATUS) + bytes(1024)
    digest = push(shared, "hostile/below", [(gzip_of(tar), GZIP) for tar in (lower, upper)], [digest_of(lower), digest_of(upper)])
    result = shared.wait_for_scan("hostile/below", digest)
    assert result["state"] == "done" and any("could not be read whole" in text for text in result["incomplete"]), result


def test_unread_packages(server):
    """By a server of its own: as many as are allowed take more memory than what is refused."""
    status = "".join(f"Package: p{number}\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n\n"
                     for number in range(75001))
    check_unread(server, gzip_of(tar_of({DATABASE: status})), "too-many-packages", 75000)


def test_names_that_climb_out_count_from_the_root(shared):
    """Runtimes that take them at all put them there."""
    tar = file("../../etc/os-release", images.DEBIAN_12.encode()) + file(f"../{DATABASE}", STATUS) + bytes(1024)
    digest = push(shared, "hostile/climbing", [(gzip_of(tar), GZIP)], [digest_of(tar)])
    scan = shared.wait_for_scan("hostile/climbing", digest)
    assert (scan["packages"], scan["os"]) == (2, "Debian GNU/Linux 12 (bookworm)") and notes_of(shared, digest) == {"path-escape"}


@pytest.mark.parametrize("name,diff_ids", [
    ("another layer's", [digest_of(b"another")]), ("another algorithm's", [digest_of(GOOD, "sha512")]),
    ("one too many", [digest_of(GOOD), digest_of(GOOD)]), ("none", [])])
def test_lying_diff_ids(name, diff_ids, shared):
    """What was inspected must be what a runtime will unpack."""
    digest = push(shared, "hostile/diff-ids", [(gzip_of(GOOD), GZIP)], diff_ids)
    result = shared.wait_for_scan("hostile/diff-ids", digest)
    assert result["state"] == "failed" and "the image config" in result["error"], result


def test_a_layer_named_often(start_server, monkeypatch):
    """Each time its inventory would be read: 250 KB on the wire, 35 MB of memory."""
    tar = tar_of({DATABASE: "".join(f"Package: p{number}{'n' * 200}\nVersion: 1{'0' * 200}\nSource: s{number}{'x' * 200}\n\n"
                                    for number in range(29000))})
    data = gzip_of(tar)
    monkeypatch.setenv("ASAN_OPTIONS", f"{os.environ.get('ASAN_OPTIONS', '')}:quarantine_size_mb=8".strip(":"))
    server = start_server()
    digest = push(server, "hostile/often", [(data, GZIP)] * 500, [digest_of(tar)] * 500)
    result = server.wait_for_scan("hostile/often", digest, timeout=120)
    assert result["state"] == "failed" and "more than 64 MiB together" in result["error"], result
    assert peak_bytes(server) < 512 * MIB  # twice that of a release build, for AddressSanitizer
    push_good(server, "hostile/good", "often")


def test_memory_stayed_flat(shared):
    """Last of those that share the server."""
    assert peak_bytes(shared) - shared.peak_at_start < MEMORY_BOUND
    assert children(shared) == []


# --- workers that do not do their work ---

def end_early(server):
    """What reads a layer that still arrives (test_early_inspection.py) is cancelled, so that the layer is inspected when it is whole."""
    job = next(job for job in server.get_json("/api/v1/jobs")["jobs"] if job["kind"] == "inspect-arriving")
    for running in job["running"]:
        server.request("DELETE", f"/api/v1/jobs/inspect-arriving:{running['key']}")


def wait_for_worker(server, timeout=60):
    """One that inspects a layer which is whole."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        for pid, _ in children(server):
            with contextlib.suppress(OSError):
                # In its cage it has the descriptors that it was given; descriptor 4 tells that more bytes came.
                caged, held = "Seccomp:\t2" in Path(f"/proc/{pid}/status").read_text(), os.listdir(f"/proc/{pid}/fd")
                if caged and "0" in held and "4" not in held:
                    return pid
                if caged and "4" in held:
                    end_early(server)
        time.sleep(0.005)
    raise AssertionError(f"no worker within {timeout} s:\n{server.log_text()[-4000:]}")


@pytest.fixture(scope="module")
def slow():
    layer = hostile.slow_layer(2)
    return layer.packed, layer.plain_digest()


def test_stopped_worker(start_server, slow):
    """It hangs, and is given up after limits.layer_seconds; another one does its work. Meanwhile it is seen what it was
    given."""
    server = start_server(config="limits:\n  layer_seconds: 10")
    data, diff_id = slow
    put_blob(server, "stopped/image", data)
    pid = wait_for_worker(server)
    deadline = time.monotonic() + 10
    while "Seccomp:\t2" not in Path(f"/proc/{pid}/status").read_text() and time.monotonic() < deadline:
        time.sleep(0.005)
    os.kill(pid, signal.SIGSTOP)
    status = Path(f"/proc/{pid}/status").read_text()
    descriptors = {int(path.name): os.readlink(path) for path in Path(f"/proc/{pid}/fd").iterdir()}
    environment = [entry.split(b"=")[0] for entry in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0") if entry]
    flags = int(re.search(r"flags:\s+(\d+)", Path(f"/proc/{pid}/fdinfo/0").read_text()).group(1), 8)
    assert "NoNewPrivs:\t1" in status and "Seccomp:\t2" in status
    assert descriptors.keys() == {0, 1, 2} and "/blobs/" in descriptors[0] and flags & os.O_ACCMODE == os.O_RDONLY
    assert descriptors[1].startswith("pipe:") and descriptors[2].startswith("pipe:")
    assert sorted(environment) == [b"ASAN_OPTIONS", b"ASSAY_NURSERY", b"LC_ALL", b"LD_BIND_NOW"]
    digest = push(server, "stopped/image", [(data, GZIP)], [diff_id])
    assert server.wait_for_scan("stopped/image", digest, timeout=120)["state"] == "done"
    assert not Path(f"/proc/{pid}").exists()
    push_good(server, "stopped/good", 1)


def test_stop_ends_workers(start_server, slow):
    """At its deadline; the next start takes their work up."""
    server = start_server(config="limits:\n  stop_deadline: 1")
    data, diff_id = slow
    digest = push(server, "taken-up/image", [(data, GZIP)], [diff_id])
    pid = wait_for_worker(server)
    os.kill(pid, signal.SIGSTOP)
    server.stop()
    assert not Path(f"/proc/{pid}").exists()
    server.start()
    assert server.wait_for_scan("taken-up/image", digest, timeout=120)["state"] == "done"


def test_workers_end_with_their_server(start_server, slow):
    """And the process that they are forked from."""
    server = start_server()
    put_blob(server, "orphan/image", slow[0])
    pid = wait_for_worker(server)
    nurseries = nurseries_of(server.process.pid)
    deadline = time.monotonic() + 10
    while "Seccomp:\t2" not in Path(f"/proc/{pid}/status").read_text() and time.monotonic() < deadline:
        time.sleep(0.005)
    os.kill(pid, signal.SIGSTOP)
    server.kill()
    while not all(map(has_ended, [pid, *nurseries])) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert nurseries and all(map(has_ended, [pid, *nurseries]))
    server.start()
