"""Packages of applications in images: whose they are, what is installed and what is only declared, and by whose advisories they
are matched."""
import json
from pathlib import Path

import pytest

import gate
from oci_layout import Layout

OS_RELEASE = 'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n'
STATUS = """Package: python3-yaml
Status: install ok installed
Maintainer: Debian Python Team <team+python@tracker.debian.org>
Architecture: amd64
Source: pyyaml
Version: 6.0-3+b2

Package: nodejs
Status: install ok installed
Maintainer: NodeSource <support@nodesource.com>
Architecture: amd64
Version: 18.20.4-1nodesource1
"""
EGG = "usr/lib/python3/dist-packages/PyYAML-6.0.egg-info"
TOOL = "usr/lib/node_modules/tool/package.json"
BASE = {
    "etc/os-release": OS_RELEASE,
    "var/lib/dpkg/status": STATUS,
    "var/lib/dpkg/info/python3-yaml.list": f"/.\n/usr\n/usr/lib\n/{EGG}\n/usr/share/doc/python3-yaml\n/usr/share/doc/python3-yaml/copyright\n",
    "var/lib/dpkg/info/nodejs.list": f"/.\n/usr\n/{TOOL}\n",
    EGG: "Metadata-Version: 1.2\nName: PyYAML\nVersion: 6.0\n\n",
    TOOL: '{"name": "tool", "version": "1.0.0"}',
}
APP = {
    "app/package-lock.json": json.dumps({"lockfileVersion": 3, "packages": {
        "": {"name": "app", "version": "1.0.0"},
        "node_modules/lodash": {"version": "4.17.20"}, "node_modules/left-pad": {"version": "1.0.0"}}}),
    "app/node_modules/lodash/package.json": '{"name": "lodash", "version": "4.17.20"}',
    "other/package-lock.json": json.dumps({"lockfileVersion": 3, "packages": {
        "": {"name": "other", "version": "1.0.0"}, "node_modules/minimist": {"version": "1.2.0"}}}),
}


def record(number, ecosystem, package, fixed):
    return {"id": f"GHSA-0000-0000-000{number}", "aliases": [f"CVE-2024-000{number}"], "modified": "2024-01-01T00:00:00Z",
            "summary": f"{package} is wrong", "database_specific": {"severity": "HIGH"},
            "affected": [{"package": {"ecosystem": ecosystem, "name": package},
                          "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": fixed}]}]}]}


RECORDS = [record(1, "Debian:12", "pyyaml", "6.1-1"), record(2, "PyPI", "PyYAML", "6.1"), record(3, "npm", "lodash", "4.17.21"),
           record(4, "npm", "left-pad", "2.0.0"), record(5, "npm", "tool", "1.0.1"), record(6, "npm", "minimist", "1.2.6"),
           record(7, "Debian:12", "nodejs", "19.0"), record(8, "npm", "lodash.merge", "99.0.0")]
# python3-yaml is Debian's, so PyPI's advisory is not asked; NodeSource's nodejs is not, so that npm's is. What a lock file
# names counts where nothing is installed beside it.
FOUND = {("CVE-2024-0001", "python3-yaml", "var/lib/dpkg/status"),
         ("CVE-2024-0003", "lodash", "app/node_modules/lodash/package.json"),
         ("CVE-2024-0005", "tool", TOOL),
         ("CVE-2024-0006", "minimist", "other/package-lock.json")}


@pytest.fixture
def advisories(tmp_path):
    folder = tmp_path / "records"
    folder.mkdir()
    for each in RECORDS:
        (folder / f"{each['id']}.json").write_text(json.dumps(each))
    return folder


@pytest.fixture
def layout(tmp_path):
    made = Layout(tmp_path / "layout")
    made.add_image("latest", [BASE, APP])
    # A later layer has another version of one, and removes another.
    made.add_image("later", [BASE, APP, {
        "app/node_modules/lodash/package.json": '{"name": "lodash", "version": "4.17.21"}', "other/.wh.package-lock.json": "",
        "usr/local/lib/python3.11/site-packages/PyYAML-6.0.dist-info/METADATA": "Name: PyYAML\nVersion: 6.0\n\n"}])
    return made


def found(findings):
    return {(each["id"], each["package"], each["location"]) for each in findings}


def scanned(assay, data, target, check=0):
    return json.loads(assay("scan", "--data", data, "--format", "json", target, check=check).stdout)


def test_scans(assay, layout, advisories, tmp_path):
    data = tmp_path / "data"
    assay("db", "import", "--data", data, "--type", "osv", "--name", "osv", advisories)
    report = scanned(assay, data, f"oci:{layout.folder}:latest")
    assert found(report["findings"]) == FOUND and not report["incomplete"]
    later = scanned(assay, data, f"oci:{layout.folder}:later")
    # What pip installed is not the distribution's, whatever that has of the same name.
    assert found(later["findings"]) == {
        ("CVE-2024-0001", "python3-yaml", "var/lib/dpkg/status"), ("CVE-2024-0005", "tool", TOOL),
        ("CVE-2024-0002", "pyyaml", "usr/local/lib/python3.11/site-packages/PyYAML-6.0.dist-info/METADATA")}


def test_folders(assay, advisories, tmp_path):
    """rootfs: finds in a folder what is found in an image of it, and follows no link out of it."""
    data, root = tmp_path / "data", tmp_path / "root"
    assay("db", "import", "--data", data, "--type", "osv", "--name", "osv", advisories)
    for path, content in {**BASE, **APP}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content)
    outside = tmp_path / "outside/node_modules/lodash"
    outside.mkdir(parents=True)
    (outside / "package.json").write_text('{"name": "lodash", "version": "1.0.0"}')
    (root / "app/linked").symlink_to(tmp_path / "outside")
    (root / "app/node_modules/lodash/again.json").symlink_to("package.json")
    assert found(scanned(assay, data, f"rootfs:{root}")["findings"]) == FOUND


def test_a_source_tree(assay, advisories, tmp_path):
    """Without a distribution, without anything installed: what the lock file names."""
    data, root = tmp_path / "data", tmp_path / "tree"
    assay("db", "import", "--data", data, "--type", "osv", "--name", "osv", advisories)
    root.mkdir()
    (root / "package-lock.json").write_text(APP["app/package-lock.json"])
    assert found(scanned(assay, data, f"rootfs:{root}")["findings"]) == {
        ("CVE-2024-0003", "lodash", "package-lock.json"), ("CVE-2024-0004", "left-pad", "package-lock.json")}
    # A folder of which a file shows what it is needs no transport.
    report = scanned(assay, data, str(root))
    assert report["target"] == f"rootfs:{root}" and len(report["findings"]) == 2


def test_packages_say_whose_they_are(assay, advisories, tmp_path):
    """One package is one, with all its places; who owns its file and what is only declared is said."""
    made = Layout(tmp_path / "twice")
    made.add_image("latest", [BASE, APP, {"b/node_modules/lodash/package.json": '{"name": "lodash", "version": "4.17.20", '
                                                                                  '"license": "MIT"}'}])
    assay("db", "import", "--data", tmp_path / "data", "--type", "osv", "--name", "osv", advisories)
    report = json.loads(assay("scan", "--data", tmp_path / "data", "--list-packages", "--format", "json",
                              f"oci:{made.folder}:latest", check=None).stdout)
    packages = {each["name"]: each for each in report["package_list"]}
    assert packages["lodash"]["location"] == "app/node_modules/lodash/package.json"
    assert packages["lodash"]["places"] == ["b/node_modules/lodash/package.json"]
    assert packages["pyyaml"]["owner"] == "python3-yaml" and packages["tool"]["owner"] == "nodejs"
    assert packages["minimist"]["declared"] is True and "declared" not in packages["lodash"] and "left-pad" not in packages


def test_pushes(start_server, assay, layout, advisories):
    """The registry finds the same, from its rows too, and again after a change of the advisories."""
    server = start_server()
    assay("db", "import", "--data", server.data, "--type", "osv", "--name", "osv", advisories)
    gate.push_layout(server, layout.folder, "latest", "app")
    digest = gate.digest_at(server, "app", "latest")
    image = server.wait_for_scan("app", digest)
    assert image["state"] == "done"
    gate.wait_until(lambda: found(server.get_json(f"/api/v1/images/{digest}/findings")["findings"]) == FOUND)
    gate.wait_until(lambda: server.get_json("/api/v1/images?vulnerability=CVE-2024-0003")["total"] == 1)
    assert server.get_json("/api/v1/images?vulnerability=CVE-2024-0002")["total"] == 0
    (Path(advisories) / "GHSA-0000-0000-0003.json").unlink()
    assay("db", "import", "--data", server.data, "--type", "osv", "--name", "osv", advisories)
    gate.wait_until(lambda: server.get_json("/api/v1/images?vulnerability=CVE-2024-0003")["total"] == 0)
    assert found(server.get_json(f"/api/v1/images/{digest}/findings")["findings"]) == {
        each for each in FOUND if each[0] != "CVE-2024-0003"}


def test_findings_say_what_shows_the_package(start_server, assay, advisories, tmp_path):
    """In a scan, and from the registry's rows: other places (no more than 20), the owner, and what is only declared. The registry's
    list of packages says the same."""
    places = {f"p{number:02}/node_modules/lodash/package.json": '{"name": "lodash", "version": "4.17.20"}' for number in range(30)}
    made = Layout(tmp_path / "many")
    made.add_image("latest", [BASE, APP, places])
    server = start_server()
    assay("db", "import", "--data", server.data, "--type", "osv", "--name", "osv", advisories)
    gate.push_layout(server, made.folder, "latest", "app")
    digest = gate.digest_at(server, "app", "latest")
    assert server.wait_for_scan("app", digest)["state"] == "done"
    gate.wait_until(lambda: len(server.get_json(f"/api/v1/images/{digest}/findings")["findings"]) == len(FOUND))
    scanned_here = scanned(assay, server.data, f"oci:{made.folder}:latest")["findings"]
    pushed = server.get_json(f"/api/v1/images/{digest}/findings")["findings"]
    for findings in (scanned_here, pushed):
        told = {each["package"]: each for each in findings}
        assert told["lodash"]["location"] == "app/node_modules/lodash/package.json" and told["lodash"]["places"] == sorted(places)[:20]
        assert told["minimist"]["declared"] is True and "declared" not in told["lodash"]
        assert told["tool"]["owner"] == "nodejs" and "places" not in told["tool"]
    assert "[declared] minimist is wrong" in assay("scan", "--data", server.data, "--by", "vulnerability", f"oci:{made.folder}:latest").stdout
    packages = {each["name"]: each for each in server.get_json(f"/api/v1/images/{digest}/packages")["packages"]}
    assert len(packages["lodash"]["places"]) == 30 and packages["minimist"]["declared"] is True and packages["tool"]["owner"] == "nodejs"


def test_the_same_packages_elsewhere_are_another_set(start_server, assay, advisories, tmp_path):
    """Two images whose packages differ only in what shows them keep each their own places."""
    made = Layout(tmp_path / "two")
    for tag, place in (("one", "b"), ("two", "c")):
        made.add_image(tag, [{**APP, f"{place}/node_modules/lodash/package.json": '{"name": "lodash", "version": "4.17.20"}'}])
    server = start_server()
    assay("db", "import", "--data", server.data, "--type", "osv", "--name", "osv", advisories)
    for tag, place in (("one", "b"), ("two", "c")):
        gate.push_layout(server, made.folder, tag, "app")
        digest = gate.digest_at(server, "app", tag)
        assert server.wait_for_scan("app", digest)["state"] == "done"
        gate.wait_until(lambda: server.get_json(f"/api/v1/images/{digest}/findings")["findings"])
        told = {each["package"]: each for each in server.get_json(f"/api/v1/images/{digest}/findings")["findings"]}
        assert told["lodash"]["places"] == [f"{place}/node_modules/lodash/package.json"]


def test_kinds_without_advisories_are_told(assay, layout, advisories, tmp_path):
    """No feed speaks of npm: that is a gap, as it is with a distribution."""
    data = tmp_path / "data"
    for path in Path(advisories).iterdir():
        if json.loads(path.read_text())["affected"][0]["package"]["ecosystem"] == "npm":
            path.unlink()
    assay("db", "import", "--data", data, "--type", "osv", "--name", "osv", advisories)
    report = scanned(assay, data, f"oci:{layout.folder}:latest", check=None)
    assert any("npm packages" in gap for gap in report["incomplete"])
