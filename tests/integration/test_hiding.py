"""Packages that are there for the tools that use them, and that a scanner could be made not to see."""
import json
import os

import pytest

from oci_layout import Layout

LODASH = '{"name": "lodash", "version": "4.17.20"}'
YAML = "Metadata-Version: 2.1\nName: PyYAML\nVersion: 6.0\n\n"
INFO = "PyYAML-6.0.dist-info/METADATA"
RECORDS = {"npm": ("lodash", "4.17.21"), "PyPI": ("PyYAML", "6.1"), "Maven": ("org.apache.logging.log4j:log4j-core", "2.17.1")}


@pytest.fixture
def data(assay, tmp_path):
    folder = tmp_path / "records"
    folder.mkdir()
    for number, (ecosystem, (package, fixed)) in enumerate(RECORDS.items(), 1):
        (folder / f"GHSA-0000-0000-000{number}.json").write_text(json.dumps({
            "id": f"GHSA-0000-0000-000{number}", "modified": "2024-01-01T00:00:00Z", "summary": f"{package} is wrong",
            "affected": [{"package": {"ecosystem": ecosystem, "name": package},
                          "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": fixed}]}]}]}))
    assay("db", "import", "--data", tmp_path / "data", "--type", "osv", "--name", "osv", folder)
    return tmp_path / "data"


def found(assay, data, target):
    report = json.loads(assay("scan", "--data", data, "--format", "json", target).stdout)
    return {(each["package"], each["location"]) for each in report["findings"]}


def in_image(assay, data, folder, layers):
    made = Layout(folder)
    made.add_image("latest", layers)
    return found(assay, data, f"oci:{made.folder}:latest")


# What the layers hold, and which packages are found where.
IMAGES = {
    # uv links from its cache, which people remove after it.
    "a cache that is removed": (
        [{f"root/.cache/uv/archive-v0/x/{INFO}": YAML,
          f"app/.venv/lib/python3.12/site-packages/{INFO}": ("hardlink", f"root/.cache/uv/archive-v0/x/{INFO}")},
         {"root/.wh..cache": ""}],
        {("pyyaml", f"app/.venv/lib/python3.12/site-packages/{INFO}")}),
    # pnpm's store has names that are none of a package.
    "a store": (
        [{"app/.store/files/ab/cdef": LODASH,
          "app/node_modules/.pnpm/lodash@4.17.20/node_modules/lodash/package.json": ("hardlink", "app/.store/files/ab/cdef")}],
        {("lodash", "app/node_modules/.pnpm/lodash@4.17.20/node_modules/lodash/package.json")}),
}


def test_a_program_of_many_names(assay, data, tmp_path):
    """The image of busybox has its bytes under the first applet's name."""
    program = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\0\x3e\0" + bytes(4096) + b"BusyBox v1.36.1 (2023-01-01)\0"
    made = Layout(tmp_path / "layout")
    made.add_image("latest", [{"bin/[": program, "bin/busybox": ("hardlink", "bin/["), "bin/sh": ("hardlink", "bin/[")}])
    report = json.loads(assay("scan", "--data", data, "--list-packages", "--format", "json", f"oci:{made.folder}:latest").stdout)
    assert [(each["name"], each["version"], each["location"]) for each in report["package_list"]] == [
        ("busybox", "1.36.1", "bin/busybox")]


@pytest.mark.parametrize("name", IMAGES)
def test_in_images(assay, data, tmp_path, name):
    layers, expected = IMAGES[name]
    assert in_image(assay, data, tmp_path / "layout", layers) == expected


def test_a_file_of_several_names(assay, data, tmp_path):
    """In a folder, too, it counts for the name that says what it is, whichever is met first."""
    root = tmp_path / "root"
    package = root / "node_modules/lodash/package.json"
    package.parent.mkdir(parents=True)
    for number in range(20):
        (root / f"{number}.spdx").write_text(LODASH) if number == 0 else os.link(root / "0.spdx", root / f"{number}.spdx")
    os.link(root / "0.spdx", package)
    assert found(assay, data, f"rootfs:{root}") == {("lodash", "node_modules/lodash/package.json")}
