"""A data folder of an older version is upgraded: what it holds stays, and is known as if it had been pushed now."""
import json
import re
import sqlite3
from pathlib import Path

import pytest

import gate
from gate import STRICT, import_advisories, inspections, pull, push_layout, refusal, rows, wait_until
from oci_layout import INDEX, Layout, digest_of
from repository import LAYER, Repository, check_error, index_of

SCHEMAS = Path(__file__).parent / "schemas"


def downgrade(server, version):
    """Makes the metadata database of a stopped server one of an older version, with what that knew of the same content."""
    path = server.data / "metadata.db"
    old = sqlite3.connect(server.folder / "old.db")
    old.executescript("PRAGMA journal_mode = WAL;" + (SCHEMAS / f"metadata-{version}.sql").read_text())
    old.execute("ATTACH ? AS new", (str(path),))
    tables = [name for name, in old.execute("SELECT name FROM main.sqlite_schema WHERE type = 'table' "
                                            "AND name <> 'schema_migrations' ORDER BY rowid")]
    for table in tables:
        columns = ", ".join(row[1] for row in old.execute(f"PRAGMA main.table_info({table})"))
        old.execute(f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM new.{table}")
    old.commit()
    old.execute("DETACH new")
    old.close()
    for file in server.data.glob("metadata.db*"):
        file.unlink()
    (server.folder / "old.db").rename(path)


def steps_run(trace):
    """[(room, step)] that a server ran, in order."""
    text = trace.read_text() if trace.exists() else ""
    trace.unlink(missing_ok=True)
    return [(room, int(number)) for number, room in re.findall(r"^/\* step (\d+) of (\w+) \*/", text, re.MULTILINE)]


def tables(server):
    """What each table and index is made of, by name: the order of columns is that in which they were added, and comments are
    for PostgreSQL."""
    with sqlite3.connect(server.data / "metadata.db") as database:
        return {name: sorted(re.split(r"[\s,()]+", re.sub(r" /\*.*?\*/", "", sql)))
                for name, sql in database.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL")}


def test_the_last_schema_of_one_list_is_taken_over(start_server, monkeypatch, tmp_path):
    """Each room goes on where the list of all rooms ended, which ran 2 steps of the registry and 7 of the pipeline: none runs
    twice, what was scanned stays so, and the program of that time refuses what comes of it."""
    trace = tmp_path / "trace"
    monkeypatch.setenv("ASSAY_SQL_TRACE", str(trace))
    server = start_server()
    layout, *_ = gate.alpine_layout(tmp_path / "alpine")
    gate.push_layout(server, layout, "vulnerable", "app")
    digest = gate.digest_at(server, "app", "vulnerable")
    assert server.wait_for_scan("app", digest)["state"] == "done"
    packages = server.get_json(f"/api/v1/images/{digest}/packages")
    fresh, all_steps = tables(server), steps_run(trace)
    if not all_steps:
        pytest.skip("the program was built without fault_injection, and traces no SQL")
    server.stop()
    downgrade(server, 9)
    trace.unlink(missing_ok=True)
    server.start()
    assert steps_run(trace) == [(room, step) for room, step in all_steps
                                if step > {"registry": 2, "pipeline": 7}.get(room, 0)]
    assert tables(server) == fresh
    assert server.get_json(f"/api/v1/images/{digest}/packages") == packages
    with sqlite3.connect(server.data / "metadata.db") as database:
        assert database.execute("SELECT max(version) FROM schema_migrations").fetchone() == (10,)
    server.stop()
    trace.unlink(missing_ok=True)
    server.start()
    assert steps_run(trace) == []


def test_a_stop_while_namespaces_are_counted(start_server):
    """It ends at once and loses nothing (a leak is told by the sanitizer), and the next start counts the rest."""
    server = start_server()
    server.stop()
    with sqlite3.connect(server.data / "metadata.db") as database:
        database.executemany("INSERT INTO repositories (name, created) VALUES (?, 0)",
                             [(f"n{number:05}/app",) for number in range(3000)])
        database.execute("DELETE FROM namespace_usage")

    def counted():
        with sqlite3.connect(server.data / "metadata.db") as database:
            return database.execute("SELECT count(*) FROM namespace_usage").fetchone()[0]
    server.start()
    wait_until(lambda: counted() > 0)
    server.stop()
    assert 0 < counted() < 3000, "the stop came after the count: the test needs more namespaces"
    server.start()
    wait_until(lambda: counted() == 3000, timeout=120)


def unrecorded(server):
    with sqlite3.connect(server.data / "metadata.db") as database:
        return database.execute("SELECT count(*) FROM unrecorded_manifests").fetchone()[0]


@pytest.fixture
def upgraded(start_server):
    """A server that holds, from the version before references were kept: in many/, 230 images; in app/, an image, an index of
    it, and an image whose layer was deleted under it, as that version allowed."""
    server = start_server()
    many, app = Repository(server, "many"), Repository(server, "app")
    config, layer = many.push_blob(b"{}"), many.push_blob(b"layer", LAYER)
    for number in range(230):
        text = b'{"schemaVersion": 2, "config": %s, "layers": [%s], "annotations": {"n": "%d"}}' % (
            *(str(one).replace("'", '"').encode() for one in (config, layer)), number)
        many.push_manifest(text, f"v{number}")
    image, _ = app.push_image("image", layers=(b"of the image",))
    index = app.push_manifest(index_of([image]), "index", INDEX)
    broken, _ = app.push_image("broken", layers=(b"lost", b"kept"))
    server.stop()
    downgrade(server, 3)
    with sqlite3.connect(server.data / "metadata.db") as database:
        for table in ("repository_blobs", "blobs"):
            database.execute(f"DELETE FROM {table} WHERE digest = ?", (digest_of(b"lost"),))
    server.start()
    return server, many, app, image, index, broken


def test_what_old_manifests_need_is_not_deleted(upgraded):
    """At once, although it is read from them by and by."""
    server, many, app, image, index, _ = upgraded
    error = check_error(many.request("DELETE", f"blobs/{digest_of(b'layer')}"), 409, "DENIED")
    assert "a layer of sha256:" in error["message"] and "and of others" in error["message"]
    error = check_error(app.request("DELETE", f"manifests/{image['digest']}"), 409, "DENIED")
    assert index["digest"] in error["message"] and "(tag index)" in error["message"]
    wait_until(lambda: unrecorded(server) == 0)
    for path in (f"manifests/{index['digest']}", f"manifests/{image['digest']}", f"blobs/{digest_of(b'of the image')}"):
        assert app.request("DELETE", path).status_code == 202
    check_error(many.request("DELETE", f"blobs/{digest_of(b'{}')}"), 409, "DENIED")


def test_old_images_without_their_blobs_are_broken(upgraded, assay):
    server, _, app, _, _, broken = upgraded
    wait_until(lambda: unrecorded(server) == 0)
    listed = {image["tags"][0]: image for image in server.get_json("/api/v1/repositories/app/images")["images"]}
    assert [tag for tag, image in listed.items() if "missing" in image] == ["broken"]
    assert listed["broken"]["missing"] == [digest_of(b"lost")] and listed["broken"]["scan"]["state"] == "failed"
    assert digest_of(b"lost") in listed["broken"]["scan"]["error"]
    table = assay("images", "--server", server.url, "app").stdout
    assert [line for line in table.split("\n") if "broken" in line and broken["digest"][7:19] in line and " - " in line]
    # Pushed again, it is whole.
    app.push_image("broken", layers=(b"lost", b"kept"))
    assert not [image for image in server.get_json("/api/v1/repositories/app/images")["images"] if "missing" in image]


def test_upgrade_survives_a_kill(upgraded):
    server, many, *_ = upgraded
    server.kill()
    server.start()
    wait_until(lambda: unrecorded(server) == 0)
    check_error(many.request("DELETE", f"blobs/{digest_of(b'layer')}"), 409, "DENIED")
    assert gate.pull(server, "many", "v7").status_code == 200


# --- packages that were no rows of sets ---

def facts(server):
    with sqlite3.connect(server.data / "metadata.db") as database:
        return database.execute("SELECT count(*), count(facts) FROM images WHERE state = 2").fetchone()


def test_images_stay_scanned_when_their_packages_become_rows(start_server, assay, tmp_path):
    """What is found is what was found before, also while the present detectors take over."""
    server = start_server(policy="strict")
    gate.import_advisories(assay, server)
    layout = Layout(tmp_path / "images")
    for number in range(5):
        layout.add_image(f"v{number}", [gate.alpine_files(), {"srv/file": f"{number}"}])
    for number in range(5):
        gate.push_layout(server, layout.folder, f"v{number}", "team/app")

    def scans():
        listed = server.get_json("/api/v1/repositories/team/app/images")["images"]
        passing = ("older_detectors", "time")
        return {image["digest"]: {key: value for key, value in image["scan"].items() if key not in passing} for image in listed}

    def known():
        return scans(), {digest: server.get_json(f"/api/v1/images/{digest}/findings") for digest in scans()}
    wait_until(lambda: all(scan["state"] == "done" and sum(scan["findings"].values()) > 0 for scan in scans().values()))
    before = known()
    server.stop()
    downgrade(server, 9)
    server.start()
    assert known() == before
    wait_until(lambda: facts(server) == (5, 5))
    assert known() == before
    assert re.search(r'^assay_inspections_total{outcome="done"} 0$', server.request("GET", "/metrics").text, re.MULTILINE)
    # The counts follow the advisories still.
    gate.import_advisories(assay, server, gate.secdb(other={"1-r0": ["CVE-1"]}))
    wait_until(lambda: all(sum(scan["findings"].values()) == 0 for scan in scans().values()))


def test_rows_of_before_packages_had_owners(start_server, assay, tmp_path):
    """The step adds its columns to the sets that are there, whose findings stay, and whose image can be pushed again."""
    server = start_server(policy="strict")
    gate.import_advisories(assay, server)
    layout, *_ = gate.alpine_layout(tmp_path / "alpine")
    gate.push_layout(server, layout, "vulnerable", "app")
    digest = gate.digest_at(server, "app", "vulnerable")
    assert server.wait_for_scan("app", digest)["state"] == "done"
    wait_until(lambda: server.get_json(f"/api/v1/images/{digest}/findings")["findings"])
    before, fresh = server.get_json(f"/api/v1/images/{digest}/findings"), tables(server)
    server.stop()
    for statement in [f"ALTER TABLE package_set_members DROP COLUMN {each}" for each in ("owner", "places", "declared", "development")] + \
            ["ALTER TABLE packages DROP COLUMN symbols", "ALTER TABLE images DROP COLUMN observed", "DROP TABLE image_sboms",
             "DROP TABLE clamav_layers", "DROP TABLE image_chains",
             "UPDATE schema_rooms SET version = 14 WHERE room = 'pipeline'"]:
        change(server, statement)
    assert tables(server) != fresh
    server.start()
    assert tables(server) == fresh and server.get_json(f"/api/v1/images/{digest}/findings") == before
    gate.push_layout(server, layout, "vulnerable", "other")
    assert server.get_json(f"/api/v1/images/{digest}/findings") == before
    assert rows(server, "package_set_members WHERE owner IS NULL AND declared = 0") > 0

# --- other detectors ---

OLDER = "scanned by older detectors"


def images_of(server, repository="team/app"):
    listed = server.get_json(f"/api/v1/repositories/{repository}/images?limit=1000")["images"]
    return {tag: image["scan"] for image in listed for tag in image["tags"]}


def forget_forms(text):
    """An inventory in the form that had one number for itself and for the detectors."""
    inventory = json.loads(text)
    assert inventory.pop("format") and inventory.pop("detectors")
    return json.dumps({"detector_version": 10, **inventory})


def change(server, statement, *values):
    with sqlite3.connect(server.data / "metadata.db") as database:
        database.execute(statement, values)


@pytest.fixture
def older(start_server, assay, tmp_path):
    """A server that is down, with two images of the version before detectors had versions each: one that the policy refuses,
    one that it lets out; and the refusal."""
    server = start_server(policy=STRICT)
    import_advisories(assay, server)
    folder, *_ = gate.alpine_layout(tmp_path / "layout")
    for tag in ("vulnerable", "fixed"):
        push_layout(server, folder, tag, "team/app")
    wait_until(lambda: {scan["state"] for scan in images_of(server).values()} == {"done"})
    message = refusal(server, "team/app", "vulnerable")
    server.stop()
    downgrade(server, 9)
    with sqlite3.connect(server.data / "metadata.db") as database:
        kept = database.execute("SELECT layer, content FROM layer_inventories").fetchall()
        for layer, content in kept:
            database.execute("UPDATE layer_inventories SET content = ?, detector_version = 10 WHERE layer = ?",
                             (forget_forms(content), layer))
    assert len(kept) == 2
    return server, message, [layer for layer, _ in kept]


def test_what_older_detectors_found_is_in_force(older):
    """The layers are not there: no byte of them is read for the pulls. When they are there again, they are inspected."""
    server, message, layers = older
    blobs = [next(path for path in server.data.rglob(layer[7:]) if path.is_file()) for layer in layers]
    for blob in blobs:
        blob.rename(server.folder / blob.name)
    server.start()
    for _ in range(2):
        assert refusal(server, "team/app", "vulnerable") == message
        answer = pull(server, "team/app", "fixed")
        assert answer.status_code == 200 and OLDER in answer.headers["Warning"]
        assert rows(server, "images WHERE state = 2 AND detectors = 10") == 2
        # Again when the present detectors have failed at both.
        wait_until(lambda: server.log_text().count("what the older ones found is in force") == 2)
    # What is so is told: why, since when, what to do.
    told = wait_until(lambda: re.search(r"could not inspect it \(since (20[^)]*) UTC\): (.*)",
                                        pull(server, "team/app", "fixed").headers["Warning"]))
    assert any(layer in told[2] for layer in layers) and "push the image again" in told[2]
    scans = images_of(server).values()
    assert all(any(layer in scan["older_detectors_reason"] for layer in layers) for scan in scans), (layers, list(scans))
    server.stop()
    server.start()
    wait_until(lambda: server.log_text().count("what the older ones found is in force") == 4)
    again = re.search(r"could not inspect it \(since (20[^)]*) UTC\)", pull(server, "team/app", "fixed").headers["Warning"])
    assert again[1] == told[1], "the second failure is no news"
    assert inspections(server) == 0
    server.stop()
    for blob in blobs:
        (server.folder / blob.name).rename(blob)
    server.start()
    wait_until(lambda: not any(scan["older_detectors"] for scan in images_of(server).values()))
    assert inspections(server) == 2 and {scan["state"] for scan in images_of(server).values()} == {"done"}
    assert refusal(server, "team/app", "vulnerable") == message
    assert not any("older_detectors_reason" in scan for scan in images_of(server).values())
    wait_until(lambda: OLDER not in pull(server, "team/app", "fixed").headers.get("Warning", ""))
    wait_until(lambda: "inspected by the present detectors" in server.log_text())
    assert rows(server, "layer_inventories WHERE detector_version = 10") == 0 and rows(server, "layer_inventories") == 2


def test_what_older_detectors_failed_at_is_tried_again(older):
    server, message, layers = older
    change(server, "UPDATE layer_inventories SET content = NULL, error = 'too much for them'")
    change(server, "UPDATE images SET state = 3, error = 'too much for them'")
    server.start()
    wait_until(lambda: {scan["state"] for scan in images_of(server).values()} == {"done"})
    assert refusal(server, "team/app", "vulnerable") == message and inspections(server) == 2


def test_a_push_does_not_undo_what_older_detectors_found(older, tmp_path):
    """Of an image that is there, and of another on a layer that is."""
    server, message, _ = older
    server.start()
    push_layout(server, tmp_path / "layout", "vulnerable", "team/other")
    assert refusal(server, "team/other", "vulnerable").split(": ", 1)[1] == message.split(": ", 1)[1]
    wait_until(lambda: not any(scan["older_detectors"] for scan in images_of(server).values()))
    assert {scan["state"] for scan in images_of(server, "team/other").values()} == {"done"}
