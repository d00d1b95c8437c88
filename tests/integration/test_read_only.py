"""A data folder that is mounted read-only: pulls are served, and what would write is refused with the reason."""
import io
import json
import os
import sqlite3
import subprocess
import tarfile

import pytest

from gate import wait_until
from oci_layout import MANIFEST, digest_of
from repository import Repository, image_of



def mount(*arguments):
    mounted = subprocess.run(["mount", *map(str, arguments)], stderr=subprocess.PIPE, text=True)
    if mounted.returncode:
        pytest.skip(f"nothing can be mounted here: {mounted.stderr.strip()}")


@pytest.fixture
def disk(tmp_path):
    """The server's folder, on a file system of its own that can be mounted read-only."""
    folder = tmp_path / "server0" / "data"
    folder.mkdir(parents=True)
    if os.geteuid() != 0:
        pytest.skip("only root may mount a file system")
    mount("-t", "tmpfs", "-o", "size=256m,mode=700", "tmpfs", folder)
    yield folder
    # The server's fixture has stopped it by then.
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def server(disk, start_server):
    return start_server(name="server0")


def make_read_only(disk):
    mount("-o", "remount,ro", disk)


def files_of(folder):
    return {path: (path.stat().st_size, path.stat().st_mtime_ns) for path in folder.rglob("*")}


def pull(repository, reference):
    return repository.request("GET", f"manifests/{reference}", headers={"Accept": MANIFEST})


def check_pulls(repository, tags):
    """Each way of reading."""
    assert repository.name in repository.server.get_json("/v2/_catalog")["repositories"]
    assert repository.server.get_json(f"/v2/{repository.name}/tags/list")["tags"] == sorted(tags)
    for tag in tags:
        answer = pull(repository, tag)
        assert answer.status_code == 200, answer.text
        manifest = json.loads(answer.text)
        for part in [manifest["config"], *manifest["layers"]]:
            blob = repository.request("GET", f"blobs/{part['digest']}")
            assert blob.status_code == 200 and digest_of(blob.content) == part["digest"]
        digest = answer.headers["Docker-Content-Digest"]
        assert repository.request("GET", f"referrers/{digest}").status_code == 200
        assert repository.server.request("GET", f"/api/v1/images/{digest}/packages").status_code == 200
    assert repository.server.get_json("/api/v1/repositories")["repositories"]
    assert repository.server.request("GET", "/metrics").status_code == 200


def check_refused(answer):
    assert answer.status_code == 503, f"{answer.status_code} {answer.text}"
    assert "data folder is read-only" in answer.json()["errors"][0]["message"]
    assert "for writing" in answer.json()["errors"][0]["message"]
    assert "Retry-After" not in answer.headers


def check_start_refused(server, says):
    with pytest.raises(AssertionError, match=says):
        server.start()
    server.process = None


def check_writes_refused(repository, tag):
    answer = pull(repository, tag)
    digest, manifest = answer.headers["Docker-Content-Digest"], json.loads(answer.text)
    config, layer = manifest["config"]["digest"], manifest["layers"][0]["digest"]
    check_refused(repository.request("POST", "blobs/uploads/"))
    check_refused(repository.request("POST", f"blobs/uploads/?digest={digest_of(b'x')}", data=b"x"))
    check_refused(Repository(repository.server, "other").request("POST", f"blobs/uploads/?mount={config}&from={repository.name}"))
    check_refused(repository.put_manifest("new", image_of(manifest["config"], manifest["layers"], annotations={"a": "b"})))
    check_refused(repository.put_manifest("new", answer.content))
    check_refused(repository.request("DELETE", f"manifests/{tag}"))
    check_refused(repository.request("DELETE", f"manifests/{digest}"))
    check_refused(repository.request("DELETE", f"blobs/{layer}"))
    assert pull(repository, tag).content == answer.content


def layer_of(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return out.getvalue()


def push_scanned(server, repository, tag):
    layer = layer_of({"etc/os-release": b'ID=debian\nVERSION_ID="12"\n', "usr/share/noise": os.urandom(1 << 20)})
    config = json.dumps({"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": [digest_of(layer)]}})
    digest = repository.push_image(tag, config=config.encode(), layers=[layer])[0]["digest"]
    assert server.wait_for_scan(repository.name, digest)["state"] == "done"
    return digest


def warnings_of(server, start=0):
    return [event for event in server.log_events()[start:] if event["level"] in ("warning", "error")]


@pytest.mark.parametrize("ended", ["stopped", "killed"])
def test_serves_pulls(server, disk, ended):
    """After a stop in order, and after a kill that leaves all that was committed in the log beside the database."""
    repository = Repository(server, "kept/app")
    for tag in ("one", "two"):
        push_scanned(server, repository, tag)
    wait_until((disk / "reserve").exists)
    getattr(server, "stop" if ended == "stopped" else "kill")()
    log = disk / "metadata.db-wal"
    assert (log.exists() and log.stat().st_size > 0) == (ended == "killed")
    make_read_only(disk)
    checked = subprocess.run([server.program, "check", "--config", server.config, "--data", disk], capture_output=True, text=True)
    assert checked.returncode == 0 and "read-only" in checked.stdout + checked.stderr, checked
    before, told = files_of(disk), len(server.log_events())
    server.start()
    check_pulls(repository, ["one", "two"])
    check_writes_refused(repository, "two")
    ready = server.get_json("/readyz")
    assert ready["ready"] and ready["data"].startswith("read-only"), ready
    server.stop()
    warned = [event for event in warnings_of(server, told) if "read-only" in event["message"]]
    assert len(warned) == 1, warned
    assert not [event for event in server.log_events()[told:] if event["level"] == "error"]
    assert files_of(disk) == before
    mount("-o", "remount,rw", disk)
    server.start()
    assert server.get_json("/readyz")["data"] == "ok"
    check_pulls(repository, ["one", "two"])
    push_scanned(server, repository, "three")


def test_several_read_one_folder(server, disk, start_server, tmp_path):
    """By a mount of their own, as snapshots and replicas have it; but none beside one that writes."""
    repository = Repository(server, "app")
    push_scanned(server, repository, "one")
    readers = []
    for number in (1, 2):
        folder = tmp_path / f"server{number}" / "data"
        folder.mkdir(parents=True)
        mount("--bind", disk, folder)
        readers.append(folder)
    try:
        for folder in readers:
            mount("-o", "remount,bind,ro", folder)
        made = []
        with pytest.raises(AssertionError, match="another assay serves this folder and writes there"):
            start_server(name="server1", prepare=made.append)
        made[0].process = None
        server.stop()
        for number in (1, 2):
            reader = start_server(name=f"server{number}")
            check_pulls(Repository(reader, "app"), ["one"])
        check_start_refused(server, "another assay serves this folder")
    finally:
        for folder in readers:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_what_was_not_scanned_is_not_judged_clean(server, disk):
    """An image whose scan is still to come is unscanned, at once: nobody waits for what will not be."""
    repository = Repository(server, "app")
    scanned, waiting = (push_scanned(server, repository, tag) for tag in ("one", "two"))
    server.stop()
    with sqlite3.connect(disk / "metadata.db") as database:
        database.execute("UPDATE images SET state = 1 WHERE manifest = ?", [waiting])
        database.execute("DELETE FROM layer_inventories WHERE layer IN "
                         "(SELECT digest FROM manifest_references WHERE manifest = ?)", [waiting])
    database.close()
    make_read_only(disk)
    server.start()
    answer = pull(repository, waiting)
    assert answer.status_code == 200 and "Warning" in answer.headers, answer.headers
    assert "read-only" in answer.headers["Warning"] and "read-only" not in pull(repository, scanned).headers.get("Warning", "")
    found = server.get_json(f"/api/v1/images/{waiting}/verdict?repository=app")
    assert "read-only" in json.dumps(found), found
    server.stop()
    server.arguments += ["--policy", "strict"]
    server.start()
    answer = pull(repository, waiting)
    assert answer.status_code == 403 and "read-only" in answer.text, answer.text
    assert answer.elapsed.total_seconds() < 15, "it waited for a scan that cannot come"


@pytest.mark.parametrize("lacks, says", [("database", "there is nothing to serve"), ("schema", "an older assay wrote this database"),
                                         ("room", "set TMPDIR")])
def test_refusals(server, disk, lacks, says, tmp_path):
    """What cannot be served is told with what to do."""
    push_scanned(server, Repository(server, "app"), "one")
    if lacks == "room":
        server.kill()
        server.environment["TMPDIR"] = str(tmp_path / "nowhere")
    else:
        server.stop()
    if lacks == "database":
        (disk / "metadata.db").unlink()
    elif lacks == "schema":
        with sqlite3.connect(disk / "metadata.db") as database:
            database.execute("UPDATE schema_rooms SET version = version - 1 WHERE room = 'pipeline'")
        database.close()
    make_read_only(disk)
    check_start_refused(server, says)


def test_becomes_read_only(server, disk):
    """A folder that takes no writes any more while it is served."""
    assert server.get_json("/readyz")["data"] == "ok"
    repository = Repository(server, "app")
    push_scanned(server, repository, "one")
    # A file system with open files cannot be mounted so: a mount on top of the folder can.
    mount("--bind", disk, disk)
    try:
        mount("-o", "remount,bind,ro", disk)
        answer = server.request("GET", "/readyz")
        assert answer.status_code == 503 and answer.json()["data"].startswith("became read-only"), answer.text
        check_pulls(repository, ["one"])
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)
