"""The story of an image behind the push: what interrupts it, what is left over, what many pushes and changes at once do."""
import concurrent.futures
import hashlib
import json
import re
import sqlite3
import subprocess
import tarfile

import pytest

import gate
import images
from gate import FIXED, STRICT, import_advisories, inspections, push_layout, refusal, rematches, rows, wait_until
from oci_layout import CONFIG, LAYER, MANIFEST, Layout, tar_of


def change(server, statement):
    """Into the metadata database of a server that is down: what an earlier crash or version would have left."""
    with sqlite3.connect(server.data / "metadata.db") as database:
        database.execute(statement)


def states(server, repository):
    listed = server.get_json(f"/api/v1/repositories/{repository}/images?limit=1000")["images"]
    return {image["scan"]["state"] for image in listed}


@pytest.fixture
def several(tmp_path):
    """A layout of eight images on one base: tags v0 to v7."""
    layout, base = Layout(tmp_path / "several"), tar_of(gate.alpine_files())
    for i in range(8):
        layout.add_image(f"v{i}", [base, {"srv/file": f"{i}"}])
    return layout


def push_all(server, layout, repository="team/app"):
    for i in range(8):
        push_layout(server, layout.folder, f"v{i}", repository)
    wait_until(lambda: states(server, repository) == {"done"})


# --- interruptions ---

def slow_image(layout, tag):
    """An image whose one layer takes a second or more to read: 1 GiB of a pattern, some 100 KiB packed."""
    block = bytes(range(256)) * 4096
    size, member = 1 << 30, tarfile.TarInfo("srv/big")
    member.size = size
    digest, packer = hashlib.sha256(), subprocess.Popen(["zstd", "-q", "-1", "-c"], stdin=subprocess.PIPE,
                                                        stdout=subprocess.PIPE)
    with concurrent.futures.ThreadPoolExecutor() as reader:
        packed = reader.submit(packer.stdout.read)
        for part in [member.tobuf(), *[block] * (size // len(block)), bytes(1024)]:
            digest.update(part)
            packer.stdin.write(part)
        packer.stdin.close()
        layer = layout.add_blob(packed.result(), LAYER["zstd"])
    assert packer.wait() == 0
    config = {"architecture": "amd64", "os": "linux", "config": {},
              "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest.hexdigest()}"]}}
    return layout.add_manifest({"schemaVersion": 2, "mediaType": MANIFEST, "layers": [layer],
                                "config": layout.add_blob(json.dumps(config).encode(), CONFIG)}, tag)["digest"]


def test_a_pull_waits_and_a_killed_scan_is_taken_up(start_server, tmp_path):
    layout = Layout(tmp_path / "slow")
    digest = slow_image(layout, "slow")
    server = start_server(policy=STRICT, config="limits: {layer_ratio: 100000}")
    push_layout(server, layout.folder, "slow", "team/app")
    # The API tells how it stands; a pull waits for the end.
    verdict = server.get_json(f"/api/v1/images/{digest}/verdict?repository=team/app")
    assert verdict["reasons"] == ["its scan has not ended yet; try again in a moment"]
    server.kill()
    with sqlite3.connect(server.data / "metadata.db") as database:
        assert database.execute("SELECT state FROM images").fetchall() == [(1,)]
    server.start()
    # Judged by the scan, not by what was known when it came: it has no packages.
    assert "no package of it is known" in refusal(server, "team/app", "slow")
    assert server.wait_for_scan("team/app", digest)["state"] == "done"


def test_what_an_earlier_run_left(start_server, assay, several):
    """Inventories of older detectors, an image that was never noted, and rows that belong to nothing."""
    server = start_server(policy=STRICT)
    import_advisories(assay, server)
    push_all(server, several)
    assert rows(server, "layer_inventories") == 9
    server.stop()
    change(server, "UPDATE layer_inventories SET detector_version = 0")
    change(server, "DELETE FROM image_sets WHERE image IN (SELECT id FROM images LIMIT 1)")
    change(server, "DELETE FROM images WHERE id NOT IN (SELECT image FROM image_sets)")
    change(server, "INSERT INTO images (id, manifest, state, scanned, package_count, counts, fixable) "
                   "VALUES (1, 'sha256:" + "0" * 64 + "', 2, 0, 0, '', '')")
    server.start()
    wait_until(lambda: rows(server, "images") == 8 and states(server, "team/app") == {"done"})
    assert inspections(server) == 9 and rows(server, "layer_inventories") == 9
    assert "findings block" in refusal(server, "team/app", "v3")


def test_advisories_that_came_while_nobody_served(start_server, assay, several):
    server = start_server(policy=STRICT)
    import_advisories(assay, server, gate.secdb(other={"1-r0": ["CVE-1"]}))
    push_all(server, several)
    server.stop()
    import_advisories(assay, server)
    server.start()
    digest = gate.digest_of_tag(several.folder, "v0")
    wait_until(lambda: server.wait_for_scan("team/app", digest)["fixable"]["unknown"] == 3)
    assert inspections(server) == 0


def test_a_failed_scan_is_tried_again_by_a_push(start_server, tmp_path):
    """The layer's blob is damaged on the disk, and read again; then it is repaired."""
    server = start_server(policy=STRICT)
    layout = Layout(tmp_path / "one")
    digest = layout.add_image("one", [{"srv/file": "x" * 1000}])["digest"]
    push_layout(server, layout.folder, "one", "team/app")
    wait_until(lambda: states(server, "team/app") == {"done"})
    server.stop()
    layer = json.loads((layout.folder / "blobs/sha256" / digest[7:]).read_text())["layers"][0]["digest"]
    blob = next(path for path in server.data.rglob(layer[7:]) if path.is_file())
    whole = blob.read_bytes()
    blob.write_bytes(whole[:30])
    change(server, "UPDATE layer_inventories SET detector_version = 0")
    server.start()
    wait_until(lambda: states(server, "team/app") == {"failed"})
    # The scrub may have set it aside before it was read for the scan.
    assert re.search(f"its scan failed: (layer|blob) {layer}", refusal(server, "team/app", "one"))
    blob.write_bytes(whole)
    push_layout(server, layout.folder, "one", "team/app")
    wait_until(lambda: states(server, "team/app") == {"done"})


def without_magic(tar):
    """The same tar as version 7 of Unix wrote it: nothing but its checksums tells that it is one."""
    headers, at = bytearray(tar), 0
    while any(headers[at:at + 512]):
        headers[at + 257:at + 265] = bytes(8)
        headers[at + 148:at + 156] = b" " * 8
        headers[at + 148:at + 156] = b"%06o\0 " % sum(headers[at:at + 512])
        at += 512 + -(-int(bytes(headers[at + 124:at + 135]), 8) // 512) * 512
    return bytes(headers)


def test_a_layer_that_was_deleted_is_inspected_again(start_server, assay, tmp_path):
    """Its bytes alone do not look like a layer's: it is the manifest that says so, although it is stored and scanned."""
    server = start_server(policy=STRICT)
    import_advisories(assay, server)
    gate.wait_for_advisories(server)
    layout = Layout(tmp_path / "old")
    layer = without_magic(tar_of(gate.alpine_files(**FIXED)))
    digest = layout.add_image("old", [layer], compression=None)["digest"]
    push_layout(server, layout.folder, "old", "team/app")
    assert gate.pull(server, "team/app", "old").status_code == 200
    blob = json.loads((layout.folder / "blobs/sha256" / digest[7:]).read_text())["layers"][0]["digest"]
    server.stop()
    # As versions did that let it be deleted under its image.
    with sqlite3.connect(server.data / "metadata.db") as database:
        for table in ("repository_blobs", "blobs"):
            assert database.execute(f"DELETE FROM {table} WHERE digest = ?", (blob,)).rowcount == 1
    server.start()
    wait_until(lambda: "push it again" in gate.pull(server, "team/app", "old").text)
    push_layout(server, layout.folder, "old", "team/app")
    wait_until(lambda: gate.pull(server, "team/app", "old").status_code == 200)


# --- what is left over ---

def test_nothing_is_left_of_what_is_deleted(start_server, assay, several):
    server = start_server(policy=STRICT)
    import_advisories(assay, server)
    push_all(server, several)
    push_all(server, several, "team/other")
    blobs = set()
    for i in range(8):
        digest = gate.digest_of_tag(several.folder, f"v{i}")
        manifest = json.loads((several.folder / "blobs/sha256" / digest[7:]).read_text())
        blobs |= {each["digest"] for each in [manifest["config"], *manifest["layers"]]}
    for repository, left in (("team/app", 8), ("team/other", 0)):
        for i in range(8):
            digest = gate.digest_of_tag(several.folder, f"v{i}")
            assert server.request("DELETE", f"/v2/{repository}/manifests/{digest}").status_code == 202
        # What another repository has is known still.
        assert rows(server, "images") == left
        for blob in blobs:
            assert server.request("DELETE", f"/v2/{repository}/blobs/{blob}").status_code == 202
    assert (rows(server, "image_sets"), rows(server, "layer_inventories")) == (0, 0)
    # Packages that no image has go when all images are matched again.
    matched = rematches(server)
    import_advisories(assay, server, gate.secdb(other={"1-r0": ["CVE-1"]}))
    wait_until(lambda: rematches(server) > matched)
    assert [rows(server, table) for table in ("packages", "package_sets", "package_set_members", "package_findings")] == [0] * 4


# --- much at once ---

def test_pushes_while_advisories_change(start_server, assay, tmp_path):
    """Each image is counted by the last advisories, whenever it came."""
    server = start_server(policy=STRICT)
    layout = Layout(tmp_path / "many")
    base = tar_of(gate.alpine_files())
    for i in range(40):
        files = {"srv/file": f"{i}"} if i % 2 else {**gate.alpine_files(**FIXED), "srv/file": f"{i}"}
        layout.add_image(f"v{i}", [base, files])
    versions = [gate.secdb(musl={"1.1.22-r3": [f"CVE-2030-{n}" for n in range(count)]}) for count in (1, 2, 3, 4)]
    import_advisories(assay, server, versions[0])
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        pushes = [pool.submit(push_layout, server, layout.folder, f"v{i}", "team/app") for i in range(40)]
        for version in versions[1:]:
            import_advisories(assay, server, version)
        for each in pushes:
            each.result()

    def counts():
        listed = server.get_json("/api/v1/repositories/team/app/images?limit=1000")["images"]
        return {image["tags"][0]: (image["scan"]["state"], image["scan"]["fixable"]["unknown"]) for image in listed}
    wait_until(lambda: counts() == {f"v{i}": ("done", 4 if i % 2 else 0) for i in range(40)})


SCANS_ALLOWED = {
    # Once in a while, over all there is: at the start, when all images are matched, at the housekeeping.
    r"^SELECT images\.id, image_sets\.package_set", r"^SELECT package_set, package FROM", r"^SELECT id, matched, counts",
    r"NOT EXISTS", r"^DELETE FROM layer_\w+ WHERE detector_version (<>|<) ", r"^SELECT id FROM uploads WHERE created", r"^SELECT count\(\*\) FROM uploads",
    r"^SELECT \(SELECT count\(\*\) FROM repositories\)",  # /metrics
    r"FROM unrecorded_manifests AS todo LEFT JOIN",
    # Over how all images stand, in narrow rows: when somebody asks for a list of all or for sums of them.
    r"FROM standings WHERE \$1 = \$2 AND ", r"FROM standings WHERE \$1 = '\*' OR", r"FROM standings GROUP BY", r"^SELECT count\(\*\) FROM standings$",
    r"FROM day_counts",
    # Of access and namespaces, what is held in memory and read again when it has changed: rules, endpoints, keys, quarantine.
    r"^SELECT bindings\.id, bindings\.kind, subject, role", r"^SELECT definition, version FROM endpoints", r"FROM token_keys ORDER BY",
    r"^SELECT target, reason, author, since, until FROM quarantine", r"^SELECT kind, name, content FROM signing ORDER BY",
    # Once in a move: names that have ended, and grants.
    r"^DELETE FROM moved_names WHERE until", r"^SELECT name, target, until FROM moved_names", r"^SELECT id, pattern FROM bindings$",
    # Hourly, of robots, of what ran; what is left of a collection.
    r"^DELETE FROM running_images WHERE ended",
    r"^SELECT 1 FROM principals WHERE kind = 'robot' AND remove_expired = 1", r"^SELECT digest, generation, size FROM blob_trash LIMIT",
    r"coalesce\(advisories", r"schema_migrations", r"schema_rooms", r"^UPDATE images SET state = .* WHERE state = ",
}
# What is found by an index, as many rows as are answered, and is put in order then.
SORTS_ALLOWED = {r"^SELECT images\.id, max\(CASE WHEN image_use", r"^SELECT name FROM repositories WHERE name = \$1 OR \(name > \$2", r"^SELECT repository, manifest FROM standings WHERE .*image IN", r"FROM audit_counts WHERE hour < \$1 ORDER BY hour, first"}


def test_no_question_reads_a_whole_table(program, start_server, assay, several, monkeypatch, tmp_path):
    """Every statement that the server prepared, but those that are about everything, uses an index: the cost of an image
    does not grow with their number."""
    trace = tmp_path / "statements.sql"
    monkeypatch.setenv("ASSAY_SQL_TRACE", str(trace))
    server = start_server(policy=STRICT)
    import_advisories(assay, server)
    push_all(server, several)
    digest = gate.digest_of_tag(several.folder, "v1")
    for path in ("/v2/_catalog?n=2", "/v2/team/app/tags/list?n=2", f"/v2/team/app/referrers/{digest}", "/metrics",
                 f"/api/v1/images/{digest}/packages", f"/api/v1/images/{digest}/findings?repository=team/app",
                 "/v2/team/app/manifests/v1", "/api/v1/repositories", "/api/v1/overview", "/api/v1/changes?since=1",
                 "/api/v1/images?vulnerability=CVE-1", "/api/v1/images?package=musl", "/api/v1/vulnerabilities/CVE-1/images"):
        server.request("GET", path)
    for path, to in (("repositories/team/app/move", "team/shop"), ("namespaces/team/rename", "crew")):
        answer = server.request("POST", f"/api/v1/{path}", json={"to": to})
        assert answer.status_code == 200, answer.text
    server.request("DELETE", f"/v2/crew/shop/manifests/{digest}")
    server.stop()
    if not trace.exists():
        pytest.skip("this build does not trace statements")
    statements = {text.strip() for text in trace.read_text().split("\n;;\n") if text.strip()}
    assert len(statements) > 30
    slow = []
    with sqlite3.connect(server.data / "metadata.db") as database:
        for statement in statements:
            if re.match(r"/\* step|CREATE|PRAGMA", statement) or any(re.search(each, statement) for each in SCANS_ALLOWED):
                continue
            parameters = {number: 1 for number in re.findall(r"\$(\d+)", statement)}
            plan = database.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
            sorts = any(re.search(each, statement) for each in SORTS_ALLOWED)
            slow += [(statement, step[3]) for step in plan
                     if re.match(r"SCAN (?!CONSTANT)", step[3]) or ("TEMP B-TREE" in step[3] and not sorts)]
    assert slow == []


def test_rpm_and_debian_share_the_story(start_server, assay, tmp_path):
    """Packages of several distributions stand beside each other; each image is counted by its own."""
    server = start_server(policy=STRICT)
    import_advisories(assay, server)
    gate.wait_for_advisories(server)
    push_layout(server, images.tiny_layout(tmp_path / "debian", "v1"), "v1", "team/debian")
    push_layout(server, gate.alpine_layout(tmp_path / "alpine")[0], "vulnerable", "team/alpine")
    assert "there are no advisories for debian:12" in refusal(server, "team/debian", "v1")
    assert "findings block" in refusal(server, "team/alpine", "vulnerable")
