"""assay db: import, update, status and export, with feeds from files and from a signed package suite."""
import gzip
import json
import platform
import shutil
import signal
import subprocess
import time
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


def import_suite(db, mirror, *more, **options):
    return db("import", "--type", "debian-repo", "--url", mirror.url, "--suite", "bookworm-security",
              "--keyring", mirror.keyring, *more, **options)


def test_status_without_a_database_says_what_to_do(db):
    assert "assay db update" in db("status", check=2).stderr


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


def test_feed_from_a_configured_path(assay, secdb, tmp_path):
    config = tmp_path / "assay.yaml"
    config.write_text(f"data: {tmp_path / 'data'}\nfeeds:\n  - name: alpine\n    type: alpine-secdb\n    path: {secdb}\n")
    assert "1 feeds updated" in assay("db", "update", "--config", config).stdout
    assert "1 unchanged" in assay("db", "update", "--config", config).stdout
    generation = json.loads(assay("db", "status", "--config", config, "--format", "json").stdout)["generation"]
    secdb.write_text(json.dumps(SECDB | {"packages": []}))
    assert "1 feeds updated" in assay("db", "update", "--config", config).stdout
    status = json.loads(assay("db", "status", "--config", config, "--format", "json").stdout)
    assert status["generation"] != generation and status["feeds"][0]["statements"] == 0
    secdb.unlink()
    assert "alpine" in assay("db", "update", "--config", config, check=2).stderr
    assert json.loads(assay("db", "status", "--config", config, "--format", "json").stdout) == \
        status | {"feeds": [status["feeds"][0] | {"age_seconds": pytest.approx(status["feeds"][0]["age_seconds"], abs=60)}]}


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
    import_suite(db, mirror)
    assert statements(db) == {"bookworm-security": 1}
    index = www / "dists/bookworm-security/main/source/Sources.xz"
    mirror.add("curl", ("8-1", "CVE-2024-3333"))
    mirror.publish()
    index.write_bytes(bytes(len(index.read_bytes())))
    assert "InRelease" in db("update", check=2).stderr
    assert statements(db) == {"bookworm-security": 1}


def test_killed_update_leaves_the_database(program, db, secdb, tmp_path):
    db("import", "--type", "alpine-secdb", secdb)
    many = SECDB | {"packages": [{"pkg": {"name": f"p{i}", "secfixes": {"1-r0": [f"CVE-2024-{10000 + i}"]}}}
                                 for i in range(20000)]}
    big = tmp_path / "big.json"
    big.write_text(json.dumps(many))
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


@pytest.mark.skipif(not SHARED.is_dir(), reason="the real data is not here")
def test_real_data(db):
    db("import", "--type", "osv", "--name", "almalinux", SHARED / "osv/AlmaLinux.zip")
    db("import", "--type", "alpine-secdb", "--name", "alpine", SHARED / "alpine-secdb")
    db("import", "--type", "kev", SHARED / "known_exploited_vulnerabilities.json")
    found = statements(db)
    assert found["almalinux"] > 200000 and found["alpine"] > 10000 and found["kev"] == 0
