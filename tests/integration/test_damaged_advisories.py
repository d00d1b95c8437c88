"""The advisory database is cut, zeroed, filled with noise, replaced by something else: before the start, and under a server that
has it open. The server stays up and judges rightly: by good advisories, or by none, which it says."""
import json
import os
import random
import shutil
import time

import pytest

import gate
import images
from assay_server import findings_of, run_assay
from gate import STRICT, import_advisories, metric, push_layout, wait_until

NO_ADVISORIES = "it cannot be judged: there are no advisories"


def big_secdb(packages=3000):
    """Advisories of some hundred KiB, those of images.ALPINE_SECDB among them."""
    noise = {f"package-{number}": {f"1.{number}-r0": [f"CVE-2020-{10000 + number}"]} for number in range(packages)}
    data = gate.secdb(**noise)
    data["packages"] += images.ALPINE_SECDB["packages"]
    return data


@pytest.fixture(scope="module")
def good(program, tmp_path_factory):
    """A data folder with advisories."""
    folder = tmp_path_factory.mktemp("good")
    secdb = folder / "secdb.json"
    secdb.write_text(json.dumps(big_secdb()))
    run_assay(program, "db", "import", "--data", folder / "data", "--type", "alpine-secdb", "--name", "test", secdb)
    return folder / "data"


@pytest.fixture
def served(start_server, good, tmp_path):
    """A server with those advisories, and an image that they refuse. Without the feeds' copies, so that nothing is built anew."""
    server = start_server(policy=STRICT, prepare=lambda server: shutil.copytree(good, server.data))
    shutil.rmtree(server.data / "feeds")
    layout, _, _ = gate.alpine_layout(tmp_path / "alpine")
    for tag in ("vulnerable", "fixed"):
        push_layout(server, layout, tag, "team/app")
    wait_until(lambda: gate.pull(server, "team/app", "fixed").status_code == 200)
    assert "findings block" in gate.refusal(server, "team/app", "vulnerable")
    return server


def advisories(server):
    answer = server.request("GET", "/readyz")
    assert answer.status_code == 200, answer.text
    return answer.json()["advisories"]


def set_aside(server):
    return sorted(path.name for path in server.data.iterdir() if path.name.startswith("advisories.db.damaged-"))


def check_judged_by_none(server):
    """Both are refused, for nothing is known; the file is out of the way, and everybody is told."""
    wait_until(lambda: not os.path.lexists(server.data / "advisories.db"))
    for tag in ("vulnerable", "fixed"):
        assert NO_ADVISORIES in gate.refusal(server, "team/app", tag)
    assert len(set_aside(server)) == 1
    says = advisories(server)
    assert f"moved to {set_aside(server)[0]}" in says and "assay db update" in says, says
    assert any("there are no advisories" in event.get("message", "") for event in server.log_events()), server.log_text()
    assert metric(server, "assay_advisories_available") == 0 and metric(server, "assay_advisories_damaged_total") == 1
    answer = server.request("GET", f"/api/v1/images/{gate.digest_at(server, 'team/app', 'vulnerable')}/findings")
    assert answer.status_code == 409 and "there are no advisories" in answer.text


def cut(path, size):
    os.truncate(path, size)


def write(path, offset, data):
    with open(path, "r+b") as file:
        file.seek(offset)
        file.write(data)


def replace(path, how):
    path.unlink()
    how(path)


# What befalls the file; each is found out at once when the file is opened or read whole.
KINDS = {
    "empty": lambda path: cut(path, 0),
    "one byte left": lambda path: cut(path, 1),
    "the head alone": lambda path: cut(path, 8192),
    "half of it": lambda path: cut(path, path.stat().st_size // 2),
    "one byte less": lambda path: cut(path, path.stat().st_size - 1),
    "a bit turned": lambda path: write(path, 5000, bytes([path.read_bytes()[5000] ^ 1])),
    "zeros from 8192": lambda path: write(path, 8192, bytes(path.stat().st_size - 8192)),
    "noise from 8192": lambda path: write(path, 8192, random.Random(1).randbytes(path.stat().st_size - 8192)),
    "ones all over": lambda path: write(path, 0, b"\xff" * path.stat().st_size),
    "something behind": lambda path: write(path, path.stat().st_size, bytes(4096)),
    "another program's": lambda path: replace(path, lambda path: path.write_bytes(b"SQLite format 3\0" + bytes(100000))),
    "a folder": lambda path: replace(path, lambda path: path.mkdir()),
    "a pipe": lambda path: replace(path, os.mkfifo),
    "a device": lambda path: replace(path, lambda path: path.symlink_to("/dev/zero")),
}


@pytest.mark.parametrize("kind", KINDS)
def test_before_the_start(served, kind):
    served.stop()
    KINDS[kind](served.data / "advisories.db")
    served.start()
    check_judged_by_none(served)
    served.stop()
    served.start()
    assert advisories(served).startswith("none yet")


@pytest.mark.parametrize("kind", KINDS)
def test_while_it_is_open(served, assay, kind):
    """What is written into the open file is damage; what takes its place and is no good leaves the open one in use."""
    path = served.data / "advisories.db"
    in_place = kind not in ("another program's", "a folder", "a pipe", "a device")
    KINDS[kind](path)
    if in_place:
        # Whatever was noticed by then: an answer is right, or none is known.
        for _ in range(20):
            answer = gate.pull(served, "team/app", "vulnerable")
            assert answer.status_code == 403 and ("findings block" in answer.text or NO_ADVISORIES in answer.text), answer.text
        check_judged_by_none(served)
    else:
        wait_until(lambda: not os.path.lexists(path))
        assert "findings block" in gate.refusal(served, "team/app", "vulnerable")
        assert advisories(served).startswith("ok, but there was damage: ")
    # A new one heals it.
    import_advisories(assay, served, big_secdb())
    wait_until(lambda: advisories(served).startswith("ok, but there was damage: "))
    assert "findings block" in gate.refusal(served, "team/app", "vulnerable")
    assert gate.pull(served, "team/app", "fixed").status_code == 200


def test_copied_slowly(start_server, good):
    """A file that is still being written is no damage: it is used when it is whole."""
    server = start_server()
    whole = (good / "advisories.db").read_bytes()
    with open(server.data / "advisories.db", "wb") as file:
        for at in range(0, len(whole), len(whole) // 8):
            file.write(whole[at:at + len(whole) // 8])
            file.flush()
            time.sleep(0.5)
    wait_until(lambda: advisories(server) == "ok")
    assert set_aside(server) == []


def test_built_anew(start_server, good, tmp_path):
    """Where the feeds' copies are there, the server needs nobody to have advisories again."""
    server = start_server(policy=STRICT, prepare=lambda server: shutil.copytree(good, server.data))
    layout, _, _ = gate.alpine_layout(tmp_path / "alpine")
    push_layout(server, layout, "vulnerable", "team/app")
    wait_until(lambda: "findings block" in gate.refusal(server, "team/app", "vulnerable"))
    for number in range(5):
        server.stop()
        KINDS["noise from 8192"](server.data / "advisories.db")
        server.start()
        wait_until(lambda: metric(server, "assay_advisories_available") == 1)
        assert "findings block" in gate.refusal(server, "team/app", "vulnerable")
        assert advisories(server).startswith("ok, but there was damage: ")
        assert len(set_aside(server)) == min(number + 1, 3)  # old ones go


def test_another_version(start_server, good):
    """The file of the version before is no damage: it stays until it is built anew, which the copies allow."""
    def write_old(server):
        shutil.copytree(good, server.data)
        (server.data / "advisories.db").write_bytes(bytes(8192) + b"assay advisory database seal 1\n".ljust(4096, b"\0"))
    server = start_server(prepare=write_old)
    wait_until(lambda: advisories(server) == "ok")
    assert set_aside(server) == [] and metric(server, "assay_advisories_damaged_total") == 0
    server.stop()
    shutil.rmtree(server.data / "feeds")
    shutil.rmtree(server.data, ignore_errors=True)
    write_old(server)
    shutil.rmtree(server.data / "feeds")
    server.start()
    assert "written by another version" in advisories(server) and "assay db update" in advisories(server)
    assert (server.data / "advisories.db").exists() and set_aside(server) == []


def test_an_imported_database_is_restored(start_server, assay, good, tmp_path):
    """Of a site without network: what was imported is kept beside what is built of it."""
    exported = tmp_path / "exported.db"
    assay("db", "export", "--data", good, exported)
    server = start_server(policy=STRICT, prepare=lambda server: assay("db", "import", "--data", server.data, exported))
    assert (server.data / "advisories.db").stat().st_nlink == 1
    KINDS["half of it"](server.data / "advisories.db")
    wait_until(lambda: advisories(server).startswith("ok, but there was damage: "))
    # And where that one is damaged, the live one is built on.
    write(server.data / "feeds" / ".imported.db", 5000, b"damage")
    import_advisories(assay, server, gate.secdb(other={"1-r0": ["CVE-1"]}))
    status = json.loads(assay("db", "status", "--data", server.data, "--format", "json").stdout)
    assert len(status["feeds"]) == 1  # both are named "test"
    assert "damaged" in assay("db", "import", "--data", server.data, "--type", "alpine-secdb", "--name", "more",
                              server.folder / "secdb.json").stderr


def test_commands_tell(assay, good, tmp_path, monkeypatch):
    """Without a server: no crash, no wrong findings, and what to do."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    data, secdb = tmp_path / "data", tmp_path / "more.json"
    shutil.copytree(good, data)
    layout, _, _ = gate.alpine_layout(tmp_path / "alpine")
    scan = ["scan", "--data", data, "--format", "json", f"oci:{layout}:vulnerable"]
    right = findings_of(assay(*scan))
    assert len(right) > 1
    whole = (data / "advisories.db").read_bytes()
    for number in range(30):
        damaged, generator = bytearray(whole), random.Random(number)
        for _ in range(generator.choice([1, 50, 5000])):
            damaged[generator.randrange(len(damaged))] ^= generator.randrange(1, 256)
        (data / "advisories.db").write_bytes(damaged)
        scanned = assay(*scan, check=None)
        if scanned.returncode == 0:
            assert findings_of(scanned) == right  # what is damaged was not asked for
        else:
            assert scanned.returncode > 1 and "assay db update" in scanned.stderr, scanned
        for command in (["db", "status"], ["db", "export", tmp_path / "out"]):
            told = assay(*command, "--data", data, check=None)
            assert told.returncode > 1 and "assay db update" in told.stderr, told
    # What is built next is built from the copies, and says why.
    secdb.write_text(json.dumps(gate.secdb(other={"1-r0": ["CVE-1"]})))
    built = assay("db", "import", "--data", data, "--type", "alpine-secdb", "--name", "more", secdb)
    assert "it is not built on" in built.stderr, built.stderr
    status = json.loads(assay("db", "status", "--data", data, "--format", "json").stdout)
    assert {feed["name"] for feed in status["feeds"] if feed["age_seconds"] is not None} == {"test", "more"}
    assert findings_of(assay(*scan)) == right
