"""Packages that are there for the tools that use them, and that a scanner could be made not to see."""
import json
import os
import random
import subprocess

import pytest

from oci_layout import Layout, tar_of

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
LOCK = json.dumps({"lockfileVersion": 3, "packages": {"": {}, "node_modules/lodash": {"version": "4.17.20"}}})
WITHIN = "app/package-lock.json"
IMAGES = {
    "a link to a lock file of another name": (
        [{WITHIN: ("link", "lock.txt"), "app/lock.txt": LOCK}], {("lodash", WITHIN)}),
    "the file before the link, and folders that are links": (
        [{"opt/a/real/x.bin": LOCK, "opt/b": ("link", "/opt/a"), "app/deep": ("link", "../opt/b/real"), WITHIN: ("link", "deep/./x.bin")}],
        {("lodash", WITHIN)}),
    "a link to a link": (
        [{WITHIN: ("link", "/../../app/one"), "app/one": ("link", "two"), "app/two": ("link", "../app/three"), "app/three": LOCK}],
        {("lodash", WITHIN)}),
    "a link to a file of two names": (
        [{"app/a": LOCK, "app/b": ("hardlink", "app/a"), WITHIN: ("link", "b")}], {("lodash", WITHIN)}),
    "links in many folders to one file": (
        [{"lock.txt": LOCK, **{f"app{number}/package-lock.json": ("link", "../lock.txt") for number in range(20)}}],
        {("lodash", "app0/package-lock.json")}),
    "one of two links, after the other was removed": (
        [{"lock.txt": LOCK, **{f"app{number}/package-lock.json": ("link", "../lock.txt") for number in range(2)}},
         {"app0/.wh.package-lock.json": ""}],
        {("lodash", "app1/package-lock.json")}),
    "a link to what counts by itself": (
        [{"old/package-lock.json": LOCK, WITHIN: ("link", "../old/package-lock.json")}], {("lodash", "old/package-lock.json")}),
    "a link that became a file": (
        [{"app/lock.txt": LOCK, WITHIN: ("link", "lock.txt")}, {WITHIN: "{}"}], set()),
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


def scan(assay, data, target):
    return json.loads(assay("scan", "--data", data, "--list-packages", "--format", "json", target).stdout)


# What the layers hold, and what is said of it; nothing: the image is as complete as without.
BROKEN = '{"lockfileVersion": 3, "packages": {'
INSTALLED = {"app/node_modules/ms/package.json": '{"name": "ms", "version": "1.0.0"}'}
UNKNOWN = {
    "a lock file that was cut": ([{WITHIN: BROKEN}], f"{WITHIN} (a lock file that does not parse)"),
    "one in YAML": ([{"app/pnpm-lock.yaml": "packages: {a: [}"}], "app/pnpm-lock.yaml (a lock file"),
    "one in TOML": ([{"app/Cargo.lock": '[[package]]\nname = "a'}], "app/Cargo.lock (a lock file"),
    "one in XML": ([{"app/packages.config": "<packages><package "}], "app/packages.config (a lock file"),
    "one that is no object": ([{"app/composer.lock": "[]"}], "app/composer.lock (a lock file"),
    "one of another ecosystem beside what is installed": ([{**INSTALLED, "app/Cargo.lock": "="}], "app/Cargo.lock (a lock file"),
    "one beside what is installed": ([{**INSTALLED, WITHIN: BROKEN}], None),
    "one of somebody's package": ([{"app/node_modules/a/package-lock.json": BROKEN}], None),
    "one that a test has": ([{"src/tests/data/package-lock.json": BROKEN}], None),
    "what may be something else": ([{"srv/environment.yaml": "{{ if x }}: ["}], None),
    "one that an upper layer mends": ([{WITHIN: BROKEN}, {WITHIN: "{}"}], None),
    "a link through layers": ([{"app/lock.txt": LOCK}, {WITHIN: ("link", "lock.txt")}], f"{WITHIN} (a link that leads out of its layer)"),
    "a link through layers, beside what is installed": (
        [{"app/lock.txt": LOCK}, {**INSTALLED, WITHIN: ("link", "lock.txt")}], None),
    "an archive by a link through layers": ([{"app/data.bin": "x"}, {"app/a.jar": ("link", "data.bin")}], "app/a.jar (a link that leads out"),
    "a link to one of its own name": ([{"x": ""}, {"app/a.jar": ("link", "/opt/a.jar")}], None),
    "links to what is read by its own name": (
        [{"x": ""}, {"app/a.jar": ("link", "/usr/share/java/a-1.0.jar"), "usr/local/bin/python": ("link", "/usr/bin/python3.11")}], None),
    "a link to what no image has": ([{"x": ""}, {"usr/local/bin/nginx": ("link", "/proc/self/exe")}], None),
    "a link to nothing in the only layer": ([{"app/a.jar": ("link", "data.bin")}], None),
    "a link to a folder": ([{"app/dist": ("dir",), "app/a.jar": ("link", "dist")}, {"x": ""}], None),
    "links that lead around": ([{WITHIN: ("link", "a"), "app/a": ("link", "package-lock.json")}, {"x": ""}], None),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_is_not_known(assay, data, tmp_path, name):
    layers, said = UNKNOWN[name]
    made = Layout(tmp_path / "layout")
    made.add_image("latest", [*layers[:-1], {**layers[-1], "srv/node_modules/beside/package.json": '{"name": "beside", "version": "1.0.0"}'}])
    told = "; ".join(scan(assay, data, f"oci:{made.folder}:latest")["incomplete"])
    assert said in told if said else "could not be read" not in told, told


def test_a_link_in_a_folder(assay, data, tmp_path):
    """Links lead nowhere outside of what is scanned."""
    (tmp_path / "lock.txt").write_text(LOCK)
    app = tmp_path / "root/app"
    app.mkdir(parents=True)
    (app / "lock.txt").write_text(LOCK)
    (app / "package-lock.json").symlink_to("lock.txt")
    (app / "npm-shrinkwrap.json").symlink_to("../../lock.txt")
    (app / "yarn.lock").symlink_to("/etc/passwd")
    (app / "Cargo.lock").symlink_to("Cargo.lock")
    (app / "go.sum").symlink_to(tmp_path / "lock.txt")
    assert found(assay, data, f"rootfs:{tmp_path / 'root'}") == {("lodash", "app/package-lock.json")}


# Each may come at any place of a tar, and more than once: the last of a path counts.
ENTRIES = [
    (WITHIN, ("link", "one")), (WITHIN, ("link", "three")), ("app/one", ("link", "two")), ("app/one", ("link", "../app/three")),
    ("app/two", LOCK), ("app/two", LOCK.replace("4.17.20", "4.17.19")), ("app/three", LOCK.replace("4.17.20", "4.17.18")),
    ("app/three", "{}"), (WITHIN, "{}"),
]


def packages(assay, data, target):
    listed = scan(assay, data, target)["package_list"]
    return {(each["name"], each["version"], each["location"]) for each in listed}


@pytest.mark.parametrize("seed", range(12))
def test_links_in_any_order(assay, data, tmp_path, seed):
    """tar is the judge of what is there in the end."""
    entries = random.Random(seed).choices(ENTRIES, k=7)
    tar = tar_of(entries)
    root = tmp_path / "root"
    root.mkdir()
    subprocess.run(["tar", "-x", "-C", root], input=tar, check=True)
    made = Layout(tmp_path / "layout")
    made.add_image("latest", [tar])
    assert packages(assay, data, f"oci:{made.folder}:latest") == packages(assay, data, f"rootfs:{root}"), entries


def test_a_program_by_a_link(assay, data, tmp_path):
    program = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\0\x3e\0" + bytes(4096) + b"BusyBox v1.36.1 (2023-01-01)\0"
    made = Layout(tmp_path / "layout")
    made.add_image("latest", [{"bin/busybox": ("link", "box-1"), "bin/box-1": program, "bin/sh": ("link", "busybox")}])
    report = scan(assay, data, f"oci:{made.folder}:latest")
    assert [(each["name"], each["version"], each["location"]) for each in report["package_list"]] == [
        ("busybox", "1.36.1", "bin/busybox")]


def test_a_file_of_several_names(assay, data, tmp_path):
    """In a folder, too, it counts for the name that says what it is, whichever is met first."""
    root = tmp_path / "root"
    package = root / "node_modules/lodash/package.json"
    package.parent.mkdir(parents=True)
    for number in range(20):
        (root / f"{number}.spdx").write_text(LODASH) if number == 0 else os.link(root / "0.spdx", root / f"{number}.spdx")
    os.link(root / "0.spdx", package)
    assert found(assay, data, f"rootfs:{root}") == {("lodash", "node_modules/lodash/package.json")}
