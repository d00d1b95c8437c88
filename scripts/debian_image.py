#!/usr/bin/python3
"""Builds a small real Debian image from the mirror that the machine's apt uses, as an OCI layout with two tags:

  vulnerable  the suite as it was released, without its security suite
  upgraded    the same, and on top a layer that `apt-get upgrade` from the security suite made

usage: scripts/debian_image.py SUITE LAYOUT [--package NAME]... [--no-upgrade]
       scripts/debian_image.py --verify LAYOUT        unpacks both images and asks dpkg whether each file is its package's
       scripts/debian_image.py --sources LAYOUT       prints the source packages of the vulnerable image, with commas
       scripts/debian_image.py --mirror               prints the address of the archive
       scripts/debian_image.py --security-mirror      prints the address of the security archive

Needs mmdebstrap and umoci; works as root and, with subordinate ids, as a user."""
import argparse
import hashlib
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
# Folders whose files dpkg leaves out of the image, except EXCEPT.
EXCLUDED, EXCEPT = ("/usr/share/man", "/usr/share/locale", "/usr/share/doc"), "/usr/share/doc/*/copyright"
TAGS = ("vulnerable", "upgraded")


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
    clean = '--customize-hook=find "$1"/var/lib/apt/lists "$1"/var/cache/apt -type f -delete'
    # What mmdebstrap puts into the root while it works is left out. It would also hide start-stop-daemon, and at the end
    # put the old one back over an upgraded one; policy-rc.d is enough to start no service.
    left_out = ["./dev/*", "./proc/*", "./sys/*", "./tmp/*", f"./{settings}", "./etc/apt/apt.conf.d/00mmdebstrap",
                "./etc/resolv.conf", "./usr/sbin/policy-rc.d"]
    save = ('--customize-hook=tar -C "$1" --numeric-owner --clamp-mtime --mtime=@1700000000 ' +
            " ".join(f"--exclude='{path}'" for path in left_out) + f" -cf {shlex.quote(str(base_tar))} .")
    command = ["mmdebstrap", "--quiet", "--format=tar", "--variant=minbase", "--skip=chroot/start-stop-daemon",
               *([f"--include={','.join(packages)}"] if packages else []),
               *[f"--dpkgopt=path-exclude={folder}/*" for folder in EXCLUDED], f"--dpkgopt=path-include={EXCEPT}",
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


def fingerprint(archive, member):
    """What a layer must carry again when it differs. Sizes and times tell nothing of content: updates often keep the size,
    and the times are clamped. A hard link counts as the file that it leads to, as its target may change below it."""
    owner = (member.mode, member.uid, member.gid)
    if member.isreg() or member.islnk():
        return ("file", *owner, hashlib.file_digest(archive.extractfile(member), "sha256").digest())
    return (member.type, *owner, member.linkname, member.devmajor, member.devminor)


def write_difference(base_tar, upgraded_tar, layer_tar):
    """The layer that turns the base into the upgraded root: what changed, and a whiteout for what went."""
    with tarfile.open(base_tar) as base:
        before = {normal_name(member.name): fingerprint(base, member) for member in base}
    with tarfile.open(upgraded_tar) as upgraded, tarfile.open(layer_tar, "w", format=tarfile.PAX_FORMAT) as layer:
        after, written = set(), set()
        for member in upgraded:
            name = normal_name(member.name)
            after.add(name)
            if name.split("/")[0] in ("", "dev", "proc", "sys") or fingerprint(upgraded, member) == before.get(name):
                continue
            content = upgraded.extractfile(member) if member.isreg() else None
            if member.islnk() and normal_name(member.linkname) not in written:
                # The target is in the layer below, where not every unpacker can link to it: a file of its own.
                target = content = upgraded.extractfile(member)
                member.type, member.linkname, member.size = tarfile.REGTYPE, "", target.seek(0, os.SEEK_END)
                target.seek(0)
            layer.addfile(member, content)
            written.add(name)
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


def wrong_files(root):
    """The lines of `dpkg --verify` on files that are not as their packages have them. What the image leaves out on
    purpose is missing from every root that mmdebstrap makes, the freshly made one too, and is not listed."""
    lines = subprocess.run(["dpkg", f"--root={root}", "--verify"], stdout=subprocess.PIPE, text=True, errors="replace",
                           env={**os.environ, "LC_ALL": "C.UTF-8"}, check=False)
    if lines.returncode not in (0, 1):  # 1: something differs
        lines.check_returncode()
    left_out = re.compile(rf"missing +(?:c )?(?:{'|'.join(map(re.escape, EXCLUDED))})/.*")
    kept = re.compile(".*" + re.escape(EXCEPT).replace(r"\*", "[^/]+"))
    return [line for line in lines.stdout.splitlines() if not left_out.fullmatch(line) or kept.fullmatch(line)]


def unpacked_tags(layout, work):
    """{tag: root folder} of the layout's images, unpacked by umoci below `work`."""
    tags = [entry["annotations"]["org.opencontainers.image.ref.name"]
            for entry in json.loads((Path(layout) / "index.json").read_text())["manifests"]]
    roots = {}
    for tag in (tag for tag in TAGS if tag in tags):
        umoci("unpack", *([] if os.geteuid() == 0 else ["--rootless"]), "--image", f"{layout}:{tag}", f"{work}/{tag}")
        roots[tag] = Path(work) / tag / "rootfs"
    return roots


def verify(layout):
    """Prints what dpkg says of each image as it is unpacked; how many files are wrong."""
    with tempfile.TemporaryDirectory(prefix="debian-image-") as work:
        count = 0
        for tag, root in unpacked_tags(layout, work).items():
            wrong = wrong_files(root)
            told = f"files that are not as their packages have them: {len(wrong)}" if wrong else "each file is as its package has it"
            print(f"{tag}: {told} (dpkg --verify)")
            print("".join(f"  {line}\n" for line in wrong), end="")
            count += len(wrong)
    return count


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
    if sys.argv[1:2] == ["--verify"]:
        return 1 if verify(sys.argv[2]) else 0
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
