"""What the package managers themselves see in an unpacked image: dpkg-query and rpm on copies of their databases, made from
inside the root, so that links lead where they lead a process of the image. apk is in no release of Debian: its database is
read by its own rules (apk_reader.py), or by the apk that ASSAY_APK names."""
import functools
import hashlib
import json
import os
import re
import sqlite3
import stat
import subprocess
import tempfile
from pathlib import Path

import apk_reader
import databases

DPKG = "/var/lib/dpkg"
APK = ("/lib/apk/db/installed", "/usr/lib/apk/db/installed")
RPM = ("/var/lib/rpm", "/usr/lib/sysimage/rpm", "/usr/share/rpm")
RPM_FILES = ("rpmdb.sqlite", "Packages.db", "Packages")
OS_RELEASE = ("/etc/os-release", "/usr/lib/os-release")
FILE_BYTES_MAX = 16 << 20


# --- looking into a root ---

def read_here(path):
    """The bytes of a regular file, wherever links lead; None if there is none."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        return None
    with os.fdopen(fd, "rb") as file:
        return file.read(FILE_BYTES_MAX)


def folder_here(path):
    """{name: bytes} of its regular files; None if it is no folder."""
    try:
        names = sorted(os.listdir(path))
    except OSError:
        return None
    found = {name: read_here(f"{path}/{name}") for name in names}
    return {name: data for name, data in found.items() if data is not None}


def rpm_here(folder):
    """The databases in the folder. SQLite looks for its journals beside the file that a link leads to."""
    found = {name: data for name in RPM_FILES if (data := read_here(f"{folder}/{name}")) is not None}
    if "rpmdb.sqlite" in found:
        real = os.path.realpath(f"{folder}/rpmdb.sqlite")
        found.update({f"rpmdb.sqlite{end}": data for end in ("-wal", "-journal") if (data := read_here(real + end)) is not None})
    return found


def look_here():
    return {"dpkg": {"status": read_here(f"{DPKG}/status"), "updates": folder_here(f"{DPKG}/updates"),
                     "status.d": folder_here(f"{DPKG}/status.d")},
            "apk": {place: read_here(place) for place in APK}, "rpm": {place: rpm_here(place) for place in RPM},
            "os": next((data for place in OS_RELEASE if (data := read_here(place)) is not None), None)}


def look_into(root):
    """What stands at the databases' places, seen from inside. A child does it, as chroot is for good."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.close(reader)
            os.chroot(root)
            os.chdir("/")
            with os.fdopen(writer, "wb") as out:
                out.write(repr(look_here()).encode())
            code = 0
        finally:
            os._exit(code)
    os.close(writer)
    with os.fdopen(reader, "rb") as source:
        text = source.read()
    _, status = os.waitpid(child, 0)
    if status:
        raise RuntimeError(f"could not look into {root}")
    return eval(text, {"__builtins__": {}})  # our own child's repr of plain data


# --- asking the programs ---

class Failed(Exception):
    """The program could not read its database, and said why."""


def run(*command):
    result = subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True, errors="surrogateescape", env={**os.environ, "LC_ALL": "C.UTF-8"}, timeout=60)
    return result.returncode, result.stdout, result.stderr.strip()


NOT_INSTALLED = {"not-installed", "config-files", ""}
# Values may hold tabs and line ends.
DPKG_FORMAT = "\x1f".join(["${db:Status-Status}", "${Package}", "${Version}", "${Architecture}", "${source:Package}", "${source:Version}"]) + "\x1e"


@functools.lru_cache(4096)
def dpkg_query(status, updates):
    """The packages of a status file and of the journal beside it; updates: ((name, bytes), ...)."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "updates").mkdir()
        (Path(folder) / "status").write_bytes(status)
        for name, data in updates:
            (Path(folder) / "updates" / name).write_bytes(data)
        code, out, told = run("dpkg-query", f"--admindir={folder}", "-W", "-f", DPKG_FORMAT)
    if code and "no packages found" not in told:
        raise Failed(f"dpkg-query: {told.replace(folder, '')}")
    rows = [line.split("\x1f") for line in out.split("\x1e") if line]
    return frozenset(("deb", name, version, arch or None, source, source_version or version, None, None)
                     for state, name, version, arch, source, source_version in rows if state not in NOT_INSTALLED)


def with_status(text):
    """A stanza of status.d, which distroless images have instead of a status file, as dpkg's own would have it."""
    # dpkg passes over empty lines before a stanza, and over a last byte alone: neither becomes one by what is added.
    stanzas = re.split(rb"\n(?:[ \t]*\n)+", text.lstrip(b"\n"))
    return b"\n\n".join(stanza if re.search(rb"^status[ \t]*:", stanza, re.MULTILINE | re.IGNORECASE) or len(stanza.strip()) < 2
                        else b"Status: install ok installed\n" + stanza for stanza in stanzas)


def dpkg_packages(seen):
    found = set()
    if seen["status"] is not None or seen["updates"]:
        found |= dpkg_query(seen["status"] or b"", tuple(sorted((seen["updates"] or {}).items())))
    for name, data in (seen["status.d"] or {}).items():
        if not name.endswith(".md5sums"):
            found |= dpkg_query(with_status(data), ())
    return found


RPM_FORMAT = r"%{NAME}\t%|EPOCH?{%{EPOCH}}|\t%{VERSION}-%{RELEASE}\t%|ARCH?{%{ARCH}}|\t%|SOURCERPM?{%{SOURCERPM}}|\t" \
             r"%|MODULARITYLABEL?{%{MODULARITYLABEL}}|\t%|VENDOR?{%{VENDOR}}|\n"


def rpm_row(line):
    name, epoch, version, arch, source, module, vendor = line.split("\t")
    version = f"{epoch}:{version}" if epoch not in ("", "0") else version
    from_source = re.fullmatch(r"(.+)-([^-]+-[^-]+)\.(?:no)?src\.rpm", source)
    return ("rpm", name, version, arch or None, *(from_source.groups() if from_source else (name, version)), module or None,
            vendor or None)


@functools.lru_cache(4096)
def rpm_query(backend, files):
    with tempfile.TemporaryDirectory() as folder:
        for name, data in files:
            (Path(folder) / name).write_bytes(data)
        if any(name.endswith("-journal") for name, _ in files):
            # rpm -qa does not roll back; whatever writes next does, so that is what the system has.
            try:
                with sqlite3.connect(Path(folder) / "rpmdb.sqlite") as database:
                    database.execute("SELECT count(*) FROM Packages").fetchall()
            except sqlite3.Error as error:
                raise Failed(f"SQLite: {error}") from error
        code, out, told = run("rpm", "--dbpath", folder, "--define", f"_db_backend {backend}", "-qa", "--qf", RPM_FORMAT)
    if code or "error:" in told:
        raise Failed(f"rpm: {told.replace(folder, '')}")
    return frozenset(rpm_row(line) for line in out.split("\n") if line and not line.startswith("gpg-pubkey\t"))


@functools.lru_cache(None)
def ndb_contents():
    """{digest of a Packages.db: its set}. Debian's rpm is built without ndb: what such a database holds is known from the
    making, as rpm itself lists the same packages in another format."""
    return {hashlib.sha256((databases.folder() / "ndb" / name / "Packages.db").read_bytes()).hexdigest(): name
            for name in databases.RPM_SETS}


def rpm_packages(files):
    """All that any of the databases lists: which of them rpm takes depends on the configuration of the image's."""
    found = set()
    sqlite = {name: data for name, data in files.items() if name.startswith("rpmdb.sqlite")}
    if "rpmdb.sqlite" in sqlite:
        found |= rpm_query("sqlite", tuple(sorted(sqlite.items())))
    if "Packages" in files:
        found |= rpm_query("bdb_ro", (("Packages", files["Packages"]),))
    if "Packages.db" in files:
        name = ndb_contents().get(hashlib.sha256(files["Packages.db"]).hexdigest())
        if name is None:
            raise Failed("rpm: Packages.db is not one that was made")
        same = databases.folder() / "sqlite" / name / "rpmdb.sqlite"
        found |= rpm_query("sqlite", (("rpmdb.sqlite", same.read_bytes()),))
    return found


def apk_row(name, version, arch, origin):
    return ("apk", name, version, arch or None, origin or name, version, None, None)


@functools.lru_cache(4096)
def apk_query(data):
    """(packages, packages that it may list or not)"""
    program = os.environ.get("ASSAY_APK")
    try:
        found, doubtful = (frozenset(apk_row(*row) for row in rows) for rows in apk_reader.read(data))
    except apk_reader.Broken as error:
        raise Failed(f"apk: {error}") from error
    if not program or doubtful:
        return found, doubtful
    with tempfile.TemporaryDirectory() as root:
        for name, content in (("lib/apk/db/installed", data), ("lib/apk/db/triggers", b""), ("etc/apk/world", b"")):
            (Path(root) / name).parent.mkdir(parents=True, exist_ok=True)
            (Path(root) / name).write_bytes(content)
        code, out, told = run(program, "--root", root, "--no-network", "query", "--installed", "--format", "json",
                              "--fields", "name,version,arch,origin", "*")
    if code or "ERROR" in told:
        raise Failed(f"apk: {told.replace(root, '')}")
    return frozenset(apk_row(each["name"], each["version"], each.get("arch"), each.get("origin")) for each in json.loads(out)), frozenset()


@functools.lru_cache(4096)
def release(data):
    """(ID, VERSION_ID) as a shell reads them."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        _, out, _ = run("env", "-i", "sh", "-c", f'. {file.name} 2>/dev/null; printf "%s\\n%s\\n" "$ID" "$VERSION_ID"')
    name, version, *_ = [*out.split("\n"), "", ""]  # what is no os-release ends the shell
    return (name.lower(), version or None) if name else None


class Seen:
    """packages: a set of (type, name, version, architecture, source, source version, module, vendor); doubtful: those that the
    package manager may list or not; failures: what the package managers could not read; os: (id, version) or None."""

    def __init__(self, root):
        found = look_into(root)
        self.packages, self.doubtful, self.failures = set(), set(), []
        self.ask(lambda: self.packages.update(dpkg_packages(found["dpkg"])))
        for files in found["rpm"].values():
            self.ask(lambda files=files: self.packages.update(rpm_packages(files)))
        for data in found["apk"].values():
            if data is not None:
                self.ask(lambda data=data: self.take_apk(*apk_query(data)))
        self.os = release(found["os"]) if found["os"] is not None else None

    def ask(self, question):
        try:
            question()
        except Failed as failure:
            self.failures.append(str(failure))

    def take_apk(self, packages, doubtful):
        self.packages |= packages
        self.doubtful |= doubtful
