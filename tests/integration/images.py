"""Images for tests: real Debian ones from the mirror, and small ones of real package data for other distributions."""
import contextlib
import datetime
import fcntl
import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

from oci_layout import Layout, tar_of

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
import debian_image  # noqa: E402

BUSYBOX = Path("/bin/busybox")


def cache_folder():
    """$ASSAY_TEST_CACHE, or a folder of today below XDG_CACHE_HOME; those of other days are removed."""
    base = Path(os.environ.get("ASSAY_TEST_CACHE") or
                Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "assay-tests")
    today = base / datetime.date.today().isoformat()
    today.mkdir(parents=True, exist_ok=True)
    for old in base.iterdir():
        if old != today and old.is_dir():
            shutil.rmtree(old, ignore_errors=True)
    return today


def cached(name, build):
    """The folder `name` of the cache, made by build(folder) when it is not there yet; safe between processes."""
    cache = cache_folder()
    with open(cache / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder, unfinished = cache / name, cache / f"{name}.new"
        if not folder.is_dir():
            shutil.rmtree(unfinished, ignore_errors=True)
            build(unfinished)
            unfinished.rename(folder)
    return folder


def debian_layout(suite, packages=()):
    """An OCI layout with the tags "vulnerable" (without the security suite) and "upgraded" (apt-get upgrade from it)."""
    script = hashlib.sha256(Path(debian_image.__file__).read_bytes()).hexdigest()[:8]  # another version, another image
    name = "-".join([suite, *packages, script])
    return cached(name, lambda folder: debian_image.build_layout(suite, folder, packages))


def debian_zstd_layout(suite):
    """The vulnerable image with zstd layers, tag "vulnerable"."""
    def build(folder):
        subprocess.run(["skopeo", "copy", "--quiet", "--dest-compress-format", "zstd", "--dest-compress-level", "3",
                        f"oci:{debian_layout(suite)}:vulnerable", f"oci:{folder}:vulnerable"], check=True)
    return cached(f"{debian_layout(suite).name}-zstd", build)


def debian_rootfs(suite, tag="vulnerable"):
    """The image as an unpacked root folder (needs root for its ownership; without, ownership is left out)."""
    def build(folder):
        rootless = [] if os.geteuid() == 0 else ["--rootless"]
        subprocess.run(["umoci", "unpack", *rootless, "--image", f"{debian_layout(suite)}:{tag}", str(folder)],
                       check=True, stdout=subprocess.DEVNULL)
    return cached(f"{debian_layout(suite).name}-{tag}-rootfs", build) / "rootfs"


DPKG_STATUS = """Package: libssl3
Status: install ok installed
Priority: optional
Section: libs
Architecture: amd64
Source: openssl
Version: 3.0.9-1
Description: Secure Sockets Layer toolkit - shared libraries

Package: zlib1g
Status: install ok installed
Priority: required
Section: libs
Architecture: amd64
Source: zlib
Version: 1:1.2.13.dfsg-1
Description: compression library - runtime
"""
DEBIAN_12 = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\n' \
            'VERSION="12 (bookworm)"\nVERSION_CODENAME=bookworm\nID=debian\n'


def tiny_files(extra=b"one"):
    """A system of a shell and two packages of Debian 12; `extra` makes its layer differ from others. The shell has a name by
    which it is not known as a program."""
    return {"bin": ("dir",), "bin/box": BUSYBOX.read_bytes(), "bin/sh": ("link", "box"),
            "etc": ("dir",), "etc/os-release": DEBIAN_12, "etc/extra": extra,
            "var/lib/dpkg": ("dir",), "var/lib/dpkg/status": DPKG_STATUS}


def tiny_layout(folder, tag="latest", compression="gzip", extra=b"one"):
    Layout(folder).add_image(tag, [tiny_files(extra), {"srv/data": b"x" * 300_000 + extra}], compression)
    return Path(folder)


def index_layout(folder, tag="latest"):
    """A multi-architecture image: amd64, arm64 and s390x."""
    layout = Layout(folder)
    members = [(name, layout.add_image(None, [tiny_files(name.encode())], architecture=name))
               for name in ("amd64", "arm64", "s390x")]
    layout.add_index(tag, members)
    return Path(folder)


# Names, versions and origins as Alpine 3.10 shipped them.
APK_INSTALLED = """C:Q1p78yvTLG094tHE1+dToJGbmYzQE=
P:musl
V:1.1.22-r2
A:x86_64
S:365000
I:602112
T:the musl c library (libc) implementation
U:http://www.musl-libc.org/
L:MIT
o:musl
m:Timo Teras <timo.teras@iki.fi>
F:lib
R:libc.musl-x86_64.so.1
R:ld-musl-x86_64.so.1

C:Q1o7zNnOoAZ9hsbmS2H5H7mBSEq4A=
P:libcrypto1.1
V:1.1.1c-r0
A:x86_64
S:1240000
I:2744320
T:Crypto library from openssl
U:https://www.openssl.org
L:OpenSSL
o:openssl
F:lib
R:libcrypto.so.1.1

C:Q1GUTz0hVb0Nr9Kx8qTQzyGYDpuEs=
P:busybox
V:1.30.1-r2
A:x86_64
S:507000
I:962560
T:Size optimized toolbox of many common UNIX utilities
L:GPL-2.0
o:busybox
F:bin
R:busybox
"""
ALPINE = 'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.10.1\nPRETTY_NAME="Alpine Linux v3.10"\n'


def alpine_files():
    return {"etc/os-release": ALPINE, "etc/alpine-release": "3.10.1\n", "lib/apk/db": ("dir",),
            "lib/apk/db/installed": APK_INSTALLED}


def alpine_layout(folder, tag="latest"):
    Layout(folder).add_image(tag, [alpine_files()])
    return Path(folder)


# What Alpine said of some of them, and what is to be found in the image.
ALPINE_SECDB = {"distroversion": "v3.10", "reponame": "main", "packages": [
    {"pkg": {"name": "openssl", "secfixes": {"1.1.1d-r0": ["CVE-2019-1547", "CVE-2019-1563"]}}},
    {"pkg": {"name": "musl", "secfixes": {"1.1.22-r3": ["CVE-2019-14697"], "1.1.22-r2": ["CVE-2019-00001"]}}},
    {"pkg": {"name": "not-installed", "secfixes": {"1-r0": ["CVE-2019-00002"]}}}]}
ALPINE_FOUND = [("CVE-2019-14697", "musl", "1.1.22-r3"), ("CVE-2019-1547", "libcrypto1.1", "1.1.1d-r0"),
                ("CVE-2019-1563", "libcrypto1.1", "1.1.1d-r0")]


# (name, epoch, version, release, source package): real builds of AlmaLinux 9.2.
RPM_PACKAGES = [("openssl-libs", 1, "3.0.7", "6.el9_2", "openssl"), ("zlib", 0, "1.2.11", "39.el9", "zlib"),
                ("libxml2", 0, "2.9.13", "3.el9_1", "libxml2"), ("bash", 0, "5.1.8", "6.el9_1", "bash")]
ALMALINUX = 'NAME="AlmaLinux"\nVERSION="9.2 (Turquoise Kodkod)"\nID="almalinux"\nID_LIKE="rhel centos fedora"\n' \
            'VERSION_ID="9.2"\nPLATFORM_ID="platform:el9"\nPRETTY_NAME="AlmaLinux 9.2 (Turquoise Kodkod)"\n'


ARCH = 'NAME="Arch Linux"\nPRETTY_NAME="Arch Linux"\nID=arch\nBUILD_ID=rolling\n'


def pacman_files(*packages):
    """pacman's database of (name, version, source)."""
    files = {"var/lib/pacman/local": ("dir",), "var/lib/pacman/local/ALPM_DB_VERSION": "9\n"}
    for name, version, source in packages:
        folder = f"var/lib/pacman/local/{name}-{version}"
        files |= {folder: ("dir",), f"{folder}/files": "%FILES%\n\n", f"{folder}/mtree": "#mtree\n",
                  f"{folder}/desc": f"%NAME%\n{name}\n\n%VERSION%\n{version}\n\n%BASE%\n{source}\n\n%DESC%\nof {name}\n\n"
                                    "%ARCH%\nx86_64\n\n%PACKAGER%\nA Builder <a@example.org>\n\n%DEPENDS%\nglibc\nbash\n\n"}
    return files


def rpm_database(folder, packages=RPM_PACKAGES, architecture="x86_64"):
    """Builds the packages (each with one file) with rpmbuild and installs them into an empty root; returns the folder
    of its database, <root>/var/lib/rpm."""
    folder = Path(folder)
    root, top = folder / "root", folder / "build"
    for name, epoch, version, release, source, *module in packages:
        spec = folder / f"{name}.spec"
        spec.parent.mkdir(parents=True, exist_ok=True)
        label = f"ModularityLabel: {module[0]}\n" if module else ""
        main = f"Name: {source}\nEpoch: {epoch}\nVersion: {version}\nRelease: {release}\nSummary: {source}\n{label}" \
               "License: MIT\nVendor: AlmaLinux\n%description\nFor a test.\n"
        owner = "" if name == source else f"-n {name}"
        sub = "" if name == source else f"%package -n {name}\nSummary: {name}\n%description -n {name}\nFor a test.\n"
        spec.write_text(f"{main}{sub}%install\nmkdir -p %{{buildroot}}/usr/share/test\n"
                        f"echo {name} > %{{buildroot}}/usr/share/test/{name}\n%files {owner}\n/usr/share/test/{name}\n")
        subprocess.run(["rpmbuild", "--quiet", "-bb", "--target", architecture, "--define", f"_topdir {top}", "--define",
                        "debug_package %{nil}", str(spec)], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
    (root / "var/lib/rpm").mkdir(parents=True)
    rpms = [str(path) for path in sorted((top / "RPMS").rglob("*.rpm"))]
    subprocess.run(["rpm", "--root", str(root), "--define", "_dbpath /var/lib/rpm", "--define",
                    "_db_backend sqlite", "--install", "--justdb", "--nodeps", "--ignorearch", "--ignoreos",
                    "--nosignature", *rpms], check=True,
                   stderr=subprocess.DEVNULL)
    # As in the images of the distributions: journal in WAL mode, but all of it in the one file.
    with contextlib.closing(sqlite3.connect(root / "var/lib/rpm/rpmdb.sqlite")) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return root / "var/lib/rpm"


def rpm_layout(folder, tag="latest", packages=RPM_PACKAGES, os_release=ALMALINUX, architecture="x86_64"):
    """An AlmaLinux-like image whose package database rpm itself wrote."""
    digest = hashlib.sha256(repr((packages, architecture)).encode()).hexdigest()[:16]
    name = "rpm" if packages is RPM_PACKAGES else f"rpm-{digest}"
    database = cached(name, lambda work: rpm_database(work, packages, architecture)) / "root/var/lib/rpm"
    files = {"etc/os-release": os_release, "var/lib/rpm": ("dir",)}
    for path in sorted(database.iterdir()):
        if path.is_file() and path.name != ".rpm.lock":
            files[f"var/lib/rpm/{path.name}"] = path.read_bytes()
    Layout(folder).add_image(tag, [tar_of(files)])
    return Path(folder)
