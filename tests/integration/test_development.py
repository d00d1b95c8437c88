"""Packages for development: marked, and left out of a scan unless they are asked for."""
import json
import shutil
import subprocess

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


# What each tool itself installs without development: the project, the lock file, and the names that are for use.
BUN = {"name": "own", "workspaces": ["packages/*"], "dependencies": {"chalk": "4.1.2", "ws": "8.16.0"},
       "devDependencies": {"ansi-styles": "3.2.1", "bufferutil": "4.0.8", "supports-color": "5.5.0"}}
UV = """[project]
name = "own"
version = "0.1"
requires-python = ">=3.11"
dependencies = ["click==8.1.7", "requests[socks]==2.31.0"]
[dependency-groups]
dev = ["pytest==8.0.0", "click", "idna"]
"""


def marks(assay, folder):
    """(used, for development) of the lock file: name and version."""
    found = json.loads(assay("packages", "--format", "json", f"rootfs:{folder}").stdout)["packages"]
    return tuple({(each["name"], each["version"]) for each in found if bool(each.get("development")) == mark} for mark in (False, True))


def run(tool, *arguments, cwd):
    """Its output; the test is skipped where it gets no packages."""
    ended = subprocess.run([tool, *arguments], cwd=cwd, capture_output=True, text=True, timeout=120, check=False)
    if ended.returncode != 0:
        pytest.skip(f"{tool} has no packages here: {ended.stderr[-200:]}")
    return ended.stdout


@pytest.mark.skipif(shutil.which("bun") is None, reason="bun is not here")
def test_bun(assay, tmp_path):
    """Nothing that `bun install --production` brings is marked, and all else is."""
    (tmp_path / "packages/w").mkdir(parents=True)
    (tmp_path / "package.json").write_text(json.dumps(BUN))
    (tmp_path / "packages/w/package.json").write_text(json.dumps(
        {"name": "w", "version": "1.0.0", "dependencies": {"color-convert": "1.9.3"}, "devDependencies": {"left-pad": "1.3.0"}}))
    run("bun", "install", "--lockfile-only", cwd=tmp_path)
    used, developing = marks(assay, tmp_path)
    run("bun", "install", "--production", "--frozen-lockfile", cwd=tmp_path)
    installed = set()
    for path in tmp_path.rglob("package.json"):
        parts = path.parent.parts
        if "node_modules" in (parts[-2], parts[-3]) and not path.parent.is_symlink():
            about = json.loads(path.read_text())
            installed.add((about["name"], about["version"]))
    assert installed - {("w", "1.0.0")} == used - {("w", "1.0.0")} and ("left-pad", "1.3.0") in developing and ("bufferutil", "4.0.8") in used


@pytest.mark.skipif(shutil.which("uv") is None, reason="uv is not here")
def test_uv(assay, tmp_path):
    """Nothing that `uv export --no-dev` names is marked, and all else is."""
    (tmp_path / "pyproject.toml").write_text(UV)
    run("uv", "lock", cwd=tmp_path)
    used, developing = marks(assay, tmp_path)
    exported = run("uv", "export", "--no-dev", "--locked", "--no-hashes", "--no-annotate", "--no-header", cwd=tmp_path)
    assert {tuple(line.split(" ;")[0].strip().split("==")) for line in exported.splitlines()} == used
    assert ("pytest", "8.0.0") in developing
