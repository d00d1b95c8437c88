"""`assay packages`: what an image holds, as a table and as JSON, of every kind of target, filtered by type and name."""
import json

import pytest

import images
from oci_layout import Layout
from test_applications import APP, BASE


@pytest.fixture
def layout(tmp_path):
    made = Layout(tmp_path / "image")
    made.add_image("latest", [BASE, APP, {"b/node_modules/lodash/package.json": '{"name": "lodash", "version": "4.17.20", "license": "MIT"}'}])
    return f"oci:{made.folder}:latest"


def listed(assay, *arguments):
    return json.loads(assay("packages", "--format", "json", *arguments).stdout)


def test_json_says_all_of_a_package(assay, layout):
    """No database of advisories is there, and none is asked for."""
    report = listed(assay, layout)
    packages = {each["name"]: each for each in report["packages"]}
    assert report["total"] == len(packages) == 6 and report["incomplete"] == [] and report["os"]["id"] == "debian"
    assert packages["lodash"]["location"] == "app/node_modules/lodash/package.json"
    assert packages["lodash"]["places"] == ["b/node_modules/lodash/package.json"]
    assert packages["pyyaml"]["owner"] == "python3-yaml" and packages["minimist"]["declared"] is True
    assert packages["tool"]["layer"].startswith("sha256:") and "declared" not in packages["tool"]


def test_table(assay, layout):
    lines = [line.split() for line in assay("packages", layout).stdout.splitlines()]
    assert ["PACKAGE", "VERSION", "TYPE", "SOURCE", "OWNER", "DECLARED", "LISTED", "IN"] in lines
    assert ["6", "packages"] in lines
    assert ["lodash", "4.17.20", "npm", "lodash", "app/node_modules/lodash/package.json", "+1"] in lines
    assert ["minimist", "1.2.0", "npm", "minimist", "yes", "other/package-lock.json"] in lines


@pytest.mark.parametrize("filters, names", [
    (["--type", "npm"], ["lodash", "minimist", "tool"]), (["--type", "pypi, deb"], ["nodejs", "python3-yaml", "pyyaml"]),
    (["--name", "*yaml"], ["python3-yaml", "pyyaml"]), (["--name", "t??l", "--name", "lodash"], ["lodash", "tool"]),
    (["--type", "npm", "--name", "n*"], []), (["--name", "LODASH"], []),
])
def test_filters(assay, layout, filters, names):
    report = listed(assay, *filters, layout)
    assert sorted(each["name"] for each in report["packages"]) == names and report["total"] == 6
    table = assay("packages", *filters, layout)
    assert f"6 packages, {len(names)} shown" in table.stdout
    assert ("no package matches" in table.stderr and "deb, npm, pypi" in table.stderr) == (names == [])


def test_kinds_of_targets(assay, tmp_path):
    """An archive, an unpacked system, a folder and an SBOM give what the layout gives."""
    layout, root = images.alpine_layout(tmp_path / "alpine"), tmp_path / "root"
    for path, content in images.alpine_files().items():
        if not isinstance(content, tuple):
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(content)
    (tmp_path / "bom.json").write_text(assay("sbom", f"oci:{layout}").stdout)
    expected = [(each["type"], each["name"], each["version"], each.get("licenses")) for each in listed(assay, f"oci:{layout}")["packages"]]
    assert ("apk", "musl", "1.1.22-r2", "MIT") in expected and len(expected) == 3
    for target in (layout, f"rootfs:{root}", root, f"sbom:{tmp_path}/bom.json"):
        found = listed(assay, target)["packages"]
        assert [(each["type"], each["name"], each["version"], each.get("licenses")) for each in found] == expected, target


def test_of_a_server(assay, server, push, tmp_path):
    push(server, images.alpine_layout(tmp_path / "alpine"), "latest", "team/app")
    report = listed(assay, "--insecure", f"docker://{server.address}/team/app:latest")
    assert [each["name"] for each in report["packages"]] == ["busybox", "libcrypto1.1", "musl"]


def test_real_images(assay, bookworm):
    packages = {each["name"]: each for each in listed(assay, f"oci:{bookworm}:vulnerable")["packages"]}
    assert packages["libc6"]["source_name"] == "glibc" and packages["libc6"]["location"].startswith("var/lib/dpkg/")


def test_what_is_not_known_is_told(assay, tmp_path):
    Layout(tmp_path / "broken").add_image("latest", [{"var/lib/rpm/rpmdb.sqlite": "no database"}])
    report = listed(assay, f"oci:{tmp_path}/broken")
    assert report["packages"] == [] and report["unread"] == ["var/lib/rpm/rpmdb.sqlite"] and report["incomplete"]
    assert "incomplete: " in assay("packages", f"oci:{tmp_path}/broken").stdout


def test_output_file(assay, layout, tmp_path):
    assert assay("packages", "--output", tmp_path / "list", layout).stdout == ""
    assert "lodash" in (tmp_path / "list").read_text()


@pytest.mark.parametrize("arguments, says", [
    ([], "TARGET is missing"), (["--format", "xml", "x"], "table or json"), (["--type", "np m", "x"], "--type"),
    (["--type", "", "x"], "--type"), (["oci:/nowhere"], "/nowhere"), (["a", "b"], '"b"'),
])
def test_bad_input(assay, arguments, says):
    result = assay("packages", *arguments, check=2)
    assert says in result.stderr and result.stdout == ""
