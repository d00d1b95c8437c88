"""Faults that pass: a worker that is killed or kept from its work, a machine without processes, a disk that fails or is full.
None of them condemns an image: its scan is tried again, after a restart too, and what was wrong is told meanwhile."""
import contextlib
import json
import os
import signal
import shutil
import sqlite3
import time
from pathlib import Path

import pytest

import gate
import hostile
import images
from assay_server import children_of, has_ended, nurseries_of
from gate import STRICT, wait_until
from oci_layout import LAYER, digest_of, tar_of
from test_hostile_layers import gzip_of, push, put_blob, put_manifest, manifest_of, wait_for_worker

GZIP = LAYER["gzip"]


@pytest.fixture(scope="module")
def slow():
    """A layer of some seconds' work, and what is in it unpacked."""
    layer = hostile.slow_layer(2)
    return layer.packed, layer.plain_digest()


def scan_of(server, repository):
    return server.get_json(f"/api/v1/repositories/{repository}/images")["images"][0]["scan"]


def wait_for_reason(server, repository):
    """The scan while it waits for another try: pending, with a reason and a time."""
    scan = wait_until(lambda: scan_of(server, repository) if "error" in scan_of(server, repository) else None)
    assert scan["state"] == "pending" and scan["retry_at"].endswith("Z"), scan
    return scan


def wait_until_done(server, repository, timeout=120):
    wait_until(lambda: scan_of(server, repository)["state"] == "done", timeout)
    assert scan_of(server, repository).keys().isdisjoint({"error", "retry_at"})


def small_image(number=0):
    tar = tar_of(images.tiny_files(str(number).encode()))
    return [(gzip_of(tar), GZIP)], [digest_of(tar)]


def blob_path(server, digest):
    return server.data / "blobs" / "sha256" / digest[7:9] / digest[7:]


# --- workers ---

@pytest.mark.parametrize("signals", [[signal.SIGKILL], [signal.SIGTERM], [signal.SIGKILL] * 3], ids=["kill", "term", "kills"])
def test_killed_worker(start_server, slow, signals):
    """As often as it happens."""
    server = start_server(policy=STRICT)
    data, diff_id = slow
    put_blob(server, "killed/image", data)
    for number, each in enumerate(signals):
        worker = wait_for_worker(server)
        if number == 0:
            config, manifest = manifest_of([(data, GZIP)], [diff_id])
            put_blob(server, "killed/image", config)
            digest = put_manifest(server, "killed/image", manifest)
        os.kill(worker, each)
        scan = wait_for_reason(server, "killed/image")
        assert f"died of signal {int(each)}" in scan["error"], scan
    if len(signals) > 1:  # by now the next try is some way off
        answer = server.request("GET", f"/api/v1/images/{digest}/findings")
        refusal = gate.refusal(server, "killed/image", "latest")
        if scan_of(server, "killed/image")["state"] != "done":  # as it is where a machine is slow
            assert answer.status_code == 409 and int(answer.headers["Retry-After"]) >= 1, answer.text
            assert "will be tried again" in refusal and "will be tried again" in answer.json()["detail"]
    wait_until_done(server, "killed/image")
    assert gate.metric(server, 'assay_inspections_total{outcome="postponed"}') >= 1
    assert gate.metric(server, 'assay_inspections_total{outcome="failed"}') == 0


def nursery_of(server):
    """One that was replaced may be there for a moment."""
    wait_until(lambda: len(nurseries_of(server.process.pid)) == 1)
    return nurseries_of(server.process.pid)[0]


def test_killed_nursery(start_server, slow):
    """The process that workers are forked from, with one of them at work, and then with none: another takes its place."""
    server = start_server()
    data, diff_id = slow
    put_blob(server, "killed/nursery", data)
    worker = wait_for_worker(server)
    push(server, "killed/nursery", [(data, GZIP)], [diff_id])
    # Others may have been forked from another, for a push of the layer that came meanwhile.
    nursery = next(nursery for nursery in nurseries_of(server.process.pid) if worker in children_of(nursery))
    os.kill(nursery, signal.SIGKILL)
    assert "the process that starts inspection workers died" in wait_for_reason(server, "killed/nursery")["error"]
    wait_until(lambda: has_ended(worker))
    wait_until_done(server, "killed/nursery")
    nursery = nursery_of(server)
    os.kill(nursery, signal.SIGKILL)
    push(server, "killed/idle", *small_image(2))
    wait_until_done(server, "killed/idle")
    assert nursery_of(server) != nursery
    assert gate.metric(server, 'assay_inspections_total{outcome="postponed"}') >= 1


def test_hung_worker(start_server, slow):
    """It gets no processor for longer than it may take: that says nothing of the layer."""
    server = start_server(config="limits:\n  layer_seconds: 6")
    data, diff_id = slow
    push(server, "hung/image", [(data, GZIP)], [diff_id])
    os.kill(wait_for_worker(server), signal.SIGSTOP)
    assert "had the processor for" in wait_for_reason(server, "hung/image")["error"]
    wait_until_done(server, "hung/image")


def test_layer_that_takes_too_long(start_server):
    """Its bytes are why: this is final."""
    layer = hostile.slow_layer(8)
    server = start_server(config="limits:\n  layer_seconds: 1")
    digest = push(server, "long/image", [(layer.packed, GZIP)], [layer.plain_digest()])
    scan = server.wait_for_scan("long/image", digest, timeout=120)
    assert scan["state"] == "failed" and "limits.layer_seconds" in scan["error"] and "retry_at" not in scan, scan


def test_no_more_processes(start_server, command):
    """The limit of processes of the server's user: none can be started, until there are fewer."""
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("only root may serve as another user")
    user = 61234
    become = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]

    def give_folder(server):
        server.data.mkdir()
        for path in (server.folder, server.data):
            os.chown(path, user, user)
        # Where the tests' folders are is nobody's business but their owner's.
        for above in server.folder.parents:
            if above != Path("/") and not above.stat().st_mode & 0o001:
                above.chmod(above.stat().st_mode | 0o011)
    server = start_server(prepare=give_folder, wrap=become)
    pid, task = server.process.pid, Path(f"/proc/{server.process.pid}/task")

    def allow_processes(limit, workers=1000):
        command(*become, "prlimit", f"--pid={pid}", f"--nproc={limit}:")
        for nursery in nurseries_of(pid):
            command(*become, "prlimit", f"--pid={nursery}", f"--nproc={workers}:")
    push(server, "warm/up", *small_image(1))  # so that the threads are there
    wait_until_done(server, "warm/up")
    # A thread that ends just then leaves its place to a worker: once more, then.
    for turn in range(2, 8):
        repository = f"none/left{turn}"
        allow_processes(len(list(task.iterdir())), workers=1)
        push(server, repository, *small_image(turn))
        scan = wait_until(lambda: (scan := scan_of(server, repository))["state"] == "done" or scan.get("error"))
        if scan is not True:
            break
        allow_processes(1000)
    assert scan is not True and "start the inspection worker" in scan
    allow_processes(1000)
    wait_until_done(server, repository)


# --- the disk ---

def test_blob_that_cannot_be_read(start_server, assay):
    """Tried again while it fails, and after a restart; told by the API, by `assay images`, by the gate."""
    server = start_server(policy=STRICT)
    layers, diff_ids = small_image()
    blob = blob_path(server, put_blob(server, "unread/image", layers[0][0]))
    wait_until(lambda: gate.rows(server, "layer_inventories") == 1)
    server.stop()
    with sqlite3.connect(server.data / "metadata.db") as database:
        database.execute("DELETE FROM layer_inventories")
    whole = blob.read_bytes()
    blob.unlink()
    blob.mkdir()
    server.start()
    config, manifest = manifest_of(layers, diff_ids)
    put_blob(server, "unread/image", config)
    put_manifest(server, "unread/image", manifest)
    first = wait_for_reason(server, "unread/image")
    assert "cannot be read" in first["error"]
    wait_until(lambda: scan_of(server, "unread/image").get("retry_at", "") > first["retry_at"])
    table = assay("images", "--server", server.url).stdout
    assert "waiting" in table and "will be tried again at" in table and "cannot be read" in table, table
    server.stop()
    server.start()
    wait_for_reason(server, "unread/image")
    server.stop()
    blob.rmdir()
    blob.write_bytes(whole)
    with sqlite3.connect(server.data / "metadata.db") as database:
        for table in ("images", "layer_inventories"):
            database.execute(f"UPDATE {table} SET retry_at = retry_at + 3600 * 1000000 WHERE retry_at IS NOT NULL")
    server.start()
    wait_until_done(server, "unread/image")  # whatever the time was that was set for the next try
    # What lists tell of an image follows its scan in the background.
    wait_until(lambda: "waiting" not in assay("images", "--server", server.url).stdout)


def test_many_images_wait(start_server):
    """A blob cannot be read: 300 images on one layer wait, and are all scanned when it can."""
    server = start_server()
    layers, diff_ids = small_image()
    base = put_blob(server, "many/images", layers[0][0])
    wait_until(lambda: gate.rows(server, "layer_inventories") == 1)
    server.stop()
    with sqlite3.connect(server.data / "metadata.db") as database:
        database.execute("DELETE FROM layer_inventories")
    blob = blob_path(server, base)
    away = blob.rename(server.folder / "away")
    blob.mkdir()
    server.start()
    for number in range(300):
        config = json.dumps({"architecture": "amd64", "os": "linux", "config": {"Env": [f"N={number}"]},
                             "rootfs": {"type": "layers", "diff_ids": diff_ids}}).encode()
        put_blob(server, "many/images", config)
        _, text = manifest_of(layers, diff_ids)
        manifest = json.loads(text)
        manifest["config"].update(digest=digest_of(config), size=len(config))
        put_manifest(server, "many/images", json.dumps(manifest).encode())

    def states():
        with contextlib.closing(sqlite3.connect(f"file:{server.data}/metadata.db?mode=ro", uri=True, timeout=10)) as database:
            return dict(database.execute("SELECT state, count(*) FROM images GROUP BY state"))
    wait_until(lambda: states() == {5: 300})
    tries = gate.metric(server, 'assay_inspections_total{outcome="postponed"}')
    time.sleep(6)
    # One layer is tried when it is due, and not by each of its images.
    assert gate.metric(server, 'assay_inspections_total{outcome="postponed"}') - tries <= 4
    blob.rmdir()
    away.rename(blob)
    wait_until(lambda: states() == {2: 300}, timeout=120)


def test_what_cannot_be_noted(start_server, tmp_path):
    """The metadata database is locked by somebody else for longer than anyone waits: nothing is lost."""
    server = start_server()
    layers, diff_ids = small_image()
    put_blob(server, "locked/image", layers[0][0])
    config, manifest = manifest_of(layers, diff_ids)
    put_blob(server, "locked/image", config)
    wait_until(lambda: gate.rows(server, "layer_inventories") == 1)
    server.stop()
    with sqlite3.connect(server.data / "metadata.db") as database:
        database.execute("DELETE FROM layer_inventories")
        # As soon as the manifest is there, nothing can be noted of images and layers.
        for table in ("images", "layer_inventories"):
            for what in ("INSERT", "UPDATE"):
                database.execute(f"CREATE TRIGGER no_{table}_{what} BEFORE {what} ON {table} "
                                 "BEGIN SELECT RAISE(ABORT, 'not now'); END")
    server.start()
    put_manifest(server, "locked/image", manifest)
    time.sleep(2)
    assert scan_of(server, "locked/image")["state"] == "none"
    with sqlite3.connect(server.data / "metadata.db") as database:
        for table in ("images", "layer_inventories"):
            for what in ("INSERT", "UPDATE"):
                database.execute(f"DROP TRIGGER no_{table}_{what}")
    wait_until_done(server, "locked/image", timeout=60)
