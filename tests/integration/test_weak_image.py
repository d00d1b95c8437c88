"""The image of scripts/weak_image.py, as people build such: each of its weaknesses is found by its rule, `strict` refuses it, and
of its hardened twin nothing is said."""
import hashlib
import json
import subprocess
from pathlib import Path

import pytest

from images import cached

SCRIPT = Path(__file__).resolve().parents[2] / "scripts/weak_image.py"
WEAK = {
    ("account-weak-password", "etc/shadow"): "critical",
    ("account-password-set", "etc/shadow"): "medium",
    ("account-password-no-age", "etc/shadow"): "low",
    ("sshd-permit-root-login", "etc/ssh/sshd_config"): "high",
    ("apache-listens-everywhere", "etc/apache2/ports.conf"): "low",
    ("apache-lists-folders", "etc/apache2/apache2.conf"): "low",
    ("apache-tells-version", "etc/apache2/conf-enabled/security.conf"): "low",
    ("mysql-listens-everywhere", "etc/mysql/mariadb.conf.d/50-server.cnf"): "medium",
    ("mysql-any-host", "etc/mysql/init.sql"): "high",
    ("mysql-weak-password", "etc/mysql/init.sql"): "high",
    ("tools-left-in", "var/lib/dpkg/status"): "low",
}
BUILT = {"exposed-admin-port", "exposed-database-port", "password-set", "remote-access-installed", "user-root"}


@pytest.fixture(scope="module")
def layout():
    script = hashlib.sha256(SCRIPT.read_bytes()).hexdigest()[:8]
    return cached(f"weak-bookworm-{script}", lambda folder: subprocess.run([SCRIPT, "bookworm", folder], check=True))


@pytest.fixture
def scan_with_openssl(assay, tmp_path, monkeypatch):
    """scan(target, ...) with one advisory, of the OpenSSL that the image has."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    feed = tmp_path / "data.json"
    feed.write_text(json.dumps({"openssl": {"CVE-2999-0001": {"description": "x", "scope": "remote", "releases": {"bookworm": {
        "status": "resolved", "fixed_version": "99.0-1", "urgency": "high", "repositories": {"bookworm": "3.0.9-1"}}}}}}))
    assay("db", "import", "--data", tmp_path / "data", "--type", "debian-tracker", feed)
    return lambda *arguments, **options: assay("scan", "--data", tmp_path / "data", "--offline", *arguments, **options)


def test_each_weakness_is_found(scan_with_openssl, layout):
    findings = json.loads(scan_with_openssl("--format", "json", f"oci:{layout}:weak").stdout)["findings"]
    found = {(one["id"], one["location"]): one["severity"] for one in findings if one["kind"] == "baseline"}
    assert found == WEAK
    assert {(one["id"], one["package"]) for one in findings if one["kind"] == "vulnerability"} == {
        ("CVE-2999-0001", "openssl"), ("CVE-2999-0001", "libssl3")}
    assert {one["id"] for one in findings if one["kind"] == "configuration"} >= BUILT
    # Each names the step that brought it.
    assert len({one["layer"] for one in findings if one["kind"] == "baseline"}) == 4
    assert all(one["remedy"] for one in findings if one["kind"] == "baseline")


def test_strict_refuses_it_by_the_worst(scan_with_openssl, layout):
    told = scan_with_openssl("--policy", "strict", f"oci:{layout}:weak", check=1)
    assert "account-weak-password" in told.stdout + told.stderr


def test_the_hardened_twin_has_none(scan_with_openssl, layout):
    findings = json.loads(scan_with_openssl("--format", "json", f"oci:{layout}:hardened").stdout)["findings"]
    assert [one for one in findings if one["kind"] != "vulnerability"] == []
