"""What stands in package databases is what the distributions' own tools read from them."""
import contextlib
import json
import re
import sqlite3
import subprocess

import pytest

import images
from oci_layout import Layout, tar_of
from rpm_formats import berkeley_of, ndb_of


@pytest.fixture
def inventory(server):
    """inventory(layout): pushes the image; its packages as the registry lists them."""
    def push(layout, tag="latest"):
        digest_file = server.folder / "digest"
        subprocess.run(["skopeo", "--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false", "--digestfile",
                        str(digest_file), f"oci:{layout}:{tag}", f"docker://{server.address}/test/image:{tag}"], check=True)
        digest = digest_file.read_text().strip()
        assert server.wait_for_scan("test/image", digest)["state"] == "done"
        packages, offset = [], 0
        while True:
            page = server.get_json(f"/api/v1/images/{digest}/packages?limit=1000&offset={offset}")
            packages += page["packages"]
            offset = len(packages)
            if not page["packages"] or offset >= page["total"]:
                return packages
    return push


def layout_of(folder, *layers, compression="gzip"):
    Layout(folder).add_image("latest", list(layers), compression)
    return folder


# --- dpkg ---

@pytest.mark.parametrize("suite", ["bullseye", "bookworm"])
def test_dpkg(suite, inventory):
    root = images.debian_rootfs(suite)
    listed = subprocess.run(["dpkg-query", f"--admindir={root}/var/lib/dpkg", "-W", "-f",
                             "${db:Status-Status} ${Package} ${Version} ${Architecture} ${source:Package} ${source:Version}\n"],
                            check=True, capture_output=True, text=True).stdout
    expected = {tuple(line.split()[1:]) for line in listed.split("\n") if line.startswith("installed ")}
    packages = inventory(images.debian_layout(suite), "vulnerable")
    assert {(each["name"], each["version"], each["architecture"], each["source_name"], each["source_version"])
            for each in packages if each["type"] == "deb"} == expected and len(expected) > 50
    # Programs that the packages bring are known as well, by their own bytes.
    assert {each["type"] for each in packages} == {"deb", "generic"}


STANZA = "Package: {name}\nStatus: {status}\nArchitecture: amd64\nVersion: {version}\n"


def status(*entries):
    return "\n".join(STANZA.format(name=name, version=version, status=state) for name, version, state in entries)


def test_dpkg_states_and_distroless(inventory, tmp_path):
    installed, gone = "install ok installed", "deinstall ok config-files"
    layout = layout_of(tmp_path / "image", {
        "etc/os-release": images.DEBIAN_12,
        "var/lib/dpkg/status": status(("there", "1-1", installed), ("removed", "1-1", gone), ("half", "1", "install ok half-installed")),
        "var/lib/dpkg/status.d/base": "Package: base-files\nVersion: 12.4\nArchitecture: amd64\n",
        "var/lib/dpkg/status.d/base.md5sums": "0123  /etc/x\n",
        "var/lib/dpkg/status.d/libc6": "Package: libc6\nSource: glibc (2.36-9)\nVersion: 2.36-9+deb12u1\nArchitecture: amd64\n"})
    packages = {each["name"]: each for each in inventory(layout)}
    assert set(packages) == {"there", "half", "base-files", "libc6"}
    assert (packages["libc6"]["source_name"], packages["libc6"]["source_version"]) == ("glibc", "2.36-9")
    assert packages["libc6"]["location"] == "var/lib/dpkg/status.d/libc6"


def test_layers(inventory, tmp_path):
    """An upgrade, a removal, and a package that the upper layer lists unchanged."""
    installed = "install ok installed"
    layout = layout_of(
        tmp_path / "image",
        {"etc/os-release": images.DEBIAN_12, "var/lib/dpkg/status": status(
            ("kept", "1", installed), ("upgraded", "1", installed), ("dropped", "1", installed)),
         "lib/apk/db/installed": images.APK_INSTALLED},
        {"var/lib/dpkg/status": status(("kept", "1", installed), ("upgraded", "2", installed)),
         "lib/apk/db/.wh.installed": ""})
    manifest = json.loads((layout / "index.json").read_text())["manifests"][0]["digest"].split(":")[1]
    layers = [layer["digest"] for layer in json.loads((layout / "blobs/sha256" / manifest).read_text())["layers"]]
    assert [(each["name"], each["version"], each["layer"]) for each in inventory(layout)] == \
        [("kept", "1", layers[0]), ("upgraded", "2", layers[1])]


def test_opaque_folder(inventory, tmp_path):
    layout = layout_of(
        tmp_path / "image",
        {"etc/os-release": images.DEBIAN_12, "var/lib/dpkg/status": status(("below", "1", "install ok installed"))},
        {"var/lib/dpkg/.wh..wh..opq": "", "var/lib/dpkg/status.d/above": "Package: above\nVersion: 1\n"})
    assert [each["name"] for each in inventory(layout)] == ["above"]


# --- apk: there is no apk in Debian; the table is written out from the format that its wiki describes ---

def test_apk(inventory, tmp_path):
    packages = inventory(images.alpine_layout(tmp_path / "image"))
    assert [(each["name"], each["version"], each["architecture"], each["source_name"], each["source_version"])
            for each in packages] == [
        ("busybox", "1.30.1-r2", "x86_64", "busybox", "1.30.1-r2"),
        ("libcrypto1.1", "1.1.1c-r0", "x86_64", "openssl", "1.1.1c-r0"),
        ("musl", "1.1.22-r2", "x86_64", "musl", "1.1.22-r2")]


# --- pacman ---

LOCAL = "var/lib/pacman/local"


def list_packages(packages, layout):
    manifest = json.loads((layout / "index.json").read_text())["manifests"][0]["digest"].split(":")[1]
    layers = [layer["digest"] for layer in json.loads((layout / "blobs/sha256" / manifest).read_text())["layers"]]
    return [(each["name"], each["version"], each["source_name"], layers.index(each["layer"])) for each in packages]


def test_pacman(inventory, tmp_path):
    """An upgrade, a removal, a package that an upper layer brings again unchanged, and what is left of a folder."""
    below = images.pacman_files(("zlib", "1:1.3-1", "zlib"), ("gcc-libs", "14.1-1", "gcc"), ("nano", "8.0-1", "nano"), ("vi", "1-1", "vi"))
    above = {f"{LOCAL}/.wh.zlib-1:1.3-1": "", f"{LOCAL}/.wh.nano-8.0-1": "", f"{LOCAL}/vi-1-1/.wh.desc": "",
             **images.pacman_files(("zlib", "1:1.3.1-2", "zlib"), ("gcc-libs", "14.1-1", "gcc"))}
    layout = layout_of(tmp_path / "image", {"etc/os-release": images.ARCH, **below}, above)
    packages = inventory(layout)
    assert list_packages(packages, layout) == [("gcc-libs", "14.1-1", "gcc", 0), ("zlib", "1:1.3.1-2", "zlib", 1)]
    assert {key: packages[1][key] for key in ("type", "architecture", "location")} == {
        "type": "alpm", "architecture": "x86_64", "location": f"{LOCAL}/zlib-1:1.3.1-2/desc"}


def test_pacman_moved(inventory, tmp_path):
    """The database behind a link of another layer, of which the layer that brings the packages knows nothing."""
    packages = {name.replace("var/lib/pacman", "usr/lib/pacman"): text for name, text in
                images.pacman_files(("zlib", "1:1.3-1", "zlib"), ("nano", "8.0-1", "nano")).items()}
    layout = layout_of(tmp_path / "image", packages, {"etc/os-release": images.ARCH, "var/lib/pacman": ("link", "../../usr/lib/pacman")},
                       {"usr/lib/pacman/local/.wh.nano-8.0-1": ""})
    found = inventory(layout)
    assert list_packages(found, layout) == [("zlib", "1:1.3-1", "zlib", 0)]
    assert found[0]["location"] == f"{LOCAL}/zlib-1:1.3-1/desc"


def test_many_pacman_packages(inventory, tmp_path):
    files = images.pacman_files(*((f"package{number}", f"{number}-1", "base") for number in range(2000)))
    layout = layout_of(tmp_path / "image", {"etc/os-release": images.ARCH, **files})
    assert len(inventory(layout)) == 2000


# --- rpm: its three formats ---

@pytest.fixture(scope="session")
def rpm_root():
    return images.cached("rpm", images.rpm_database) / "root"


@pytest.fixture(scope="session")
def rpm_listing(rpm_root):
    """What rpm -qa itself says of the database."""
    lines = subprocess.run(["rpm", "--root", str(rpm_root), "--define", "_dbpath /var/lib/rpm", "-qa", "--qf",
                            "%{NAME} %{EPOCHNUM}:%{VERSION}-%{RELEASE} %{ARCH} %{SOURCERPM}\n"],
                           check=True, capture_output=True, text=True).stdout.split("\n")
    found = set()
    for name, version, architecture, source in (line.split() for line in lines if line):
        source = re.fullmatch(r"(.*)-([^-]+-[^-]+)\.src\.rpm", source)
        found.add((name, version.removeprefix("0:"), architecture, source.group(1), source.group(2)))
    return found


def rpm_headers(root):
    with sqlite3.connect(root / "var/lib/rpm/rpmdb.sqlite") as database:
        return [blob for blob, in database.execute("SELECT blob FROM Packages ORDER BY hnum")]


@pytest.mark.parametrize("location", ["var/lib/rpm", "usr/lib/sysimage/rpm"])
@pytest.mark.parametrize("kind", ["sqlite", "ndb", "berkeley", "berkeley-swapped"])
def test_rpm(kind, location, inventory, rpm_root, rpm_listing, tmp_path):
    if kind == "sqlite":
        name, database = "rpmdb.sqlite", (rpm_root / "var/lib/rpm/rpmdb.sqlite").read_bytes()
    elif kind == "ndb":
        name, database = "Packages.db", ndb_of(rpm_headers(rpm_root))
    else:
        name = "Packages"
        # A header of more than one page goes through a chain of overflow pages, a small one stands in its place.
        database = berkeley_of(rpm_headers(rpm_root), tmp_path, "4321" if kind.endswith("swapped") else "1234")
    layout = layout_of(tmp_path / "image", {"etc/os-release": images.ALMALINUX, f"{location}/{name}": database},
                       compression="zstd")
    packages = inventory(layout)
    assert {(each["name"], each["version"], each["architecture"], each["source_name"], each["source_version"])
            for each in packages} == rpm_listing and len(rpm_listing) == len(images.RPM_PACKAGES)
    assert {each["location"] for each in packages} == {f"{location}/{name}"}


DATABASE = "usr/lib/sysimage/rpm/rpmdb.sqlite"


@pytest.mark.parametrize("layers", [
    [{DATABASE: None, "var/lib/rpm": ("link", "../../usr/lib/sysimage/rpm")}],
    [{"var/lib/rpm/rpmdb.sqlite": None, "usr/lib/sysimage/rpm": ("link", "../../../var/lib/rpm")}],
    [{"usr/share/rpm/rpmdb.sqlite": None, "usr/lib/sysimage/rpm": ("link", "../../share/rpm"),
      "var/lib/rpm": ("link", "../../usr/share/rpm")}],
    [{"sysroot/ostree/repo/objects/ab/cd.file": None,
      "usr/share/rpm/rpmdb.sqlite": ("hardlink", "sysroot/ostree/repo/objects/ab/cd.file")}],
    [{"var/lib/rpm": ("link", "/srv/rpm"), "srv/rpm/rpmdb.sqlite": None}],
    [{"var/lib/rpm": ("link", "../../usr/lib/sysimage/rpm")}, {DATABASE: None}],
    [{"var/lib/rpm/rpmdb.sqlite": None}, {DATABASE: None}],
    [{"var/lib/rpm/rpmdb.sqlite": None}, {DATABASE: None, "var/lib/rpm": ("link", "../../usr/lib/sysimage/rpm")}],
], ids=["sysimage", "the other way", "ostree", "ostree's objects", "elsewhere", "in another layer", "left behind", "moved"])
def test_rpm_through_links(layers, inventory, rpm_root, rpm_listing, tmp_path):
    """However the places of the database lead to each other, each package is there once."""
    database = (rpm_root / "var/lib/rpm/rpmdb.sqlite").read_bytes()
    layers = [{path: database if content is None else content for path, content in layer.items()} for layer in layers]
    packages = inventory(layout_of(tmp_path / "image", {"etc/os-release": images.ALMALINUX}, *layers))
    assert sorted((each["name"], each["version"]) for each in packages) == \
        sorted((name, version) for name, version, *_ in rpm_listing)


def cached_inventory(scan, layout, tmp_path):
    """What the worker made of the only layer: {name: package}."""
    scan("--format", "json", f"oci:{layout}")
    found, = (tmp_path / "cache/assay/inventories").glob("*.json")
    return {each["name"]: each for each in json.loads(found.read_text())["packages"]}


def test_rpm_files_modules_and_keys(scan, tmp_path):
    """As `rpm -qla` lists them; keys that were imported are no packages."""
    module = "nodejs:18:9020020230327:rhel9"
    folder = images.rpm_database(tmp_path / "rpm", [("nodejs", 1, "18.14.2", "2.module_el9", "nodejs", module),
                                                    *images.RPM_PACKAGES[:2]])
    options = ["--root", str(tmp_path / "rpm/root"), "--define", "_dbpath /var/lib/rpm"]
    home = tmp_path / "gnupg"
    home.mkdir(mode=0o700)
    gpg = ["gpg", "--homedir", str(home), "--batch", "--passphrase", ""]
    subprocess.run([*gpg, "--quick-gen-key", "packages@example.org", "rsa2048", "sign", "never"], check=True, capture_output=True)
    key = tmp_path / "key.asc"
    key.write_bytes(subprocess.run([*gpg, "--armor", "--export"], check=True, capture_output=True).stdout)
    subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=False)
    subprocess.run(["rpmkeys", *options, "--import", str(key)], check=True)
    query = subprocess.run(["rpm", *options, "-qa", "--qf", "[%{=NAME} %{FILENAMES}\n]"], check=True, capture_output=True,
                           text=True).stdout
    listed = subprocess.run(["rpm", *options, "-qa"], check=True, capture_output=True, text=True).stdout
    assert "gpg-pubkey" in listed
    with contextlib.closing(sqlite3.connect(folder / "rpmdb.sqlite")) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    layout = layout_of(tmp_path / "image", {"etc/os-release": images.ALMALINUX,
                                            "var/lib/rpm/rpmdb.sqlite": (folder / "rpmdb.sqlite").read_bytes()})
    packages = cached_inventory(scan, layout, tmp_path)
    assert set(packages) == {"nodejs", "openssl-libs", "zlib"}
    assert {(name, f"/{path}") for name, each in packages.items() for path in each["files"].splitlines()} == \
        {tuple(line.split(" ", 1)) for line in query.splitlines()}
    assert (packages["nodejs"]["module"], packages["nodejs"]["version"]) == (module, "1:18.14.2-2.module_el9")
    assert "module" not in packages["zlib"]


def test_apk_files(scan, tmp_path):
    packages = cached_inventory(scan, images.alpine_layout(tmp_path / "image"), tmp_path)
    assert packages["musl"]["files"].splitlines() == ["lib/libc.musl-x86_64.so.1", "lib/ld-musl-x86_64.so.1"]


def test_broken_databases_are_told(scan, rpm_root, tmp_path):
    """What could be read is kept; what could not is said; nothing fails but the database."""
    headers = rpm_headers(rpm_root)
    sqlite, ndb, berkeley = (rpm_root / "var/lib/rpm/rpmdb.sqlite").read_bytes(), ndb_of(headers), berkeley_of(headers, tmp_path)
    broken = {
        "no database": ("Packages", b"not a database at all" * 10), "empty": ("Packages", b""),
        "sqlite cut": ("rpmdb.sqlite", sqlite[:len(sqlite) // 2]), "sqlite header alone": ("rpmdb.sqlite", sqlite[:90]),
        "sqlite of noise": ("rpmdb.sqlite", sqlite[:100] + bytes(range(256)) * 100),
        "ndb cut": ("Packages.db", ndb[:5000]), "ndb pages": ("Packages.db", ndb[:12] + b"\xff\xff\xff\xff" + ndb[16:]),
        "ndb without its header": ("Packages.db", b"RpmP"), "ndb version": ("Packages.db", ndb[:4] + b"\1" + ndb[5:]),
        "berkeley cut": ("Packages", berkeley[:9000]), "berkeley page size": ("Packages", berkeley[:20] + b"\3" + berkeley[21:]),
        "berkeley chains": ("Packages", berkeley[:4096 * 2] + b"\xff" * (len(berkeley) - 4096 * 2)),
    }
    for name, (file, content) in broken.items():
        folder = tmp_path / name
        Layout(folder).add_image("latest", [tar_of({"etc/os-release": images.ALMALINUX, f"var/lib/rpm/{file}": content})])
        report = json.loads(scan("--no-cache", "--format", "json", f"oci:{folder}").stdout)
        assert any("broken-database" in note for note in report["notes"]), name
