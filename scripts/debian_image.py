#!/usr/bin/python3
"""Builds a small real Debian image from the mirror that the machine's apt uses, as an OCI layout with two tags:

  vulnerable  the suite as it was released, without its security suite
  upgraded    the same, and on top a layer that `apt-get upgrade` from the security suite made

usage: scripts/debian_image.py SUITE LAYOUT [--package NAME]... [--no-upgrade]
       scripts/debian_image.py --sources LAYOUT       prints the source packages of the vulnerable image, with commas
       scripts/debian_image.py --mirror               prints the address of the archive
       scripts/debian_image.py --security-mirror      prints the address of the security archive

Needs mmdebstrap and umoci; works as root and, with subordinate ids, as a user."""
import argparse
import json
import os
import re
import shlex
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

DEFAULT_MIRROR = "http://deb.debian.org/debian"
DEFAULT_SECURITY_MIRROR = "http://deb.debian.org/debian-security"


def apt_uris():
    """The archive addresses of apt's sources, in both formats, in order."""
    found = []
    for path in [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*"))]:
        if path.suffix not in (".list", ".sources") or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        if path.suffix == ".list":
            found += re.findall(r"^\s*deb\s+(?:\[[^\]]*\]\s*)?(\S+)", text, re.MULTILINE)
        else:
            for line in re.findall(r"^URIs:\s*(.*)$", text, re.MULTILINE | re.IGNORECASE):
                found += line.split()
    return [uri.rstrip("/") for uri in found if uri.startswith(("http://", "https://"))]


def mirrors():
    """(archive, security archive) as apt's own sources name them."""
    uris = apt_uris()
    archive = [uri for uri in uris if uri.endswith("/debian")]
    security = [uri for uri in uris if uri.endswith("debian-security")]
    return (archive or [DEFAULT_MIRROR])[0], (security or [DEFAULT_SECURITY_MIRROR])[0]


def apt_settings():
    """What the machine's apt was told about downloading (proxies, dates), for the apt of the new root."""
    dump = subprocess.run(["apt-config", "dump", "Acquire"], stdout=subprocess.PIPE, text=True, check=True).stdout
    wanted = re.compile(r"^Acquire::(?:https?::|Check-|Retries)\S* \"[^\"]+\";$")
    return [line for line in dump.split("\n") if wanted.match(line)]


def security_suite(suite):
    return f"{suite}-security"


def build_roots(suite, packages, base_tar, upgraded_tar):
    """One mmdebstrap run: the fresh root goes to base_tar; upgraded in place, to upgraded_tar (None: not done)."""
    archive, security = mirrors()
    settings = "etc/apt/apt.conf.d/99mmdebstrap"  # of this machine, not of the image
    clean = '--customize-hook=rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/*.bin "$1"/var/cache/apt/archives/*.deb'
    # What mmdebstrap puts into the root while it works is left out, and the program it hides is put back.
    left_out = ["./dev/*", "./proc/*", "./sys/*", "./tmp/*", f"./{settings}", "./etc/apt/apt.conf.d/00mmdebstrap",
                "./etc/resolv.conf", "./usr/sbin/policy-rc.d", "./sbin/start-stop-daemon", "./usr/sbin/start-stop-daemon"]
    save = ('--customize-hook=tar -C "$1" --numeric-owner --clamp-mtime --mtime=@1700000000 ' + " ".join(f"--exclude='{path}'" for path in left_out) +
            f" --transform='s,start-stop-daemon[.]REAL$,start-stop-daemon,' -cf {shlex.quote(str(base_tar))} .")
    command = ["mmdebstrap", "--quiet", "--format=tar", "--variant=minbase",
               *([f"--include={','.join(packages)}"] if packages else []),
               "--dpkgopt=path-exclude=/usr/share/man/*", "--dpkgopt=path-exclude=/usr/share/locale/*",
               "--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-include=/usr/share/doc/*/copyright",
               *[f"--aptopt={setting}" for setting in apt_settings()], clean, save]
    if upgraded_tar is not None:
        line = f"deb {security} {security_suite(suite)} main"
        # Inside the root, by its own apt and dpkg.
        inside = '--customize-hook=chroot "$1" env DEBIAN_FRONTEND=noninteractive apt-get -qq'
        command += [f'--customize-hook=echo {shlex.quote(line)} > "$1/etc/apt/sources.list.d/security.list"',
                    f"{inside} update", f"{inside} --yes upgrade", clean,
                    f'--customize-hook=rm -f "$1/{settings}" "$1/etc/resolv.conf"']
    command += [suite, str(upgraded_tar or "/dev/null"), f"deb {archive} {suite} main"]
    result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            errors="replace", env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000"})
    if result.returncode:
        print(result.stdout[-4000:], file=sys.stderr)
        result.check_returncode()


def normal_name(name):
    return name.removeprefix("./").rstrip("/")


def fingerprint(member):
    return (member.type, member.mode, member.uid, member.gid, member.size, int(member.mtime), member.linkname)


def write_difference(base_tar, upgraded_tar, layer_tar):
    """The layer that turns the base into the upgraded root: what changed, and a whiteout for what went."""
    with tarfile.open(base_tar) as base:
        before = {normal_name(member.name): fingerprint(member) for member in base}
    with tarfile.open(upgraded_tar) as upgraded, tarfile.open(layer_tar, "w", format=tarfile.PAX_FORMAT) as layer:
        after = set()
        for member in upgraded:
            name = normal_name(member.name)
            after.add(name)
            if name.split("/")[0] in ("dev", "proc", "sys") or member.isdir() and name in before:
                continue
            # A hard link is kept with its target: the target may be older than this layer.
            if fingerprint(member) != before.get(name) and name:
                layer.addfile(member, upgraded.extractfile(member) if member.isreg() else None)
        gone = sorted(name for name in before if name and name not in after
                      and name.split("/")[0] not in ("dev", "proc", "sys")
                      and name.rpartition("/")[0] in after | {""})
        for name in gone:
            folder, _, last = name.rpartition("/")
            layer.addfile(tarfile.TarInfo(f"{folder}/.wh.{last}" if folder else f".wh.{last}"))


def umoci(*arguments):
    subprocess.run(["umoci", *arguments], check=True, stdout=subprocess.DEVNULL)


def build_layout(suite, layout, packages=(), upgrade=True):
    """Creates the layout; raises CalledProcessError when a tool failed (which then said why)."""
    layout = Path(layout).resolve()
    with tempfile.TemporaryDirectory(prefix="debian-image-") as work:
        # The ids of mmdebstrap's user namespace must be able to write here.
        os.chmod(work, 0o1777)
        base, upgraded = Path(work) / "base.tar", Path(work) / "upgraded.tar"
        build_roots(suite, list(packages), base, upgraded if upgrade else None)
        umoci("init", "--layout", str(layout))
        image = f"{layout}:vulnerable"
        umoci("new", "--image", image)
        umoci("raw", "add-layer", "--image", image, str(base))
        umoci("config", "--image", image, "--config.cmd", "/bin/bash", "--config.env", "PATH=/usr/sbin:/usr/bin:/sbin:/bin")
        if upgrade:
            layer = Path(work) / "layer.tar"
            write_difference(base, upgraded, layer)
            umoci("tag", "--image", image, "upgraded")
            umoci("raw", "add-layer", "--image", f"{layout}:upgraded", str(layer))


def source_packages(layout, tag="vulnerable"):
    """Names of the source packages that the image's first layer has installed."""
    blobs = Path(layout) / "blobs" / "sha256"
    for entry in json.loads((Path(layout) / "index.json").read_text())["manifests"]:
        if entry["annotations"]["org.opencontainers.image.ref.name"] == tag:
            manifest = json.loads((blobs / entry["digest"].partition(":")[2]).read_text())
    names = set()
    with tarfile.open(blobs / manifest["layers"][0]["digest"].partition(":")[2]) as layer:
        for member in layer:
            if normal_name(member.name) == "var/lib/dpkg/status":
                status = layer.extractfile(member).read().decode()
                for package in status.split("\n\n"):
                    found = re.search(r"^Source: (\S+)", package, re.MULTILINE) or \
                        re.search(r"^Package: (\S+)", package, re.MULTILINE)
                    names.update(found.groups() if found else ())
    return sorted(names)


def main():
    if sys.argv[1:2] == ["--sources"]:
        print(",".join(source_packages(sys.argv[2])))
        return 0
    if sys.argv[1:] in (["--mirror"], ["--security-mirror"]):
        print(mirrors()[sys.argv[1] == "--security-mirror"])
        return 0
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suite")
    parser.add_argument("layout")
    parser.add_argument("--package", action="append", default=[])
    parser.add_argument("--no-upgrade", action="store_true")
    options = parser.parse_args()
    try:
        build_layout(options.suite, options.layout, options.package, not options.no_upgrade)
    except subprocess.CalledProcessError as error:
        return f"debian_image.py: {error.cmd[0]} failed with exit code {error.returncode}"
    return 0


if __name__ == "__main__":
    sys.exit(main())
