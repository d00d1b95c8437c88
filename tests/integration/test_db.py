"""assay db: import, update, status and export, with feeds from files and from a signed package suite."""
import functools
import bz2
import gzip
import io
import json
import lzma
import platform
import re
import resource
import shutil
import signal
import socket
import subprocess
import tarfile
import time
import zipfile
from datetime import timedelta

import pytest

from assay_server import SHARED
from suite_mirror import Mirror

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
SECDB = {"distroversion": "v3.18", "reponame": "main",
         "packages": [{"pkg": {"name": "openssl", "secfixes": {"3.1.1-r0": ["CVE-2023-2650"], "0": ["CVE-2022-3996"]}}}]}


@pytest.fixture
def mirror(tmp_path):
    made = Mirror(tmp_path / "mirror", ARCHITECTURES.get(platform.machine(), "amd64"))
    yield made
    made.stop()


@pytest.fixture
def db(assay, tmp_path):
    """db("import", ...): assay db on a data folder of the test, without the public feeds."""
    config = tmp_path / "assay.yaml"
    config.write_text(f"data: {tmp_path / 'data'}\nfeeds:\n"
                      "  - {name: none, type: kev, url: 'http://127.0.0.1:1/', disabled: true}\n")
    return lambda command, *arguments, **options: assay("db", command, "--config", config, *arguments, **options)


@pytest.fixture
def secdb(tmp_path):
    path = tmp_path / "main.json"
    path.write_text(json.dumps(SECDB))
    return path


def statements(db):
    status = json.loads(db("status", "--format", "json").stdout)
    return {feed["name"]: feed["statements"] for feed in status["feeds"]}


def limit_file_size():
    """Stands for the end of the disk: each write beyond it fails."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2 << 20, 2 << 20))


def many_packages(count):
    return json.dumps(SECDB | {"packages": [{"pkg": {"name": f"p{i}", "secfixes": {"1-r0": [f"CVE-2024-{10000 + i}"]}}}
                                            for i in range(count)]})


def import_suite(db, mirror, *more, **options):
    return db("import", "--type", "debian-repo", "--url", mirror.url, "--suite", "bookworm-security",
              "--keyring", mirror.keyring, *more, **options)


def test_status_without_a_database_says_what_to_do(db):
    assert "assay db update" in db("status", check=2).stderr


def test_a_mistyped_database_is_told(assay, tmp_path):
    told = assay("scan", "--db", tmp_path / "no.db", f"rootfs:{tmp_path}", check=2).stderr
    assert "no.db: there is no such file" in told and "db update" not in told


def test_file_status_table_export_and_import(assay, db, secdb, tmp_path):
    db("import", "--type", "alpine-secdb", secdb)
    assert statements(db) == {"alpine-secdb": 2}
    table = db("status").stdout
    assert "alpine-secdb" in table and str(secdb) in table
    exported = tmp_path / "exported.db"
    db("export", exported)

    away = tmp_path / "away"
    assay("db", "import", "--data", away, exported)
    assert '"statements": 2' in assay("db", "status", "--data", away, "--format", "json").stdout

    content = bytearray(exported.read_bytes())
    for name, damaged in {"changed": content[:5000] + b"!" + content[5001:], "cut": content[:-1], "empty": b""}.items():
        (tmp_path / "damaged.db").write_bytes(damaged)
        assay("db", "import", "--data", away, tmp_path / "damaged.db", check=2)
        assert '"statements": 2' in assay("db", "status", "--data", away, "--format", "json").stdout, name


@pytest.mark.parametrize("arguments", [
    ["import"], ["import", "--type", "osv"], ["import", "--type", "nonsense", "/dev/null"],
    ["import", "--url", "http://127.0.0.1:1/"], ["import", "--type", "osv", "--name", "../up", "/dev/null"],
    ["import", "--type", "osv", "/nowhere"], ["update", "--feed", "unknown"], ["status", "--format", "xml"], ["export"],
    ["export", "/nowhere/file"], ["import", "/etc/passwd"],
], ids=" ".join)
def test_wrong_use_is_an_error(db, arguments):
    assert db(*arguments, check=2).stderr.startswith("assay: ")


@pytest.mark.parametrize("arguments,says", [
    (["import", "/nowhere.db"], "No such file"), (["import", "--type", "osw", "/dev/null"], "updateinfo, csaf, oval, kev"),
    (["update", "--feed", "unknown"], "but: alpine-secdb"),
], ids=lambda value: " ".join(value) if isinstance(value, list) else "")
def test_errors_say_what_there_is(db, secdb, arguments, says):
    db("import", "--type", "alpine-secdb", secdb)
    assert says in db(*arguments, check=2).stderr


def test_no_feeds_but_the_imported(assay, db, secdb, tmp_path):
    """`feeds: []` is the list of a site that imports all that it knows: the public ones are not asked."""
    (tmp_path / "assay.yaml").write_text(f"data: {tmp_path / 'data'}\nfeeds: []\n")
    db("import", "--type", "alpine-secdb", secdb)
    assert assay("db", "update", "--config", tmp_path / "assay.yaml").stdout == "feeds: 0 updated, 0 unchanged, 0 failed\n"
    db("export", tmp_path / "exported.db")
    away = ["--config", tmp_path / "assay.yaml", "--data", tmp_path / "away"]
    assert "no advisory database" in assay("db", "update", *away, check=2).stderr
    assay("db", "import", *away, tmp_path / "exported.db")
    assay("db", "update", *away)


def test_broken_import_keeps_what_was_there(db, secdb, tmp_path):
    db("import", "--type", "alpine-secdb", secdb)
    secdb.write_text(json.dumps(SECDB)[:-20])
    assert "JSON" in db("import", "--type", "alpine-secdb", secdb, check=2).stderr
    assert statements(db) == {"alpine-secdb": 2}


def test_broken_copy_keeps_the_last_statements(db, secdb, tmp_path):
    kev = tmp_path / "kev.json"
    kev.write_text('{"vulnerabilities": []}')
    db("import", "--type", "alpine-secdb", secdb)
    (tmp_path / "data/feeds/alpine-secdb/data").write_text("{")
    result = db("import", "--type", "kev", kev, check=2)
    assert "alpine-secdb" in result.stderr
    assert statements(db) == {"alpine-secdb": 2, "kev": 0}


def test_an_unreadable_copy_is_told_until_it_is_another(db, secdb, mirror, tmp_path):
    """A mirror that answers with another page: the statements and their age stay, and no update calls it well."""
    mirror.write("secdb.json", json.dumps(SECDB).encode())
    db("import", "--type", "alpine-secdb", "--url", f"{mirror.url}/secdb.json")
    before = json.loads(db("status", "--format", "json").stdout)["feeds"]
    mirror.write("secdb.json", b"<html>Please log in to the hotel's network</html>")
    for _ in range(2):
        assert "alpine-secdb" in db("update", check=2).stderr
        status = db("status", "--format", "json")
        assert "cannot be read" in status.stderr
        after = json.loads(status.stdout)["feeds"]
        assert [(feed["statements"], feed["updated"]) for feed in after] == [(2, before[0]["updated"])]
    mirror.write("secdb.json", json.dumps(SECDB | {"packages": SECDB["packages"] * 2}).encode())
    assert "feeds: 1 updated" in db("update").stdout
    assert statements(db) == {"alpine-secdb": 4} and db("status").stderr == ""


OVERLAYS = {"kev": '{"vulnerabilities": [{"cveID": "CVE-2023-2650", "dueDate": "2023-07-01"}]}',
            "epss": "#model_version:v1,score_date:2025-06-01\ncve,epss,percentile\nCVE-2023-2650,0.5,0.9\n"}


def exploited(assay, data, tmp_path):
    """What a scan of openssl 3.1.0-r0 of Alpine 3.18 says of CVE-2023-2650."""
    root = tmp_path / "root"
    (root / "lib/apk/db").mkdir(parents=True, exist_ok=True)
    (root / "etc").mkdir(exist_ok=True)
    (root / "etc/os-release").write_text("ID=alpine\nVERSION_ID=3.18.1\n")
    (root / "lib/apk/db/installed").write_text("P:openssl\nV:3.1.0-r0\nA:x86_64\no:openssl\n\n")
    found = json.loads(assay("scan", "--data", data, "--format", "json", f"rootfs:{root}").stdout)["findings"]
    return [(each["id"], each.get("known_exploited"), each.get("known_exploited_due"), each.get("epss_score"))
            for each in found]


def test_overlays_that_cannot_be_read_stay(assay, db, secdb, tmp_path):
    db("import", "--type", "alpine-secdb", secdb)
    for kind, text in OVERLAYS.items():
        (tmp_path / kind).write_text(text)
        db("import", "--type", kind, tmp_path / kind)
    known = [("CVE-2023-2650", True, "2023-07-01", 0.5)]
    assert exploited(assay, tmp_path / "data", tmp_path) == known
    for kind in OVERLAYS:
        (tmp_path / "data/feeds" / kind / "data").write_text("<html>")
    result = db("import", "--type", "alpine-secdb", secdb, check=2)
    assert "kev" in result.stderr and "epss" in result.stderr
    assert exploited(assay, tmp_path / "data", tmp_path) == known


def test_feeds_add_to_an_imported_database(assay, db, secdb, tmp_path):
    db("import", "--type", "alpine-secdb", secdb)
    db("export", tmp_path / "exported.db")
    away = tmp_path / "away"
    db("import", "--data", away, tmp_path / "exported.db")
    for kind, text in OVERLAYS.items():
        (tmp_path / kind).write_text(text)
        db("import", "--data", away, "--type", kind, tmp_path / kind)
    assert exploited(assay, away, tmp_path) == [("CVE-2023-2650", True, "2023-07-01", 0.5)]
    # A feed of the same name takes the place of the imported one, also in the next database.
    secdb.write_text(json.dumps(SECDB | {"packages": []}))
    db("import", "--data", away, "--type", "alpine-secdb", secdb)
    assert exploited(assay, away, tmp_path) == []
    db("import", "--data", away, tmp_path / "exported.db")
    assert exploited(assay, away, tmp_path) == []
    shutil.rmtree(away / "feeds/alpine-secdb")
    db("update", "--data", away)
    assert exploited(assay, away, tmp_path) == [("CVE-2023-2650", True, "2023-07-01", 0.5)]
    assert not [path for path in away.rglob("*") if path.name.endswith(".new")]


def test_status_tells_of_age_and_damage(db, secdb, tmp_path):
    db("import", "--type", "alpine-secdb", secdb)
    db("status", "--max-age", "1h")
    database = tmp_path / "data/advisories.db"
    content = database.read_bytes()
    assert db("status", "--max-age", "never", check=2).stderr
    assert "alpine-secdb: " in db("status", "--max-age", "0s", check=1).stderr
    manifest = tmp_path / "data/feeds/alpine-secdb/feed.json"
    taken = manifest.read_text()
    manifest.write_text(json.dumps(json.loads(taken) | {"updated": int((time.time() + 1e8) * 1e6)}))
    assert "clock" in db("status", "--max-age", "1h", check=1).stderr
    db("status")
    manifest.write_text(taken)
    for place in (len(content) // 2, 100, len(content) - 4096 - 8):
        database.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1:])
        assert "damaged" in db("status", check=2).stderr
    database.write_bytes(content[:-1])
    assert "not a whole" in db("status", check=2).stderr


def test_a_feed_that_was_never_taken_has_a_row(assay, db, secdb, tmp_path):
    config = tmp_path / "feeds.yaml"
    config.write_text(f"data: {tmp_path / 'data'}\nfeeds:\n  - {{name: away, type: kev, url: 'http://127.0.0.1:1/kev.json'}}\n"
                      f"  - {{name: here, type: alpine-secdb, path: {secdb}}}\n"
                      "  - {name: off, type: kev, url: 'http://127.0.0.1:1/', disabled: true}\n")

    def status(*arguments, check=0):
        return assay("db", "status", "--config", config, *arguments, check=check)
    assert "1 updated, 0 unchanged, 1 failed" in assay("db", "update", "--config", config, check=2).stdout
    assert re.search(r"^away +kev +never +0 .*127\.0\.0\.1", status().stdout, re.MULTILINE)
    late = status("--max-age", "1d", "--format", "json", check=1)
    feeds = {each["name"]: each for each in json.loads(late.stdout)["feeds"]}
    assert set(feeds) == {"away", "here"} and "away: was never taken: " in late.stderr and "here" not in late.stderr
    assert feeds["away"]["age_seconds"] is None and "127.0.0.1" in feeds["away"]["last_error"] and "last_error" not in feeds["here"]
    # One that was taken, and then failed, is as old as it is and says why.
    content = secdb.read_text()
    secdb.unlink()
    assay("db", "update", "--config", config, "--feed", "here", check=2)
    assert "No such file" in status("--max-age", "0s", check=1).stderr.split("here: ")[1]
    secdb.write_text(content)
    assay("db", "update", "--config", config, "--feed", "here")
    assert "No such file" not in status().stdout
    # Who takes another machine's database does not fetch by itself.
    db("export", tmp_path / "exported.db")
    assay("db", "import", "--config", config, "--data", tmp_path / "away", tmp_path / "exported.db")
    assert "kev" not in status("--data", tmp_path / "away", "--max-age", "1d").stdout


def test_full_disk_leaves_the_database(program, db, secdb, tmp_path):
    db("import", "--type", "alpine-secdb", secdb)
    (tmp_path / "big.json").write_text(many_packages(20000))
    result = db("import", "--type", "alpine-secdb", "--name", "big", tmp_path / "big.json", check=2,
                preexec_fn=limit_file_size)
    assert result.stderr.startswith("assay: ") and "advisories.db" in result.stderr
    assert statements(db) == {"alpine-secdb": 2, "big": 0}
    assert not list((tmp_path / "data").glob("*.new"))
    db("update")
    assert statements(db) == {"alpine-secdb": 2, "big": 20000}


def test_interrupted_update_cleans_up(program, db, secdb, mirror, tmp_path):
    db("import", "--type", "alpine-secdb", secdb)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        process = subprocess.Popen([program, "db", "import", "--data", tmp_path / "data", "--type", "kev", "--url",
                                    f"http://127.0.0.1:{silent.getsockname()[1]}/"], stderr=subprocess.PIPE, text=True)
        silent.accept()[0].recv(100)
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=60)[1] == "assay: cancelled\n"
    assert process.returncode == 2
    assert statements(db) == {"alpine-secdb": 2}
    assert not list((tmp_path / "data").glob("*.new"))


def test_feed_from_a_configured_path(assay, secdb, tmp_path):
    config = tmp_path / "assay.yaml"
    config.write_text(f"data: {tmp_path / 'data'}\nfeeds:\n  - name: alpine\n    type: alpine-secdb\n    path: {secdb}\n")
    assert "feeds: 1 updated" in assay("db", "update", "--config", config).stdout
    assert "1 unchanged" in assay("db", "update", "--config", config).stdout
    generation = json.loads(assay("db", "status", "--config", config, "--format", "json").stdout)["generation"]
    secdb.write_text(json.dumps(SECDB | {"packages": []}))
    assert "feeds: 1 updated" in assay("db", "update", "--config", config).stdout
    status = json.loads(assay("db", "status", "--config", config, "--format", "json").stdout)
    assert status["generation"] != generation and status["feeds"][0]["statements"] == 0
    secdb.unlink()
    assert "alpine" in assay("db", "update", "--config", config, check=2).stderr
    after = json.loads(assay("db", "status", "--config", config, "--format", "json").stdout)
    assert "No such file" in after["feeds"][0].pop("last_error")
    assert after == status | {"feeds": [status["feeds"][0] | {"age_seconds": pytest.approx(status["feeds"][0]["age_seconds"], abs=60)}]}


def test_updateinfo_of_a_repository(db, mirror, tmp_path):
    text = gzip.compress(b'<updates><update type="security"><id>RLSA-1</id><references><reference id="CVE-2024-1"/>'
                         b'</references><pkglist><collection><package name="p" version="1" release="2" arch="x86_64"/>'
                         b'</collection></pkglist></update></updates>')
    digest = mirror.write("repo/repodata/updateinfo.xml.gz", text).split()[0]
    repomd = ('<repomd><data type="primary"><checksum type="sha256">0</checksum><location href="p"/></data>'
              '<data type="updateinfo"><checksum type="sha256">{}</checksum>'
              '<location href="repodata/updateinfo.xml.gz"/></data></repomd>')
    arguments = ["import", "--type", "updateinfo", "--name", "rocky", "--url", f"{mirror.url}/repo"]
    mirror.write("repo/repodata/repomd.xml", repomd.format(digest).encode())
    assert "ecosystem" in db(*arguments, check=2).stderr
    db(*arguments, "--ecosystem", "rocky:9")
    assert statements(db) == {"rocky": 1}
    # As a power cut between the two files of an update leaves it: the copy is judged by its bytes.
    (tmp_path / "data/feeds/rocky/data").write_bytes(gzip.compress(b"<updates/>"))
    db("update")
    assert statements(db) == {"rocky": 1}
    assert (tmp_path / "data/feeds/rocky/data").read_bytes() == text
    assert "1 unchanged" in db("update").stdout
    mirror.write("repo/repodata/repomd.xml", repomd.format("0" * 64).encode())
    assert "repomd.xml" in db("update", check=2).stderr
    assert statements(db) == {"rocky": 1}


def test_suite(db, mirror):
    mirror.add("openssl", ("3.0.2-1", "CVE-2024-1111, CVE-2024-2222 (DSA-5678-1)"), ("3.0.1-1", "CVE-2023-1111"))
    mirror.add("quiet", ("1-2", "A regression."), ("1-1", "CVE-2022-1111"))
    mirror.add("binary-only", ("2-1", "CVE-2024-3333"), with_source=False)
    mirror.publish()
    import_suite(db, mirror)
    # openssl: three CVEs; quiet: its CVE, and the update that no CVE speaks for; binary-only: from its .deb.
    assert statements(db) == {"bookworm-security": 6}

    mirror.asked.clear()
    assert "1 unchanged" in db("update").stdout
    assert mirror.asked == ["/dists/bookworm-security/InRelease"]

    mirror.sources.clear()
    mirror.packages.clear()
    mirror.add("openssl", ("3.0.3-1", "CVE-2024-4444"), ("3.0.2-1", "CVE-2024-1111"))
    mirror.publish()
    db("update")
    assert statements(db) == {"bookworm-security": 2}


def test_suite_with_chosen_sources(db, mirror):
    mirror.add("openssl", ("3.0.2-1", "CVE-2024-1111, CVE-2024-2222"))
    mirror.add("curl", ("8-1", "CVE-2024-3333, CVE-2024-4444"))
    mirror.publish()
    import_suite(db, mirror, "--sources", "openssl")
    assert statements(db) == {"bookworm-security": 3}
    assert not any("curl" in path for path in mirror.asked)
    import_suite(db, mirror)
    assert statements(db) == {"bookworm-security": 4}


BREAKAGES = {
    "changed after signing": (dict(tamper=lambda signed: signed.replace(b"Version: 12", b"Version: 13")), "not trusted"),
    "not signed": (dict(tamper=lambda signed: signed.split(b"\n\n", 1)[1].split(b"-----BEGIN")[0]), "not trusted"),
    "cut": (dict(tamper=lambda signed: signed[:len(signed) // 2]), "not trusted"),
    "expired": (dict(valid=timedelta(seconds=-1)), "valid until"),
    "another suite": (dict(codename="bullseye-security"), "bullseye-security"),
}


@pytest.mark.parametrize("breakage", BREAKAGES)
def test_suite_that_cannot_be_trusted(db, mirror, breakage):
    options, message = BREAKAGES[breakage]
    mirror.add("openssl", ("3.0.2-1", "CVE-2024-1111"))
    mirror.publish(**options)
    assert message in import_suite(db, mirror, check=2).stderr
    db("status", check=2)
    mirror.publish()
    import_suite(db, mirror)
    mirror.publish(**options)
    assert message in db("update", check=2).stderr
    assert statements(db) == {"bookworm-security": 1}


def test_suite_that_is_held_back(db, mirror):
    mirror.add("openssl", ("3.0.2-1", "CVE-2024-1111"))
    mirror.publish()
    import_suite(db, mirror)
    mirror.add("curl", ("8-1", "CVE-2024-3333"))
    mirror.publish(age=timedelta(hours=1))
    assert "older" in db("update", check=2).stderr
    assert statements(db) == {"bookworm-security": 1}


def test_suite_on_a_disk(db, mirror):
    mirror.add("openssl", ("3.0.2-1", "CVE-2024-1111, CVE-2024-2222"))
    mirror.publish()
    mirror.url = (mirror.folder / "www").as_uri()
    import_suite(db, mirror)
    assert statements(db) == {"bookworm-security": 2}
    assert mirror.asked == []


def test_suite_signed_by_a_stranger(db, mirror, tmp_path):
    stranger = Mirror(tmp_path / "stranger")
    try:
        mirror.add("openssl", ("3.0.2-1", "CVE-2024-1111"))
        mirror.publish()
        shutil.copy(stranger.keyring, mirror.keyring)
        assert "not trusted" in import_suite(db, mirror, check=2).stderr
        mirror.keyring.unlink()
        assert "keyring" in import_suite(db, mirror, check=2).stderr
    finally:
        stranger.stop()


def test_suite_whose_files_are_not_what_was_signed(db, mirror):
    mirror.add("openssl", ("3.0.2-1", "CVE-2024-1111, CVE-2024-2222"), built=False)
    mirror.publish()
    www = mirror.folder / "www"
    source = next(www.glob("pool/openssl/*.xz"))
    source.write_bytes(bytes(len(source.read_bytes())))
    # A changed changelog is not read: the update is still known, under its own id.
    told = import_suite(db, mirror)
    assert "1 updated, 0 unchanged, 0 failed" in told.stdout
    assert "note: bookworm-security: 1 of 1 changelogs are not on the mirror (openssl): these" in told.stderr
    assert statements(db) == {"bookworm-security": 1}
    index = www / "dists/bookworm-security/main/source/Sources.xz"
    mirror.add("curl", ("8-1", "CVE-2024-3333"))
    mirror.publish()
    index.write_bytes(bytes(len(index.read_bytes())))
    assert "InRelease" in db("update", check=2).stderr
    assert statements(db) == {"bookworm-security": 1}


def test_killed_update_leaves_the_database(program, db, secdb, tmp_path):
    db("import", "--type", "alpine-secdb", secdb)
    big = tmp_path / "big.json"
    big.write_text(many_packages(20000))
    for pause in (0.05, 0.2, 0.4):
        process = subprocess.Popen([program, "db", "import", "--data", tmp_path / "data", "--type", "alpine-secdb",
                                    "--name", "big", big], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(pause)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert statements(db)["alpine-secdb"] == 2
    db("import", "--type", "alpine-secdb", "--name", "big", big)
    assert statements(db) == {"alpine-secdb": 2, "big": 20000}
    assert not list((tmp_path / "data").glob("*.new"))


def test_one_update_at_a_time(db, secdb, tmp_path):
    db("import", "--type", "alpine-secdb", secdb)
    lock = tmp_path / "data/feeds/.lock"
    with subprocess.Popen(["flock", lock, "sleep", "30"]) as holder:
        deadline = time.monotonic() + 10
        while subprocess.run(["flock", "-n", lock, "true"], check=False).returncode == 0:
            assert time.monotonic() < deadline
        try:
            assert "another update" in db("update", check=2).stderr
        finally:
            holder.kill()


@pytest.mark.parametrize("how", ["url", "path", "import"])
def test_what_was_fetched_and_not_built_is_built_next(assay, mirror, tmp_path, how):
    """Its copy is the newest there is, so that the source has nothing new to give."""
    config, source = tmp_path / "assay.yaml", mirror.folder / "www/secdb.json"
    place = {"url": f"url: {mirror.url}/secdb.json", "path": f"path: {source}", "import": "disabled: true, url: 'http://x'"}
    config.write_text(f"data: {tmp_path / 'data'}\nfeeds:\n  - {{name: alpine, type: alpine-secdb, {place[how]}}}\n")

    def take(**options):
        if how == "import":
            return assay("db", "import", "--config", config, "--type", "alpine-secdb", source, **options)
        return assay("db", "update", "--config", config, **options)
    mirror.write("secdb.json", json.dumps(SECDB).encode())
    take()
    mirror.write("secdb.json", many_packages(20000).encode())
    assert "advisories.db" in take(check=2, preexec_fn=limit_file_size).stderr
    db = functools.partial(assay, "db", "update", "--config", config)
    db()
    status = json.loads(assay("db", "status", "--config", config, "--format", "json").stdout)
    assert [feed["statements"] for feed in status["feeds"]] == [20000]
    db()
    again = json.loads(assay("db", "status", "--config", config, "--format", "json").stdout)
    assert again["generation"] == status["generation"]


def test_import_that_fails_keeps_the_former_copy(db, secdb, tmp_path):
    kev = tmp_path / "kev.json"
    kev.write_text(OVERLAYS["kev"])
    db("import", "--type", "alpine-secdb", secdb)
    db("import", "--type", "kev", kev)
    secdb.write_text(many_packages(40000))
    assert secdb.stat().st_size > 2 << 20
    db("import", "--type", "alpine-secdb", secdb, check=2, preexec_fn=limit_file_size)
    assert not [path.name for path in (tmp_path / "data/feeds").iterdir() if path.name.endswith(".new")]
    db("import", "--type", "kev", kev)
    assert statements(db) == {"alpine-secdb": 2, "kev": 0}
    # Its own copy, as somebody who wants to keep it may name it.
    told = db("import", "--type", "alpine-secdb", tmp_path / "data/feeds/alpine-secdb/data").stderr
    assert "takes the place" in told and str(secdb) in told
    assert statements(db) == {"alpine-secdb": 2, "kev": 0}


def test_imported_database_is_live_with_the_feeds_of_the_site_or_not_at_all(db, secdb, tmp_path):
    db("import", "--type", "alpine-secdb", secdb)
    db("export", tmp_path / "exported.db")
    (tmp_path / "big.json").write_text(many_packages(20000))
    away = ("--data", tmp_path / "away")
    db("import", *away, "--type", "alpine-secdb", "--name", "big", tmp_path / "big.json")
    db("import", *away, tmp_path / "exported.db", check=2, preexec_fn=limit_file_size)
    live = json.loads(db("status", *away, "--format", "json").stdout)
    assert [feed["name"] for feed in live["feeds"]] == ["big"]
    db("update", *away)
    live = json.loads(db("status", *away, "--format", "json").stdout)
    assert [(feed["name"], feed["statements"]) for feed in live["feeds"]] == [("alpine-secdb", 2), ("big", 20000)]


def test_a_feed_that_cannot_be_read_looks_after_no_release(assay, secdb, tmp_path):
    config, tracker, root = tmp_path / "assay.yaml", tmp_path / "tracker.json", tmp_path / "root"
    whole = {"p": {"CVE-2024-1": {"releases": {"bookworm": {"status": "open"}}}}}
    tracker.write_text(json.dumps(whole)[:-1])
    config.write_text(f"data: {tmp_path / 'data'}\nfeeds:\n  - {{name: alpine, type: alpine-secdb, path: {secdb}}}\n"
                      f"  - {{name: debian, type: debian-tracker, path: {tracker}}}\n")
    (root / "var/lib/dpkg").mkdir(parents=True)
    (root / "etc").mkdir()
    (root / "etc/os-release").write_text("ID=debian\nVERSION_ID=12\n")
    (root / "var/lib/dpkg/status").write_text("Package: q\nStatus: install ok installed\nVersion: 1\n\n")
    assert "cut" in assay("db", "update", "--config", config, check=2).stderr
    scan = ("scan", "--config", config, "--policy", "strict", f"rootfs:{root}")
    assert "no advisories for debian:12" in assay(*scan, check=1).stdout
    tracker.write_text(json.dumps(whole))
    assay("db", "update", "--config", config)
    assert "no advisories" not in assay(*scan).stdout


def test_new_settings_do_not_change_what_an_old_copy_means(assay, mirror, tmp_path):
    config, kev = tmp_path / "assay.yaml", tmp_path / "kev.json"

    def update(ecosystem, **options):
        config.write_text(f"data: {tmp_path / 'data'}\nfeeds:\n  - {{name: a, type: alpine-secdb, "
                          f"url: '{mirror.url}/secdb.json', ecosystem: '{ecosystem}'}}\n"
                          f"  - {{name: kev, type: kev, path: {kev}}}\n")
        return assay("db", "update", "--config", config, **options)
    kev.write_text(OVERLAYS["kev"])
    mirror.write("secdb.json", json.dumps(SECDB | {"distroversion": ""}).encode())
    update("alpine:3.18")
    known = [("CVE-2023-2650", True, "2023-07-01", None)]
    assert exploited(assay, tmp_path / "data", tmp_path) == known
    (mirror.folder / "www/secdb.json").unlink()
    kev.write_text(OVERLAYS["kev"] + " ")
    for _ in range(2):
        assert "404" in update("alpine:3.19", check=2).stderr
        assert exploited(assay, tmp_path / "data", tmp_path) == known
    mirror.write("secdb.json", json.dumps(SECDB | {"distroversion": ""}).encode())
    update("alpine:3.19")
    assert exploited(assay, tmp_path / "data", tmp_path) == []


def test_status_names_the_source_that_was_taken_last(db, mirror, secdb):
    db("import", "--type", "alpine-secdb", secdb)
    mirror.write("secdb.json", json.dumps(SECDB).encode())
    assert str(secdb) in db("import", "--type", "alpine-secdb", "--url", f"{mirror.url}/secdb.json").stderr
    status = json.loads(db("status", "--format", "json").stdout)
    assert [feed["source"] for feed in status["feeds"]] == [f"{mirror.url}/secdb.json"]


def test_branches_take_the_place_of_one_file(assay, mirror, tmp_path):
    config = tmp_path / "assay.yaml"

    def update(place):
        config.write_text(f"data: {tmp_path / 'data'}\nfeeds:\n"
                          f"  - {{name: alpine, type: alpine-secdb, url: '{mirror.url}/{place}'}}\n")
        assay("db", "update", "--config", config)
        status = json.loads(assay("db", "status", "--config", config, "--format", "json").stdout)
        return status["feeds"][0]["statements"]
    mirror.write("secdb/v3.18/main.json", json.dumps(SECDB).encode())
    mirror.write("secdb/v3.19/main.json", json.dumps(SECDB | {"distroversion": "v3.19"}).encode())
    assert update("secdb/v3.18/main.json") == 2
    assert update("secdb/") == 4
    shutil.rmtree(mirror.folder / "www/secdb/v3.18")
    assert update("secdb/") == 4  # a list that got shorter forgets nothing
    assert update("secdb/v3.19/main.json") == 2


def test_a_source_that_says_nothing_is_no_source(db, tmp_path):
    (tmp_path / "data.json").write_text("{}")
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("README", "The records are elsewhere.")
    for kind, name in (("debian-tracker", "data.json"), ("osv", "all.zip")):
        assert f"{name}: no " in db("import", "--type", kind, tmp_path / name, check=2).stderr


def test_archives_of_every_kind(db, tmp_path):
    """They are opened in the cage, where no file and no time zone can be looked up."""
    text = b'<updates><update type="security"><id>RLSA-1</id><references><reference id="CVE-2024-1"/></references><pkglist>' \
           b'<collection><package name="p" version="1" release="2" arch="x86_64"/></collection></pkglist></update></updates>'
    zstd = subprocess.run(["zstd", "-19", "--long=27"], input=text, capture_output=True, check=True).stdout
    for name, packed in (("gzip", gzip.compress(text)), ("xz", lzma.compress(text)), ("bzip2", bz2.compress(text)),
                         ("zstd", zstd)):
        (tmp_path / name).write_bytes(packed)
        db("import", "--type", "updateinfo", "--name", name, "--ecosystem", "rocky:9", tmp_path / name)
        (tmp_path / name).write_bytes(packed[:-9])
        assert "cannot be unpacked" in db("import", "--type", "updateinfo", "--name", name, "--ecosystem", "rocky:9",
                                          tmp_path / name, check=2).stderr
    record = json.dumps({"id": "CVE-2024-1", "affected": [{"package": {"ecosystem": "crates.io", "name": "p"}, "versions": ["1"]}]})
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        name = f"zip{method}"
        with zipfile.ZipFile(tmp_path / name, "w", method) as archive:
            archive.writestr("README", "Not a record.")
            archive.writestr("folder/naïve.json", record)
        db("import", "--type", "osv", "--name", name, tmp_path / name)
    tars = {"tar": "", "tar.gz": "gz", "tar.xz": "xz", "tar.bz2": "bz2"}
    for name, packing in tars.items():
        with tarfile.open(tmp_path / name, f"w:{packing}") as archive:
            for path, content in (("README", "Not a record."), ("osv/cve/2024/CVE-2024-1.json", record)):
                entry = tarfile.TarInfo(path)
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content.encode()))
        db("import", "--type", "osv", "--name", name, tmp_path / name)
    (tmp_path / "one.gz").write_bytes(gzip.compress(record.encode()))
    db("import", "--type", "osv", "--name", "one.gz", tmp_path / "one.gz")
    assert statements(db) == dict.fromkeys(["gzip", "xz", "bzip2", "zstd", "zip0", "zip8", "zip12", "zip14", *tars, "one.gz"], 1)
    (tmp_path / "cut.tar.xz").write_bytes((tmp_path / "tar.xz").read_bytes()[:-40])
    assert "cut.tar.xz: " in db("import", "--type", "osv", tmp_path / "cut.tar.xz", check=2).stderr
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.json", bytes(33 << 20))
    message = db("import", "--type", "osv", tmp_path / "bomb.zip", check=2).stderr
    assert "bomb.json: unpacks to more than 33554432 bytes" in message


@pytest.mark.skipif(not SHARED.is_dir(), reason="the real data is not here")
def test_real_data(db):
    db("import", "--type", "osv", "--name", "rust", SHARED / "osv/crates.io.zip")
    db("import", "--type", "alpine-secdb", "--name", "alpine", SHARED / "alpine-secdb")
    db("import", "--type", "kev", SHARED / "known_exploited_vulnerabilities.json")
    found = statements(db)
    assert found["rust"] > 1000 and found["alpine"] > 10000 and found["kev"] == 0
