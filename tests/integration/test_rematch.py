"""Counts of findings follow the advisories: replaced under a running server, and while none runs."""
import json
import re
import sqlite3
import subprocess
import time

import pytest

import gate
import images

# (secdb, the findings that the image has by it)
NOTHING = ({**images.ALPINE_SECDB, "packages": images.ALPINE_SECDB["packages"][2:]}, 0)
SOME = ({**images.ALPINE_SECDB, "packages": images.ALPINE_SECDB["packages"][:1]}, 2)
ALL = (images.ALPINE_SECDB, 3)


def import_advisories(assay, server, secdb):
    path = server.folder / "secdb.json"
    path.write_text(json.dumps(secdb))
    assay("db", "import", "--data", server.data, "--type", "alpine-secdb", path)


def counted(server, digest):
    return sum(server.wait_for_scan("team/alpine", digest)["findings"].values())


def wait_for_count(server, digest, expected):
    deadline = time.monotonic() + 60
    while counted(server, digest) != expected:
        assert time.monotonic() < deadline, f"{counted(server, digest)} findings are counted, not {expected}"
        time.sleep(0.1)


def test_counts_follow(assay, start_server, tmp_path):
    server, layout = start_server(), images.alpine_layout(tmp_path / "alpine")
    subprocess.run(["skopeo", "--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false", f"oci:{layout}",
                    f"docker://{server.address}/team/alpine:v1"], check=True)
    digest = json.loads((layout / "index.json").read_text())["manifests"][0]["digest"]
    assert counted(server, digest) == 0
    for secdb, expected in (SOME, ALL):
        import_advisories(assay, server, secdb)
        wait_for_count(server, digest, expected)
        assert server.get_json(f"/api/v1/images/{digest}/findings")["total"] == expected
    for stop in (server.stop, server.kill):
        for secdb, expected in (NOTHING, SOME):
            stop()
            import_advisories(assay, server, secdb)
            server.start()
            wait_for_count(server, digest, expected)
    # What is counted by the live advisories already is left in peace.
    server.stop()
    server.start()
    time.sleep(0.5)
    assert re.search(r"^assay_rematches_total 0$", server.request("GET", "/metrics").text, re.MULTILINE)


def findings_rows(server):
    """{(package, vulnerability): (severity, state, fixed version, first seen)}, and whether all are of one word."""
    with sqlite3.connect(server.data / "metadata.db") as database:
        matched = {row[0] for row in database.execute("SELECT matched FROM packages")}
        rows = database.execute("SELECT name, vulnerability, severity, state, fixed_version, first_seen FROM package_findings "
                                "JOIN packages ON packages.id = package_findings.package").fetchall()
    return {row[:2]: row[2:] for row in rows}, matched


@pytest.mark.parametrize("environment", [{}, gate.RUN_TWICE], ids=["once", "run-again"])
def test_rows_of_findings_follow(assay, start_server, tmp_path, environment):
    """One row for each vulnerability of a package; what is known already keeps its first day, what is withdrawn goes."""
    server, layout = start_server(environment=environment), images.alpine_layout(tmp_path / "alpine")
    import_advisories(assay, server, SOME[0])
    gate.wait_for_advisories(server)
    subprocess.run(["skopeo", "--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false", f"oci:{layout}",
                    f"docker://{server.address}/team/alpine:v1"], check=True)
    digest = json.loads((layout / "index.json").read_text())["manifests"][0]["digest"]
    wait_for_count(server, digest, SOME[1])
    some, by = findings_rows(server)
    assert len(some) == SOME[1] and len(by) == 1
    for secdb, expected in (ALL, NOTHING, SOME):
        import_advisories(assay, server, secdb)
        wait_for_count(server, digest, expected)
        known, now_by = findings_rows(server)
        found = server.get_json(f"/api/v1/images/{digest}/findings")["findings"]
        assert {(each["package"], each["id"]): each["fixed_version"] for each in found} == \
            {key: row[2] for key, row in known.items()}
        assert len(now_by) == 1 and now_by != by
        by = now_by
        if (secdb, expected) == ALL:
            assert {key: known[key] for key in some} == some
    assert findings_rows(server)[0].keys() == some.keys() and all(findings_rows(server)[0][key][3] > some[key][3] for key in some)


# What a rematch writes at once, and one more.
MANY = 1001


def test_a_scan_during_a_rematch_counts(assay, start_server, tmp_path):
    """An image that is scanned after all were summed, and before its sum is written, keeps what its scan counted."""
    server = start_server()
    layout, *_ = gate.alpine_layout(tmp_path / "alpine")
    gate.push_layout(server, layout, "vulnerable", "app")
    digest = gate.digest_at(server, "app", "vulnerable")
    assert server.wait_for_scan("app", digest)["state"] == "done"
    last = 2 ** 63 - 1
    with sqlite3.connect(server.data / "metadata.db", timeout=60) as database:
        database.executemany("INSERT INTO images (id, manifest, state, scanned, package_count, counts, fixable, facts, detectors) "
                             "SELECT ?, 'of the test ' || ?, 2, 1, 0, '', '', '{}', detectors FROM images WHERE manifest = ?",
                             [(number, number, digest) for number in (*range(1, MANY), last)])
        database.execute("CREATE TRIGGER meanwhile AFTER UPDATE OF counts ON images WHEN NEW.id = 1 BEGIN "
                         f"UPDATE images SET scanned = scanned + 1, counts = 'of the scan' WHERE id = {last}; END")
    import_advisories(assay, server, ALL[0])
    # More than one, where the database was looked at twice.
    gate.wait_until(lambda: re.search(r"^assay_rematches_total [1-9]", server.request("GET", "/metrics").text, re.MULTILINE))
    with sqlite3.connect(server.data / "metadata.db") as database:
        counts = dict(database.execute("SELECT id, counts FROM images WHERE id < ? OR id = ?", (MANY, last)))
    assert {counts.pop(last)} == {"of the scan"} and set(counts.values()) == {"0,0,0,0,0,0"}
