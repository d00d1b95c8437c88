"""What Assay says of an image is what runtimes unpack and package managers list there: on random images, and on one for each
kind of thing that scanners get wrong, which the gate must refuse. tests/differential/README.md says how."""
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import gate
from assay_server import Server

DIFFERENTIAL = Path(__file__).resolve().parents[1] / "differential"
sys.path.insert(0, str(DIFFERENTIAL))
import compare  # noqa: E402
import databases  # noqa: E402
import grammar  # noqa: E402
import kinds  # noqa: E402
import package_managers  # noqa: E402
import shrink  # noqa: E402
import tarball  # noqa: E402
import tars  # noqa: E402
import unpackers  # noqa: E402

# The short form of `make differential`.
COUNT, SEED = 140, 1
AVAILABLE = [make for make in unpackers.ALL if make.why_not() is None]
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="overlayfs is mounted, and roots are entered, by root only")


# --- random images ---

@needs_root
def test_random_images(program, tmp_path):
    assert AVAILABLE, [make.why_not() for make in unpackers.ALL]
    done = subprocess.run([sys.executable, DIFFERENTIAL / "run.py", "--program", program, "--count", str(COUNT), "--seed", str(SEED), "--report",
                           tmp_path / "report"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", timeout=1800,
                          check=False)
    assert done.returncode == 0, done.stdout[-20000:]
    print(done.stdout)
    report = json.loads((tmp_path / "report").read_text())
    assert report["images"] == COUNT and report["ordinary"] > COUNT / 8 and report["ordinary_unread"] == 0
    # What compares nothing finds nothing.
    assert report["with_packages"] > COUNT / 4
    for unpacker in AVAILABLE:
        assert report["unpacked"][unpacker.name] > COUNT / 3, unpacker.name


@needs_root
def test_program_that_hides_a_package_is_found(program, tmp_path):
    """A program that leaves the last package out and knows of nothing unread."""
    liar = tmp_path / "assay"
    liar.write_text(f"""#!{sys.executable}
import json, subprocess, sys
done = subprocess.run([{str(program)!r}, *sys.argv[1:]], stdout=subprocess.PIPE)
if "--list-packages" not in sys.argv or done.returncode:
    sys.exit(done.returncode)
report = json.loads(done.stdout)
print(json.dumps({{**report, "unread": [], "package_list": report["package_list"][:-1]}}))
""")
    liar.chmod(0o755)
    done = subprocess.run([sys.executable, DIFFERENTIAL / "run.py", "--program", liar, "--count", "8", "--seed", str(SEED), "--show", "2", "--tries",
                           "15"],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", timeout=600, check=False)
    assert done.returncode == 1 and "DIFFERENCE missing" in done.stdout and "'entries': [" in done.stdout, done.stdout[-3000:]


def test_same_seed_same_image():
    assert [grammar.image(seed) for seed in range(40)] == [grammar.image(seed) for seed in range(40)]
    images = [grammar.image(seed) for seed in range(400)]
    entries = {entry[0] for image, _ in images for layer in image for entry in layer["entries"]}
    assert entries == set(tarball.TYPES) and 40 < sum(ordinary for _, ordinary in images) < 150


# --- tars, as Go reads them ---

@pytest.mark.skipif(tars.find_go() is None, reason="Go is not installed")
def test_tars_are_read_as_go_reads_them(program):
    report = tars.run(tars.find_go(), program.parents[2] / "tests/tools/list-tars", range(SEED, SEED + 1500))
    assert report["differences"] == [], report
    assert report["tars"] > 1500 and report["read"] > 400 and report["entries"] > 1500


def test_generated_tars(program):
    """Without Go: all are answered, none makes the reader fall, and the same seed gives the same tar."""
    seeds = range(SEED, SEED + 500)
    lines = tars.lists_of(program.parents[2] / "tests/tools/list-tars", [tars.tar(seed) for seed in seeds])
    assert [tars.tar(seed) for seed in seeds[:40]] == [tars.tar(seed) for seed in seeds[:40]]
    assert sum(line.endswith("|end") for line in lines) > 100 and sum(line.endswith("refused") for line in lines) > 100
    for line in lines:
        assert line.endswith(("end", "refused")), line


@pytest.mark.parametrize("ours,theirs,agree", [
    ("48 61|end", "48 61|end", True), ("48 61|end", "48 62|end", False), ("48 61|refused", "refused", True),
    ("48 61|end", "48 61|refused", False), ("refused", "end", False), ("end", "huge", True)])
def test_same_tars(ours, theirs, agree):
    assert tars.same(ours, theirs) == agree


# --- the comparison can fail ---

LIBSSL = ("deb", "libssl3", "3.0.9-1", "amd64", "openssl", "3.0.9-1", None, None)


class Told:
    """An answer, or what was seen."""

    def __init__(self, packages=(), unread=None, failures=(), os=("debian", "12"), crash=None):
        self.packages, self.unread, self.failures, self.os, self.crash = set(packages), unread, list(failures), os, crash
        self.doubtful = set()


@pytest.mark.parametrize("answer,seen,ordinary,kinds_told", [
    (Told([LIBSSL]), Told([LIBSSL]), True, []),
    (Told(), Told([LIBSSL]), False, ["missing"]),
    (Told([LIBSSL]), Told(), False, ["extra"]),
    (Told([LIBSSL]), Told([(*LIBSSL[:4], "harmless", *LIBSSL[5:])]), False, ["missing", "extra"]),
    (Told(os=("debian", "11")), Told(), False, ["os"]),
    (Told(), Told(failures=["garbage"]), False, ["unreadable"]),
    (Told(unread="a reason"), Told([LIBSSL]), False, []),
    (Told(unread="a reason"), Told([LIBSSL]), True, ["ordinary image unread"]),
    (Told(crash="killed"), Told(), False, ["crash"]),
])
def test_differences(answer, seen, ordinary, kinds_told):
    assert [kind for kind, _ in compare.differences(answer, seen, ordinary)] == kinds_told


def test_shrink():
    noise = [("file", f"opt/{number}", "x") for number in range(5)]
    image = [{"entries": noise, "packed": "gzip"}, {"entries": [*noise, ("file", "./a", "1", {"name": "pax"}), *noise], "end": "none"}]
    small = shrink.shrink(image, lambda other: any(entry[1].lstrip("./") == "a" for layer in other for entry in layer["entries"]))
    assert small == [{"entries": [("file", "a", "1")]}]


# --- the package managers are asked as a process of the image would ask ---

@needs_root
def test_look_into_a_root(tmp_path):
    """Absolute links lead inside, climbing ones stop at the root, and devices are not waited for."""
    lib = tmp_path / "root/var/lib"
    for folder in (lib, tmp_path / "root/srv/dpkg/updates", tmp_path / "root/usr/lib/sysimage/rpm", tmp_path / "root/real"):
        folder.mkdir(parents=True)
    (lib / "dpkg").symlink_to("../../../../../srv/dpkg")
    (tmp_path / "root/srv/dpkg/status").write_text(kinds.OLD)
    os.mkfifo(tmp_path / "root/srv/dpkg/updates/0000")
    (tmp_path / "root/srv/dpkg/updates/0001").write_text(kinds.deb("1", "app"))
    (lib / "rpm").symlink_to("/usr/lib/sysimage/rpm")
    for name, content in databases.rpm_files("wal/new-old").items():
        (tmp_path / "root/real" / name).write_bytes(databases.content(content))
    (tmp_path / "root/usr/lib/sysimage/rpm/rpmdb.sqlite").symlink_to("/real/rpmdb.sqlite")
    seen = package_managers.Seen(str(tmp_path / "root"))
    assert seen.failures == []
    assert {(name, version) for _, name, version, *_ in seen.packages} == {
        ("libssl3", "3.0.9-1"), ("app", "1"), ("openssl-libs", "1:3.0.7-6.el9_2"), ("bash", "5.1.8-6.el9_1")}


# --- one image for each kind, at the gate ---

TRACKER = {"openssl": {"CVE-2024-90001": {"description": "y", "scope": "remote", "releases": {"bookworm": {
    "status": "resolved", "repositories": {"bookworm": "3.0.9-1"}, "fixed_version": "3.0.17-1~deb12u2", "urgency": "not yet assigned"}}}}}
ERRATUM = {"schema_version": "1.5.0", "id": "ALSA-2024:9001", "published": "2024-01-01T00:00:00Z", "modified": "2024-01-01T00:00:00Z",
           "summary": "Critical: openssl", "related": ["CVE-2024-90001"], "affected": [{
               "package": {"ecosystem": "AlmaLinux:9", "name": "openssl-libs"},
               "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1:3.0.7-29.el9_4"}]}]}]}
SECDB = gate.secdb(openssl={"1.1.1d-r0": ["CVE-2024-90001"]})


@pytest.fixture(scope="module")
def gated(program, tmp_path_factory):
    """A server that knows of one vulnerability in three distributions, under the built-in policy `strict`."""
    server = Server(program, tmp_path_factory.mktemp("gate"), policy="strict")
    for kind, name, text in (("debian-tracker", "debian", TRACKER), ("osv", "alma", ERRATUM), ("alpine-secdb", "alpine", SECDB)):
        (server.folder / name).write_text(json.dumps(text))
        subprocess.run([program, "db", "import", "--data", server.data, "--type", kind, "--name", name, server.folder / name],
                       check=True, stdout=subprocess.DEVNULL)
    server.start()
    yield server
    server.stop()


def pushed(server, folder, name, image):
    """The status and text of a pull of the image."""
    compare.write_layout(folder / "layout", image)
    repository = "kind/" + "-".join("".join(letter if letter.isalnum() else " " for letter in name.lower()).split())
    gate.push_layout(server, folder / "layout", "t", repository)
    answer = gate.pull(server, repository, "t")
    return answer.status_code, answer.text


@pytest.mark.parametrize("name", list(kinds.KINDS))
def test_kind_is_refused(gated, tmp_path, name):
    status, text = pushed(gated, tmp_path, name, kinds.KINDS[name])
    assert status == 403, f"{status} {text[:500]}"
    assert "CVE-2024-90001" in text or "unscanned" in text or "could not be" in text, text


@needs_root
@pytest.mark.parametrize("name", [name for name in kinds.KINDS if name not in kinds.SEEN_BY_NONE])
def test_kind_is_what_it_says(tmp_path, name):
    """In what at least one of the unpackers makes of it, the package manager lists an openssl that is too old."""
    layout = compare.write_layout(tmp_path / "layout", kinds.KINDS[name])
    assert any(old_openssl(make, tmp_path, layout) for make in AVAILABLE)


def old_openssl(make, folder, layout):
    unpacker = make(folder)
    try:
        seen = package_managers.Seen(os.fspath(unpacker.unpack(layout, unpacker.tag)))
        unpacker.done()
    except unpackers.Refused:
        return False
    finally:
        unpacker.close()
    return any("openssl" in (name, source.lower()) and version in ("3.0.9-1", "1.1.1c-r0", "1:3.0.7-6.el9_2", "3.0.7-6.el9_2")
               for _, name, version, _, source, *_ in seen.packages)


@pytest.mark.parametrize("name", list(kinds.HARMLESS))
def test_harmless_is_let_out(gated, tmp_path, name):
    """The same shapes without a vulnerability: what refuses everything would pass the tests above."""
    status, text = pushed(gated, tmp_path, "harmless " + name, kinds.HARMLESS[name])
    assert status == 200, text
