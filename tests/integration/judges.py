"""The programs of services, from Debian's packages, unpacked and not installed: judges of how their settings are read."""
import hashlib
import json
import os
import subprocess

import pytest

from images import DEBIAN_12, cached
from oci_layout import Layout

PACKAGES = {"openssh-server": "usr/sbin/sshd", "sudo": "usr/bin/cvtsudoers", "apache2-bin": "usr/sbin/apache2",
            "mariadb-server-core": "usr/sbin/mariadbd", "nginx": "usr/sbin/nginx", "redis-server": "usr/bin/redis-server", "redis-tools": None,
            "mariadb-client-core": None, "liburing2": None, "libaio1": None, "libnss-wrapper": None, "libjemalloc2": None, "liblua5.1-0": None, "liblzf1": None,
            "lua-cjson": None, "lua-bitop": None, "libatomic1": None}


def unpack(folder):
    (folder / "debs").mkdir(parents=True)
    for name in PACKAGES:
        # As any user, and without those that this Debian does not have.
        subprocess.run(["apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", name], cwd=folder / "debs",
                       stderr=subprocess.DEVNULL, check=False)
    for deb in (folder / "debs").glob("*.deb"):
        subprocess.run(["dpkg-deb", "--extract", deb, folder / "root"], check=True)


def judge_in(folder):
    """judge(package, *arguments, program=PATH, text=INPUT): what its program prints; skips where it does not run here."""
    root = cached(f"judges-{hashlib.sha256(repr(PACKAGES).encode()).hexdigest()[:8]}", unpack) / "root"
    accounts = folder / "passwd"
    accounts.write_text("root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\nsshd:x:100:65534::/run/sshd:/usr/sbin/nologin\n")
    group = accounts.with_name("group")
    group.write_text("root:x:0:\nnogroup:x:65534:\n")
    libraries = [root / "usr/lib/x86_64-linux-gnu", root / "usr/libexec/sudo", root / "lib/x86_64-linux-gnu"]

    def run(package, *arguments, program=None, text=""):
        program = root / (program or PACKAGES[package])
        if not program.is_file() or os.geteuid() != 0:
            pytest.skip(f"{package}: its program is not to be had, or not to be run as this user")
        done = subprocess.run([program, *map(str, arguments)], input=text, capture_output=True, text=True, timeout=60, check=False,
                              env={**os.environ, "LD_LIBRARY_PATH": ":".join(map(str, libraries)),
                                   "LD_PRELOAD": "libnss_wrapper.so", "NSS_WRAPPER_PASSWD": str(accounts), "NSS_WRAPPER_GROUP": str(group)})
        if "error while loading shared libraries" in done.stderr:
            pytest.skip(f"{package}: {done.stderr}")
        return done.stdout + done.stderr
    run.root = root
    return run


def findings(scan, folder, files, package):
    """{(rule, evidence)} of an image of these files, where the package is installed."""
    status = f"Package: {package}\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n"
    Layout(folder / "image").add_image("a", [{"etc/os-release": DEBIAN_12, "var/lib/dpkg/status": status, **files}])
    found = json.loads(scan("--format", "json", "--no-cache", f"oci:{folder}/image:a").stdout)["findings"]
    return {(one["id"], one["evidence"]) for one in found if one["kind"] == "baseline"}


def here(folder, files):
    """Writes them below `folder`; paths in them that are absolute lead there."""
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content.replace(" /etc/", f" {folder}/etc/"))
        (folder / path).chmod(0o600)
