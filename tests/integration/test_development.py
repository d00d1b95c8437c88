"""Packages for development: marked, and left out of a scan unless they are asked for."""
import json

import pytest

LOCK = {"lockfileVersion": 3, "packages": {
    "": {"name": "own", "version": "1.0.0"},
    "node_modules/used": {"version": "1.0.0"},
    "node_modules/built": {"version": "1.0.0", "dev": True}}}


@pytest.fixture
def project(assay, tmp_path):
    """A folder with a lock file, and advisories on both packages."""
    records, folder = tmp_path / "records", tmp_path / "project"
    records.mkdir()
    folder.mkdir()
    for number, name in enumerate(("used", "built"), 1):
        (records / f"{number}.json").write_text(json.dumps(
            {"id": f"GHSA-0000-0000-000{number}", "aliases": [f"CVE-2024-000{number}"], "modified": "2024-01-01T00:00:00Z",
             "affected": [{"package": {"ecosystem": "npm", "name": name},
                           "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}]}]}))
    assay("db", "import", "--data", tmp_path / "data", "--type", "osv", "--name", "osv", records)
    (folder / "package-lock.json").write_text(json.dumps(LOCK))
    return folder


def test_scan(assay, project, tmp_path):
    def scan(*options):
        return json.loads(assay("scan", "--data", tmp_path / "data", "--format", "json", *options, f"rootfs:{project}", check=None).stdout)
    plain, all_of_it = scan(), scan("--include-dev-deps")
    assert [each["package"] for each in plain["findings"]] == ["used"] and plain["packages"] == 1
    assert any(note.startswith("1 packages are for development alone") for note in plain["notes"])
    marks = {each["package"]: each.get("development") for each in all_of_it["findings"]}
    assert marks == {"used": None, "built": True} and not any("development" in note for note in all_of_it["notes"])
    shown = assay("scan", "--data", tmp_path / "data", "--by", "vulnerability", "--include-dev-deps", f"rootfs:{project}", check=None).stdout
    assert "[declared] [development]" in shown


def test_bill(assay, project, tmp_path):
    """A bill of materials has them, with their mark."""
    bill = json.loads(assay("scan", "--data", tmp_path / "data", "--format", "cyclonedx", f"rootfs:{project}", check=None).stdout)
    marked = {each["name"] for each in bill["components"]
              if {"name": "assay:development", "value": "true"} in each.get("properties", [])}
    assert marked == {"built"}
