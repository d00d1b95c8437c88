#!/usr/bin/python3
"""Builds an image with the weaknesses that people build into images, and a hardened twin, from Debian's packages and without
an engine, as an OCI layout with two tags:

  weak      tools left in, Apache on all addresses, sshd that lets root in by the password root, the suite's first OpenSSL,
            MariaDB open to all with an account for any host, ports 22, 80 and 3306
  hardened  the same servers as they should be set

usage: scripts/weak_image.py SUITE LAYOUT

Of each package the image has its entry in dpkg's database, its settings and its programs, and no more: nothing is installed or
run, so it is small and quick to make. What the packages' own scripts would do at installation is done here (LINKS, COPIES).
Needs apt and dpkg; works as any user."""
import gzip
import hashlib
import io
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import debian_image

TOOLS = ("curl", "wget", "netcat-openbsd", "unzip", "git")
BASE, APACHE, SSH = ("base-files", "base-passwd"), ("apache2", "apache2-bin"), ("openssh-server",)
OPENSSL = ("openssl", "libssl1.1", "libssl3")  # the library that the suite has
MARIADB = ("mariadb-server", "mariadb-server-10.5", "mariadb-common", "mysql-common")
PACKAGES = (*BASE, *TOOLS, *APACHE, *SSH, *OPENSSL, *MARIADB)
KEPT = re.compile(r"etc/.*|usr/lib/os-release|usr/share/base-passwd/.*\.master|usr/share/openssh/sshd_config|usr/s?bin/("
                  r"sshd|apache2|curl|wget|nc\.openbsd|unzip|git|openssl)|usr/lib/[^/]*/lib(ssl|crypto)\.so\..*")
COPIES = {"usr/share/openssh/sshd_config": "etc/ssh/sshd_config", "usr/share/base-passwd/passwd.master": "etc/passwd",
          "usr/share/base-passwd/group.master": "etc/group"}
LINKS = {"etc/mysql/my.cnf": "/etc/alternatives/my.cnf", "etc/alternatives/my.cnf": "/etc/mysql/mariadb.cnf",
         **{f"etc/apache2/{kind}-enabled/{name}": f"../{kind}-available/{name}" for kind, name in [
             ("conf", "charset.conf"), ("conf", "security.conf"), ("sites", "000-default.conf"), ("mods", "autoindex.conf"),
             ("mods", "autoindex.load"), ("mods", "dir.load"), ("mods", "mpm_event.load")]}}
SSHD, PORTS, SITES = "etc/ssh/sshd_config", "etc/apache2/ports.conf", "etc/apache2/apache2.conf"
SECURITY, SERVER, GRANTS = "etc/apache2/conf-available/security.conf", "etc/mysql/mariadb.conf.d/50-server.cnf", "etc/mysql/init.sql"
# crypt("root"), as chpasswd makes it on Debian.
ROOT_ROOT = "$y$j9T$abcdefghijklmnop$QzY3lMEiU4Tqswuvs54VCA9.r9a3315dMJMfRmiCxUD"
# Nothing is run here, so the server takes the account at its start.
ACCOUNT = "CREATE DATABASE IF NOT EXISTS testdb;\nGRANT ALL PRIVILEGES ON testdb.* TO 'testuser'@'%' IDENTIFIED BY 'testpassword';\n"
TIME = 1700000000


def run(*command, **options):
    return subprocess.run([str(part) for part in command], check=True, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, **options).stdout


def download(suite, folder):
    """The packages of the suite as it was released, as {name: path of the .deb}."""
    archive, _ = debian_image.mirrors()
    for name in ("state/lists/partial", "cache/archives/partial", "debs"):
        (folder / name).mkdir(parents=True)
    (folder / "status").touch()
    (folder / "sources.list").write_text(f"deb {archive} {suite} main\n")
    (folder / "apt.conf").write_text("\n".join(debian_image.apt_settings()) + "\n")
    options = [f"-o{key}={value}" for key, value in {
        "Dir::Etc::sourcelist": folder / "sources.list", "Dir::Etc::sourceparts": "-", "Dir::State": folder / "state",
        "Dir::State::status": folder / "status", "Dir::Cache": folder / "cache", "Acquire::Languages": "none",
        "Debug::NoLocking": "true", "APT::Sandbox::User": "root"}.items()]
    run("apt-get", "-qq", *options, f"--config-file={folder / 'apt.conf'}", "update")
    known = run("apt-cache", *options, "pkgnames", text=True).split()
    run("apt-get", "-qq", *options, f"--config-file={folder / 'apt.conf'}", "download", *[name for name in PACKAGES if name in known],
        cwd=folder / "debs")
    return {path.name.partition("_")[0]: path for path in (folder / "debs").glob("*.deb")}


def unpack(debs):
    """{name: (stanza of dpkg's database, {path: bytes or link})}"""
    found = {}
    for name, deb in debs.items():
        fields = run("dpkg-deb", "--field", deb, text=True)
        stanza = re.sub(r"^(Package: .*\n)", r"\1Status: install ok installed\n", fields, count=1)
        files = {}
        with tarfile.open(fileobj=io.BytesIO(run("dpkg-deb", "--fsys-tarfile", deb))) as tar:
            for member in tar:
                path = member.name.removeprefix("./")
                if KEPT.fullmatch(path) and (member.isreg() or member.issym()):
                    files[path] = ("link", member.linkname) if member.issym() else tar.extractfile(member).read()
        found[name] = (stanza, files)
    return found


def installed(packages, names):
    """The files of the packages of these names, as they are after their installation."""
    files = {path: content for name in names if name in packages for path, content in packages[name][1].items()}
    files.update({to: files.pop(path) for path, to in COPIES.items() if path in files})
    for path, target in LINKS.items():
        named = target.lstrip("/") if target.startswith("/") else f"etc/apache2/{target[3:]}"
        if named in files or named == "etc/alternatives/my.cnf" and "etc/mysql/mariadb.cnf" in files:
            files[path] = ("link", target)
    if "etc/passwd" in files:
        files["etc/shadow"] = b"".join(line.partition(b":")[0] + b":*:19000:0:99999:7:::\n" for line in files["etc/passwd"].splitlines())
    return files


def change(files, path, pattern, text):
    """As sed -E would: `pattern` must be there."""
    files[path], count = re.subn(pattern.encode(), text.encode(), files[path], flags=re.MULTILINE)
    assert count, f"{path} has no {pattern}"


def append(files, path, *lines):
    files[path] += "".join(f"{line}\n" for line in lines).encode()


def weak_steps(packages):
    """[(what a Dockerfile would say, names of packages, files)]"""
    base, tools, apache, ssh, openssl, mariadb = (installed(packages, names) for names in (BASE, TOOLS, APACHE, SSH, OPENSSL, MARIADB))
    change(apache, PORTS, r"^Listen 80$", "Listen 0.0.0.0:80")
    change(ssh, SSHD, r"^#?PermitRootLogin .*", "PermitRootLogin yes")
    ssh["etc/shadow"] = base["etc/shadow"].replace(b"root:*:", f"root:{ROOT_ROOT}:".encode())
    change(mariadb, SERVER, r"127\.0\.0\.1", "0.0.0.0")
    append(mariadb, SERVER, "[mysqld]", "skip-name-resolve", 'init_connect="SET NAMES utf8"', "character-set-server=utf8",
           "collation-server=utf8_general_ci", f"init_file=/{GRANTS}")
    mariadb[GRANTS] = ACCOUNT.encode()
    install = "RUN apt-get update && apt-get install -y "
    return [("FROM debian", BASE, base), (install + " ".join(TOOLS), TOOLS, tools),
            (install + "apache2 && sed -i 's/Listen 80/Listen 0.0.0.0:80/g' /etc/apache2/ports.conf", APACHE, apache),
            (install + "openssh-server && sed -i 's/^#*PermitRootLogin.*/PermitRootLogin yes/' /etc/ssh/sshd_config && "
             "echo 'root:root' | chpasswd", SSH, ssh),
            (install + "openssl", OPENSSL, openssl),
            (install + f"mariadb-server && sed -i 's/127.0.0.1/0.0.0.0/g' /{SERVER}", MARIADB, mariadb)]


def hardened_steps(packages):
    names = (*BASE, *APACHE, *SSH, *OPENSSL, *MARIADB)
    files = installed(packages, names)
    change(files, PORTS, r"^Listen 80$", "Listen 127.0.0.1:8080")
    change(files, SITES, r"Options Indexes FollowSymLinks", "Options -Indexes +FollowSymLinks")
    change(files, SECURITY, r"^ServerTokens .*", "ServerTokens Prod")
    change(files, SSHD, r"^#?PermitRootLogin .*", "PermitRootLogin no")
    return [("COPY / /", names, files)]


def layer_of(files):
    """A tar of the files, with the modes that they should have, and of the folders above them."""
    buffer = io.BytesIO()
    folders = {str(parent) for path in files for parent in Path(path).parents if str(parent) != "."}
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in sorted({*folders, *files}):
            content = files.get(path)
            member = tarfile.TarInfo(path)
            member.mtime, member.mode = TIME, 0o755
            if content is None:
                member.type = tarfile.DIRTYPE
            elif isinstance(content, tuple):
                member.type, member.linkname, member.mode = tarfile.SYMTYPE, content[1], 0o777
            else:
                member.size, member.mode = len(content), 0o640 if path == "etc/shadow" else 0o755 if "bin/" in path else 0o644
            tar.addfile(member, io.BytesIO(content) if isinstance(content, bytes) else None)
    return buffer.getvalue()


class Writer:
    """Writes images into an OCI layout."""

    def __init__(self, folder):
        self.folder, self.tags = Path(folder), []
        (self.folder / "blobs/sha256").mkdir(parents=True)
        (self.folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')

    def blob(self, data, kind):
        digest = hashlib.sha256(data).hexdigest()
        (self.folder / "blobs/sha256" / digest).write_bytes(data)
        return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": f"sha256:{digest}", "size": len(data)}

    def image(self, tag, packages, steps, config):
        status, tars = "", []
        for _, names, files in steps:
            status += "".join(f"{packages[name][0].rstrip()}\n\n" for name in names if name in packages)
            tars.append(layer_of({**files, "var/lib/dpkg/status": status.encode()}))
        history = [{"created": "2023-11-14T22:13:20Z", "created_by": said} for said, *_ in steps]
        document = {"architecture": run("dpkg", "--print-architecture", text=True).strip(), "os": "linux", "config": config,
                    "created": "2023-11-14T22:13:20Z", "history": history, "rootfs": {
                        "type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(tar).hexdigest()}" for tar in tars]}}
        manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                    "config": self.blob(json.dumps(document).encode(), "config.v1+json"),
                    "layers": [self.blob(gzip.compress(tar, 6, mtime=0), "layer.v1.tar+gzip") for tar in tars]}
        entry = self.blob(json.dumps(manifest).encode(), "manifest.v1+json")
        self.tags.append({**entry, "annotations": {"org.opencontainers.image.ref.name": tag}})
        (self.folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": self.tags}))


def build(suite, layout):
    with tempfile.TemporaryDirectory(prefix="weak-image-") as work:
        packages = unpack(download(suite, Path(work)))
    writer = Writer(layout)
    writer.image("weak", packages, weak_steps(packages), {
        "Cmd": ["/bin/bash"], "ExposedPorts": {"80/tcp": {}, "22/tcp": {}, "3306/tcp": {}}})
    writer.image("hardened", packages, hardened_steps(packages), {
        "Cmd": ["/usr/sbin/apache2", "-DFOREGROUND"], "User": "33:33", "ExposedPorts": {"8080/tcp": {}},
        "Labels": {"org.opencontainers.image.vendor": "example"},
        "Healthcheck": {"Test": ["CMD", "/usr/bin/openssl", "s_client", "-connect", "127.0.0.1:8080"]}})


def main():
    if len(sys.argv) != 3:
        return __doc__
    try:
        build(sys.argv[1], sys.argv[2])
    except subprocess.CalledProcessError as error:
        return f"weak_image.py: {error.cmd[0]} failed with exit code {error.returncode}"
    return 0


if __name__ == "__main__":
    sys.exit(main())
